"""A letter as a message that a town's own mail programme opens, fills with its list and sends."""

from __future__ import annotations

import hashlib
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime


def inlined(html: str) -> str:
    """The page with its style sheet written into each element: mail programmes drop the rest. Nothing is fetched."""
    import css_inline  # a library of some megabytes, needed by mails only

    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False)
    return str(inliner.inline(html))


def message_id(seed: str, host: str) -> str:
    """The same letter always bears the same Message-ID: a mail programme shows it once."""
    return f"<{hashlib.sha256(seed.encode()).hexdigest()[:32]}@{host}>"


def message(*, subject: str, text: str, html: str, seed: str, host: str, sent_at: datetime) -> bytes:
    """The bytes of the message, without sender or recipients, marked as not sent yet; the same every time."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = subject
    mail["Date"] = format_datetime(sent_at)
    mail["Message-ID"] = message_id(seed, host)
    mail["X-Unsent"] = "1"
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(inlined(html), subtype="html", cte="quoted-printable")
    mail.set_boundary("=_" + hashlib.sha256(seed.encode()).hexdigest()[32:])
    return mail.as_bytes()
