"""Texts that may be withdrawn, and the requests to withdraw them (design 4.10)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import case, func, select
from sqlalchemy.orm import aliased

from tracker.enums import TextKind
from tracker.extensions import db
from tracker.models import (
    Action,
    ActionUpdate,
    Comment,
    Decision,
    Event,
    Frozen,
    Letter,
    Meeting,
    Proposal,
    Redaction,
    Review,
    User,
)
from tracker.workflow import VISIBLE


@dataclass(frozen=True, slots=True)
class TextAt:
    """A text that may be withdrawn: where it stands, whose project it is, and its words when anybody reads them."""

    kind: TextKind
    target_id: int
    part: str
    programme_id: int | None
    title: str
    text: str  # "" when it is not read by everybody
    page: tuple[str, dict[str, Any]] | None  # endpoint and its arguments
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class RedactionLine:
    """A request to withdraw a text."""

    id: int
    kind: TextKind
    target_id: int
    part: str
    reason: str
    asked_by_id: int
    asked_by: str
    asked_at: datetime
    agreed_by: str
    agreed_at: datetime | None
    refused_by: str
    refused_at: datetime | None
    programme_id: int | None

    @property
    def is_open(self) -> bool:
        return self.agreed_at is None and self.refused_at is None


def find(kind: TextKind, target_id: int, part: str = "") -> TextAt | None:
    """The text, if there is one that may be withdrawn."""
    row = db.session.execute(_QUERIES[kind](target_id)).first()
    return None if row is None else _READERS[kind](row, target_id, part)


def _update(row: Any, key: int, _part: str) -> TextAt:
    update, number, title, programme_id = row
    words = gettext("Point sur l'action n° %(n)s, %(title)s", n=number, title=title)
    return TextAt(
        TextKind.UPDATE, key, "", programme_id, words, update.note,
        ("actions.show", {"number": number, "_anchor": f"point-{key}"}), update.redacted_at is not None,
    )  # fmt: skip


def _decision(row: Any, key: int, _part: str) -> TextAt:
    decision, number, programme_id = row
    published = decision.published_on is not None
    return TextAt(
        TextKind.DECISION, key, "", programme_id, gettext("Réponse à la proposition n° %(n)s", n=number),
        decision.reason if published else "", ("proposals.show", {"number": number}) if published else None,
        decision.redacted_at is not None,
    )  # fmt: skip


def _comment(row: Any, key: int, _part: str) -> TextAt:
    comment, of_proposal, of_action = row
    return TextAt(
        TextKind.COMMENT, key, "", of_proposal or of_action, gettext("Commentaire"), comment.body, None,
        comment.redacted_at is not None,
    )  # fmt: skip


def _event(row: Any, key: int, _part: str) -> TextAt:
    (event,) = row
    return TextAt(
        TextKind.EVENT, key, "", event.programme_id, gettext("Trace n° %(id)s", id=key), "", None,
        event.redacted_at is not None,
    )  # fmt: skip


def _letter(row: Any, key: int, part: str) -> TextAt | None:
    content, number, programme_id = row
    found = [b.get("edited_text") for b in json.loads(content).get("blocks", ()) if b["id"] == part]
    if not found or not found[0]:
        return None
    title = gettext("Lettre n° %(n)s, partie « %(part)s »", n=number, part=part)
    withdrawn = _has_agreed(TextKind.LETTER, key, part)
    page = ("letters.show", {"number": number})
    return TextAt(TextKind.LETTER, key, part, programme_id, title, found[0], page, withdrawn)


def _proposal(row: Any, key: int, _part: str) -> TextAt:
    (proposal,) = row
    title = gettext("Proposition n° %(n)s", n=proposal.number)
    withdrawn = _has_agreed(TextKind.PROPOSAL, key, "")
    read = proposal.state in VISIBLE  # its author may have taken it back
    return TextAt(
        TextKind.PROPOSAL, key, "", proposal.programme_id, title,
        f"{proposal.title}\n\n{proposal.body}" if read else "",
        ("proposals.show", {"number": proposal.number}) if read else None, withdrawn,
    )  # fmt: skip


def _review(row: Any, key: int, _part: str) -> TextAt:
    number, programme_id = row
    title = gettext("Avis sur la proposition n° %(n)s", n=number)
    return TextAt(TextKind.REVIEW, key, "", programme_id, title, "", None, _has_agreed(TextKind.REVIEW, key, ""))


def _meeting(row: Any, key: int, _part: str) -> TextAt:
    (meeting,) = row
    text = "\n\n".join(one for one in (meeting.agenda, meeting.minutes) if one)
    title = gettext("Ordre du jour et compte rendu : %(title)s", title=meeting.title)
    page = ("meetings.show", {"meeting_id": key})
    return TextAt(
        TextKind.MEETING, key, "", meeting.programme_id, title, text, page, _has_agreed(TextKind.MEETING, key, "")
    )


def _has_agreed(kind: TextKind, target_id: int, part: str) -> bool:
    found = select(Redaction.id).where(
        Redaction.kind == kind, Redaction.target_id == target_id, Redaction.part == part,
        Redaction.agreed_at.is_not(None),
    )  # fmt: skip
    return db.session.scalar(found.limit(1)) is not None


def _updates(key: int) -> Any:
    return (
        select(ActionUpdate, Action.number, Action.title, Action.programme_id)
        .join(Action, Action.id == ActionUpdate.action_id)
        .where(ActionUpdate.id == key)
    )


def _comments(key: int) -> Any:
    return (
        select(Comment, Proposal.programme_id, Action.programme_id)
        .outerjoin(Proposal, Proposal.id == Comment.proposal_id)
        .outerjoin(Action, Action.id == Comment.action_id)
        .where(Comment.id == key)
    )


_QUERIES: dict[TextKind, Any] = {
    TextKind.UPDATE: _updates,
    TextKind.DECISION: lambda key: (
        select(Decision, Proposal.number, Proposal.programme_id)
        .join(Proposal, Proposal.id == Decision.proposal_id)
        .where(Decision.id == key)
    ),
    TextKind.COMMENT: _comments,
    TextKind.EVENT: lambda key: select(Event).where(Event.id == key),
    TextKind.LETTER: lambda key: (
        select(Frozen.content, Letter.number, Frozen.programme_id)
        .join(Letter, Letter.frozen_id == Frozen.id)
        .where(Frozen.id == key)
    ),
    TextKind.PROPOSAL: lambda key: select(Proposal).where(Proposal.id == key, Proposal.number.is_not(None)),
    TextKind.REVIEW: lambda key: (
        select(Proposal.number, Proposal.programme_id)
        .join(Review, Review.proposal_id == Proposal.id)
        .where(Review.id == key)
    ),
    TextKind.MEETING: lambda key: select(Meeting).where(Meeting.id == key),
}
_READERS: dict[TextKind, Any] = {
    TextKind.UPDATE: _update,
    TextKind.DECISION: _decision,
    TextKind.COMMENT: _comment,
    TextKind.EVENT: _event,
    TextKind.LETTER: _letter,
    TextKind.PROPOSAL: _proposal,
    TextKind.REVIEW: _review,
    TextKind.MEETING: _meeting,
}


# of each kind of text, the project that it belongs to
_PROJECTS: dict[TextKind, Any] = {
    TextKind.UPDATE: select(Action.programme_id).join(ActionUpdate).where(ActionUpdate.id == Redaction.target_id),
    TextKind.DECISION: select(Proposal.programme_id)
    .join(Decision, Decision.proposal_id == Proposal.id)
    .where(Decision.id == Redaction.target_id),
    TextKind.COMMENT: select(func.coalesce(Proposal.programme_id, Action.programme_id))
    .select_from(Comment)
    .outerjoin(Proposal, Proposal.id == Comment.proposal_id)
    .outerjoin(Action, Action.id == Comment.action_id)
    .where(Comment.id == Redaction.target_id),
    TextKind.EVENT: select(Event.programme_id).where(Event.id == Redaction.target_id),
    TextKind.LETTER: select(Frozen.programme_id).where(Frozen.id == Redaction.target_id),
    TextKind.PROPOSAL: select(Proposal.programme_id).where(Proposal.id == Redaction.target_id),
    TextKind.REVIEW: select(Proposal.programme_id)
    .join(Review, Review.proposal_id == Proposal.id)
    .where(Review.id == Redaction.target_id),
    TextKind.MEETING: select(Meeting.programme_id).where(Meeting.id == Redaction.target_id),
}
PROJECT_OF_TEXT = case(*((Redaction.kind == kind, found.scalar_subquery()) for kind, found in _PROJECTS.items()))


def _lines(*where: Any) -> tuple[RedactionLine, ...]:
    asker, agreer, refuser = aliased(User), aliased(User), aliased(User)

    def name(person: Any) -> Any:
        return person.first_name + " " + person.last_name

    rows = db.session.execute(
        select(
            Redaction.id, Redaction.kind, Redaction.target_id, Redaction.part, Redaction.reason,
            Redaction.asked_by_id, name(asker), Redaction.asked_at, name(agreer), Redaction.agreed_at,
            name(refuser), Redaction.refused_at, PROJECT_OF_TEXT,
        )
        .join(asker, asker.id == Redaction.asked_by_id)
        .outerjoin(agreer, agreer.id == Redaction.agreed_by_id)
        .outerjoin(refuser, refuser.id == Redaction.refused_by_id)
        .where(*where)
        .order_by((Redaction.agreed_at.is_(None) & Redaction.refused_at.is_(None)).desc(), Redaction.id.desc())
        .limit(200)
    )  # fmt: skip
    return tuple(_line(tuple(row)) for row in rows)


def listing() -> tuple[RedactionLine, ...]:
    """The requests, those to answer first, then the last ones."""
    return _lines()


def one(redaction_id: int) -> RedactionLine | None:
    return next(iter(_lines(Redaction.id == redaction_id)), None)


def _line(row: tuple[Any, ...]) -> RedactionLine:
    key, kind, target_id, part, reason, asker_id, asker, asked_at, agreer, agreed_at, refuser, refused_at, project = row
    return RedactionLine(
        key, kind, target_id, part, reason, asker_id, asker, asked_at, agreer or "", agreed_at, refuser or "",
        refused_at, project,
    )  # fmt: skip
