"""What is confirmed when two accounts, or a name and an account, are made one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, HiddenField

from tracker.forms import BaseForm
from tracker.forms.actions import CheckboxList
from tracker.queries.merging import TypedName


class MergeForm(BaseForm):
    """`seen` is the mark of the preview on the page."""

    seen = HiddenField()
    management_said = BooleanField(_("Oui, cette personne gérera l'outil : personnes, rôles et réglages"))


class NamesForm(BaseForm):
    names = CheckboxList(_("Noms qui sont ceux de cette personne"))

    def __init__(self, *args: Any, found: Sequence[TypedName], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names.choices = [
            (
                one.authorship_id,
                gettext(
                    "%(name)s, proposition n° %(number)s : %(title)s", name=one.name, number=one.number, title=one.title
                ),
            )
            for one in found
        ]
