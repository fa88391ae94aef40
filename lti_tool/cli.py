"""The `leerkring` command. Names and options are a promise; results for programs are `key: value` lines.

Wrong input ends with status 2 and a sentence, work that was partly refused with 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from lti_tool import commands, upkeep

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit status."""
    from lti_tool.settings import SettingsError

    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (commands.Wrong, SettingsError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="leerkring", description="Leerkring: a learning space for hospitals.")
    top = parser.add_subparsers(required=True, metavar="COMMAND")

    groups: dict[str, Any] = {"": top}

    def add(words: str, run: Command, about: str) -> argparse.ArgumentParser:
        group, _, name = words.rpartition(" ")
        if group not in groups:
            inner = top.add_parser(group, help=f"see `leerkring {group} --help`")
            groups[group] = inner.add_subparsers(required=True, metavar="COMMAND")
        made = groups[group].add_parser(name, help=about, description=about)
        made.set_defaults(run=run)
        return cast(argparse.ArgumentParser, made)

    demo = add("demo", commands.demo, "Everything in one process on SQLite, with a practice LMS.")
    demo.add_argument("--port", type=int, default=5000)
    demo.add_argument("--data", type=Path, default=Path("data/demo"))

    serve = add("serve", commands.serve, "Serve the tool.")
    serve.add_argument("--bind", default="127.0.0.1:8000", metavar="HOST:PORT")
    serve.add_argument("--workers", type=int, default=1)
    serve.add_argument("--threads", type=int, default=8)

    worker = add("worker", commands.worker, "Do what happens later (schedule and queue), without serving pages.")
    worker.add_argument("--threads", type=int, default=4)

    add("db upgrade", commands.db_upgrade, "Bring the database to the shape of this version.")
    add("db check", commands.db_check, "Say whether the database has the shape of this version.")

    organisation = add("organisation add", commands.organisation_add, "Add an organisation.")
    organisation.add_argument("slug")
    organisation.add_argument("--name", required=True)

    network = add("network add", commands.network_add, "Add a network of organisations.")
    network.add_argument("slug")
    network.add_argument("--name", required=True)
    joined = add("network join", commands.network_join, "Note that an organisation's admin agreed to a network.")
    joined.add_argument("slug")
    joined.add_argument("--organisation", required=True, metavar="SLUG")

    platform = add("platform add", commands.platform_add, "Register an LMS.")
    platform.add_argument("--organisation", required=True, metavar="SLUG")
    for option in ("name", "issuer", "client-id", "auth-url", "token-url", "jwks-url"):
        platform.add_argument(f"--{option}", required=True)
    platform.add_argument("--deployment-id", action="append", default=[])
    platform.add_argument("--product", choices=("moodle", "canvas", "other"), default="other")
    listed = add("platform list", commands.platform_list, "List the registered LMSs.")
    listed.add_argument("--json", action="store_true")
    accept = add("platform accept", commands.platform_accept, "Let launches of a deployment in.")
    accept.add_argument("--platform", required=True, metavar="ID")
    accept.add_argument("--deployment-id", required=True)

    invite = add("invite", commands.invite, "Make a one-use code by which an LMS registers itself.")
    invite.add_argument("--organisation", required=True, metavar="SLUG")

    grant = add("grant", commands.grant, "Give a role in an organisation.")
    grant.add_argument("--organisation", required=True, metavar="SLUG")
    grant.add_argument("--role", required=True, choices=("admin", "hr", "officer"))
    whom = grant.add_mutually_exclusive_group(required=True)
    whom.add_argument("--person", metavar="ID")
    whom.add_argument("--link", action="store_true", help="print a one-time sign-in address")

    people = add("people import", commands.people_import, "Import the staff list.")
    records = add("records import", commands.records_import, "Import formal records.")
    for imported in (people, records):
        imported.add_argument("file", type=Path)
        imported.add_argument("--organisation", required=True, metavar="SLUG")
    erased = add("people erase", commands.people_erase, "Erase a person; their words become “withdrawn”.")
    erased.add_argument("id")
    erased.add_argument("--organisation", required=True, metavar="SLUG")
    code = add("people code", commands.people_code, "A one-use code by which somebody claims their staff number.")
    code.add_argument("number")
    code.add_argument("--organisation", required=True, metavar="SLUG")

    for name, run, about in (
        ("snapshot", commands.reports_snapshot, "Take the provisional figures of a quarter now."),
        ("freeze", commands.reports_freeze, "Fix the figures of a quarter that is over (default: the last one)."),
    ):
        report = add(f"reports {name}", run, about)
        report.add_argument("--organisation", required=True, metavar="SLUG")
        report.add_argument("--period", metavar="2026-Q4")

    client = add("api-client create", commands.api_client_create, "Make a client of the HR API.")
    client.add_argument("--organisation", required=True, metavar="SLUG")
    client.add_argument("--name", required=True)
    client.add_argument("--scope", required=True, action="append", nargs="+")

    clients = add("api-client list", commands.api_client_list, "List the clients of the HR API; never their secrets.")
    clients.add_argument("--organisation", required=True, metavar="SLUG")
    clients.add_argument("--json", action="store_true")
    gone = add("api-client remove", commands.api_client_remove, "Take a client away; its tokens stop at once.")
    gone.add_argument("client_id")
    gone.add_argument("--organisation", required=True, metavar="SLUG")

    seed = add("seed", commands.seed, "Made-up people and conversations, to see a full space.")
    seed.add_argument("--organisation", required=True, metavar="SLUG")
    seed.add_argument("--size", required=True, choices=("small", "medium", "large"))

    rotate = add("keys rotate", upkeep.keys_rotate, "Let the next key take over once every LMS can know it.")
    rotate.add_argument(
        "--now", action="store_true", help="a key leaked: replace all at once (some calls fail for an hour)"
    )

    doctor = add("doctor", upkeep.doctor, "Look at this installation and every LMS that is connected to it.")
    doctor.add_argument("--json", action="store_true")

    saved = add("backup", upkeep.backup, "Write everything to one file, while people go on.")
    saved.add_argument("file", type=Path, metavar="FILE")
    saved.add_argument("--force", action="store_true", help="replace the file when it is there")
    restored = add("restore", upkeep.restore, "Put a backup into an empty database.")
    restored.add_argument("file", type=Path, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
