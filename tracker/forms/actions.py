"""Forms of actions: where it is, corrections, creation, changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import (
    DateField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from tracker import validation
from tracker.enums import ActionStatus, Health
from tracker.filters import short_day
from tracker.forms import BaseForm, ComparedForm, WholeField
from tracker.progress import ActionState, MilestoneState
from tracker.services.updates import KEEP, NewMilestone, Statement

STATED_HEALTH = (Health.SUN, Health.VEILED, Health.CLOUDY, Health.STORM, Health.UNKNOWN)
NEW_MILESTONES = 4


class DayField(DateField):
    """A day; a half-typed one is kept and explained in French."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(gettext("Donnez la date en entier : jour, mois, année.")) from error


class PercentField(WholeField):
    """A whole percentage."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata([value.strip().removesuffix("%").strip() for value in valuelist])
        except ValueError as error:
            raise ValueError(gettext("Donnez un nombre entier entre 0 et 100.")) from error


class CheckboxList(SelectMultipleField):
    """Several choices as checkboxes in a fieldset."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"coerce": int, "choices": [], "validate_choice": True, **kwargs})

    def pre_validate(self, form: Any) -> None:
        try:
            super().pre_validate(form)
        except ValueError as error:
            raise ValidationError(gettext("Un de ces choix n'existe plus : relisez la liste.")) from error


def _only(value: Any, shown: Any) -> Any:
    """KEEP when the person left what the page showed."""
    return KEEP if value == shown else value


class PostForm(BaseForm):
    """ "Où en est-on ?" Build it with `post_form`, which shows the state it starts from."""

    status = RadioField(_("Où en est l'action ?"), coerce=str)
    done = CheckboxList(_("Jalons franchis depuis la dernière fois"))
    declared_progress = PercentField(_("Avancement, selon vous"), [Optional()])
    health = RadioField(_("Météo, selon vous"), coerce=str)
    note = TextAreaField(_("Un mot pour tout le monde"), [Length(max=validation.NOTE_MAX)])
    private_note = TextAreaField(
        _("Un mot pour le comité et l'animateur·rice seulement"), [Length(max=validation.NOTE_MAX)]
    )
    planned_start = DayField(_("Début prévu"), [Optional()])
    planned_end = DayField(_("Fin prévue"), [Optional()])
    move_reason = StringField(_("Pourquoi la date change"), [Length(max=validation.NOTE_MAX)])
    dropped = CheckboxList(_("Jalons abandonnés"))
    reopened = CheckboxList(_("Jalons à rouvrir"))
    new_milestone = StringField(_("Nouveau jalon"), [Length(max=validation.LABEL_MAX)])
    new_milestone_due = DayField(_("Échéance du nouveau jalon"), [Optional()])
    effective_on = DayField(_("C'est vrai depuis le"), [Optional()])
    token = HiddenField()
    milestones: tuple[MilestoneState, ...] = ()
    shown: ActionState
    restates_health = True  # a point says the weather of its own day, even when it is the same

    def due_fields(self) -> list[tuple[MilestoneState, Any]]:
        """The day of each milestone that may still move."""
        return [(one, self._fields[f"due_{one.id}"]) for one in self.milestones if f"due_{one.id}" in self._fields]

    @property
    def token_id(self) -> int:
        return validation.as_id(self.token.data or "") or 0

    @property
    def meanings(self) -> dict[str, str]:
        """What each weather means, beside its word."""
        return {one.value: one.meaning for one in STATED_HEALTH}

    def statement(self, *, today: date) -> Statement:
        """What the person said, against what the page showed."""
        state = self.shown
        recent = self.restates_health and (self.effective_on.data or today) >= state.stated_on
        health = Health(self.health.data)
        said_health = KEEP if health is _shown_health(state) and not recent else health
        added: tuple[NewMilestone, ...] = ()
        if self.new_milestone.data:
            added = (NewMilestone(self.new_milestone.data, self.new_milestone_due.data),)
        due = {m.id: field.data for m, field in self.due_fields() if field.data is not None and field.data != m.due}
        return Statement(
            status=_only(ActionStatus(self.status.data), state.status),
            declared_progress=_only(self.declared_progress.data, state.declared_progress)
            if "declared_progress" in self._fields
            else KEEP,
            health=said_health,
            planned_start=_only(self.planned_start.data, state.planned_start),
            planned_end=_only(self.planned_end.data, state.planned_end),
            move_reason=self.move_reason.data or "",
            note=self.note.data or "",
            private_note=self.private_note.data or "",
            done=_chosen(self, "done"),
            reopened=_chosen(self, "reopened"),
            dropped=_chosen(self, "dropped"),
            due=due,
            added=added,
        )

    def validate_new_milestone_due(self, field: Any) -> None:
        if field.data is not None and not self.new_milestone.data:
            raise ValidationError(gettext("Donnez aussi le nom du nouveau jalon."))


def _chosen(form: BaseForm, name: str) -> frozenset[int]:
    field = form._fields.get(name)
    return frozenset(field.data or ()) if field is not None else frozenset()


def _shown_health(state: ActionState) -> Health:
    return Health.UNKNOWN if state.health is Health.NOT_APPLICABLE else state.health


def status_choices() -> list[tuple[str, str]]:
    return [(one.value, one.label) for one in ActionStatus]


def health_choices() -> list[tuple[str, str]]:
    return [(one.value, one.label) for one in STATED_HEALTH]


def milestone_words(milestone: MilestoneState) -> str:
    """Its label, with its day when it has one."""
    if milestone.due is None:
        return milestone.label
    return gettext("%(label)s (%(day)s)", label=milestone.label, day=short_day(milestone.due))


def post_form(
    state: ActionState,
    *,
    token: int,
    today: date,
    form: type[PostForm] = PostForm,
    **data: Any,
) -> PostForm:
    """The form of an action's state: choices and first values are what the page shows."""
    still = [one for one in state.milestones if one.is_open]
    dated = {f"due_{one.id}": DayField(one.label, [Optional()], default=one.due) for one in still}
    kind = type(form.__name__, (form,), dated)
    start: dict[str, Any] = {
        "status": state.status.value,
        "health": _shown_health(state).value,
        "declared_progress": state.declared_progress,
        "planned_start": state.planned_start,
        "planned_end": state.planned_end,
        "effective_on": today,
        "token": str(token),
    }
    made: PostForm = kind(data={**start, **data})
    made.shown, made.milestones = state, state.milestones
    made.status.choices, made.health.choices = status_choices(), health_choices()
    made.done.choices = made.dropped.choices = [(one.id, milestone_words(one)) for one in still]
    done = [one for one in state.milestones if not one.is_open]
    made.reopened.choices = [(one.id, milestone_words(one)) for one in done]
    if any(not one.dropped for one in state.milestones):
        del made.declared_progress
    for name in ("done", "dropped", "reopened"):
        if not made._fields[name].choices:
            del made[name]
    return made


class CorrectForm(PostForm):
    """The same, for a row already published: its marks that stay true are kept."""

    restates_health = False

    kept_marks = CheckboxList(_("Ce que ce point disait des jalons et qui reste vrai"))


class RetractForm(BaseForm):
    reason = TextAreaField(
        _("Pourquoi ce point est retiré"),
        [InputRequired(_("Dites pourquoi, en une phrase au moins.")), Length(max=validation.REASON_MAX)],
    )


class ActionForm(BaseForm):
    """What is common to creating and changing an action."""

    title = StringField(_("Titre de l'action"), [InputRequired(_("Donnez un titre."))])
    summary = TextAreaField(_("Ce qui va changer"), [Length(max=validation.BODY_MAX)])
    group = SelectField(_("Groupe de travail"), coerce=int)
    theme = SelectField(_("Thème"), coerce=int)
    entities = CheckboxList(_("Employeurs concernés"))
    pilot = StringField(_("Pilote"), [Length(max=254)])

    def offer(self, groups: Iterable[Any], themes: Iterable[Any], entities: Iterable[Any], *, no_group: bool) -> None:
        """Set the choices of a project; `no_group` for the committee alone."""
        self.group.choices = [(0, gettext("Pas encore de groupe"))] * no_group + [(one.id, one.name) for one in groups]
        self.theme.choices = [(0, gettext("Sans thème")), *((one.id, one.name) for one in themes)]
        self.entities.choices = [(one.id, one.name) for one in entities]


class CreateForm(ActionForm):
    """A new action with its first dates and milestones."""

    planned_start = DayField(_("Début prévu"), [Optional()])
    planned_end = DayField(_("Fin prévue"), [Optional()])
    opened_on = DayField(_("Action décidée le"), [Optional()])
    step_1 = StringField(_("Jalon 1"), [Length(max=validation.LABEL_MAX)])
    step_1_due = DayField(_("Échéance du jalon 1"), [Optional()])
    step_2 = StringField(_("Jalon 2"), [Length(max=validation.LABEL_MAX)])
    step_2_due = DayField(_("Échéance du jalon 2"), [Optional()])
    step_3 = StringField(_("Jalon 3"), [Length(max=validation.LABEL_MAX)])
    step_3_due = DayField(_("Échéance du jalon 3"), [Optional()])
    step_4 = StringField(_("Jalon 4"), [Length(max=validation.LABEL_MAX)])
    step_4_due = DayField(_("Échéance du jalon 4"), [Optional()])

    def steps(self) -> list[tuple[Any, Any]]:
        return [(self[f"step_{n}"], self[f"step_{n}_due"]) for n in range(1, NEW_MILESTONES + 1)]

    def milestones(self) -> list[NewMilestone]:
        return [NewMilestone(label.data, due.data) for label, due in self.steps() if label.data]

    def validate(self, extra_validators: Any = None) -> bool:
        fine = super().validate(extra_validators)
        for label, due in self.steps():
            if due.data is not None and not label.data:
                label.errors = [*label.errors, gettext("Donnez un nom à ce jalon, ou effacez sa date.")]
                fine = False
        return bool(fine)


class EditForm(ComparedForm, ActionForm):
    """What is known now of an action, its log apart."""

    weight = WholeField(_("Poids dans l'avancement"), [InputRequired(_("Donnez un nombre entier."))])
    rhythm_months = WholeField(_("Des nouvelles au moins tous les"), [InputRequired(_("Donnez un nombre de mois."))])


class BaselineForm(ComparedForm):
    """The dates "prévues au départ", set anew."""

    baseline_start = DayField(_("Début prévu au départ"), [InputRequired(_("Donnez une date."))])
    baseline_end = DayField(_("Fin prévue au départ"), [InputRequired(_("Donnez une date."))])
    reason = TextAreaField(
        _("Pourquoi ces dates changent"),
        [InputRequired(_("Dites pourquoi, en une phrase au moins.")), Length(max=validation.REASON_MAX)],
    )


class RoundRowForm(BaseForm):
    """One row of a round; build it with `round_row`."""

    choice = RadioField(_("Pour cette action"), coerce=str)
    status = SelectField(_("Où en est l'action ?"), coerce=str)
    health = SelectField(_("Météo, selon vous"), coerce=str)
    planned_end = DayField(_("Fin prévue"), [Optional()])
    move_reason = StringField(_("Pourquoi la date change"), [Length(max=validation.NOTE_MAX)])
    done = CheckboxList(_("Jalons franchis"))
    note = TextAreaField(_("Un mot pour tout le monde"), [Length(max=validation.NOTE_MAX)])
    token = HiddenField()
    shown: ActionState
    log_head: int  # the last row of the log when this page was made

    SKIP, SAME, CHANGE = "", "same", "change"

    @property
    def token_id(self) -> int:
        return validation.as_id(self.token.data or "") or 0

    def statement(self) -> Statement:
        """What differs from what the row showed."""
        state = self.shown
        return Statement(
            status=_only(ActionStatus(self.status.data), state.status),
            health=_only(Health(self.health.data), _shown_health(state)),
            planned_end=_only(self.planned_end.data, state.planned_end),
            move_reason=self.move_reason.data or "",
            note=self.note.data or "",
            done=_chosen(self, "done"),
        )

    @property
    def statement_is_empty(self) -> bool:
        """Nothing typed, as far as can be told from what was sent."""
        return not self.is_submitted() or (not self.errors and self.statement().is_empty)

    @property
    def _typed(self) -> bool:
        """Whether the person said something; a list left alone differs by itself once somebody else wrote."""
        if self.token_id == self.log_head:
            return not self.statement().is_empty
        return bool(self.note.data or self.move_reason.data or _chosen(self, "done"))

    def validate(self, extra_validators: Any = None) -> bool:
        """A row that says two things at once, or a change without change, is told so."""
        if not super().validate(extra_validators):
            return False
        said = not self.statement().is_empty
        if self.choice.data == self.SKIP and self._typed:
            self._tell(
                gettext(
                    "Vous passez cette action, et vous écrivez quelque chose : "
                    "choisissez « Il y a du nouveau », ou effacez ce qui est écrit."
                )
            )
        elif self.choice.data == self.SAME and self._typed:
            self._tell(gettext("Vous dites que rien n'a changé, et vous changez quelque chose : choisissez."))
        elif self.choice.data == self.CHANGE and not said:
            self._tell(gettext("Dites ce qui change, ou choisissez « Rien n'a changé »."))
        return not self.errors

    def _tell(self, sentence: str) -> None:
        self.choice.errors = [*self.choice.errors, sentence]

    def intent(self) -> Statement | bool | None:
        """False: skipped; None: nothing has changed; else what changes."""
        if self.choice.data == self.SAME:
            return None
        return self.statement() if self.choice.data == self.CHANGE else False


def round_row(state: ActionState, *, token: int) -> RoundRowForm:
    """The row of an action, showing its state."""
    form = RoundRowForm(
        prefix=f"a{state.action.number}-",
        data={
            "choice": RoundRowForm.SKIP, "status": state.status.value, "health": _shown_health(state).value,
            "planned_end": state.planned_end, "token": str(token),
        },
    )  # fmt: skip
    form.shown = state
    form.log_head = token
    form.choice.choices = [
        (RoundRowForm.SKIP, gettext("Je passe")),
        (RoundRowForm.SAME, gettext("Rien n'a changé")),
        (RoundRowForm.CHANGE, gettext("Il y a du nouveau")),
    ]
    form.status.choices = status_choices()
    form.health.choices = [
        (one.value, gettext("%(what)s : %(words)s", what=one.label, words=one.meaning)) for one in STATED_HEALTH
    ]
    form.done.choices = [(one.id, milestone_words(one)) for one in state.milestones if one.is_open]
    if not form.done.choices:
        del form.done
    return form
