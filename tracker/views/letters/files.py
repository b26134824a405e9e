"""The letter as a PDF. It is made outside of this process and of any transaction, and kept in memory only: a name
withdrawn since makes another key, and no file ever holds one.
"""

from __future__ import annotations

from flask import Response, current_app, make_response, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.errors import Unavailable
from tracker.exports import pdf
from tracker.extensions import end_transaction
from tracker.permissions import Permission
from tracker.queries.kept import Kept
from tracker.security import public, requires
from tracker.views.conditional import conditional
from tracker.views.letters import bp, forms_of
from tracker.views.letters.drafts import readable_draft, shown_draft
from tracker.views.letters.reading import login_first, readable_letter

_files: Kept[bytes] = Kept(24)  # of some 70 kB each


def _made(html: str) -> bytes:
    """The PDF of a page, whoever waits for it. Raises Unavailable."""
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
                advice=gettext(
                    "Ouvrez la lettre, puis « Imprimer » : votre navigateur peut l'enregistrer en PDF. "
                    "Et prévenez le gestionnaire de l'outil."
                ),
            ) from failure
        raise Unavailable(
            gettext("Le PDF n'a pas pu être fabriqué cette fois."),
            advice=gettext("Attendez une minute, puis recommencez ; ou ouvrez la lettre et imprimez-la."),
        ) from failure


def _answer(data: bytes, name: str) -> Response:
    response = make_response(data)
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


@bp.get("/<int:number>.pdf")
@public
@conditional
def pdf_file(number: int) -> ResponseReturnValue:
    found = readable_letter(number)
    if found is None:
        return login_first()
    data = _files.get(found.key, lambda: _made(forms_of.as_paper(found.page)))
    return _answer(data, f"lettre-{number}")


@bp.get("/brouillons/<string:quarter>/pdf")
@requires(Permission.LETTER_PROOFREAD)
def draft_pdf(quarter: str) -> ResponseReturnValue:
    draft = readable_draft(quarter)
    return _answer(_made(forms_of.as_paper(shown_draft(draft))), f"lettre-{draft.quarter}-epreuve")
