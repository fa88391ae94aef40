"""What a look at an address of an LMS found, in words for the admin who typed it: what, how long, who can mend it."""

from __future__ import annotations

from functools import partial

from connectors import probe
from connectors.http import Http
from connectors.probe import Expect, Seen
from lti_tool.db.database import in_write_transaction
from lti_tool.organisations.addresses import Reach
from lti_tool.web.language import _, ngettext

NOT_ASKED = frozenset({"private", "address"})


def look(url: str, reach: Reach, *, expect: Expect = "any") -> Seen:
    """Look at an address with the patience of somebody who waits for the page. Not inside a write transaction."""
    factory = partial(
        Http,
        address_guard=reach.allows,
        in_write_transaction=in_write_transaction,
        timeout=(3.05, 6.0),
        deadline=8.0,
        max_bytes=1024 * 1024,
        retries=0,
    )
    return probe.look(url, http_factory=factory, expect=expect)


def in_words(seen: Seen) -> tuple[str, str, str]:
    """What we saw, how long it took, and who can mend it: a sentence or two each; the last is empty when all is well.

    The host is text that somebody typed: escape it.
    """
    return _what(seen), _how_long(seen), _who(seen)


def _what(seen: Seen) -> str:
    host = seen.host
    match seen.what:
        case "ok":
            return _("%(host)s antwoordt goed.", host=host)
        case "address":
            return _("Dit is geen webadres. Een webadres begint met “https://”.")
        case "private":
            return _("%(host)s ligt op een afgeschermd netwerk. Daar gaan we niet heen.", host=host)
        case "redirected_private":
            return _("%(host)s stuurt ons door naar een afgeschermd netwerk. Daar gaan we niet heen.", host=host)
        case "no_name":
            return _("De naam %(host)s bestaat niet op internet.", host=host)
        case "refused":
            return _("%(host)s neemt de verbinding niet aan.", host=host)
        case "silent":
            return _("%(host)s geeft geen antwoord.", host=host)
        case "slow":
            return _("%(host)s begon te antwoorden, maar werd niet klaar.", host=host)
        case "certificate":
            return _certificate(seen)
        case "redirects":
            return _("%(host)s stuurt ons steeds door.", host=host)
        case "status":
            return _("%(host)s antwoordt met foutcode %(status)s.", host=host, status=seen.status)
        case "html":
            return _("%(host)s stuurt een webpagina. We verwachtten gegevens.", host=host)
        case "not_json":
            return _("%(host)s stuurt iets anders dan de gegevens die we verwachtten.", host=host)
        case "not_keys":
            return _("%(host)s stuurt gegevens, maar geen sleutels die we kunnen gebruiken.", host=host)
        case "large":
            return _("%(host)s stuurt veel meer dan we verwachtten.", host=host)


def _certificate(seen: Seen) -> str:
    host = seen.host
    match seen.detail:
        case "expired":
            return _("Het certificaat van %(host)s is verlopen.", host=host)
        case "early":
            return _("Het certificaat van %(host)s geldt nog niet.", host=host)
        case "name":
            return _("%(host)s laat een certificaat van een andere naam zien.", host=host)
        case "self_signed":
            return _("%(host)s heeft zijn certificaat zelf gemaakt.", host=host)
        case "no_tls":
            return _("%(host)s praat daar geen https.", host=host)
        case _:
            return _("Niemand die we kennen staat in voor het certificaat van %(host)s.", host=host)


def _how_long(seen: Seen) -> str:
    if seen.what in NOT_ASKED:
        return _("We hebben niets opgevraagd.")
    seconds = max(0.1, round(seen.seconds, 1))
    if seen.what in {"silent", "slow"}:
        return ngettext("We wachtten %(num)s seconde.", "We wachtten %(num)s seconden.", seconds)
    return ngettext("Dat duurde %(num)s seconde.", "Dat duurde %(num)s seconden.", seconds)


def _who(seen: Seen) -> str:
    match seen.what:
        case "ok":
            return ""
        case "address" | "no_name":
            return _("Kijk of er een typefout in het adres staat. Kopieer het uit je LMS.")
        case "private":
            return _("Wie Leerkring beheert, kan dit toestaan met LEERKRING_ALLOW_PRIVATE_ADDRESSES.")
        case "redirected_private" | "redirects":
            return _("Wie je LMS beheert, kan het adres geven zonder doorsturen.")
        case "refused" | "silent":
            return _("Wie het netwerk van je LMS beheert, kan de firewall openzetten voor Leerkring.")
        case "slow" | "large":
            return _("Probeer het straks opnieuw. Blijft het zo? Wie je LMS beheert, kan in de server kijken.")
        case "certificate":
            return _who_certificate(seen)
        case "status" if seen.status >= 500:
            return _("Je LMS heeft een storing. Probeer het straks opnieuw, of vraag wie je LMS beheert.")
        case _:
            return _("Kijk of dit het goede adres is. Wie je LMS beheert, kan het je geven.")


def _who_certificate(seen: Seen) -> str:
    match seen.detail:
        case "expired" | "early":
            return _("Wie de server van je LMS beheert, kan het certificaat vernieuwen.")
        case "name":
            return _("Gebruik de naam die in het certificaat staat, of vraag een nieuw certificaat aan.")
        case "no_tls":
            return _("Kijk of de poort in het adres klopt. Wie de server beheert, kan https aanzetten.")
        case _:
            return _("Wie de server van je LMS beheert, kan een erkend certificaat met hele keten plaatsen.")


__all__ = ["in_words", "look"]
