"""The `leerkring` command: names, options, `key: value` answers, and what it does with wrong input."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lti_tool import serve
from lti_tool.cli import main
from lti_tool.db import Database
from lti_tool.db.installation import state
from lti_tool.settings import Settings

Run = Callable[..., tuple[int, dict[str, str], str]]

PLATFORM = [
    *("platform", "add", "--organisation", "de-linde", "--name", "Moodle"),
    *("--issuer", "https://moodle.linde.example", "--client-id", "abc"),
    *("--auth-url", "https://moodle.linde.example/auth", "--token-url", "https://moodle.linde.example/token"),
    *("--jwks-url", "https://moodle.linde.example/keys"),
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command. Gives its status, its `key: value` lines, and what it said on standard error."""
    monkeypatch.setenv("LEERKRING_BASE_URL", "https://leerkring.linde.example")
    monkeypatch.setenv("LEERKRING_SECRET_KEY", "s" * 40)
    monkeypatch.setenv("LEERKRING_ENCRYPTION_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    monkeypatch.setenv("LEERKRING_DATA_DIR", str(tmp_path))

    def do(*words: str) -> tuple[int, dict[str, str], str]:
        try:
            status = main(words)
        except SystemExit as stop:  # argparse's own way to refuse
            status = int(stop.code or 0)
        said = capsys.readouterr()
        lines = [line.split(": ", 1) for line in said.out.splitlines() if ": " in line]
        return status, dict(lines), said.err

    return do


def test_from_an_empty_folder_to_a_report(run: Run, tmp_path: Path) -> None:
    assert run("organisation", "add", "de-linde", "--name", "De Linde")[0] == 0
    status, said, _ = run(*PLATFORM, "--product", "moodle")
    assert status == 0
    assert said["launch_url"] == "https://leerkring.linde.example/lti/launch"
    assert run("platform", "accept", "--platform", said["platform"], "--deployment-id", "7")[0] == 0
    assert run("platform", "list")[1]["deployment"] == "7 (accepted)"

    staff = tmp_path / "staff.csv"
    staff.write_text("number;department;name\n" + "".join(f"{n};IC;Collega {n}\n" for n in range(12)), "cp1252")
    assert run("people", "import", str(staff), "--organisation", "de-linde")[:1] == (0,)
    status, said, _ = run("people", "import", str(staff), "--organisation", "de-linde")
    assert (status, said["added"], said["unchanged"]) == (0, "0", "12")

    records = tmp_path / "records.csv"
    records.write_text(
        "number,title,completed_on,points,accreditor\n1,BLS,2026-10-03,2,V&VN\n99,BLS,2026-10-03,2,V&VN\n"
    )
    status, said, told = run("records", "import", str(records), "--organisation", "de-linde")
    assert (status, said["added"], said["refused"]) == (1, "1", "1")
    assert "line 3, number: '99'" in told

    assert run("reports", "snapshot", "--organisation", "de-linde")[1]["status"] == "provisional"
    assert re.fullmatch(r"\d{4}-Q[1-4]", run("reports", "freeze", "--organisation", "de-linde")[1]["period"])
    status, said, _ = run(
        "api-client", "create", "--organisation", "de-linde", "--name", "BI", "--scope", "reports:read"
    )
    assert status == 0
    assert said["client_id"]
    assert said["client_secret"]
    rotated = run("keys", "rotate")[1]
    assert rotated["kid"]
    assert rotated["signs_from"].endswith("Z")
    assert run("db", "check")[0] == 0
    link = run("grant", "--organisation", "de-linde", "--role", "hr", "--link")[1]["link"]
    assert link.startswith("https://leerkring.linde.example/signin/")


def test_keys_rotate_once_and_leaked_ones_go_with_a_warning(run: Run) -> None:
    first = run("keys", "rotate")
    assert first[0] == 0
    assert first[2] == ""
    again = run("keys", "rotate")
    assert (again[0], again[1]) == (0, first[1])
    assert "under way" in again[2]
    leaked = run("keys", "rotate", "--now")
    assert leaked[0] == 0
    assert leaked[1]["kid"] != first[1]["kid"]
    assert leaked[1]["signs_from"] < first[1]["signs_from"]
    assert "What that breaks" in leaked[2]


def test_a_list_of_platforms_as_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("organisation", "add", "de-linde", "--name", "De Linde")
    run(*PLATFORM, "--deployment-id", "1", "--deployment-id", "2")
    main(["platform", "list", "--json"])
    (platform,) = json.loads(capsys.readouterr().out)
    assert platform["issuer"] == "https://moodle.linde.example"
    assert [deployment["accepted"] for deployment in platform["deployments"]] == [True, True]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["organisation", "add", "De Linde!", "--name", "x"], "short name"),
        (["people", "import", "nowhere.csv", "--organisation", "de-linde"], "nowhere.csv"),
        (["grant", "--organisation", "nobody", "--role", "hr", "--link"], "no organisation called nobody"),
        (["grant", "--organisation", "de-linde", "--role", "boss", "--link"], "invalid choice"),
        (["grant", "--organisation", "de-linde", "--role", "hr", "--person", "fatma"], "not an id"),
        (["reports", "snapshot", "--organisation", "de-linde", "--period", "autumn"], "written like 2026-Q4"),
        (["reports", "snapshot", "--organisation", "de-linde", "--period", "2099-Q1"], "not begun"),
        (
            ["api-client", "create", "--organisation", "de-linde", "--name", "x", "--scope", "everything"],
            "reports:read",
        ),
        (["network", "join", "nowhere", "--organisation", "de-linde"], "no network called nowhere"),
        (["fly"], "fly"),
    ],
)
def test_wrong_input_ends_with_a_sentence_and_status_2(run: Run, words: list[str], sentence: str) -> None:
    run("organisation", "add", "de-linde", "--name", "De Linde")
    status, _, told = run(*words)
    assert status == 2
    assert sentence in told
    assert "Traceback" not in told


def test_a_backup_goes_to_another_folder(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = str(tmp_path / "kring.backup")
    assert "nothing to back up" in run("backup", file)[2]
    run("organisation", "add", "de-linde", "--name", "De Linde")
    run("seed", "--organisation", "de-linde", "--size", "small")
    rotated = run("keys", "rotate")[1]
    status, said, told = run("backup", file)
    assert (status, said["file"]) == (0, file)
    assert int(said["rows"]) > 100
    assert "keep it as safe as the database" in told
    status, _, told = run("backup", file)
    assert (status, "--force" in told) == (2, True)
    assert run("backup", file, "--force")[0] == 0

    status, _, told = run("restore", file)
    assert (status, "is not empty" in told) == (2, True)
    monkeypatch.setenv("LEERKRING_DATA_DIR", str(tmp_path / "new"))
    status, said, told = run("restore", file)
    assert status == 0
    assert said["revision"] == run("db", "check")[1]["needed"]
    assert "Everybody comes in anew" in told
    assert "LEERKRING_SECRET_KEY is not the one" not in told
    assert run("keys", "rotate")[1] == rotated  # still under way
    assert run("seed", "--organisation", "de-linde", "--size", "small")[1]["space"] == "proefruimte-2"


@pytest.mark.parametrize(
    ("name", "value", "status", "sentence"),
    [
        (
            "LEERKRING_ENCRYPTION_KEY",
            "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk=",
            2,
            "another LEERKRING_ENCRYPTION_KEY",
        ),
        ("LEERKRING_SECRET_KEY", "t" * 40, 0, "LEERKRING_SECRET_KEY is not the one"),
    ],
)
def test_a_backup_belongs_to_the_keys_it_was_made_with(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, status: int, sentence: str
) -> None:
    file = str(tmp_path / "kring.backup")
    run("organisation", "add", "de-linde", "--name", "De Linde")
    run("backup", file)
    monkeypatch.setenv("LEERKRING_DATA_DIR", str(tmp_path / "new"))
    monkeypatch.setenv(name, value)
    found, _, told = run("restore", file)
    assert (found, sentence in told) == (status, True)
    assert run("restore", str(tmp_path / "nowhere"))[0] == 2


def test_clients_of_the_api_are_listed_and_taken_away(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for slug in ("de-linde", "de-berk"):
        run("organisation", "add", slug, "--name", slug)
    new = ("api-client", "create", "--organisation", "de-linde", "--scope", "reports:read", "--name")
    first, second = run(*new, "BI")[1], run(*new, "HR")[1]
    main(["api-client", "list", "--organisation", "de-linde", "--json"])
    listed = capsys.readouterr().out
    assert [client["name"] for client in json.loads(listed)] == ["BI", "HR"]
    assert first["client_secret"] not in listed
    assert run("api-client", "list", "--organisation", "de-berk")[1] == {}
    remove = ("api-client", "remove", first["client_id"], "--organisation")
    assert run(*remove, "de-berk")[0] == 2  # another organisation's
    assert run(*remove, "de-linde")[1] == {"removed": first["client_id"]}
    status, _, told = run(*remove, "de-linde")
    assert (status, "has no client" in told) == (2, True)
    assert run("api-client", "list", "--organisation", "de-linde")[1]["client_id"] == second["client_id"]


def test_a_full_space_to_look_at(run: Run) -> None:
    run("organisation", "add", "de-linde", "--name", "De Linde")
    status, said, _ = run("seed", "--organisation", "de-linde", "--size", "small")
    assert (status, said) == (0, {"space": "proefruimte", "people": "20", "conversations": "11", "posts": "80"})
    assert run("seed", "--organisation", "de-linde", "--size", "small")[1]["space"] == "proefruimte-2"
    assert run("seed", "--organisation", "de-linde", "--size", "huge")[0] == 2


def test_a_missing_setting_stops_every_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEERKRING_SECRET_KEY")
    for words in (["db", "upgrade"], ["serve"], ["organisation", "add", "x", "--name", "x"]):
        status, _, told = run(*words)
        assert status == 2
        assert "LEERKRING_SECRET_KEY is missing" in told


def test_serve_refuses_the_data_of_a_demo(run: Run, tmp_path: Path) -> None:
    run("db", "upgrade")
    database = Database(f"sqlite:///{tmp_path / 'leerkring.db'}")
    with database.writing() as db:
        state(db, "demo", "yes")
    database.dispose()
    status, _, told = run("serve")
    assert status == 2
    assert "data of a demo" in told


def test_serving_needs_no_home_folder(settings: Settings) -> None:
    """Gunicorn would open a control socket there, the same one for every tool of this account."""
    assert serve._Server(settings, {}).cfg.control_socket_disable


def test_serve_refuses_a_database_of_another_shape(run: Run, tmp_path: Path) -> None:
    from lti_tool.db import migrations

    database = Database(f"sqlite:///{tmp_path / 'leerkring.db'}")
    migrations.upgrade(database.engine, "0001")
    database.dispose()
    assert run("db", "check")[0] == 1
    status, _, told = run("serve")
    assert status == 2
    assert "db upgrade" in told


def test_the_demo_refuses_a_folder_with_real_data(run: Run, tmp_path: Path) -> None:
    run("organisation", "add", "de-linde", "--name", "De Linde")
    status, _, told = run("demo", "--port", "0", "--data", str(tmp_path))
    assert status == 2
    assert "holds real data" in told


def test_an_invitation_is_a_code_and_an_address(run: Run) -> None:
    assert run("organisation", "add", "de-linde", "--name", "De Linde")[0] == 0
    status, said, _ = run("invite", "--organisation", "de-linde")
    assert status == 0
    assert re.fullmatch(r"[A-Z0-9]{4}(-[A-Z0-9]{4}){2}", said["code"])
    assert not set(said["code"]) & set("0O1IB8S5Z2"), "letters that look alike on paper"
    assert said["register_url"] == "https://leerkring.linde.example/lti/register"
    assert run("invite", "--organisation", "de-linde")[1]["code"] != said["code"]
    assert run("invite", "--organisation", "nobody")[0] == 2
