"""Talking to the services of an LMS (names and roles, scores): tokens, paging, errors.

pylti1p3 asks a new token for every call or mixes those of two tenants, follows only links that are quoted as it
likes, and raises whatever happens. Here tokens are rows, kept per platform, host and scopes.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from pylti1p3.exception import LtiServiceException
from pylti1p3.registration import Registration
from pylti1p3.service_connector import ServiceConnector, TServiceConnectorResponse
from requests.utils import parse_header_links
from sqlalchemy import delete, select

from connectors.http import BrokenAnswer, Http, checked, json_of, origin
from lti_tool.db import Database, insert, new_id
from lti_tool.db.database import in_write_transaction
from lti_tool.db.encryption import Cipher, WrongKey
from lti_tool.lms.models import ServiceToken
from lti_tool.organisations import keys
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.models import Platform

MARGIN = timedelta(seconds=60)
"""A token is not used in its last minute: the clocks of two machines differ."""
LONGEST = timedelta(hours=1)
MAX_PAGES = 500


@dataclass(frozen=True)
class ServicePlatform:
    """What matters of a platform to its services."""

    id: uuid.UUID
    issuer: str
    client_id: str
    token_url: str
    product: str


class ToolRegistration(Registration):
    """A registration that signs with the tool's own key, whose id is ours."""

    def __init__(self, platform: ServicePlatform, key: keys.SigningKey) -> None:
        self.set_issuer(platform.issuer).set_client_id(platform.client_id)
        self.set_auth_token_url(platform.token_url).set_tool_private_key(key.pem)
        self._kid = key.kid

    def get_kid(self) -> str:
        """The id under which `/lti/jwks` publishes it."""
        return self._kid


def services(
    database: Database, platform_id: uuid.UUID, *, cipher: Cipher, reach: Reach, clock: Callable[[], datetime]
) -> Services:
    """The services of a platform. Raises `LookupError` when there is no such platform, it is switched off, or
    the tool has no key."""
    with database.reading() as db:
        columns = (Platform.id, Platform.issuer, Platform.client_id, Platform.token_url, Platform.product)
        on = (Platform.id == platform_id, Platform.switched_off_at.is_(None))
        row = db.execute(select(*columns).where(*on)).first()
        key = keys.signing_key(db, cipher, now=clock())
    if row is None or key is None:
        raise LookupError("no such platform, it is switched off, or no key yet")
    http = Http(address_guard=reach.allows, in_write_transaction=in_write_transaction)
    return Services(database, ServicePlatform(*row), key, cipher=cipher, http=http, clock=clock)


class Services(ServiceConnector):
    """The library's connector with tokens in the database. Not to be used inside a write transaction, nor by two
    threads at once. Everything it does raises a `connectors.http.ConnectorError`."""

    def __init__(
        self,
        database: Database,
        platform: ServicePlatform,
        key: keys.SigningKey,
        *,
        cipher: Cipher,
        http: requests.Session,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(ToolRegistration(platform, key), http)
        self._database = database
        self._platform = platform
        self._cipher = cipher
        self._clock = clock

    def get_access_token(self, scopes: Sequence[str], service_url: str = "") -> str:
        """A token for these scopes, kept or new."""
        self._registration.set_auth_token_url(self._token_url(service_url))
        try:
            return super().get_access_token(scopes)
        except LtiServiceException as error:
            json_of(error.response)  # raises what the status means, or that it is no JSON
            raise BrokenAnswer("the token answer could not be read") from None
        except (KeyError, TypeError, AttributeError):
            raise BrokenAnswer("the answer holds no token") from None

    def fresh_access_token(self, scopes: Sequence[str]) -> str:
        """A token that the platform gives now, whatever is kept: it proves that it can read our key."""
        self._registration.set_auth_token_url(self._token_url(""))
        self._forget(scopes)
        return self.get_access_token(scopes)

    def _token_url(self, service_url: str) -> str:
        """Hosted Canvas gives tokens on the host that the service is on, which varies by user."""
        registered = urlsplit(self._platform.token_url)
        if self._platform.product != "canvas" or not origin(service_url):
            return self._platform.token_url
        asked = urlsplit(service_url)
        return urlunsplit((asked.scheme, asked.netloc, registered.path, registered.query, ""))

    def _scope_key(self, scopes: Iterable[str]) -> str:
        return hashlib.sha256("\n".join(sorted(scopes)).encode()).hexdigest()

    def _mine(self, scope_key: str) -> tuple[Any, ...]:
        return (
            ServiceToken.platform_id == self._platform.id,
            ServiceToken.host == self._host(),
            ServiceToken.scopes_hash == bytes.fromhex(scope_key),
        )

    def _host(self) -> str:
        return origin(self._registration.get_auth_token_url() or "")

    def _get_cached_access_token(self, scope_key: str) -> str | None:
        query = select(ServiceToken.id, ServiceToken.token).where(
            *self._mine(scope_key), ServiceToken.expires_at > self._clock() + MARGIN
        )
        with self._database.reading() as db:
            row = db.execute(query).first()
        if row is None:
            return None
        try:
            return self._cipher.decrypt(row.token, table="service_token", row=row.id, column="token").decode()
        except WrongKey:
            return None

    def _cache_access_token(self, scope_key: str, access_token: str, expires_in: Any) -> None:
        if not isinstance(access_token, str) or not access_token:
            raise BrokenAnswer("the answer holds no token")
        try:
            life = min(timedelta(seconds=float(expires_in)), LONGEST)
        except (TypeError, ValueError, OverflowError):
            life = timedelta(0)
        now, row = self._clock(), new_id(self._clock())
        token = self._cipher.encrypt(access_token.encode(), table="service_token", row=row, column="token")
        mine = {"platform_id": self._platform.id, "host": self._host(), "scopes_hash": bytes.fromhex(scope_key)}
        with self._database.writing() as db:
            db.execute(delete(ServiceToken).where(*self._mine(scope_key)))
            if life > MARGIN:
                fresh = insert(db, ServiceToken).values(id=row, token=token, expires_at=now + life, **mine)
                db.execute(fresh.on_conflict_do_nothing())

    def _forget(self, scopes: Sequence[str]) -> None:
        with self._database.writing() as db:
            db.execute(delete(ServiceToken).where(*self._mine(self._scope_key(scopes))))

    def make_service_request(
        self,
        scopes: Sequence[str],
        url: str,
        *,
        is_post: bool = False,
        data: str | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        case_insensitive_headers: bool = False,
        is_put: bool = False,
    ) -> TServiceConnectorResponse:
        """One request. A token that the platform no longer takes is dropped and asked for once more."""
        headers = {"Accept": accept} | ({"Content-Type": content_type} if is_post or is_put else {})

        def send() -> requests.Response:
            bearer = {"Authorization": f"Bearer {self.get_access_token(scopes, url)}"}
            if is_put:
                return self._requests_session.put(url, data=data or None, headers=headers | bearer)
            if is_post:
                return self._requests_session.post(url, data=data or None, headers=headers | bearer)
            return self._requests_session.get(url, headers=headers | bearer)

        response = send()
        if response.status_code == 401:
            self._forget(scopes)
            response = send()
        checked(response)
        body = json_of(response) if response.content else None
        return {
            "headers": response.headers if case_insensitive_headers else dict(response.headers),
            "body": body,
            "next_page_url": next_page(response),
        }

    def get_paginated_data(
        self, scopes: Sequence[str], url: str | None, *args: Any, **kwargs: Any
    ) -> Generator[TServiceConnectorResponse]:
        """All pages. A page that points back, elsewhere or ever onwards is a broken answer, not an endless loop."""
        seen: set[str] = set()
        home = origin(url or "")
        while url:
            if url in seen or len(seen) >= MAX_PAGES:
                raise BrokenAnswer(f"the pages of {home} don't end")
            if origin(url) != home:
                raise BrokenAnswer(f"the next page of {home} is on another host")
            seen.add(url)
            response = self.make_service_request(scopes, url, *args, **kwargs)
            yield response
            url = response["next_page_url"]


def next_page(response: requests.Response) -> str | None:
    """The next page as the `Link` header names it, in its own case (Canvas's bookmarks need that). Moodle writes
    typographic quotes and `&amp;` (mod/lti/service/gradebookservices/classes/local/resources/lineitems.php)."""
    header = re.sub(r"[^\x20-\x7e]+", '"', response.headers.get("Link", "")).replace("&amp;", "&")
    for link in parse_header_links(header) if header.strip() else []:
        if link.get("rel", "").lower() == "next":
            return str(link["url"])
    return None


__all__ = ["ServicePlatform", "Services", "next_page", "services"]
