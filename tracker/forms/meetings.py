"""What may be typed of a meeting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from tracker import validation
from tracker.enums import MeetingKind
from tracker.forms import ComparedForm, check
from tracker.queries.projects import Choice
from tracker.services.meetings import MeetingInput


class MeetingForm(ComparedForm):
    title = StringField(_("Titre"), [InputRequired(_("Donnez un titre à la réunion.")), check(validation.title)])
    kind = SelectField(_("Type de réunion"), [InputRequired(_("Choisissez un type de réunion."))])
    group_id = SelectField(_("Groupe de travail"), coerce=str, default="")
    held_on = DateField(_("Date"), [InputRequired(_("Donnez la date de la réunion."))])
    place = StringField(_("Lieu"), [Length(max=validation.NAME_MAX)])
    agenda = TextAreaField(_("Ordre du jour"), [Length(max=validation.BODY_MAX)])
    minutes = TextAreaField(_("Compte rendu"), [Length(max=validation.BODY_MAX)])

    def __init__(self, *args: Any, groups: Sequence[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = [(k.value, k.label[:1].upper() + k.label[1:]) for k in MeetingKind]
        self.group_id.choices = [("", gettext("Aucun"))] + [(str(g.id), g.name) for g in groups]

    def meeting(self) -> MeetingInput:
        """What was typed, for the service."""
        return MeetingInput(
            title=self.title.data or "",
            kind=MeetingKind(self.kind.data),
            held_on=self.held_on.data,
            place=self.place.data or "",
            agenda=self.agenda.data or "",
            minutes=self.minutes.data or "",
            group_id=int(self.group_id.data) if self.group_id.data else None,
        )
