"""What stands in the way of closing a project, and what closing it would leave undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext, ngettext
from sqlalchemy import func, select

from tracker import filters
from tracker.enums import LetterState, ProposalState
from tracker.extensions import db
from tracker.models import Campaign, Decision, Letter, Phase, Proposal
from tracker.queries.campaigns import VOTING
from tracker.queries.projects import ProjectRecord
from tracker.records import paris_day

# a published letter keeps the state it was published from
IN_COURSE = (LetterState.TO_APPROVE, LetterState.APPROVED, LetterState.SCHEDULED, LetterState.SENDING)


@dataclass(frozen=True, slots=True)
class Closing:
    """Sentences: why a project cannot be closed now, and what would stay as it is for ever."""

    obstacles: tuple[str, ...]
    left: tuple[str, ...]


def _count(column: Any, *where: Any) -> Any:
    return select(func.count(func.distinct(column))).where(*where)


def closing_of(project: ProjectRecord, *, now: datetime) -> Closing:
    """Both lists, in one statement."""
    of_project = Campaign.programme_id == project.id
    steps = _count(Campaign.id, of_project, Phase.campaign_id == Campaign.id, Phase.ends_at > now)
    # supports end with their last step, and are closed by the job a few minutes later
    votes = _count(Campaign.id, of_project, VOTING)
    unpublished = (Letter.programme_id == project.id, Letter.published_at.is_(None))
    letters = _count(Letter.id, *unpublished, Letter.state.in_(IN_COURSE))
    drafts = _count(Letter.id, *unpublished, Letter.state == LetterState.DRAFT)
    own = Proposal.programme_id == project.id
    waiting = _count(Proposal.id, own, Proposal.state == ProposalState.SUBMITTED)
    studied = _count(Proposal.id, own, Proposal.state.in_((ProposalState.PUBLISHED, ProposalState.UNDER_REVIEW)))
    decided = _count(Decision.id, own, Decision.proposal_id == Proposal.id, Decision.published_on.is_(None))
    counts = (steps, votes, letters, drafts, waiting, studied, decided)
    found = db.session.execute(select(*(one.scalar_subquery() for one in counts))).one()
    return Closing(_obstacles(project, now, *found[:3]), _left(*found[3:]))


def _obstacles(project: ProjectRecord, now: datetime, steps: int, votes: int, letters: int) -> tuple[str, ...]:
    said = []
    if project.ends_on >= paris_day(now):
        said.append(
            gettext("Le projet n'est pas fini : sa fin est prévue le %(day)s.", day=filters.day(project.ends_on))
        )
    if steps:
        said.append(gettext("Une consultation n'est pas finie."))
    elif votes:
        said.append(gettext("Les soutiens d'une consultation ne sont pas encore clôturés : ils le sont sous peu."))
    if letters:
        said.append(gettext("Une lettre est en cours : publiez-la, ou reprenez-la comme brouillon."))
    return tuple(said)


def _left(drafts: int, waiting: int, studied: int, decided: int) -> tuple[str, ...]:
    lines = (
        (drafts, ngettext("%(num)s brouillon de lettre", "%(num)s brouillons de lettres", drafts)),
        (waiting, ngettext("%(num)s proposition à publier", "%(num)s propositions à publier", waiting)),
        (studied, ngettext("%(num)s proposition sans réponse", "%(num)s propositions sans réponse", studied)),
        (decided, ngettext("%(num)s décision non publiée", "%(num)s décisions non publiées", decided)),
    )
    return tuple(words for count, words in lines if count)
