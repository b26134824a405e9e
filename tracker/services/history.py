"""The trace of every write by intent, and the revisions that tell caches that something changed (design 4.10, 4.12)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import Select, select, update

from tracker.errors import ProjectClosed
from tracker.extensions import db
from tracker.models import Event, Instance, Programme
from tracker.records import Actor

SEALED_LABEL = "nom non affiché"
TWICE = timedelta(minutes=2)  # the same form sent again within this time is a button pressed twice


def record(
    *,
    actor: Actor | None,
    now: datetime,
    verb: str,
    subject: str,
    subject_id: int,
    programme_id: int | None,
    changes: dict[str, Any] | None = None,
    sealed: bool = False,
    though_closed: bool = False,
    private: bool = False,
) -> None:
    """Append who did what, old → new; never called for a vote. Raises ProjectClosed.

    `sealed`: the actor's name is not displayed, so neither id nor label nor texts are kept. `programme_id` None means
    that the change is the instance's (people, roles, settings). `though_closed`: what remains a duty or a right once
    the project is closed (a text withdrawn, a person erased, what is kept no longer than said, reopening).
    `private`: on no page but those of the one who acts, which are never kept: everybody else's stay as they were made.
    """
    hidden = sealed or actor is None
    db.session.add(
        Event(
            at=now,
            programme_id=programme_id,
            actor_id=None if hidden or actor is None else actor.id,
            actor_label=SEALED_LABEL if sealed else ("" if actor is None else actor.name),
            verb=verb,
            subject=subject,
            subject_id=subject_id,
            changes={} if sealed else (changes or {}),
        )
    )
    if not private:
        bump(programme_id, though_closed=though_closed)
    elif programme_id is not None and not though_closed:
        check_open([programme_id])


def is_recent(at: datetime, now: datetime) -> bool:
    """Whether what was sent then and is sent again now is a button pressed twice."""
    return at > now - TWICE


def just_made(verb: str, *, actor: Actor, now: datetime) -> Select[int]:
    """The ids of what this person made by this act within `TWICE`."""
    return select(Event.subject_id).where(Event.verb == verb, Event.actor_id == actor.id, Event.at > now - TWICE)


def bump(programme_id: int | None, *, though_closed: bool = False) -> None:
    """Raise the revision of a project, or of the instance: every write goes through here.

    Raises ProjectClosed: a closed project is read, it changes no more.
    """
    if programme_id is None:
        db.session.execute(update(Instance).values(revision=Instance.revision + 1))
        return
    raised = update(Programme).where(Programme.id == programme_id).values(revision=Programme.revision + 1)
    if not though_closed:
        raised = raised.where(Programme.closed_at.is_(None))
    touched: Any = db.session.execute(raised)
    if touched.rowcount == 0:
        raise closed()


def check_open(programme_ids: Collection[int]) -> None:
    """Raise ProjectClosed when one of these projects is closed, before anything else is found wrong."""
    shut = select(Programme.id).where(Programme.id.in_(programme_ids), Programme.closed_at.is_not(None))
    if db.session.scalar(shut.limit(1)) is not None:
        raise closed()


def closed() -> ProjectClosed:
    """What anybody is told who would change something of a closed project."""
    return ProjectClosed(gettext("Ce projet est clos : il se lit, mais rien n'y change plus."))
