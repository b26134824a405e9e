"""Who stands by does within a second what somebody waits for, and everything every five minutes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from smtplib import SMTPRecipientsRefused
from threading import Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import OperationalError

from tests import factories
from tests.conftest import SECRET, Clock
from tests.integration.test_votes import LATER, Ballot
from tests.servers import shared
from tracker import jobs, mail
from tracker.config import ROOT
from tracker.enums import OutboxState, PhaseKind
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Campaign, OutboxMessage, Phase, Setting
from tracker.models import Event as Told
from tracker.queries import instance, supervision
from tracker.services import activation, maintenance, outbox, votes

KIND = "a kind of this test"


class Seconds(Event):
    """The seconds that pass while nothing is to be done: each `wait` is told what happens during it."""

    def __init__(self, clock: Clock, *during: Callable[[], object] | None, then: int = 0) -> None:
        super().__init__()
        self.clock, self.passed = clock, 0.0
        self.during = [*during, *[None] * then]

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.passed += timeout
        self.clock.advance(seconds=timeout)
        if not self.during:
            self.set()
        elif (happens := self.during.pop(0)) is not None:
            happens()
        return self.is_set()


@pytest.fixture
def stands_by(app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    def work(*during: Callable[[], object] | None, then: int = 0) -> list[str]:
        end_transaction(commit=False)
        said: list[str] = []
        stop = Seconds(clock, *during, then=then)
        monkeypatch.setattr(jobs, "monotonic", lambda: stop.passed)
        fault = jobs.work(clock=clock, say=said.append, stop=stop)
        return [*said, fault] if fault else said

    return work


@pytest.fixture
def received(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[EmailMessage]:
    """What the mail server is given."""
    found: list[EmailMessage] = []
    monkeypatch.setattr(mail, "send", lambda message, _url: found.append(message))
    monkeypatch.setitem(app.config, "SMTP_URL", "smtp://courrier.exemple.fr")
    monkeypatch.setitem(outbox.RENDERERS, KIND, lambda _row: ("Objet", "Texte"))
    return found


def queue(clock: Clock, number: int = 1, *, kind: str = KIND) -> None:
    with write_transaction():
        for _ in range(number):
            key = factories.serial()
            factories.add(
                OutboxMessage(
                    dedupe_key=f"test:{key}", address=f"a{key}@exemple.fr", kind=kind,
                    not_before=clock(), queued_at=clock(),
                )
            )  # fmt: skip


def test_a_mail_leaves_within_a_second_and_once(
    stands_by: Callable[..., list[str]], received: list[EmailMessage], clock: Clock
) -> None:
    seen: list[int] = []
    said = stands_by(
        None,
        lambda: queue(clock),
        lambda: seen.append(len(received)),
        then=20,
    )
    assert seen == [1], "at the next look"
    assert len(received) == 1
    assert said == ["courriels envoyés : 1"], "and nothing is said of what had nothing to do"


def test_a_vote_that_ends_is_closed_within_a_second_and_its_key_destroyed(
    ballot: Ballot, stands_by: Callable[..., list[str]], clock: Clock
) -> None:
    closed: list[Any] = []

    def look() -> None:
        closed.append((db.session.get_one(Campaign, ballot.campaign_id).votes_closed_at, len(key_files())))
        end_transaction(commit=False)

    clock.set(LATER - timedelta(seconds=2))
    ends = LATER
    with write_transaction():
        db.session.execute(update(Phase).where(Phase.campaign_id == ballot.campaign_id).values(ends_at=ends))
    assert len(key_files()) == 1
    stands_by(look, None, look, then=1)
    (before, one), (after, none) = closed
    assert (before, one, none) == (None, 1, 0)
    assert after is not None
    assert after - ends <= timedelta(seconds=1)


@pytest.fixture
def ballot(app: Flask) -> Ballot:
    made = Ballot()
    made.open()
    return made


def key_files() -> list[Path]:
    return list(votes.key_folder().iterdir())


def test_a_whole_round_every_five_minutes_and_nothing_is_written_in_between(
    stands_by: Callable[..., list[str]], clock: Clock, app: Flask
) -> None:
    rounds: list[datetime] = []

    def note() -> None:
        last = supervision.round_of(db.session.scalar(select(Setting.value).where(Setting.key == supervision.ROUND)))
        end_transaction(commit=False)
        assert last is not None
        rounds.append(last.at)

    begun = clock()
    assert stands_by(note, *[None] * 298, note, None, None, note) == []
    assert rounds == [begun, begun, begun + timedelta(minutes=5)]


def test_what_fails_is_tried_again_after_half_a_minute_not_each_second(
    ballot: Ballot, stands_by: Callable[..., list[str]], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.set(LATER)
    tried: list[datetime] = []

    def locked(**_values: object) -> bool:
        tried.append(clock())
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    monkeypatch.setattr(votes, "close_votes", locked)
    said = stands_by(then=70)
    assert [moment - tried[0] for moment in tried] == [timedelta(seconds=after) for after in (0, 30, 60)]
    assert sum("database is locked" in line for line in said) == 3


def test_a_mail_that_is_refused_holds_up_no_other(
    stands_by: Callable[..., list[str]], received: list[EmailMessage], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses_the_first(message: EmailMessage, _url: str) -> None:
        if not received and not tried:
            tried.append(clock())
            raise SMTPRecipientsRefused({str(message["To"]): (450, b"plus tard")})
        received.append(message)

    tried: list[datetime] = []
    monkeypatch.setattr(mail, "send", refuses_the_first)
    said = stands_by(lambda: queue(clock), None, lambda: queue(clock), then=2)
    assert len(tried) == len(received) == 1
    assert said[1] == "courriels envoyés : 1"


def test_while_the_mail_server_is_away_votes_are_closed_as_ever(
    ballot: Ballot, stands_by: Callable[..., list[str]], received: list[EmailMessage], clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    tried: list[datetime] = []

    def away(_message: EmailMessage, _url: str) -> None:
        tried.append(clock())
        raise ConnectionRefusedError

    def ends() -> None:
        with write_transaction():
            db.session.execute(update(Phase).where(Phase.campaign_id == ballot.campaign_id).values(ends_at=clock()))

    monkeypatch.setattr(mail, "send", away)
    left: list[int] = []
    stands_by(lambda: queue(clock, 9), None, ends, lambda: left.append(len(key_files())), then=40)
    assert left == [0]
    assert [later - earlier for earlier, later in pairwise(tried)] == [timedelta(seconds=30)]


def test_the_mail_of_who_stands_before_a_closed_door_leaves_first(
    app: Flask, received: list[EmailMessage], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(clock, 2)
    monkeypatch.setitem(outbox.RENDERERS, activation.MAIL_KIND, lambda _row: ("Votre accès", "Texte"))
    clock.advance(minutes=1)
    queue(clock, 1, kind=activation.MAIL_KIND)
    end_transaction(commit=False)
    assert len(list(outbox.deliver(clock=clock))) == 3
    assert [message["Subject"] for message in received] == ["Votre accès", "Objet", "Objet"]


def test_a_mail_that_is_being_sent_counts_as_waiting(app: Flask, clock: Clock) -> None:
    queue(clock, 2)
    with write_transaction():
        db.session.execute(update(OutboxMessage).where(OutboxMessage.id == 1).values(state=OutboxState.SENDING))
    told = {
        reading.labels: reading.value for reading in supervision.readings(clock()) if reading.name == "tracker_mails"
    }
    assert told == {(("state", "pending"),): 2, (("state", "failed"),): 0}


def test_without_a_mail_server_the_mails_that_wait_keep_nobody_busy(
    stands_by: Callable[..., list[str]], received: list[EmailMessage], clock: Clock, app: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setitem(app.config, "SMTP_URL", "")
    queue(clock)
    assert stands_by(then=3) == []
    assert received == []


def test_the_database_goes_away_and_comes_back(
    stands_by: Callable[..., list[str]], received: list[EmailMessage], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[datetime] = []

    def away(*_asked: Any, **_more: Any) -> Any:
        asked.append(clock())
        raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    def leaves() -> None:
        lost.setattr(outbox, "is_due", away)
        lost.setattr(instance, "present_schema_fault", away)

    def comes_back() -> None:
        lost.undo()
        queue(clock)

    lost = pytest.MonkeyPatch()
    said = stands_by(leaves, None, None, comes_back, then=2)
    assert said == [
        "La base ne répond pas (server closed the connection).", "courriels envoyés : 1", "La base répond de nouveau.",
    ]  # fmt: skip
    assert [later - earlier for earlier, later in pairwise(asked)] == [jobs.AFTER_TROUBLE * timedelta(seconds=1)] * 2
    assert len(received) == 1


def test_a_key_that_could_not_be_destroyed_is_tried_again_after_half_a_minute(
    ballot: Ballot, stands_by: Callable[..., list[str]], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.set(LATER)
    really, tried = votes.destroy_key, list[datetime]()

    def hiccup(campaign_id: int) -> None:
        tried.append(clock())
        if len(tried) == 1:
            raise OSError("stale file handle")
        really(campaign_id)

    monkeypatch.setattr(votes, "destroy_key", hiccup)
    stands_by(then=40)
    assert [moment - LATER for moment in tried] == [timedelta(0), timedelta(seconds=30)]
    assert key_files() == []


def test_no_vote_stays_open_behind_hundreds_of_mails(
    ballot: Ballot, stands_by: Callable[..., list[str]], received: list[EmailMessage], clock: Clock
) -> None:
    def ends() -> None:
        with write_transaction():
            db.session.execute(update(Phase).where(Phase.campaign_id == ballot.campaign_id).values(ends_at=clock()))

    left: list[tuple[int, int]] = []
    stands_by(lambda: queue(clock, 50), ends, lambda: left.append((len(received), len(key_files()))), then=3)
    assert left == [(40, 0)], "closed between two handfuls"
    assert len(received) == 50


def test_a_gentle_stop_ends_between_two_mails(
    stands_by: Callable[..., list[str]], received: list[EmailMessage], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Seconds(clock)
    queue(clock, 3)

    def send(message: EmailMessage, _url: str) -> None:
        received.append(message)
        stop.set()

    monkeypatch.setattr(mail, "send", send)
    monkeypatch.setattr(maintenance, "clean", lambda **_asked: pytest.fail("no other job begins"))
    assert jobs.work(clock=clock, say=[].append, stop=stop) == ""
    assert len(received) == 1
    rows = db.session.scalars(select(OutboxMessage.state).order_by(OutboxMessage.id)).all()
    assert rows == [OutboxState.SENT, OutboxState.PENDING, OutboxState.PENDING], "none is left half-way"


@pytest.mark.sqlite("the revision is put back with the file; asked alike of both")
def test_who_stands_by_ends_when_the_database_is_brought_to_another_version(
    stands_by: Callable[..., list[str]], received: list[EmailMessage], clock: Clock
) -> None:
    def upgraded() -> None:
        with write_transaction():
            db.session.execute(text("UPDATE alembic_version SET version_num = 'a later one'"))
        queue(clock)

    said = stands_by(upgraded, then=5)
    assert len(said) == 1
    assert "version" in said[0]
    assert received == [], "nothing is done on tables that this code does not know"


@pytest.fixture
def town(shared_app: Flask, bases: Any, tmp_path: Path) -> Iterator[Flask]:
    with shared(bases("standing"), tmp_path) as app:
        yield app


def test_two_that_stand_by_close_a_vote_once_and_end_when_told(town: Flask, tmp_path: Path) -> None:
    logs = [tmp_path / f"{name}.log" for name in ("first", "second")]
    both = [_stand_by(town, tmp_path, log) for log in logs]
    try:
        _until(lambda: all("Prêt" in log.read_text("utf-8") for log in logs))
        _until(lambda: db.session.get(Setting, supervision.ROUND) is not None)
        with write_transaction():
            today = datetime.now(UTC).date()
            project = factories.programme()
            steps = (PhaseKind.VOTING, today - timedelta(9), today - timedelta(1))
            campaign_id = factories.campaign(project, steps).id
        _until(lambda: db.session.get_one(Campaign, campaign_id).votes_closed_at is not None)
        closed = select(func.count()).where(Told.verb == "campaign:close_votes")
        time.sleep(1.5)  # the other has looked too
        assert db.session.scalar(closed) == 1
        end_transaction(commit=False)
        for one in both:
            one.terminate()
        assert [one.wait(timeout=20) for one in both] == [0, 0]
    finally:
        for one in both:
            one.kill()
            one.wait()
    said = [log.read_text("utf-8") for log in logs]
    assert not any("échec" in log or "Traceback" in log for log in said), said


def _stand_by(town: Flask, folder: Path, log: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ, "TRACKER_MODE": "test", "TRACKER_SECRET_KEY": SECRET, "TRACKER_INSTANCE": str(folder),
        "DATABASE_URL": str(town.config["SQLALCHEMY_DATABASE_URI"]),
    }  # fmt: skip
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "jobs", "work"],
            cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip


def _until(true: Callable[[], bool]) -> None:
    """Far sooner than the next whole round."""
    for _ in range(300):
        end_transaction(commit=False)
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("nobody did it")
