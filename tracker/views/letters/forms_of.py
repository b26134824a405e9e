"""One letter in all its forms: page, mail, text, paper, message to send; for drafts and published letters alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, make_response, render_template, request, url_for
from flask_babel import get_locale, gettext
from flask_login import current_user
from markupsafe import Markup

from tracker.exports import eml, qr
from tracker.extensions import FRENCH, speaking
from tracker.letters import Document, Resolved, document, paper, text_of, words
from tracker.letters.chart import STACK
from tracker.queries.kept import Kept
from tracker.queries.letters import PublishedLetter
from tracker.views.frame import labels

# mails carry their style in each element; nothing else may come in, and no script
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
TARGETS = {
    "letter": ("letters.show", "number"),
    "proposal": ("proposals.show", "number"),
    "action": ("actions.show", "number"),
    "group": ("groups.show", "slug"),
    "meeting": ("meetings.show", "meeting_id"),
    "campaign": ("consultations.show", "campaign_id"),
}


def page_address(kind: str, key: int | str) -> str:
    """Where a reader of the site is led; nowhere for visitors, who would only meet the login page."""
    if kind != "letter" and not current_user.is_authenticated:
        return ""
    return _path(kind, key)


def _path(kind: str, key: int | str) -> str:
    endpoint, name = TARGETS[kind]
    if endpoint not in current_app.view_functions:
        return ""
    values: dict[str, Any] = {name: key}
    return url_for(endpoint, **values)


def full_address(kind: str, key: int | str) -> str:
    """The same from outside: in mails and on paper."""
    path = _path(kind, key).removeprefix(request.script_root)  # which the public address has already
    return f"{current_app.config['BASE_URL']}{path}" if path else ""


# A published letter never changes: what is shown of it is kept per process for the readers who follow. It holds nothing
# of a reader but whether they have an account; a name withdrawn since, or a word that the town says otherwise, makes
# another key.
_documents: Kept[Document] = Kept(48)
_bodies: Kept[Markup] = Kept(48)


@dataclass(frozen=True, slots=True)
class Readable:
    """A published letter for a kind of reader; `key` says all that it depends on."""

    record: PublishedLetter
    page: Document
    key: tuple[object, ...]


def readable(record: PublishedLetter, people: Resolved, *, visitor: bool) -> Readable:
    key = (record.sha256, people.key, visitor, str(get_locale()), request.script_root, labels())
    return Readable(record, _documents.get(key, lambda: document(record.content, people, public=visitor)), key)


def body_of(shown: Readable) -> Markup:
    """The sections of a published letter as HTML."""
    return _bodies.get(shown.key, lambda: _body(shown.page))


def _body(letter: Document) -> Markup:
    page = render_template("letters/_body.html", letter=letter, target=page_address)
    return Markup(page)  # noqa: S704 - a template of ours, which escapes what it is given


def as_text(letter: Document) -> Response:
    response = make_response(text_of(letter, full_address))
    response.mimetype = "text/plain"
    return response


def mail_html(letter: Document) -> str:
    """In French, as the document must be: one mail goes to everybody."""
    with speaking(FRENCH):
        return render_template(
            "letters/mail.html",
            letter=letter,
            address=full_address,
            stack=STACK,
            status_plural=words.status_plural,
            signed=words.signed,
        )


def as_mail(letter: Document) -> Response:
    """The mail as its readers will see it."""
    response = make_response(eml.inlined(mail_html(letter)))
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response


def as_paper(letter: Document) -> str:
    address, code = "", Markup()
    if letter.number is not None:
        address = full_address("letter", letter.number)
        code = qr.svg(address, title=gettext("Code vers la page de la lettre"))
    return render_template(
        "letters/print.html",
        letter=letter,
        sheet=paper.sheet(letter),
        aside_of=paper.aside_of,
        origins_of=paper.origins_of,
        dated_of=paper.dated_of,
        qr=code,
        address=address,
    )


def as_message(letter: Document, *, seed: str, sent_at: datetime) -> Response:
    """The file that a mail programme opens, ready to be addressed."""
    with speaking(FRENCH):
        text = text_of(letter, full_address)
    data = eml.message(
        subject=letter.title,
        text=text,
        html=mail_html(letter),
        seed=seed,
        host=urlsplit(current_app.config["BASE_URL"]).hostname or "localhost",
        sent_at=sent_at,
    )
    response = make_response(data)
    response.mimetype = "message/rfc822"
    response.headers["Content-Disposition"] = f'attachment; filename="lettre-{letter.number}.eml"'
    return response
