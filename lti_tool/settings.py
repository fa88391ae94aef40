"""Every setting of Leerkring, typed and checked before anything starts.

Read from `LEERKRING_*` environment variables, from `LEERKRING_*_FILE` for secrets kept in files, and from an
optional TOML file named by `LEERKRING_CONFIG`. The environment wins over a `_FILE`, a `_FILE` over the TOML file.
"""

from __future__ import annotations

import base64
import binascii
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

PREFIX = "LEERKRING_"
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class SettingsError(Exception):
    """A setting is missing or wrong. The message is a sentence for the person who starts the product."""


def _base_url(value: object) -> str:
    url = str(value or "").strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be the full address of this tool, for example https://leerkring.hospital.example")
    if parts.path or parts.query or parts.fragment:
        raise ValueError("must be a host without a path, for example https://leerkring.hospital.example")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise ValueError("must begin with https:// (http is accepted on this machine itself only)")
    return url


def _encryption_key(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    text = str(value).strip()
    try:
        padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        key = base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise ValueError("must be 32 bytes in base64; make one with: openssl rand -base64 32")
    return key


def _secret_key(value: object) -> str:
    text = str(value)
    if len(text) < 32:
        raise ValueError("must be 32 characters or more; make one with: openssl rand -base64 48")
    return text


class Settings(BaseModel):
    """The settings of one running product. Values are valid by construction."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: Annotated[str, BeforeValidator(_base_url)]
    """Where people reach the tool, without a trailing slash."""
    secret_key: Annotated[str, BeforeValidator(_secret_key)] = Field(repr=False)
    """Signs forms and hashes tokens."""
    encryption_key: Annotated[bytes, BeforeValidator(_encryption_key)] = Field(repr=False)
    """Encrypts tool keys and the secrets of connectors at rest."""
    data_dir: Path = Path("data")
    database_url: str = Field(default="", repr=False)
    """SQLAlchemy address; empty means SQLite in `data_dir`."""
    redis_url: str = Field(default="", repr=False)
    smtp_url: str = Field(default="", repr=False)
    mail_from: str = ""
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    """How many proxies in front of the tool set X-Forwarded-* headers."""
    allow_private_addresses: bool = False
    """Lets admins register an LMS on the hospital's own network."""

    @model_validator(mode="before")
    @classmethod
    def _empty_means_absent(cls, values: Any) -> Any:
        return {name: value for name, value in values.items() if value != ""}

    @property
    def database_address(self) -> str:
        """The address of the database, with the embedded default filled in."""
        if self.database_url:
            return self.database_url
        return f"sqlite:///{(self.data_dir / 'leerkring.db').absolute()}"

    @property
    def loopback(self) -> bool:
        """True when the tool is reached on this machine itself (practice and tests)."""
        return urlsplit(self.base_url).hostname in LOOPBACK_HOSTS


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises `SettingsError` with one sentence per setting that is missing or wrong."""
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    if config := environ.get(PREFIX + "CONFIG"):
        values |= _from_toml(Path(config))
    for name in Settings.model_fields:
        variable = PREFIX + name.upper()
        if path := environ.get(variable + "_FILE"):
            values[name] = _from_file(variable, Path(path))
        if variable in environ:
            values[name] = environ[variable]
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(problem) for problem in error.errors())) from None


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{PREFIX}CONFIG names a file that can't be read: {error.strerror}.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{PREFIX}CONFIG names a file that is not TOML: {error}.") from None


def _from_file(variable: str, path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{variable}_FILE names a file that can't be read: {error.strerror}.") from None


def _sentence(problem: Any) -> str:
    name = str(problem["loc"][0]) if problem["loc"] else ""
    variable = PREFIX + name.upper()
    if problem["type"] == "missing":
        return f"{variable} is missing: set it before you start. {_HINTS.get(name, '')}".rstrip()
    if problem["type"] == "extra_forbidden":
        return f"{name} in the configuration file is not a setting of Leerkring; remove it."
    reason = str(problem["msg"]).removeprefix("Value error, ")
    return f"{variable} {reason}." if problem["type"] == "value_error" else f"{variable} is wrong: {reason}."


_HINTS = {
    "base_url": "It is the full address of this tool, for example https://leerkring.hospital.example.",
    "secret_key": "Make one with: openssl rand -base64 48",
    "encryption_key": "Make one with: openssl rand -base64 32",
}
