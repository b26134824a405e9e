"""What is erased once its time has come, without anybody asking: the durations are settings (`queries.notices`).

Names are erased only once a manager has confirmed the durations: they cannot be found again.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time

from sqlalchemy import Select, delete, func, or_, select, update

from tracker.enums import ProposalState, RequestState
from tracker.extensions import db
from tracker.models import (
    ActivationCode,
    Authorship,
    DataRequest,
    Event,
    Programme,
    Proposal,
    ProposalTransition,
    User,
)
from tracker.progress.days import add_months
from tracker.queries import notices, traces
from tracker.queries.activation import ALARM_VERB
from tracker.records import paris_day
from tracker.services import erasure, history

AT_ONCE = 50  # people in one transaction: others want to write too
SECURITY_VERBS = (ALARM_VERB, "code:print", "code:mail", "code:invite", "account:activate", "password:replace")


def _before(day: date, months: int) -> datetime:
    return datetime.combine(add_months(day, -months), time(), tzinfo=UTC)


def leavers(*, now: datetime) -> int:
    """Erase people who left long ago; how many, at most AT_ONCE."""
    if not notices.retention_is_confirmed():
        return 0
    limit = add_months(paris_day(now), -notices.retention().leavers)
    rows = db.session.scalars(
        select(User)
        .where(User.left_on < limit, User.erased_at.is_(None), User.is_active.is_(False))
        .order_by(User.id)
        .limit(AT_ONCE)
    ).all()
    for person in rows:
        erasure.forget(person, traces.names_of(person), now=now)
        history.record(
            actor=None, now=now, verb="user:erase", subject="user", subject_id=person.id, programme_id=None
        )  # fmt: skip
    db.session.flush()
    return len(rows)


def authors(*, now: datetime) -> int:
    """Put a row without name in the place of each author of projects that ended long ago; how many people.

    One row for each person and project, so that distinct people stay as many; in shuffled order, so that the new
    numbers tell nothing of the old ones.
    """
    if not notices.retention_is_confirmed():
        return 0
    limit = add_months(paris_day(now), -notices.retention().authors)
    ended = db.session.scalars(select(Programme.id).where(Programme.ends_on < limit).order_by(Programme.id)).all()
    count = 0
    for programme_id in ended:
        of_project = select(Proposal.id).where(Proposal.programme_id == programme_id)
        unnamed = _unlink(of_project, now) + _unname(of_project)
        if unnamed:  # a project that ended long ago is closed as a rule: its names go all the same
            history.bump(programme_id, though_closed=True)
        count += unnamed
        if count >= AT_ONCE:
            break
    return count


def _unlink(of_project: Select[int], now: datetime) -> int:
    people = list(
        db.session.scalars(
            select(Authorship.user_id)
            .join(User, User.id == Authorship.user_id)
            .where(Authorship.proposal_id.in_(of_project), ~User.login.startswith("auteur-"))
            .distinct()
            .order_by(Authorship.user_id)
            .limit(AT_ONCE)
        )
    )
    random.SystemRandom().shuffle(people)
    for person_id in people:
        stand_in = User(
            login=f"auteur-{random.SystemRandom().getrandbits(60):x}", first_name="", last_name=erasure.NO_NAME,
            is_active=False, created_at=now, erased_at=now, left_on=paris_day(now),
        )  # fmt: skip
        db.session.add(stand_in)
        db.session.flush()
        db.session.execute(
            update(Authorship)
            .where(Authorship.user_id == person_id, Authorship.proposal_id.in_(of_project))
            .values(user_id=stand_in.id, thanks_consent=False, accepted_at=None)
        )
        db.session.execute(
            update(Event)
            .where(Event.actor_id == person_id, Event.subject == "proposal", Event.subject_id.in_(of_project))
            .values(actor_id=None, actor_label="")
        )
    return len(people)


def _unname(of_project: Select[int]) -> int:
    """Names typed of a workshop: the same one stays the same person."""
    rows = db.session.scalars(
        select(Authorship).where(
            Authorship.proposal_id.in_(of_project), Authorship.name.is_not(None),
            ~Authorship.name.startswith(erasure.NO_NAME),
        )
    ).all()  # fmt: skip
    first: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: row.id):
        number = first.setdefault(row.name or "", row.id)
        row.name, row.thanks_consent = f"{erasure.NO_NAME} {number}", False
    db.session.flush()
    return len(first)


def rest(*, now: datetime) -> int:
    """Delete old traces of security, old drafts, and the words of requests answered long ago; how many rows."""
    kept, today = notices.retention(), paris_day(now)
    before = _before(today, kept.security)
    codes = db.session.execute(
        delete(ActivationCode).where(
            func.coalesce(ActivationCode.used_at, ActivationCode.revoked_at, ActivationCode.expires_at) < before,
        )
    )
    told = db.session.execute(delete(Event).where(Event.verb.in_(SECURITY_VERBS), Event.at < before))
    words = db.session.execute(
        update(DataRequest)
        .where(
            DataRequest.state != RequestState.OPEN,
            DataRequest.handled_at < _before(today, kept.requests),
            or_(DataRequest.text != "", DataRequest.answer != ""),
        )
        .values(text="", answer="")
    )
    drafts = _old_drafts(add_months(today, -kept.drafts))
    erasure.discard(drafts)
    return int(codes.rowcount + told.rowcount + words.rowcount + len(drafts))  # type: ignore[attr-defined]


def _old_drafts(limit: date) -> list[int]:
    """Drafts never sent that nobody has written in since then."""
    sent = select(ProposalTransition.id).where(ProposalTransition.proposal_id == Proposal.id).exists()
    touched = select(Event.id).where(
        Event.subject == "proposal", Event.subject_id == Proposal.id,
        Event.at >= datetime.combine(limit, time(), tzinfo=UTC),
    )  # fmt: skip
    return list(
        db.session.scalars(
            select(Proposal.id).where(
                Proposal.state == ProposalState.DRAFT, Proposal.created_on < limit, ~sent, ~touched.exists()
            )
        )
    )
