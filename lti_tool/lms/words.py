"""Why something with an LMS can't be done or didn't go, in words for trekkers and learners."""

from __future__ import annotations

from lti_tool.lms import confirmations as c
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


def why_not_confirmed(why: str, lms: str) -> str:
    """Why a confirmation can't be sent, or what became of it, for its learner or a trekker."""
    match why:
        case c.OFF:
            return _("De trekker van deze ruimte zette bevestigen uit.")
        case c.NO_GRADES:
            return _("De beheerder van %(lms)s laat geen bevestigingen toe.", lms=lms)
        case c.NO_SCOPE:
            return _("%(lms)s geeft ons geen toestemming voor het cijferboek. De beheerder kan dat aanzetten.", lms=lms)
        case c.NO_PLACE:
            return _("Deze link heeft in %(lms)s geen plek voor een bevestiging. Vraag het de docent.", lms=lms)
        case c.TEACHER:
            return _("Je geeft les in deze cursus. %(lms)s bevestigt alleen voor deelnemers.", lms=lms)
        case c.NO_COURSE:
            return _("Open deze ruimte eerst een keer vanuit je cursus. Dan weten we waar je bevestiging hoort.")
        case c.NOT_A_LEARNER:
            return _("%(lms)s kent je in deze cursus niet als deelnemer. Vraag het de docent.", lms=lms)
        case c.NEWER:
            return _("In %(lms)s heeft iemand daarna al iets ingevuld. Dat laten we staan.", lms=lms)
        case c.NOT_ALLOWED:
            return _("%(lms)s liet ons er niet bij. Vraag het de beheerder.", lms=lms)
        case c.GONE:
            return _("De plek in %(lms)s is er niet meer. Open de link in de cursus opnieuw.", lms=lms)
        case c.KEPT:
            return _("%(lms)s wist een bevestiging niet. Vraag de docent om haar weg te halen.", lms=lms)
        case c.LATER:
            return _("%(lms)s gaf geen antwoord.", lms=lms)
        case _:
            return _("%(lms)s wilde dit niet aannemen. Vraag het de beheerder.", lms=lms)
