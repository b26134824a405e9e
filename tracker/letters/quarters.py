"""Quarters of a year, written 2017-T3."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import gettext

from tracker.errors import Refused

_SHAPE = re.compile("([12][0-9]{3})-T([1-4])")


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A quarter; quarters are ordered as their days are, and so are their names."""

    year: int
    rank: int

    @classmethod
    def parse(cls, name: str) -> Quarter:
        """Raises Refused when `name` is not written like 2017-T3."""
        found = _SHAPE.fullmatch(name.strip())
        if found is None:
            raise Refused(gettext("Un trimestre s'écrit comme « 2017-T3 »."), field="quarter")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> Quarter:
        return cls(day.year, (day.month - 1) // 3 + 1)

    def __str__(self) -> str:
        return f"{self.year}-T{self.rank}"

    @property
    def first_day(self) -> date:
        return date(self.year, 3 * self.rank - 2, 1)

    @property
    def last_day(self) -> date:
        return self.next.first_day - timedelta(days=1)

    @property
    def next(self) -> Quarter:
        return Quarter(self.year + 1, 1) if self.rank == 4 else Quarter(self.year, self.rank + 1)

    @property
    def previous(self) -> Quarter:
        return Quarter(self.year - 1, 4) if self.rank == 1 else Quarter(self.year, self.rank - 1)

    @classmethod
    def range(cls, first: date, last: date) -> tuple[Quarter, ...]:
        """The quarters that have a day between two days, both included."""
        found: list[Quarter] = []
        one = cls.of(first)
        while one.first_day <= last:
            found.append(one)
            one = one.next
        return tuple(found)
