"""Submissions that wait for a moderator, the oldest first.

A name that its bearer does not want displayed is never selected, except for that person (design 4.7).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from tracker.enums import ProposalState
from tracker.extensions import db
from tracker.models import Campaign, Programme, Proposal, Theme
from tracker.queries.proposals import EXCERPT, OWN_SIZE, AuthorLine, authors_of, theme_shown
from tracker.records import Actor, Page, window

DEFAULT_MODERATION_DAYS = 5


@dataclass(frozen=True, slots=True)
class WaitingProposal:
    """A submission that a moderator must read."""

    id: int
    programme_id: int
    programme_title: str
    title: str
    body: str
    theme: str
    submitted_on: date
    publish_by: date
    authors: tuple[AuthorLine, ...]


def waiting(programme_ids: Collection[int], *, actor: Actor, page: int) -> Page[WaitingProposal]:
    """A page of the submissions to publish or return, the oldest first, each with the beginning of its text."""
    reached = and_(Proposal.programme_id.in_(programme_ids), Proposal.state == ProposalState.SUBMITTED)
    total = db.session.scalar(select(func.count(Proposal.id)).where(reached)) or 0
    shown = window(page, size=OWN_SIZE, total=total)
    beginning = func.substr(Proposal.body, 1, EXCERPT)
    return shown.holding(_waiting(reached, beginning, actor=actor, start=shown.start))


def waiting_one(proposal_id: int, *, actor: Actor) -> WaitingProposal | None:
    found = _waiting(Proposal.id == proposal_id, Proposal.body, actor=actor)
    return found[0] if found else None


def _waiting(
    condition: ColumnElement[bool], body_column: Any, *, actor: Actor, start: int = 0
) -> tuple[WaitingProposal, ...]:
    rows = db.session.execute(
        select(
            Proposal.id, Proposal.programme_id, Programme.title, Proposal.title, body_column, theme_shown(),
            Proposal.submitted_on, Proposal.created_on, Campaign.moderation_days,
        )
        .join(Programme, Programme.id == Proposal.programme_id)
        .outerjoin(Theme, Theme.id == Proposal.theme_id)
        .outerjoin(Campaign, Campaign.id == Proposal.campaign_id)
        .where(Proposal.state == ProposalState.SUBMITTED, condition)
        .order_by(Proposal.submitted_on, Proposal.id)
        .limit(OWN_SIZE)
        .offset(start)
    ).all()  # fmt: skip
    authors = authors_of([row[0] for row in rows], actor.id)
    found = []
    for key, programme_id, project, title, body, theme, submitted_on, created_on, days in rows:
        sent = submitted_on or created_on
        due = sent + timedelta(days=days if days is not None else DEFAULT_MODERATION_DAYS)
        found.append(
            WaitingProposal(key, programme_id, project, title, body, theme or "", sent, due, authors.get(key, ()))
        )
    return tuple(found)
