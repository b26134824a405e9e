"""Letters: the facts of a quarter, drafts with their blocks, published letters, and the names they may show."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, union_all
from sqlalchemy import literal as lit

from tracker.enums import LetterState
from tracker.extensions import db
from tracker.letters import Quarter, References, Resolved, references
from tracker.models import (
    ActionUpdate,
    Authorship,
    Counter,
    Decision,
    Frozen,
    Letter,
    LetterBlock,
    Programme,
    Proofreading,
    RoleGrant,
    User,
)
from tracker.queries import figures
from tracker.queries.kept import Kept
from tracker.queries.projects import ProjectRecord
from tracker.records import paris_day

_contents: Kept[tuple[dict[str, Any], References]] = Kept(64)  # frozen contents, by their text; not to be modified


@dataclass(frozen=True, slots=True)
class LetterLine:
    """A letter of a list."""

    id: int
    programme_id: int
    project_slug: str
    number: int | None
    quarter: str
    title: str
    state: LetterState
    as_of: date
    provisional: bool
    published_on: date | None
    is_public: bool


@dataclass(frozen=True, slots=True)
class PublishedLetter:
    """A published letter as it was frozen, with its neighbours in the same project."""

    id: int
    programme_id: int
    number: int
    quarter: str
    title: str
    state: LetterState
    published_at: datetime
    approved_by: str
    approved_on: date | None
    is_public: bool
    frozen_id: int
    sha256: str
    content: dict[str, Any]
    references: References
    before: tuple[int, str] | None = None
    after: tuple[int, str] | None = None


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


@dataclass(frozen=True, slots=True)
class Previous:
    """The published letter that a draft follows; `closing` are its frozen counters."""

    number: int
    quarter: str
    as_of: date
    known_at: datetime
    closing: dict[str, int]


def previous_published(programme_id: int, quarter: str) -> Previous | None:
    """The last published letter of a project before a quarter (names of quarters sort as their days)."""
    row = db.session.execute(
        select(Letter.number, Letter.quarter, Letter.as_of, Letter.known_at, Frozen.content)
        .join(Frozen, Frozen.id == Letter.frozen_id)
        .where(Letter.programme_id == programme_id, Letter.quarter < quarter)
        .order_by(Letter.quarter.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return Previous(row[0] or 0, row[1], row[2], row[3], json.loads(row[4])["counters"]["closing"])


def last_published_quarter(programme_id: int) -> str | None:
    """The quarter of the last letter published: none before it may be published any more."""
    return db.session.scalar(
        select(func.max(Letter.quarter)).where(Letter.programme_id == programme_id, Letter.published_at.is_not(None))
    )


def _parsed(text: str) -> tuple[dict[str, Any], References]:
    """A frozen content and the rows it refers to."""
    content: dict[str, Any] = json.loads(text)
    return content, references(content)


def _lines(*where: ColumnElement[bool]) -> tuple[LetterLine, ...]:
    rows = db.session.execute(
        select(
            Letter.id, Letter.programme_id, Programme.slug, Letter.number, Letter.quarter, Letter.title, Letter.state,
            Letter.as_of, Letter.provisional, Letter.published_at, or_(Letter.is_public, Programme.letters_public),
        )
        .join(Programme, Programme.id == Letter.programme_id)
        .where(*where)
        .order_by(Letter.quarter.desc(), Letter.id.desc())
    )  # fmt: skip
    return tuple(
        LetterLine(*row[:9], None if row[9] is None else paris_day(row[9]), bool(row[10])) for row in rows.all()
    )


def archive(programme_id: int, *, public_only: bool) -> tuple[LetterLine, ...]:
    """The published letters of a project, the last first; for visitors, those open to them."""
    where: list[ColumnElement[bool]] = [Letter.programme_id == programme_id, Letter.published_at.is_not(None)]
    if public_only:
        where.append(or_(Letter.is_public, Programme.letters_public))
    return _lines(*where)


def any_public() -> bool:
    """Whether visitors may read at least one letter."""
    found = db.session.scalar(
        select(Letter.id)
        .join(Programme, Programme.id == Letter.programme_id)
        .where(Letter.published_at.is_not(None), or_(Letter.is_public, Programme.letters_public))
        .limit(1)
    )
    return found is not None


def drafts(programme_id: int) -> tuple[LetterLine, ...]:
    """The letters being written."""
    return _lines(Letter.programme_id == programme_id, Letter.published_at.is_(None))


def to_proofread(user_id: int) -> tuple[LetterLine, ...]:
    """The drafts that this person was asked to read."""
    asked = select(Proofreading.letter_id).where(Proofreading.user_id == user_id)
    return _lines(Letter.id.in_(asked), Letter.published_at.is_(None))


def published(number: int) -> PublishedLetter | None:
    """A published letter with its neighbours, in two statements."""
    row: Any = db.session.execute(
        select(Letter, Frozen, Programme.letters_public)
        .join(Frozen, Frozen.id == Letter.frozen_id)
        .join(Programme, Programme.id == Letter.programme_id)
        .where(Letter.number == number)
    ).first()
    if row is None:
        return None
    letter, frozen, letters_public = row
    content, refs = _contents.get(frozen.content, lambda: _parsed(frozen.content))
    near = (Letter.programme_id == letter.programme_id, Letter.published_at.is_not(None))
    before = select(Letter.number, Letter.quarter).where(*near, Letter.quarter < letter.quarter)
    after = select(Letter.number, Letter.quarter).where(*near, Letter.quarter > letter.quarter)
    before = before.order_by(Letter.quarter.desc()).limit(1)
    after = after.order_by(Letter.quarter).limit(1)
    both = union_all(select(before.subquery()), select(after.subquery()))
    neighbours = {found[1]: found[0] for found in db.session.execute(both)}
    earlier = [(number, quarter) for quarter, number in neighbours.items() if quarter < letter.quarter]
    later = [(number, quarter) for quarter, number in neighbours.items() if quarter > letter.quarter]
    return PublishedLetter(
        id=letter.id,
        programme_id=letter.programme_id,
        number=letter.number or 0,
        quarter=letter.quarter,
        title=letter.title,
        state=letter.state,
        published_at=letter.published_at,
        approved_by=letter.approved_by,
        approved_on=letter.approved_on,
        is_public=letter.is_public or letters_public,
        frozen_id=frozen.id,
        sha256=frozen.sha256,
        content=content,
        references=refs,
        before=earlier[0] if earlier else None,
        after=later[0] if later else None,
    )


def draft(programme_id: int, quarter: str) -> DraftLetter | None:
    """A letter being written with its blocks and readers, in three statements; None when there is none or no more."""
    last_number = select(Counter.value).where(Counter.name == "letter").scalar_subquery()
    found = db.session.execute(
        select(Letter, last_number)
        .where(Letter.programme_id == programme_id, Letter.quarter == quarter, Letter.published_at.is_(None))
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        return None
    letter = found[0]
    blocks = db.session.scalars(
        select(LetterBlock)
        .where(LetterBlock.letter_id == letter.id)
        .order_by(LetterBlock.position, LetterBlock.id)
        .execution_options(populate_existing=True)
    )
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
        next_number=(found[1] or 0) + 1,
        blocks=tuple(
            BlockRecord(b.id, b.key, b.kind, b.position, b.source, b.data, b.edited_text, b.hidden, b.audience)
            for b in blocks
        ),
        readers=tuple(
            ReaderRecord(user.id, user.name, user.email, row.asked_at, row.answered_at, row.remark)
            for row, user in readers
        ),
    )


def resolve(refs: References) -> Resolved:
    """The names that the people of a letter still agree to show, and the texts withdrawn since, in one statement.

    A sealed author's name is never selected; nor is that of somebody who no longer agrees to be thanked by name.
    """
    name = func.coalesce(Authorship.name, User.first_name + " " + User.last_name)
    authors = (
        select(lit("authorship"), Authorship.id, Authorship.user_id, name)
        .outerjoin(User, User.id == Authorship.user_id)
        .where(Authorship.id.in_(refs["authorship"]), Authorship.sealed.is_(False), Authorship.thanks_consent.is_(True))
    )
    users = select(lit("user"), User.id, User.id, User.first_name + " " + User.last_name).where(
        User.id.in_(refs["user"])
    )
    decisions = select(lit("decision"), Decision.id, Decision.id, lit("")).where(
        Decision.id.in_(refs["decision"]), Decision.redacted_at.is_not(None)
    )
    updates = select(lit("update"), ActionUpdate.id, ActionUpdate.id, lit("")).where(
        ActionUpdate.id.in_(refs["update"]), ActionUpdate.redacted_at.is_not(None)
    )
    asked = [
        part
        for kind, part in (("authorship", authors), ("user", users), ("decision", decisions), ("update", updates))
        if refs[kind]
    ]
    found: dict[str, dict[int, tuple[int | None, str]]] = defaultdict(dict)
    if asked:
        for kind, key, person, text in db.session.execute(union_all(*asked)):
            found[kind][key] = (person, (text or "").strip())
    return Resolved(
        authorships={key: value for key, value in found["authorship"].items() if value[1]},
        users={key: text for key, (_, text) in found["user"].items() if text},
        withdrawn_decisions=frozenset(found["decision"]),
        withdrawn_updates=frozenset(found["update"]),
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
            RoleGrant.starts_on <= today,
            or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= today),
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
