"""How often a program may ask for a token: enough for any, too little to keep the database busy.

Counted per client and address, so that nobody else's tries shut a client out; what no client has for an id counts
together per address. Launches don't come by here: a hospital behind one address is not slowed down.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from sqlalchemy import case, delete, exists, select

from lti_tool.db import Session, insert
from lti_tool.reports.models import ApiClient, TokenAsk

MOST = 30
PER = timedelta(minutes=1)


def ask(db: Session, client_id: str, address: str, *, secret_key: str, now: datetime) -> timedelta | None:
    """Count one request for a token. None when it may go on, else how long to wait."""
    known = "\0" not in client_id and db.scalar(select(exists().where(ApiClient.client_id == client_id)))
    # Keyed: an address is soon found by trying them all.
    who = hmac.new(secret_key.encode(), f"{client_id if known else ''} {address}".encode(), hashlib.sha256).digest()
    begins = now - PER
    fresh = TokenAsk.begun_at <= begins
    count = insert(db, TokenAsk).values(who=who, begun_at=now, asks=1)
    count = count.on_conflict_do_update(
        index_elements=["who"],
        set_={
            "begun_at": case((fresh, now), else_=TokenAsk.begun_at),
            "asks": case((fresh, 1), else_=TokenAsk.asks + 1),
        },
    )
    row = db.execute(count.returning(TokenAsk.begun_at, TokenAsk.asks)).one()
    if row.asks <= MOST:
        return None
    begun_at: datetime = row.begun_at
    return max(timedelta(seconds=1), PER - (now - begun_at))


def clear(db: Session, *, now: datetime) -> None:
    """Forget who asked, as soon as it is of no use."""
    db.execute(delete(TokenAsk).where(TokenAsk.begun_at <= now - PER))
