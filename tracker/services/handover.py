"""What somebody held goes to others in one act: groups led, actions piloted, studies, letters to read, roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask_babel import gettext
from sqlalchemy import or_, select

from tracker.enums import Role
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db
from tracker.models import Action, Letter, Proofreading, RoleGrant, User
from tracker.permissions import Permission, require
from tracker.queries import holdings
from tracker.queries.holdings import Held, HeldKind
from tracker.queries.reviews import HAND_OVER
from tracker.records import Actor, paris_day
from tracker.services import history, people
from tracker.services.letters import reading
from tracker.services.people import GrantInput

LONGEST = timedelta(days=366)  # how long ago, or ahead, a hand-over may begin


@dataclass(frozen=True, slots=True)
class HandOver:
    """Who takes what from which day; nobody where the successor is None."""

    user_id: int
    day: date
    successors: Mapping[str, int | None]  # by the key of what is held
    leaving: bool
    seen: str  # the mark of what the page showed


def hand_over(wanted: HandOver, *, actor: Actor, now: datetime) -> None:
    """Do it all, or nothing. Raises Forbidden, NotFound, Refused, Conflict when more or less is held by now.

    Roles change hands on the day; the rest has no dates and changes now.
    """
    require(actor, Permission.PERSON_EDIT)
    person = db.session.get(User, wanted.user_id, with_for_update=True, populate_existing=True)
    if person is None or person.erased_at is not None:
        raise NotFound(gettext("Cette personne n'existe pas."))
    today = paris_day(now)
    _check_day(wanted, today)
    held = holdings.of_person(wanted.user_id, today=today)
    if holdings.mark_of(held) != wanted.seen:
        raise Conflict(gettext("Ce que tient cette personne a changé entre-temps : relisez la page, puis recommencez."))
    takers = _takers(wanted)
    for one in held:
        taker = takers.get(wanted.successors.get(one.key) or 0)
        if one.kind is HeldKind.ROLE:
            _role(one, wanted, taker, actor, now)
    for one in held:  # once the roles are given: a study needs one
        taker = takers.get(wanted.successors.get(one.key) or 0)
        if one.kind is HeldKind.ACTION:
            _action(one, taker, actor, now)
        elif one.kind is HeldKind.STUDY:
            _study(one, wanted, taker, actor, now)
        elif one.kind is HeldKind.READING:
            _reading(one, wanted.user_id, taker, actor, now)
    history.record(
        actor=actor, now=now, verb="user:hand_over", subject="user", subject_id=wanted.user_id, programme_id=None,
        changes={"held": len(held), "day": wanted.day.isoformat()},
    )  # fmt: skip
    if wanted.leaving:
        people.set_active(user_id=wanted.user_id, active=False, actor=actor, now=now)
    db.session.flush()


def _check_day(wanted: HandOver, today: date) -> None:
    if abs(wanted.day - today) > LONGEST:
        raise Refused(gettext("Choisissez un jour à moins d'un an d'ici."), field="day")
    if wanted.leaving and wanted.day > today:
        raise Refused(
            gettext("Le compte est désactivé tout de suite : choisissez aujourd'hui ou un jour passé."), field="day"
        )


def _takers(wanted: HandOver) -> dict[int, User]:
    """The successors by id. Raises Refused for one who left, or who is the person."""
    ids = {key for key in wanted.successors.values() if key is not None}
    found = {row.id: row for row in db.session.scalars(select(User).where(User.id.in_(ids), User.is_active.is_(True)))}
    if wanted.user_id in ids:
        raise Refused(gettext("Choisissez une autre personne que celle qui part."), field="successor")
    if len(found) < len(ids):
        raise Refused(gettext("Une des personnes choisies ne travaille plus ici."), field="successor")
    return found


def _role(one: Held, wanted: HandOver, taker: User | None, actor: Actor, now: datetime) -> None:
    row = db.session.get_one(RoleGrant, one.id, populate_existing=True)
    if taker is not None:
        given = GrantInput(
            role=row.role, starts_on=max(wanted.day, row.starts_on), ends_on=row.ends_on,
            programme_id=row.programme_id, group_id=row.group_id, site_id=row.site_id,
        )  # fmt: skip
        if (given.ends_on is None or given.ends_on >= given.starts_on) and not people.holds(taker.id, given):
            people.grant(user_id=taker.id, given=given, actor=actor, now=now)
    people.end_grant(user_id=wanted.user_id, grant_id=one.id, actor=actor, now=now, day=wanted.day)


def _action(one: Held, taker: User | None, actor: Actor, now: datetime) -> None:
    row = db.session.get_one(Action, one.id, with_for_update=True)
    before, row.pilot_id = row.pilot_id, taker.id if taker else None
    history.record(
        actor=actor, now=now, verb="action:edit", subject="action", subject_id=row.id, programme_id=row.programme_id,
        changes={"pilot_id": [before, row.pilot_id]},
    )  # fmt: skip
    db.session.flush()


def _study(one: Held, wanted: HandOver, taker: User | None, actor: Actor, now: datetime) -> None:
    if taker is not None:
        _check_studies(one, taker, max(wanted.day, paris_day(now)))
    history.record(
        actor=actor, now=now, verb=HAND_OVER, subject="proposal", subject_id=one.id, programme_id=one.programme_id,
        changes={"from": wanted.user_id, "to": taker.id if taker else None},
    )  # fmt: skip
    db.session.flush()


def _check_studies(one: Held, taker: User, day: date) -> None:
    studies = select(RoleGrant.id).where(
        RoleGrant.user_id == taker.id, RoleGrant.role == Role.REVIEWER, RoleGrant.starts_on <= day,
        or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= day),
        or_(RoleGrant.programme_id.is_(None), RoleGrant.programme_id == one.programme_id),
    )  # fmt: skip
    if db.session.scalar(studies.limit(1)) is None:
        raise Refused(
            gettext(
                "%(name)s n'a pas le rôle de l'étude : transmettez-lui aussi ce rôle, ou laissez la proposition "
                "n° %(number)s sans personne.",
                name=taker.name, number=one.number,
            ),
            field="successor",
        )  # fmt: skip


def _reading(one: Held, user_id: int, taker: User | None, actor: Actor, now: datetime) -> None:
    """A letter that nobody else is asked to read no longer waits for this person; the successor is told by mail."""
    letter = db.session.get_one(Letter, one.id, with_for_update=True)
    db.session.delete(db.session.get_one(Proofreading, (letter.id, user_id)))
    if taker is not None and db.session.get(Proofreading, (letter.id, taker.id)) is None:
        letter.revision += 1  # the mail of this version must not be taken for one already sent
        db.session.add(Proofreading(letter_id=letter.id, user_id=taker.id, asked_at=now))
        if taker.email:
            reading.queue_request(letter, taker, now)
    history.record(
        actor=actor, now=now, verb="letter:hand_over", subject="letter", subject_id=letter.id,
        programme_id=letter.programme_id, changes={"reader": [user_id, taker.id if taker else None]},
    )  # fmt: skip
    db.session.flush()
