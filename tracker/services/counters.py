"""Numbers given once and never reused (design 4.4)."""

from __future__ import annotations

from sqlalchemy import select

from tracker.extensions import db
from tracker.models import Counter


def next_number(name: str) -> int:
    """The next number of `name` ("proposal", "action", "letter"); the row is locked until the commit."""
    counter = db.session.scalar(select(Counter).where(Counter.name == name).with_for_update())
    if counter is None:
        counter = Counter(name=name, value=0)
        db.session.add(counter)
    counter.value += 1
    db.session.flush()
    return counter.value
