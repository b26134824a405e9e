"""A consultation as its page shows it: what came in and, once the vote is closed, who took part."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import case, func, select

from tracker.extensions import db
from tracker.models import Entity, Proposal, RollEntry
from tracker.progress.participation import Turnout, shown
from tracker.workflow import VISIBLE


@dataclass(frozen=True, slots=True)
class Participation:
    """Total and parts by employer; a part that would tell about a few people is None."""

    total: Turnout | None
    parts: tuple[tuple[str, Turnout | None], ...]


def published(campaign_id: int) -> int:
    """How many proposals of a consultation can be read."""
    found = select(func.count()).where(Proposal.campaign_id == campaign_id, Proposal.state.in_(VISIBLE))
    return db.session.scalar(found) or 0


def supports(campaign_id: int) -> int:
    """How many supports these received."""
    found = select(func.sum(Proposal.support_count)).where(
        Proposal.campaign_id == campaign_id, Proposal.state.in_(VISIBLE)
    )
    return db.session.scalar(found) or 0


def participation(campaign_id: int, *, without: str) -> Participation:
    """From the roll, by employer as of the opening; `without` names the bucket of those who have none.

    Never by choice, and only for a closed vote: the caller checks.
    """
    took = func.sum(case((RollEntry.took_part.is_(True), 1), else_=0))
    rows = db.session.execute(
        select(Entity.short_name, func.count(), took)
        .select_from(RollEntry)
        .outerjoin(Entity, Entity.id == RollEntry.entity_id)
        .where(RollEntry.campaign_id == campaign_id)
        .group_by(Entity.id, Entity.short_name, Entity.position)
        .order_by(Entity.position)
    )
    parts = [Turnout(name or without, int(part or 0), electors) for name, electors, part in rows]
    total = Turnout("", sum(p.participants for p in parts), sum(p.electors for p in parts))
    return Participation(
        total if total.is_safe else None,
        tuple(zip([p.label for p in parts], shown(parts), strict=True)),
    )
