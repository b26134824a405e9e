"""The bon à tirer, and publication: numbered, frozen, never changed again."""

from __future__ import annotations

from datetime import date, datetime

from flask_babel import gettext
from sqlalchemy import select

from tracker import validation, workflow
from tracker.enums import FrozenKind, LetterState
from tracker.errors import Conflict, ContentMoved, Refused
from tracker.extensions import db
from tracker.letters import SCHEMA_VERSION, canonical, digest
from tracker.models import Frozen, Letter, Proofreading
from tracker.permissions import Permission, require
from tracker.records import Actor, paris_day
from tracker.services import counters
from tracker.services.letters.composing import (
    apply,
    check_open,
    compose_now,
    kept_title,
    moved_blocks,
    preview_content,
    project_of,
    trace,
)


def approve(letter: Letter, name: str, on: date, *, actor: Actor, now: datetime, revision: int | None = None) -> Letter:
    """Note who gave the bon à tirer, and when; `revision` is that of the page on which it was noted.

    Raises Refused (`name`, `on`), Conflict, IllegalTransition.
    """
    require(actor, Permission.LETTER_EDIT, letter)
    check_open(letter)
    if revision is not None and revision != letter.revision:
        raise Conflict(gettext("La lettre a changé pendant ce temps : relisez-la avant de noter le bon à tirer."))
    given_by = validation.person_name(name)
    if on > paris_day(now):
        raise Refused(gettext("Cette date est à venir : notez-la une fois le bon à tirer donné."), field="on")
    asked = db.session.scalar(select(Proofreading.asked_at).where(Proofreading.letter_id == letter.id).limit(1))
    if asked is not None and on < paris_day(asked):
        raise Refused(gettext("Cette date est avant l'envoi en relecture."), field="on")
    workflow.check_letter_move(letter.state, LetterState.APPROVED)
    letter.state = LetterState.APPROVED
    letter.approved_by, letter.approved_on = given_by, on
    letter.revision += 1
    db.session.flush()
    trace(letter, "letter:approve", actor=actor, now=now, by=given_by, on=on.isoformat())
    return letter


def reopen(letter: Letter, *, actor: Actor, now: datetime) -> Letter:
    """Take a letter back to the draft; the bon à tirer, if given, is withdrawn."""
    require(actor, Permission.LETTER_EDIT, letter)
    check_open(letter)
    workflow.check_letter_move(letter.state, LetterState.DRAFT)
    letter.state = LetterState.DRAFT
    letter.approved_by, letter.approved_on = "", None
    letter.revision += 1
    db.session.flush()
    trace(letter, "letter:reopen", actor=actor, now=now)
    return letter


def publish(
    letter: Letter, *, actor: Actor, now: datetime, is_public: bool | None = None, revision: int | None = None
) -> Letter:
    """Publish to the page and the archive: the figures are those known now, and nothing changes any more.

    Raises Forbidden, Conflict, IllegalTransition without bon à tirer, Refused for an older quarter than the last one,
    ContentMoved when the data no longer tells what the bon à tirer was given on: see `back_to_reading`.
    """
    require(actor, Permission.LETTER_PUBLISH, letter)
    check_open(letter)
    if revision is not None and revision != letter.revision:
        raise Conflict(gettext("La lettre a changé depuis cet aperçu : relisez-la avant de la publier."))
    if letter.state not in {LetterState.APPROVED, LetterState.SCHEDULED}:
        workflow.check_letter_move(letter.state, LetterState.SENT)
    composed = compose_now(project_of(letter.programme_id), letter.quarter, now=now)
    moved = moved_blocks(letter, composed)
    if moved:
        raise ContentMoved(gettext("La lettre n'est plus celle du bon à tirer : elle n'est pas publiée."), moved)
    number = counters.next_number("letter")
    content = canonical(preview_content(letter, composed, number=number))
    period = composed.facts.period
    frozen = Frozen(
        kind=FrozenKind.LETTER, programme_id=letter.programme_id, schema_version=SCHEMA_VERSION, as_of=period.until,
        known_at=now, content=content, sha256=digest(content), recorded_at=now,
    )  # fmt: skip
    db.session.add(frozen)
    db.session.flush()
    letter.number = number
    letter.title = kept_title(composed.facts.letter_name, number, letter.quarter)
    letter.as_of, letter.known_at, letter.provisional = period.until, now, period.provisional
    letter.published_at, letter.frozen_id = now, frozen.id
    if is_public is not None:
        letter.is_public = is_public
    letter.revision += 1
    letter.blocks = []  # the frozen content is the only truth from now on
    db.session.flush()
    trace(letter, "letter:publish", actor=actor, now=now, number=number, sha256=frozen.sha256)
    return letter


def back_to_reading(letter: Letter, *, actor: Actor, now: datetime) -> Letter:
    """Refresh an approved letter whose data moved: it is to be read again, and its bon à tirer no longer stands."""
    require(actor, Permission.LETTER_PUBLISH, letter)
    check_open(letter)
    composed = compose_now(project_of(letter.programme_id), letter.quarter, now=now)
    moved = moved_blocks(letter, composed)
    for step in (LetterState.DRAFT, LetterState.TO_APPROVE):
        workflow.check_letter_move(letter.state, step)
        letter.state = step
    letter.approved_by, letter.approved_on = "", None
    letter.revision += 1
    apply(letter, composed)
    db.session.flush()
    trace(letter, "letter:refresh", actor=actor, now=now, moved=list(moved))
    return letter


def set_public(letter: Letter, is_public: bool, *, actor: Actor, now: datetime) -> Letter:
    """Open a letter to visitors without account, or close it to them: its content does not change."""
    require(actor, Permission.LETTER_PUBLISH, letter)
    if letter.is_public != is_public:
        letter.is_public = is_public
        letter.revision += 1
        db.session.flush()
        trace(letter, "letter:access", actor=actor, now=now, public=[not is_public, is_public])
    return letter
