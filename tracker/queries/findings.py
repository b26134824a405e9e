"""What a check says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what, how it is, what to do when it is not right, and the page where."""

    level: Level
    message: str
    advice: str = ""
    endpoint: str = ""  # of the page that mends it
    step: str = ""  # its name among the first steps of a town, when it is one
    topic: str = ""  # what it is about, in a word or two, when it is no first step
    optional: bool = False  # a town may open without it
    part: tuple[tuple[str, Any], ...] = ()  # what the address of that page names

    @property
    def is_right(self) -> bool:
        return self.level is Level.OK
