"""Refusals and failures in the product's own layout: what happened, and what to do."""

from __future__ import annotations

from flask import Flask, Response, current_app, make_response, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.exc import DBAPIError, OperationalError
from werkzeug.exceptions import HTTPException

from tracker.errors import TooManyAttempts, TrackerError
from tracker.extensions import db, end_transaction

RETRY_SECONDS = 30


def _words(code: int) -> tuple[str, str, str]:
    """Heading, message and advice for a status."""
    return {
        400: (
            gettext("Demande incomprise"),
            gettext("L'adresse ou le formulaire contient quelque chose que l'outil ne comprend pas."),
            gettext("Revenez à la page précédente, vérifiez ce que vous avez écrit, puis recommencez."),
        ),
        401: (
            gettext("Connexion nécessaire"),
            gettext("Cette page demande de se connecter."),
            gettext("Connectez-vous, puis rouvrez la page."),
        ),
        403: (
            gettext("Page réservée"),
            gettext("Cette page est réservée à d'autres personnes."),
            gettext("Si vous pensez devoir y accéder, demandez-le au gestionnaire de l'outil."),
        ),
        404: (
            gettext("Page introuvable"),
            gettext("Il n'y a rien à cette adresse, ou plus rien."),
            gettext("Vérifiez l'adresse, ou cherchez depuis l'accueil."),
        ),
        405: (
            gettext("Action impossible ici"),
            gettext("Cette adresse ne s'ouvre pas de cette façon."),
            gettext("Revenez à la page précédente et utilisez ses boutons."),
        ),
        409: (
            gettext("Ce n'est plus possible"),
            gettext("Quelque chose a changé entre-temps."),
            gettext("Rechargez la page pour voir où elle en est."),
        ),
        413: (
            gettext("Envoi trop lourd"),
            gettext("Ce que vous envoyez dépasse la taille acceptée."),
            gettext("Raccourcissez le texte ou allégez le fichier, puis recommencez."),
        ),
        422: (
            gettext("À corriger"),
            gettext("Une valeur n'est pas acceptée."),
            gettext("Revenez à la page précédente et corrigez."),
        ),
        429: (
            gettext("Trop d'essais"),
            gettext("Il y a eu trop d'essais en peu de temps."),
            gettext("Attendez quelques minutes, puis recommencez."),
        ),
        503: (
            gettext("Un instant"),
            gettext("L'outil ne peut pas enregistrer ou lire en ce moment."),
            gettext("Rien n'a été enregistré. Attendez une minute, puis recommencez."),
        ),
    }.get(
        code,
        (
            gettext("Quelque chose n'a pas marché"),
            gettext("L'erreur vient de l'outil, pas de vous. Elle a été notée."),
            gettext("Recommencez dans un moment ; si cela continue, prévenez le gestionnaire de l'outil."),
        ),
    )


def _page(code: int, message: str = "") -> Response:
    heading, usual, advice = _words(code)
    if request.accept_mimetypes.best == "application/json":
        response = current_app.json.response(error=message or usual)
        response.status_code = code
        return response
    carried = _typed() if request.method == "POST" and code not in {400, 405} else None
    body = render_template(
        "errors/error.html",
        code=code,
        heading=heading,
        message=message or usual,
        advice=advice,
        carried=carried or None,
        resume_url=request.full_path.rstrip("?") if carried else "",
        resume_label=gettext("Envoyer de nouveau"),
    )
    return make_response(body, code)


def _typed() -> list[tuple[str, str]]:
    """What was typed, so that it is not lost; the body may be unreadable (too large)."""
    from tracker.security.resume import carried_fields

    try:
        return carried_fields()
    except HTTPException:
        return []


def _refusal(error: TrackerError) -> Response:
    response = _page(error.status, error.message)
    if isinstance(error, TooManyAttempts):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    said = error.description if error.code in {404, 403} and _is_ours(error) else ""
    return _page(error.code, said or "")


def _is_ours(error: HTTPException) -> bool:
    """Whether a sentence was given to abort(), rather than the library's English one."""
    return error.description is not None and error.description != type(error).description


def _database(error: DBAPIError) -> Response:
    current_app.logger.error("database: %s", type(error.orig).__name__)
    end_transaction(commit=False)
    response = _static_page(503)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _static_page(code: int) -> Response:
    """A page that needs neither the database nor the person: what a failure may still show."""
    heading, message, advice = _words(code)
    # straight from the environment: the context of other pages would ask the database who is reading
    template = current_app.jinja_env.get_template("errors/failure.html")
    body = template.render(
        heading=heading,
        message=message,
        advice=advice,
        typed=_typed(),
        site_name=current_app.config["SITE_NAME"],
        home_url=url_for("home.index"),
    )
    return make_response(body, code)


def _unexpected(error: Exception) -> Response:
    current_app.logger.exception("unexpected error", exc_info=error)
    db.session.rollback()
    return _static_page(500)


def init_app(app: Flask) -> None:
    app.register_error_handler(TrackerError, _refusal)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database)
    if app.config["MODE"] != "test":
        app.register_error_handler(500, _unexpected)
