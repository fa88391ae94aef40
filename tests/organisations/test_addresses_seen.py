"""What a look found is told in Dutch: what, how long, and who can mend it."""

from __future__ import annotations

from typing import get_args

import pytest

from connectors.probe import Seen, What
from lti_tool.organisations.addresses import Reach
from lti_tool.organisations.addresses_seen import in_words, look

HOST = "moodle.linde.example"
DETAILS = ["expired", "early", "name", "self_signed", "issuer", "no_tls"]


@pytest.mark.parametrize("what", get_args(What))
def test_every_finding_has_its_own_words(what: What) -> None:
    said, took, who = in_words(Seen(what == "ok", what, 1.04, HOST, 503, detail="expired"))
    assert HOST in said or what == "address"
    assert bool(who) == (what != "ok")
    if what in {"address", "private"}:
        assert took == "We hebben niets opgevraagd."
    else:
        assert "1 seconde." in took
    sentences = [part for text in (said, took, who) for part in text.replace("?", ".").split(". ") if part]
    assert all(len(sentence.split()) <= 15 for sentence in sentences), sentences


def test_no_two_findings_read_alike() -> None:
    said = {in_words(Seen(False, what, 1, HOST))[0] for what in get_args(What)}
    said |= {in_words(Seen(False, "certificate", 1, HOST, detail=detail))[0] for detail in DETAILS}
    assert len(said) == len(get_args(What)) + len(DETAILS) - 1  # an unnamed fault is the unknown authority


def test_seconds_read_as_people_say_them() -> None:
    assert in_words(Seen(False, "silent", 6.04, HOST))[1] == "We wachtten 6 seconden."
    assert in_words(Seen(False, "html", 0.412, HOST))[1] == "Dat duurde 0,4 seconden."
    assert in_words(Seen(False, "refused", 0.004, HOST))[1] == "Dat duurde 0,1 seconden."


def test_a_look_goes_only_as_far_as_the_settings_reach() -> None:
    for url in ("https://127.0.0.1:9/", "https://localhost:9/", "https://10.0.0.1/", "https://[::ffff:10.0.0.1]/"):
        assert look(url, Reach()).what == "private"
    assert look("http://127.0.0.1:9/", Reach(loopback=True)).what == "refused"
