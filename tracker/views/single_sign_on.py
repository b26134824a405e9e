"""Single sign-on: towards the provider, back from it, and in (design 4.12: the write comes with a POST of ours)."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
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

from tracker.errors import Refused, TooManyAttempts
from tracker.extensions import begin_write, end_transaction
from tracker.forms.single_sign_on import EnterForm
from tracker.identity import Away, Identity, Unbelievable, openid
from tracker.providers import OpenIdProvider
from tracker.queries import single_sign_on as queries
from tracker.security import answers_stale_forms, current_time, public, stale_form
from tracker.security.addresses import safe_path
from tracker.services import accounts
from tracker.services import single_sign_on as service
from tracker.views import visits
from tracker.views.frame import contact
from tracker.views.visits import Pending, Visit

bp = Blueprint("single_sign_on", __name__, url_prefix="/connexion/unique")

AWAITED = "sign_on"  # in the signed cookie: what must come back from the provider
KNOWN = "signed_on"  # in the signed cookie: who came back, until they enter
LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whom the provider has named, and where they were going."""

    told: Identity
    target: str
    since: int


def provider() -> OpenIdProvider:
    """The provider of this town; 404 when it has none."""
    found: OpenIdProvider | None = current_app.config["OPENID"]
    if found is None:
        abort(404, gettext("Cet outil n'a pas de connexion unique."))
    return found


def provider_name() -> str:
    return queries.chosen().label or gettext("le compte de votre employeur")


def outside(endpoint: str) -> str:
    """The public address of one of our pages, as the provider knows it."""
    return str(current_app.config["BASE_URL"]) + url_for(endpoint).removeprefix(request.script_root)


def leave_for(address: str, *, heading: str, message: str) -> Response:
    """The page that leads to another site. No redirection: our forms may lead nowhere else (`form-action 'self'`)."""
    response = make_response(
        render_template("single_sign_on/leave.html", title=heading, message=message, address=address)
    )
    response.headers["Refresh"] = f"0; url={address}"
    response.headers["Cache-Control"] = "no-store"
    return response


def _stale(target: str) -> ResponseReturnValue:
    page = render_template(
        "single_sign_on/leave.html",
        title=gettext("Recommencez"),
        message=gettext("Cette page était restée ouverte longtemps, et rien n'est encore fait."),
        address=url_for("auth.login", suite=target or None),
    )
    return _private(page, 400)


def _to_login(message: str, target: str = "") -> ResponseReturnValue:
    flash(message, "warning")
    return redirect(url_for("auth.login", suite=target or None), 303)


def _away() -> str:
    return gettext(
        "Cette connexion ne répond pas : %(name)s. Recommencez dans quelques minutes, "
        "ou entrez ici avec votre mot de passe si vous en avez un.",
        name=provider_name(),
    )


def _doubtful() -> str:
    return gettext(
        "La connexion n'a pas abouti, et rien n'a été changé. Recommencez ; si cela dure, dites-le à %(contact)s.",
        contact=contact(),
    )


@bp.post("")
@public
@answers_stale_forms
def start() -> ResponseReturnValue:
    typed = request.form.get("suite", "")
    target = safe_path(typed) if typed else ""
    if stale_form():
        return _stale(target)
    asked = provider()
    try:
        accounts.check_throttle(_keys(""), now=current_time())
    except TooManyAttempts as refusal:
        return _to_login(refusal.message, target)
    end_transaction(commit=False)  # none is open while the provider is asked
    try:
        departure = openid.depart(
            asked, back=outside("single_sign_on.back"), other_account=request.form.get("autre") == "1"
        )
    except Away:
        return _to_login(_away(), target)
    except Unbelievable as doubt:
        current_app.logger.error("Single sign-on: %s", doubt)
        return _to_login(_doubtful(), target)
    cookie.pop(KNOWN, None)
    cookie[AWAITED] = [departure.state, departure.nonce, departure.verifier, target, int(current_time().timestamp())]
    return leave_for(
        departure.url,
        heading=gettext("Vers la page de connexion"),
        message=gettext("Vous allez être conduit·e vers : %(name)s.", name=provider_name()),
    )


@bp.get("/retour")
@public
def back() -> ResponseReturnValue:
    """The provider sends the browser here. Nothing is written: a state serves once, and only in its own browser."""
    asked, now = provider(), current_time()
    awaited = cookie.pop(AWAITED, None)
    match awaited:
        case [str() as state, str() as nonce, str() as verifier, str() as target, int() as since] if _fresh(since):
            pass
        case _:
            return _to_login(gettext("Cette connexion a commencé ailleurs, ou il y a trop longtemps : recommencez."))
    if not secrets.compare_digest(state.encode(), request.args.get("state", "").encode()):
        return _to_login(gettext("Cette connexion a commencé ailleurs, ou il y a trop longtemps : recommencez."))
    code = request.args.get("code", "")
    if not code:
        return _to_login(gettext("Vous n'êtes pas allé·e au bout de la connexion : recommencez."), target)
    end_transaction(commit=False)
    try:
        told = openid.identify(asked, code=code, nonce=nonce, verifier=verifier, back=outside("single_sign_on.back"))
    except Away:
        return _to_login(_away(), target)
    except Unbelievable as doubt:
        current_app.logger.warning("Single sign-on: %s", doubt)
        return _to_login(_doubtful(), target)
    cookie[KNOWN] = [asdict(told), target, int(now.timestamp())]
    return redirect(url_for("single_sign_on.enter"), 303)


def _fresh(since: int) -> bool:
    return 0 <= current_time().timestamp() - since < LIFE.total_seconds()


def _known() -> Known | None:
    match cookie.get(KNOWN):
        case [dict() as told, str() as target, int() as since] if _fresh(since):
            return Known(Identity(**told), target, since)
    return None


@bp.route("/entrer", methods=["GET", "POST"])
@public
def enter() -> ResponseReturnValue:
    provider()
    known = _known()
    if known is None:
        return _to_login(gettext("Cette connexion a commencé ailleurs, ou il y a trop longtemps : recommencez."))
    form = EnterForm()
    try:
        if request.method == "POST":
            return _begin(known, shared=bool(form.shared.data))
        person = service.recognise(known.told)
    except (Refused, TooManyAttempts) as refusal:
        return _refused(known, refusal)
    return _private(render_template("single_sign_on/enter.html", form=form, person=person, target=known.target), 200)


def _begin(known: Known, *, shared: bool) -> ResponseReturnValue:
    """Write the visit; a refusal is counted as a failed login is."""
    now, told = current_time(), known.told
    keys = _keys(told.subject)
    accounts.check_throttle(keys, now=now)
    begin_write()
    try:
        person = service.enter(told, now=now)
    except Refused:
        end_transaction(commit=False)
        begin_write()
        accounts.note_failure(keys, now=now)
        end_transaction(commit=True)
        raise
    accounts.forget_failures(keys[0])
    begun: Visit | Pending = visits.opened(person.id, shared=shared, now=now, strong=told.strong)
    end_transaction(commit=True)
    begun = replace(begun, hint=told.hint)
    cookie.pop(KNOWN, None)
    if isinstance(begun, Pending):
        begun.keep(now, known.target)
        return redirect(url_for("second_factor.login"), 303)
    begun.begin(now)
    return redirect(known.target or url_for("home.index"), 303)


def _refused(known: Known, refusal: Refused | TooManyAttempts) -> ResponseReturnValue:
    told = known.told
    facts = [
        (gettext("Nom"), told.name),
        (gettext("Adresse électronique"), told.email),
        (gettext("Identifiant"), told.number),
        (gettext("Employeur (SIRET)"), told.siret),
    ]
    page = render_template(
        "single_sign_on/refused.html", refusal=refusal, facts=[fact for fact in facts if fact[1]],
        name=provider_name(), contact=contact(), target=known.target,
    )  # fmt: skip
    return _private(page, 429 if isinstance(refusal, TooManyAttempts) else 403)


def _private(page: str, status: int) -> Response:
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _keys(account: str) -> tuple[str, str]:
    return accounts.throttle_keys(
        current_app.config["SECRET_KEY"], account=account, address=request.remote_addr or "", purpose="sign-on"
    )


def farewell(hint: str) -> Response | None:
    """The way to the provider's own logout for who came by it; None when it offers none, or does not answer."""
    asked: OpenIdProvider | None = current_app.config["OPENID"]
    if asked is None:
        return None
    try:
        address = openid.farewell(asked, hint=hint, back=outside("auth.login"))
    except (Away, Unbelievable):
        return None
    if not address:
        return None
    return leave_for(
        address,
        heading=gettext("Vous êtes déconnecté·e ici"),
        message=gettext(
            "Il reste à fermer votre visite là où vous vous êtes connecté·e : %(name)s.", name=provider_name()
        ),
    )
