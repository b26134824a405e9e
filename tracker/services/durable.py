"""Files that something relies on."""

from __future__ import annotations

import os
from pathlib import Path


def keep(path: Path) -> None:
    """Have the disk hold a file, or the names of a folder, before anything relies on it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
