"""Composing a letter from the data, and composing it again without losing what the editor made of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from tracker import filters
from tracker.enums import LetterState
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import FRENCH, db, speaking
from tracker.letters import Block, Facts, Period, Quarter, canonical, compose, content_of, letter_title
from tracker.models import Letter, LetterBlock
from tracker.permissions import Permission, require
from tracker.queries import letter_facts, letters, projects
from tracker.queries.projects import ProjectRecord
from tracker.records import Actor, paris_day
from tracker.services import history


@dataclass(frozen=True, slots=True)
class Composed:
    """The facts of a quarter and the blocks made of them, before the editor's hand."""

    facts: Facts
    blocks: tuple[Block, ...]


def locked(letter_id: int) -> Letter:
    """The letter as it is now, locked. Raises NotFound."""
    letter: Letter | None = db.session.scalar(
        select(Letter).where(Letter.id == letter_id).with_for_update().execution_options(populate_existing=True)
    )
    if letter is None:
        raise NotFound(gettext("Cette lettre n'existe pas."))
    return letter


def get(programme_id: int, quarter: str) -> Letter | None:
    """The letter of a quarter, written or published."""
    return db.session.scalar(select(Letter).where(Letter.programme_id == programme_id, Letter.quarter == quarter))


def check_open(letter: Letter) -> None:
    """Raise Conflict when the letter is published: it never changes any more."""
    if letter.published_at is not None:
        raise Conflict(gettext("Cette lettre est publiée : elle ne change plus."))


def check_writable(letter: Letter) -> None:
    """Raise Conflict when the letter is published, or approved and not reopened."""
    check_open(letter)
    if letter.state not in {LetterState.DRAFT, LetterState.TO_APPROVE}:
        raise Conflict(gettext("Le bon à tirer est donné : reprenez d'abord la lettre pour la modifier."))


def project_of(programme_id: int) -> ProjectRecord:
    """The project as it is in this transaction. Raises NotFound."""
    try:
        return projects.frame().by_id(programme_id)
    except KeyError as error:
        raise NotFound(gettext("Ce projet n'existe pas.")) from error


def compose_now(project: ProjectRecord, quarter: str, *, now: datetime) -> Composed:
    """The letter of a quarter as the data tells it at `now`. Reads only.

    Raises Refused when there is nothing to tell yet, or no more.
    """
    wanted = Quarter.parse(quarter)
    today = paris_day(now)
    first = max(wanted.first_day, project.starts_on)
    if wanted.last_day < project.starts_on or wanted.first_day > project.ends_on:
        raise Refused(gettext("Ce trimestre n'est pas dans la durée du projet."), field="quarter")
    if today < first:
        raise Refused(gettext("Ce trimestre n'a pas commencé."), field="quarter")
    last = letters.last_published_quarter(project.id)
    if last is not None and last >= str(wanted):
        raise Refused(
            gettext(
                "La lettre du %(last)s est déjà publiée : les lettres se suivent dans l'ordre des trimestres.",
                last=filters.quarter_words(last),
            ),
            field="quarter",
        )
    previous = letters.previous_published(project.id, str(wanted))
    period = Period(
        quarter=str(wanted),
        after=previous.as_of if previous else project.starts_on - timedelta(days=1),
        until=min(wanted.last_day, today),
        known_at=now,
        provisional=today < wanted.last_day,
        previous_number=previous.number if previous else None,
        previous_known_at=previous.known_at if previous else None,
    )
    facts = letter_facts.facts(project, period=period, opening=previous.closing if previous else None)
    return Composed(facts, compose(facts))


def kept_title(name: str, number: int | None, quarter: str) -> str:
    """The title of a letter as it is kept: in French, whoever writes it."""
    with speaking(FRENCH):
        return letter_title(name, number, quarter)


def build(programme_id: int, quarter: str, *, actor: Actor | None, now: datetime) -> Letter:
    """Compose the letter of a quarter, or compose it again: the editor's texts, order and free blocks stay.

    `actor` is None for a command of the operator. Raises Forbidden, Refused, Conflict.
    """
    project = project_of(programme_id)
    if actor is not None:
        require(actor, Permission.LETTER_EDIT, project)
    name = str(Quarter.parse(quarter))
    letter = get(programme_id, name)
    if letter is not None:
        check_writable(letter)
    composed = compose_now(project, name, now=now)
    period = composed.facts.period
    made = letter is None
    if letter is None:
        letter = Letter(
            programme_id=programme_id, quarter=name, title=kept_title(project.letter_name, None, name),
            state=LetterState.DRAFT, as_of=period.until, known_at=now, is_public=project.letters_public, revision=1,
        )  # fmt: skip
        db.session.add(letter)
    else:
        letter.revision += 1
    apply(letter, composed)
    db.session.flush()
    trace(letter, "letter:build" if made else "letter:refresh", actor=actor, now=now)
    return letter


def apply(letter: Letter, composed: Composed) -> None:
    """Put fresh data under the blocks, in the order and with the texts that the editor gave them."""
    period = composed.facts.period
    letter.as_of, letter.known_at, letter.provisional = period.until, period.known_at, period.provisional
    present = {block.key: block for block in letter.blocks}
    for position, fresh in enumerate(composed.blocks):
        row = present.get(fresh.key)
        if row is None:
            # a kind of block added since to the product takes its usual place
            letter.blocks.append(
                LetterBlock(
                    key=fresh.key, kind=fresh.kind, position=position, source=fresh.source, data=fresh.data,
                    hidden=False, audience=fresh.audience,
                )
            )  # fmt: skip
            continue
        kept = {"rewritten_over": row.source["rewritten_over"]} if "rewritten_over" in row.source else {}
        row.source, row.data = {**fresh.source, **kept}, fresh.data


def in_order(letter: Letter) -> list[LetterBlock]:
    return sorted(letter.blocks, key=lambda row: (row.position, row.id or 0))


def edited_blocks(letter: Letter, composed: Composed | None = None) -> tuple[Block, ...]:
    """The letter's blocks in the editor's order, with the data of `composed` instead of their own when given."""
    fresh = {} if composed is None else {block.key: block for block in composed.blocks}
    found = []
    for row in in_order(letter):
        block = Block(row.key, row.kind, row.source, row.data, row.edited_text, row.hidden, row.audience)
        if row.key in fresh:
            block = replace(block, source=fresh[row.key].source, data=fresh[row.key].data)
        found.append(block)
    return tuple(found)


def moved_blocks(letter: Letter, composed: Composed) -> tuple[str, ...]:
    """The blocks that would not be published as they stand in the draft; when they were fetched does not count."""
    stored = {block.key: block.data for block in letter.blocks}
    return tuple(
        fresh.key
        for fresh in composed.blocks
        if fresh.key in stored and canonical(stored[fresh.key]) != canonical(fresh.data)
    )


def preview_content(letter: Letter, composed: Composed, *, number: int | None = None) -> dict[str, Any]:
    """What would be frozen if the letter were published with these facts."""
    facts = composed.facts
    return content_of(
        facts,
        edited_blocks(letter, composed),
        title=kept_title(facts.letter_name, number, letter.quarter),
        number=number,
    )


def trace(letter: Letter, verb: str, *, actor: Actor | None, now: datetime, **changes: Any) -> None:
    history.record(
        actor=actor, now=now, verb=verb, subject="letter", subject_id=letter.id, programme_id=letter.programme_id,
        changes={"quarter": letter.quarter, **changes},
    )  # fmt: skip
    db.session.flush()
