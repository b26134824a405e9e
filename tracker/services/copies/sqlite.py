"""Copies of a SQLite file."""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from flask_babel import gettext
from sqlalchemy.engine import make_url

from tracker.errors import Refused
from tracker.services.copies import files
from tracker.services.durable import keep

JOURNALS = ("-wal", "-shm", "-journal")


def _file(url: str) -> Path:
    return Path(make_url(url).database or "")


def _address(path: Path, mode: str) -> str:
    """The file as SQLite opens it without ever making it."""
    return f"file:{quote(str(path.resolve()))}?mode={mode}"


def backup(url: str, target: Path) -> int:
    source = _file(url)
    if not source.is_file():
        raise Refused(gettext("Il n'y a pas de base à sauvegarder : %(path)s n'existe pas.", path=source))
    files.make_private(target)
    try:
        with (
            closing(sqlite3.connect(_address(source, "rw"), uri=True)) as live,
            closing(sqlite3.connect(_address(target, "rw"), uri=True)) as copy,
        ):
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            copy.execute("VACUUM")  # pages of the live base that are free may still hold what was erased
        keep(target)
    except BaseException as error:
        target.unlink()
        if isinstance(error, sqlite3.OperationalError):  # the disk is full, the base is held by somebody
            raise Refused(gettext("La copie n'est pas faite : %(why)s", why=error)) from error
        if isinstance(error, sqlite3.Error):
            raise Refused(gettext("%(path)s n'est pas une base lisible.", path=source)) from error
        raise
    return target.stat().st_size


def restore(url: str, source: Path) -> None:
    """The file gets its name only once it is whole; refused too where an old journal lies."""
    target = _file(url)
    for present in (target, *(target.with_name(target.name + suffix) for suffix in JOURNALS)):
        if present.exists():
            raise _present(present)
    files.require(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    files.make_private(aside)
    try:
        _fill(aside, source)
        keep(aside)
        os.link(aside, target)  # unlike a renaming, it never takes the place of a file that came meanwhile
    except FileExistsError as error:
        raise _present(target) from error
    finally:
        aside.unlink()
    keep(target.parent)


def _present(path: Path) -> Refused:
    if path.name.endswith(("-wal", "-journal")):
        return Refused(
            gettext(
                "%(path)s existe déjà : rien n'est écrasé. Il tient des écritures qui ne sont peut-être pas encore "
                "dans sa base : ne l'effacez pas, déplacez-le d'abord, avec elle si elle existe encore.",
                path=path,
            )
        )
    return Refused(gettext("%(path)s existe déjà : rien n'est écrasé. Déplacez-le d'abord.", path=path))


def _look_through(copy: sqlite3.Connection, source: Path) -> None:
    state = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if state != "ok":
        raise Refused(gettext("%(path)s est abîmé : %(state)s", path=source, state=state))


def verify(source: Path) -> None:
    files.require(source)
    try:
        with closing(sqlite3.connect(_address(source, "ro"), uri=True)) as copy:
            _look_through(copy, source)
            copy.execute("SELECT revision FROM instance").fetchone()
    except sqlite3.Error as error:
        raise files.unreadable(source) from error


def _fill(aside: Path, source: Path) -> None:
    """Copy `source`, once looked through, and raise its revisions."""
    try:
        with (
            closing(sqlite3.connect(_address(source, "ro"), uri=True)) as copy,
            closing(sqlite3.connect(_address(aside, "rw"), uri=True)) as fresh,
        ):
            _look_through(copy, source)
            copy.backup(fresh)
            fresh.execute("PRAGMA journal_mode=DELETE")
            step = files.step()
            fresh.execute("UPDATE instance SET revision = revision + ?", (step,))
            fresh.execute("UPDATE programme SET revision = revision + ?", (step,))
            fresh.commit()
    except sqlite3.Error as error:
        raise files.unreadable(source) from error
