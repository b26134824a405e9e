"""What entering by a provider asks, and what the manager chooses for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, RadioField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length

from tracker.forms import BaseForm, ComparedForm
from tracker.queries.single_sign_on import EMAIL, NOBODY, NUMBER
from tracker.queries.town import Employer
from tracker.services.single_sign_on import LABEL_MAX

SIREN = "siren-"  # then the employer's slug


class EnterForm(BaseForm):
    shared = BooleanField(_("Cet appareil est partagé avec d'autres personnes"), default=True)


class SignOnForm(ComparedForm):
    label = StringField(_("Nom du fournisseur, sur le bouton"), [Length(max=LABEL_MAX)])
    rule = RadioField(
        _("À la première connexion, qui est-ce ?"),
        choices=[
            SelectChoice(EMAIL, _("La personne de la liste du personnel qui a la même adresse électronique")),
            SelectChoice(NUMBER, _("La personne qui a le même matricule chez le même employeur")),
            SelectChoice(NOBODY, _("Personne : seuls ceux déjà rattachés entrent")),
        ],
    )
    numbers: Mapping[str, StringField]  # of each employer, by its slug


def sign_on_form(employers: Sequence[Employer], **options: Any) -> SignOnForm:
    """The form, with a field for the number of each employer."""
    fields = {SIREN + one.slug: StringField(one.name) for one in employers}
    form: SignOnForm = type("SignOnFormOfTown", (SignOnForm,), fields)(**options)
    form.numbers = {one.slug: form[SIREN + one.slug] for one in employers}
    return form


class ReleaseForm(BaseForm):
    person = StringField(
        _("Identifiant ou adresse électronique de la personne"),
        [InputRequired(_("Écrivez l'identifiant ou l'adresse de la personne.")), Length(max=254)],
    )
