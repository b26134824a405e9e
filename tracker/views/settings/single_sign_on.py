"""What the manager chooses for the single sign-on: the button's words, the rule of the first login."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.forms.single_sign_on import ReleaseForm, SignOnForm
from tracker.permissions import Permission
from tracker.queries import single_sign_on as queries
from tracker.queries import town
from tracker.security import acting, current_time, requires
from tracker.services import single_sign_on as service
from tracker.views.attempts import Attempt
from tracker.views.frame import ask, confirmed
from tracker.views.settings.blueprint import bp

RELEASE = "detacher"  # what the button of the second form sends as « geste »
SIREN = "siren-"  # then the employer's slug


@bp.route("/connexion-unique", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def single_sign_on() -> ResponseReturnValue:
    releasing = request.method == "POST" and request.form.get("geste") == RELEASE
    release = ReleaseForm() if releasing else ReleaseForm(formdata=None)
    if releasing:
        return _release(release)
    chosen = queries.chosen()
    employers = town.employers()
    typed = {one.slug: chosen.sirens.get(one.slug, "") for one in employers}
    form = SignOnForm(data={"label": chosen.label, "rule": chosen.rule})
    if form.is_submitted():
        typed = {slug: request.form.get(SIREN + slug, "") for slug in typed}
        if form.validate():
            with Attempt(form) as attempt:
                service.choose(
                    rule=form.rule.data, label=form.label.data or "", sirens=typed, actor=acting(), now=current_time()
                )
                flash(gettext("C'est enregistré ; cela vaut dès la prochaine connexion."), "success")
                return redirect(url_for("settings.single_sign_on"), 303)
            return _page(form, release, typed, attempt.status, wrong=attempt.refusal.field if attempt.refusal else None)
    return _page(form, release, typed, 422 if form.is_submitted() else 200)


def _page(
    form: SignOnForm, release: ReleaseForm, typed: dict[str, str], status: int, wrong: str | None = None
) -> ResponseReturnValue:
    provider = current_app.config["OPENID"]
    rows = [(one, SIREN + one.slug, typed.get(one.slug, "")) for one in town.employers()]
    return (
        render_template(
            "settings/single_sign_on.html",
            form=form,
            release=release,
            rows=rows,
            provider=provider,
            geste=RELEASE,
            wrong=wrong,
        ),
        status,
    )


def _release(form: ReleaseForm) -> ResponseReturnValue:
    chosen = queries.chosen()
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
    again = SignOnForm(formdata=None, data={"label": chosen.label, "rule": chosen.rule})
    return _page(again, form, dict(chosen.sirens), status)
