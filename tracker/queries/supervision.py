"""What supervision asks of the database: mails, the rounds of the jobs, the copies; nothing of people nor of votes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, text

from tracker.enums import OutboxState
from tracker.extensions import DatabaseTrouble, db, end_transaction
from tracker.metrics import Reading
from tracker.models import OutboxMessage, Setting

ROUND, COPY, COPY_FAILED = "jobs_round", "daily_copy", "daily_copy_failed"  # keys of what the jobs note


@dataclass(frozen=True, slots=True)
class Round:
    """The last round of the jobs, and the last in which nothing failed."""

    at: datetime
    good_at: datetime | None
    seconds: float
    failures: int


@dataclass(frozen=True, slots=True)
class Copy:
    """The last copy of the day that is good."""

    at: datetime
    size: int


def noted(key: str) -> Any:
    return select(Setting.value).where(Setting.key == key).scalar_subquery()


def round_of(value: dict[str, Any] | None) -> Round | None:
    if value is None:
        return None
    good = value["good_at"]
    return Round(
        datetime.fromisoformat(value["at"]),
        datetime.fromisoformat(good) if good else None,
        value["seconds"],
        value["failures"],
    )


def copy_of(value: dict[str, Any] | None) -> Copy | None:
    return None if value is None else Copy(datetime.fromisoformat(value["at"]), value["bytes"])


def last_copy() -> Copy | None:
    return copy_of(db.session.scalar(select(noted(COPY))))


def _asked() -> Select[Any]:
    waiting = select(func.count()).select_from(OutboxMessage)
    return select(
        text("(SELECT version_num FROM alembic_version)"),
        waiting.where(OutboxMessage.state.in_([OutboxState.PENDING, OutboxState.SENDING])).scalar_subquery(),
        waiting.where(OutboxMessage.state == OutboxState.FAILED).scalar_subquery(),
        noted(ROUND),
        noted(COPY),
    )


def readings(now: datetime) -> tuple[Reading, ...]:
    """All of it in one statement; only that the database is away, when it is."""
    up = ("tracker_database_up", "Whether the database answers.")
    try:
        revision, waiting, failed, round_value, copy_value = db.session.execute(_asked()).one()
    except DatabaseTrouble:
        end_transaction(commit=False)
        return (Reading(*up, 0),)
    mails = ("tracker_mails", "Mails that wait, and those given up.")
    found = [
        Reading(*up, 1),
        Reading("tracker_schema_info", "The schema of the database.", 1, (("revision", revision),)),
        Reading(*mails, waiting, (("state", "pending"),)),
        Reading(*mails, failed, (("state", "failed"),)),
    ]
    last, copy = round_of(round_value), copy_of(copy_value)
    if last is not None:
        found += [
            Reading("tracker_jobs_last_round_timestamp_seconds", "When the jobs last ran.", last.at.timestamp()),
            Reading("tracker_jobs_last_round_seconds", "How long that took.", last.seconds),
            Reading("tracker_jobs_last_round_failures", "How many parts of it failed.", last.failures),
        ]
        if last.good_at is not None:
            meaning = "When the jobs last ran without a failure."
            found.append(Reading("tracker_jobs_last_success_timestamp_seconds", meaning, last.good_at.timestamp()))
    if copy is not None:
        age = (now - copy.at).total_seconds()
        found += [
            Reading("tracker_backup_age_seconds", "How old the last good copy of the database is.", age),
            Reading("tracker_backup_bytes", "Its size.", copy.size),
        ]
    return tuple(found)
