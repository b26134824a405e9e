"""What the manager chooses for the single sign-on: the button's words, the rule of the first login."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.forms.single_sign_on import SIREN, ReleaseForm, SignOnForm, sign_on_form
from tracker.permissions import Permission
from tracker.queries import single_sign_on as queries
from tracker.queries import town
from tracker.security import acting, current_time, requires
from tracker.services import single_sign_on as service
from tracker.views.attempts import Attempt
from tracker.views.frame import ask, confirmed
from tracker.views.settings.blueprint import bp

RELEASE = "detacher"  # what the button of the second form sends as « geste »


@bp.route("/connexion-unique", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def single_sign_on() -> ResponseReturnValue:
    releasing = request.method == "POST" and request.form.get("geste") == RELEASE
    release = ReleaseForm() if releasing else ReleaseForm(formdata=None)
    if releasing:
        return _release(release)
    form = _form()
    if form.validate_on_submit():
        typed = {slug: one.data or "" for slug, one in form.numbers.items()}
        with Attempt(form) as attempt:
            service.choose(
                rule=form.rule.data, label=form.label.data or "", sirens=typed, seen=form.seen.data, actor=acting(),
                now=current_time(),
            )  # fmt: skip
            flash(gettext("C'est enregistré ; cela vaut dès la prochaine connexion."), "success")
            return redirect(url_for("settings.single_sign_on"), 303)
        theirs = form.compare(_mark(), _values())
        return _page(form, release, attempt.status, theirs)
    return _page(form, release, form.answer_status)


def _form(**options: Any) -> SignOnForm:
    return sign_on_form(town.employers(), data=_values() | {"seen": _mark()}, **options)


def _values() -> dict[str, Any]:
    chosen = queries.chosen()
    numbers = {SIREN + slug: number for slug, number in chosen.sirens.items()}
    return {"label": chosen.label, "rule": chosen.rule, **numbers}


def _mark() -> str:
    return town.settings_mark([queries.SETTING])


def _page(
    form: SignOnForm, release: ReleaseForm, status: int, theirs: Sequence[tuple[str, str]] = ()
) -> ResponseReturnValue:
    page = render_template(
        "settings/single_sign_on.html", form=form, release=release, provider=current_app.config["OPENID"],
        geste=RELEASE, theirs=theirs,
    )  # fmt: skip
    return page, status


def _release(form: ReleaseForm) -> ResponseReturnValue:
    status = 422
    if form.validate():
        if not confirmed():
            return ask(
                gettext("Détacher cette personne de son compte ?"),
                gettext(
                    "Ses visites en cours se ferment. À sa prochaine connexion unique, "
                    "la règle dira de nouveau qui elle est."
                ),
                gettext("Détacher"),
                url_for("settings.single_sign_on"),
            )
        with Attempt(form) as attempt:
            name = service.release(form.person.data or "", actor=acting(), now=current_time())
            flash(gettext("%(name)s n'est plus rattaché·e à aucun compte.", name=name), "success")
            return redirect(url_for("settings.single_sign_on"), 303)
        status = attempt.status
    return _page(_form(formdata=None), form, status)
