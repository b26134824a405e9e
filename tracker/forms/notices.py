"""What the manager types of the legal pages and of the durations."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import DateField, FloatField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from tracker import validation
from tracker.forms import ComparedForm, WholeField
from tracker.queries.notices import MONTHS_MAX, Accessibility, Privacy, Retention

TEXT_MAX = 4000
MONTHS = [
    InputRequired(_("Donnez un nombre de mois.")),
    NumberRange(1, MONTHS_MAX, _("Donnez un nombre de mois, de 1 à 240.")),
]


class PrivacyForm(ComparedForm):
    controller = TextAreaField(_("Responsable du traitement"), [Length(max=TEXT_MAX)])
    officer = TextAreaField(_("Délégué·e à la protection des données"), [Length(max=TEXT_MAX)])
    purposes = TextAreaField(_("Finalités"), [Length(max=TEXT_MAX)])
    legal_basis = TextAreaField(_("Base légale"), [Length(max=TEXT_MAX)])
    recipients = TextAreaField(_("Destinataires"), [Length(max=TEXT_MAX)])
    leavers = WholeField(validators=MONTHS)
    authors = WholeField(validators=MONTHS)
    security = WholeField(validators=MONTHS)
    drafts = WholeField(validators=MONTHS)
    requests = WholeField(validators=MONTHS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in Retention.__slots__:
            what, since = Retention.words(name)
            self._fields[name].label.text = what
            self._fields[name].description = _("Mois %(since)s.", since=since)

    def privacy(self) -> Privacy:
        return Privacy(*(self._fields[name].data or "" for name in Privacy.__slots__))

    def retention(self) -> Retention:
        return Retention(*(self._fields[name].data for name in Retention.__slots__))


class AccessibilityForm(ComparedForm):
    audited_on = DateField(_("Date de l'audit"), [Optional()])
    rate = FloatField(
        _("Taux de conformité au RGAA"), [Optional(), NumberRange(0, 100, _("Donnez un taux de 0 à 100."))]
    )
    auditor = StringField(_("Qui a fait l'audit"), [Length(max=validation.NAME_MAX)])
    derogations = TextAreaField(_("Contenus non accessibles et dérogations"), [Length(max=TEXT_MAX)])
    stated_on = DateField(_("Date de la déclaration"), [Optional()])

    def accessibility(self) -> Accessibility:
        return Accessibility(
            audited_on=self.audited_on.data,
            rate=self.rate.data,
            auditor=self.auditor.data or "",
            derogations=self.derogations.data or "",
            stated_on=self.stated_on.data,
        )
