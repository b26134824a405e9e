"""The gate every request passes: closed by default, who asks, may they, and the headers of the answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from flask import Flask, Response, abort, current_app, g, has_request_context, redirect, request, session, url_for
from flask_babel import gettext
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as BaseResponse

from tracker.errors import Forbidden
from tracker.extensions import csrf, login_manager
from tracker.permissions import Permission, can
from tracker.records import Actor
from tracker.security import addresses, resume, sessions
from tracker.security.headers import add_headers

View = TypeVar("View", bound=Callable[..., Any])
LOCALES = ("fr", "en")  # French first: what is spoken when nobody says otherwise
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def current_time() -> datetime:
    """Now, aware UTC; tests set the clock."""
    now: datetime = current_app.config["CLOCK"]()
    return now


def acting() -> Actor:
    """The person who asks, for services; the gate has let only known people come this far."""
    actor: Actor = current_user._get_current_object()
    return actor


def requires(permission: Permission) -> Callable[[View], View]:
    """Mark a view with the permission it needs."""

    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Mark a view open to visitors without login."""
    view.public = True  # type: ignore[attr-defined]
    return view


def mark_of(endpoint: str | None) -> Permission | str | None:
    """The permission of an endpoint, "public", or None when it carries no mark."""
    view = current_app.view_functions.get(endpoint or "")
    if view is None:
        return None
    if getattr(view, "public", False) or endpoint == "static":
        return "public"
    return getattr(view, "permission", None)


def answers_stale_forms(view: View) -> View:
    """Mark a public view that shows its form again, itself, when `stale_form()`: one page less for who logs in."""
    view.answers_stale_forms = True  # type: ignore[attr-defined]
    return view


def stale_form() -> bool:
    """Whether the token of this write was refused: nothing may be done with what it says."""
    return bool(g.get("stale_form"))


def choose_locale() -> str:
    """The language of the person's account, or that of this visit, or the browser's; French for commands and jobs."""
    if not has_request_context():
        return LOCALES[0]
    # a failure may be that of the database: nobody is looked up then
    person = sessions.loaded_actor() if g.get("failing") else current_user
    for chosen in (getattr(person, "locale", None), session.get(sessions.LANGUAGE)):
        if chosen in LOCALES:
            return str(chosen)
    return request.accept_languages.best_match(LOCALES, LOCALES[0])


def _check_token() -> tuple[str, int] | None:
    try:
        csrf.protect()
    except CSRFError:
        view = current_app.view_functions[str(request.endpoint)]
        if not (getattr(view, "answers_stale_forms", False) and addresses.comes_from_our_pages()):
            return resume.refuse(status=400)
        g.stale_form = True
    return None


def _gate() -> BaseResponse | str | tuple[str, int] | None:
    if not getattr(request, "names_a_host", True) or not addresses.is_clean():
        abort(400)
    if request.endpoint is None:
        return None  # 404 and 405 are raised by the dispatcher
    mark = mark_of(request.endpoint)
    if mark is None:
        raise Forbidden(gettext("Cette page n'est ouverte à personne."))
    writes = request.method not in SAFE_METHODS
    if mark != "public" and not current_user.is_authenticated:
        if writes:
            return resume.refuse(status=401)
        return redirect(url_for("auth.login", suite=addresses.here()))
    if writes and (refused := _check_token()) is not None:
        return refused
    if mark != "public" and session.get(sessions.ENROL) and request.endpoint != "second_factor.mine":
        if writes:
            raise Forbidden(gettext("Votre rôle demande un second code : mettez-le en place d'abord."))
        return redirect(url_for("second_factor.mine"))
    if mark != "public" and not (isinstance(mark, Permission) and can(current_user, mark)):
        raise Forbidden(gettext("Cette page est réservée à d'autres personnes."))
    return None


def _forget_on_shared_device(response: Response) -> Response:
    """Nothing is kept in the browser of a shared device, nor any page that carries what was typed."""
    actor = sessions.loaded_actor()
    if g.get("holds_typed_text") or (actor is not None and actor.shared_device):
        response.headers["Cache-Control"] = "no-store"
    return response


def init_app(app: Flask) -> None:
    login_manager.user_loader(sessions.load_actor)
    login_manager.session_protection = None  # the session row is the truth, not the address
    app.before_request(_gate)
    app.after_request(sessions.touch)
    app.after_request(_forget_on_shared_device)
    app.after_request(add_headers)
