"""Pages of lists: which lines each holds; how a step of a consultation tells its days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tracker.enums import PhaseKind
from tracker.queries.campaigns import PhaseRecord
from tracker.records import paris_instant, window


@pytest.mark.parametrize(
    ("asked", "total", "number", "items", "first", "last"),
    [
        (1, 0, 1, (), 0, 0),
        (7, 0, 1, (), 0, 0),
        (1, 20, 1, tuple(range(20)), 1, 20),
        (2, 20, 1, tuple(range(20)), 1, 20),
        (2, 21, 2, (20,), 21, 21),
        (3, 21, 2, (20,), 21, 21),
        (0, 21, 1, tuple(range(20)), 1, 20),
        (-4, 21, 1, tuple(range(20)), 1, 20),
        (10**30, 45, 3, (40, 41, 42, 43, 44), 41, 45),
    ],
)
def test_past_the_end_is_the_last_page(
    asked: int, total: int, number: int, items: tuple[int, ...], first: int, last: int
) -> None:
    page = window(asked, size=20, total=total).of(range(total))
    assert (page.number, page.items, page.total) == (number, items, total)
    assert (page.first, page.last) == (first, last)


def test_a_step_of_whole_days_is_told_by_its_days() -> None:
    whole = PhaseRecord(PhaseKind.PROPOSING, paris_instant(date(2026, 3, 2)), paris_instant(date(2026, 4, 1)))
    assert whole.is_of_whole_days
    assert (whole.first_day, whole.last_day) == (date(2026, 3, 2), date(2026, 3, 31))
    assert not replace(whole, ends_at=paris_instant(date(2026, 4, 1), 18)).is_of_whole_days
