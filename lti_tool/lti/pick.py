"""Deep linking: a teacher picks what a new link leads to, and the LMS gets a signed answer.

It works in a frame without any cookie: the form carries a token that we signed, and what was asked is a row that the
answer uses up. https://www.imsglobal.org/spec/lti-dl/v2p0
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pylti1p3.deep_link import DeepLink
from pylti1p3.deep_link_resource import DeepLinkResource
from sqlalchemy import RowMapping, delete, select

from lti_tool.db import Session, insert, random_id
from lti_tool.db.encryption import Cipher
from lti_tool.lms.tokens import ServicePlatform, ToolRegistration
from lti_tool.lti import offer
from lti_tool.lti.login import launch_url
from lti_tool.lti.models import Picking
from lti_tool.lti.operations import Launch, person_of
from lti_tool.lti.refusals import LaunchRefused, SwitchedOff
from lti_tool.organisations import keys
from lti_tool.organisations.models import Deployment, Platform
from lti_tool.people import viewer as viewers
from lti_tool.people.viewer import Viewer
from lti_tool.spaces.links import Course
from lti_tool.web.language import lazy

LIFE = timedelta(hours=1)
ANSWER_LIFE = 300
"""Seconds that an answer is good for: the browser brings it at once."""
_COLUMN = {"table": "picking", "column": "answer_to"}


class NotTeaching(LaunchRefused):
    """Somebody wants to make a link in a course where they don't teach."""

    def __init__(self, cause: str) -> None:
        super().__init__("L08", cause)
        self.title = lazy("Een link maken doet de docent")
        self.sentence = lazy("Je leeromgeving zegt dat je hier geen les geeft. Vraag de docent van deze cursus.")


class PickOver(LaunchRefused):
    """The answer was given before, an hour went by, or the token is nobody's."""

    template = "lti/pick_over.html"

    def __init__(self, cause: str) -> None:
        super().__init__("L02", cause)
        self.title = lazy("Open dit opnieuw vanuit je cursus")
        self.sentence = lazy("Deze keuze is al verstuurd, of ze stond langer dan een uur open.")


@dataclass(frozen=True)
class Picker:
    """A picking that goes on."""

    id: uuid.UUID
    viewer: Viewer
    course: Course
    course_title: str
    product: str
    multiple: bool
    window: bool
    frame_hosts: str
    language: str


@dataclass(frozen=True)
class Item:
    """One link of an answer."""

    title: str
    text: str
    custom: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What the browser brings back to the LMS."""

    return_url: str
    token: str


@dataclass(frozen=True)
class Begun:
    """A picking began: the token for its forms, and what was typed for the new link already."""

    token: str
    title: str


def check(launch: Launch) -> None:
    """Only who teaches there, or an admin of the LMS whom it lets pick. Raises `LaunchRefused`."""
    if not (launch.claims.teaches or launch.role == "admin"):
        refused = NotTeaching("does not teach in this course")
        place = {"lms": launch.known.platform.name, "deployment": launch.claims.deployment_id}
        raise refused.about(**place, platform_id=launch.known.platform.id)


def begin(db: Session, launch: Launch, *, cipher: Cipher, secret: str, now: datetime) -> Begun:
    """Begin a picking."""
    said, asked = launch.claims, launch.claims.deep_linking
    if asked is None:
        raise ValueError("nobody picks in this launch")
    picking = random_id()
    answer_to = json.dumps({"url": asked.return_url, "data": asked.data}).encode()
    row = {
        "id": picking,
        "person_id": person_of(db, launch, now=now),
        "platform_id": launch.known.platform.id,
        "deployment_id": said.deployment_id,
        "context_id": said.context_id,
        "context_title": said.context_title,
        "answer_to": cipher.encrypt(answer_to, row=picking, **_COLUMN),
        "product": said.product[:100],
        "multiple": asked.multiple,
        # Moodle takes no such hint (mod/lti/locallib.php, content_item_to_form).
        "window": "window" in asked.targets and said.product != "moodle",
        "frame_hosts": said.frame_hosts[:1000],
        "language": said.language,
        "expires_at": now + LIFE,
    }
    db.execute(insert(db, Picking).values(**row))
    # Moodle 4.5 names the tool itself when the teacher typed no name yet; nobody's space is called that.
    ours = asked.title.casefold().startswith(offer.TITLE.casefold())
    return Begun(token_of(picking, secret), "" if ours else asked.title)


def look(db: Session, token: str, *, secret: str, now: datetime) -> Picker:
    """The picking of a token. Raises `PickOver`."""
    picking = _id_of(token, secret)
    query = select(*Picking.__table__.columns).where(Picking.id == picking, Picking.expires_at > now)
    row = db.execute(query).mappings().first()
    if row is None:
        raise PickOver("no such picking: answered or old")
    return _picker(db, row, now)


def take(db: Session, token: str, *, secret: str, now: datetime) -> tuple[Picker, RowMapping]:
    """Use a picking up: of two answers, one is given. Raises `PickOver`."""
    picking = _id_of(token, secret)
    used = delete(Picking).where(Picking.id == picking, Picking.expires_at > now)
    row = db.execute(used.returning(*Picking.__table__.columns)).mappings().first()
    if row is None:
        raise PickOver("no such picking: answered or old")
    return _picker(db, row, now), row


def answer(
    db: Session,
    row: RowMapping,
    items: Sequence[Item],
    *,
    own_tab: bool,
    cipher: Cipher,
    base_url: str,
    now: datetime,
) -> Answer:
    """The signed answer to a picking that was used up. No items: nothing was picked."""
    asked = json.loads(cipher.decrypt(row["answer_to"], row=row["id"], **_COLUMN))
    columns = (Platform.id, Platform.issuer, Platform.client_id, Platform.token_url, Platform.product)
    platform = ServicePlatform(*db.execute(select(*columns).where(Platform.id == row["platform_id"])).one())
    keys.ensure_key(db, cipher, now=now)
    key = keys.signing_key(db, cipher, now=now)
    if key is None:
        raise LookupError("no key to sign with")
    # Moodle would look for a tool with the domain of a `url`, and may find another one (locallib.php:1458).
    url = "" if row["product"] == "moodle" else launch_url(base_url)
    links = [Link(item, url=url, own_tab=own_tab and row["window"]) for item in items]
    settings = {"data": asked["data"]} if asked["data"] is not None else {}
    response = Response(ToolRegistration(platform, key), row["deployment_id"], settings, now=now)
    return Answer(asked["url"], response.get_response_jwt(links))


class Link(DeepLinkResource):
    """A link to a space, without what the library would send empty."""

    def __init__(self, item: Item, *, url: str, own_tab: bool) -> None:
        self._item, self._address, self._own_tab = item, url, own_tab

    def to_dict(self) -> dict[str, object]:
        """The item of the answer."""
        said: dict[str, object] = {
            "type": "ltiResourceLink",
            "title": self._item.title,
            "custom": dict(self._item.custom),
        }
        if self._item.text:
            said["text"] = self._item.text
        if self._address:
            said["url"] = self._address
        if self._own_tab:
            said["window"] = {"targetName": "_blank"}
        return said


class Response(DeepLink):
    """The library's answer, without its faults: a `data` that nobody sent, an audience in a list, the clock of the
    machine, and a nonce with the address of its network card in it."""

    def __init__(self, registration: ToolRegistration, deployment_id: str, settings: Any, *, now: datetime) -> None:
        super().__init__(registration, deployment_id, settings)
        self._now = int(now.timestamp())

    def _generate_nonce(self) -> str:
        return secrets.token_urlsafe(24)

    def get_message_jwt(self, resources: Sequence[DeepLinkResource]) -> dict[str, object]:
        """The claims of the answer."""
        said: dict[str, object] = super().get_message_jwt(resources)
        said |= {"aud": self._registration.get_issuer(), "iat": self._now, "exp": self._now + ANSWER_LIFE}
        return {name: value for name, value in said.items() if value is not None}


def token_of(picking: uuid.UUID, secret: str) -> str:
    """The token that a form of this picking carries."""
    return f"{picking.hex}.{_mac(picking, secret)}"


def _id_of(token: str, secret: str) -> uuid.UUID:
    name, _dot, mac = token[:200].partition(".")
    try:
        picking = uuid.UUID(name)
    except ValueError:
        raise PickOver("no token of ours") from None
    if not hmac.compare_digest(mac.encode(), _mac(picking, secret).encode()):
        raise PickOver("no token of ours")
    return picking


def _mac(picking: uuid.UUID, secret: str) -> str:
    return hmac.new(secret.encode(), b"pick" + picking.bytes, hashlib.sha256).hexdigest()


def _picker(db: Session, row: RowMapping, now: datetime) -> Picker:
    theirs = (Deployment.platform_id == Platform.id) & (Deployment.deployment_id == row["deployment_id"])
    on = select(Platform.switched_off_at, Deployment.switched_off_at).outerjoin(Deployment, theirs)
    if any(db.execute(on.where(Platform.id == row["platform_id"])).one()):
        raise SwitchedOff("it was switched off meanwhile").about()
    viewer = viewers.of_person(db, row["person_id"], now=now)
    course = Course(viewer.organisation_id, row["platform_id"], row["context_id"], row["context_title"])
    names = ("id", "product", "multiple", "window", "frame_hosts", "language")
    return Picker(
        viewer=viewer, course=course, course_title=row["context_title"], **{name: row[name] for name in names}
    )
