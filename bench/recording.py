"""The table of the last run, where that of the run before stood."""

from __future__ import annotations

import fcntl
import os
import platform
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path


def put(file: Path, name: str, lines: Iterable[str], *, how: str = "") -> None:
    """Write these lines between the marks of that name, with machine, date and how it was measured."""
    opening, closing = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    machine = f"{os.cpu_count()} processors ({model[1] if model else platform.machine()})"
    stamp = f"Run of {datetime.now(UTC):%Y-%m-%d}, {machine}, Python {platform.python_version()}{how and f', {how}'}."
    with file.open("r+", encoding="utf-8") as text:
        fcntl.flock(text, fcntl.LOCK_EX)  # two proofs may end at once
        before, found, rest = text.read().partition(opening)
        _, ended, after = rest.partition(closing)
        if not found or not ended:
            raise ValueError(f"{file} has no marks {opening.strip()} and {closing}")
        text.seek(0)
        text.write(before + opening + "\n".join([stamp, "", *lines, ""]) + closing + after)
        text.truncate()
