"""Copies of the whole database: a backup and its restoration on either database, the move from SQLite to PostgreSQL.

Vote keys and uploads are files of the instance folder: they are in no copy.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from sqlalchemy.engine import make_url

from tracker.services.copies import postgresql, sqlite

KINDS: dict[str, ModuleType] = {"postgresql": postgresql, "sqlite": sqlite}


def _kind(url: str) -> ModuleType:
    return KINDS[make_url(url).get_backend_name()]


def backup(url: str, target: Path) -> int:
    """A consistent copy made while people write, in a file that only its owner reads; bytes written. Raises Refused."""
    size: int = _kind(url).backup(url, target)
    return size


def verify(url: str, source: Path) -> None:
    """Look through a copy of that kind of database, as a restoration would. Raises Refused."""
    _kind(url).verify(source)


def restore(url: str, source: Path) -> None:
    """Put a copy where there is no database yet; nothing is ever overwritten. Raises Refused.

    Every revision is raised by a large step drawn at random: what browsers and processes kept of the time after
    the copy was made is not believed.
    """
    _kind(url).restore(url, source)
