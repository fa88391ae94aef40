"""What each `leerkring` command does. Commands that only store never contact a platform.

Each imports what it needs when it runs: `leerkring --help` must not load a web server.
"""

from __future__ import annotations

import argparse
import json
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lti_tool.db import Database, Session
    from lti_tool.organisations.queries import OrganisationRow
    from lti_tool.settings import Settings


class Wrong(Exception):
    """Wrong input. The message is a sentence for the person at the keyboard."""


def demo(options: argparse.Namespace) -> int:
    from lti_tool.demo.start import run

    return run(options.data, options.port)


def serve(options: argparse.Namespace) -> int:
    from lti_tool.serve import run

    return run(_settings(), bind=options.bind, workers=options.workers, threads=options.threads)


def worker(options: argparse.Namespace) -> int:
    from lti_tool.serve import work

    return work(_settings(), threads=options.threads)


def db_upgrade(_options: argparse.Namespace) -> int:
    from lti_tool.db import migrations

    database = _database(_settings())
    migrations.upgrade(database.engine)
    print(f"revision: {migrations.head()}")
    return 0


def db_check(_options: argparse.Namespace) -> int:
    from lti_tool.db import migrations

    database = _database(_settings())
    with database.reading() as db:
        current = migrations.current(db.connection())
    print(f"revision: {current or 'none'}\nneeded: {migrations.head()}")
    return 0 if current == migrations.head() else 1


def organisation_add(options: argparse.Namespace) -> int:
    from lti_tool.organisations import operations

    with _writing() as (db, now, _):
        made = operations.add_organisation(db, slug=options.slug, name=options.name, now=now)
    print(f"organisation: {options.slug}\nid: {made}")
    return 0


def network_add(options: argparse.Namespace) -> int:
    from lti_tool.organisations import networks

    with _writing() as (db, now, _):
        made = networks.add_network(db, slug=options.slug, name=options.name, now=now)
    print(f"network: {options.slug}\nid: {made}")
    return 0


def network_join(options: argparse.Namespace) -> int:
    from sqlalchemy import select

    from lti_tool.organisations import networks
    from lti_tool.organisations.models import Network

    with _writing() as (db, now, _):
        organisation = _organisation(db, options.organisation)
        network_id = db.scalar(select(Network.id).where(Network.slug == options.slug))
        if network_id is None:
            raise Wrong(f"There is no network called {options.slug}.")
        networks.join_network(db, network_id, organisation.id, now=now)
    print(f"network: {options.slug}\norganisation: {options.organisation}")
    return 0


def platform_add(options: argparse.Namespace) -> int:
    from lti_tool.organisations import keys, operations
    from lti_tool.organisations.addresses import Reach

    new = operations.NewPlatform(
        organisation=options.organisation,
        name=options.name,
        issuer=options.issuer,
        client_id=options.client_id,
        auth_url=options.auth_url,
        token_url=options.token_url,
        jwks_url=options.jwks_url,
        deployment_ids=tuple(options.deployment_id),
        product=options.product,
    )
    with _writing() as (db, now, settings):
        made = operations.add_platform(db, new, now=now, reach=Reach.of(settings))
        keys.ensure_key(db, _cipher(settings), now=now)
    print(f"platform: {made}")
    print(f"login_url: {settings.base_url}/lti/login")
    print(f"launch_url: {settings.base_url}/lti/launch")
    print(f"jwks_url: {settings.base_url}/lti/jwks")
    return 0


def platform_list(options: argparse.Namespace) -> int:
    from lti_tool.organisations import queries

    with _database(_settings()).reading() as db:
        platforms = queries.platforms(db)
    rows = [
        {
            "id": str(platform.id),
            "organisation": platform.organisation,
            "name": platform.name,
            "issuer": platform.issuer,
            "client_id": platform.client_id,
            "product": platform.product,
            "deployments": [
                {"deployment_id": deployment.deployment_id, "accepted": deployment.accepted}
                for deployment in platform.deployments
            ],
        }
        for platform in platforms
    ]
    if options.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    for row in rows:
        for name, value in row.items():
            if name != "deployments":
                print(f"{name}: {value}")
        for deployment in row["deployments"]:
            state = "accepted" if deployment["accepted"] else "waiting"  # type: ignore[index]
            print(f"deployment: {deployment['deployment_id']} ({state})")  # type: ignore[index]
        print()
    return 0


def platform_accept(options: argparse.Namespace) -> int:
    from lti_tool.organisations import operations

    with _writing() as (db, now, _):
        operations.accept_deployment(db, _uuid(options.platform), options.deployment_id, now=now)
    print(f"deployment: {options.deployment_id} (accepted)")
    return 0


def invite(options: argparse.Namespace) -> int:
    from lti_tool.lti.offer import Addresses
    from lti_tool.organisations import registration

    with _writing() as (db, now, settings):
        code = registration.make_code(db, _organisation(db, options.organisation).id, now=now)
    print(f"code: {code}")
    print(f"register_url: {Addresses(settings.base_url).register}")
    print(f"valid_until: {now + registration.CODE_LIFE:%Y-%m-%dT%H:%MZ}")
    return 0


def grant(options: argparse.Namespace) -> int:
    from lti_tool.people import operations

    with _writing() as (db, now, settings):
        organisation = _organisation(db, options.organisation)
        if options.link:
            token = operations.grant_by_link(db, organisation.id, options.role, now=now)
            print(f"link: {settings.base_url}/signin/{token}")
            return 0
        try:
            operations.grant(db, organisation.id, options.role, _uuid(options.person), now=now, by=None)
        except LookupError as error:
            raise Wrong(f"Nothing was granted: {error}.") from None
    print(f"person: {options.person}\nrole: {options.role}")
    return 0


def people_import(options: argparse.Namespace) -> int:
    from lti_tool.people.staff_list import import_staff

    return _import_file(options, import_staff)


def records_import(options: argparse.Namespace) -> int:
    from lti_tool.record.imports import import_records

    return _import_file(options, import_records)


def _import_file(options: argparse.Namespace, do: Callable[..., Any]) -> int:
    try:
        file = options.file.open("rb")
    except OSError as error:
        raise Wrong(f"{options.file} can't be read: {error.strerror}.") from None
    with file, _writing() as (db, now, _):
        organisation = _organisation(db, options.organisation)
        try:
            result = do(db, organisation.id, file, now=now)
        except ValueError as error:
            raise Wrong(str(error)) from None
    print(f"added: {result.added}\nchanged: {result.changed}\nunchanged: {result.unchanged}")
    print(f"refused: {result.refused}")
    if left_alone := getattr(result, "left_alone", 0):
        print(f"left_alone: {left_alone}")  # in the list, not in the file; only `end` ends a contract
    for problem in result.problems:
        print(f"line {problem.line}, {problem.column}: {problem.value!r}: {problem.sentence}", file=sys.stderr)
    return 1 if result.refused else 0


def people_code(options: argparse.Namespace) -> int:
    from lti_tool.people import operations

    with _writing() as (db, now, _):
        organisation = _organisation(db, options.organisation)
        code = operations.make_staff_code(db, organisation.id, options.number, now=now)
    if code is None:
        raise Wrong(f"The staff list of {options.organisation} has no number {options.number}.")
    print(f"code: {code}")
    return 0


def people_erase(options: argparse.Namespace) -> int:
    from lti_tool.rights import operations

    with _writing() as (db, now, settings):
        organisation = _organisation(db, options.organisation)
        try:
            operations.erase(db, settings.secret_key, _uuid(options.id), organisation.id, now=now)
        except LookupError as error:
            raise Wrong(f"Nothing was erased: {error}.") from None
    print(f"erased: {options.id}")
    return 0


def reports_snapshot(options: argparse.Namespace) -> int:
    from lti_tool.reports import operations

    return _report(options, operations.take_snapshot, "provisional")


def reports_freeze(options: argparse.Namespace) -> int:
    from lti_tool.reports import operations

    return _report(options, operations.freeze, "frozen")


def _report(options: argparse.Namespace, do: Callable[..., Any], status: str) -> int:
    from lti_tool.activity.quarters import Quarter
    from lti_tool.web.language import local

    with _writing() as (db, now, settings):
        organisation = _organisation(db, options.organisation)
        running = Quarter.of(local(now).date())
        period = options.period or str(running if status == "provisional" else running.previous)
        try:
            do(db, settings, organisation.id, period, now=now)
        except ValueError as error:
            raise Wrong(str(error)) from None
    print(f"period: {period}\nstatus: {status}")
    return 0


def api_client_create(options: argparse.Namespace) -> int:
    from lti_tool.reports import operations

    scopes = [scope for given in options.scope for scope in given]
    with _writing() as (db, now, _):
        organisation = _organisation(db, options.organisation)
        try:
            client_id, secret = operations.create_client(db, organisation.id, options.name, scopes, now=now)
        except ValueError as error:
            raise Wrong(str(error)) from None
    print(f"client_id: {client_id}\nclient_secret: {secret}")
    return 0


def api_client_list(options: argparse.Namespace) -> int:
    from lti_tool.reports import queries

    with _writing() as (db, _, _settings):
        clients = queries.clients(db, _organisation(db, options.organisation).id)
    if options.json:
        print(json.dumps(clients, ensure_ascii=False, indent=2))
        return 0
    for client in clients:
        print("\n".join(f"{name}: {value}" for name, value in client.items()) + "\n")
    return 0


def api_client_remove(options: argparse.Namespace) -> int:
    from lti_tool.reports import operations

    with _writing() as (db, now, _):
        organisation = _organisation(db, options.organisation)
        removed = operations.remove_client(db, organisation.id, options.client_id, now=now)
    if not removed:
        raise Wrong(f"{options.organisation} has no client {options.client_id}. See `leerkring api-client list`.")
    print(f"removed: {options.client_id}")
    return 0


def seed(options: argparse.Namespace) -> int:
    from lti_tool.demo.sizes import SIZES, seed

    with _writing() as (db, now, _):
        organisation = _organisation(db, options.organisation)
        made = seed(db, organisation.id, SIZES[options.size], now=now)
    print(f"space: {made.space}\npeople: {made.people}\nconversations: {made.conversations}\nposts: {made.posts}")
    return 0


def _settings() -> Settings:
    from lti_tool import settings

    return settings.load()


def _database(settings: Settings) -> Database:
    import lti_tool
    from lti_tool.db import Database

    lti_tool.load_models()
    if not settings.database_url:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    return Database(settings.database_address)


@contextmanager
def _writing() -> Iterator[tuple[Session, Any, Settings]]:
    """One write transaction on a database of the right shape, the time, and the settings."""
    from lti_tool.db import migrations
    from lti_tool.organisations.addresses import WrongInput
    from lti_tool.web.runtime import system_clock

    settings = _settings()
    database = _database(settings)
    with database.reading() as db:
        current = migrations.current(db.connection())
    if current is None:
        migrations.upgrade(database.engine)
    elif current != migrations.head():
        raise Wrong("The database has the shape of another version. Run `leerkring db upgrade` first.")
    try:
        with database.writing() as db:
            yield db, system_clock(), settings
    except WrongInput as error:
        raise Wrong(str(error)) from None
    finally:
        database.dispose()


def _cipher(settings: Settings) -> Any:
    from lti_tool.db.encryption import Cipher

    return Cipher(settings.encryption_key)


def _organisation(db: Session, slug: str) -> OrganisationRow:
    from lti_tool.organisations import queries

    found = queries.organisation_by_slug(db, slug)
    if found is None:
        raise Wrong(f"There is no organisation called {slug}. Add it with `leerkring organisation add`.")
    return found


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Wrong(f"{text!r} is not an id. Copy it as it was printed.") from None
