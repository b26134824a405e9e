"""What people ask about the data kept of them, and the answers (a month to give one)."""

from __future__ import annotations

from datetime import date, datetime

from flask_babel import gettext
from sqlalchemy import select

from tracker import validation
from tracker.enums import RequestKind, RequestState
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db
from tracker.models import DataRequest, User
from tracker.permissions import Permission, require
from tracker.progress.days import add_months
from tracker.records import Actor, paris_day
from tracker.services import history

TEXT_MAX = 2000


def ask(kind: RequestKind, text: str, *, actor: Actor, now: datetime) -> DataRequest:
    """Ask for one's own erasure or a correction. Raises Refused, Conflict when one of that kind waits."""
    require(actor, Permission.ACCOUNT_OWN)
    told = validation.text(text, field="text", limit=TEXT_MAX, required=kind is RequestKind.CORRECTION)
    waiting = _waiting(actor.id, kind)
    if waiting is not None:
        if _is_twin(waiting, told, now):
            return waiting
        raise Conflict(gettext("Votre demande est déjà enregistrée : elle attend sa réponse."))
    row = DataRequest(
        user_id=actor.id, kind=kind, text=told, made_at=now, due_on=add_months(paris_day(now), 1)
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    _trace(row, "request:make", actor, now)
    return row


def record(
    user_id: int, kind: RequestKind, text: str, *, received_on: date, actor: Actor, now: datetime
) -> DataRequest:
    """Write down what somebody asked on paper, or without an account any more: due a month after it was received.

    Raises Forbidden, NotFound, Conflict, Refused.
    """
    require(actor, Permission.PERSON_ERASE)
    told = validation.text(text, field="text", limit=TEXT_MAX, required=kind is RequestKind.CORRECTION)
    validation.project_date(received_on, field="received_on")
    if received_on > paris_day(now):
        raise Refused(gettext("Ce jour est à venir : donnez celui où la demande est arrivée."), field="received_on")
    person = db.session.get(User, user_id)
    if person is None or person.erased_at is not None or person.merged_into_id is not None:
        raise NotFound(gettext("Cette personne n'existe pas."))
    waiting = _waiting(user_id, kind)
    if waiting is not None:
        if _is_twin(waiting, told, now) and waiting.received_on == received_on:
            return waiting
        raise Conflict(gettext("Une demande de cette personne, pour la même chose, attend déjà sa réponse."))
    row = DataRequest(
        user_id=user_id, kind=kind, text=told, made_at=now, received_on=received_on, due_on=add_months(received_on, 1)
    )
    db.session.add(row)
    db.session.flush()
    _trace(row, "request:record", actor, now)
    return row


def _waiting(user_id: int, kind: RequestKind) -> DataRequest | None:
    return db.session.scalars(
        select(DataRequest)
        .where(DataRequest.user_id == user_id, DataRequest.kind == kind, DataRequest.state == RequestState.OPEN)
        .limit(1)
    ).first()


def _is_twin(row: DataRequest, told: str, now: datetime) -> bool:
    """Whether this is the request that was just made, sent by a button pressed twice."""
    return row.text == told and history.is_recent(row.made_at, now)


def answer(request_id: int, text: str, *, granted: bool, actor: Actor, now: datetime) -> DataRequest:
    """Say what was done, or why not. Raises Forbidden, NotFound, Conflict, Refused."""
    require(actor, Permission.PERSON_ERASE)
    row = db.session.get(DataRequest, request_id, with_for_update=True)
    if row is None:
        raise NotFound(gettext("Cette demande n'existe pas."))
    if row.state is not RequestState.OPEN:
        raise Conflict(gettext("Cette demande a déjà sa réponse."))
    if granted and len(text.split()) < 3:
        raise Refused(gettext("Dites ce qui a été fait, en une phrase d'au moins trois mots."), field="answer")
    row.answer = validation.reason(text, field="answer")
    row.state = RequestState.DONE if granted else RequestState.REFUSED
    row.handled_by_id, row.handled_at = actor.id, now
    _trace(row, "request:answer", actor, now)
    return row


def _trace(row: DataRequest, verb: str, actor: Actor, now: datetime) -> None:
    history.record(
        actor=actor, now=now, verb=verb, subject="data_request", subject_id=row.id, programme_id=None,
        changes={"kind": row.kind.value, "state": row.state.value},
    )  # fmt: skip
    db.session.flush()
