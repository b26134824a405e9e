"""Emptying the database before a demonstration is loaded anew."""

from __future__ import annotations

import shutil

from sqlalchemy import func, select

from tracker import search
from tracker.extensions import db
from tracker.models import Instance, Programme, Proposal
from tracker.services.vote_keys import key_folder


def has_projects() -> bool:
    return db.session.scalar(select(func.count()).select_from(Programme)) != 0


def forget_keys() -> None:
    """The keys of the consultations that are about to go; outside any transaction."""
    shutil.rmtree(key_folder(), ignore_errors=True)


def empty() -> int:
    """Remove every row but the instance's own; gives the highest revision, so that no cache is believed afterwards."""
    revision = db.session.scalar(select(func.max(Programme.revision))) or 0
    for key in db.session.scalars(select(Proposal.id)).all():
        search.remove_proposal(key)
    for table in reversed(db.metadata.sorted_tables):
        if table is not Instance.__table__:
            db.session.execute(table.delete())
    return revision
