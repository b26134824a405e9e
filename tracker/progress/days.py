"""Months of business days, which have no time and no zone."""

from __future__ import annotations

from calendar import monthrange
from datetime import date


def add_months(day: date, n: int) -> date:
    """The same day `n` months later, or the last day of that month when it is shorter."""
    years, month = divmod(day.month - 1 + n, 12)
    year, month = day.year + years, month + 1
    # Every month has 28 days: asking the calendar is only needed beyond.
    last = day.day if day.day <= 28 else monthrange(year, month)[1]
    return date(year, month, min(day.day, last))


def month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def month_ends(first: date, last: date) -> tuple[date, ...]:
    """The last day of each month from that of `first`; the last one is `last` itself.

    Empty when `last` comes before `first`.
    """
    if last < first:
        return ()
    ends: list[date] = []
    day = month_end(first)
    while day < last:
        ends.append(day)
        day = month_end(add_months(day, 1))
    return (*ends, last)
