"""What starts by itself: opening and closing votes on time, cleaning, mails waiting in the outbox.

Each job commits for itself, each consultation too. What fails is said and left for the next round; the rest goes on.
`flask jobs work` stands by: it asks the database each second whether something waits (a mail, an import, a vote to open
or to close) and does that at once, and everything every five minutes. `flask jobs run` does one round, for a timer.
Several may stand by, on as many nodes: what one takes, by a lease or in one transaction, the others leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Event
from time import monotonic
from typing import TypeAlias

from flask import current_app
from flask_babel import gettext

from tracker.errors import TrackerError
from tracker.extensions import DatabaseTrouble, db, end_transaction, write_transaction
from tracker.queries import instance
from tracker.queries.supervision import COPY, COPY_FAILED
from tracker.security import current_time
from tracker.services import maintenance, outbox, register, retention, uploads, votes
from tracker.services.copies import daily

ROUND_EVERY, LOOK_EVERY = 300.0, 1.0  # seconds between two whole rounds, and between two looks at what waits
AFTER_TROUBLE = 30.0  # seconds before what failed, or a database that is away, is tried again
MAILS_AT_ONCE = 20

Job: TypeAlias = Callable[[datetime, "Round"], int]


class Round:
    """One round: says what is done, goes on after what fails, and ends between two pieces of work when told to."""

    def __init__(self, say: Callable[[str], None], *, stop: Event | None = None) -> None:
        self.say = say
        self.failures = 0
        self.in_trouble: set[str] = set()  # the jobs to be left alone for a while
        self._job = ""
        self.stands_by = stop is not None
        self._stop = stop

    @property
    def stopped(self) -> bool:
        return self._stop is not None and self._stop.is_set()

    def fail(self, what: str, why: str, *, alone: bool = False) -> None:
        """Say what failed. `alone`: it waits by itself, and what else the job has to do need not."""
        self.failures += 1
        if not alone:
            self.in_trouble.add(self._job)
        self.say(gettext("%(what)s : échec, essayé de nouveau plus tard (%(why)s)", what=what, why=why))

    def do(self, title: str, job: Job, now: datetime) -> None:
        if self.stopped:
            return
        self._job = title
        with self.going_on(title):
            count = job(now, self)
            if count or not self.stands_by:  # else what was not done would be told for ever
                self.say(gettext("%(title)s : %(count)s", title=title, count=count))

    @contextmanager
    def going_on(self, what: str) -> Iterator[None]:
        """Say that this part failed, when a rule refuses it or the database or a file cannot be reached."""
        try:
            yield
        except TrackerError as refusal:
            end_transaction(commit=False)
            self.fail(what, refusal.message)
        except (*DatabaseTrouble, OSError) as trouble:
            end_transaction(commit=False)
            self.fail(what, str(getattr(trouble, "orig", None) or trouble))


def close_votes(now: datetime, turn: Round) -> int:
    """Close each consultation whose support has ended, then destroy its key; how many.

    First the keys that outlived a close are destroyed: a round may have stopped just before it did so.
    """
    left = votes.left_over_keys()
    due = votes.due_to_close(now)
    end_transaction(commit=False)
    for campaign_id in sorted(left):
        with turn.going_on(gettext("clé de la consultation %(id)s", id=campaign_id)):
            votes.destroy_key(campaign_id)
    count = 0
    for campaign in due:
        with turn.going_on(gettext("clôture de la consultation %(id)s", id=campaign.id)):
            with write_transaction():
                votes.close_votes(campaign_id=campaign.id, now=now)
            votes.destroy_key(campaign.id)
            count += 1
    return count


def open_votes(now: datetime, turn: Round) -> int:
    """Make the key and the roll of each consultation whose support has begun; how many."""
    due = votes.due_to_open(now)
    end_transaction(commit=False)
    count = 0
    for campaign in due:
        with turn.going_on(gettext("ouverture de la consultation %(id)s", id=campaign.id)):
            key = votes.prepare_key(campaign)
            with write_transaction():
                votes.open_roll(campaign_id=campaign.id, key=key, now=now)
            count += 1
    return count


def send_mails(_now: datetime, turn: Round) -> int:
    """Send what waits in the outbox, one message after the other; how many. The clock is read again for each.

    Who stands by sends a few, then looks at what else waits: no vote stays open behind hundreds of mails.
    """
    count = 0
    for tried, delivery in enumerate(outbox.deliver(clock=current_time), start=1):
        if delivery.error:
            what = gettext("courriel %(id)s", id=delivery.message_id)
            turn.fail(what, delivery.error, alone=not delivery.server_failed)
        count += delivery.sent
        if turn.stopped or (turn.stands_by and tried == MAILS_AT_ONCE):
            break
    return count


def write_registers(now: datetime, turn: Round) -> int:
    """Write the imports of the staff register that wait, and go on with those that stopped; how many people."""
    waiting = register.due(now=now)
    end_transaction(commit=False)
    count = 0
    for run_id in waiting:
        with turn.going_on(gettext("import du personnel %(id)s", id=run_id)):
            count += register.apply(run_id, clock=current_time)
        if turn.stopped:
            return count
    register.remove_old_files(now=now)
    return count


def clean(now: datetime, _turn: Round) -> int:
    """Remove expired visits, old failures, whom old mails went to and old logos; how many."""
    with write_transaction():
        rows = sum(maintenance.clean(now=now)) + outbox.forget_people(now=now)
    named = uploads.logos_in_use()
    end_transaction(commit=False)
    return rows + uploads.remove_logos(named, now=now)


def forget(now: datetime, _turn: Round) -> int:
    """Erase what has been kept long enough; how many. Few people at once: the next round goes on."""
    count = 0
    for task in (retention.rest, retention.leavers, retention.authors):
        with write_transaction():
            count += task(now=now)
    return count


def copy_database(now: datetime, _turn: Round) -> int:
    """Copy the database, once a day, when a folder is given for it; 1 when this was the time."""
    folder = current_app.config["BACKUP_FOLDER"]
    if folder is None:
        return 0
    try:
        size = daily.make(
            current_app.config["SQLALCHEMY_DATABASE_URI"], folder, days=current_app.config["BACKUP_DAYS"], now=now
        )
    except (TrackerError, *DatabaseTrouble, OSError):
        end_transaction(commit=False)
        with suppress(*DatabaseTrouble), write_transaction():  # the disk that refused the copy may refuse this too
            maintenance.note(COPY_FAILED, {"at": now.isoformat()})
        raise
    if size:
        with write_transaction():
            maintenance.note(COPY, {"at": now.isoformat(), "bytes": size})
    return int(size > 0)


def _key_or_close_is_due(now: datetime) -> bool:
    return bool(votes.due_to_close(now) or votes.left_over_keys())


# what somebody waits for, and whether it is there to do; the close first: what must end on time does not wait for what
# begins
AT_ONCE: tuple[tuple[str, Job, Callable[[datetime], bool]], ...] = (
    ("votes clos", close_votes, _key_or_close_is_due),
    ("votes ouverts", open_votes, lambda now: bool(votes.due_to_open(now))),
    ("personnes importées", write_registers, lambda now: bool(register.due(now=now))),
    ("courriels envoyés", send_mails, lambda now: outbox.is_due(now=now)),
)
JOBS: tuple[tuple[str, Job], ...] = (
    *((title, job) for title, job, _is_due in AT_ONCE),
    ("lignes nettoyées", clean),
    ("durées de conservation", forget),
    ("sauvegardes", copy_database),
)


def run(now: datetime, *, say: Callable[[str], None]) -> bool:
    """One round of every job, each in transactions of its own; False when something failed."""
    turn = Round(say)
    _round(now, turn)
    return not turn.failures


def _round(now: datetime, turn: Round) -> None:
    started = monotonic()
    for title, job in JOBS:
        turn.do(title, job, now)
    if not turn.stopped:
        with turn.going_on(gettext("passage noté")), write_transaction():
            maintenance.note_round(now=now, seconds=monotonic() - started, failures=turn.failures)


class StandingBy:
    """Looks at what waits, and does it; each job that fails waits alone, the others go on."""

    def __init__(self, *, clock: Callable[[], datetime], say: Callable[[str], None], stop: Event) -> None:
        self._clock, self._say, self._stop = clock, say, stop
        self._next_round = monotonic()
        self._later: dict[str, float] = {}  # by the title of a job that failed: not before

    def look(self) -> str:
        """One look; why there must be no other, when the database is of another version. Raises DatabaseTrouble."""
        whole = monotonic() >= self._next_round
        due = [] if whole else self._due()
        end_transaction(commit=False)
        if not whole and not due:
            return ""
        fault = instance.present_schema_fault()
        end_transaction(commit=False)
        if fault:
            return fault
        turn = Round(self._say, stop=self._stop)
        if whole:
            self._next_round = monotonic() + ROUND_EVERY
            _round(self._clock(), turn)
        for title, job in due:
            turn.do(title, job, self._clock())
        self._later.update(dict.fromkeys(turn.in_trouble, monotonic() + AFTER_TROUBLE))
        return ""

    def _due(self) -> list[tuple[str, Job]]:
        now, moment = self._clock(), monotonic()
        return [
            (title, job) for title, job, is_due in AT_ONCE if moment >= self._later.get(title, moment) and is_due(now)
        ]


def work(*, clock: Callable[[], datetime], say: Callable[[str], None], stop: Event) -> str:
    """Stand by until `stop`: a whole round every ROUND_EVERY seconds, what waits within LOOK_EVERY seconds.

    What fails, or a database that is away, waits for AFTER_TROUBLE; the latter is said once for as long as it lasts.
    Ends by itself, and says why, when the database is brought to another version of the tool.
    """
    standing, away = StandingBy(clock=clock, say=say, stop=stop), ""
    while not stop.is_set():
        try:
            if fault := standing.look():
                return fault
            if away:
                say(gettext("La base répond de nouveau."))
            away = ""
        except DatabaseTrouble as trouble:
            why = str(getattr(trouble, "orig", None) or trouble)
            if why != away:
                say(gettext("La base ne répond pas (%(why)s).", why=why))
            away = why
        finally:
            end_transaction(commit=False)
            db.session.remove()
        stop.wait(AFTER_TROUBLE if away else LOOK_EVERY)
    return ""
