"""A hospital to count: departments of the staff list, colleagues in and out of it, what they did and shared."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from lti_tool.activity import operations as activity
from lti_tool.activity.models import Kind
from lti_tool.db import Session, new_id
from lti_tool.organisations.models import Platform
from lti_tool.people.models import Identity, Person, StaffMember
from lti_tool.record.models import FormalRecord, Moment, Share
from lti_tool.reports import operations, queries
from lti_tool.reports.queries import Report
from tests.world import World

SPACE = uuid.UUID(int=7)
IN_QUARTER = date(2026, 11, 10)


class Hospital:
    """One organisation of a `World`. Everything is committed at once."""

    def __init__(self, world: World, slug: str = "de-linde", name: str = "De Linde") -> None:
        self.world = world
        self.id = world.organisation(slug, name)
        self.slug = slug
        self._made = 0
        with self.writing() as db:
            self._platform = Platform(
                id=new_id(self.now),
                organisation_id=self.id,
                name="Moodle",
                issuer=f"https://moodle.{slug}.example",
                client_id="1",
                auth_url="https://x.example",
                token_url="https://x.example",
                jwks_url="https://x.example",
                created_at=self.now,
            )
            db.add(self._platform)
            db.flush()
            self._platform_id = self._platform.id

    @property
    def now(self) -> datetime:
        return self.world.clock()

    def writing(self) -> Any:
        return self.world.database.writing()

    def staff(self, department: str, number: int = 1, **more: Any) -> list[uuid.UUID]:
        """Rows of the staff list."""
        with self.writing() as db:
            rows = [
                StaffMember(
                    id=new_id(self.now),
                    organisation_id=self.id,
                    number=self._next(),
                    name="Fatma Yilmaz",
                    department=department,
                    **more,
                )
                for _ in range(number)
            ]
            db.add_all(rows)
            return [row.id for row in rows]

    def person(self, staff_id: uuid.UUID | None = None, *, by_lms: bool = True, **more: Any) -> uuid.UUID:
        """Somebody who came here."""
        values = {"name": "Fatma Yilmaz", "created_at": self.now, "arrived_at": self.now, **more}
        with self.writing() as db:
            person = Person(id=new_id(self.now), organisation_id=self.id, staff_id=staff_id, **values)
            db.add(person)
            db.flush()
            if by_lms:
                identity = {"id": new_id(self.now), "platform_id": self._platform_id, "subject": self._next()}
                db.add(Identity(person_id=person.id, **identity))
            return person.id

    def department(self, name: str, people: int, took_part: int = 0, **more: Any) -> list[uuid.UUID]:
        """A department of which so many came here and took part. Returns the persons of those."""
        rows = self.staff(name, people, **more)
        persons = [self.person(row) for row in rows[:took_part]]
        for person in persons:
            self.did(person)
        return persons

    def did(self, person: uuid.UUID, on: date = IN_QUARTER, kind: Kind = Kind.READ, **more: Any) -> None:
        """Took part on a day."""
        with self.writing() as db:
            activity.note(
                db,
                person_id=person,
                organisation_id=self.id,
                space_id=more.pop("space_id", SPACE),
                space_organisation_id=more.pop("space_organisation_id", self.id),
                kind=kind,
                now=datetime(on.year, on.month, on.day, 12, tzinfo=UTC),
                **more,
            )

    def shared(self, person: uuid.UUID, minutes: int, on: date = IN_QUARTER, *, share: bool = True) -> uuid.UUID:
        """Made a moment, and shared it with HR."""
        with self.writing() as db:
            moment = Moment(
                id=new_id(self.now),
                person_id=person,
                organisation_id=self.id,
                kind="own",
                title="Geheime titel",
                happened_on=on,
                minutes=minutes,
                learned="Geheime tekst",
                created_at=self.now,
                changed_at=self.now,
            )
            db.add(moment)
            db.flush()
            if share:
                db.add(Share(moment_id=moment.id, receiver="hr", shared_at=self.now))
            return moment.id

    def passed(
        self, staff_id: uuid.UUID, hours: str, points: str = "0", on: date = IN_QUARTER, accreditor: str = "V&VN"
    ) -> None:
        """Has a formal record."""
        with self.writing() as db:
            db.add(
                FormalRecord(
                    id=new_id(self.now),
                    organisation_id=self.id,
                    staff_id=staff_id,
                    title=f"Scholing {self._next()}",
                    accreditor=accreditor,
                    points=Decimal(points),
                    hours=Decimal(hours),
                    completed_on=on,
                    imported_at=self.now,
                )
            )

    def fold(self) -> None:
        """A night passes for the activity."""
        with self.writing() as db:
            activity.fold(db, self.settings.secret_key, self.now)

    @property
    def settings(self) -> Any:
        return self.world.app.extensions["leerkring"].settings

    def snapshot(self, period: str = "2026-Q4", **more: Any) -> Report:
        """Takes the figures and reads them."""
        with self.writing() as db:
            operations.take_snapshot(db, self.settings, self.id, period, now=self.now, **more)
        return self.report(period)

    def freeze(self, period: str) -> Report:
        """Fixes the figures and reads them."""
        with self.writing() as db:
            operations.freeze(db, self.settings, self.id, period, now=self.now)
        return self.report(period)

    def report(self, period: str = "2026-Q4") -> Report:
        with self.world.database.reading() as db:
            found = queries.report(db, self.id, period)
        assert found is not None
        return found

    def client(self, *scopes: str) -> tuple[str, str]:
        """A client of the API."""
        with self.writing() as db:
            return operations.create_client(db, self.id, "HR", scopes or ["reports:read"], now=self.now)

    def token(self) -> dict[str, str]:
        """The header of somebody with a token."""
        client_id, secret = self.client()
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        answer = self.world.stranger().post("/api/v1/oauth/token", data=form)
        return {"Authorization": f"Bearer {answer.get_json()['access_token']}"}

    def _next(self) -> str:
        self._made += 1
        return f"{self.slug}-{self._made}"


def rows(report: Report) -> dict[str, tuple[Any, ...]]:
    """People, took part, hours shared, hours and points, by group."""
    return {row["group"]: tuple(row[name] for name in queries.COLUMNS[1:]) for row in report.rows}


def took_part(report: Report) -> dict[str, int | None]:
    return {row["group"]: row["took_part"] for row in report.rows}


def all_of(db: Session, table: Any) -> list[Any]:
    return list(db.scalars(select(table)))
