"""Login and password forms."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, PasswordField, SelectField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from tracker.forms import BaseForm


class LoginForm(BaseForm):
    login = StringField(
        _("Identifiant"),
        [InputRequired(_("Écrivez votre identifiant, votre adresse ou votre matricule.")), Length(max=254)],
    )
    password = PasswordField(_("Mot de passe"), [InputRequired(_("Écrivez votre mot de passe.")), Length(max=1000)])
    # asked only after a failure, of whoever typed what may be a register number (design 4.11)
    employer = SelectField(_("Employeur"), choices=[], default="", validate_choice=False)
    shared = BooleanField(_("Cet appareil est partagé avec d'autres personnes"), default=True)


class PasswordForm(BaseForm):
    current_password = PasswordField(
        _("Mot de passe actuel"), [InputRequired(_("Écrivez votre mot de passe actuel.")), Length(max=1000)]
    )
    new_password = PasswordField(
        _("Nouveau mot de passe"), [InputRequired(_("Choisissez un nouveau mot de passe.")), Length(max=1000)]
    )
    repeat_password = PasswordField(
        _("Le même, encore une fois"),
        [EqualTo("new_password", _("Les deux saisies sont différentes : recommencez."))],
    )
