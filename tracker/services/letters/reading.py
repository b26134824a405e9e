"""Proofreading: a draft sent to people by name, and what they say of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flask import current_app
from flask_babel import gettext
from sqlalchemy import select

from tracker import validation, workflow
from tracker.enums import LetterState
from tracker.errors import Forbidden, Refused
from tracker.extensions import db
from tracker.models import Letter, OutboxMessage, Programme, Proofreading, User
from tracker.permissions import Permission, require
from tracker.records import Actor
from tracker.services import history
from tracker.services.letters.composing import check_open, check_writable, trace

MAIL_KIND = "letter_proofreading"
ID_MAX = 2**31 - 1


def ask_proofreading(
    letter: Letter, user_ids: Iterable[int], *, actor: Actor, now: datetime, notify: bool = True
) -> list[Proofreading]:
    """Ask people to read the draft; those with an e-mail are told, the others see it at its address.

    Somebody asked again may answer again. Raises Refused (`readers`), Conflict, IllegalTransition.
    """
    require(actor, Permission.LETTER_EDIT, letter)
    check_writable(letter)
    wanted = sorted(set(user_ids))
    keys = [key for key in wanted if 0 < key <= ID_MAX]
    people = list(db.session.scalars(select(User).where(User.id.in_(keys), User.is_active.is_(True))))
    if not people or len(people) != len(wanted):
        raise Refused(gettext("Choisissez au moins une personne de la liste."), field="readers")
    asked = [db.session.get(Proofreading, (letter.id, person.id)) for person in people]
    recent = [row for row in asked if row and row.answered_at is None and history.is_recent(row.asked_at, now)]
    if letter.state is LetterState.TO_APPROVE and len(recent) == len(people):
        return recent  # the button pressed twice: one mail each
    if letter.state is not LetterState.TO_APPROVE:
        workflow.check_letter_move(letter.state, LetterState.TO_APPROVE)
        letter.state = LetterState.TO_APPROVE
    letter.revision += 1
    rows = []
    for person in people:
        row = db.session.get(Proofreading, (letter.id, person.id))
        if row is None:
            row = Proofreading(letter_id=letter.id, user_id=person.id, asked_at=now)
            db.session.add(row)
        row.asked_at, row.answered_at = now, None
        rows.append(row)
        if notify and person.email:
            queue_request(letter, person, now)
    db.session.flush()
    trace(letter, "letter:proofread", actor=actor, now=now, readers=[person.id for person in people])
    return rows


def queue_request(letter: Letter, person: User, now: datetime) -> None:
    """One message per person and version of the draft."""
    key = f"{MAIL_KIND}:{letter.id}:{letter.revision}:{person.id}"
    slug = db.session.scalar(select(Programme.slug).where(Programme.id == letter.programme_id))
    db.session.add(
        OutboxMessage(
            dedupe_key=key, user_id=person.id, address=person.email or "", kind=MAIL_KIND, source_id=letter.id,
            params={"quarter": letter.quarter, "project": slug}, not_before=now, queued_at=now,
        )
    )  # fmt: skip


def request_mail(row: OutboxMessage) -> tuple[str, str] | None:
    """Subject and text of the request; None once the letter is published or withdrawn from reading, once the person
    has answered or left, or once a later version was sent for reading."""
    letter = db.session.get(Letter, row.source_id)
    person = db.session.get(User, row.user_id)
    asked = db.session.get(Proofreading, (row.source_id, row.user_id))
    if letter is None or letter.published_at is not None or person is None or not person.is_active:
        return None
    if asked is None or asked.answered_at is not None or asked.asked_at > row.queued_at:
        return None
    path = current_app.url_map.bind("").build(
        "letters.proofread", {"quarter": row.params["quarter"], "projet": row.params["project"]}
    )
    text = gettext(
        "Bonjour,\n\n"
        "On vous demande de relire « %(title)s » avant sa publication. Lisez le brouillon et laissez votre remarque "
        "à cette adresse :\n\n%(address)s\n\n"
        "Si tout vous convient, envoyez votre relecture sans remarque.\n\n"
        "%(site)s\n",
        title=letter.title, address=f"{current_app.config['BASE_URL']}{path}", site=current_app.config["SITE_NAME"],
    )  # fmt: skip
    return gettext("À relire : %(title)s", title=letter.title), text


def leave_remark(letter: Letter, text: str, *, actor: Actor, now: datetime) -> Proofreading:
    """Say what one thinks of a draft one was asked to read; an empty remark says that all is well.

    Raises Forbidden when the person was not asked.
    """
    require(actor, Permission.LETTER_PROOFREAD, letter)
    check_open(letter)
    row = db.session.get(Proofreading, (letter.id, actor.id), populate_existing=True)
    if row is None:
        raise Forbidden(gettext("Cette lettre ne vous a pas été donnée à relire."))
    row.remark = validation.text(text, field="remark", limit=validation.REASON_MAX, required=False)
    row.answered_at = now
    db.session.flush()
    trace(letter, "letter:remark", actor=actor, now=now)
    return row
