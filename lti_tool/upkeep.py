"""What the `leerkring` commands do that keep a whole installation: its keys and its backups."""

from __future__ import annotations

import argparse
import sys

from lti_tool.commands import _cipher, _writing

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
