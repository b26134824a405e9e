"""One proposal: its page with the whole parcours, its draft, its versions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date as SqlDate
from sqlalchemy import Integer, and_, cast, exists, func, literal, null, select, union_all
from sqlalchemy import String as SqlString
from sqlalchemy import Text as SqlText
from sqlalchemy.orm import aliased

from tracker.enums import LineageKind, Origin, PhaseKind, ProposalState, ReviewAdvice, TallyChoice, UpdateKind
from tracker.extensions import db
from tracker.models import (
    Action,
    ActionUpdate,
    Authorship,
    Campaign,
    Entity,
    ImportedTally,
    Instant,
    Phase,
    Proposal,
    ProposalLineage,
    ProposalTransition,
    ProposalVersion,
    Review,
    Theme,
    User,
    Workshop,
    action_proposal,
)
from tracker.queries.campaigns import CampaignRecord, PhaseRecord
from tracker.queries.proposals import AuthorLine, author_columns, author_line, theme_shown
from tracker.records import Actor


@dataclass(frozen=True, slots=True)
class Move:
    to_state: ProposalState
    on: date
    decision_id: int | None


@dataclass(frozen=True, slots=True)
class Opinion:
    """The study's opinion; `text` is "" for those who may only know that it was written."""

    advice: ReviewAdvice
    text: str
    on: date


@dataclass(frozen=True, slots=True)
class Tally:
    source: str
    choice: TallyChoice
    count: int


@dataclass(frozen=True, slots=True)
class Tie:
    """Another proposal this one is tied to; `outward`: this one goes into the other."""

    kind: LineageKind
    outward: bool
    number: int
    title: str
    on: date


@dataclass(frozen=True, slots=True)
class LinkedAction:
    """An action born from the proposal, with the last note that everybody may read."""

    id: int
    number: int
    title: str
    note: str = ""
    note_on: date | None = None
    note_redacted_at: datetime | None = None


@dataclass(slots=True)
class Strand:
    """What the parcours is made of, as one statement brings it."""

    phases: list[PhaseRecord] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    opinions: list[Opinion] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)
    actions: dict[int, LinkedAction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """A numbered proposal as this reader may see it."""

    id: int
    programme_id: int
    number: int
    draft_key: str
    title: str
    body: str
    theme: str
    theme_slug: str
    state: ProposalState
    origin: Origin
    workshop: str
    workshop_place: str
    workshop_on: date | None
    submitted_on: date | None
    published_on: date | None
    versions: int
    campaign: CampaignRecord | None
    authors: tuple[AuthorLine, ...]
    moves: tuple[Move, ...]
    opinions: tuple[Opinion, ...]
    tallies: tuple[Tally, ...]
    ties: tuple[Tie, ...]
    actions: tuple[LinkedAction, ...]

    @property
    def mine(self) -> bool:
        return any(author.mine for author in self.authors)

    @property
    def merged_into(self) -> Tie | None:
        return next((tie for tie in self.ties if tie.outward and tie.kind is LineageKind.MERGED), None)

    @property
    def gathered(self) -> tuple[Tie, ...]:
        """The proposals that were regrouped into this one."""
        return tuple(tie for tie in self.ties if not tie.outward and tie.kind is LineageKind.MERGED)


def page(number: int, *, reader: int, opinions_of: Collection[int]) -> ProposalPage | None:
    """The numbered proposal; None when there is none. Two statements, whatever it went through.

    `reader`: whose own names are shown to them, 0 for everybody; `opinions_of`: the projects whose studies may be read
    in full.
    """
    versions = (
        select(func.count()).where(ProposalVersion.proposal_id == Proposal.id).correlate(Proposal).scalar_subquery()
    )
    rows = db.session.execute(
        select(
            Proposal, theme_shown(), Theme.slug, Campaign, Workshop, versions, *author_columns(reader),
        )
        .outerjoin(Theme, Theme.id == Proposal.theme_id)
        .outerjoin(Campaign, Campaign.id == Proposal.campaign_id)
        .outerjoin(Workshop, Workshop.id == Proposal.workshop_id)
        .outerjoin(Authorship, Authorship.proposal_id == Proposal.id)
        .outerjoin(User, User.id == Authorship.user_id)
        .outerjoin(Entity, Entity.id == Authorship.entity_id)
        .where(Proposal.number == number)
        .order_by(Authorship.id)
    ).all()  # fmt: skip
    if not rows:
        return None
    proposal, theme, theme_slug, campaign, workshop, version_count = rows[0][:6]
    strand = _strand(proposal.id, proposal.campaign_id, reads_opinions=proposal.programme_id in opinions_of)
    return ProposalPage(
        id=proposal.id,
        programme_id=proposal.programme_id,
        number=number,
        draft_key=proposal.draft_key,
        title=proposal.title,
        body=proposal.body,
        theme=theme or "",
        theme_slug=theme_slug or "",
        state=proposal.state,
        origin=proposal.origin,
        workshop=workshop.title if workshop else "",
        workshop_place=workshop.place if workshop else "",
        workshop_on=workshop.held_on if workshop else None,
        submitted_on=proposal.submitted_on,
        published_on=proposal.published_on,
        versions=version_count,
        campaign=_campaign(campaign, strand) if campaign else None,
        authors=tuple(author_line(row[6:]) for row in rows if row[6] is not None),
        moves=tuple(sorted(strand.moves, key=lambda move: move.on)),
        opinions=tuple(strand.opinions),
        tallies=tuple(sorted(strand.tallies, key=lambda one: (one.source, list(TallyChoice).index(one.choice)))),
        ties=tuple(strand.ties),
        actions=tuple(sorted(strand.actions.values(), key=lambda action: action.number)),
    )


def _campaign(row: Campaign, strand: Strand) -> CampaignRecord:
    return CampaignRecord(
        id=row.id, programme_id=row.programme_id, title=row.title, introduction=row.introduction,
        elsewhere=row.elsewhere, moderation_days=row.moderation_days, answer_by=row.answer_by,
        key_sha256=row.key_sha256, roll_opened=row.roll_opened_at is not None,
        votes_closed=row.votes_closed_at is not None, phases=tuple(strand.phases),
    )  # fmt: skip


def _line(kind: str, key: Any, **columns: Any) -> Any:
    """One select of the strand: the same columns in the same order, whatever it brings."""
    types: dict[str, Any] = {
        "ref": Integer(), "number": Integer(), "day": SqlDate(), "at": Instant(), "until": Instant(),
        "word": SqlString(200), "text": SqlText(),
    }  # fmt: skip
    cells = [
        (cast(columns[name], kind_) if name == "word" else columns[name]) if name in columns else cast(null(), kind_)
        for name, kind_ in types.items()
    ]
    labelled = [cell.label(name) for cell, name in zip(cells, types, strict=True)]
    return select(literal(kind).label("kind"), key.label("key"), *labelled)


def _strand(proposal_id: int, campaign_id: int | None, *, reads_opinions: bool) -> Strand:
    """Steps, moves, opinions, counts from elsewhere, ties, actions and their notes, in one statement."""
    other = aliased(Proposal)
    later = aliased(ActionUpdate)
    superseded = exists().where(later.supersedes_id == ActionUpdate.id)
    linked = select(action_proposal.c.action_id).where(action_proposal.c.proposal_id == proposal_id)
    opinion = Review.text if reads_opinions else literal("")
    tie = {
        "number": other.number,
        "day": ProposalLineage.effective_on,
        "word": ProposalLineage.kind,
        "text": other.title,
    }
    live = ProposalLineage.undone_at.is_(None)
    lines = [
        _line("phase", Phase.id, at=Phase.starts_at, until=Phase.ends_at, word=Phase.kind).where(
            Phase.campaign_id == campaign_id
        ),
        _line(
            "move", ProposalTransition.id, ref=ProposalTransition.decision_id, day=ProposalTransition.effective_on,
            at=ProposalTransition.recorded_at, word=ProposalTransition.to_state,
        ).where(ProposalTransition.proposal_id == proposal_id),
        _line(
            "opinion", Review.id, day=Review.effective_on, at=Review.recorded_at, word=Review.advice, text=opinion
        ).where(Review.proposal_id == proposal_id),
        _line(
            "tally", ImportedTally.proposal_id, number=ImportedTally.count, word=ImportedTally.choice,
            text=ImportedTally.source,
        ).where(ImportedTally.proposal_id == proposal_id),
        _line("into", ProposalLineage.id, **tie)
        .join(other, other.id == ProposalLineage.to_id)
        .where(ProposalLineage.from_id == proposal_id, live),
        _line("from", ProposalLineage.id, **tie)
        .join(other, other.id == ProposalLineage.from_id)
        .where(ProposalLineage.to_id == proposal_id, live),
        _line("action", Action.id, number=Action.number, text=Action.title).where(Action.id.in_(linked)),
        _line(
            "note", ActionUpdate.id, ref=ActionUpdate.action_id, day=ActionUpdate.effective_on,
            at=ActionUpdate.rank_at, until=ActionUpdate.redacted_at, text=ActionUpdate.note,
        ).where(
            ActionUpdate.action_id.in_(linked), ActionUpdate.note != "", ~superseded,
            ActionUpdate.kind != UpdateKind.RETRACTION,
        ),
    ]  # fmt: skip
    strand = Strand()
    rows = db.session.execute(union_all(*lines))
    for row in sorted(rows, key=lambda r: (r.day or date.min, r.at is not None and r.at.timestamp(), r.key)):
        _take(strand, row)
    return strand


def _take(strand: Strand, row: Any) -> None:
    """Put one line of the statement where it belongs; lines come in the order of their days."""
    match row.kind:
        case "phase":
            strand.phases.append(PhaseRecord(PhaseKind(row.word), row.at, row.until))
        case "move":
            strand.moves.append(Move(ProposalState(row.word), row.day, row.ref))
        case "opinion":
            strand.opinions.append(Opinion(ReviewAdvice(row.word), row.text, row.day))
        case "tally":
            strand.tallies.append(Tally(row.text, TallyChoice(row.word), row.number))
        case "into" | "from":
            tie = Tie(LineageKind(row.word), row.kind == "into", row.number or 0, row.text, row.day)
            strand.ties.append(tie)
        case "action":
            strand.actions[row.key] = LinkedAction(row.key, row.number, row.text)
        case "note":
            found = strand.actions[row.ref]  # actions have no day: they come before their notes
            strand.actions[row.ref] = LinkedAction(found.id, found.number, found.title, row.text, row.day, row.until)


@dataclass(frozen=True, slots=True)
class DraftPage:
    """A proposal as its author works on it, or waits for its publication."""

    id: int
    key: str
    programme_id: int
    campaign_id: int | None
    number: int | None
    title: str
    body: str
    theme_id: int | None
    theme: str
    state: ProposalState
    submitted_on: date | None
    withdrawn_on: date | None
    sealed: bool
    name_choice_made: bool
    thanks_consent: bool
    returned_on: date | None
    returned_reason: str


def draft(key: str, *, actor: Actor) -> DraftPage | None:
    """The proposal of that key, for one of its authors; None for anybody else."""
    row = db.session.execute(
        select(Proposal, theme_shown(), Authorship)
        .join(Authorship, and_(Authorship.proposal_id == Proposal.id, Authorship.user_id == actor.id))
        .outerjoin(Theme, Theme.id == Proposal.theme_id)
        .where(Proposal.draft_key == key)
    ).first()
    if row is None:
        return None
    proposal, theme, mine = row
    last = _last_moves(proposal.id)
    returned = last.get(ProposalState.DRAFT)
    withdrawn = last.get(ProposalState.WITHDRAWN)
    return DraftPage(
        id=proposal.id, key=key, programme_id=proposal.programme_id, campaign_id=proposal.campaign_id,
        number=proposal.number, title=proposal.title, body=proposal.body, theme_id=proposal.theme_id,
        theme=theme or "", state=proposal.state, submitted_on=proposal.submitted_on,
        withdrawn_on=withdrawn.effective_on if withdrawn else None, sealed=mine.sealed,
        name_choice_made=mine.name_choice_made, thanks_consent=mine.thanks_consent,
        returned_on=returned.effective_on if returned else None,
        returned_reason=(returned.reason or "") if returned else "",
    )  # fmt: skip


def _last_moves(proposal_id: int) -> dict[ProposalState, ProposalTransition]:
    """The last move towards each state."""
    rows = db.session.scalars(
        select(ProposalTransition)
        .where(ProposalTransition.proposal_id == proposal_id)
        .order_by(ProposalTransition.recorded_at, ProposalTransition.id)
    )
    return {row.to_state: row for row in rows}


@dataclass(frozen=True, slots=True)
class Version:
    position: int
    on: datetime
    title: str
    body: str


def versions(proposal_id: int) -> tuple[Version, ...]:
    """The texts a published proposal has had, the first one first."""
    rows = db.session.execute(
        select(ProposalVersion.position, ProposalVersion.recorded_at, ProposalVersion.title, ProposalVersion.body)
        .where(ProposalVersion.proposal_id == proposal_id)
        .order_by(ProposalVersion.position)
    )
    return tuple(Version(*row) for row in rows)
