"""Who takes over what somebody held."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, HiddenField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from tracker.enums import Role
from tracker.errors import Refused
from tracker.forms import BaseForm
from tracker.forms.actions import DayField
from tracker.queries.holdings import Held, HeldKind

COMMON, NOBODY = "commun", "personne"
# given by name only: whoever takes over the rest is not meant to manage the tool or to sit in the committee
BY_NAME = frozenset({Role.ADMIN, Role.STEERING})

Find = Callable[[str], Sequence[tuple[int, str]]]


def held_words(one: Held) -> str:
    """What is held, in words."""
    if one.kind is HeldKind.ACTION:
        return gettext("Action n° %(number)s : %(title)s", number=one.number, title=one.title)
    if one.kind is HeldKind.STUDY:
        return gettext("Étude de la proposition n° %(number)s : %(title)s", number=one.number, title=one.title)
    if one.kind is HeldKind.READING:
        return gettext("Relecture de « %(title)s »", title=one.title)
    role = one.role.label if one.role else ""
    if not one.title:
        return gettext("Rôle : %(role)s", role=role)
    return gettext("Rôle : %(role)s (%(where)s)", role=role, where=one.title)


class HandOverForm(BaseForm):
    """Build it with `hand_over_form`, which adds two fields for each thing held."""

    successor = StringField(_("À qui transmettre"), [Length(max=254)])
    day = DayField(_("À partir du"), [InputRequired(_("Donnez un jour."))])
    leaving = BooleanField(_("Cette personne ne travaille plus ici : désactiver son compte"))
    seen = HiddenField()
    held: tuple[Held, ...]

    def lines(self) -> list[tuple[Held, Any, Any]]:
        return [(one, self[f"a-{one.key}"], self[f"qui-{one.key}"]) for one in self.held]

    def successors(self, find: Find) -> Mapping[str, int | None]:
        """Who takes each thing, by its key. Raises Refused on the field of a name that tells nobody, or several."""
        common = _person(find, self.successor.data, "successor")
        return {
            one.key: _person(find, who.data, who.name) if who.data else common if to.data == COMMON else None
            for one, to, who in self.lines()
        }


def _person(find: Find, typed: str | None, field: str) -> int | None:
    if not typed:
        return None
    found = find(typed)
    if len(found) != 1:
        raise Refused(
            gettext("Plusieurs personnes portent ce nom : donnez l'identifiant ou l'adresse.")
            if found
            else gettext("Personne ne répond à ce nom : donnez le prénom et le nom, l'identifiant ou l'adresse."),
            field=field,
        )
    return found[0][0]


def hand_over_form(held: tuple[Held, ...], **options: Any) -> HandOverForm:
    fields: dict[str, Any] = {}
    for one in held:
        words = held_words(one)
        fields[f"a-{one.key}"] = SelectField(words, default=NOBODY if one.role in BY_NAME else COMMON)
        fields[f"qui-{one.key}"] = StringField(
            gettext("Une autre personne pour : %(what)s", what=words), [Length(max=254)]
        )
    form: HandOverForm = type("HandOverOfPerson", (HandOverForm,), fields)(**options)
    form.held = held
    for one, to, _who in form.lines():
        nobody = gettext("Sans pilote") if one.kind is HeldKind.ACTION else gettext("Personne pour l'instant")
        to.choices = [(COMMON, gettext("La personne choisie ci-dessus")), (NOBODY, nobody)]
    return form
