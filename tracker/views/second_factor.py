"""The second code: asked at login, set up on one's own page, required and taken away by the manager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.errors import Refused, TooManyAttempts, TrackerError
from tracker.exports import qr
from tracker.extensions import end_transaction
from tracker.forms.second_factor import OwnPasswordForm, SecondCodeForm
from tracker.permissions import Permission
from tracker.queries import people
from tracker.queries import second_factor as factors
from tracker.security import acting, current_time, public, requires, sessions
from tracker.security.addresses import safe_path
from tracker.services import second_factor as service
from tracker.validation import as_id
from tracker.views import visits
from tracker.views.accounts import check_own_password
from tracker.views.attempts import Attempt
from tracker.views.frame import ask, confirmed, contact

bp = Blueprint("second_factor", __name__)


@bp.route("/connexion/code", methods=["GET", "POST"])
@public
def login() -> ResponseReturnValue:
    half = visits.pending(current_time())
    if half is None:
        if request.method == "POST":
            flash(gettext("Plus de cinq minutes ont passé : écrivez de nouveau votre mot de passe."), "warning")
        return redirect(url_for("auth.login"), 303)
    form = SecondCodeForm()
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                visit = visits.complete(half, form.code.data or "")
            except TooManyAttempts as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                if visit is not None:
                    visit.begin(current_time())
                    return redirect(safe_path(half.target) if half.target else url_for("home.index"), 303)
                form.refuse(Refused(gettext("Ce n'est pas le bon code, ou il a déjà servi."), field="code"))
    return _private(render_template("auth/second_code.html", form=form, contact=contact()), status)


@bp.route("/mon-compte/second-facteur", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_OWN)
def mine() -> ResponseReturnValue:
    act = request.form.get("geste", "")
    if request.method == "POST":
        acts = {"commencer": _begin, "confirmer": _confirm}
        guarded = {"codes": _renew, "retirer": _remove}
        if act in guarded:
            return _proved(guarded[act])
        if act not in acts:
            abort(400)
        return acts[act]()
    return _page()


def _page(status: int = 200, **forms: Any) -> Response:
    actor = acting()
    state = factors.state(actor.id)
    secret = state.pending_secret
    return _private(
        render_template(
            "second_factor/mine.html",
            state=state,
            must=factors.must_have(actor.id, now=current_time()),
            form=forms.get("form") or SecondCodeForm(formdata=None),
            own=forms.get("own") or (OwnPasswordForm if state.has_password else SecondCodeForm)(formdata=None),
            secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
            image=qr.svg(service.address(secret, login=actor.login), title=gettext("Code QR à photographier"))
            if secret
            else "",
        ),
        status,
    )


def _begin() -> ResponseReturnValue:
    with Attempt() as attempt:
        service.begin(actor=acting())
    if attempt.refusal is not None:
        flash(attempt.refusal.message, "warning")
    return redirect(url_for("second_factor.mine"), 303)


def _confirm() -> ResponseReturnValue:
    form = SecondCodeForm()
    if form.validate():
        with Attempt(form):
            codes = service.confirm(actor=acting(), typed=form.code.data or "", now=current_time())
            end_transaction(commit=True)
            cookie.pop(sessions.ENROL, None)  # the cookie leaves with a 503 too: nothing is opened before it is kept
            return _codes(codes)
    return _page(422, form=form)


def _codes(codes: list[str]) -> Response:
    """Shown this once."""
    return _private(render_template("second_factor/codes.html", codes=codes), 200)


def _proved(act: Callable[[], ResponseReturnValue]) -> ResponseReturnValue:
    """Do what asks first for the present password, or for a code of those who have none; the page again without it."""
    form: OwnPasswordForm | SecondCodeForm = OwnPasswordForm()
    if people.password_hash(acting().id) is None:
        form = SecondCodeForm()
    if form.validate():
        try:
            if isinstance(form, SecondCodeForm):
                visits.check_own_code(acting(), form.code.data or "")
            else:
                check_own_password(acting(), form.current_password.data or "")
        except TrackerError as refusal:
            form.refuse(refusal)
        else:
            with Attempt(form):
                return act()
    return _page(422, own=form)


def _renew() -> ResponseReturnValue:
    return _codes(service.renew_recovery_codes(actor=acting(), now=current_time()))


def _remove() -> ResponseReturnValue:
    service.remove(actor=acting(), now=current_time())
    flash(gettext("Le second code n'est plus demandé."), "success")
    return redirect(url_for("second_factor.mine"), 303)


@bp.route("/reglages/second-facteur", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def settings() -> ResponseReturnValue:
    if request.method == "POST":
        return _set()
    return render_template(
        "second_factor/settings.html", required=factors.is_required(), bearers=factors.bearers(current_time())
    )


def _set() -> ResponseReturnValue:
    asked, actor, now = request.form.get("person", ""), acting(), current_time()
    if not asked:
        with Attempt():
            service.set_required(actor=actor, required=request.form.get("required") == "1", now=now)
            flash(gettext("C'est enregistré ; cela vaut à la prochaine connexion."), "success")
        return redirect(url_for("second_factor.settings"), 303)
    if not confirmed():
        return ask(
            gettext("Retirer le second code de cette personne ?"),
            gettext(
                "À faire quand l'appareil et les codes de secours sont perdus, après avoir vérifié que c'est bien elle "
                "qui le demande. Son mot de passe suffira à la prochaine connexion."
            ),
            gettext("Retirer"),
            url_for("second_factor.settings"),
        )
    with Attempt() as attempt:
        person = service.reset(actor=actor, user_id=as_id(asked) or 0, now=now)
        flash(gettext("Le second code de %(name)s est retiré.", name=person.name), "success")
    if attempt.refusal is not None:
        flash(attempt.refusal.message, "warning")
    return redirect(url_for("second_factor.settings"), 303)


def _private(page: str, status: int) -> Response:
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    return response
