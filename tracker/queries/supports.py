"""Supports of proposals, which no revision tells of: how many there are, and whether a person's own is among them.

Supports of regrouped proposals are united when read, never copied: a person who supports two of them counts once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import CTE, Integer, Select, String, and_, bindparam, cast, exists, false, func, literal, or_, select

from tracker.enums import LineageKind
from tracker.extensions import db
from tracker.models import Authorship, Follow, Proposal, ProposalLineage, Vote
from tracker.queries.proposals import AuthorLine
from tracker.workflow import VISIBLE


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person has to do with a published proposal, and its supports, which no revision tells of."""

    support_count: int
    supported: bool
    followed: bool
    authorship_id: int | None
    united_count: int  # with those regrouped into it, a person counted once; 0 when not asked for

    @property
    def mine(self) -> bool:
        return self.authorship_id is not None

    def seen_by(self, name: str, authors: tuple[AuthorLine, ...]) -> tuple[AuthorLine, ...]:
        """The authors as the person of that name reads them: their own name is shown to them, and said to be theirs."""
        return tuple(replace(one, name=name, mine=True) if one.id == self.authorship_id else one for one in authors)


def _gathered(roots: Select[Any, Any]) -> CTE:
    """(root, id): each proposal of `roots`, and all that are regrouped into it, one through another."""
    gathered = roots.cte("gathered", recursive=True)
    return gathered.union(
        select(gathered.c.root, ProposalLineage.from_id).where(
            ProposalLineage.to_id == gathered.c.id,
            ProposalLineage.kind == LineageKind.MERGED,
            ProposalLineage.undone_at.is_(None),
        )
    )


def _people() -> Any:
    """Distinct people among votes: a tag says one person, in one consultation."""
    return func.count(func.distinct(cast(Vote.campaign_id, String(20)) + ":" + Vote.tag))


def _united_count(root: Any) -> Any:
    gathered = _gathered(select(root.label("root"), root.label("id")))
    return select(_people()).where(Vote.proposal_id.in_(select(gathered.c.id))).scalar_subquery()


def united(proposal_ids: Iterable[int]) -> dict[int, int]:
    """How many people support a proposal or one regrouped into it, for those that have gathered others."""
    ids = list(proposal_ids)
    gathered = _gathered(select(Proposal.id.label("root"), Proposal.id.label("id")).where(Proposal.id.in_(ids)))
    rows = db.session.execute(
        select(gathered.c.root, _people())
        .outerjoin(Vote, Vote.proposal_id == gathered.c.id)
        .group_by(gathered.c.root)
        .having(func.count(func.distinct(gathered.c.id)) > 1)
    )
    return {row[0]: row[1] for row in rows}


@cache
def _standings(tags: int, *, gathering: bool) -> Any:
    """Built once for readers with that many tags."""
    votes = [and_(Vote.campaign_id == bindparam(f"campaign{n}"), Vote.tag == bindparam(f"tag{n}")) for n in range(tags)]
    supported = exists().where(Vote.proposal_id == Proposal.id, or_(*votes)) if votes else false()
    reader: Any = bindparam("reader", type_=Integer())
    return select(
        Proposal.id,
        Proposal.support_count,
        supported,
        exists().where(Follow.proposal_id == Proposal.id, Follow.user_id == reader),
        select(func.min(Authorship.id))
        .where(Authorship.proposal_id == Proposal.id, Authorship.user_id == reader)
        .scalar_subquery(),
        _united_count(bindparam("root", type_=Integer())) if gathering else literal(0),
    ).where(Proposal.id.in_(bindparam("ids", expanding=True)))


def standings(ids: Collection[int], *, reader: int, tags: Mapping[int, str], gathering: int = 0) -> dict[int, Standing]:
    """Where these proposals stand for a person, in one statement.

    `gathering`: the only one of `ids`, when others are regrouped into it.
    """
    asked: dict[str, Any] = {"reader": reader, "ids": tuple(ids)}
    if gathering:
        asked["root"] = gathering
    for n, (campaign_id, tag) in enumerate(sorted(tags.items())):
        asked |= {f"campaign{n}": campaign_id, f"tag{n}": tag}
    rows = db.session.connection().execute(_standings(len(tags), gathering=bool(gathering)), asked)
    return {row[0]: Standing(row[1], bool(row[2]), bool(row[3]), row[4], row[5]) for row in rows}


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a support button needs of a proposal."""

    id: int
    title: str
    campaign_id: int | None
    support_count: int


_BALLOT = select(Proposal.id, Proposal.title, Proposal.campaign_id, Proposal.support_count).where(
    Proposal.number == bindparam("number"), Proposal.state.in_(VISIBLE)
)


def ballot(number: int) -> Ballot | None:
    row = db.session.connection().execute(_BALLOT, {"number": number}).first()
    return Ballot(*row) if row is not None else None
