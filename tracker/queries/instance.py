"""The instance itself: the schema of its database, and whether this code may work on it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from flask_babel import gettext
from sqlalchemy import inspect, text

from tracker.config import ROOT
from tracker.extensions import db

VERSIONS = ROOT / "migrations" / "versions"
_NAMED = re.compile(r"^(revision|down_revision)\b[^=\n]*=\s*[\"'](\w+)[\"']", re.MULTILINE)


def schema_revision() -> str:
    """The revision Alembic wrote in this database; "" when it was made without migrations."""
    found = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found or "")


@cache
def _steps() -> tuple[frozenset[str], frozenset[str]]:
    """The revisions this code knows, and those that another follows; without Alembic, which a server does not load."""
    named = [pair for path in VERSIONS.glob("*.py") for pair in _NAMED.findall(path.read_text("utf-8"))]
    return (
        frozenset(name for kind, name in named if kind == "revision"),
        frozenset(name for kind, name in named if kind == "down_revision"),
    )


def newer_fault(revision: str) -> str:
    """Why this code may not touch a schema made by a later version; "" when it may."""
    if not revision or revision in _steps()[0]:
        return ""
    return gettext(
        "La base de données vient d'une version plus récente de l'outil (révision %(revision)s, inconnue ici) : "
        "remettez cette version, ou restaurez une copie d'avant son installation.",
        revision=revision,
    )


def schema_fault(revision: str) -> str:
    """Why this code may not work on that schema, and what to do; "" when it may."""
    if not revision:
        return gettext("La base de données est vide : lancez flask --app wsgi db upgrade.")
    if revision in _steps()[1]:
        return gettext(
            "La base de données est celle d'une version plus ancienne de l'outil (révision %(revision)s) : "
            "lancez flask --app wsgi db upgrade.",
            revision=revision,
        )
    return newer_fault(revision)


def _missing_file() -> Path | None:
    """The SQLite file that is not where it should be."""
    url = db.engine.url
    path = Path(url.database or "")
    return path if url.get_backend_name() == "sqlite" and not path.exists() else None


def _present() -> str:
    if _missing_file():
        return ""  # not begun yet, which is no failure: to ask would be one
    return schema_revision() if inspect(db.session.connection()).has_table("alembic_version") else ""


def present_schema_fault() -> str:
    """That of the database at hand. Raises DatabaseTrouble."""
    if path := _missing_file():
        return gettext(
            "Le fichier de la base de données n'existe pas : %(path)s. Remettez-le, ou restaurez une copie (flask "
            "--app wsgi restore FICHIER). Seule une installation neuve commence par flask --app wsgi db upgrade.",
            path=path,
        )
    return schema_fault(_present())


def newer_schema_fault() -> str:
    """The same, when a later version made it."""
    return newer_fault(_present())
