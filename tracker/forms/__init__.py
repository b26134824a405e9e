"""What a person may type. Lengths and rules are those of `validation`; choices are passed in by the view."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import request
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField, ValidationError

from tracker.errors import Conflict, Refused, TrackerError
from tracker.filters import day


class BaseForm(FlaskForm):
    """A form whose meta asks Flask-Babel for messages; a service's refusal lands beside its field."""

    _conflict = False

    class Meta(FlaskForm.Meta):
        csrf = False  # the gate in security checks the token of every write, forms or not

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """A body of JSON is no form of ours: it is not read, for one too deep to be read would be a failure."""
            given = formdata is None or hasattr(formdata, "getlist")  # else Flask-WTF takes what the request brought
            return super().wrap_formdata(form, formdata) if given or not request.is_json else None

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            filters = list(unbound_field.kwargs.get("filters", []))
            if not filters and unbound_field.field_class.__name__ in {"StringField", "TextAreaField"}:
                filters.append(strip)
            return unbound_field.bind(form=form, filters=filters, **options)

    def refuse(self, refusal: TrackerError) -> None:
        """Show a refusal beside the field it names, or at the top."""
        self._conflict = self._conflict or refusal.status == Conflict.status
        field = self._fields.get(refusal.field or "")
        if field is None:
            self.form_errors.append(refusal.message)
        else:
            field.errors = [*field.errors, refusal.message]

    @property
    def answer_status(self) -> int:
        """Of the page that shows the form: 409 when somebody was first, 422 when something is to be corrected."""
        if not self.is_submitted():
            return 200
        return Conflict.status if self._conflict else Refused.status

    def read_again(self, name: str, value: object) -> None:
        """Give a hidden field its present value, whatever was posted: the next post is made knowing it."""
        field = self._fields[name]
        field.raw_data = None
        field.process_data(value)

    def other_version(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Label and words of what somebody else wrote where it differs from what is typed here."""
        return [
            (str(self._fields[name].label.text), _words(self._fields[name], value))
            for name, value in values.items()
            if _plain(value) != _plain(self._fields[name].data)
        ]


class ComparedForm(BaseForm):
    """Of what two people may be changing at once; `seen` is the mark of what the page showed when it was opened."""

    seen = HiddenField()

    def compare(self, mark: str, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Label and words of what somebody else saved since, where it differs; the next post is made knowing it."""
        if self.seen.data == mark:
            return []
        self.read_again("seen", mark)
        return self.other_version(values)


class WholeField(IntegerField):
    """A whole number, of at most nine digits: what a database takes, and what a range can be compared with."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(gettext("Donnez un nombre entier.")) from error
        if abs(self.data or 0) >= 10**9:
            self.process_data(None)
            raise ValueError(gettext("Donnez un nombre entier de neuf chiffres au plus."))


def _plain(value: Any) -> Any:
    """To compare: what a browser does to line ends and to order is no difference."""
    if isinstance(value, list):
        return sorted(value)
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def _words(field: Any, value: Any) -> str:
    if hasattr(field, "choices"):
        wanted = value if isinstance(value, list) else [value]
        return ", ".join(str(label) for key, label, *_ in field.choices if key in wanted)
    if isinstance(value, bool):
        return gettext("oui") if value else gettext("non")
    return day(value) if isinstance(value, date) else str(value if value is not None else "")


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
