"""The second code of a login, and what its own page asks."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from tracker.forms import BaseForm


class SecondCodeForm(BaseForm):
    code = StringField(_("Code"), [InputRequired(_("Écrivez le code.")), Length(max=40)])


class OwnPasswordForm(BaseForm):
    current_password = PasswordField(
        _("Mot de passe actuel"), [InputRequired(_("Écrivez votre mot de passe actuel.")), Length(max=1000)]
    )
