"""Fills the demo's database with the made-up world, by the rooms' own operations."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lti_tool.activity import operations as activity
from lti_tool.activity.models import Kind
from lti_tool.conversations import operations as conversations
from lti_tool.conversations.forms import NewConversation, NewPost
from lti_tool.db import Session, new_id
from lti_tool.db.installation import fact, state
from lti_tool.demo import content
from lti_tool.demo.lms import client_id
from lti_tool.demo.platform import Platform
from lti_tool.demo.practice import PracticeWorld
from lti_tool.organisations import keys, networks
from lti_tool.organisations import operations as organisations
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.queries import organisation_by_slug
from lti_tool.people import operations as people
from lti_tool.people.models import Person
from lti_tool.people.staff_list import import_staff
from lti_tool.people.viewer import Viewer, of_person
from lti_tool.record import operations as record
from lti_tool.record.imports import import_records
from lti_tool.record.models import MomentKind
from lti_tool.reports import operations as reports
from lti_tool.spaces import access, doors, links
from lti_tool.spaces import operations as spaces
from lti_tool.spaces.access import SpaceHere
from lti_tool.spaces.models import Membership
from lti_tool.spaces.policy import Level
from lti_tool.web.runtime import Runtime

NEW = 3
"""Posts of fewer days ago than this are new to everybody who did not write them."""


@dataclass
class _Filling:
    """What is known half-way."""

    db: Session
    runtime: Runtime
    world: content.World
    now: datetime
    organisations: dict[str, uuid.UUID] = field(default_factory=dict)
    networks: dict[str, uuid.UUID] = field(default_factory=dict)
    platforms: dict[str, uuid.UUID] = field(default_factory=dict)
    people: dict[str, uuid.UUID] = field(default_factory=dict)
    spaces: dict[str, uuid.UUID] = field(default_factory=dict)

    def in_space(self, key: str, slug: str, now: datetime) -> tuple[Viewer, SpaceHere]:
        """Somebody in a space."""
        viewer = self.viewer(key, now)
        space = access.find(self.db, viewer, slug, now=now)
        if space is None:
            raise LookupError(slug)
        return viewer, space

    def viewer(self, key: str, now: datetime) -> Viewer:
        """Somebody of the world at a screen."""
        return of_person(self.db, self.people[key], now=now)


def fill(runtime: Runtime, platforms: Mapping[str, Platform], world: content.World) -> None:
    """Fill an empty database, in one transaction. A database that was filled before is left as it is."""
    with runtime.database.writing() as db:
        if fact(db, "demo") == "filled":
            return
        filling = _Filling(db, runtime, world, runtime.clock())
        _organisations(filling, platforms)
        _people(filling)
        for space in world.spaces:
            _space(filling, space)
        _doors(filling)
        _moments(filling)
        for organisation_id in filling.organisations.values():
            period = activity.quarter_of(filling.now.date())
            reports.take_snapshot(db, runtime.settings, organisation_id, period, now=filling.now)
        state(db, "demo", "filled")


def begin_hospital(runtime: Runtime, begin: PracticeWorld) -> uuid.UUID:
    """The organisation of the hospital that has no Leerkring yet: there is one space to look at, and no platform.
    Returns its id; it is made when it isn't there."""
    now = runtime.clock()
    with runtime.database.writing() as db:
        if found := organisation_by_slug(db, begin.slug):
            return found.id
        made = organisations.add_organisation(db, slug=begin.slug, name=begin.name, now=now)
        host = Person(
            id=new_id(now), organisation_id=made, name=begin.host, created_at=now, arrived_at=now, is_test=True
        )
        db.add(host)
        db.flush()
        viewer, first = of_person(db, host.id, now=now), begin.space
        space = spaces.start(db, viewer, title=first.title, what_for=first.what_for, level=Level.OPEN, now=now)
        db.flush()
        if here := access.find(db, viewer, space.slug, now=now):
            new = NewConversation(kind="question", title=first.question, text=first.text)
            conversations.start(db, viewer, here, new, now=now)
        return made


def _organisations(filling: _Filling, platforms: Mapping[str, Platform]) -> None:
    db, now = filling.db, filling.now
    keys.ensure_key(db, filling.runtime.cipher, now=now)
    for organisation in filling.world.organisations:
        slug = organisation.slug
        made = organisations.add_organisation(db, slug=slug, name=organisation.name, now=now)
        filling.organisations[slug] = made
        platform = platforms[slug]
        new = organisations.NewPlatform(
            organisation=slug,
            name=organisation.lms,
            issuer=platform.issuer,
            client_id=client_id(slug),
            auth_url=platform.auth_url,
            token_url=platform.token_url,
            jwks_url=platform.jwks_url,
            deployment_ids=("1",),
            product="moodle",
        )
        reach = Reach.of(filling.runtime.settings)
        filling.platforms[slug] = organisations.add_platform(db, new, now=now, reach=reach)
        with content.staff_file(slug).open("rb") as file:
            import_staff(db, made, file, now=now)
        with content.records_file(slug).open("rb") as file:
            import_records(db, made, file, now=now)
    for network in filling.world.networks:
        network_id = networks.add_network(db, slug=network.slug, name=network.name, now=now)
        filling.networks[network.slug] = network_id
        for slug in network.organisations:
            networks.join_network(db, network_id, filling.organisations[slug], now=now)


def _people(filling: _Filling) -> None:
    for person in filling.world.people:
        arrival = people.Arrival(
            organisation_id=filling.organisations[person.organisation],
            platform_id=filling.platforms[person.organisation],
            subject=f"{person.organisation}-{person.key}",
            name=person.name,
            staff_number=person.number,
        )
        made = people.arrive(filling.db, arrival, now=filling.now)
        filling.people[person.key] = made
        if person.grant:
            people.grant(filling.db, arrival.organisation_id, person.grant, made, now=filling.now, by=None)


def _space(filling: _Filling, space: content.Space) -> None:
    db = filling.db
    began = filling.now - timedelta(days=space.started_days_ago)
    made = spaces.start(
        db,
        filling.viewer(space.leads[0], began),
        title=space.title,
        what_for=space.what_for,
        level=Level(space.level),
        network_id=filling.networks[space.network] if space.network else None,
        now=began,
    )
    made.slug = space.slug
    filling.spaces[space.slug] = made.id
    db.flush()
    quality = {person.key: person.quality for person in filling.world.people}
    for key, role in space.memberships():
        member = Membership(
            space_id=made.id, person_id=filling.people[key], role=role, quality=quality[key], joined_at=began
        )
        db.merge(member)
        _read(filling, key, made.id, filling.organisations[space.organisation])
    db.flush()
    written: dict[str, int] = {}
    for conversation in space.conversations:
        _write(filling, space.slug, conversation, written, until=NEW)
    for key, _ in space.memberships():
        _catch_up(filling, space.slug, key)
    for conversation in space.conversations:
        _write(filling, space.slug, conversation, written, since=NEW)


def _read(filling: _Filling, key: str, space_id: uuid.UUID, owner: uuid.UUID) -> None:
    person = filling.world.person(key)
    activity.note(
        filling.db,
        person_id=filling.people[key],
        organisation_id=filling.organisations[person.organisation],
        space_id=space_id,
        space_organisation_id=owner,
        kind=Kind.READ,
        now=filling.now - timedelta(days=1 + len(key) % 9),
    )


def _write(
    filling: _Filling,
    slug: str,
    conversation: content.Conversation,
    written: dict[str, int],
    *,
    until: int = 0,
    since: int = 10_000,
) -> None:
    """Write the posts of `until` or more days ago, and of less than `since`."""
    for post in conversation.posts:
        if post.days_ago < until or post.days_ago >= since:
            continue
        at = post.posted_at(filling.now)
        viewer, space = filling.in_space(post.author, slug, at)
        if conversation.title in written:
            new = NewPost(text=post.body, reply_to=post.reply_to)
            conversations.reply(filling.db, viewer, space, written[conversation.title], new, now=at)
        else:
            start = NewConversation(kind=conversation.kind, title=conversation.title, text=post.body)
            written[conversation.title] = conversations.start(filling.db, viewer, space, start, now=at)


def _catch_up(filling: _Filling, slug: str, key: str) -> None:
    """Somebody read everything until some days ago: only the last of it is new to them."""
    at = filling.now - timedelta(days=NEW - 1)
    viewer, space = filling.in_space(key, slug, at)
    conversations.all_read(filling.db, viewer, space, now=at)


def _doors(filling: _Filling) -> None:
    for course in filling.world.courses:
        for number, item in enumerate(course.links, 1):
            if not item.space:
                continue
            lead = next(space.leads[0] for space in filling.world.spaces if space.slug == item.space)
            placement = links.Placement(
                organisation_id=filling.organisations[course.organisation],
                platform_id=filling.platforms[course.organisation],
                context_id=course.key,
                resource_link_id=f"{course.key}-{number}",
                title=item.title,
                context_title=course.title,
                teaches=True,
            )
            viewer = filling.viewer(lead, filling.now)
            path = doors.enter_by_door(filling.db, viewer, placement, now=filling.now)
            door = uuid.UUID(path.rsplit("/", 1)[1])
            doors.open_door(filling.db, viewer, door, filling.spaces[item.space], now=filling.now)


def _moments(filling: _Filling) -> None:
    for moment in filling.world.moments:
        viewer = filling.viewer(moment.person, filling.now)
        what = record.What(
            kind=MomentKind(moment.kind),
            happened_on=moment.date,
            minutes=moment.minutes,
            title=moment.title,
            learned=moment.learnt,
            plan=moment.will_do,
        )
        made = record.add(filling.db, viewer, what, now=filling.now)
        if moment.shared:
            record.share(filling.db, viewer, made, now=filling.now)
