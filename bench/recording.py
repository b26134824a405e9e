"""The table of the last run, where that of the run before stood."""

from __future__ import annotations

import fcntl
import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path


def put(file: Path, name: str, lines: Iterable[str]) -> None:
    """Write these lines between the marks of that name, with machine and date."""
    opening, closing = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    stamp = f"Run of {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors, Python {platform.python_version()}."
    with file.open("r+", encoding="utf-8") as text:
        fcntl.flock(text, fcntl.LOCK_EX)  # two proofs may end at once
        before, found, rest = text.read().partition(opening)
        _, ended, after = rest.partition(closing)
        if not found or not ended:
            raise ValueError(f"{file} has no marks {opening.strip()} and {closing}")
        text.seek(0)
        text.write(before + opening + "\n".join([stamp, "", *lines, ""]) + closing + after)
        text.truncate()
