"""Coming in without an e-mail: a printed code, or a link, then a password of one's own.

The code stands after the # of the address that a QR code or a mail gives: a browser never sends that part, so no
server, proxy or log of theirs sees it; a script writes it into the field and takes it out of the address.
"""

from __future__ import annotations

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.errors import Refused, TrackerError
from tracker.extensions import begin_write, end_transaction
from tracker.forms.activation import ChoiceForm, CodeForm, ForgottenForm
from tracker.queries import people
from tracker.security import current_time, public
from tracker.services import accounts, activation
from tracker.services.activation import Holder
from tracker.views.frame import contact
from tracker.views.visits import Pending, Visit, opened

bp = Blueprint("activation", __name__)


@bp.route("/activer", methods=["GET", "POST"])
@public
def activate() -> ResponseReturnValue:
    """The code; once it is right, the first name of whom it is for, and a password to choose."""
    if "new_password" in request.form:
        return _choose()
    form = CodeForm()
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                holder = _holder(form.code.data or "")
            except TrackerError as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                return _choice_page(ChoiceForm(formdata=None, data={"code": form.code.data, "shared": True}), holder)
    return _private(render_template("auth/activate.html", form=form, contact=contact()), status)


def _holder(typed: str) -> Holder:
    """Whose code it is; counts a guess. Raises Refused (`code`), TooManyAttempts."""
    now, address = current_time(), request.remote_addr or ""
    activation.check_throttle(address=address, now=now)
    holder = activation.find(typed, now=now)
    if holder is not None:
        return holder
    begin_write()
    activation.note_failure(address=address, now=now)
    end_transaction(commit=True)
    raise Refused(
        gettext("Ce n'est pas un code de cet outil : comparez-le, lettre par lettre, avec celui de votre feuille."),
        field="code",
    )


def _choose() -> ResponseReturnValue:
    form = ChoiceForm()
    try:
        holder = _holder(form.code.data or "")
    except TrackerError as refusal:
        first = CodeForm(formdata=None)
        first.refuse(refusal)
        page = render_template("auth/activate.html", form=first, contact=contact())
        return _private(page, refusal.status)
    if form.validate():
        try:
            visit = _redeem(holder, form)
        except TrackerError as refusal:
            form.refuse(Refused(refusal.message, field="" if refusal.field == "code" else refusal.field))
        else:
            if isinstance(visit, Pending):
                visit.keep(current_time(), "")
                return redirect(url_for("second_factor.login"), 303)
            visit.begin(current_time())
            flash(
                gettext("Votre compte est ouvert. Pour revenir : votre identifiant est %(login)s.", login=holder.login),
                "success",
            )
            return redirect(url_for("home.index"), 303)
    return _choice_page(form, holder, 422)


def _redeem(holder: Holder, form: ChoiceForm) -> Visit | Pending:
    """Check, hash outside any transaction, then write alone. Raises Refused."""
    now = current_time()
    chosen = accounts.check_new_password(
        login=holder.login, password=form.new_password.data or "", demo=current_app.config["DEMO"]
    )
    end_transaction(commit=False)
    new_hash = accounts.hash_password(chosen)
    begin_write()
    try:
        activation.redeem(holder, new_hash=new_hash, now=now)
    except TrackerError:
        end_transaction(commit=False)
        raise
    begun = opened(holder.user_id, shared=bool(form.shared.data), now=now)
    end_transaction(commit=True)
    return begun


def _choice_page(form: ChoiceForm, holder: Holder, status: int = 200) -> Response:
    return _private(render_template("auth/choose_password.html", form=form, holder=holder), status)


def _private(page: str, status: int) -> Response:
    """Nothing of it is kept, nor told to the pages that come after."""
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    if status == 429:
        response.headers["Retry-After"] = str(int(activation.WINDOW.total_seconds()))
    return response


@bp.route("/mot-de-passe-oublie", methods=["GET", "POST"])
@public
def forgotten() -> ResponseReturnValue:
    """Always the same answer, whoever is asked for."""
    form = ForgottenForm()
    first = request.args.get("premiere") == "oui"
    status, asked = 200, False
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                _send_link(form.login.data or "")
            except TrackerError as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                status, asked = 200, True
    page = render_template(
        "auth/forgotten.html", form=form, asked=asked, mails=mails_leave(), first=first, contact=contact()
    )  # fmt: skip
    return _private(page, status)


def mails_leave() -> bool:
    """Whether a link can leave; a demonstration shows the page as a town with a mail server sees it."""
    return bool(current_app.config["SMTP_URL"]) or current_app.config["MODE"] != "production"


def _send_link(login: str) -> None:
    """Queue a link when there is somebody to send it to. Raises TooManyAttempts."""
    now = current_time()
    keys = accounts.throttle_keys(
        current_app.config["SECRET_KEY"], account=login, address=request.remote_addr or "", purpose="forgotten"
    )
    accounts.check_throttle(keys, now=now)
    account = people.credentials(login)
    begin_write()
    accounts.note_failure(keys, now=now)  # each request counts, known or not
    if account is not None:
        activation.send_link(account.user_id, now=now)
    end_transaction(commit=True)
