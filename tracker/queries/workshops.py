"""Workshops where proposals were gathered."""

from __future__ import annotations

from sqlalchemy import exists, or_, select

from tracker.enums import ProposalState
from tracker.extensions import db
from tracker.models import Proposal, Workshop
from tracker.queries.projects import Choice

SHOWN = 50


def latest(programme_id: int) -> tuple[Choice, ...]:
    """The last ones of a project, the newest first.

    One that was typed by mistake, hence all of whose proposals were taken back, is not offered: it stays with them.
    """
    of_it = exists().where(Proposal.workshop_id == Workshop.id)
    stands = or_(~of_it, of_it.where(Proposal.state != ProposalState.WITHDRAWN))
    rows = db.session.execute(
        select(Workshop.id, Workshop.title, Workshop.held_on)
        .where(Workshop.programme_id == programme_id, stands)
        .order_by(Workshop.held_on.desc(), Workshop.id.desc())
        .limit(SHOWN)
    )
    return tuple(Choice(key, "", f"{title} ({held_on:%d/%m/%Y})") for key, title, held_on in rows)
