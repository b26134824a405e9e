"""Two accounts of one person made one, and names typed of an account's holder given to that account.

What stays of the account that goes is an empty row that tells which one it became. Every foreign key to a person is
either in `MOVED` or in `SPECIAL`: a test walks the tables.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import aliased

from tracker.enums import OutboxState
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db
from tracker.models import (
    Action,
    ActionUpdate,
    ActivationCode,
    Authorship,
    Comment,
    DataRequest,
    Event,
    Follow,
    IndicatorValue,
    Matricule,
    OutboxMessage,
    Programme,
    Proofreading,
    Proposal,
    RecoveryCode,
    Redaction,
    RegisterRun,
    Review,
    RoleGrant,
    SecondFactor,
    User,
    UserSession,
)
from tracker.permissions import Permission, require
from tracker.queries import merging
from tracker.queries.merging import Side
from tracker.queries.reviews import handed_to
from tracker.records import Actor, paris_day, seen_mark
from tracker.services import history, vote_merging
from tracker.services.register_rows import end_visits
from tracker.services.vote_merging import Keys

# columns where the one id takes the place of the other, whatever the row
MOVED: tuple[Any, ...] = (
    Action.pilot_id, ActionUpdate.author_id, ActivationCode.made_by_id, Comment.author_id, DataRequest.handled_by_id,
    DataRequest.user_id, Event.actor_id, IndicatorValue.author_id, Matricule.user_id, OutboxMessage.user_id,
    RegisterRun.asked_by_id, Review.reviewer_id, User.merged_into_id, UserSession.user_id,
)  # fmt: skip
# columns with a rule of their own
SPECIAL = frozenset(
    {
        "activation_code.user_id", "authorship.user_id", "follow.user_id", "proofreading.user_id",
        "recovery_code.user_id", "redaction.agreed_by_id", "redaction.asked_by_id", "redaction.refused_by_id",
        "role_grant.user_id", "roll_entry.user_id", "second_factor.user_id",
    }
)  # fmt: skip
GONE = "Fiche réunie à une autre"


@dataclass(frozen=True, slots=True)
class Preview:
    """What merging will do; votes and names that are not displayed are never told."""

    kept: Side
    dropped: Side
    voting: bool

    @property
    def account_moves(self) -> bool:
        """Whether the account that opens is the one that goes: its login and password then stay."""
        return self.dropped.has_account and not self.kept.has_account

    @property
    def gives_management(self) -> bool:
        """Whether somebody will manage the tool by a login that did not open that."""
        return self.kept.manages != self.dropped.manages

    @property
    def mark(self) -> str:
        return seen_mark(repr(self.kept), repr(self.dropped))


def preview(*, kept_id: int, dropped_id: int, keys: Keys, actor: Actor, now: datetime) -> Preview:
    """Raises Forbidden, NotFound, Conflict, Refused."""
    require(actor, Permission.PERSON_EDIT)
    if kept_id == dropped_id:
        raise Refused(gettext("Choisissez deux fiches différentes."))
    check_not_oneself(actor, kept_id, dropped_id)
    found = merging.sides({kept_id, dropped_id}, today=paris_day(now))
    if len(found) < 2 or any(side.erased for side in found.values()):
        raise NotFound(gettext("Cette personne n'existe pas."))
    voting = vote_merging.check(kept_id=kept_id, dropped_id=dropped_id, keys=keys)
    return Preview(found[kept_id], found[dropped_id], voting)


def check_not_oneself(actor: Actor, *ids: int) -> None:
    if actor.id in ids:
        raise Refused(gettext("Vous ne pouvez pas réunir votre propre compte : demandez-le à un·e autre gestionnaire."))


def merge(
    *, kept_id: int, dropped_id: int, keys: Keys, seen: str, management_said: bool, actor: Actor, now: datetime
) -> None:
    """Make of two accounts the one kept. `seen` is the mark of the preview that was read.

    Raises Forbidden, NotFound, Conflict when something changed since the preview, Refused when somebody would manage
    the tool without its being said.
    """
    for user_id in sorted({kept_id, dropped_id}):
        db.session.get(User, user_id, with_for_update=True, populate_existing=True)
    found = preview(kept_id=kept_id, dropped_id=dropped_id, keys=keys, actor=actor, now=now)
    if found.mark != seen:
        raise Conflict(gettext("Une des deux fiches a changé depuis cet aperçu : relisez-le, puis confirmez."))
    check_said(found, management_said)
    kept, dropped = db.session.get_one(User, kept_id), db.session.get_one(User, dropped_id)
    vote_merging.merge(kept_id=kept_id, dropped_id=dropped_id, keys=keys)
    end_visits([dropped_id], now=now)
    db.session.execute(delete(ActivationCode).where(ActivationCode.user_id == dropped_id))
    _move_mails(kept, dropped)
    for column in MOVED:
        db.session.execute(update(column.class_).where(column == dropped_id).values({column.key: kept_id}))
    db.session.execute(
        update(Event).where(Event.subject == "user", Event.subject_id == dropped_id).values(subject_id=kept_id)
    )
    _join_authorships(kept_id, dropped_id)
    _join_follows(kept_id, dropped_id)
    _join_readings(kept_id, dropped_id)
    _join_redactions(kept_id, dropped_id)
    _move_studies(kept_id, dropped_id)
    _join_grants(kept_id, dropped_id)
    db.session.expire_all()
    _join_people(kept, dropped, account_moves=found.account_moves, now=now)
    history.record(
        actor=actor, now=now, verb="user:merge", subject="user", subject_id=kept_id, programme_id=None,
        changes={"merged": dropped_id},
    )  # fmt: skip
    _bump_projects()
    db.session.flush()
    db.session.expire_all()


def check_said(found: Preview, management_said: bool) -> None:
    """Raise Refused when somebody would manage the tool without its being said."""
    if found.gives_management and not management_said:
        raise Refused(
            gettext("Un seul des deux comptes gère l'outil : cochez la case si cette personne doit le gérer."),
            field="management_said",
        )


def _bump_projects() -> None:
    """A name may stand on the pages of any project, closed ones included."""
    db.session.execute(update(Programme).values(revision=Programme.revision + 1))


def _move_mails(kept: User, dropped: User) -> None:
    """What waits to be sent goes to the address that is kept; a link to an account that goes opens nothing."""
    address = kept.email or dropped.email
    waiting = (OutboxMessage.user_id == dropped.id, OutboxMessage.state == OutboxState.PENDING)
    twin = aliased(OutboxMessage)
    told = select(twin.id).where(
        twin.user_id == kept.id, twin.kind == OutboxMessage.kind,
        twin.source_id.is_not_distinct_from(OutboxMessage.source_id), twin.state == OutboxState.PENDING,
    )  # fmt: skip
    db.session.execute(
        update(OutboxMessage)
        .where(*waiting, told.exists())
        .values(state=OutboxState.CANCELLED)
        .execution_options(synchronize_session=False)
    )
    if address:
        db.session.execute(update(OutboxMessage).where(*waiting).values(address=address))


def _join_authorships(kept_id: int, dropped_id: int) -> None:
    """Of two for the same proposal one stays; a name not displayed by either is not displayed."""
    theirs = db.session.scalars(select(Authorship).where(Authorship.user_id == dropped_id)).all()
    own = {row.proposal_id: row for row in db.session.scalars(select(Authorship).where(Authorship.user_id == kept_id))}
    for row in theirs:
        _give(row, own.get(row.proposal_id), kept_id)
    db.session.flush()


def _give(row: Authorship, twin: Authorship | None, user_id: int) -> None:
    if twin is None:
        row.user_id, row.name = user_id, None
        return
    twin.role = min(twin.role, row.role, key=list(type(row.role)).index)
    twin.thanks_consent = twin.thanks_consent and row.thanks_consent
    twin.sealed = twin.sealed or row.sealed
    twin.name_choice_made = twin.name_choice_made and row.name_choice_made
    db.session.delete(row)


def _join_follows(kept_id: int, dropped_id: int) -> None:
    twin = aliased(Follow)
    same = select(twin.id).where(
        twin.user_id == kept_id,
        or_(twin.proposal_id == Follow.proposal_id, twin.action_id == Follow.action_id),
    )  # fmt: skip
    mine = Follow.user_id == dropped_id
    db.session.execute(delete(Follow).where(mine, same.exists()).execution_options(synchronize_session=False))
    db.session.execute(update(Follow).where(mine).values(user_id=kept_id))


def _join_readings(kept_id: int, dropped_id: int) -> None:
    """Asked twice to read the same letter, the person has answered when one of the two has."""
    for row in db.session.scalars(select(Proofreading).where(Proofreading.user_id == dropped_id)).all():
        twin = db.session.get(Proofreading, (row.letter_id, kept_id))
        if twin is None:
            twin = Proofreading(letter_id=row.letter_id, user_id=kept_id, asked_at=row.asked_at, remark="")
            db.session.add(twin)
        twin.asked_at = max(twin.asked_at, row.asked_at)
        twin.answered_at = twin.answered_at or row.answered_at
        twin.remark = "\n\n".join(text for text in (twin.remark, row.remark) if text)
        db.session.delete(row)
    db.session.flush()


def _join_redactions(kept_id: int, dropped_id: int) -> None:
    """Where the two accounts acted as two people, the row still tells them apart."""
    asked, agreed, refused = Redaction.asked_by_id, Redaction.agreed_by_id, Redaction.refused_by_id
    for column, other in ((asked, agreed), (agreed, asked)):
        free = or_(other.is_(None), other != kept_id)
        db.session.execute(update(Redaction).where(column == dropped_id, free).values({column.key: kept_id}))
    db.session.execute(update(Redaction).where(refused == dropped_id).values(refused_by_id=kept_id))


def _move_studies(kept_id: int, dropped_id: int) -> None:
    """A study given to somebody is told by an event alone."""
    for event in db.session.scalars(select(Event).where(handed_to(dropped_id))):
        event.changes = {**event.changes, "to": kept_id}
    db.session.flush()


def _join_grants(kept_id: int, dropped_id: int) -> None:
    """The same role in the same place is held once, over both times."""
    of_both = select(RoleGrant).where(RoleGrant.user_id.in_({kept_id, dropped_id}))
    rows = db.session.scalars(of_both.order_by(RoleGrant.starts_on, RoleGrant.id)).all()
    last: dict[tuple[Any, ...], RoleGrant] = {}
    for row in rows:
        place = (row.role, row.programme_id, row.group_id, row.site_id)
        before = last.get(place)
        if before is not None and (before.ends_on is None or row.starts_on <= before.ends_on):
            ends = (before.ends_on, row.ends_on)
            before.ends_on = None if None in ends else max(day for day in ends if day is not None)
            db.session.delete(row)
            continue
        row.user_id = kept_id
        last[place] = row
    db.session.flush()


def _join_people(kept: User, dropped: User, *, account_moves: bool, now: datetime) -> None:
    """The row kept is completed by the other, of which nothing is left but the tie."""
    taken: dict[str, Any] = {}
    if account_moves:
        taken |= {name: getattr(dropped, name) for name in ("login", "password_hash", "password_changed_at")}
        _move_second_factor(kept.id, dropped.id)
    else:
        for model in (SecondFactor, RecoveryCode):
            db.session.execute(delete(model).where(model.user_id == dropped.id))
    if kept.issuer is None:
        taken |= {"issuer": dropped.issuer, "subject": dropped.subject}
    for name in ("email", "entity_id", "department_id", "site_id", "locale", "last_visit_at", "previous_visit_at"):
        taken[name] = getattr(kept, name) or getattr(dropped, name)
    taken["is_manager"] = kept.is_manager or dropped.is_manager
    taken["is_active"] = kept.is_active or dropped.is_active
    taken["left_on"] = None if taken["is_active"] else _latest(kept.left_on, dropped.left_on)
    given_up = [{"login": kept.login}] if account_moves else []
    taken["merged_names"] = [*kept.merged_names, *dropped.merged_names, *given_up, _who_it_was(dropped)]
    taken["created_at"] = min(kept.created_at, dropped.created_at)
    dropped.login, dropped.first_name, dropped.last_name = f"reunie-{dropped.id}", "", GONE
    dropped.email = dropped.password_hash = dropped.issuer = dropped.subject = dropped.locale = None
    dropped.password_changed_at = dropped.last_visit_at = dropped.previous_visit_at = None
    dropped.entity_id = dropped.department_id = dropped.site_id = None
    dropped.merged_names = []
    dropped.is_manager = dropped.is_active = False
    dropped.erased_at, dropped.merged_into_id = now, kept.id
    dropped.left_on = dropped.left_on or paris_day(now)
    db.session.flush()  # login, address and identity are free before they are taken
    for name, value in taken.items():
        setattr(kept, name, value)
    db.session.flush()


def _who_it_was(person: User) -> dict[str, str]:
    said = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "login": person.login,
        "email": person.email or "",
    }
    return {name: value for name, value in said.items() if value}


def _latest(one: date | None, other: date | None) -> date | None:
    days = [day for day in (one, other) if day is not None]
    return max(days) if days else None


def _move_second_factor(kept_id: int, dropped_id: int) -> None:
    """The second factor goes with the password it protects."""
    for model in (SecondFactor, RecoveryCode):
        db.session.execute(delete(model).where(model.user_id == kept_id))
        db.session.execute(update(model).where(model.user_id == dropped_id).values(user_id=kept_id))


def give_names(*, user_id: int, authorship_ids: Collection[int], actor: Actor, now: datetime) -> None:
    """Say that names typed of authors without account are this person's.

    Only names that are shown: nobody tells whose a name not displayed is. Raises Forbidden, NotFound, Refused.
    """
    require(actor, Permission.PERSON_EDIT)
    check_not_oneself(actor, user_id)
    person = db.session.get(User, user_id, with_for_update=True)
    if person is None or person.erased_at is not None:
        raise NotFound(gettext("Cette personne n'existe pas."))
    rows = db.session.scalars(
        select(Authorship)
        .join(Proposal, Proposal.id == Authorship.proposal_id)
        .where(
            Authorship.id.in_(authorship_ids), Authorship.name.is_not(None), Authorship.sealed.is_(False),
            Proposal.number.is_not(None),
        )
        .order_by(Authorship.id)
    ).all()  # fmt: skip
    if not rows:
        raise Refused(gettext("Cochez au moins un nom."), field="names")
    own = {row.proposal_id: row for row in db.session.scalars(select(Authorship).where(Authorship.user_id == user_id))}
    for row in rows:
        twin = own.get(row.proposal_id)
        if twin is None:
            row.user_id, row.name = user_id, None
            own[row.proposal_id] = row
        elif not twin.sealed:  # else the page stays as it is: a change would tell who is behind
            db.session.delete(row)
    history.record(
        actor=actor, now=now, verb="user:take_names", subject="user", subject_id=user_id, programme_id=None,
        changes={"authorships": [row.id for row in rows]},
    )  # fmt: skip
    _bump_projects()
    db.session.flush()
