"""Forms: one way to read them, to say what is wrong in words, and to make a double click harmless."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin

from flask import Response, g, redirect, request
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from sqlalchemy import select, update
from werkzeug.exceptions import HTTPException

from lti_tool.db import Session, insert
from lti_tool.web.errors import BadInput, SignInFirst, SomebodyElse
from lti_tool.web.language import _, ngettext
from lti_tool.web.models import FormReceipt
from lti_tool.web.runtime import runtime
from lti_tool.web.text import one_line, tidy

MAX_BODY = 2 * 1024 * 1024
"""Bytes of a form. Wider than any field may be, so that text that is too long comes back to its writer."""

Line = Annotated[str, BeforeValidator(lambda value: one_line(value) if isinstance(value, str) else value)]
"""A field of one line."""
Lines = Annotated[str, BeforeValidator(lambda value: tidy(value) if isinstance(value, str) else value)]
"""A field of some lines."""
F = TypeVar("F", bound="Form")


class Form(BaseModel):
    """A form that a person fills in. Texts are stripped of space around them."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore")


@dataclass
class Filled(Generic[F]):
    """What came in: the valid form, or what was typed with a sentence per field that is wrong."""

    form: F | None
    typed: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """True when `form` is there."""
        return self.form is not None

    def value(self, name: str) -> str:
        """What stands in a field."""
        return self.typed.get(name, "")

    def error(self, name: str) -> str | None:
        """What is wrong with it, in words."""
        return self.errors.get(name)


def blank(**typed: str) -> Filled[Any]:
    """A form nobody filled in yet, perhaps with something in it."""
    return Filled(None, typed)


def fill(model: type[F], typed: Mapping[str, str] | None = None) -> Filled[F]:
    """Read the form of this request. Never raises: errors are sentences beside their fields."""
    typed = request.form.to_dict() if typed is None else typed
    try:
        return Filled(model.model_validate(dict(typed)), typed)
    except ValidationError as error:
        problems = {str(p["loc"][0]) if p["loc"] else "": _sentence(model, p) for p in reversed(error.errors())}
        return Filled(None, typed, problems)


def _is_choice(model: type[Form], name: str) -> bool:
    """Whether a field is one of some values, so that its page shows choices and nothing to type in."""
    kind = model.model_fields[name].annotation
    return any(
        get_origin(one) is Literal or (isinstance(one, type) and issubclass(one, Enum))
        for one in (kind, *get_args(kind))
    )


def _sentence(model: type[Form], problem: Any) -> str:
    context = problem.get("ctx", {})
    match problem["type"]:
        case "missing" if _is_choice(model, str(problem["loc"][0])):
            return _("Kies er een.")
        case "missing" | "string_too_short" | "too_short":
            if (least := context.get("min_length", 1)) > 1:
                return _("Dit is te kort. Schrijf minstens %(least)s tekens.", least=least)
            return _("Vul dit in.")
        case "string_too_long" | "too_long":
            most = context["max_length"]
            over = len(str(problem["input"]).strip()) - most
            return ngettext(
                "Dit is %(num)s teken te lang. Er passen %(most)s tekens in.",
                "Dit is %(num)s tekens te lang. Er passen %(most)s tekens in.",
                over,
                most=most,
            )
        case "value_error":
            return str(context.get("error", problem["msg"]))
        case "date_from_datetime_parsing" | "date_parsing" | "date_type":
            return _("Dit is geen datum. Schrijf hem als 2026-11-24.")
        case "int_parsing" | "int_type" | "float_parsing" | "decimal_parsing":
            return _("Vul hier een getal in.")
        case "greater_than_equal" | "greater_than":
            return _("Dit getal is te klein.")
        case "less_than_equal" | "less_than":
            return _("Dit getal is te groot.")
        case _:
            return _("Kies een van de mogelijkheden.")


def receive() -> HTTPException | None:
    """Take in the body of this request. Returns what is wrong with it, to be raised once the reader is known.

    Before the database is held: somebody who sends slowly, or stops halfway, must not keep every writer waiting.
    """
    try:
        request.form  # noqa: B018 - reading it is the point
    except HTTPException as error:
        return error
    return None


def csrf_token() -> str:
    """Bound to the session and its person: a form of the colleague before you is not accepted from you."""
    viewer = g.get("viewer")
    if viewer is None:
        return ""
    key = runtime().settings.secret_key.encode()
    return hmac.new(key, b"csrf" + viewer.session_id.bytes + viewer.person_id.bytes, hashlib.sha256).hexdigest()[:32]


def person_mark() -> str:
    """Tells a page of one person from a page of another, over sessions. Says nothing about who it is."""
    viewer = g.get("viewer")
    if viewer is None:
        return ""
    key = runtime().settings.secret_key.encode()
    return hmac.new(key, b"who" + viewer.person_id.bytes, hashlib.sha256).hexdigest()[:16]


def check_csrf() -> None:
    """Refuse a form that this person did not get from us. Raises `SignInFirst` or `SomebodyElse`."""
    if g.get("viewer") is None:
        raise SignInFirst(cause="a form without a session", typed=typed_texts())
    given = request.headers.get("X-Csrf-Token") or request.form.get("csrf", "")
    if not hmac.compare_digest(given.encode(), csrf_token().encode()):
        raise SomebodyElse(cause="csrf token of another session")


_WRITTEN = frozenset({"title", "text", "learned", "plan", "what_for", "message"})


def typed_texts() -> list[str]:
    """The longer texts of a form, to give back to a writer whose session is over."""
    return [text for name, text in request.form.items() if name in _WRITTEN and text.strip()]


def take_receipt(db: Session) -> Response | None:
    """Note that this form is being handled. Returns where it led to when it was handled before."""
    given = request.form.get("form_key", "")
    if not given or g.get("viewer") is None:
        return None
    if len(given) > 100:
        raise BadInput(cause="form_key is too long")
    key = _receipt_key(given)
    receipt = insert(db, FormReceipt).values(key_hash=key, location="", created_at=g.now).on_conflict_do_nothing()
    if db.execute(receipt.returning(FormReceipt.key_hash)).first():
        g.form_receipt = key
        return None
    location = db.scalar(select(FormReceipt.location).where(FormReceipt.key_hash == key))
    return redirect(location or request.path, 303)  # type: ignore[return-value]


def sign_receipt(db: Session, location: str) -> None:
    """Note where the form led to."""
    if key := g.pop("form_receipt", None):
        db.execute(update(FormReceipt).where(FormReceipt.key_hash == key).values(location=location[:1000]))


def was_accepted(db: Session, form_key: str) -> bool:
    """Whether a form with this key was accepted before: a draft of it that arrives later is none any more."""
    return db.scalar(select(FormReceipt.key_hash).where(FormReceipt.key_hash == _receipt_key(form_key))) is not None


def _receipt_key(given: str) -> bytes:
    return hashlib.sha256(given.encode() + g.viewer.person_id.bytes).digest()
