"""Why something with an LMS can't be done or didn't go, in words for trekkers and learners."""

from __future__ import annotations

from lti_tool.lms.roster import Trouble
from lti_tool.web.language import _


def roster_trouble(trouble: Trouble, lms: str) -> str:
    """Why a list of participants can't be read or wasn't, and who can mend it."""
    match trouble:
        case Trouble.OFF:
            return _("De beheerder van %(lms)s deelt geen deelnemerslijsten.", lms=lms)
        case Trouble.NO_SCOPE:
            return _("%(lms)s geeft ons geen toestemming voor de lijst. De beheerder kan dat aanzetten.", lms=lms)
        case Trouble.NO_ADDRESS:
            return _("%(lms)s zei nog niet waar de lijst staat. Open de link in de cursus een keer.", lms=lms)
        case Trouble.NOT_ALLOWED:
            return _("%(lms)s liet ons niet bij de lijst. Vraag het de beheerder.", lms=lms)
        case Trouble.GONE:
            return _("%(lms)s kent deze cursus niet meer. Open de link in de cursus opnieuw.", lms=lms)
        case Trouble.REFUSED:
            return _("%(lms)s wilde de lijst niet geven. Vraag het de beheerder.", lms=lms)
        case Trouble.EMPTY:
            return _("%(lms)s gaf een lege lijst. We houden de vorige tot we het zeker weten.", lms=lms)
        case Trouble.BROKEN:
            return _("%(lms)s gaf een antwoord dat we niet begrijpen. We houden de vorige lijst.", lms=lms)
        case Trouble.LATER:
            return _("%(lms)s gaf even geen antwoord. We houden de vorige lijst.", lms=lms)
