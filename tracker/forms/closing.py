"""What the manager types to open a closed project again."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import TextAreaField
from wtforms.validators import InputRequired

from tracker import validation
from tracker.forms import BaseForm, check


class ReopenForm(BaseForm):
    reason = TextAreaField(
        _("Pourquoi le rouvrir"),
        [InputRequired(_("Dites pourquoi, en une phrase au moins.")), check(validation.reason)],
    )
