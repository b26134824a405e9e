"""What may be typed of a letter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget

from tracker import validation
from tracker.forms import BaseForm, WholeField, check


class BuildForm(BaseForm):
    quarter = SelectField(_("Trimestre"), [InputRequired(_("Choisissez un trimestre."))])

    def __init__(self, *args: Any, quarters: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.quarter.choices = list(quarters)


class BlockForm(BaseForm):
    """The text of one block; `revision` and `seen` tell what was on the page when it was opened."""

    text = TextAreaField(_("Texte"), [Length(max=validation.BODY_MAX)])
    revision = WholeField(validators=[Optional()], widget=HiddenInput())
    seen = HiddenField()


class FreeBlockForm(BlockForm):
    title = StringField(_("Titre du passage"), [check(validation.title)])
    text = TextAreaField(_("Texte"), [InputRequired(_("Écrivez le texte du passage.")), check(validation.body)])


class ReadersForm(BaseForm):
    readers = SelectMultipleField(
        _("À qui la donner à relire"),
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validate_choice=False,
    )

    def __init__(self, *args: Any, people: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.readers.choices = list(people)


class RemarkForm(BaseForm):
    remark = TextAreaField(_("Votre remarque"), [Length(max=validation.REASON_MAX)])


class ApprovalForm(BaseForm):
    name = StringField(
        _("Donné par"), [InputRequired(_("Dites qui a donné le bon à tirer.")), check(validation.person_name)]
    )
    on = DateField(_("Le"), [InputRequired(_("Donnez la date du bon à tirer."))])
    revision = WholeField(validators=[Optional()], widget=HiddenInput())


class PublishForm(BaseForm):
    is_public = BooleanField(_("Lisible sans se connecter"))
    revision = WholeField(validators=[Optional()], widget=HiddenInput())
