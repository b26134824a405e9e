"""The first account of a town, by the link printed when the server starts."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.errors import NotFound, Refused
from tracker.extensions import end_transaction
from tracker.forms.settings import FirstAccountForm
from tracker.security import current_time, public
from tracker.services import first_account as service
from tracker.services import people
from tracker.services.people import PreparedAccount
from tracker.views.attempts import Attempt

bp = Blueprint("first_account", __name__, url_prefix="/premier-compte")


@bp.route("/<key>", methods=["GET", "POST"])
@public
def create(key: str) -> ResponseReturnValue:
    if current_app.config["DEMO"]:
        abort(404, gettext("Une démonstration a déjà ses comptes."))
    try:
        service.check_token(key, now=current_time())
    except NotFound as refusal:
        advice = gettext("Relancez le serveur, ou demandez-en un autre : flask users first-link")
        abort(404, f"{refusal.message} {advice}")
    form = FirstAccountForm()
    if form.validate_on_submit() and (account := _prepared(form)) is not None:
        with Attempt(form):
            service.create(
                key, account, first_name=form.first_name.data or "", last_name=form.last_name.data or "",
                now=current_time(),
            )  # fmt: skip
            flash(gettext("Votre compte est créé : connectez-vous, puis suivez les premiers pas."), "success")
            return redirect(url_for("auth.login", suite=url_for("settings.first_steps")), 303)
    return render_template("auth/first_account.html", form=form), form.answer_status


def _prepared(form: FirstAccountForm) -> PreparedAccount | None:
    """The login and the password's hash, made outside any transaction; None when they are refused."""
    try:
        return people.prepare_account(login=form.login.data or "", password=form.new_password.data or "")
    except Refused as refusal:
        end_transaction(commit=False)
        form.refuse(refusal)
        return None
