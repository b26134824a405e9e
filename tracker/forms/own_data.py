"""What is typed about personal data: a request, its answer, an erasure, the withdrawal of a text."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import DateField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from tracker import validation
from tracker.enums import RequestKind
from tracker.forms import BaseForm, check
from tracker.services.data_requests import TEXT_MAX


class RequestForm(BaseForm):
    kind = RadioField(_("Ce que vous demandez"), [InputRequired(_("Choisissez ce que vous demandez."))])
    text = TextAreaField(_("Précisions"), [Length(max=TEXT_MAX, message=_("2 000 caractères au plus."))])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = [
            (RequestKind.CORRECTION.value, gettext("Faire corriger une donnée")),
            (RequestKind.ERASURE.value, gettext("Faire effacer mes données")),
        ]


class PaperRequestForm(BaseForm):
    kind = RadioField(_("Ce que la personne demande"), [InputRequired(_("Choisissez ce qui est demandé."))])
    received_on = DateField(
        _("Demande reçue le"), [InputRequired(_("Donnez le jour où la demande est arrivée : le délai part de là."))]
    )
    text = TextAreaField(_("Précisions"), [Length(max=TEXT_MAX, message=_("2 000 caractères au plus."))])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = [
            (RequestKind.ACCESS.value, gettext("Avoir une copie de ses données")),
            (RequestKind.CORRECTION.value, gettext("Faire corriger une donnée")),
            (RequestKind.ERASURE.value, gettext("Faire effacer ses données")),
        ]


class AnswerForm(BaseForm):
    outcome = RadioField(_("Votre réponse"), [InputRequired(_("Dites si la demande est satisfaite."))])
    answer = TextAreaField(
        _("Ce qui est dit à la personne"),
        [InputRequired(_("Dites ce qui a été fait, ou pourquoi non."))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outcome.choices = [("done", gettext("C'est fait")), ("refused", gettext("Ce n'est pas possible"))]


class EraseForm(BaseForm):
    login = StringField(
        _("Identifiant de la personne"), [InputRequired(_("Tapez l'identifiant de la personne pour confirmer."))]
    )


class RedactionForm(BaseForm):
    reason = TextAreaField(
        _("Pourquoi retirer ce texte ?"), [InputRequired(_("Dites pourquoi.")), check(validation.reason)]
    )
