"""What a launch says that the LMS offers for its course: names and roles, grades, notices. Read with distrust.

An address counts only on a host of the platform itself: we will send a token there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.http import origin
from lti_tool.lms.operations import CourseServices
from lti_tool.lti.offer import NOTICES_SCOPE

NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
PNS = "https://purl.imsglobal.org/spec/lti/claim/platformnotificationservice"
_AGS_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"
LONGEST = 1000
CONTEXT_COPY = "LtiContextCopyNotice"


def read(body: Mapping[str, Any], hosts: Iterable[str], *, hosted_canvas: bool = False) -> CourseServices:
    """Read the claims. `hosts`: addresses on the hosts of the platform; others are as if they weren't there.
    `hosted_canvas`: its schools are below instructure.com."""
    known = {found for url in hosts if (found := origin(url).lower())}

    def address(claim: Mapping[str, Any], name: str) -> str:
        url = claim.get(name)
        if not isinstance(url, str) or not 0 < len(url) <= LONGEST or not url.isascii() or not url.isprintable():
            return ""
        host = origin(url).lower()
        ours = host in known or (hosted_canvas and host.startswith("https://") and host.endswith(".instructure.com"))
        if not ours or " " in url or "#" in url or "@" in urlsplit(url).netloc:
            return ""
        return url

    roster, grades, notices = (_object(body, name) for name in (NRPS, AGS, PNS))
    said = grades.get("scope")
    words = said if isinstance(said, list) else []
    scopes = {one for one in words if isinstance(one, str) and one.startswith(_AGS_SCOPE)}
    return CourseServices(
        memberships_url=address(roster, "context_memberships_url"),
        lineitems_url=address(grades, "lineitems"),
        lineitem_url=address(grades, "lineitem"),
        scopes=tuple(sorted(one for one in scopes if len(one) < 100))[:8],
        notices_url=address(notices, "platform_notification_service_url") if _tells_of_copies(notices) else "",
    )


def _tells_of_copies(notices: Mapping[str, Any]) -> bool:
    """Whether we may ask for notices, and a copied course is among them."""
    scopes, kinds = notices.get("scope"), notices.get("notice_types_supported")
    return isinstance(scopes, list) and NOTICES_SCOPE in scopes and isinstance(kinds, list) and CONTEXT_COPY in kinds


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}
