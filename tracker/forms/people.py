"""What may be typed of people, and of the file of the staff register."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext, lazy_pgettext, pgettext
from flask_babel import lazy_gettext as _
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DateField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from tracker import validation
from tracker.enums import Role
from tracker.forms import BaseForm, ComparedForm, check
from tracker.imports.people import FIELDS, NUMBER_MAX, Sheet
from tracker.queries.directory import Places
from tracker.services.people import GrantInput, PersonInput


def _labels() -> dict[str, str]:
    return {
        "number": gettext("Matricule"),
        "last_name": pgettext("personne", "Nom"),
        "first_name": gettext("Prénom"),
        "email": gettext("Adresse de courriel"),
        "employer": gettext("Employeur"),
        "department": gettext("Direction ou service"),
        "site": gettext("Site"),
        "manager": gettext("Encadrant·e (oui ou non), ou catégorie"),
        "key": gettext("Identifiant de la personne, le même chez tous ses employeurs"),
    }


class RegisterFileForm(BaseForm):
    file = FileField(_("Fichier du personnel"), [FileRequired(_("Choisissez un fichier."))])


class ColumnsForm(BaseForm):
    number = SelectField(default="")
    last_name = SelectField(default="")
    first_name = SelectField(default="")
    email = SelectField(default="")
    employer = SelectField(default="")
    department = SelectField(default="")
    site = SelectField(default="")
    manager = SelectField(default="")
    key = SelectField(default="")
    default_employer = SelectField(_("Employeur des lignes qui n'en disent pas"), default="")

    def __init__(self, *args: Any, sheet: Sheet, places: Places, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        columns = [("", gettext("Pas dans ce fichier")), *((name, name) for name in sheet.columns)]
        labels = _labels()
        for name in FIELDS:
            self._fields[name].choices = columns
            self._fields[name].label.text = labels[name]
        self.default_employer.choices = [("", gettext("Aucun : ces lignes sont refusées")), *places.employers]

    def columns(self) -> dict[str, str]:
        return {name: self._fields[name].data for name in FIELDS if self._fields[name].data}

    def employer_id(self) -> int | None:
        return int(self.default_employer.data) if self.default_employer.data else None


class ConfirmForm(BaseForm):
    absent_leave = BooleanField(_("Désactiver aussi les personnes absentes du fichier"))


class PersonForm(ComparedForm):
    first_name = StringField(_("Prénom"), [InputRequired(_("Donnez le prénom.")), check(validation.person_name)])
    last_name = StringField(
        lazy_pgettext("personne", "Nom"), [InputRequired(_("Donnez le nom.")), check(validation.person_name)]
    )
    email = StringField(
        _("Adresse de courriel"), [Optional(), Length(max=validation.EMAIL_MAX), check(validation.email)]
    )
    entity_id = SelectField(_("Employeur"), default="")
    number = StringField(_("Matricule chez cet employeur"), [Length(max=NUMBER_MAX)])
    department_id = SelectField(_("Service"), default="")
    site_id = SelectField(_("Site"), default="")
    is_manager = BooleanField(_("Encadrant·e"))

    def __init__(self, *args: Any, places: Places, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entity_id.choices = [("", gettext("Sans employeur")), *places.employers]
        self.department_id.choices = [("", gettext("Sans service")), *places.departments]
        self.site_id.choices = [("", gettext("Sans site")), *places.sites]

    def person(self) -> PersonInput:
        def key(field: Any) -> int | None:
            return int(field.data) if field.data else None

        return PersonInput(
            first_name=self.first_name.data or "",
            last_name=self.last_name.data or "",
            email=self.email.data or "",
            entity_id=key(self.entity_id),
            department_id=key(self.department_id),
            site_id=key(self.site_id),
            is_manager=bool(self.is_manager.data),
            number=self.number.data,
        )


class GrantForm(BaseForm):
    """Where a role is held goes with the role: the service refuses what does not fit."""

    role = SelectField(_("Rôle"), [InputRequired(_("Choisissez un rôle."))])
    where = SelectField(_("Où"), default="")
    starts_on = DateField(_("Du"), [InputRequired(_("Donnez le premier jour."))])
    ends_on = DateField(_("Au"), [Optional()])

    def __init__(self, *args: Any, where: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.role.choices = [(role.value, role.label[:1].upper() + role.label[1:]) for role in Role]
        self.where.choices = [("", gettext("Partout")), *where]

    def grant(self) -> GrantInput:
        kind, _dash, key = (self.where.data or "").partition("-")
        number = validation.as_id(key)
        return GrantInput(
            role=Role(self.role.data),
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
            programme_id=number if kind == "projet" else None,
            group_id=number if kind == "groupe" else None,
            site_id=number if kind == "site" else None,
        )
