"""Participation by part of the electorate, without letting a small part be deduced (design 4.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAST = 5  # people on either side


@dataclass(frozen=True, slots=True)
class Turnout:
    """How many of how many electors took part."""

    label: str
    participants: int
    electors: int

    @property
    def abstainers(self) -> int:
        return self.electors - self.participants

    @property
    def is_safe(self) -> bool:
        """Whether showing it tells nothing about a few people."""
        return self.participants >= LEAST and self.abstainers >= LEAST


def shown(parts: Sequence[Turnout]) -> tuple[Turnout | None, ...]:
    """The parts that may be shown beside their total, in order; None where one must be hidden.

    Complementary suppression: what is hidden can be had by subtraction from the total, so at least two parts are
    hidden together, and their sum must be safe too.
    """
    hidden = {index for index, part in enumerate(parts) if not part.is_safe}
    while hidden and len(hidden) < len(parts):
        rest = Turnout("", sum(parts[i].participants for i in hidden), sum(parts[i].electors for i in hidden))
        if len(hidden) > 1 and rest.is_safe:
            break
        visible = [index for index in range(len(parts)) if index not in hidden]
        hidden.add(min(visible, key=lambda i: (parts[i].electors, i)))
    return tuple(None if index in hidden else part for index, part in enumerate(parts))
