"""Days and hours as an administration lives them: no one writes on a Sunday at three in the morning."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from tracker.records import paris_instant

FRIDAY = 4


def workday(day: date) -> date:
    """That day, or the Friday before when it falls on a week-end."""
    return day - timedelta(days=max(0, day.weekday() - FRIDAY))


def next_workday(day: date) -> date:
    """That day, or the Monday after when it falls on a week-end."""
    return day + timedelta(days=7 - day.weekday()) if day.weekday() > FRIDAY else day


def after(day: date, days: int) -> date:
    """A working day some days later."""
    return next_workday(day + timedelta(days=days))


def office_time(rng: Random, day: date) -> datetime:
    """An instant of that day when people are at work, or of the Monday after."""
    minutes = rng.randrange(8 * 60 + 20, 17 * 60 + 50)
    return paris_instant(next_workday(day), minutes // 60, minutes % 60)


def at(today: date, offset: int) -> date:
    """The working day some days from today; the order of offsets is kept."""
    return workday(today + timedelta(days=offset))
