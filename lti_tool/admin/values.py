"""Every value that an LMS asks for, under the name that it gives the field. The values are `lti.offer`'s."""

from __future__ import annotations

from dataclasses import dataclass

from lti_tool.lti.offer import TITLE, Addresses, custom_of
from lti_tool.web.language import lazy

_TOOK_PART = lazy("Uit. Alleen aan als deelnemers hun deelname in de cursus mogen laten bevestigen.")
"""At the service for grades: we give none, but pass on that somebody took part."""
_NO_GRADES = lazy("“Nooit” (Never), tenzij deelnemers hun deelname in de cursus mogen laten bevestigen.")
_CANVAS_SERVICES = lazy(
    "De deelnemerslijst, als trekkers aantallen mogen zien. Cijfers alleen om deelname te bevestigen."
)


@dataclass(frozen=True)
class Value:
    """A field of an LMS, and what to type there. `nl`: what the field is called in Dutch, when we know."""

    en: str
    value: str
    nl: str = ""


@dataclass(frozen=True)
class Choice:
    """A choice of an LMS, with what to choose and why."""

    en: str
    choose: lazy
    nl: str = ""


@dataclass(frozen=True)
class Sheet:
    """All of one LMS, and what it gives back."""

    values: tuple[Value, ...]
    choices: tuple[Choice, ...] = ()
    back: tuple[str, ...] = ()
    """What it shows afterwards, for the form of the console; the LMS's words."""


def sheet(key: str, addresses: Addresses) -> Sheet:
    """The sheet of a guide (`guides.BY_KEY`)."""
    make = {
        "moodle": _moodle,
        "moodle-old": _moodle,
        "canvas": _canvas,
        "canvas-json": _canvas,
        "blackboard": _blackboard,
        "brightspace": _brightspace,
        "sakai": _sakai,
        "openedx": _openedx,
    }.get(key, _other)
    return make(addresses)


def _custom(product: str) -> str:
    return "\n".join(f"{name}={value}" for name, value in custom_of(product).items())


def _moodle(at: Addresses) -> Sheet:
    # Names: mod/lti/edit_form.php and the language packs en and nl of mod_lti.
    return Sheet(
        (
            Value("Tool name", TITLE, "Tool-naam"),
            Value("Tool URL", at.launch, "Tool-URL"),
            Value("LTI version", "LTI 1.3", "LTI-versie"),
            Value("Public key type", "Keyset URL (Sleutelset-URL)", "Type openbare sleutel"),
            Value("Public keyset", at.jwks, "Openbare sleutelset"),
            Value("Initiate login URL", at.login, "Inlog-URL initiëren"),
            Value("Redirection URI(s)", at.launch, "Redirect URI('s)"),
            Value("Custom parameters", _custom("moodle"), "Eigen parameters"),
            Value("Content Selection URL", at.launch, "Toestemmingsselectie-URL"),
            Value("Icon URL", at.icon, "URL icoontje"),
        ),
        (
            Choice(
                "Default launch container",
                lazy("“Embed, zonder blokken” (Embed, without blocks)."),
                "Standaard lanceringscontainer",
            ),
            Choice(
                "Supports Deep Linking (Content-Item Message)",
                lazy("Aan. Dan kiest een docent een ruimte zonder iets over te typen."),
                "Ondersteunt Deep Linking",
            ),
            Choice(
                "IMS LTI Names and Role Provisioning",
                lazy("Aan, als trekkers mogen zien hoeveel collega’s zijn uitgenodigd. Anders uit."),
            ),
            Choice("IMS LTI Assignment and Grade Services", _TOOK_PART),
            Choice(
                "Share launcher's name with tool",
                lazy("“Altijd” (Always). Met “Nooit” werkt het ook: dan kiest elke collega zelf een naam."),
                "Deel de naam van de starter met de tool",
            ),
            Choice(
                "Share launcher's email with tool",
                lazy("“Nooit” (Never), tenzij je collega’s aan hun mailadres in de personeelslijst herkent."),
                "Deel de e-mail van de starter met de tool",
            ),
            Choice(
                "Accept grades from the tool",
                _NO_GRADES,
                "Aanvaard cijfers van de tool",
            ),
        ),
        (
            "Platform ID (Platform-ID)",
            "Client ID",
            "Deployment ID (Implementatie-ID)",
            "Public keyset URL (Publieke sleutelset URL)",
            "Access token URL (Toegang token URL)",
            "Authentication request URL (Verificatie-aanvraag URL)",
        ),
    )


def _canvas(at: Addresses) -> Sheet:
    return Sheet(
        (
            Value("JSON URL (Enter URL)", at.canvas_json),
            Value("Key Name", TITLE, "Naam van sleutel"),
            Value("Redirect URIs", at.launch, "Omleidings-URI's"),
            Value("Target Link URI", at.launch),
            Value("OpenID Connect Initiation Url", at.login),
            Value("JWK Method", "Public JWK URL"),
            Value("Public JWK URL", at.jwks),
            Value("Custom Fields", _custom("canvas")),
        ),
        (
            Choice(
                "JSON URL",
                lazy("Met dit ene adres vult Canvas alles zelf in. De rest is voor het losse formulier."),
            ),
            Choice(
                "Privacy Level",
                lazy("“Public” geeft namen en mailadressen. “Anonymous” geeft niets: dan kiest elke collega een naam."),
            ),
            Choice(
                "LTI Advantage Services",
                lazy(
                    "De deelnemerslijst, als trekkers aantallen mogen zien. Cijfers alleen om deelname te bevestigen."
                ),
            ),
        ),
        ("Client ID", "Deployment ID"),
    )


def _blackboard(at: Addresses) -> Sheet:
    return Sheet(
        (
            Value("Application Name", TITLE),
            Value("Domain(s)", at.domain),
            Value("Login Initiation URL", at.login),
            Value("Tool Redirect URL(s)", at.launch),
            Value("Tool JWKS URL", at.jwks),
            Value("Signing Algorithm", "RS256"),
            Value("Custom parameters", _custom("other")),
        ),
        (Choice("Group", lazy("Naar eigen keuze. Het is alleen om te ordenen.")),),
        (
            "Application ID (Client ID)",
            "Deployment ID",
            "Issuer",
            "Public keyset URL",
            "Auth token endpoint",
            "OIDC auth request endpoint",
        ),
    )


def _brightspace(at: Addresses) -> Sheet:
    return Sheet(
        (
            Value("Name", TITLE),
            Value("Domain", at.base_url),
            Value("Redirect URLs", at.launch),
            Value("OpenID Connect Login URL", at.login),
            Value("Target Link URI", at.launch),
            Value("Keyset URL", at.jwks),
            Value("Custom Parameters", _custom("other")),
        ),
        (
            Choice("Deep Linking", lazy("Aan. Dan kiest een docent een ruimte zonder iets over te typen.")),
            Choice(
                "Names And Role Provisioning Services",
                lazy("Aan, als trekkers mogen zien hoeveel collega’s zijn uitgenodigd. Anders uit."),
            ),
            Choice("Assignment and Grade Services", _TOOK_PART),
        ),
        (
            "Client Id",
            "Deployment Id",
            "Issuer",
            "Brightspace Keyset URL",
            "Brightspace OAuth2 Access Token URL",
            "OpenID Connect Authentication Endpoint",
        ),
    )


def _sakai(at: Addresses) -> Sheet:
    return Sheet(
        (
            Value("Tool Title", TITLE),
            Value("Launch URL", at.launch),
            Value("LTI 1.3 Tool OpenID Connect/Initialization Endpoint", at.login),
            Value("LTI 1.3 Tool Redirect Endpoint", at.launch),
            Value("LTI 1.3 Tool Keyset URL", at.jwks),
            Value("Custom Parameters", _custom("other")),
        ),
        (
            Choice(
                "Send User Names to External Tool",
                lazy("Aan. Uit kan ook: dan kiest elke collega zelf een naam."),
            ),
            Choice(
                "Provide Roster to External Tool",
                lazy("Aan, als trekkers mogen zien hoeveel collega’s zijn uitgenodigd. Anders uit."),
            ),
            Choice("Allow External Tool to return grades", _TOOK_PART),
        ),
        ("LTI 1.3 Client ID", "Deployment ID", "Issuer", "Keyset URL", "Token URL", "Authentication URL"),
    )


def _openedx(at: Addresses) -> Sheet:
    # Names: lti_consumer/lti_xblock.py, 11.4.
    return Sheet(
        (
            Value("Display Name", TITLE),
            Value("LTI Version", "LTI 1.3"),
            Value("Launch URL", at.launch),
            Value("Tool Initiate Login URL (OIDC)", at.login),
            Value("Registered Redirect URIs", f'["{at.launch}"]'),
            Value("Tool Public Key Mode", "Keyset URL"),
            Value("Tool Keyset URL", at.jwks),
            Value("Deep Linking Launch URL", at.launch),
        ),
        (
            Choice("Deep linking", lazy("Aan. Dan kiest een docent een ruimte zonder iets over te typen.")),
            Choice("Assignment and Grades", _TOOK_PART),
            Choice("Share Full name", lazy("Aan. Uit kan ook: dan kiest elke collega zelf een naam.")),
        ),
        ("Client ID", "Deployment ID", "Issuer", "Keyset URL", "Access Token URL", "Login URL"),
    )


def _other(at: Addresses) -> Sheet:
    return Sheet(
        (
            Value("Tool / Launch / Target Link URL", at.launch),
            Value("Login / OIDC initiation URL", at.login),
            Value("Redirect URL", at.launch),
            Value("Keyset / JWKS URL", at.jwks),
            Value("Deep linking / Content selection URL", at.launch),
            Value("Dynamic registration URL", at.register),
            Value("Custom parameters", _custom("other")),
        ),
        (),
        ("Issuer", "Client ID", "Deployment ID", "Keyset URL", "Token URL", "Authentication URL"),
    )
