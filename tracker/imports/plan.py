"""What is known of the people of an instance, and what a register would change: plain records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tracker.imports.issues import ImportIssue

Pair = tuple[int, str]  # employer, register number


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody of the instance. `kept`: stays active whatever the register says (managers of the tool, who asks)."""

    id: int
    login: str
    last_name: str
    first_name: str
    email: str
    entity_id: int | None
    department: str
    site: str
    manager: bool
    active: bool
    erased: bool
    kept: bool
    numbers: tuple[Pair, ...]

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class Directory:
    """What the instance knows: people, employers by the words a register may use for them, names of services, sites."""

    people: tuple[KnownPerson, ...]
    employers: dict[str, int]
    employer_names: dict[int, str]
    departments: dict[str, str]  # folded → name
    sites: dict[str, str]


@dataclass(frozen=True, slots=True)
class Creation:
    line: int
    name: str
    values: dict[str, Any]
    numbers: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """`values`: what to write; `words`: the same for people, as (what, old, new)."""

    user_id: int
    line: int
    name: str
    values: dict[str, Any]
    words: tuple[tuple[str, str, str], ...]
    numbers: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A line left aside. `namesakes`: the people known whom only the name makes it look like, as (id, in words)."""

    line: int
    name: str
    why: str
    namesakes: tuple[tuple[int, str], ...] = ()
    numbers: tuple[Pair, ...] = ()
    email: str = ""


@dataclass(slots=True)
class Plan:
    created: list[Creation] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    unchanged: int = 0
    absent: list[KnownPerson] = field(default_factory=list)
    ambiguous: list[Doubt] = field(default_factory=list)
    refused: list[Doubt] = field(default_factory=list)
    issues: tuple[ImportIssue, ...] = ()
    departments: dict[str, tuple[str, set[int]]] = field(default_factory=dict)  # to make: folded → name, employers
    sites: dict[str, str] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        return {
            "created": len(self.created), "changed": len(self.changed), "unchanged": self.unchanged,
            "absent": len(self.absent), "ambiguous": len(self.ambiguous), "refused": len(self.refused),
            "departments": len(self.departments), "sites": len(self.sites),
        }  # fmt: skip
