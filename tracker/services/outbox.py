"""Mails waiting in the outbox (design 4.10): none is lost, and at most the one in flight is sent twice.

Each message goes through three steps, each in a transaction of its own, with none open while the server is spoken to:

    claim    it is ours for LEASE: a round that stops here leaves it to the one that comes after the lease
    render   from what it is about, as that stands now; nothing is sent about what is over
    settle   sent, or put off longer and longer; a message refused ATTEMPTS_MAX times is told by `flask check`,
             and waits again after `flask jobs retry-mail`

A message sent again after a stop bears the same Message-ID: mail programmes show it once.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext
from sqlalchemy import ColumnElement, and_, or_, select, update

from tracker import mail
from tracker.enums import OutboxState
from tracker.errors import Refused, TrackerError
from tracker.exports.eml import message_id
from tracker.extensions import FRENCH, db, end_transaction, is_writing, speaking, write_transaction
from tracker.models import OutboxMessage, User
from tracker.services import activation, invitations
from tracker.services.letters import reading

LEASE = timedelta(minutes=10)
ATTEMPTS_MAX = 10
FIRST_DELAY, LONGEST_DELAY = timedelta(minutes=5), timedelta(hours=6)
PER_ROUND = 200
KEEP_PERSONAL = timedelta(days=90)  # whom a mail went to, once it is over
ERROR_MAX = 500

# a round goes on after these, and stops after any other trouble of the network
MESSAGE_AT_FAULT = (
    TrackerError, LookupError, ValueError,
    smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError,
)  # fmt: skip

# kind → (subject, text) as it stands now, or None when there is nothing left to say
RENDERERS: dict[str, Callable[[OutboxMessage], tuple[str, str] | None]] = {
    reading.MAIL_KIND: reading.request_mail,
    activation.MAIL_KIND: activation.link_mail,
    invitations.MAIL_KIND: invitations.mail,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that is ours until its lease ends; `attempt` tells our claim from a later one."""

    id: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one message: sent, failed (`error` says why, without the address), or nothing left to say."""

    message_id: int
    sent: bool = False
    error: str = ""
    server_failed: bool = False


def mail_server() -> str:
    """The address of the mail server; empty when mails wait: none is set, or this is a demonstration."""
    return "" if current_app.config["DEMO"] else str(current_app.config["SMTP_URL"])


def _due(now: datetime) -> ColumnElement[bool]:
    """What waits and may go, and what a round that stopped left behind."""
    waiting = and_(OutboxMessage.state == OutboxState.PENDING, OutboxMessage.not_before <= now)
    dropped = and_(OutboxMessage.state == OutboxState.SENDING, OutboxMessage.lease_until <= now)
    return or_(waiting, dropped)


def is_due(*, now: datetime) -> bool:
    """Whether a message could be sent now; never without a mail server."""
    return bool(mail_server()) and db.session.scalar(select(OutboxMessage.id).where(_due(now)).limit(1)) is not None


def deliver(*, clock: Callable[[], datetime]) -> Iterator[Delivery]:
    """Send what is due, one message at a time; stops for this round when the server cannot be reached."""
    url = mail_server()
    if not url:
        return
    for _turn in range(PER_ROUND):
        claim = _claim(clock())
        if claim is None:
            return
        done = _attempt(claim, url, clock=clock)
        yield done
        if done.server_failed:
            return


def _attempt(claim: Claim, url: str, *, clock: Callable[[], datetime]) -> Delivery:
    """Render, send and settle one message; what fails is put off."""
    try:
        message = _render(claim)
        if message is not None:
            _send(message, url)
    except MESSAGE_AT_FAULT as trouble:
        _put_off(claim, trouble, now=clock(), give_up=claim.attempt % ATTEMPTS_MAX == 0)
        return Delivery(claim.id, error=type(trouble).__name__)
    except OSError as trouble:  # the server is away, or turns everything down: the message waits as long as that lasts
        _put_off(claim, trouble, now=clock())
        return Delivery(claim.id, error=type(trouble).__name__, server_failed=True)
    _settle(claim, OutboxState.CANCELLED if message is None else OutboxState.SENT)
    return Delivery(claim.id, sent=message is not None)


def _claim(now: datetime) -> Claim | None:
    """Take the message that has waited longest, or one whose lease has ended; its Message-ID is written down first.

    Those of people who stand before a closed door leave before the others.
    """
    first = (
        select(OutboxMessage)
        .where(_due(now))
        .order_by(OutboxMessage.kind != activation.MAIL_KIND, OutboxMessage.not_before, OutboxMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    with write_transaction():
        row: OutboxMessage | None = db.session.scalar(first)
        if row is None:
            return None
        row.state, row.lease_until, row.attempts = OutboxState.SENDING, now + LEASE, row.attempts + 1
        row.message_id = row.message_id or message_id(row.dedupe_key, _host())
        return Claim(row.id, row.attempts)


def _host() -> str:
    return urlsplit(current_app.config["BASE_URL"]).hostname or "localhost"


def _render(claim: Claim) -> EmailMessage | None:
    """The message as it stands now; None when what it is about is over. Ends its read transaction."""
    row = db.session.get_one(OutboxMessage, claim.id, populate_existing=True)
    if row.kind not in RENDERERS:
        raise Refused(gettext("On ne sait pas écrire ce message : %(kind)s.", kind=row.kind))
    if not row.address.isascii():  # most servers cannot take it, and smtplib then speaks as if the server were at fault
        raise Refused(gettext("Cette adresse porte des lettres que le courriel ne transporte pas."))
    receiver = None if row.user_id is None else db.session.get(User, row.user_id)
    with speaking((receiver and receiver.locale) or FRENCH):
        words = RENDERERS[row.kind](row)
    message = None
    if words is not None:
        message = EmailMessage(policy=SMTP)
        message["Subject"] = words[0]
        message["From"] = current_app.config["MAIL_FROM"]
        message["To"] = row.address
        message["Date"] = format_datetime(row.queued_at)
        message["Message-ID"] = row.message_id or ""
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(words[1], cte="quoted-printable")
    end_transaction(commit=False)
    return message


def _send(message: EmailMessage, url: str) -> None:
    if is_writing():
        raise RuntimeError("no network work inside a write transaction")
    mail.send(message, url)


def _settle(claim: Claim, state: OutboxState) -> None:
    """The end of a message. What was sent is sent, even when somebody else holds a later lease."""
    with write_transaction():
        db.session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == claim.id)
            .values(state=state, lease_until=None, last_error=None)
        )


def _put_off(claim: Claim, trouble: Exception, *, now: datetime, give_up: bool = False) -> None:
    """Try again later, twice as late each time; keeps what a later claim wrote."""
    delay = min(FIRST_DELAY * 2 ** ((claim.attempt - 1) % ATTEMPTS_MAX), LONGEST_DELAY)
    with write_transaction():
        db.session.execute(
            update(OutboxMessage)
            .where(
                OutboxMessage.id == claim.id,
                OutboxMessage.state == OutboxState.SENDING,
                OutboxMessage.attempts == claim.attempt,
            )
            .values(
                state=OutboxState.FAILED if give_up else OutboxState.PENDING,
                lease_until=None,
                not_before=now + delay,
                last_error=f"{type(trouble).__name__}: {trouble}"[:ERROR_MAX],
            )
        )


def retry_failed(*, now: datetime) -> int:
    """Have the messages given up wait again, for as many attempts as the first time; how many."""
    # attempts go on counting: they tell our claim from a later one
    revived = db.session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.state == OutboxState.FAILED)
        .values(state=OutboxState.PENDING, not_before=now)
    )
    return revived.rowcount  # type: ignore[attr-defined, no-any-return]


def forget_people(*, now: datetime) -> int:
    """Take out of the messages over for KEEP_PERSONAL whom they went to and what about; how many.

    Their row stays with its key: the same mail is never queued, hence never sent, twice.
    """
    emptied = db.session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.state.in_([OutboxState.SENT, OutboxState.CANCELLED]),
            OutboxMessage.not_before < now - KEEP_PERSONAL,
            OutboxMessage.address != "",
        )
        .values(address="", user_id=None, params={})
    )
    return emptied.rowcount  # type: ignore[attr-defined, no-any-return]
