"""Refusals and failures in the product's own layout: what happened, and what to do."""

from __future__ import annotations

from errno import errorcode

from flask import Flask, Response, current_app, g, make_response, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.exceptions import HTTPException, default_exceptions

from tracker import logs, metrics
from tracker.errors import ProjectClosed, TooManyAttempts, TrackerError, Unavailable
from tracker.extensions import CommitFailed, DatabaseTrouble, end_transaction, is_unavailable, speaking
from tracker.security import choose_locale, resume

RETRY_SECONDS = 30
KEPT_HEADERS = ("Allow", "Retry-After")
# of each status: heading, message and advice
WORDS = {
    400: (
        _("Demande incomprise"),
        _("L'adresse ou le formulaire contient quelque chose que l'outil ne comprend pas."),
        _("Revenez à la page précédente, vérifiez ce que vous avez écrit, puis recommencez."),
    ),
    401: (
        _("Connexion nécessaire"),
        _("Cette page demande de se connecter."),
        _("Connectez-vous, puis rouvrez la page."),
    ),
    403: (
        _("Page réservée"),
        _("Cette page est réservée à d'autres personnes."),
        _("Si vous pensez devoir y accéder, demandez-le au gestionnaire de l'outil."),
    ),
    404: (
        _("Page introuvable"),
        _("Il n'y a rien à cette adresse, ou plus rien."),
        _("Vérifiez l'adresse, ou cherchez depuis l'accueil."),
    ),
    405: (
        _("Action impossible ici"),
        _("Cette adresse ne s'ouvre pas de cette façon."),
        _("Revenez à la page précédente et utilisez ses boutons."),
    ),
    409: (
        _("Ce n'est plus possible"),
        _("Quelque chose a changé entre-temps."),
        _("Rechargez la page pour voir où elle en est."),
    ),
    413: (
        _("Envoi trop lourd"),
        _("Ce que vous envoyez dépasse la taille acceptée."),
        _("Votre texte est encore dans la page précédente : revenez-y, raccourcissez-le ou allégez le fichier."),
    ),
    422: (
        _("À corriger"),
        _("Une valeur n'est pas acceptée."),
        _("Revenez à la page précédente et corrigez."),
    ),
    429: (
        _("Trop d'essais"),
        _("Il y a eu trop d'essais en peu de temps."),
        _("Attendez quelques minutes, puis recommencez."),
    ),
    503: (
        _("Un instant"),
        _("L'outil ne peut pas enregistrer ou lire en ce moment."),
        _("Rien n'a été enregistré. Attendez une minute, puis recommencez."),
    ),
}
OTHER_WORDS = (
    _("Quelque chose n'a pas marché"),
    _("L'erreur vient de l'outil, pas de vous. Elle a été notée."),
    _("Recommencez dans un moment ; si cela continue, prévenez le gestionnaire de l'outil."),
)


def _words(code: int) -> tuple[str, str, str]:
    heading, message, advice = WORDS.get(code, OTHER_WORDS)
    return str(heading), str(message), str(advice)


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _json(code: int, sentence: str) -> Response:
    return make_response({"error": sentence}, code)


def _carried(code: int) -> list[tuple[str, str]]:
    """What was typed, so that it is not lost; nothing when sending it again could not help, or it is not ours."""
    return resume.carried_fields() if code not in {400, 405} and resume.may_carry() else []


def _page(code: int, message: str = "", advice: str = "", *, heading: str = "") -> Response:
    usual_heading, usual, usual_advice = _words(code)
    if _wants_json():
        return _json(code, message or usual)
    carried = _carried(code)
    body = render_template(
        "errors/error.html",
        code=code,
        heading=heading or usual_heading,
        message=message or usual,
        advice=advice or usual_advice,
        carried=carried,
        resume_url=resume.target() if carried else "",
    )
    return make_response(body, code)


def _refusal(error: TrackerError) -> Response:
    if isinstance(error, ProjectClosed):
        advice = gettext(
            "Ses pages se lisent toujours. Le gestionnaire de l'outil peut le rouvrir, en disant pourquoi."
        )
        return _page(error.status, error.message, advice, heading=gettext("Ce projet est clos"))
    response = _page(error.status, error.message, error.advice if isinstance(error, Unavailable) else "")
    if isinstance(error, TooManyAttempts):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    if error.code >= 500:
        return _static_page(error.code)
    response = _page(error.code, error.description or "" if _is_ours(error) else "")
    for name, value in error.get_headers():
        if name in KEPT_HEADERS:
            response.headers[name] = value
    return response


def _is_ours(error: HTTPException) -> bool:
    """Whether a sentence was given to abort(), rather than the library's English one."""
    usual = default_exceptions.get(error.code or 0)
    return error.description is not None and error.description != (usual and usual.description)


def _unavailable(error: Exception) -> Response:
    """The database is away, or the disk full: nothing was kept, and the same may be sent again in a moment."""
    if not is_unavailable(error):
        raise error
    # no message: it may hold what a person wrote, or whom they support
    cause = getattr(error, "orig", None) or error.__cause__ or error
    why = errorcode.get(cause.errno or 0, "") if isinstance(cause, OSError) else ""
    metrics.trouble()
    current_app.logger.error("unavailable: %s %s", type(cause).__name__, why)
    end_transaction(commit=False)
    return _static_page(503)


def _static_page(code: int) -> Response:
    """A page that needs neither the database nor the person: what a failure may still show."""
    g.failing = True
    locale = choose_locale()
    with speaking(locale):
        heading, message, advice = _words(code)
        if _wants_json():
            response = _json(code, message)
        else:
            carried = _carried(code)
            # straight from the environment: the context of other pages would ask the database who is reading
            body = current_app.jinja_env.get_template("errors/failure.html").render(
                heading=heading,
                message=message,
                advice=advice,
                lang=locale,
                carried=carried,
                resume_url=resume.target() if carried and code == 503 else "",
                reference=logs.number() if code == 500 else "",
                site_name=current_app.config["SITE_NAME"],
                home_url=url_for("home.index"),
            )
            response = make_response(body, code)
    if code == 503:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _unexpected(error: Exception) -> Response:
    """Flask has logged it already."""
    original = getattr(error, "original_exception", None) or error
    end_transaction(commit=False)
    if is_unavailable(original):
        metrics.trouble()
        return _static_page(503)
    return _static_page(500)


def init_app(app: Flask) -> None:
    app.register_error_handler(TrackerError, _refusal)
    app.register_error_handler(HTTPException, _http)
    for kind in (*DatabaseTrouble, CommitFailed, OSError):
        app.register_error_handler(kind, _unavailable)
    if app.config["MODE"] != "test":
        app.register_error_handler(500, _unexpected)
