"""The table of the last run of a long proof, between its marks in docs/torture.md (RECORD=1)."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime

from tests import databases
from tracker.config import ROOT

FILE = ROOT / "docs" / "torture.md"


def database() -> str:
    return "PostgreSQL" if databases.ON_POSTGRESQL else "SQLite"


def record(name: str, lines: Iterable[str]) -> None:
    """Put these lines where those of the last run stood, with machine and date; nothing unless RECORD says so."""
    if not os.environ.get("RECORD"):
        return
    opening, closing = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, mark, rest = FILE.read_text("utf-8").partition(opening)
    _, end, after = rest.partition(closing)
    assert mark, f"{FILE} has no mark {opening}"
    assert end, f"{FILE} has no mark {closing}"
    stamp = f"Run of {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors, Python {platform.python_version()}."
    FILE.write_text(before + opening + "\n".join([stamp, "", *lines, ""]) + closing + after, "utf-8")


def table(*rows: Iterable[object]) -> list[str]:
    """Rows of cells, the first being the heading, as Markdown."""
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    return [lines[0], "|---" * lines[0].count(" | ") + "|---|", *lines[1:]]
