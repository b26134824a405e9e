"""A person's own account: change of password, language."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from tracker.errors import Refused, TrackerError
from tracker.extensions import begin_write, end_transaction
from tracker.forms.auth import PasswordForm
from tracker.permissions import Permission
from tracker.queries import people
from tracker.records import Actor
from tracker.security import LOCALES, acting, current_time, public, requires, sessions
from tracker.security.addresses import safe_path
from tracker.services import accounts

bp = Blueprint("accounts", __name__, url_prefix="/compte")


@bp.route("/mot-de-passe", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_OWN)
def password() -> ResponseReturnValue:
    form = PasswordForm()
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                _change(acting(), current=form.current_password.data or "", wanted=form.new_password.data or "")
            except TrackerError as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                sessions.end()
                flash(
                    gettext("Mot de passe changé. Toutes vos visites sont closes : connectez-vous de nouveau."),
                    "success",
                )
                return redirect(url_for("auth.login"), 303)
    return render_template("auth/password.html", form=form, login=acting().login), status


@bp.post("/langue")
@public
def language() -> ResponseReturnValue:
    """Speak the language asked for: from now on for a person, for this browser before the login."""
    wanted = request.form.get("langue", "")
    if wanted not in LOCALES:
        abort(400)
    if current_user.is_authenticated:
        begin_write()
        accounts.choose_language(wanted, actor=acting(), now=current_time())
    else:
        session[sessions.LANGUAGE] = wanted
    return redirect(safe_path(request.form.get("suite", "")), 303)


def _change(actor: Actor, *, current: str, wanted: str) -> None:
    """Check, hash outside any transaction, then write alone. Raises Refused or TooManyAttempts."""
    now = current_time()
    new = accounts.check_new_password(login=actor.login, password=wanted, demo=current_app.config["DEMO"])
    failures, _address = check_own_password(actor, current)
    new_hash = accounts.hash_password(new)
    begin_write()
    accounts.forget_failures(failures)
    accounts.change_password(actor=actor, new_hash=new_hash, now=now)
    end_transaction(commit=True)


def check_own_password(actor: Actor, typed: str) -> tuple[str, str]:
    """The keys under which failures are counted; leaves no transaction open.

    Raises Refused (`current_password`) or TooManyAttempts.
    """
    now = current_time()
    # guesses of the present password count apart from those of the login page: nobody can lock this form from outside
    keys = accounts.throttle_keys(
        current_app.config["SECRET_KEY"], account=str(actor.id), address=request.remote_addr or "", purpose="password"
    )
    accounts.check_throttle(keys, now=now)
    stored = people.password_hash(actor.id)
    end_transaction(commit=False)
    if stored is None:  # a provider's account opens theirs
        message = gettext("Vous n'avez pas de mot de passe dans cet outil. Faites-en un par « Mot de passe oublié ».")
        raise Refused(message, field="current_password")
    if not accounts.verify_password(stored, typed):
        begin_write()
        accounts.note_failure(keys, now=now)
        end_transaction(commit=True)
        raise Refused(gettext("Ce n'est pas votre mot de passe actuel."), field="current_password")
    return keys
