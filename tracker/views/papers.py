"""Pages of ours as PDF files, made outside of any transaction."""

from __future__ import annotations

from flask import Response, current_app, make_response, url_for
from flask_babel import gettext

from tracker.errors import Unavailable
from tracker.exports import pdf
from tracker.extensions import end_transaction


def made(html: str, *, if_missing: str = "", if_failed: str = "") -> bytes:
    """The PDF of a page, whoever waits for it. Raises Unavailable.

    `if_missing`, `if_failed`: what to do when this server cannot make any, or not this time; nothing was changed.
    """
    end_transaction(commit=False)  # nobody waits for the database meanwhile
    try:
        return pdf.from_html(
            html, static_url=url_for("static", filename=""), static_folder=str(current_app.static_folder)
        )
    except pdf.PdfFailed as failure:
        current_app.logger.error("pdf: %s", failure)
        if failure.missing:
            raise Unavailable(
                gettext("Ce serveur ne peut pas fabriquer de PDF : il lui manque un composant."),
                advice=if_missing or gettext("Rien n'a été changé. Prévenez le gestionnaire de l'outil."),
            ) from failure
        raise Unavailable(
            gettext("Le PDF n'a pas pu être fabriqué cette fois."),
            advice=if_failed or gettext("Rien n'a été changé. Attendez une minute, puis recommencez."),
        ) from failure


def answer(data: bytes, name: str, *, kept: bool = True) -> Response:
    """A PDF to open, or, when nothing of it may stay anywhere, to download once."""
    response = make_response(data)
    response.mimetype = "application/pdf"
    way = "inline" if kept else "attachment"
    response.headers["Content-Disposition"] = f'{way}; filename="{name}.pdf"'
    if not kept:
        response.headers["Cache-Control"] = "no-store"
    return response
