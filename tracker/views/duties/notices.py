"""Settings of the two legal pages, and of how long things are kept."""

from __future__ import annotations

from dataclasses import asdict

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.forms.notices import AccessibilityForm, PrivacyForm
from tracker.permissions import Permission
from tracker.queries import notices as queries
from tracker.queries import town
from tracker.security import acting, current_time, requires
from tracker.services import notices
from tracker.views.attempts import Attempt
from tracker.views.duties.blueprint import SETTINGS, bp
from tracker.views.frame import ask, confirmed, today

PRIVACY_KEYS = (queries.PRIVACY, queries.RETENTION)


@bp.route(f"{SETTINGS}/donnees-personnelles", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def privacy() -> ResponseReturnValue:
    told, _accessibility, kept = queries.all_three()
    form = PrivacyForm(data=asdict(told) | asdict(kept) | {"seen": town.settings_mark(PRIVACY_KEYS)})
    theirs: list[tuple[str, str]] = []
    if form.validate_on_submit():
        sooner = any(asdict(form.retention())[name] < months for name, months in asdict(kept).items())
        if (sooner or not queries.retention_is_confirmed()) and not confirmed():
            return ask(
                gettext("Appliquer ces durées ?"),
                gettext(
                    "Dès le prochain passage, sans autre question, les noms dont la durée est passée sont effacés, "
                    "ceux des auteurs de projets terminés compris. Un nom effacé ne se retrouve pas."
                ),
                gettext("Enregistrer et appliquer ces durées"),
                url_for("duties.privacy"),
            )
        with Attempt(form):
            notices.write_privacy(
                form.privacy(), form.retention(), seen=form.seen.data, actor=acting(), now=current_time()
            )
            flash(gettext("La page des données personnelles est à jour."), "success")
            return redirect(url_for("help_pages.privacy"), 303)
        theirs = form.compare(town.settings_mark(PRIVACY_KEYS), asdict(told) | asdict(kept))
    page = render_template(
        "duties/privacy.html", form=form, durations=list(asdict(kept)), confirmed=queries.retention_is_confirmed(),
        theirs=theirs,
    )  # fmt: skip
    return page, form.answer_status


@bp.route(f"{SETTINGS}/accessibilite", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def accessibility() -> ResponseReturnValue:
    found = queries.accessibility()
    form = AccessibilityForm(data=asdict(found) | {"seen": town.settings_mark([queries.ACCESSIBILITY])})
    theirs: list[tuple[str, str]] = []
    if form.validate_on_submit():
        with Attempt(form):
            notices.write_accessibility(form.accessibility(), seen=form.seen.data, actor=acting(), now=current_time())
            flash(gettext("La déclaration d'accessibilité est à jour."), "success")
            return redirect(url_for("help_pages.accessibility"), 303)
        theirs = form.compare(town.settings_mark([queries.ACCESSIBILITY]), asdict(found))
    page = render_template(
        "duties/accessibility.html", form=form, found=found, expired=found.has_expired(today()), theirs=theirs
    )
    return page, form.answer_status
