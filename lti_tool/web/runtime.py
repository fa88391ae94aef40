"""What one running product consists of: its settings, its database, its clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flask import current_app

from lti_tool.db import Database
from lti_tool.db.encryption import Cipher
from lti_tool.settings import Settings

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Runtime:
    """Handed to the app once, so that tests can hand in another database or clock."""

    settings: Settings
    database: Database
    clock: Clock = system_clock
    cipher: Cipher = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cipher", Cipher(self.settings.encryption_key))


def runtime() -> Runtime:
    """The runtime of the app that serves this request."""
    found: Runtime = current_app.extensions["leerkring"]
    return found
