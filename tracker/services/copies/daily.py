"""The copy of each day: made once, looked through, the last few kept, in a folder that the operator names.

It gets its name only when it is whole and on the disk; older ones are removed only after that. Files that bear other
names are left alone.

Two copies made during a vote tell what was added between them: when one person voted then, their votes, without the
key (design 4.6). Such a copy bears another name, takes the place of the one before it, and goes once votes are closed.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from tracker.extensions import end_transaction
from tracker.queries.vote_keys import open_votes
from tracker.records import paris_day
from tracker.services import copies
from tracker.services.durable import keep

SUFFIXES = {"sqlite": "db", "postgresql": "dump"}
_OURS = re.compile(r"tracker-\d{4}-\d{2}-\d{2}(-voting)?\.(?:db|dump)")


def make(url: str, folder: Path, *, days: int, now: datetime) -> int:
    """The size of today's copy when it was made now; 0 when it was there, or is being made by another process.

    Raises Refused, DatabaseTrouble or OSError, and then leaves nothing of today's and removes nothing older.
    """
    suffix = SUFFIXES[make_url(url).get_backend_name()]
    target, of_votes = (folder / f"tracker-{paris_day(now)}{mark}.{suffix}" for mark in ("", "-voting"))
    voting = _is_voting()
    if target.exists() or (voting and of_votes.exists()):
        return 0
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _turn(folder) as ours:
        if not ours or target.exists() or (voting and of_votes.exists()):
            return 0
        aside = folder / f".{target.name}.partial"
        aside.unlink(missing_ok=True)  # of a round that was stopped
        try:
            size = copies.backup(url, aside)
            copies.verify(url, aside)
            made = of_votes if voting or _is_voting() else target  # a vote may have opened meanwhile
            aside.rename(made)
        finally:
            aside.unlink(missing_ok=True)
        keep(folder)
        _remove_older(folder, made, days=days)
    return size


def _is_voting() -> bool:
    """Whether any roll is open now."""
    found = bool(open_votes())
    end_transaction(commit=False)
    return found


@contextmanager
def _turn(folder: Path) -> Iterator[bool]:
    """Whether no other process, of whatever node, makes a copy there; ends with the process at the latest."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _remove_older(folder: Path, made: Path, *, days: int) -> None:
    """All but the last ones, by their number: when rounds stopped for long, or the clock went wrong, they stay."""
    others = [(path, _OURS.fullmatch(path.name)) for path in sorted(folder.iterdir()) if path != made]
    plain = [path for path, named in others if named and not named[1]]
    for path in plain[: max(0, len(plain) - (days - 1))]:
        path.unlink()
    for path, named in others:
        if named and named[1]:
            path.unlink()
