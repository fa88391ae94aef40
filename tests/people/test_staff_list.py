"""A staff list comes in as hospitals have it: good rows stay, bad ones are told, again changes nothing."""

from __future__ import annotations

import io
import uuid
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.db import Database, new_id
from lti_tool.organisations.models import Platform
from lti_tool.people import operations
from lti_tool.people.models import Person, StaffMember
from lti_tool.people.staff_list import Result, import_staff
from lti_tool.web.csv_files import BadFile

HEADER = "number,name,email,cluster,department,function_family,profession,manager,start,end\n"
FATMA = "104001,Fatma Yıldız,fatma@delinde.example,Acuut,IC,Verpleegkundig,verpleegkundige,,2012-03-01,\n"
NOOR = "104002,Noor de Wit,noor@delinde.example,Acuut,IC,Verpleegkundig,verpleegkundige,ja,2008-09-15,\n"


@pytest.fixture
def linde(world: Any) -> uuid.UUID:
    return world.organisation()  # type: ignore[no-any-return]


def take(world: Any, organisation: uuid.UUID, file: str | bytes) -> Result:
    data = file.encode() if isinstance(file, str) else file
    with world.database.writing() as db:
        return import_staff(db, organisation, data, world.clock())


def members(database: Database) -> dict[str, Any]:
    with database.reading() as db:
        return {row.number: row for row in db.scalars(select(StaffMember))}


def counts(result: Result) -> tuple[int, int, int, int]:
    return result.added, result.changed, result.unchanged, result.refused


def test_a_whole_row_is_kept_as_it_is(world: Any, linde: uuid.UUID) -> None:
    assert counts(take(world, linde, HEADER + FATMA + NOOR)) == (2, 0, 0, 0)
    noor, fatma = (members(world.database)[number] for number in ("104002", "104001"))
    assert (noor.name, noor.department, noor.manager, noor.starts_on, noor.ends_on) == (
        "Noor de Wit", "IC", True, date(2008, 9, 15), None,
    )  # fmt: skip
    assert (fatma.name, fatma.manager, fatma.organisation_id) == ("Fatma Yıldız", False, linde)


def test_importing_again_changes_nothing(world: Any, linde: uuid.UUID) -> None:
    take(world, linde, HEADER + FATMA + NOOR)
    assert counts(take(world, linde, HEADER + FATMA + NOOR)) == (0, 0, 2, 0)


def test_what_changed_is_updated_and_what_vanished_is_left_alone(world: Any, linde: uuid.UUID) -> None:
    take(world, linde, HEADER + FATMA + NOOR)
    moved = FATMA.replace(",IC,", ",Spoed,").replace("2012-03-01,", "2012-03-01,2026-12-31")
    result = take(world, linde, HEADER + moved)
    assert (counts(result), result.left_alone) == ((0, 1, 0, 0), 1)
    now = members(world.database)
    assert (now["104001"].department, now["104001"].ends_on) == ("Spoed", date(2026, 12, 31))
    assert now["104002"].ends_on is None


def test_a_column_that_is_not_in_the_file_is_not_emptied(world: Any, linde: uuid.UUID) -> None:
    take(world, linde, HEADER + NOOR)
    assert counts(take(world, linde, "department;NUMBER \nSpoed;104002\n")) == (0, 1, 0, 0)
    noor = members(world.database)["104002"]
    assert (noor.department, noor.name, noor.manager) == ("Spoed", "Noor de Wit", True)


@pytest.mark.parametrize(
    "file",
    [
        pytest.param("number,name,department\n7,José Müller,IC\n".encode(), id="utf-8"),
        pytest.param("number,name,department\r\n7,José Müller,IC\r\n".encode("utf-8-sig"), id="with a mark"),
        pytest.param("number;name;department\r\n7;José Müller;IC".encode("cp1252"), id="Windows-1252, semicolon"),
        pytest.param("name\tdepartment\tnumber\n José  Müller \tIC\t7\n".encode(), id="tabs, order, spaces"),
        pytest.param("number\tname\tdepartment\n7\tJosé Müller\tIC\n".encode("utf-16"), id="UTF-16"),
        pytest.param("sep=;\nNumber; NAME ;Department\n7;José Müller;IC\n".encode(), id="Excel's first line"),
        pytest.param('"number","name","department","shoe"\n"7","José Müller","IC","41"\n'.encode(), id="quoted"),
        pytest.param("\n\nnumber,name,department\r7,José Müller,IC\r,,\r".encode(), id="empty lines"),
    ],
)
def test_every_way_a_hospital_writes_csv_is_understood(world: Any, linde: uuid.UUID, file: bytes) -> None:
    result = take(world, linde, file)
    assert (counts(result), result.problems) == ((1, 0, 0, 0), [])
    assert members(world.database)["7"].name == "José Müller"


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (b"", "leeg"),
        (b"\n\n", "leeg"),
        (b"name,email\nFatma,f@x\n", "number”, “department"),
        (b"number,department,Department\n1,IC,IC\n", "twee keer"),
        (b"PK\x03\x04\x14\x00\x08\x00", "geen CSV"),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 9, "mist de kolom"),
        (b"a" * 3_000_000, "veel te lang"),
    ],
)
def test_a_file_that_can_not_be_read_says_why_and_changes_nothing(
    world: Any, linde: uuid.UUID, file: bytes, says: str
) -> None:
    with pytest.raises(BadFile) as refused:
        take(world, linde, file)
    assert says in str(refused.value.sentence)
    assert members(world.database) == {}


def test_a_bad_row_is_told_by_line_column_and_value_and_good_ones_stay(world: Any, linde: uuid.UUID) -> None:
    file = (
        "number,name,department,manager,start,end\n"
        "1,Ali,IC,ja,01-02-2019,\n"
        ",Zonder nummer,IC,,,\n"
        "3,Zonder afdeling,,,,\n"
        '4,"Twee\nregels",IC,misschien,2019-02-30,\n'
        "5,Omgekeerd,IC,,2020-01-01,2019-01-01\n"
        "1,Nog een Ali,IC,,,\n"
        "7,Te veel,IC,,,,nog iets\n"
        f"8,{'x' * 301},IC,,,\n"
        "9,Sanne,IC,nee,,\n"
    )
    result = take(world, linde, file)
    assert counts(result) == (2, 0, 0, 7)
    assert [(problem.line, problem.column, problem.value[:12]) for problem in result.problems] == [
        (3, "number", ""),
        (4, "department", ""),
        (5, "manager", "misschien"),
        (5, "start", "2019-02-30"),
        (7, "end", "2019-01-01"),
        (8, "number", "1"),
        (9, "", "nog iets"),
        (10, "name", "xxxxxxxxxxxx"),
    ]
    assert "regel 2" in result.problems[5].sentence
    assert set(members(world.database)) == {"1", "9"}


def test_a_quote_that_never_closes_costs_one_row(world: Any, linde: uuid.UUID) -> None:
    rows = "".join(f"{n},Naam,IC\n" for n in range(2, 200))
    result = take(world, linde, 'number,name,department\n1,"Ali,IC\n' + rows + '200,"Zoë,IC')
    assert (result.added, result.refused) == (198, 2)
    assert [problem.line for problem in result.problems] == [2, 201]


def test_one_broken_byte_does_not_spoil_the_other_names(world: Any, linde: uuid.UUID) -> None:
    good = "".join(f"{n},Zoë Şahin,IC\n" for n in range(1, 20)).encode()
    result = take(world, linde, b"number,name,department\n" + good + b"99,Ali\xff,IC\n")
    assert (result.added, [(p.line, p.column) for p in result.problems]) == (19, [(21, "name")])
    assert {member.name for member in members(world.database).values()} == {"Zoë Şahin"}


def test_two_organisations_keep_their_own_numbers(world: Any, linde: uuid.UUID) -> None:
    vecht = world.organisation("vecht", "Thuiszorg Vecht")
    take(world, linde, HEADER + FATMA)
    assert counts(take(world, vecht, HEADER + FATMA.replace("IC", "Wijk"))) == (1, 0, 0, 0)
    with world.database.reading() as db:
        departments = select(StaffMember.department).where(StaffMember.organisation_id == linde)
        assert list(db.scalars(departments)) == ["IC"]


def lms(world: Any, organisation: uuid.UUID, client_id: str = "leerkring") -> uuid.UUID:
    urls = dict.fromkeys(("issuer", "auth_url", "token_url", "jwks_url"), "https://lms.example")
    platform = new_id(world.clock())
    row = {"id": platform, "organisation_id": organisation, "created_at": world.clock()}
    with world.database.writing() as db:
        db.add(Platform(**row, **urls, name="Moodle", client_id=client_id))
    return platform


def arrive(world: Any, organisation: uuid.UUID, platform: uuid.UUID, name: str = "", email: str = "") -> uuid.UUID:
    """Fatma comes in, with what this link tells of her."""
    arrival = operations.Arrival(organisation, platform, "sub-1", name, email, staff_number="104001")
    with world.database.writing() as db:
        return operations.arrive(db, arrival, now=world.clock())


def test_a_link_that_does_not_tell_a_name_takes_none_away(world: Any, linde: uuid.UUID) -> None:
    take(world, linde, HEADER + FATMA)
    silent, telling = lms(world, linde, "silent"), lms(world, linde, "telling")
    known = []
    for platform, name, email in (
        (silent, "", ""), (telling, "Fatma", "f@delinde.example"), (silent, "", ""), (telling, "", ""),
        (telling, "Fatma Yıldız", ""),
    ):  # fmt: skip
        person = arrive(world, linde, platform, name, email)
        with world.database.reading() as db:
            known.append(tuple(db.execute(select(Person.name, Person.email).where(Person.id == person)).one()))
    mail = "f@delinde.example"
    assert known == [("", ""), ("Fatma", mail), ("Fatma", mail), ("Fatma", mail), ("Fatma Yıldız", mail)]


def test_who_came_before_the_list_did_is_met_by_their_number(world: Any, linde: uuid.UUID) -> None:
    person = arrive(world, linde, lms(world, linde), "Fatma")
    assert take(world, linde, HEADER + FATMA + NOOR).met == 1
    with world.database.reading() as db:
        mine = db.scalar(select(Person.staff_id).where(Person.id == person))
    assert mine == members(world.database)["104001"].id


class Pipe(io.BytesIO):
    """A file that can be read once, and tells how much of it was asked for at a time."""

    most = 0

    def seekable(self) -> bool:
        return False

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size > 0
        self.most = max(self.most, size)
        return super().read(size)


def test_a_pipe_is_read_in_pieces_and_not_closed(world: Any, linde: uuid.UUID) -> None:
    pipe = Pipe((HEADER + FATMA + NOOR).encode())
    with world.database.writing() as db:
        assert import_staff(db, linde, pipe, world.clock()).added == 2
    assert not pipe.closed
    assert pipe.most < 1 << 20
