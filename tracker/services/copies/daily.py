"""The copy of each day: made once, looked through, kept for some days, in a folder that the operator names.

It gets its name only when it is whole and on the disk; older ones are removed only after that. Files that bear other
names are left alone.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy.engine import make_url

from tracker.records import paris_day
from tracker.services import copies
from tracker.services.durable import keep

SUFFIXES = {"sqlite": "db", "postgresql": "dump"}
_OURS = re.compile(r"tracker-(\d{4}-\d{2}-\d{2})\.(?:db|dump)")


def make(url: str, folder: Path, *, days: int, now: datetime) -> int:
    """The size of today's copy when it was made now; 0 when it was there, or is being made by another process.

    Raises Refused or OSError, and then leaves nothing of today's and removes nothing older.
    """
    today = paris_day(now)
    target = folder / f"tracker-{today}.{SUFFIXES[make_url(url).get_backend_name()]}"
    if target.exists():
        return 0
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _turn(folder) as ours:
        if not ours or target.exists():
            return 0
        aside = folder / f".{target.name}.partial"
        aside.unlink(missing_ok=True)  # of a round that was stopped
        try:
            size = copies.backup(url, aside)
            copies.verify(url, aside)
            aside.rename(target)
        finally:
            aside.unlink(missing_ok=True)
        keep(folder)
        _remove_older(folder, than=today - timedelta(days=days - 1))
    return size


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


def _remove_older(folder: Path, *, than: date) -> None:
    for path in folder.iterdir():
        named = _OURS.fullmatch(path.name)
        if named and named[1] < than.isoformat():
            path.unlink()
