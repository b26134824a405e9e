"""A line of the register left in doubt, and the person known whom the manager says it is."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext
from sqlalchemy import select

from tracker.enums import CodeChannel, RunState
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db
from tracker.models import Matricule, RegisterRun, User
from tracker.permissions import Permission, require
from tracker.records import Actor
from tracker.services import activation, history, register


def recognise(run_id: int, *, line: int, user_id: int, actor: Actor, now: datetime) -> User:
    """Give a person known the register number of a line (without one, its address): later imports know them by it.

    Raises Forbidden, NotFound, Conflict, Refused.
    """
    require(actor, Permission.PERSON_EDIT)
    run = db.session.get(RegisterRun, run_id, populate_existing=True)
    if run is None:
        raise NotFound(gettext("Cet import n'existe pas."))
    if run.state is not RunState.READ:
        raise Conflict(gettext("Cet import est déjà confirmé."))
    doubts = register.preview_lines(run.mapping["key"], "ambiguous")
    told = next((one for one in doubts if one["line"] == line and one.get("namesakes")), None)
    person = db.session.get(User, user_id, populate_existing=True)
    if told is None or person is None or user_id not in {known for known, _words in told["namesakes"]}:
        raise NotFound(gettext("Cette ligne n'est plus en doute : revoyez l'import."))
    if person.erased_at is not None or person.merged_into_id is not None:
        raise NotFound(gettext("Cette personne n'existe pas."))
    changes: dict[str, list[object]] = {}
    if told["numbers"]:
        changes["number"] = ["", ", ".join(number for _employer, number in told["numbers"])]
        for entity_id, number in told["numbers"]:
            _give_number(person, entity_id, number)
    else:
        changes["email"] = [person.email, told["email"]]
        _give_address(person, told["email"], now)
    history.record(
        actor=actor, now=now, verb="register:recognise", subject="user", subject_id=person.id, programme_id=None,
        changes={**changes, "register_run": run_id},
    )  # fmt: skip
    db.session.flush()
    return person


def _give_number(person: User, entity_id: int, number: str) -> None:
    known = db.session.get(Matricule, (entity_id, number))
    if known is not None and known.user_id != person.id:
        login = db.session.scalar(select(User.login).where(User.id == known.user_id))
        raise Refused(gettext("Ce matricule est celui d'une autre personne (%(login)s).", login=login))
    if known is None:
        db.session.add(Matricule(entity_id=entity_id, number=number, user_id=person.id))


def _give_address(person: User, email: str, now: datetime) -> None:
    login = db.session.scalar(select(User.login).where(User.email == email, User.id != person.id))
    if login is not None:
        raise Refused(gettext("Cette adresse est celle d'une autre personne (%(login)s).", login=login))
    person.email = email
    activation.revoke([person.id], now=now, channel=CodeChannel.MAIL)  # a link may wait in the mailbox of before
