"""Log in, log out, and come back after an ended visit."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user, logout_user

from tracker.enums import Role
from tracker.errors import TooManyAttempts
from tracker.extensions import begin_write, end_transaction
from tracker.forms.auth import LoginForm
from tracker.queries import people
from tracker.security import current_time, public, resume, sessions
from tracker.services import accounts

bp = Blueprint("auth", __name__)

DEMO_PASSWORD = "projet-administration"  # noqa: S105 - demo accounts exist in demo mode alone
DEMO_LOGINS = ("agent", "pilote", "etude", "moderation", "copil", "redaction", "admin")


def safe_path(target: str) -> str:
    """A path of this site, or home: never another host, never a scheme."""
    parts = urlsplit(target.replace("\\", "/"))
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or parts.path.startswith("//"):
        return url_for("home.index")
    if any(ord(c) < 32 for c in target):
        return url_for("home.index")
    return target


def _demo_accounts() -> list[tuple[str, str]]:
    labels = {
        "agent": gettext("Agent"),
        "pilote": gettext("Animateur·rice"),
        "etude": Role.REVIEWER.label.capitalize(),
        "moderation": Role.MODERATOR.label.capitalize(),
        "copil": Role.STEERING.label.capitalize(),
        "redaction": Role.EDITOR.label.capitalize(),
        "admin": Role.ADMIN.label.capitalize(),
    }
    return [(login, labels[login]) for login in DEMO_LOGINS]


def try_login(login: str, password: str, *, shared: bool, only_user_id: int | None = None) -> str | None:
    """The token of a new visit, or None when account and password do not match.

    Raises TooManyAttempts. Reads, then hashes outside any transaction, then writes alone.
    """
    now = current_time()
    keys = accounts.throttle_keys(
        current_app.config["SECRET_KEY"], account=login, address=request.remote_addr or ""
    )
    accounts.check_throttle(keys, now=now)
    user = people.by_login_or_email(login)
    known = user if user is not None and user.is_active else None
    user_id, stored = (known.id, known.password_hash) if known else (None, None)
    end_transaction(commit=False)
    right = accounts.verify_password(stored, password)
    begin_write()
    if not right or user_id is None or (only_user_id is not None and user_id != only_user_id):
        accounts.note_failure(keys, now=now)
        end_transaction(commit=True)
        return None
    accounts.forget_failures(keys[0])
    return accounts.open_session(user_id=user_id, shared=shared, now=now)


@bp.route("/connexion", methods=["GET", "POST"])
@public
def login() -> ResponseReturnValue:
    target = request.values.get("suite", "")
    if current_user.is_authenticated and request.method == "GET":
        return redirect(safe_path(target) if target else url_for("home.index"))
    form = LoginForm()
    status = 200
    if form.validate_on_submit():
        try:
            token = try_login(form.login.data or "", form.password.data or "", shared=bool(form.shared.data))
        except TooManyAttempts as refusal:
            form.refuse(refusal)
            status = 429
        else:
            if token is not None:
                sessions.begin(token, shared=bool(form.shared.data), now=current_time())
                return redirect(safe_path(target) if target else url_for("home.index"), 303)
            form.form_errors.append(
                gettext("Identifiant ou mot de passe inconnu. Vérifiez les majuscules, puis recommencez.")
            )
            status = 422
    elif form.is_submitted():
        status = 422
    return (
        render_template(
            "auth/login.html",
            form=form,
            target=target,
            demo_accounts=_demo_accounts() if current_app.config["DEMO"] else [],
            demo_password=DEMO_PASSWORD,
            contact=current_app.config["CONTACT"],
        ),
        status,
    )


@bp.post("/deconnexion")
@public
def logout() -> ResponseReturnValue:
    if current_user.is_authenticated:
        begin_write()
        accounts.end_session(session_id=current_user.session_id, now=current_time())
    logout_user()
    session.clear()
    flash(gettext("Vous êtes déconnecté·e."), "success")
    return redirect(url_for("auth.login"), 303)


@bp.post("/reprise")
@public
def resume_visit() -> ResponseReturnValue:
    """The same person comes back: what they had typed waits behind one button."""
    named = sessions.named_session()
    owner = people.session_owner(sessions.hash_token(named)) if named else None
    target = safe_path(request.form.get("_target", ""))
    fields = [(n, v) for n, v in resume.carried_fields() if n not in {"_target", "login", "shared"}]
    shared = request.form.get("shared") is not None
    error = ""
    try:
        token = (
            try_login(request.form.get("login", ""), request.form.get("password", ""), shared=shared, only_user_id=owner)
            if owner is not None
            else None
        )
    except TooManyAttempts as refusal:
        token, error = None, refusal.message
    if token is None:
        return (
            render_template(
                "errors/resume.html",
                code=401,
                signed_in=False,
                target=target,
                carried=fields,
                same_account=owner is not None,
                error=error or gettext("Ce n'est pas le compte de tout à l'heure, ou le mot de passe est faux."),
            ),
            401,
        )
    sessions.begin(token, shared=shared, now=current_time())
    return render_template("errors/resume.html", code=200, signed_in=True, target=target, carried=fields, back=True)
