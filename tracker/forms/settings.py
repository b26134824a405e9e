"""What the manager of the tool may type in the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from flask_babel import gettext, lazy_pgettext
from flask_babel import lazy_gettext as _
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateField,
    FieldList,
    FormField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import EqualTo, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from tracker import filters, validation
from tracker.enums import PhaseKind
from tracker.errors import Refused
from tracker.forms import BaseForm, ComparedForm, WholeField, check
from tracker.queries.campaigns import CampaignRecord, PhaseRecord
from tracker.queries.projects import Choice
from tracker.records import NO_COLOUR, PARIS, paris_instant
from tracker.services.settings import consultations, employers, lists, projects
from tracker.services.settings.steps import STEPS_MAX, Begun, chained
from tracker.wording import TERMS

BLANK_STEPS = 2
PLACES = SelectMultipleField(
    _("Employeurs"), coerce=str, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
)


def _chosen(field: Any) -> tuple[int, ...]:
    return tuple(int(value) for value in field.data or ())


def _offer(field: Any, entities: Sequence[Choice]) -> None:
    field.choices = [(str(entity.id), entity.name) for entity in entities]


class ProjectForm(ComparedForm):
    title = StringField(_("Titre"), [InputRequired(_("Donnez un titre au projet.")), check(validation.title)])
    starts_on = DateField(_("Début"), [InputRequired(_("Donnez la date de début."))])
    ends_on = DateField(_("Fin"), [InputRequired(_("Donnez la date de fin."))])
    summary = TextAreaField(_("Présentation"), [Length(max=validation.BODY_MAX)])
    people_consulted = WholeField(_("Nombre de personnes consultées"), [Optional()])
    entities = PLACES
    letter_name = StringField(_("Nom de la lettre du projet"), [Length(max=validation.NAME_MAX)])
    letters_public = BooleanField(_("Les lettres publiées se lisent sans se connecter"))
    is_principal = BooleanField(_("C'est le projet principal : celui que les pages montrent d'abord"))

    def __init__(self, *args: Any, entities: Sequence[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.entities, entities)

    def project(self) -> projects.ProjectInput:
        """What was typed, for the service."""
        return projects.ProjectInput(
            title=self.title.data or "",
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
            summary=self.summary.data or "",
            people_consulted=self.people_consulted.data,
            letter_name=self.letter_name.data or "",
            letters_public=bool(self.letters_public.data),
            is_principal=bool(self.is_principal.data),
            entity_ids=_chosen(self.entities),
        )


class EmployerForm(ComparedForm):
    name = StringField(
        _("Nom"), [InputRequired(_("Donnez le nom de l'employeur.")), check(validation.label, field="name")]
    )
    short_name = StringField(_("Nom court"), [Length(max=employers.SHORT_MAX)])
    colour = StringField(_("Couleur"), default=NO_COLOUR)
    position = WholeField(_("Rang dans les listes"), [Optional()], default=0)
    logo = FileField(_("Logo"))
    without_logo = BooleanField(_("Retirer le logo actuel"))

    def employer(self, logo: str | None) -> employers.EmployerInput:
        """What was typed, for the service; `logo`: the key of the picture just kept."""
        if logo is None and self.without_logo.data:
            logo = ""
        return employers.EmployerInput(
            name=self.name.data or "",
            short_name=self.short_name.data or "",
            colour=self.colour.data or NO_COLOUR,
            position=self.position.data or 0,
            logo=logo,
        )


class AddForm(BaseForm):
    """Names to add to a short list."""

    names = TextAreaField(_("À ajouter"), [check(lists.names_of)])
    entities = PLACES

    def __init__(self, *args: Any, entities: Sequence[Choice] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.entities, entities)

    @property
    def entity_ids(self) -> tuple[int, ...]:
        return _chosen(self.entities)


class LineForm(ComparedForm):
    name = StringField(_("Nom"), [InputRequired(_("Donnez un nom.")), check(validation.label, field="name")])
    position = WholeField(_("Rang dans la liste"), [Optional()])
    text = TextAreaField(_("Mandat"), [Length(max=validation.BODY_MAX)])
    entities = PLACES

    def __init__(self, *args: Any, kind: lists.Listed, entities: Sequence[Choice] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.entities, entities)
        if kind.noun == "site":
            self.text.label.text = gettext("Adresse")
        for name, wanted in (
            ("position", kind.has_position),
            ("text", bool(kind.text)),
            ("entities", kind.has_entities),
        ):
            if not wanted:
                del self[name]

    def line(self) -> lists.LineInput:
        """What was typed, for the service."""
        return lists.LineInput(
            name=self.name.data or "",
            position=(self.position.data or 0) if "position" in self else 0,
            text=(self.text.data or "") if "text" in self else "",
            entity_ids=_chosen(self.entities) if "entities" in self else (),
        )


class StepForm(BaseForm):
    """A step: what it allows, and from when on. Left without a kind, it is none."""

    kind = SelectField(_("Étape"), coerce=str, default="")
    day = DateField(_("À partir du"), [Optional()])
    hour = TimeField(_("à"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = [("", gettext("(pas d'étape)"))] + [
            (kind.value, kind.label[:1].upper() + kind.label[1:]) for kind in PhaseKind
        ]

    def validate(self, extra_validators: Any = None) -> bool:
        right: bool = super().validate(extra_validators)
        step = next((kind.label for kind in PhaseKind if kind.value == self.kind.data), "")
        if step and self.day.data is None and not self.day.errors:
            self.day.errors = [gettext("Donnez le jour où l'étape « %(step)s » commence.", step=step)]
            return False
        return right


class CampaignForm(ComparedForm):
    title = StringField(_("Titre"), [InputRequired(_("Donnez un titre à la consultation.")), check(validation.title)])
    introduction = TextAreaField(_("Présentation"), [Length(max=validation.BODY_MAX)])
    elsewhere = TextAreaField(_("Ce qui n'a pas sa place ici, et à qui s'adresser"), [Length(max=validation.BODY_MAX)])
    moderation_days = WholeField(
        _("Délai de publication, en jours"), [InputRequired(_("Donnez un nombre de jours."))], default=5
    )
    answer_by = DateField(_("Réponse du comité de pilotage au plus tard le"), [Optional()])
    phases = FieldList(FormField(StepForm, label=""), max_entries=STEPS_MAX)
    ends_on = DateField(_("Fin de la dernière étape"), [Optional()])
    ends_at = TimeField(_("à"), [Optional()])

    def steps(self) -> tuple[PhaseRecord, ...]:
        """The steps typed, each until the next one. Raises Refused."""
        begun = [
            Begun(PhaseKind(row.kind.data), _instant(row.day.data, row.hour.data, "steps"))
            for row in (entry.form for entry in self.phases)
            if row.kind.data
        ]
        ends_on = self.ends_on.data
        return chained(begun, None if ends_on is None else _instant(ends_on, self.ends_at.data, "ends_on"))

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        try:
            self.steps()
        except Refused as refusal:
            self.refuse(refusal)
            return False
        return True

    def other_version(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The steps are told one by one, as they stand now."""
        steps = {"phases", "ends_on", "ends_at"}
        told = super().other_version({name: value for name, value in values.items() if name not in steps})
        typed = [_step_words(entry.form.data) for entry in self.phases if entry.form.kind.data]
        theirs = [_step_words(step) for step in values["phases"] if step]
        for at in range(max(len(typed), len(theirs))):
            if theirs[at : at + 1] != typed[at : at + 1]:
                told.append((gettext("Étape %(n)s", n=at + 1), theirs[at] if at < len(theirs) else ""))
        if (values["ends_on"], values["ends_at"]) != (self.ends_on.data, self.ends_at.data or time()):
            told.append((gettext("Fin de la dernière étape"), _day_words(values["ends_on"], values["ends_at"])))
        return told

    def campaign(self) -> consultations.CampaignInput:
        """What was typed, for the service."""
        return consultations.CampaignInput(
            title=self.title.data or "",
            introduction=self.introduction.data or "",
            elsewhere=self.elsewhere.data or "",
            moderation_days=self.moderation_days.data or 0,
            answer_by=self.answer_by.data,
            steps=self.steps(),
        )


def _step_words(step: Mapping[str, Any]) -> str:
    kind = next((kind.label for kind in PhaseKind if kind.value == step["kind"]), "")
    when = _day_words(step["day"], step["hour"])
    return gettext("%(step)s, à partir du %(day)s", step=kind[:1].upper() + kind[1:], day=when)


def _day_words(day: date | None, hour: time | None) -> str:
    if day is None:
        return ""
    if hour in {None, time()}:
        return filters.day(day)
    return gettext("%(day)s à %(hour)s", day=filters.day(day), hour=f"{hour:%H:%M}")


def _instant(day: date, hour: time | None, field: str) -> datetime:
    """The instant of a day typed with or without an hour. Raises Refused for a day that no project can speak of."""
    validation.project_date(day, field=field)
    return paris_instant(day, hour.hour, hour.minute) if hour else paris_instant(day)


def campaign_values(campaign: CampaignRecord | None, *, elsewhere: str = "") -> dict[str, Any]:
    """What the form of a consultation shows at first; new ones start with one step to propose, then to support."""
    if campaign is None:
        blank = [{"kind": kind.value} for kind in (PhaseKind.PROPOSING, PhaseKind.VOTING, PhaseKind.REVIEWING)]
        return {"elsewhere": elsewhere, "phases": [*blank, {}]}
    steps = [_step(step) for step in campaign.phases]
    last = campaign.phases[-1].ends_at.astimezone(PARIS) if campaign.phases else None
    return {
        "title": campaign.title,
        "introduction": campaign.introduction,
        "elsewhere": campaign.elsewhere,
        "moderation_days": campaign.moderation_days,
        "answer_by": campaign.answer_by,
        "phases": (steps + [{}] * BLANK_STEPS)[:STEPS_MAX],
        "ends_on": last.date() if last else None,
        "ends_at": last.time() if last else None,
    }


def _step(step: PhaseRecord) -> dict[str, Any]:
    begins = step.starts_at.astimezone(PARIS)
    return {"kind": step.kind.value, "day": begins.date(), "hour": begins.time()}


class ContactForm(ComparedForm):
    contact = StringField(_("Qui contacter"), [Length(max=200)])


class LabelsForm(ComparedForm):
    """A singular and a plural for each word that may be said otherwise."""

    def other_version(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Each with the word it is said instead of."""
        told = []
        for term in TERMS:
            names = (f"{term.key}_one", f"{term.key}_many")
            if any(values[name] != self[name].data for name in names):
                told.append((term.one, " · ".join(values[name] for name in names if values[name])))
        return told

    def words(self) -> dict[str, tuple[str, str]]:
        return {term.key: (self[f"{term.key}_one"].data or "", self[f"{term.key}_many"].data or "") for term in TERMS}


for _term in TERMS:
    setattr(LabelsForm, f"{_term.key}_one", StringField(_("Au singulier"), [Length(max=200)]))
    setattr(LabelsForm, f"{_term.key}_many", StringField(_("Au pluriel"), [Length(max=200)]))


class FirstAccountForm(BaseForm):
    first_name = StringField(_("Prénom"), [InputRequired(_("Écrivez votre prénom.")), Length(max=validation.NAME_MAX)])
    last_name = StringField(
        lazy_pgettext("personne", "Nom"), [InputRequired(_("Écrivez votre nom.")), Length(max=validation.NAME_MAX)]
    )
    login = StringField(_("Identifiant"), [InputRequired(_("Choisissez un identifiant.")), check(validation.login)])
    new_password = PasswordField(_("Mot de passe"), [InputRequired(_("Choisissez un mot de passe.")), Length(max=1000)])
    repeat_password = PasswordField(
        _("Le même, encore une fois"), [EqualTo("new_password", _("Les deux saisies sont différentes : recommencez."))]
    )
