"""Mails wait in the outbox: none is lost, at most the one in flight is sent twice (design 4.10)."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask, url_for
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.conftest import Clock
from tests.integration.letter_scene import QUARTER, Scene
from tracker import jobs, mail
from tracker.enums import OutboxState
from tracker.extensions import db, end_transaction, is_writing, write_transaction
from tracker.models import Letter, OutboxMessage, Programme, Proofreading, User
from tracker.queries import checks, projects
from tracker.services import letters, outbox

SERVER = "smtp://courrier.exemple.fr"


class Server:
    """What stands in for the mail server: keeps what it is given, or answers with trouble."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.trouble: Callable[[EmailMessage], Exception | None] = lambda _message: None

    def send(self, message: EmailMessage, url: str) -> None:
        assert url == SERVER
        assert not is_writing(), "no network work inside a write transaction"
        assert not db.session().in_transaction(), "nor inside a read one"
        error = self.trouble(message)
        if error is not None:
            raise error
        self.received.append(message)


@pytest.fixture
def server(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(mail, "send", made.send)
    monkeypatch.setitem(app.config, "SMTP_URL", SERVER)
    return made


@pytest.fixture
def asked(drafted: Scene, writing: Any) -> Scene:
    """Two people are asked to read the letter."""
    with writing():
        letters.ask_proofreading(
            drafted.letter(), [drafted.reader.id, drafted.agent.id], actor=drafted.actor, now=drafted.now()
        )
    return drafted


def rows() -> list[OutboxMessage]:
    end_transaction(commit=False)
    return list(db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def states() -> list[OutboxState]:
    return [row.state for row in rows()]


def send_all(clock: Clock) -> list[outbox.Delivery]:
    end_transaction(commit=False)
    return list(outbox.deliver(clock=clock))


def body(message: EmailMessage) -> str:
    return str(message.get_content())


SENT, WAITING, FAILED = OutboxState.SENT, OutboxState.PENDING, OutboxState.FAILED


def test_who_is_asked_to_read_receives_the_address_of_the_draft(
    app: Flask, asked: Scene, server: Server, clock: Clock
) -> None:
    assert jobs.run(clock(), say=[].append)
    first, second = server.received
    assert {first["To"], second["To"]} == {asked.reader.email, asked.agent.email}
    assert first["From"] == "ne-pas-repondre@127.0.0.1"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Subject"].startswith("À relire : ")
    project = projects.frame().principal
    assert project is not None
    with app.test_request_context():
        path = url_for("letters.proofread", quarter=QUARTER, projet=project.slug)
    assert f"{app.config['BASE_URL']}{path}" in body(first)
    assert states() == [SENT, SENT]
    assert send_all(clock) == [], "once"


def test_mails_wait_while_no_server_is_set_and_leave_once_it_is(
    asked: Scene, server: Server, clock: Clock, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SMTP_URL", "")
    assert jobs.run(clock(), say=[].append)
    assert (states(), server.received) == ([WAITING, WAITING], [])
    assert [row.attempts for row in rows()] == [0, 0]
    monkeypatch.setitem(app.config, "SMTP_URL", SERVER)
    clock.advance(days=2)
    assert len(send_all(clock)) == 2
    assert len(server.received) == 2


def test_a_demonstration_sends_nothing(
    asked: Scene, server: Server, clock: Clock, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "DEMO", True)
    assert jobs.run(clock(), say=[].append)
    assert (states(), server.received) == ([WAITING, WAITING], [])


def test_a_message_refused_is_put_off_longer_and_longer_and_the_others_leave(
    asked: Scene, server: Server, clock: Clock
) -> None:
    refused_address = rows()[0].address
    server.trouble = lambda message: (
        smtplib.SMTPRecipientsRefused({refused_address: (450, b"plus tard")})
        if message["To"] == refused_address
        else None
    )
    start = clock()
    said: list[str] = []
    assert not jobs.run(start, say=said.append), "the round tells the failure"
    assert any("SMTPRecipientsRefused" in sentence for sentence in said)
    assert not any(refused_address in sentence for sentence in said), "journals hold no address"
    assert states() == [WAITING, SENT]
    late = rows()[0]
    assert (late.attempts, late.not_before) == (1, start + timedelta(minutes=5))
    assert late.last_error is not None
    assert "plus tard" in late.last_error
    assert send_all(clock) == [], "not before"
    clock.advance(minutes=5)
    send_all(clock)
    assert rows()[0].not_before == clock() + timedelta(minutes=10)
    server.trouble = lambda _message: None
    clock.advance(minutes=10)
    send_all(clock)
    done = rows()[0]
    assert (done.state, done.attempts, done.last_error, done.lease_until) == (SENT, 3, None, None)


def test_a_message_always_refused_is_kept_and_told_by_check(asked: Scene, server: Server, clock: Clock) -> None:
    server.trouble = lambda _message: smtplib.SMTPDataError(554, b"refus")
    for _turn in range(outbox.ATTEMPTS_MAX + 2):
        send_all(clock)
        clock.advance(hours=7)
    assert states() == [FAILED, FAILED]
    assert {row.attempts for row in rows()} == {outbox.ATTEMPTS_MAX}
    [wrong] = [finding for finding in checks.deep() if finding.level is checks.Level.ERROR]
    assert wrong.message == "courriels : aucun abandonné"
    assert "flask jobs retry-mail" in wrong.advice


def test_a_message_given_up_waits_again_once_asked_and_leaves_once(
    app: Flask, asked: Scene, server: Server, clock: Clock
) -> None:
    def rounds(count: int) -> None:
        for _turn in range(count):
            send_all(clock)
            clock.advance(hours=7)

    def retry() -> str:
        end_transaction(commit=False)
        return app.test_cli_runner().invoke(args=["jobs", "retry-mail"]).output

    server.trouble = lambda _message: smtplib.SMTPDataError(554, b"refus")
    rounds(outbox.ATTEMPTS_MAX)
    assert "remis en attente : 2" in retry()
    assert states() == [WAITING, WAITING]
    rounds(outbox.ATTEMPTS_MAX - 1)
    assert states() == [WAITING, WAITING], "as many attempts as the first time"
    rounds(1)
    assert states() == [FAILED, FAILED]
    retry()
    server.trouble = lambda _message: None
    rounds(2)
    assert states() == [SENT, SENT]
    assert len(server.received) == 2
    assert "remis en attente : 0" in retry()
    assert states() == [SENT, SENT]


def test_whom_old_mails_went_to_is_forgotten_and_their_keys_are_kept(
    asked: Scene, server: Server, clock: Clock, writing: Any
) -> None:
    refused = rows()[1].address
    keys = [row.dedupe_key for row in rows()]
    server.trouble = lambda message: smtplib.SMTPDataError(554, b"refus") if message["To"] == refused else None
    send_all(clock)
    clock.advance(days=outbox.KEEP_PERSONAL.days)
    assert jobs.run(clock(), say=[].append) is False
    assert [bool(row.address) for row in rows()] == [True, True], "not yet"
    clock.advance(minutes=1)
    said: list[str] = []
    jobs.run(clock(), say=said.append)
    assert "lignes nettoyées : 1" in said
    done, waiting = rows()
    assert (done.address, done.user_id, done.params, done.state) == ("", None, {}, SENT)
    assert (waiting.address, waiting.state) == (refused, WAITING), "what waits keeps whom it is for"
    assert [done.dedupe_key, waiting.dedupe_key] == keys
    again = {"address": "x@exemple.fr", "kind": done.kind, "not_before": clock(), "queued_at": clock()}
    with pytest.raises(IntegrityError), writing():
        db.session.add(OutboxMessage(dedupe_key=keys[0], **again))
    end_transaction(commit=False)
    jobs.run(clock(), say=said.append)
    assert len(server.received) == 1


def test_a_server_away_for_days_loses_nothing_and_is_asked_once_per_round(
    asked: Scene, server: Server, clock: Clock
) -> None:
    server.trouble = lambda _message: ConnectionRefusedError("personne n'écoute")
    for _turn in range(4 * outbox.ATTEMPTS_MAX):
        assert len(send_all(clock)) == 1
        clock.advance(hours=7)
    assert states() == [WAITING, WAITING]
    server.trouble = lambda _message: None
    send_all(clock)
    assert states() == [SENT, SENT]


def test_a_stop_after_the_sending_doubles_that_mail_alone_under_the_same_message_id(
    asked: Scene, server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_values: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("disk I/O error"))

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "_settle", stopped)
        with pytest.raises(OperationalError):
            send_all(clock)
    assert states() == [OutboxState.SENDING, WAITING]
    send_all(clock)
    assert states() == [OutboxState.SENDING, SENT], "under its lease, it is left to who claimed it"
    clock.advance(minutes=10)
    send_all(clock)
    assert states() == [SENT, SENT]
    first, other, again = server.received
    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]
    assert bytes(first) == bytes(again)


def test_a_stop_before_the_sending_loses_nothing(
    asked: Scene, server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(outbox, "_render", lambda _claim: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            send_all(clock)
    assert server.received == []
    clock.advance(minutes=10)
    send_all(clock)
    assert states() == [SENT, SENT]


def test_two_rounds_at_once_send_each_mail_once(asked: Scene, server: Server, clock: Clock) -> None:
    inner: list[outbox.Delivery] = []

    def meanwhile(_message: EmailMessage) -> None:
        server.trouble = lambda _message: None
        inner.extend(send_all(clock))

    server.trouble = meanwhile
    outer = send_all(clock)
    assert (len(inner), len(outer)) == (1, 1)
    assert len({message["Message-ID"] for message in server.received}) == len(server.received) == 2


def test_a_failure_told_after_the_lease_does_not_undo_what_a_later_round_sent(
    asked: Scene, server: Server, clock: Clock
) -> None:
    def slow(_message: EmailMessage) -> Exception:
        server.trouble = lambda _message: None
        clock.advance(minutes=11)
        send_all(clock)
        return TimeoutError("trop lent")

    server.trouble = slow
    send_all(clock)
    assert states() == [SENT, SENT]


@pytest.mark.parametrize("over", ["published", "answered", "left", "asked again"])
def test_nothing_is_sent_about_what_is_over(
    asked: Scene, server: Server, clock: Clock, writing: Any, over: str
) -> None:
    with writing():
        letter = asked.letter()
        if over == "published":
            letters.approve(letter, "Jeanne Petit", clock().date(), actor=asked.actor, now=clock())
            letters.publish(letter, actor=asked.actor, now=clock())
        elif over == "left":
            for user in (asked.reader, asked.agent):
                db.session.get_one(User, user.id).is_active = False
        elif over == "answered":
            for row in letters_asked(letter):
                row.answered_at = clock()
        else:
            clock.advance(minutes=3)
            letters.ask_proofreading(letter, [asked.reader.id, asked.agent.id], actor=asked.actor, now=clock())
    send_all(clock)
    assert states()[:2] == [OutboxState.CANCELLED] * 2
    assert len(server.received) == (2 if over == "asked again" else 0)


def letters_asked(letter: Letter) -> list[Any]:
    return list(db.session.scalars(select(Proofreading).where(Proofreading.letter_id == letter.id)))


@pytest.mark.parametrize(
    "values", [{"kind": "inconnu"}, {"address": "a@b.fr\nBcc: tous@exemple.fr"}, {"address": "hélène@exemple.fr"}]
)
def test_a_message_nobody_can_write_does_not_hold_up_the_others(
    asked: Scene, server: Server, clock: Clock, values: dict[str, str]
) -> None:
    key = rows()[0].id
    with write_transaction():
        for name, value in values.items():
            setattr(db.session.get_one(OutboxMessage, key), name, value)
    send_all(clock)
    assert states() == [WAITING, SENT]
    assert len(server.received) == 1


def test_a_waiting_mail_is_written_at_its_sending(asked: Scene, server: Server, clock: Clock, writing: Any) -> None:
    with writing():
        asked.letter().title = "La lettre, sous son nouveau titre"
        db.session.get_one(Programme, asked.programme_id).title = "Autre projet"
    send_all(clock)
    assert all("sous son nouveau titre" in body(message) for message in server.received)


def test_the_clock_is_read_for_each_message(asked: Scene, server: Server, clock: Clock) -> None:
    leases: list[datetime | None] = []

    def note(_message: EmailMessage) -> None:
        leases.append(next(row.lease_until for row in rows() if row.state is OutboxState.SENDING))
        end_transaction(commit=False)
        clock.advance(minutes=3)

    server.trouble = note
    start = clock()
    send_all(clock)
    assert leases == [start + outbox.LEASE, start + outbox.LEASE + timedelta(minutes=3)]
