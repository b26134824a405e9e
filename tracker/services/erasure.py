"""Erasing a person: the row stays as a number, so that figures do not move; what tells who it was is gone.

Frozen letters refer to people and keep their hash. Texts that others typed are not touched: `traces.mentions` lists
them, to be corrected or withdrawn by two people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import String, cast, delete, func, or_, select, update

from tracker.enums import ProposalState, RequestState
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db
from tracker.models import (
    Action,
    ActivationCode,
    Authorship,
    DataRequest,
    Event,
    Follow,
    Letter,
    Matricule,
    OutboxMessage,
    Programme,
    Proofreading,
    Proposal,
    ProposalTransition,
    ProposalVersion,
    RecoveryCode,
    RoleGrant,
    SecondFactor,
    User,
    UserSession,
    proposal_entity,
)
from tracker.permissions import Permission, require
from tracker.queries import traces
from tracker.queries.traces import Mention, Names
from tracker.records import Actor, paris_day
from tracker.search import fold
from tracker.services import history
from tracker.services.people import refuse_last_manager
from tracker.services.redactions import walk

NO_NAME = "nom effacé"
ERASED_NAME = "Personne effacée"


@dataclass(frozen=True, slots=True)
class Preview:
    """What erasing somebody will do, counted, and the texts that will still name them."""

    user_id: int
    name: str
    login: str
    counts: tuple[tuple[str, int], ...]
    mentions: tuple[Mention, ...]


def _person(user_id: int) -> User:
    person = db.session.get(User, user_id, with_for_update=True)
    if person is None:
        raise NotFound(gettext("Cette personne n'existe pas."))
    if person.erased_at is not None:
        raise Conflict(gettext("Cette personne est déjà effacée."))
    return person


def preview(user_id: int, *, actor: Actor) -> Preview:
    """What would be erased, and where texts name the person. Raises Forbidden, NotFound, Conflict."""
    require(actor, Permission.PERSON_ERASE)
    person = _person(user_id)

    shown = Authorship.sealed.is_(False)

    def count(model: type, *where: Any) -> int:
        return db.session.scalar(select(func.count()).select_from(model).where(*where)) or 0

    counts = (
        # only where the name is shown: a count must not tell of the others
        (gettext("propositions dont le nom s'efface"), count(Authorship, Authorship.user_id == user_id, shown)),
        (gettext("brouillons supprimés"), len(_drafts(user_id))),
        (gettext("suivis supprimés"), count(Follow, Follow.user_id == user_id)),
        (gettext("visites supprimées"), count(UserSession, UserSession.user_id == user_id)),
        (gettext("rôles terminés"), count(RoleGrant, RoleGrant.user_id == user_id)),
        (gettext("actions qui n'auront plus de pilote"), count(Action, Action.pilot_id == user_id)),
        (gettext("courriels dont l'adresse s'efface"), count(OutboxMessage, OutboxMessage.user_id == user_id)),
    )
    return Preview(user_id, person.name, person.login, counts, traces.mentions(traces.names_of(person)))


def erase(user_id: int, *, typed_login: str, actor: Actor, now: datetime) -> tuple[Mention, ...]:
    """Erase somebody, their login typed as a confirmation; the texts that still name them.

    Raises Forbidden, NotFound, Conflict, Refused.
    """
    require(actor, Permission.PERSON_ERASE)
    person = _person(user_id)
    if typed_login.strip() != person.login:
        raise Refused(gettext("Ce n'est pas l'identifiant de cette personne : rien n'a été effacé."), field="login")
    if person.id == actor.id:
        raise Refused(gettext("Vous ne pouvez pas vous effacer : demandez-le à un·e autre gestionnaire."))
    refuse_last_manager(user_id, now)
    names = traces.names_of(person)
    forget(person, names, now=now)
    history.record(
        actor=actor, now=now, verb="user:erase", subject="user", subject_id=user_id, programme_id=None
    )  # fmt: skip
    db.session.flush()
    return traces.mentions(names)


def forget(person: User, names: Names, *, now: datetime) -> None:
    """Take out of every table what tells who this row was."""
    for model in (UserSession, ActivationCode, SecondFactor, RecoveryCode, Follow, Matricule):
        db.session.execute(delete(model).where(model.user_id == person.id))
    db.session.execute(update(ActivationCode).where(ActivationCode.made_by_id == person.id).values(made_by_id=None))
    _end_grants(person, now)
    db.session.execute(update(Action).where(Action.pilot_id == person.id).values(pilot_id=None))
    discard(_drafts(person.id))
    db.session.execute(update(Authorship).where(Authorship.user_id == person.id).values(thanks_consent=False))
    _forget_typed_names(person, names)
    db.session.execute(update(Letter).where(Letter.approved_by.in_(names.whole)).values(approved_by=NO_NAME))
    db.session.execute(update(Proofreading).where(Proofreading.user_id == person.id).values(remark=""))
    _forget_mails(person)
    db.session.execute(
        update(DataRequest).where(DataRequest.user_id == person.id).values(text="", answer="")
    )  # fmt: skip
    db.session.execute(
        update(DataRequest)
        .where(DataRequest.user_id == person.id, DataRequest.state == RequestState.OPEN)
        .values(state=RequestState.DONE, handled_at=now)
    )
    _forget_events(person, names)
    person.login, person.email, person.password_hash = f"efface-{person.id}", None, None
    person.first_name, person.last_name = "", ERASED_NAME
    person.issuer = person.subject = person.locale = None
    person.merged_names = []
    person.password_changed_at = person.last_visit_at = person.previous_visit_at = None
    person.department_id = person.site_id = None
    person.is_active, person.erased_at = False, now
    person.left_on = person.left_on or paris_day(now)
    db.session.flush()
    history.bump(None)
    _bump_projects()


def _bump_projects() -> None:
    """A name may stand on the pages of any project."""
    db.session.execute(update(Programme).values(revision=Programme.revision + 1))


def _end_grants(person: User, now: datetime) -> None:
    today = paris_day(now)
    mine = RoleGrant.user_id == person.id
    db.session.execute(delete(RoleGrant).where(mine, RoleGrant.starts_on > today))
    db.session.execute(
        update(RoleGrant).where(mine, or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on > today)).values(ends_on=today)
    )


def _drafts(user_id: int) -> list[int]:
    """Their drafts that were never sent: nobody else has read them."""
    sent = select(ProposalTransition.proposal_id).where(ProposalTransition.proposal_id == Proposal.id)
    return list(
        db.session.scalars(
            select(Proposal.id)
            .join(Authorship, Authorship.proposal_id == Proposal.id)
            .where(Authorship.user_id == user_id, Proposal.state == ProposalState.DRAFT, ~sent.exists())
        )
    )


def discard(ids: list[int]) -> None:
    """Delete drafts that were never sent."""
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        db.session.execute(delete(proposal_entity).where(proposal_entity.c.proposal_id.in_(some)))
        db.session.execute(delete(ProposalVersion).where(ProposalVersion.proposal_id.in_(some)))
        db.session.execute(delete(Authorship).where(Authorship.proposal_id.in_(some)))
        db.session.execute(delete(Proposal).where(Proposal.id.in_(some)))


def _forget_typed_names(person: User, names: Names) -> None:
    """Names typed of a workshop: the same person stays one person, without a name."""
    told = {" ".join(fold(name).split()) for name in names.whole}
    rows = [
        row
        for row in db.session.scalars(select(Authorship).where(Authorship.name.is_not(None)))
        if " ".join(fold(row.name or "").split()) in told
    ]
    for row in rows:
        row.name = f"{NO_NAME} {person.id}"
        row.thanks_consent = False
    db.session.flush()


def _forget_mails(person: User) -> None:
    """What waits for them is no more sent; what was sent is no more told of."""
    mine = OutboxMessage.user_id == person.id
    if person.email:
        mine = or_(mine, OutboxMessage.address == person.email)
    for row in db.session.scalars(select(OutboxMessage).where(mine)):
        if row.state.value in {"pending", "failed"}:
            row.state = type(row.state)("cancelled")
        # the key says only which mail it was; a key made of the address would say whose
        if person.email and person.email in row.dedupe_key:
            row.dedupe_key = f"efface-{row.id}"
        row.address, row.user_id, row.params, row.last_error, row.message_id = "", None, {}, None, None
    db.session.flush()


def _forget_events(person: User, names: Names) -> None:
    """Facts stay; the name goes, of who acted and of whom it was about."""
    db.session.execute(update(Event).where(Event.actor_id == person.id).values(actor_label=""))
    db.session.execute(update(Event).where(Event.actor_label.in_(names.whole)).values(actor_label=""))
    pattern = traces.finder(names.exact)
    for event in db.session.scalars(select(Event).where(traces.naming(cast(Event.changes, String), names.exact))):
        event.changes = walk(event.changes, lambda value: NO_NAME if pattern.search(fold(value)) else value)
    about = select(Event).where(Event.subject == "user", Event.subject_id == person.id)
    for event in db.session.scalars(about):
        event.changes = walk(event.changes, lambda _value: "")
    db.session.flush()
