"""A proposal told on paper or in a workshop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from tracker import validation
from tracker.forms import BaseForm, WholeField, check
from tracker.forms.proposals import HIDDEN, SHOWN
from tracker.queries.projects import Choice
from tracker.services.proposals import Text
from tracker.services.transcription import Gathering, Teller

PERSON, WORKSHOP = "personne", "atelier"


class PaperForm(BaseForm):
    key = HiddenField()
    body = TextAreaField(
        _("L'idée, avec les mots de la personne"), [DataRequired(_("Écrivez l'idée.")), check(validation.body)]
    )
    title = StringField(_("Titre"), [Length(max=validation.TITLE_MAX)])
    theme = SelectField(_("Thème"), [Optional()], coerce=str)
    source = RadioField(_("Qui l'a dite ?"), [InputRequired(_("Dites qui a eu cette idée."))])
    identifier = StringField(_("Identifiant, adresse électronique ou matricule"), [Length(max=254)])
    agreed = BooleanField(
        _("Cette personne est d'accord pour que je l'écrive à sa place, et a choisi elle-même pour son nom")
    )
    name = RadioField(_("Son nom"), [Optional()])
    thanks = BooleanField(_("Si son idée est citée dans la lettre du projet, on peut l'y remercier par son nom"))
    workshop = SelectField(_("Atelier"), [Optional()], coerce=str)
    workshop_title = StringField(_("Nom de l'atelier"), [Length(max=validation.TITLE_MAX)])
    held_on = DateField(_("Jour"), [Optional()])
    place = StringField(_("Lieu"), [Length(max=validation.NAME_MAX)])
    declared_count = WholeField(
        _("Nombre de personnes"), [Optional(), NumberRange(1, 100_000, _("Un nombre entre 1 et 100 000."))]
    )

    def __init__(self, *args: Any, themes: Iterable[Choice], workshops: Iterable[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.theme.choices = [("", gettext("Je ne sais pas"))] + [(str(t.id), t.name) for t in themes]
        self.source.choices = [(PERSON, gettext("Une personne")), (WORKSHOP, gettext("Un atelier"))]
        self.name.choices = [(SHOWN, gettext("Afficher son nom")), (HIDDEN, gettext("Ne pas afficher son nom"))]
        self.workshop.choices = [("", gettext("Un nouvel atelier"))] + [(str(w.id), w.name) for w in workshops]

    def told_by(self) -> Teller | Gathering | None:
        """Who said it; None when what is needed of them is missing, which the form then says."""
        if self.source.data == WORKSHOP:
            return Gathering(
                known_id=validation.as_id(self.workshop.data or ""),
                title=self.workshop_title.data or "",
                held_on=self.held_on.data,
                place=self.place.data or "",
                declared_count=self.declared_count.data,
            )
        if not self.identifier.data:
            self.identifier.errors = [gettext("Écrivez de qui il s'agit.")]
        if not self.name.data:
            self.name.errors = [gettext("Demandez à la personne si son nom est affiché ou non.")]
        if not self.agreed.data:
            self.agreed.errors = [
                gettext("Cochez cette case : on n'écrit rien au nom de quelqu'un qui ne l'a pas demandé.")
            ]
        if not (self.identifier.data and self.name.data and self.agreed.data):
            return None
        return Teller(
            identifier=self.identifier.data,
            agreed=bool(self.agreed.data),
            sealed=self.name.data == HIDDEN,
            thanks_consent=bool(self.thanks.data),
        )

    def text(self) -> Text:
        return Text(
            title=self.title.data or "", body=self.body.data or "", theme_id=validation.as_id(self.theme.data or "")
        )
