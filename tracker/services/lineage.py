"""Bringing proposals that say the same thing together, and undoing it (design 4.4).

The row goes from the proposal that is set aside to the one that stays. Supports are never copied: they are united
when they are read.
"""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext
from sqlalchemy import select

from tracker.enums import LineageKind, ProposalState
from tracker.errors import Forbidden, IllegalTransition, NotFound, Refused
from tracker.extensions import db
from tracker.models import Decision, Proposal, ProposalLineage, ProposalTransition
from tracker.permissions import Permission, can
from tracker.records import Actor, paris_day
from tracker.services import history, transitions
from tracker.workflow import PENDING

MERGEABLE = PENDING | {ProposalState.DEFERRED}
STAYING = PENDING | {ProposalState.DEFERRED, ProposalState.RETAINED}


def _may(actor: Actor, proposal: Proposal) -> None:
    if not (can(actor, Permission.PROPOSAL_REVIEW, proposal) or can(actor, Permission.DECISION_TAKE, proposal)):
        raise Forbidden(gettext("Vous n'avez pas le droit de faire cela ici."))


def _waiting_decision(proposal: Proposal) -> int | None:
    return db.session.scalar(
        select(Decision.id).where(Decision.proposal_id == proposal.id, Decision.published_on.is_(None)).limit(1)
    )


def merge(*, proposal_id: int, into_number: int | None, actor: Actor, now: datetime) -> ProposalLineage:
    """Set a proposal aside with another of the same project, which stays.

    Raises Forbidden, NotFound, Refused (with field `into`), IllegalTransition.
    """
    source = db.session.get(Proposal, proposal_id, with_for_update=True)
    if source is None:
        raise NotFound(gettext("Cette proposition n'existe pas."))
    _may(actor, source)
    target = (
        db.session.scalar(select(Proposal).where(Proposal.number == into_number)) if into_number is not None else None
    )
    if target is None or target.programme_id != source.programme_id:
        raise Refused(gettext("Donnez le numéro d'une proposition publiée du même projet."), field="into")
    if target.id == source.id:
        raise Refused(gettext("Donnez le numéro d'une autre proposition que celle-ci."), field="into")
    if target.state not in STAYING:
        raise Refused(
            gettext(
                "La n° %(number)s est « %(state)s » : choisissez une proposition encore ouverte ou retenue.",
                number=target.number,
                state=target.state.label,
            ),
            field="into",
        )
    if source.state not in MERGEABLE:
        raise IllegalTransition(
            gettext("Cette proposition est « %(state)s » : elle garde sa réponse.", state=source.state.label)
        )
    if _waiting_decision(source) is not None:
        raise Refused(
            gettext("Une décision est prise et pas encore publiée : publiez-la ou supprimez-la d'abord."), field="into"
        )
    before = source.state
    day = paris_day(now)
    transitions.move(source, ProposalState.MERGED, effective_on=day, now=now)
    line = ProposalLineage(
        from_id=source.id, to_id=target.id, kind=LineageKind.MERGED, recorded_at=now, effective_on=day
    )
    db.session.add(line)
    db.session.flush()
    history.record(
        actor=actor, now=now, verb="proposal:merge", subject="proposal", subject_id=source.id,
        programme_id=source.programme_id,
        changes={"state": [before.value, source.state.value], "into": [None, target.number]},
    )  # fmt: skip
    db.session.flush()
    return line


def undo_merge(*, proposal_id: int, actor: Actor, now: datetime) -> Proposal:
    """Give a merged proposal its own life back: published again, or under review when it was further.

    Raises Forbidden, NotFound, IllegalTransition.
    """
    source = db.session.get(Proposal, proposal_id, with_for_update=True)
    if source is None:
        raise NotFound(gettext("Cette proposition n'existe pas."))
    _may(actor, source)
    before = db.session.scalar(
        select(ProposalTransition.from_state)
        .where(ProposalTransition.proposal_id == source.id, ProposalTransition.to_state == ProposalState.MERGED)
        .order_by(ProposalTransition.id.desc())
        .limit(1)
    )
    back = ProposalState.PUBLISHED if before is ProposalState.PUBLISHED else ProposalState.UNDER_REVIEW
    if source.state is not ProposalState.MERGED:
        raise IllegalTransition(gettext("Cette proposition n'est pas regroupée avec une autre."))
    transitions.move(source, back, effective_on=paris_day(now), now=now)
    lines = db.session.scalars(
        select(ProposalLineage).where(
            ProposalLineage.from_id == source.id,
            ProposalLineage.kind == LineageKind.MERGED,
            ProposalLineage.undone_at.is_(None),
        )
    ).all()
    for line in lines:
        line.undone_at = now
    history.record(
        actor=actor, now=now, verb="proposal:unmerge", subject="proposal", subject_id=source.id,
        programme_id=source.programme_id, changes={"state": [ProposalState.MERGED.value, back.value]},
    )  # fmt: skip
    db.session.flush()
    return source
