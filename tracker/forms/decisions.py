"""What the committee may type: an answer, its conditions, the day a condition was met, a proposal to join."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import (
    DateField,
    FieldList,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from tracker import filters, validation
from tracker.enums import ConditionKind, Motive, Outcome
from tracker.errors import Refused
from tracker.forms import BaseForm, WholeField, check
from tracker.queries.decisions import AnswerRecord
from tracker.queries.settling import MeetingChoice
from tracker.services.decisions import AnswerInput

CONDITION_ROWS = 4
NUMBER_MAX = 2**31 - 1


class ConditionForm(BaseForm):
    """One row: nothing, or a kind and its words."""

    kind = SelectField(_("Ce qui est attendu"), default="")
    label = StringField(_("En clair"), [Length(max=validation.LABEL_MAX)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = [("", gettext("Aucune"))] + [(k.value, _capital(k.label)) for k in ConditionKind]

    def validate_label(self, field: Any) -> None:
        if self.kind.data and not field.data:
            raise ValidationError(gettext("Dites la condition en quelques mots."))
        if field.data and not self.kind.data:
            raise ValidationError(gettext("Choisissez ce qui est attendu, ou effacez ces mots."))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


class DecisionForm(BaseForm):
    outcome = RadioField(_("Réponse"), [InputRequired(_("Choisissez une réponse."))])
    motive = SelectField(_("Motif"), [InputRequired(_("Choisissez un motif."))])
    reason = TextAreaField(
        _("Pourquoi"), [InputRequired(_("Dites pourquoi, en une phrase au moins.")), check(validation.reason)]
    )
    conditions = FieldList(FormField(ConditionForm), min_entries=CONDITION_ROWS, max_entries=CONDITION_ROWS)
    review_on = DateField(_("Revue le"), [Optional()])
    redirected_to = StringField(_("Orientée vers"), [Length(max=validation.LABEL_MAX)])
    meeting_id = SelectField(_("Réunion"), coerce=str, default="")
    taken_on = DateField(_("Date de la décision, hors réunion"), [Optional()])
    seen = HiddenField()

    def __init__(self, *args: Any, meetings: Sequence[MeetingChoice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outcome.choices = [(o.value, _capital(o.label)) for o in Outcome]
        self.motive.choices = [("", gettext("Choisir un motif"))] + [(m.value, _capital(m.label)) for m in Motive]
        self.meeting_id.choices = [("", gettext("Hors réunion"))] + [
            (str(m.id), f"{filters.day(m.held_on)} · {m.title}") for m in meetings
        ]

    @classmethod
    def values_of(cls, answer: AnswerRecord) -> dict[str, Any]:
        """What the fields show for a decision being changed."""
        return {
            "outcome": answer.outcome.value,
            "motive": answer.motive.value,
            "reason": answer.reason,
            "conditions": [{"kind": c.kind.value, "label": c.label} for c in answer.conditions],
            "review_on": answer.review_on,
            "redirected_to": answer.redirected_to,
            "meeting_id": str(answer.meeting_id or ""),
            "taken_on": None if answer.meeting_id else answer.taken_on,
            "seen": f"{answer.id}:{answer.digest}",
        }

    def answer(self) -> AnswerInput:
        """What was typed, for the service."""
        return AnswerInput(
            outcome=Outcome(self.outcome.data),
            motive=Motive(self.motive.data),
            reason=self.reason.data or "",
            conditions=tuple(
                (ConditionKind(row.form.kind.data), row.form.label.data)
                for row in self.conditions
                if row.form.kind.data and row.form.label.data
            ),
            review_on=self.review_on.data,
            redirected_to=self.redirected_to.data or "",
            meeting_id=int(self.meeting_id.data) if self.meeting_id.data else None,
            taken_on=self.taken_on.data,
        )

    def refuse(self, refusal: Any) -> None:
        """A refusal about the conditions stands beside the first of them that is filled."""
        if isinstance(refusal, Refused) and refusal.field == "conditions":
            filled = [row for row in self.conditions if row.form.label.data] or list(self.conditions)
            target = filled[0].form.label
            target.errors = [*target.errors, refusal.message]
            self.conditions.errors = [row.errors for row in self.conditions]
        else:
            super().refuse(refusal)


class MergeForm(BaseForm):
    into = WholeField(
        _("Numéro de la proposition qui reste"),
        [
            InputRequired(_("Donnez le numéro de l'autre proposition.")),
            NumberRange(1, NUMBER_MAX, _("Aucune proposition ne porte ce numéro.")),
        ],
    )


class ConditionMetForm(BaseForm):
    met_on = DateField(_("Remplie le"), [Optional()])
