"""Typing a code, choosing a password, asking for a link."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, HiddenField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from tracker.forms import BaseForm


class CodeForm(BaseForm):
    """First the code alone."""

    code = StringField(
        _("Votre code"), [InputRequired(_("Écrivez le code imprimé sur votre feuille.")), Length(max=60)]
    )


class ChoiceForm(BaseForm):
    """Then, the code being right, the password."""

    code = HiddenField(validators=[Length(max=60)])
    new_password = PasswordField(
        _("Votre mot de passe"), [InputRequired(_("Choisissez un mot de passe.")), Length(max=1000)]
    )
    repeat_password = PasswordField(
        _("Le même, encore une fois"),
        [EqualTo("new_password", _("Les deux saisies sont différentes : recommencez."))],
    )
    shared = BooleanField(_("Cet appareil est partagé avec d'autres personnes"), default=True)


class ForgottenForm(BaseForm):
    login = StringField(
        _("Identifiant"),
        [InputRequired(_("Écrivez votre identifiant, votre adresse ou votre matricule.")), Length(max=254)],
    )
