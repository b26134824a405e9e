"""The letter as a PDF. It is made outside of this process and of any transaction, and kept in memory only: a name
withdrawn since makes another key, and no file ever holds one.
"""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.permissions import Permission
from tracker.queries.kept import Kept
from tracker.security import public, requires
from tracker.views import papers
from tracker.views.conditional import conditional
from tracker.views.letters import bp, forms_of
from tracker.views.letters.drafts import readable_draft, shown_draft
from tracker.views.letters.reading import login_first, readable_letter

_files: Kept[bytes] = Kept(24)  # of some 70 kB each


def _made(html: str) -> bytes:
    """The PDF of a letter's page; without it, the reader's own browser prints the letter. Raises Unavailable."""
    return papers.made(
        html,
        if_missing=gettext(
            "Ouvrez la lettre, puis « Imprimer » : votre navigateur peut l'enregistrer en PDF. "
            "Et prévenez le gestionnaire de l'outil."
        ),
        if_failed=gettext("Attendez une minute, puis recommencez ; ou ouvrez la lettre et imprimez-la."),
    )


@bp.get("/<int:number>.pdf")
@public
@conditional
def pdf_file(number: int) -> ResponseReturnValue:
    found = readable_letter(number)
    if found is None:
        return login_first()
    data = _files.find(found.key)  # who waits for the drawing of another does it there, outside of any transaction
    if data is None:
        data = _made(forms_of.as_paper(found.page))
        _files.put(found.key, data)
    return papers.answer(data, f"lettre-{number}")


@bp.get("/brouillons/<string:quarter>/pdf")
@requires(Permission.LETTER_PROOFREAD)
def draft_pdf(quarter: str) -> ResponseReturnValue:
    draft = readable_draft(quarter)
    return papers.answer(_made(forms_of.as_paper(shown_draft(draft))), f"lettre-{draft.quarter}-epreuve")
