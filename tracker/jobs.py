"""What starts by itself: opening and closing votes on time, cleaning, mails waiting in the outbox.

Each job commits for itself. `flask jobs run` does one round; a timer of the system calls it every few minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask_babel import gettext

from tracker.extensions import end_transaction, write_transaction
from tracker.services import maintenance, votes


def open_votes(now: datetime) -> int:
    """Make the key and the roll of each consultation whose support has begun; how many."""
    due = votes.due_to_open(now)
    end_transaction(commit=False)
    for campaign in due:
        key = votes.prepare_key(campaign)
        with write_transaction():
            votes.open_roll(campaign_id=campaign.id, key=key, now=now)
    return len(due)


def close_votes(now: datetime) -> int:
    """Close each consultation whose support has ended, then destroy its key; how many."""
    due = votes.due_to_close(now)
    end_transaction(commit=False)
    for campaign in due:
        with write_transaction():
            votes.close_votes(campaign_id=campaign.id, now=now)
        votes.destroy_key(campaign.id)
    return len(due)


def clean(now: datetime) -> int:
    """Remove expired visits and old failures; how many rows."""
    with write_transaction():
        return sum(maintenance.clean(now=now))


JOBS: tuple[tuple[str, Callable[[datetime], int]], ...] = (
    ("votes ouverts", open_votes),
    ("votes clos", close_votes),
    ("lignes nettoyées", clean),
)


def run(now: datetime, *, say: Callable[[str], None]) -> None:
    """One round of every job, each in transactions of its own."""
    for title, job in JOBS:
        say(gettext("%(title)s : %(count)s", title=title, count=job(now)))
