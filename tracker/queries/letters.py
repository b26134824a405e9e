"""Letters: lists, published ones as they were frozen, and the names they may show."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, union_all
from sqlalchemy import literal as lit
from sqlalchemy.orm import aliased

from tracker.enums import LetterState
from tracker.extensions import db
from tracker.letters import References, Resolved, references
from tracker.models import (
    ActionUpdate,
    Authorship,
    Decision,
    Frozen,
    Letter,
    Programme,
    Proofreading,
    User,
)
from tracker.queries.kept import Kept
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
    # an account merged into another is now that one, in letters frozen before too
    now = aliased(User)
    users = (
        select(lit("user"), User.id, now.id, now.first_name + " " + now.last_name)
        .join(now, now.id == func.coalesce(User.merged_into_id, User.id))
        .where(User.id.in_(refs["user"]))
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
