"""A refused write loses nothing that was typed (design 4.12).

The answer carries the fields, but only to a post that came from our own pages, and never passwords, codes or files.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import render_template, request
from flask_babel import gettext
from flask_login import current_user

from tracker.security.sessions import named_session

NEVER_CARRIED = ("password", "mot_de_passe", "code", "csrf_token", "jeton")


def comes_from_our_pages() -> bool:
    """Whether Origin, failing it Sec-Fetch-Site, failing it Referer, says that the post is from this site."""
    own = urlsplit(request.host_url)
    origin = request.headers.get("Origin")
    if origin:
        seen = urlsplit(origin)
        return (seen.scheme, seen.netloc) == (own.scheme, own.netloc)
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site == "same-origin"
    referer = request.headers.get("Referer")
    if referer:
        seen = urlsplit(referer)
        return (seen.scheme, seen.netloc) == (own.scheme, own.netloc)
    return False


def carried_fields() -> list[tuple[str, str]]:
    """What was typed, in order, without what must never be carried."""
    return [
        (name, value)
        for name, value in request.form.items(multi=True)
        if not any(word in name.lower() for word in NEVER_CARRIED)
    ]


def refuse(*, status: int) -> tuple[str, int]:
    """The page of a write refused for CSRF or an ended visit."""
    signed_in = current_user.is_authenticated
    own = comes_from_our_pages()
    if not own:
        return (
            render_template(
                "errors/error.html",
                code=400,
                heading=gettext("Demande refusée"),
                message=gettext("Cet envoi ne vient pas d'une page de cet outil. Rien n'a été changé."),
                advice=gettext("Ouvrez la page voulue dans l'outil, puis recommencez."),
            ),
            400,
        )
    return (
        render_template(
            "errors/resume.html",
            code=status,
            signed_in=signed_in,
            target=request.full_path.rstrip("?"),
            carried=carried_fields(),
            same_account=named_session() is not None,
        ),
        status,
    )
