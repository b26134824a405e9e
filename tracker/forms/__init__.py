"""What a person may type. Lengths and rules are those of `validation`; choices are passed in by the view."""

from __future__ import annotations

import re
from typing import Any

from flask_wtf import FlaskForm
from wtforms import ValidationError

from tracker.errors import Refused, TrackerError


class BaseForm(FlaskForm):
    """A form whose meta asks Flask-Babel for messages; a service's refusal lands beside its field."""

    class Meta(FlaskForm.Meta):
        csrf = False  # the gate in security checks the token of every write, forms or not

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            filters = list(unbound_field.kwargs.get("filters", []))
            if not filters and unbound_field.field_class.__name__ in {"StringField", "TextAreaField"}:
                filters.append(strip)
            return unbound_field.bind(form=form, filters=filters, **options)

    def refuse(self, refusal: TrackerError) -> None:
        """Show a refusal beside the field it names, or at the top."""
        field = self._fields.get(refusal.field or "")
        if field is None:
            self.form_errors.append(refusal.message)
        else:
            field.errors = [*field.errors, refusal.message]


# what no keyboard writes and no HTML page may hold; texts are cleaned further by `validation`
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def strip(value: str | None) -> str | None:
    return _CONTROLS.sub("", value).strip() if isinstance(value, str) else value


def check(rule: Any, **options: Any) -> Any:
    """A WTForms validator that asks a rule of `validation`, which raises Refused."""

    def validate(_form: Any, field: Any) -> None:
        try:
            rule(field.data, **options)
        except Refused as refusal:
            raise ValidationError(refusal.message) from refusal

    return validate
