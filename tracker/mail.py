"""Sending a rendered message to the mail server of SMTP_URL."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 20


@contextmanager
def _server(url: str) -> Iterator[smtplib.SMTP]:
    """The server of `url`: smtp://, smtp+starttls:// or smtps://, with user, password, host and port.

    Raises OSError or smtplib.SMTPException when it cannot be reached or refuses.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "localhost", parts.port
    if parts.scheme == "smtps":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, port or 25, timeout=TIMEOUT_SECONDS)
    with server:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server


def send(message: EmailMessage, url: str) -> None:
    """Hand one message over. Raises what `_server` does."""
    with _server(url) as server:
        server.send_message(message)


def reach(url: str) -> None:
    """Knock, without sending anything. Raises what `_server` does."""
    with _server(url) as server:
        server.noop()
