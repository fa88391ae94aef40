"""What the `leerkring` commands do that keep a whole installation: its keys, its backups and its health."""

from __future__ import annotations

import argparse
import sys

from lti_tool.commands import Wrong, _cipher, _database, _settings, _writing

LEAKED = """\
Every key that this tool had is gone from its key set. What that breaks:
- An LMS that keeps our key set (most do so for an hour) refuses lists of participants, results and placing links
  until it fetches it again. Launches go on.
- Until then it also still trusts the key that leaked. An LMS with an emptied cache no longer does.
Who could read our keys also had LEERKRING_ENCRYPTION_KEY and the database: see what else was in there."""


def keys_rotate(options: argparse.Namespace) -> int:
    """Let the next key take over; with `--now` drop all that we had."""
    from lti_tool.organisations import keys

    with _writing() as (db, now, settings):
        rotation = keys.rotate_keys(db, _cipher(settings), now=now, at_once=options.now)
    print(f"kid: {rotation.kid}\nsigns_from: {rotation.signs_from:%Y-%m-%dT%H:%M:%SZ}")
    if options.now:
        print(LEAKED, file=sys.stderr)
    elif not rotation.begun:
        print("A rotation is under way already; nothing was changed.", file=sys.stderr)
    return 0


KEEP_SAFE = """\
This file holds names, words and figures of people: keep it as safe as the database itself. Keep
LEERKRING_ENCRYPTION_KEY and LEERKRING_SECRET_KEY somewhere else: without them it can't be restored."""

RESTORED = """\
Before you let people in:
- Everybody comes in anew. Sign-in links, registration codes and other one-use codes did not come along: make new ones.
- Who was erased after this backup was made is back: erase them again (`leerkring people erase`).
- If keys leaked after it was made, run `leerkring keys rotate --now` again."""

OTHER_INSTALLATION = """\
LEERKRING_SECRET_KEY is not the one of the installation that this backup comes from. Set that one before you start:
with another one the figures of this year count people twice who took part before and after."""


def backup(options: argparse.Namespace) -> int:
    """Write everything that is to be kept to one file."""
    from lti_tool.db import backup
    from lti_tool.db.backup_format import BackupError
    from lti_tool.web.runtime import system_clock

    settings = _settings()
    database = _database(settings)
    secrets = {"cipher": _cipher(settings), "secret_key": settings.secret_key}
    try:
        made = backup.write(database, options.file, now=system_clock(), force=options.force, **secrets)
    except BackupError as error:
        raise Wrong(str(error)) from None
    finally:
        database.dispose()
    print(f"file: {options.file}\nrevision: {made.revision}\ntables: {made.tables}")
    print(f"rows: {made.rows}\nbytes: {made.bytes}")
    print(KEEP_SAFE, file=sys.stderr)
    return 0


def restore(options: argparse.Namespace) -> int:
    """Put a backup into an empty database."""
    from lti_tool.db.backup_format import BackupError
    from lti_tool.db.restore import restore

    settings = _settings()
    database = _database(settings)
    try:
        done = restore(database, options.file, cipher=_cipher(settings), secret_key=settings.secret_key)
    except BackupError as error:
        raise Wrong(str(error)) from None
    finally:
        database.dispose()
    print(f"made_at: {done.made_at:%Y-%m-%dT%H:%M:%SZ}\nversion: {done.version}")
    print(f"revision: {done.revision}\nrows: {done.rows}")
    print(RESTORED if done.same_secret_key else f"{OTHER_INSTALLATION}\n{RESTORED}", file=sys.stderr)
    return 0


_MARKS = {"done": "✓", "fault": "✗", "wait": "…"}


def doctor(options: argparse.Namespace) -> int:
    """Look at this installation and every LMS. Status 1 when something is wrong."""
    import json
    from dataclasses import asdict

    from lti_tool.admin.doctor import examine

    found = examine()
    ill = any(one.state == "fault" for one in found)
    if options.json:
        print(json.dumps({"ok": not ill, "checks": [asdict(one) for one in found]}, ensure_ascii=False, indent=2))
        return int(ill)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal that knows no ticks
    about = ""
    for one in found:
        if one.about != about:
            about = one.about
            print(f"\n{about}" if one is not found[0] else about)
        print(f"  {_MARKS[one.state]} {one.text}" + (f" [{one.code}]" if one.code else ""))
        if one.todo and one.state != "done":
            print(f"      {one.todo}")
    return int(ill)
