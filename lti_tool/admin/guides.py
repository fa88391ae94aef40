"""How to connect each LMS, as the public page /install tells it. Words of an LMS stand as that LMS shows them, in
Dutch and in English; the rest is for somebody who knows their LMS and nothing of LTI.

Where the words come from: the language packs of Moodle 4.1 to 4.5, the admin guides of Canvas in both languages, the
manuals of Brightspace, Blackboard and Sakai (English only), and lti-consumer-xblock for Open edX.
"""

from __future__ import annotations

from dataclasses import dataclass

from lti_tool.web.language import lazy


@dataclass(frozen=True)
class Menu:
    """A way through the menus of an LMS. Empty Dutch: we know only the English words."""

    en: tuple[str, ...]
    nl: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One numbered step. `copy`: an attribute of `lti.offer.Addresses`, with what it is called there."""

    text: lazy
    menu: Menu | None = None
    copy: tuple[str, str] | None = None
    note: lazy | None = None


@dataclass(frozen=True)
class Guide:
    """One LMS, or one way to connect it."""

    key: str
    name: str | lazy
    product: str
    """For the console's form: `moodle`, `canvas` or `other`."""
    about: lazy
    route: tuple[lazy, lazy, lazy, lazy]
    needs: tuple[lazy, ...]
    steps: tuple[Step, Step, Step, Step]
    after: tuple[lazy, ...]
    itself: bool = True
    """It connects itself, with a code; else values are typed over."""


_CODE = lazy("Je krijgt een code van wie Leerkring bij jullie beheert.")
_TRY = lazy("Je opent een link in een cursus, en ziet dat het werkt.")
_NEED_CODE = lazy(
    "Een code. De beheerder van Leerkring maakt hem bij “Koppelingen”. Hij werkt één keer, zeven dagen lang."
)
_NEED_CONSOLE = lazy("Iemand die bij het beheer van Leerkring mag. Die vult in wat jouw leeromgeving laat zien.")
_QUARTER = lazy("Een kwartier. Het venster met Leerkring mag hoogstens een uur openstaan.")
_SAVE_HERE = Step(
    lazy("Geef wat je leeromgeving nu laat zien aan Leerkring. Dat kan in het beheer, bij “Met de hand koppelen”."),
    note=lazy("Leerkring kijkt meteen of de adressen antwoorden. Klopt er een niet, dan staat erbij wie dat oplost."),
)
_TEST = lazy("Open de link als docent en als deelnemer. In het beheer van Leerkring worden de punten dan groen.")
_SHOWN_ON = lazy("Zet je leeromgeving alleen open voor wie meedoet. Uitbreiden kan later, zonder opnieuw te koppelen.")

_MOODLE_MENU = Menu(
    ("Site administration", "Plugins", "External tool", "Manage tools"),
    ("Sitebeheer", "Plugins", "Externe tool", "Beheer tools"),
)
_MOODLE_STEPS = (
    Step(lazy("Ga in Moodle naar het beheer van tools."), _MOODLE_MENU),
    Step(
        lazy("Plak dit adres in het vak “Tool URL…”. Klik op “Voeg toe LTI Advantage” (Add LTI Advantage)."),
        copy=("register", "Tool URL"),
        note=lazy("Vraagt Moodle naar een bestaande tool? Kies “Aanpassen” (Update) als je het al eens probeerde."),
    ),
    Step(
        lazy("Leerkring opent in Moodle. Vul de code in, kies wat Moodle mag doorgeven, en klik op “Koppel”."),
        note=lazy("Zonder namen werkt het ook. Dan kiest elke collega zelf een naam."),
    ),
    Step(
        lazy("Moodle toont een kaart met Leerkring. Klik daar op “Activeer” (Activate)."),
        note=lazy("Zonder deze klik kan nog niemand de tool kiezen."),
    ),
)
_MOODLE_FRAME = lazy(
    "Kies bij het tandwiel van de kaart als “Standaard lanceringscontainer” (Default launch container): “Embed, "
    "zonder blokken” (Embed, without blocks)."
)
_MOODLE_CHOOSER = lazy(
    "Klik op de kaart op het potlood. Kies bij “Tool configuration usage”: “Show in activity chooser and as a "
    "preconfigured tool”. Dan ziet elke docent Leerkring."
)
_MOODLE_ROUTE = (
    _CODE,
    lazy("Je plakt één adres in Moodle en vult de code in."),
    lazy("Je zet Leerkring aan in Moodle."),
    _TRY,
)
_MOODLE_NEEDS = (_NEED_CODE, lazy("Het recht om de hele site te beheren. In Moodle heet dat sitebeheerder."), _QUARTER)

_CANVAS_SWITCH_ON = Step(
    lazy("Zet de sleutel op “AAN” (ON). Kopieer het lange getal uit de kolom “Gegevens” (Details)."),
    note=lazy("Dat getal is de client-ID."),
)
_CANVAS_BY_CLIENT_ID = Step(
    lazy("Zet Leerkring in het account: kies “Via client-ID” (By Client ID), plak het getal en klik op “Installeren”."),
    Menu(
        ("Admin", "your account", "Settings", "Apps", "View App Configurations", "+ App"),
        ("Beheerder", "je account", "Instellingen", "Apps", "App-configuraties bekijken", "App toevoegen"),
    ),
)
_CANVAS_AFTER = (
    lazy("Docenten zetten Leerkring zelf in het menu van hun cursus, of kiezen een ruimte bij “+” in een module."),
    lazy("Staat er dat een beheerder de app vergrendelde? Dan mag alleen het hoofdaccount hem aanzetten."),
    _TEST,
)
_CANVAS_RIGHTS = lazy("In Canvas de rechten “Ontwikkelaarssleutels” (Developer Keys - Manage) en “LTI Registrations”.")

GUIDES: tuple[Guide, ...] = (
    Guide(
        "moodle",
        "Moodle 4.3 – 5.x",
        "moodle",
        lazy("Koppelt zichzelf, met één adres en een code."),
        _MOODLE_ROUTE,
        _MOODLE_NEEDS,
        _MOODLE_STEPS,
        (
            _MOODLE_CHOOSER,
            lazy(
                "Liever per cursus? Docenten vinden Leerkring bij “Meer”, “LTI externe tools” (LTI External tools). "
                "Daar zetten ze haar in de activiteitenkiezer."
            ),
            _TEST,
        ),
    ),
    Guide(
        "moodle-old",
        "Moodle 3.10 – 4.2",
        "moodle",
        lazy("Koppelt zichzelf, met één adres en een code."),
        _MOODLE_ROUTE,
        _MOODLE_NEEDS,
        _MOODLE_STEPS,
        (
            _MOODLE_FRAME,
            lazy(
                "Docenten voegen de activiteit “Externe tool” (External tool) toe en kiezen Leerkring bij "
                "“Voorgeconfigureerde tool” (Preconfigured tool)."
            ),
            _TEST,
        ),
    ),
    Guide(
        "canvas",
        "Canvas",
        "canvas",
        lazy("Koppelt zichzelf, met één adres en een code. Niet elk abonnement heeft dat."),
        (
            _CODE,
            lazy("Je plakt één adres in Canvas en vult de code in."),
            lazy("Je zet de sleutel aan en installeert Leerkring in het account."),
            _TRY,
        ),
        (_NEED_CODE, _CANVAS_RIGHTS, _QUARTER),
        (
            Step(
                lazy("Ga naar de ontwikkelaarssleutels. Zie je “LTI Registration” niet? Neem dan de andere manier."),
                Menu(
                    ("Admin", "your account", "Developer Keys", "+ Developer Key", "+ LTI Registration"),
                    ("Beheerder", "je account", "Ontwikkelaarssleutels", "Ontwikkelaarssleutel toevoegen", "LTI"),
                ),
            ),
            Step(
                lazy("Plak dit adres en klik op “Doorgaan” (Continue). Vul in het venster van Leerkring de code in."),
                copy=("register", "Registration URL"),
                note=lazy("Loop in Canvas het laatste scherm na en klik op “Enable & Close”."),
            ),
            _CANVAS_SWITCH_ON,
            _CANVAS_BY_CLIENT_ID,
        ),
        _CANVAS_AFTER,
    ),
    Guide(
        "canvas-json",
        lazy("Canvas, op een andere manier"),
        "canvas",
        lazy("Voor een Canvas die zich niet zelf koppelt."),
        (
            lazy("Je plakt één adres in Canvas."),
            lazy("Je zet de sleutel aan en installeert Leerkring in het account."),
            lazy("Je geeft het getal dat Canvas maakt aan Leerkring."),
            _TRY,
        ),
        (_NEED_CONSOLE, _CANVAS_RIGHTS, lazy("Een kwartier.")),
        (
            Step(
                lazy("Maak een LTI-sleutel. Kies bij “Method”: “URL invoeren” (Enter URL), en plak dit adres."),
                Menu(
                    ("Admin", "your account", "Developer Keys", "+ Developer Key", "+ LTI Key"),
                    (
                        "Beheerder",
                        "je account",
                        "Ontwikkelaarssleutels",
                        "Ontwikkelaarssleutel toevoegen",
                        "LTI-sleutel toevoegen",
                    ),
                ),
                copy=("canvas_json", "JSON URL"),
            ),
            _CANVAS_SWITCH_ON,
            _CANVAS_BY_CLIENT_ID,
            Step(
                lazy("Geef client-ID en adres van je Canvas aan Leerkring, in het beheer bij “Met de hand koppelen”."),
                note=lazy("De rest van de adressen weet Leerkring zelf."),
            ),
        ),
        _CANVAS_AFTER,
        itself=False,
    ),
    Guide(
        "brightspace",
        "Brightspace",
        "other",
        lazy("Koppelt zichzelf, met één adres en een code."),
        (
            _CODE,
            lazy("Je plakt één adres in Brightspace en vult de code in."),
            lazy("Je zet de registratie aan en maakt een plaatsing."),
            _TRY,
        ),
        (
            _NEED_CODE,
            lazy("De rechten “Manage LTI Advantage Tool Registrations” en “Manage LTI Advantage Tool Deployments”."),
            _QUARTER,
        ),
        (
            Step(
                lazy("Open het beheer van tools."),
                Menu(("Admin Tools", "Manage Extensibility", "LTI Advantage", "Register Tool")),
            ),
            Step(
                lazy("Kies “Dynamic”, plak dit adres en klik op “Register”. Vul daarna de code in."),
                copy=("register", "Tool initiation registration endpoint"),
            ),
            Step(
                lazy("Zet de registratie op “Enabled”. Brightspace laat haar eerst uit staan."),
                note=lazy("Kijk na wat er bij “Extensions” aanstaat. Cijfers mogen uit."),
            ),
            Step(
                lazy("Klik op “View Deployments” en “New Deployment”. Kies Leerkring en de plek in de organisatie."),
                note=lazy("Zet bij “Security Settings” de namen aan, of laat ze uit. Leerkring werkt met en zonder."),
            ),
        ),
        (_SHOWN_ON, _TEST),
    ),
    Guide(
        "blackboard",
        "Blackboard",
        "other",
        lazy("Met de hand, via de site van Anthology voor ontwikkelaars."),
        (
            lazy("Je maakt Leerkring aan op de site van Anthology."),
            lazy("Je zet die code in Blackboard."),
            lazy("Je geeft aan Leerkring wat beide laten zien."),
            _TRY,
        ),
        (
            _NEED_CONSOLE,
            lazy("Een account op developer.anthology.com, en beheer van Blackboard."),
            lazy("Ongeveer een half uur."),
        ),
        (
            Step(
                lazy("Maak een toepassing aan en vul de waarden in. Kopieer daarna de “Application ID”."),
                Menu(("developer.anthology.com", "My Applications", "Register a REST or LTI application")),
                copy=("login", "Login Initiation URL"),
                note=lazy("Alle waarden staan op een eigen pagina, met knoppen om te kopiëren."),
            ),
            Step(
                lazy("Zet de tool in Blackboard en plak de “Application ID” bij “Client ID”."),
                Menu(("Administrator Tools", "LTI Tool Providers", "Register LTI 1.3/Advantage Tool")),
            ),
            Step(
                lazy(
                    "Kies “Approved”. Sta rollen, namen en “Allow Membership Service Access” toe. Maak een plaatsing."
                ),
                note=lazy("Cijfers hoeven niet: “Allow grade service access” mag op “No”."),
            ),
            _SAVE_HERE,
        ),
        (_SHOWN_ON, _TEST),
        itself=False,
    ),
    Guide(
        "sakai",
        "Sakai",
        "other",
        lazy("Koppelt zichzelf vanaf versie 20.3. Ouder: met de hand."),
        (
            _CODE,
            lazy("Je maakt in Sakai een tool met het adres van Leerkring."),
            lazy("Je vult de code in, en slaat op."),
            _TRY,
        ),
        (_NEED_CODE, lazy("Toegang tot de “Administration Workspace” van Sakai."), _QUARTER),
        (
            Step(
                lazy("Open het beheer van tools."),
                Menu(("Administration Workspace", "External Tools", "LTI Dynamic Registration")),
            ),
            Step(
                lazy("Plak dit adres en ga verder. Vul in het venster van Leerkring de code in."),
                copy=("register", "Registration URL"),
            ),
            Step(lazy("Sla de tool op. Kies dat zij als link gestart mag worden, en dat zij de deelnemers mag lezen.")),
            Step(
                lazy("Zet Leerkring in een site, bij “Lessons” of als eigen pagina."),
                note=lazy("Ziet Sakai er anders uit? Vul dan de losse waarden in."),
            ),
        ),
        (_SHOWN_ON, _TEST),
    ),
    Guide(
        "openedx",
        "Open edX",
        "other",
        lazy("Met de hand, in Studio, per cursus."),
        (
            lazy("Je zet de LTI-tool aan in Studio."),
            lazy("Je vult de adressen van Leerkring in."),
            lazy("Je geeft aan Leerkring wat Studio laat zien."),
            _TRY,
        ),
        (_NEED_CONSOLE, lazy("In Studio de rol “Admin” of “Staff” van de cursus."), lazy("Ongeveer een half uur.")),
        (
            Step(
                lazy("Voeg “lti_consumer” toe bij “Advanced Module List”. Bewaar."),
                Menu(("Studio", "Settings", "Advanced Settings", "Advanced Module List")),
            ),
            Step(
                lazy("Voeg in een unit “Advanced”, “LTI Consumer” toe. Klik op “Edit” en vul de waarden in."),
                copy=("launch", "Launch URL"),
                note=lazy("Alle waarden staan op een eigen pagina, met knoppen om te kopiëren."),
            ),
            _SAVE_HERE,
            Step(lazy("Klik in Studio op “Publish”.")),
        ),
        (
            lazy("Elke cursus heeft zijn eigen koppeling. Dat is in Open edX zo."),
            _TEST,
        ),
        itself=False,
    ),
    Guide(
        "other",
        lazy("LTI 1.3 (een andere leeromgeving)"),
        "other",
        lazy("Voor elke leeromgeving met LTI 1.3."),
        (
            lazy("Je maakt in je leeromgeving een tool voor LTI 1.3."),
            lazy("Je vult de adressen van Leerkring in."),
            lazy("Je geeft aan Leerkring wat de leeromgeving laat zien."),
            _TRY,
        ),
        (
            _NEED_CONSOLE,
            lazy("Het recht om tools toe te voegen voor de hele leeromgeving."),
            lazy("Ongeveer een half uur."),
        ),
        (
            Step(
                lazy(
                    "Koppelt je leeromgeving zichzelf (“dynamic registration”)? Plak dan dit adres. Dan ben je klaar."
                ),
                copy=("register", "Registration URL"),
            ),
            Step(lazy("Zo niet: maak een tool voor LTI 1.3 en vul de waarden in."), copy=("login", "Login URL")),
            _SAVE_HERE,
            Step(lazy("Zet de tool aan, en zet een link in een cursus.")),
        ),
        (_SHOWN_ON, _TEST),
        itself=False,
    ),
)

BY_KEY = {guide.key: guide for guide in GUIDES}
