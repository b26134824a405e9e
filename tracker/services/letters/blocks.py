"""The editor's hand on a draft: texts, order, what is hidden, blocks of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext

from tracker import validation
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db
from tracker.letters import canonical, digest
from tracker.letters.compose import EDITORIAL, FREE
from tracker.models import Letter, LetterBlock
from tracker.permissions import Permission, require
from tracker.records import Actor
from tracker.services.letters.composing import check_writable, in_order, trace

FREE_BLOCKS_MAX = 20


def _may(letter: Letter, actor: Actor) -> None:
    require(actor, Permission.LETTER_EDIT, letter)
    check_writable(letter)


def _block(letter: Letter, key: str) -> LetterBlock:
    for row in letter.blocks:
        if row.key == key:
            return row
    raise NotFound(gettext("Ce passage n'existe plus."))


def seen_of(*, title: str, text: str | None) -> str:
    """What an editor saw of a block when it was opened for writing."""
    return digest(canonical([title, text]))[:16]


def _check_seen(letter: Letter, row: LetterBlock, revision: int | None, seen: str | None) -> None:
    """Raise Conflict when somebody else changed this very text since it was opened; elsewhere, they do no harm."""
    if revision is None or revision == letter.revision:
        return
    if seen != seen_of(title=str(row.data.get("title", "")), text=row.edited_text):
        raise Conflict(
            gettext("Quelqu'un a changé ce passage pendant que vous écriviez : comparez les deux versions."),
            field="text",
        )


def _touched(letter: Letter, verb: str, key: str, *, actor: Actor, now: datetime, **changes: Any) -> None:
    letter.revision += 1
    db.session.flush()
    trace(letter, verb, actor=actor, now=now, block=key, **changes)


def edit_block(
    letter: Letter,
    key: str,
    *,
    text: str,
    actor: Actor,
    now: datetime,
    title: str | None = None,
    revision: int | None = None,
    seen: str | None = None,
) -> LetterBlock:
    """Write the text of a block: in the place of what the data says, or before its figures and names.

    An empty text gives a block made from data its own words back; what it says already is not written again.
    `revision` and `seen` are those of the page that was edited. Raises Conflict, Refused (`text`, `title`).
    """
    _may(letter, actor)
    row = _block(letter, key)
    wanted = validation.body(text, field="text", required=row.kind == FREE) or None
    data = row.data
    if row.kind == FREE:
        data = {**data, "title": validation.title(title, field="title")}
    source = {name: value for name, value in row.source.items() if name != "rewritten_over"}
    if wanted is not None and row.kind not in {EDITORIAL, FREE}:
        source["rewritten_over"] = digest(canonical(data))
    if (wanted, data, source) == (row.edited_text, row.data, row.source):
        return row  # a button pressed twice, or again because no answer came
    _check_seen(letter, row, revision, seen)
    row.edited_text, row.data, row.source = wanted, data, source
    _touched(letter, "letter:write", key, actor=actor, now=now)
    return row


def write_editorial(letter: Letter, text: str, *, actor: Actor, now: datetime) -> LetterBlock:
    """Write the editorial (Markdown)."""
    return edit_block(letter, EDITORIAL, text=text, actor=actor, now=now)


def restore_block(letter: Letter, key: str, *, actor: Actor, now: datetime) -> LetterBlock:
    """Give a rewritten block the words of the data back."""
    row = _block(letter, key)
    if row.kind in {EDITORIAL, FREE}:
        raise Refused(gettext("Ce passage n'a pas d'autre texte que le vôtre."), field="text")
    return edit_block(letter, key, text="", actor=actor, now=now)


def set_hidden(letter: Letter, key: str, hidden: bool, *, actor: Actor, now: datetime) -> LetterBlock:
    """Leave a block out of the letter, or show it again."""
    _may(letter, actor)
    row = _block(letter, key)
    if row.hidden != hidden:
        row.hidden = hidden
        _touched(letter, "letter:hide" if hidden else "letter:show", key, actor=actor, now=now)
    return row


def move_block(letter: Letter, key: str, step: int, *, actor: Actor, now: datetime) -> LetterBlock:
    """Move a block one place up (-1) or down (+1); at the end of the way it stays."""
    _may(letter, actor)
    row = _block(letter, key)
    ordered = in_order(letter)
    place = ordered.index(row)
    target = place + (1 if step > 0 else -1)
    if 0 <= target < len(ordered):
        ordered[place], ordered[target] = ordered[target], ordered[place]
        for position, one in enumerate(ordered):
            one.position = position
        _touched(letter, "letter:move", key, actor=actor, now=now, step=1 if step > 0 else -1)
    return row


def add_block(letter: Letter, *, title: str, text: str, actor: Actor, now: datetime) -> LetterBlock:
    """Add a block of free text at the end; the very text added last is not added twice (a button pressed twice).

    Raises Refused (`title`, `text`).
    """
    _may(letter, actor)
    heading, words = validation.title(title, field="title"), validation.body(text, field="text")
    numbered = {int(row.key.rsplit("-", 1)[1]): row for row in letter.blocks if row.kind == FREE}
    free = sorted(numbered)
    last = numbered[free[-1]] if free else None
    if last is not None and (last.data.get("title"), last.edited_text) == (heading, words):
        return last
    if len(free) >= FREE_BLOCKS_MAX:
        raise Refused(gettext("Une lettre a %(n)s passages libres au plus.", n=FREE_BLOCKS_MAX), field="title")
    row = LetterBlock(
        key=f"libre-{max(free, default=0) + 1}", kind=FREE,
        position=max((one.position for one in letter.blocks), default=-1) + 1, source={},
        data={"title": heading}, edited_text=words, hidden=False, audience="all",
    )  # fmt: skip
    letter.blocks.append(row)
    _touched(letter, "letter:add", row.key, actor=actor, now=now)
    return row


def remove_block(letter: Letter, key: str, *, actor: Actor, now: datetime) -> None:
    """Take a free block out for good; those made from data are hidden instead."""
    _may(letter, actor)
    row = _block(letter, key)
    if row.kind != FREE:
        raise Refused(gettext("Ce passage vient des données : masquez-le plutôt."))
    letter.blocks.remove(row)
    _touched(letter, "letter:remove", key, actor=actor, now=now)
