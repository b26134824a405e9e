"""Log in, log out, and come back after an ended visit."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from wtforms.fields import SelectChoice

from tracker.enums import Role
from tracker.errors import TooManyAttempts
from tracker.extensions import begin_write, end_transaction
from tracker.forms.auth import LoginForm
from tracker.queries import projects
from tracker.security import answers_stale_forms, current_time, public, resume, sessions, stale_form
from tracker.security.addresses import safe_path
from tracker.services import accounts, first_account
from tracker.validation import as_id
from tracker.views import single_sign_on
from tracker.views.activation import mails_leave
from tracker.views.frame import contact
from tracker.views.visits import DEMO_PASSWORD, HINT, Pending, complete, try_login

bp = Blueprint("auth", __name__)

DEMO_LOGINS = ("agent", "pilote", "etude", "moderation", "copil", "redaction", "admin")


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


def _may_be_a_number(login: str) -> bool:
    """Whether what was typed may be a register number. Says nothing of whether such an account exists."""
    return "@" not in login and any(c.isdigit() for c in login)


def _submit(form: LoginForm, target: str) -> tuple[ResponseReturnValue | None, int]:
    """Try what was typed: where to go when it is right; otherwise the status of the form, shown again with why."""
    if stale_form():
        form.form_errors.append(
            gettext("Cette page était restée ouverte longtemps : écrivez de nouveau votre mot de passe.")
        )
        return None, 400
    if not form.validate():
        return None, 422
    employer = form.employer.data or ""
    try:
        visit = try_login(
            form.login.data or "",
            form.password.data or "",
            shared=bool(form.shared.data),
            entity_id=as_id(employer),
        )
    except TooManyAttempts as refusal:
        form.refuse(refusal)
        return None, refusal.status
    if visit is None:
        form.form_errors.append(
            gettext("Identifiant ou mot de passe inconnu. Vérifiez les majuscules, puis recommencez.")
        )
        return None, 422
    if isinstance(visit, Pending):
        visit.keep(current_time(), target)
        return redirect(url_for("second_factor.login"), 303), 303
    visit.begin(current_time())
    return redirect(safe_path(target) if target else url_for("home.index"), 303), 303


@bp.route("/connexion", methods=["GET", "POST"])
@public
@answers_stale_forms
def login() -> ResponseReturnValue:
    target = request.values.get("suite", "")
    if current_user.is_authenticated and request.method == "GET":
        return redirect(safe_path(target) if target else url_for("home.index"))
    form = LoginForm()
    status = 200
    if form.is_submitted():
        answer, status = _submit(form, target)
        if answer is not None:
            return answer
    ask_employer = status == 422 and _may_be_a_number(form.login.data or "")
    if ask_employer:
        form.employer.choices = [
            SelectChoice("", gettext("Je ne sais pas")),
            *(SelectChoice(str(employer.id), employer.name) for employer in projects.all_entities()),
        ]
    response = make_response(
        render_template(
            "auth/login.html",
            form=form,
            target=target,
            ask_employer=ask_employer,
            ended=status == 200 and sessions.named_session() is not None,
            demo_accounts=_demo_accounts() if current_app.config["DEMO"] else [],
            demo_password=DEMO_PASSWORD,
            provider=single_sign_on.provider_name() if current_app.config["OPENID"] else "",
            contact=contact(),
            mails=mails_leave(),
            nobody_yet=not current_app.config["DEMO"] and first_account.needed(),
        ),
        status,
    )
    if status == 429:
        response.headers["Retry-After"] = str(int(accounts.WINDOW.total_seconds()))
    return response


@bp.post("/deconnexion")
@public
def logout() -> ResponseReturnValue:
    if current_user.is_authenticated:
        session_id = current_user.session_id
        begin_write()
        accounts.end_session(session_id=session_id, now=current_time())
        end_transaction(commit=True)
    hint = session.get(HINT)
    sessions.end()
    leaving = single_sign_on.farewell(hint) if isinstance(hint, str) else None
    if leaving is not None:
        return leaving
    flash(gettext("Vous êtes déconnecté·e."), "success")
    return redirect(url_for("auth.login"), 303)


@bp.post("/reprise")
@public
def resume_visit() -> ResponseReturnValue:
    """The same person comes back: what they had typed waits behind one button."""
    owner = sessions.named_account()
    typed = request.form
    visit, error = None, gettext("Ce n'est pas le compte de tout à l'heure, ou le mot de passe est faux.")
    if not typed.get(resume.LOGIN, "").strip():
        error = gettext("Vous n'êtes pas encore de retour : connectez-vous d'abord.")
    elif owner is not None:
        try:
            begun = try_login(
                typed.get(resume.LOGIN, ""),
                typed.get(resume.PASSWORD, ""),
                shared=resume.SHARED in typed,
                only_user_id=owner,
            )
            if isinstance(begun, Pending):
                error = gettext("Il manque le second code, ou ce n'est pas le bon.")
                begun = complete(begun, typed.get(resume.SECOND, ""))
            visit = begun
        except TooManyAttempts as refusal:
            error = refusal.message
    if visit is None:
        return resume.page(status=401, signed_in=False, error=error)
    visit.begin(current_time())
    return resume.page(status=200, signed_in=True, just_back=True)
