"""Texts withdrawn by two people with a reason: figures and dates stay, the text is gone everywhere (design 4.10).

The text itself is replaced, not only hidden: neither frozen letters, nor the trace, nor backups made afterwards hold
it. What stands in its place is a sentence, so that a statement that had one still counts as having one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import String, cast, or_, select

from tracker import filters, search, validation
from tracker.enums import TextKind
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import FRENCH, db, speaking
from tracker.letters import canonical, digest
from tracker.models import (
    ActionUpdate,
    Comment,
    Decision,
    Event,
    Frozen,
    Meeting,
    Proposal,
    ProposalVersion,
    Redaction,
    Review,
)
from tracker.permissions import Permission, require
from tracker.queries import redactions as queries
from tracker.queries.redactions import TextAt
from tracker.records import Actor, paris_day
from tracker.services import history

Change = Callable[[Any], Any]


def _text(kind: TextKind, target_id: int, part: str) -> TextAt:
    found = queries.find(kind, target_id, part)
    if found is None:
        raise NotFound(gettext("Ce texte n'existe pas, ou n'est pas publié."))
    if found.withdrawn:
        raise Conflict(gettext("Ce texte est déjà retiré."))
    return found


def ask(kind: TextKind, target_id: int, part: str, reason: str, *, actor: Actor, now: datetime) -> Redaction:
    """Ask that a text be withdrawn. Raises NotFound, Forbidden, Refused, Conflict."""
    text = _text(kind, target_id, part)
    require(actor, Permission.REDACTION_ASK, text)
    told = validation.reason(reason)
    waiting = select(Redaction).where(
        Redaction.kind == kind, Redaction.target_id == target_id, Redaction.part == part,
        Redaction.agreed_at.is_(None), Redaction.refused_at.is_(None),
    )  # fmt: skip
    present = db.session.scalars(waiting.limit(1)).first()
    if present is not None:
        if (present.asked_by_id, present.reason) == (actor.id, told) and history.is_recent(present.asked_at, now):
            return present  # the button pressed twice
        raise Conflict(gettext("Le retrait de ce texte est déjà demandé."))
    row = Redaction(kind=kind, target_id=target_id, part=part, reason=told, asked_by_id=actor.id, asked_at=now)
    db.session.add(row)
    db.session.flush()
    _trace(row, text, "redaction:ask", actor, now)
    return row


def _trace(row: Redaction, text: TextAt, verb: str, actor: Actor, now: datetime) -> None:
    history.record(
        actor=actor, now=now, verb=verb, subject=row.kind.value, subject_id=row.target_id,
        programme_id=text.programme_id, changes={"redaction": row.id}, though_closed=True,
    )  # fmt: skip
    db.session.flush()


def _open(redaction_id: int) -> Redaction:
    row = db.session.get(Redaction, redaction_id, with_for_update=True)
    if row is None:
        raise NotFound(gettext("Cette demande n'existe pas."))
    if row.agreed_at is not None or row.refused_at is not None:
        raise Conflict(gettext("Cette demande a déjà sa réponse."))
    return row


def refuse(redaction_id: int, *, actor: Actor, now: datetime) -> Redaction:
    """Leave the text as it is. Raises NotFound, Forbidden, Conflict."""
    row = _open(redaction_id)
    text = _text(row.kind, row.target_id, row.part)
    require(actor, Permission.REDACTION_AGREE, text)
    row.refused_by_id, row.refused_at = actor.id, now
    _trace(row, text, "redaction:refuse", actor, now)
    return row


def agree(redaction_id: int, *, actor: Actor, now: datetime) -> Redaction:
    """Withdraw the text, for good. Raises NotFound, Forbidden, Conflict, Refused for who asked."""
    row = _open(redaction_id)
    text = _text(row.kind, row.target_id, row.part)
    require(actor, Permission.REDACTION_AGREE, text)
    if row.asked_by_id == actor.id:
        raise Refused(gettext("Vous avez demandé ce retrait : une autre personne doit être d'accord."))
    row.agreed_by_id, row.agreed_at = actor.id, now
    _withdraw(row.kind, row.target_id, row.part, now=now)
    _trace(row, text, "redaction:agree", actor, now)
    return row


def sentence(now: datetime) -> str:
    """What stands where the text was."""
    with speaking(FRENCH):  # it is kept in the place of a text that all read
        return gettext("Texte retiré le %(day)s.", day=filters.day(paris_day(now)))


def _withdraw(kind: TextKind, key: int, part: str, *, now: datetime) -> None:
    instead = sentence(now)
    if kind is TextKind.LETTER:
        _rewrite_letter(key, part, instead)
    elif kind is TextKind.PROPOSAL:
        _withdraw_proposal(key, instead)
    elif kind is TextKind.EVENT:
        row = db.session.get_one(Event, key)
        row.changes = walk(row.changes, lambda value: instead if _is_typed(value) else value)
        row.redacted_at = now
    else:
        model, names = _COLUMNS[kind]
        row = db.session.get_one(model, key)
        old = _replace(row, names, instead)
        if hasattr(row, "redacted_at"):
            row.redacted_at = now
        _rewrite_events(old, instead)
        if kind in {TextKind.UPDATE, TextKind.DECISION}:
            _rewrite_frozen(_naming(kind.value, key, ("why", "reason", "redirected_to"), instead))
    db.session.flush()


_COLUMNS: dict[TextKind, tuple[Any, tuple[str, ...]]] = {
    TextKind.UPDATE: (ActionUpdate, ("note", "private_note", "move_reason")),
    TextKind.DECISION: (Decision, ("reason", "redirected_to")),
    TextKind.COMMENT: (Comment, ("body",)),
    TextKind.REVIEW: (Review, ("text",)),
    TextKind.MEETING: (Meeting, ("agenda", "minutes")),
}


def _replace(row: Any, names: Iterable[str], instead: str) -> set[str]:
    """Put the sentence in the place of each text that there is; what they were."""
    old = set()
    for name in names:
        value = getattr(row, name)
        if value:
            old.add(value)
            setattr(row, name, instead)
    return old


def _withdraw_proposal(key: int, instead: str) -> None:
    proposal = db.session.get_one(Proposal, key)
    with speaking(FRENCH):  # it is kept, as the sentence is
        title = gettext("Proposition n° %(n)s", n=proposal.number)
    old = {proposal.title, proposal.body}
    proposal.title, proposal.body = title, instead
    for version in db.session.scalars(select(ProposalVersion).where(ProposalVersion.proposal_id == key)):
        old |= {version.title, version.body}
        version.title, version.body = title, instead
    db.session.flush()
    search.index_proposal(key, title=title, body=instead)
    _rewrite_events(old, instead)
    number = proposal.number
    _rewrite_frozen(
        lambda node: {**node, "title": title} if node.get("proposal") == number and "title" in node else node
    )


# --- Where a text is said again ----------------------------------------------------------------------------------


def _is_typed(value: str) -> bool:
    """Whether a value of an event is words of somebody: dates, states and keys have no blank."""
    return " " in value or len(value) > 40


def walk(node: Any, change: Change) -> Any:
    """The same content with each of its strings changed."""
    if isinstance(node, dict):
        return {key: walk(value, change) for key, value in node.items()}
    if isinstance(node, list):
        return [walk(value, change) for value in node]
    return change(node) if isinstance(node, str) else node


def _each_dict(node: Any, change: Change) -> Any:
    if isinstance(node, dict):
        return change({key: _each_dict(value, change) for key, value in node.items()})
    if isinstance(node, list):
        return [_each_dict(value, change) for value in node]
    return node


def _naming(name: str, key: int, texts: Iterable[str], instead: str) -> Change:
    """In what cites that row, the texts taken from it."""

    def change(node: dict[str, Any]) -> dict[str, Any]:
        if node.get(name) != key:
            return node
        return {n: instead if n in texts and isinstance(v, str) and v else v for n, v in node.items()}

    return change


def _rewrite_events(old: set[str], instead: str) -> None:
    """The trace keeps that something was written, no more what."""
    old = {text for text in old if text}
    # as the column holds it, and short: a long text stands in few events
    starts = {json.dumps(text[:60])[1:-1] for text in old}
    if not starts:
        return
    where = or_(*(cast(Event.changes, String).contains(start, autoescape=True) for start in starts))
    for event in db.session.scalars(select(Event).where(where)):
        event.changes = walk(event.changes, lambda value: instead if value in old else value)


def _rewrite_frozen(change: Change) -> None:
    """Rewrite what letters and boards froze, with a new hash; the first one is kept beside it."""
    for row in db.session.scalars(select(Frozen)):
        _keep(row, _each_dict(json.loads(row.content), change))


def _rewrite_letter(key: int, part: str, instead: str) -> None:
    row = db.session.get_one(Frozen, key)
    content = json.loads(row.content)
    for block in content["blocks"]:
        if block["id"] == part:
            _rewrite_events({block["edited_text"]}, instead)
            block["edited_text"] = instead
    _keep(row, content)


def _keep(row: Frozen, content: Any) -> None:
    text = canonical(content)
    if text == row.content:
        return
    row.original_sha256 = row.original_sha256 or row.sha256
    row.content, row.sha256 = text, digest(text)
    history.bump(row.programme_id, though_closed=True)
    db.session.flush()
