"""Whom to ask, and the words that a town says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext

from tracker import validation
from tracker.errors import Refused
from tracker.queries.projects import CONTACT, LABELS
from tracker.records import Actor
from tracker.services.settings import values
from tracker.wording import PLAIN, TERMS

CONTACT_MAX = 200
LABEL_MAX = 40


def set_contact(text: str, *, actor: Actor, now: datetime, seen: str | None = None) -> bool:
    """Whom people ask for help; "" gives the one of the configuration back. Raises Forbidden, Refused, Conflict."""
    checked = validation.text(text, field="contact", limit=CONTACT_MAX, required=False, multiline=False)
    return values.put_all({CONTACT: checked.rstrip(" .") or None}, seen=seen, actor=actor, now=now)


def set_labels(typed: Mapping[str, tuple[str, str]], *, actor: Actor, now: datetime, seen: str | None = None) -> bool:
    """The town's words, singular and plural by key; both empty: the product's. Raises Forbidden, Refused, Conflict."""
    kept: dict[str, list[str]] = {}
    for term in TERMS:
        one, many = (
            _word(value, field) for value, field in zip(typed.get(term.key, ("", "")), _fields(term.key), strict=True)
        )
        if bool(one) != bool(many):
            raise Refused(gettext("Donnez le singulier et le pluriel."), field=_fields(term.key)[1 if one else 0])
        if one and (one, many) != (term.one, term.many):
            kept[term.key] = [one, many]
    return values.put_all({LABELS: kept or None}, seen=seen, actor=actor, now=now)


def _fields(key: str) -> tuple[str, str]:
    return f"{key}_one", f"{key}_many"


def _word(value: str, field: str) -> str:
    word = validation.text(value, field=field, limit=LABEL_MAX, required=False, multiline=False)
    if word and not PLAIN.fullmatch(word):
        raise Refused(gettext("Des lettres seulement, un ou plusieurs mots."), field=field)
    return word[:1].lower() + word[1:]
