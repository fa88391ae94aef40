"""What a platform says in its tokens, in the way of Moodle 4.5 or of Canvas, and how it fills in custom fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from lti_tool.demo.shapes import (
    DEEP_LINKING,
    INSTRUCTOR,
    LEARNER,
    LINE_ITEMS,
    LINE_ITEMS_READ,
    LTI,
    NOTICES,
    RESULTS,
    ROSTER,
    SCORES,
    SPEC,
    Picking,
    Visit,
)

if TYPE_CHECKING:
    from lti_tool.demo.platform import Platform

GRADING = frozenset({LINE_ITEMS, LINE_ITEMS_READ, RESULTS, SCORES})
_IN_CANVAS = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"


def id_token(platform: Platform, visit: Visit, nonce: str) -> dict[str, Any]:
    """The claims of a launch or of a picking."""
    now = int(platform.clock().timestamp())
    claims: dict[str, Any] = {
        "nonce": nonce,
        "iat": now,
        "exp": now + platform.token_life,
        "iss": platform.issuer,
        "aud": visit.tool.client_id,
        "sub": platform.subject(visit.user),
        LTI + "deployment_id": visit.tool.deployment_id,
        LTI + "target_link_uri": visit.target_link_uri,
        LTI + "version": "1.3.0",
        LTI + "roles": _roles(platform, visit),
        LTI + "tool_platform": {
            "guid": f"guid-of-{platform.name}",
            "name": platform.name,
            "version": "cloud" if platform.is_canvas else "1",
            "product_family_code": platform.product,
        },
        LTI + "custom": custom(platform, visit),
        **personal(platform, visit),
        **_message(visit),
        **services(platform, visit),
    }
    presentation = claims.setdefault(LTI + "launch_presentation", {"locale": visit.user.locale})
    if visit.return_url:
        presentation["return_url"] = visit.return_url
    if visit.course:
        course = visit.course
        claims[LTI + "context"] = {
            "id": course.id,
            "label": course.label,
            "title": course.title,
            "type": [course.kind],
        }
    if platform.is_canvas:
        claims["azp"] = visit.tool.client_id
        claims["locale"] = visit.user.locale
        claims["https://www.instructure.com/placement"] = visit.placement or None
    return claims


def personal(platform: Platform, visit: Visit) -> dict[str, Any]:
    """Who it is, as far as the tool may know. In Canvas the staff number goes with the name."""
    user, tool = visit.user, visit.tool
    names = {"name": user.name, "given_name": user.given_name, "family_name": user.family_name}
    said: dict[str, Any] = {
        **({name: value for name, value in names.items() if value} if tool.names else {}),
        **({"email": user.email} if tool.emails and user.email else {}),
    }
    if user.staff_number and (tool.names or not platform.is_canvas):
        said[LTI + "lis"] = {"person_sourcedid": user.staff_number}
    return said


def _roles(platform: Platform, visit: Visit) -> list[str]:
    """Canvas adds what somebody is anywhere in the institution."""
    if not platform.is_canvas:
        return list(visit.roles)
    also = {LEARNER: _IN_CANVAS + "Student", INSTRUCTOR: _IN_CANVAS + "Instructor"}
    return [*visit.roles, *(also[role] for role in visit.roles if role in also)]


def _message(visit: Visit) -> dict[str, Any]:
    if visit.picking is None:
        return {
            LTI + "message_type": "LtiResourceLinkRequest",
            LTI + "resource_link": {
                "id": visit.link.id,
                "title": visit.link.title,
                "description": visit.link.description,
            },
            LTI + "launch_presentation": {"locale": visit.user.locale, "document_target": "iframe"},
        }
    return {
        LTI + "message_type": "LtiDeepLinkingRequest",
        DEEP_LINKING + "deep_linking_settings": _settings(visit.picking),
    }


def _settings(picking: Picking) -> dict[str, Any]:
    return {
        "accept_types": list(picking.accept_types),
        "accept_presentation_document_targets": ["frame", "iframe", "window"],
        "accept_multiple": picking.multiple,
        "auto_create": picking.auto_create,
        "deep_link_return_url": picking.return_url,
        **({"data": picking.data} if picking.data else {}),
        **({"title": picking.title} if picking.title else {}),
        **({"text": picking.text} if picking.text else {}),
    }


def services(platform: Platform, visit: Visit) -> dict[str, Any]:
    """The claims of the services that the tool may use in this course."""
    granted = frozenset(visit.tool.scopes or ())
    if visit.course is None or not granted:
        return {}
    course, said = visit.course.id, {}
    if ROSTER in granted:
        said[SPEC + "lti-nrps/claim/namesroleservice"] = {
            "context_memberships_url": platform.members_url(course),
            "service_versions": ["1.0", "2.0"],
        }
    if granted & GRADING:
        endpoint: dict[str, Any] = {
            "scope": sorted(granted & GRADING),
            "lineitems": platform.line_items_url(course, visit.tool),
        }
        room = platform.rooms.get(course)
        mine = list(room.items_of(visit.link.id)) if room and visit.picking is None else []
        if len(mine) == 1:
            endpoint["lineitem"] = platform.line_item_url(course, mine[0].number, visit.tool)
        said[SPEC + "lti-ags/claim/endpoint"] = endpoint
    if NOTICES in granted and platform.is_canvas:
        said[LTI + "platformnotificationservice"] = {
            "service_versions": ["1.0"],
            "platform_notification_service_url": platform.notices_url(visit.tool),
            "scope": [NOTICES],
            "notice_types_supported": ["LtiHelloWorldNotice", "LtiContextCopyNotice"],
        }
    return said


def custom(platform: Platform, visit: Visit) -> dict[str, Any]:
    """Custom fields of the tool and of the link, with variables filled in. One that this platform doesn't know stays
    as it was typed; one that it knows and has nothing for is null in Moodle, and stays in Canvas."""
    known = _variables(platform, visit)
    said: dict[str, Any] = {}
    for name, typed in {**visit.tool.custom, **visit.link.custom}.items():
        variable = typed[1:] if typed.startswith("$") else None
        if variable in known:
            said[name] = known[variable] if known[variable] is not None or not platform.is_canvas else typed
        else:
            said[name] = typed
    return said


def _variables(platform: Platform, visit: Visit) -> dict[str, str | None]:
    user, course = visit.user, visit.course
    room = platform.rooms.get(course.id) if course else None
    link = None if visit.picking else visit.link
    known: dict[str, str | None] = {
        "User.id": platform.subject(user),
        "Person.sourcedId": user.staff_number or ("" if not platform.is_canvas else None),
        "Person.address.timezone": "Europe/Amsterdam",
        "Context.id": course.id if course else None,
        "Context.title": course.title if course else None,
        "Context.id.history": _history(room.history) if room else None,
        "ResourceLink.id": link.id if link else None,
        "ResourceLink.title": link.title if link else None,
    }
    if platform.product != "moodle":
        known["ResourceLink.id.history"] = _history(link.history) if link else None
    if platform.is_canvas:
        known["Canvas.user.id"] = str(int(platform.hint(user)[:8], 16))
        known["Canvas.course.id"] = course.id if course else None
        known["Canvas.api.domain"] = urlsplit(platform.issuer).netloc
        known["Canvas.masqueradingUser.id"] = None
    return known


def _history(ids: tuple[str, ...]) -> str:
    return ",".join(quote(one, safe="") for one in ids)
