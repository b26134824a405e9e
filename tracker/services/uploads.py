"""Files kept beside the database, under the name of their content. No write transaction may be open meanwhile."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

from flask import current_app
from sqlalchemy import select

from tracker.extensions import db
from tracker.models import Entity

_KEY = re.compile("[0-9a-f]{16}")
UNNAMED = timedelta(days=1)  # a form keeps the picture first, then names it


def _logos() -> Path:
    return Path(current_app.config["INSTANCE_FOLDER"]) / "uploads" / "logos"


def keep_logo(data: bytes) -> str:
    """Keep a PNG; gives its key. The same picture has the same key."""
    key = hashlib.sha256(data).hexdigest()[:16]
    folder = _logos()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{key}.png"
    if path.exists():
        path.touch()  # an old picture named anew: the cleaning must not take it meanwhile
    else:
        beside = path.with_suffix(f".{secrets.token_hex(8)}")
        beside.write_bytes(data)
        beside.chmod(0o600)
        beside.replace(path)
    return key


def logo(key: str) -> bytes | None:
    """The PNG of that key; None when there is none."""
    path = _logos() / f"{key}.png"
    return path.read_bytes() if _KEY.fullmatch(key) and path.is_file() else None


def logos_in_use() -> set[str]:
    return set(db.session.scalars(select(Entity.logo).where(Entity.logo != "")))


def remove_logos(named: Collection[str], *, now: datetime) -> int:
    """Remove the pictures that no employer names any more; how many."""
    folder = _logos()
    limit = (now - UNNAMED).timestamp()
    old = [path for path in folder.glob("*.png") if path.stem not in named and path.stat().st_mtime < limit]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
