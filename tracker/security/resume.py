"""A refused write loses nothing that was typed (design 4.12).

The answer carries the fields, but only to a post that came from our own pages, only to the account that typed them,
and never passwords, codes or files.
"""

from __future__ import annotations

import re

from flask import g, render_template, request
from flask_babel import gettext
from flask_login import current_user
from werkzeug.exceptions import HTTPException

from tracker.security import sessions
from tracker.security.addresses import comes_from_our_pages, here, safe_path

# a field whose name holds one of these words is a secret
NEVER_CARRIED = frozenset({"password", "passphrase", "passe", "code", "secret", "otp", "pin", "csrf", "jeton"})
OWN_PREFIX = "_resume_"  # fields of the login form inside the page; a form's own fields never begin so
TARGET, LOGIN, PASSWORD, SHARED, SECOND = (
    OWN_PREFIX + name for name in ("target", "login", "password", "shared", "second")
)
_WORDS = re.compile(r"[^a-z0-9]+")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def is_secret(name: str) -> bool:
    """Whether a field of that name must never be carried."""
    return not NEVER_CARRIED.isdisjoint(_WORDS.split(name.lower()))


def carried_fields() -> list[tuple[str, str]]:
    """What was typed, in order, without what must never be carried; nothing when the body cannot be read."""
    try:
        typed = list(request.form.items(multi=True))
    except (HTTPException, OSError):  # a large form passes by a file, for which there may be no room
        return []
    # from now on nobody else may see this answer: no cache keeps it
    g.holds_typed_text = True
    return [
        (_CONTROLS.sub("", name), _CONTROLS.sub("", value))
        for name, value in typed
        if not is_secret(name) and not name.startswith(OWN_PREFIX)
    ]


def may_carry() -> bool:
    """Whether an error page may show what was typed: its form was ours."""
    return request.method == "POST" and (bool(g.get("csrf_valid")) or comes_from_our_pages())


def target() -> str:
    """Where the refused write was going; through the page of an ended visit, where it was going at first."""
    return safe_path(request.form.get(TARGET) or here())


def page(*, status: int, signed_in: bool, error: str = "", just_back: bool = False) -> tuple[str, int]:
    """What was typed, with one button when the person is here, a login form for the same account otherwise."""
    return (
        render_template(
            "errors/resume.html",
            code=status,
            is_back=signed_in,
            just_back=just_back,
            target=target(),
            carried=carried_fields(),
            has_files=bool(request.files),
            same_account=sessions.named_account() is not None,
            error=error,
        ),
        status,
    )


def refuse(*, status: int) -> tuple[str, int]:
    """The page of a write refused for CSRF or an ended visit."""
    if not comes_from_our_pages():
        return _nothing(
            heading=gettext("Demande refusée"),
            message=gettext("Cet envoi ne vient pas d'une page de cet outil. Rien n'a été changé."),
            advice=gettext("Ouvrez la page voulue dans l'outil, puis recommencez."),
        )
    signed_in = bool(current_user.is_authenticated)
    account = current_user.id if signed_in else sessions.named_account()
    shown_to = sessions.shown_to(request.form.get(sessions.CSRF, ""))
    if account is not None and shown_to is not None and shown_to != sessions.account_tag(account):
        return _nothing(
            heading=gettext("Page d'un autre compte"),
            message=gettext("Cette page avait été ouverte par un autre compte. Rien n'a été changé."),
            advice=gettext("Rouvrez la page depuis l'accueil, puis recommencez."),
        )
    return page(status=status, signed_in=signed_in)


def _nothing(*, heading: str, message: str, advice: str) -> tuple[str, int]:
    """A 400 page without the fields, and without any token: the frame's own button to log out is left out."""
    return (
        render_template(
            "errors/error.html", code=400, heading=heading, message=message, advice=advice, tokenless=True, carried=None
        ),
        400,
    )
