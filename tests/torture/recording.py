"""The table of the last run of a long proof, between its marks in docs/torture.md (RECORD=1)."""

from __future__ import annotations

import os
from collections.abc import Iterable

from bench import recording
from tests import databases
from tracker.config import ROOT

FILE = ROOT / "docs" / "torture.md"


def database() -> str:
    return "PostgreSQL" if databases.ON_POSTGRESQL else "SQLite"


def record(name: str, lines: Iterable[str]) -> None:
    """Put these lines where those of the last run stood, with machine and date; nothing unless RECORD says so."""
    if os.environ.get("RECORD"):
        recording.put(FILE, name, lines)


def table(*rows: Iterable[object]) -> list[str]:
    """Rows of cells, the first being the heading, as Markdown."""
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    return [lines[0], "|---" * lines[0].count(" | ") + "|---|", *lines[1:]]
