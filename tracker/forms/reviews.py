"""What a person in charge of the study may type."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import RadioField, TextAreaField
from wtforms.validators import InputRequired

from tracker import validation
from tracker.enums import ReviewAdvice
from tracker.forms import ComparedForm, check


class ReviewForm(ComparedForm):
    advice = RadioField(_("Votre avis"), [InputRequired(_("Choisissez un avis."))])
    text = TextAreaField(
        _("Pourquoi, et à quelles conditions"),
        [InputRequired(_("Expliquez votre avis, en une phrase au moins.")), check(validation.reason, field="text")],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.advice.choices = [(a.value, a.label[:1].upper() + a.label[1:]) for a in ReviewAdvice]
