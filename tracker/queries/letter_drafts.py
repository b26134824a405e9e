"""A letter being written: its blocks, those who read it, and what has moved since it was composed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select

from tracker.enums import LetterState
from tracker.extensions import db
from tracker.letters import Quarter
from tracker.models import Counter, Letter, LetterBlock, Proofreading, RoleGrant, User
from tracker.queries import figures
from tracker.queries.people import active_grant
from tracker.queries.projects import ProjectRecord


@dataclass(frozen=True, slots=True)
class BlockRecord:
    """A block of a draft, in its order."""

    id: int
    key: str
    kind: str
    position: int
    source: dict[str, Any]
    data: dict[str, Any]
    edited_text: str | None
    hidden: bool
    audience: str


@dataclass(frozen=True, slots=True)
class ReaderRecord:
    """Somebody asked to read a draft."""

    user_id: int
    name: str
    email: str | None
    asked_at: datetime
    answered_at: datetime | None
    remark: str


@dataclass(frozen=True, slots=True)
class DraftLetter:
    """A letter being written."""

    id: int
    programme_id: int
    quarter: str
    title: str
    state: LetterState
    as_of: date
    known_at: datetime
    provisional: bool
    is_public: bool
    approved_by: str
    approved_on: date | None
    revision: int
    next_number: int  # the one it will bear, unless another is published first
    blocks: tuple[BlockRecord, ...]
    readers: tuple[ReaderRecord, ...]

    def block(self, key: str) -> BlockRecord | None:
        return next((block for block in self.blocks if block.key == key), None)

    def content(self, project: ProjectRecord) -> dict[str, Any]:
        """The draft in the shape of what will be frozen, so that it is shown by the same document."""
        counts = next((block.data for block in self.blocks if block.key == "counts"), {})
        return {
            "letter": {
                "title": self.title,
                "name": project.letter_name,
                "number": None,
                "quarter": self.quarter,
                "project": {"slug": project.slug, "title": project.title},
                "after": counts.get("after"),
                "as_of": self.as_of.isoformat(),
                "known_at": self.known_at.isoformat(),
                "provisional": self.provisional,
                "previous": counts.get("previous"),
            },
            "blocks": [
                {
                    "id": block.key, "kind": block.kind, "source": block.source, "data": block.data,
                    "edited_text": block.edited_text, "hidden": block.hidden, "order": order,
                    "audience": block.audience,
                }
                for order, block in enumerate(self.blocks)
            ],
        }  # fmt: skip

    def asked(self, user_id: int) -> ReaderRecord | None:
        return next((reader for reader in self.readers if reader.user_id == user_id), None)


def published_number(programme_id: int, quarter: str) -> int | None:
    """The number of the letter of a quarter, once it is published."""
    number: int | None = db.session.scalar(
        select(Letter.number).where(
            Letter.programme_id == programme_id, Letter.quarter == quarter, Letter.published_at.is_not(None)
        )
    )
    return number


def draft(programme_id: int, quarter: str) -> DraftLetter | None:
    """A letter being written with its blocks and readers, in two statements; None when there is none or no more."""
    last_number = select(Counter.value).where(Counter.name == "letter").scalar_subquery()
    found = db.session.execute(
        select(Letter, last_number, LetterBlock)
        .outerjoin(LetterBlock, LetterBlock.letter_id == Letter.id)
        .where(Letter.programme_id == programme_id, Letter.quarter == quarter, Letter.published_at.is_(None))
        .order_by(LetterBlock.position, LetterBlock.id)
        .execution_options(populate_existing=True)
    ).all()
    if not found:
        return None
    letter, number, _first = found[0]
    readers = db.session.execute(
        select(Proofreading, User)
        .join(User, User.id == Proofreading.user_id)
        .where(Proofreading.letter_id == letter.id)
        .order_by(Proofreading.asked_at, User.last_name, User.id)
        .execution_options(populate_existing=True)
    )
    return DraftLetter(
        id=letter.id,
        programme_id=letter.programme_id,
        quarter=letter.quarter,
        title=letter.title,
        state=letter.state,
        as_of=letter.as_of,
        known_at=letter.known_at,
        provisional=letter.provisional,
        is_public=letter.is_public,
        approved_by=letter.approved_by,
        approved_on=letter.approved_on,
        revision=letter.revision,
        next_number=(number or 0) + 1,
        blocks=tuple(
            BlockRecord(b.id, b.key, b.kind, b.position, b.source, b.data, b.edited_text, b.hidden, b.audience)
            for _letter, _number, b in found
            if b is not None
        ),
        readers=tuple(
            ReaderRecord(user.id, user.name, user.email, row.asked_at, row.answered_at, row.remark)
            for row, user in readers
        ),
    )


def possible_readers(programme_id: int, *, today: date, q: str = "") -> tuple[tuple[int, str], ...]:
    """People who may be asked to read a draft: those with a role in the project, or found by their name."""
    query = select(User.id, User.first_name + " " + User.last_name, User.last_name).where(User.is_active.is_(True))
    if q:
        for word in q.split()[:4]:
            query = query.where(
                or_(User.first_name.icontains(word, autoescape=True), User.last_name.icontains(word, autoescape=True))
            )
    else:
        holders = select(RoleGrant.user_id).where(
            or_(RoleGrant.programme_id.is_(None), RoleGrant.programme_id == programme_id),
            active_grant(today),
        )
        query = query.where(User.id.in_(holders))
    rows = db.session.execute(query.order_by(User.last_name, User.first_name, User.id).limit(60))
    return tuple((row[0], row[1]) for row in rows)


@dataclass(frozen=True, slots=True)
class Moved:
    """A counter that is no more what the draft shows."""

    key: str
    was: int
    now: int


def moved_since(draft: DraftLetter, project: ProjectRecord, *, today: date) -> tuple[Moved, ...]:
    """The counters that would be published today otherwise than the draft shows them."""
    counts = draft.block("counts")
    shown: dict[str, int] = counts.data.get("closing", {}) if counts else {}
    until = min(Quarter.parse(draft.quarter).last_day, today)
    fresh = figures.snapshot(project, as_of=until).counters
    return tuple(Moved(key, shown.get(key, 0), value) for key, value in fresh.items() if shown.get(key, 0) != value)
