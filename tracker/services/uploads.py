"""Files kept beside the database, under the name of their content. No write transaction may be open meanwhile."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from flask import current_app

_KEY = re.compile("[0-9a-f]{16}")


def _logos() -> Path:
    return Path(current_app.config["INSTANCE_FOLDER"]) / "uploads" / "logos"


def keep_logo(data: bytes) -> str:
    """Keep a PNG; gives its key. The same picture has the same key."""
    key = hashlib.sha256(data).hexdigest()[:16]
    folder = _logos()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{key}.png"
    if not path.exists():
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_bytes(data)
        beside.chmod(0o600)
        beside.replace(path)
    return key


def logo(key: str) -> bytes | None:
    """The PNG of that key; None when there is none."""
    path = _logos() / f"{key}.png"
    return path.read_bytes() if _KEY.fullmatch(key) and path.is_file() else None
