"""Consultations and their steps, as plain records that know what a moment allows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import and_, bindparam, select

from tracker.enums import PhaseKind
from tracker.extensions import db
from tracker.models import Campaign, Phase
from tracker.records import paris_day, paris_instant


@dataclass(frozen=True, slots=True)
class PhaseRecord:
    """A step: half-open [starts_at, ends_at)."""

    kind: PhaseKind
    starts_at: datetime
    ends_at: datetime

    @property
    def last_day(self) -> date:
        """The last whole day."""
        return paris_day(self.ends_at - timedelta(microseconds=1))

    @property
    def first_day(self) -> date:
        return paris_day(self.starts_at)

    @property
    def is_of_whole_days(self) -> bool:
        """Whether it begins and ends at midnight: its days then say all."""
        return all(paris_instant(paris_day(end)) == end for end in (self.starts_at, self.ends_at))


@dataclass(frozen=True, slots=True)
class CampaignRecord:
    """A consultation with its steps in order."""

    id: int
    programme_id: int
    title: str
    introduction: str
    elsewhere: str
    moderation_days: int
    answer_by: date | None
    key_sha256: str | None
    roll_opened: bool
    votes_closed: bool
    phases: tuple[PhaseRecord, ...] = ()

    def phase_at(self, now: datetime) -> PhaseRecord | None:
        return next((p for p in self.phases if p.starts_at <= now < p.ends_at), None)

    def allows_submission(self, now: datetime) -> bool:
        phase = self.phase_at(now)
        return phase is not None and phase.kind.allows_submission

    def allows_support(self, now: datetime) -> bool:
        phase = self.phase_at(now)
        return phase is not None and phase.kind.allows_support and not self.votes_closed

    @property
    def support_ends_at(self) -> datetime | None:
        """The close of voting: the end of the last step that allows support."""
        return max((p.ends_at for p in self.phases if p.kind.allows_support), default=None)

    def submission_last_day(self, now: datetime) -> date | None:
        """The last whole day on which an idea may be sent, counted from the present step."""
        return next((p.last_day for p in self.phases if p.kind.allows_submission and p.ends_at > now), None)

    def support_last_day(self) -> date | None:
        return max((p.last_day for p in self.phases if p.kind.allows_support), default=None)

    def publish_by(self, submitted_on: date) -> date:
        """The day before which a submission is published or returned."""
        return submitted_on + timedelta(days=self.moderation_days)


# a vote is open: its roll is made, its key lives
VOTING = and_(Campaign.roll_opened_at.is_not(None), Campaign.votes_closed_at.is_(None))

_EVERY = (
    select(
        Campaign.id,
        Campaign.programme_id,
        Campaign.title,
        Campaign.introduction,
        Campaign.elsewhere,
        Campaign.moderation_days,
        Campaign.answer_by,
        Campaign.key_sha256,
        Campaign.roll_opened_at,
        Campaign.votes_closed_at,
        Phase.kind,
        Phase.starts_at,
        Phase.ends_at,
    )
    .outerjoin(Phase, Phase.campaign_id == Campaign.id)
    .order_by(Campaign.id, Phase.starts_at, Phase.id)
)
_ONE = _EVERY.where(Campaign.id == bindparam("campaign"))
_OF_PROJECTS = _EVERY.where(Campaign.programme_id.in_(bindparam("programmes", expanding=True)))


def _load(statement: Any, **asked: object) -> tuple[CampaignRecord, ...]:
    found: list[CampaignRecord] = []
    for _, steps in groupby(db.session.connection().execute(statement, asked), key=lambda row: row.id):
        rows = list(steps)
        row = rows[0]
        found.append(
            CampaignRecord(
                id=row.id,
                programme_id=row.programme_id,
                title=row.title,
                introduction=row.introduction,
                elsewhere=row.elsewhere,
                moderation_days=row.moderation_days,
                answer_by=row.answer_by,
                key_sha256=row.key_sha256,
                roll_opened=row.roll_opened_at is not None,
                votes_closed=row.votes_closed_at is not None,
                phases=tuple(PhaseRecord(one.kind, one.starts_at, one.ends_at) for one in rows if one.kind is not None),
            )
        )
    return tuple(found)


def every() -> tuple[CampaignRecord, ...]:
    """All consultations of the instance (there are few), in one statement."""
    return _load(_EVERY)


def of_projects(programme_ids: Iterable[int]) -> tuple[CampaignRecord, ...]:
    return _load(_OF_PROJECTS, programmes=tuple(programme_ids))


def by_id(campaign_id: int) -> CampaignRecord | None:
    found = _load(_ONE, campaign=campaign_id)
    return found[0] if found else None


def closed_among(campaign_ids: Collection[int]) -> set[int]:
    """Those of these consultations whose voting is closed; asks nothing for none."""
    if not campaign_ids:
        return set()
    closed = select(Campaign.id).where(Campaign.id.in_(campaign_ids), Campaign.votes_closed_at.is_not(None))
    return set(db.session.scalars(closed))


def open_for_submission(now: datetime) -> tuple[CampaignRecord, ...]:
    """The consultations where an idea may be sent now, the one that closes first at the head."""
    found = [c for c in every() if c.allows_submission(now)]
    return tuple(sorted(found, key=lambda c: (c.submission_last_day(now) or date.max, c.id)))
