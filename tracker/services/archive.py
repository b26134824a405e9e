"""The archive of a project, written where it is asked: a reading, outside any write transaction."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import IO

from flask import current_app

from tracker.exports.archive import Names, Stamp, files, pack
from tracker.extensions import FRENCH, speaking
from tracker.queries.archive import archive_of
from tracker.queries.instance import schema_revision
from tracker.queries.projects import ProjectRecord
from tracker.records import paris_day

STYLE = "css/archive.css"


def write(project: ProjectRecord, target: IO[bytes], *, pseudonyms: bool, now: datetime) -> int:
    """Write the zip of a project, in French whoever asks: it is kept; how many files it holds."""
    with speaking(FRENCH):
        return _write(project, target, pseudonyms=pseudonyms, now=now)


def _write(project: ProjectRecord, target: IO[bytes], *, pseudonyms: bool, now: datetime) -> int:
    data = archive_of(project, today=paris_day(now))
    stamp = Stamp(
        project=project.slug,
        title=project.title,
        closed_on=project.closed_on.isoformat() if project.closed_on else None,
        as_of=data.project.as_of.isoformat(),
        made_at=now,
        schema=schema_revision(),
        pseudonyms=pseudonyms,
    )
    made = files(
        data,
        render=lambda name, **values: current_app.jinja_env.get_template(name).render(
            made_at=now, lang=FRENCH, **values
        ),
        style=(Path(current_app.static_folder or "") / STYLE).read_bytes(),
        names=Names(pseudonyms=pseudonyms),
    )
    return pack(made, target, stamp=stamp)


def file_name(project: ProjectRecord, *, pseudonyms: bool, now: datetime) -> str:
    kind = "-sans-noms" if pseudonyms else ""
    return f"archive-{project.slug}{kind}-{paris_day(now):%Y-%m-%d}.zip"
