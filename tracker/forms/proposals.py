"""What an author and a moderator may type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Optional

from tracker import validation
from tracker.forms import BaseForm, check
from tracker.queries.projects import Choice
from tracker.services.proposals import Text

SHOWN, HIDDEN = "affiche", "non-affiche"


def _optional_title(value: str | None) -> None:
    if value:
        validation.title(value)


class ProposalForm(BaseForm):
    """Only the idea is required."""

    key = HiddenField()
    body = TextAreaField(
        _("Votre idée"), [DataRequired(_("Écrivez votre idée : une phrase suffit.")), check(validation.body)]
    )
    title = StringField(_("Titre"), [check(_optional_title)])
    theme = SelectField(_("Thème"), [Optional()], coerce=str)
    name = RadioField(_("Votre nom"), [Optional()])  # a draft may wait for the choice, sending may not
    thanks = BooleanField(_("Si mon idée est citée dans la lettre du projet, on peut m'y remercier par mon nom"))

    def __init__(self, *args: Any, themes: Iterable[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.theme.choices = [("", gettext("Je ne sais pas"))] + [(str(t.id), t.name) for t in themes]
        self.name.choices = [
            (SHOWN, gettext("Afficher mon nom")),
            (HIDDEN, gettext("Ne pas afficher mon nom")),
        ]

    def name_chosen_for(self, intent: str) -> bool:
        """A draft may wait; what is read again or sent must say whether the name is displayed."""
        if intent == "brouillon" or self.name.data:
            return True
        self.name.errors = [gettext("Choisissez si votre nom est affiché ou non.")]
        return False

    def text(self) -> Text:
        """What was typed, as the service takes it."""
        return Text(
            title=self.title.data or "",
            body=self.body.data or "",
            theme_id=validation.as_id(self.theme.data or ""),
            sealed=self.name.data == HIDDEN if self.name.data else None,
            thanks_consent=bool(self.thanks.data),
        )


class RewriteForm(BaseForm):
    """A new text of a published proposal."""

    base_version = HiddenField()
    title = StringField(_("Titre"), [DataRequired(_("Donnez un titre.")), check(validation.title)])
    body = TextAreaField(_("Texte"), [DataRequired(_("Écrivez votre idée.")), check(validation.body)])


class ReturnForm(BaseForm):
    """Why a submission is returned."""

    reason = TextAreaField(
        _("Pourquoi, et vers qui se tourner"),
        [DataRequired(_("Dites pourquoi, en une phrase au moins.")), check(validation.reason)],
    )
