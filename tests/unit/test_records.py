"""Pages of lists: which lines each holds."""

from __future__ import annotations

import pytest

from tracker.records import window


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
