"""A ward with a space in which some colleagues talk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from lti_tool.conversations import operations
from lti_tool.conversations.forms import NewConversation, NewPost
from lti_tool.spaces import access
from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.policy import Level
from tests.world import Somebody, World


@dataclass
class Ward:
    """A space with its trekker, a member and a colleague; who writes by name of the form, or directly."""

    world: World
    slug: str
    house: Any
    noor: Somebody
    """The trekker."""
    fatma: Somebody
    """A member."""
    colleague: Somebody
    """Not a member."""

    @property
    def list(self) -> str:
        return f"/s/{self.slug}/t"

    def address(self, number: int = 1) -> str:
        return f"/s/{self.slug}/t/{number}"

    def here(self, db: Any, who: Somebody) -> SpaceHere:
        found = access.find(db, who.viewer, self.slug, now=self.world.clock())
        assert found is not None
        return found

    def start(
        self,
        who: Somebody,
        title: str = "Wie meet ook ’s nachts?",
        text: str = "Bij ons lukt het.",
        kind: str = "question",
    ) -> int:
        new = NewConversation(kind=kind, title=title, text=text)  # type: ignore[arg-type]
        with self.world.database.writing() as db:
            return operations.start(db, who.viewer, self.here(db, who), new, now=self.world.clock())

    def reply(self, who: Somebody, number: int = 1, text: str = "Bij ons ook.", to: int | None = None) -> int:
        new = NewPost(text=text, reply_to=to)
        with self.world.database.writing() as db:
            return operations.reply(db, who.viewer, self.here(db, who), number, new, now=self.world.clock())

    def read(self, who: Somebody, address: str) -> str:
        answer = who.get(address)
        assert answer.status_code == 200, answer.status_code
        return str(answer.get_data(as_text=True))

    def post(self, who: Somebody, address: str, *, page: str | None = None, **fields: Any) -> Any:
        return who.post(address, page=page or self.list, **fields)


def numbers(html: str) -> list[int]:
    """The numbers of the posts on a page, in the order of display."""
    return [int(number) for number in re.findall(r'<article class="post[^>]* data-post="(\d+)"', html)]


def new_numbers(html: str) -> list[int]:
    """The numbers of the posts that a page calls new."""
    return [int(number) for number in re.findall(r'<article class="post[^"]* new" id="p(\d+)"', html)]


@pytest.fixture
def ward(world: World, clock: Any) -> Ward:
    house = world.organisation()
    noor = world.somebody(house, "Noor de Wit")
    space = world.space(noor, level=Level.OPEN)
    fatma = world.somebody(house)
    world.member(space, fatma)
    made = Ward(world, space.slug, house, noor, fatma, world.somebody(house, "Piet Jansen"))
    clock.forward(minutes=1)
    return made
