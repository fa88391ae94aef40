"""The JSON that Canvas makes a developer key of, where dynamic registration is not to be had.

As canvas-lms, doc/api/lti_dev_key_config.md, describes it.
"""

from __future__ import annotations

from typing import Any

from lti_tool.lti import offer


def as_json(
    addresses: offer.Addresses, *, names: bool, emails: bool, roster: bool, grades: bool, language: str = "nl"
) -> dict[str, Any]:
    """All of it. It changes with no request and no row, so that a Canvas that reads it again finds the same."""
    return {
        "title": offer.TITLE,
        "description": offer.DESCRIPTION[language],
        "oidc_initiation_url": addresses.login,
        "target_link_uri": addresses.launch,
        "redirect_uris": [addresses.launch],
        "scopes": offer.scopes_of(roster=roster, grades=grades),
        "public_jwk_url": addresses.jwks,
        "custom_fields": dict(offer.CANVAS_CUSTOM),
        "extensions": [
            {
                "domain": addresses.domain,
                "tool_id": offer.TOOL_ID,
                "platform": "canvas.instructure.com",
                "privacy_level": offer.privacy_level(names=names, emails=emails),
                "settings": {
                    "text": offer.TITLE,
                    "icon_url": addresses.icon,
                    "selection_width": offer.FRAME_WIDTH,
                    "selection_height": offer.FRAME_HEIGHT,
                    "placements": [_placement(one, addresses, language) for one in offer.PLACEMENTS],
                },
            }
        ],
    }


def _placement(placement: offer.Placement, addresses: offer.Addresses, language: str) -> dict[str, Any]:
    """One spot. A deep link must say so: link and assignment selection choose contents."""
    made: dict[str, Any] = {
        "placement": placement.name,
        "message_type": placement.message,
        "target_link_uri": addresses.launch,
        "text": placement.labels[language],
        "labels": dict(placement.labels),
        "icon_url": addresses.icon,
        "enabled": True,
    }
    if placement.message == offer.PICK:
        made |= {"selection_width": offer.FRAME_WIDTH, "selection_height": offer.FRAME_HEIGHT}
    else:
        made["display_type"] = "full_width_in_context"
    if placement.custom:
        made["custom_fields"] = dict(placement.custom)
    if placement.visibility:
        made["visibility"] = placement.visibility
    if placement.hidden_at_first:
        made["default"] = "disabled"
    return made
