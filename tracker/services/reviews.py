"""The study before an answer: taking a proposal, writing an opinion, writing it again."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext
from sqlalchemy import select

from tracker import validation
from tracker.enums import ProposalState, ReviewAdvice
from tracker.errors import Conflict, IllegalTransition, NotFound
from tracker.extensions import db
from tracker.models import Proposal, Review
from tracker.permissions import Permission, require
from tracker.records import Actor, paris_day
from tracker.services import history, transitions
from tracker.workflow import PENDING


def _studied(proposal_id: int, actor: Actor) -> Proposal:
    """The proposal, for somebody who may study it. Raises NotFound, Forbidden."""
    proposal = db.session.get(Proposal, proposal_id, with_for_update=True)
    if proposal is None:
        raise NotFound(gettext("Cette proposition n'existe pas."))
    require(actor, Permission.PROPOSAL_REVIEW, proposal)
    return proposal


def take(*, proposal_id: int, actor: Actor, now: datetime) -> Proposal:
    """Begin the study: published, or deferred and looked at again → under review.

    Raises IllegalTransition when it is already under review or answered otherwise, or regrouped with another: it is
    first separated from it.
    """
    proposal = _studied(proposal_id, actor)
    before = proposal.state
    if before is ProposalState.MERGED:
        raise IllegalTransition(gettext("Cette proposition est regroupée avec une autre : séparez-les d'abord."))
    transitions.move(proposal, ProposalState.UNDER_REVIEW, effective_on=paris_day(now), now=now)
    history.record(
        actor=actor, now=now, verb="review:take", subject="proposal", subject_id=proposal.id,
        programme_id=proposal.programme_id, changes={"state": [before.value, proposal.state.value]},
    )  # fmt: skip
    db.session.flush()
    return proposal


def write(
    *, proposal_id: int, advice: ReviewAdvice, text: str, actor: Actor, now: datetime, seen: str | None = None
) -> Review:
    """A new opinion; the latest counts and the former ones are kept. Said again word for word, it is the same one.

    A proposal that nobody had taken is taken by the same act. `seen` names the latest opinion that was on the page.
    Raises Refused, IllegalTransition, Conflict.
    """
    proposal = _studied(proposal_id, actor)
    checked = validation.reason(text, field="text")
    if proposal.state not in PENDING:
        raise IllegalTransition(
            gettext(
                "Cette proposition est « %(present)s » : l'avis ne se donne que pendant l'étude.",
                present=proposal.state.label,
            )
        )
    if proposal.state is ProposalState.PUBLISHED:
        take(proposal_id=proposal.id, actor=actor, now=now)
    latest: Review | None = db.session.scalar(
        select(Review).where(Review.proposal_id == proposal.id).order_by(Review.id.desc()).limit(1)
    )
    if latest is not None and (latest.reviewer_id, latest.advice, latest.text) == (actor.id, advice, checked):
        return latest
    if seen and latest is not None and str(latest.id) != seen:
        raise Conflict(gettext("Un autre avis a été écrit entre-temps : lisez-le, puis enregistrez le vôtre."))
    review = Review(
        proposal_id=proposal.id,
        reviewer_id=actor.id,
        advice=advice,
        text=checked,
        recorded_at=now,
        effective_on=paris_day(now),
    )
    db.session.add(review)
    db.session.flush()
    history.record(
        actor=actor, now=now, verb="review:write", subject="proposal", subject_id=proposal.id,
        programme_id=proposal.programme_id, changes={"advice": [None, advice.value]},
    )  # fmt: skip
    db.session.flush()
    return review
