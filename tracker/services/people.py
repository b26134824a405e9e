"""Creating people and giving them roles."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from flask_babel import gettext
from sqlalchemy import or_, select

from tracker import validation
from tracker.enums import CodeChannel, Role
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db, end_transaction
from tracker.imports.people import register_number
from tracker.models import Matricule, RoleGrant, User
from tracker.permissions import Permission, require
from tracker.queries import directory
from tracker.records import Actor, paris_day
from tracker.services import accounts, activation, history
from tracker.services.register_rows import deactivate, free_login


@dataclass(frozen=True, slots=True)
class PreparedAccount:
    """A checked login with its hash, made outside the write transaction."""

    login: str
    password_hash: str


def prepare_account(*, login: str, password: str, demo: bool = False) -> PreparedAccount:
    """Check and hash. Raises Refused."""
    name = validation.login(login)
    checked = accounts.check_new_password(login=name, password=password, demo=demo)
    end_transaction(commit=False)  # the check read the town's words; no hashing inside a transaction
    return PreparedAccount(name, accounts.hash_password(checked))


def create(
    account: PreparedAccount, *, first_name: str, last_name: str, admin: bool, actor: Actor | None, now: datetime
) -> User:
    """A person with an account; raises Refused when the login is taken."""
    if db.session.scalar(select(User.id).where(User.login == account.login)) is not None:
        raise Refused(gettext("Cet identifiant est déjà pris."), field="login")
    user = User(
        login=account.login,
        password_hash=account.password_hash,
        password_changed_at=now,
        first_name=validation.person_name(first_name, field="first_name"),
        last_name=validation.person_name(last_name, field="last_name"),
        created_at=now,
    )
    db.session.add(user)
    db.session.flush()
    if admin:
        db.session.add(RoleGrant(user_id=user.id, role=Role.ADMIN, starts_on=paris_day(now)))
    history.record(
        actor=actor, now=now, verb="user:create", subject="user", subject_id=user.id, programme_id=None,
        changes={"login": account.login, "admin": admin},
    )  # fmt: skip
    db.session.flush()
    return user


@dataclass(frozen=True, slots=True)
class PersonInput:
    """What the manager of the tool says of somebody; never a password."""

    first_name: str
    last_name: str
    email: str = ""
    entity_id: int | None = None
    department_id: int | None = None
    site_id: int | None = None
    is_manager: bool = False
    number: str | None = None  # in the register of that employer; "" takes it out, None leaves it


@dataclass(frozen=True, slots=True)
class GrantInput:
    role: Role
    starts_on: date
    ends_on: date | None = None
    programme_id: int | None = None
    group_id: int | None = None
    site_id: int | None = None


def _known(user_id: int) -> User:
    user = db.session.get(User, user_id, populate_existing=True)
    if user is None or user.erased_at is not None:
        raise NotFound(gettext("Cette personne n'existe pas."))
    return user


def _cleaned(person: PersonInput) -> dict[str, object]:
    return {
        "first_name": validation.person_name(person.first_name, field="first_name"),
        "last_name": validation.person_name(person.last_name, field="last_name"),
        "email": validation.email(person.email) if person.email else None,
        "entity_id": person.entity_id,
        "department_id": person.department_id,
        "site_id": person.site_id,
        "is_manager": person.is_manager,
    }


def _checked(person: PersonInput, *, but: int | None = None) -> dict[str, object]:
    values = _cleaned(person)
    if values["email"]:
        other = db.session.scalar(select(User.login).where(User.email == values["email"], User.id != (but or 0)))
        if other is not None:
            raise Refused(
                gettext("Cette adresse est celle d'une autre personne (%(login)s).", login=other), field="email"
            )
    return values


def add(person: PersonInput, *, actor: Actor, now: datetime) -> User:
    """A person without password: a code, printed or by mail, will open the account.

    The very one added a moment ago is not added twice. Raises Forbidden, Refused.
    """
    require(actor, Permission.PERSON_EDIT)
    twin = _just_added(person, actor=actor, now=now)
    if twin is not None:
        return twin
    values = _checked(person)
    login = free_login(str(values["first_name"]), str(values["last_name"]))
    user = User(login=login, created_at=now, **values)
    db.session.add(user)
    db.session.flush()
    _renumber(user, person.number, was_at=user.entity_id)
    history.record(
        actor=actor, now=now, verb="user:create", subject="user", subject_id=user.id, programme_id=None,
        changes={"login": login},
    )  # fmt: skip
    db.session.flush()
    return user


def _just_added(person: PersonInput, *, actor: Actor, now: datetime) -> User | None:
    """The same person, added by the same one a moment ago: the button was pressed twice."""
    number = register_number(person.number) if person.number else ""
    same = [getattr(User, name).is_not_distinct_from(value) for name, value in _cleaned(person).items()]
    for user in db.session.scalars(
        select(User).where(User.id.in_(history.just_made("user:create", actor=actor, now=now)), *same)
    ):
        numbers = set(db.session.scalars(select(Matricule.number).where(Matricule.user_id == user.id)))
        if numbers == ({number} if number else set()):
            return user
    return None


def edit(*, user_id: int, person: PersonInput, actor: Actor, now: datetime, seen: str | None = None) -> None:
    """Change what is said of somebody. Raises Forbidden, NotFound, Refused.

    `seen` is the mark of what was being edited: something else written meanwhile is a Conflict.
    """
    require(actor, Permission.PERSON_EDIT)
    user = _known(user_id)
    present = directory.person(user_id, whole=False) if seen else None
    stale = present is not None and present.mark != seen
    changes: dict[str, list[object]] = {}
    was_at = user.entity_id
    for name, value in _checked(person, but=user_id).items():
        if getattr(user, name) != value:
            changes[name] = [getattr(user, name), value]
            setattr(user, name, value)
    changes |= _renumber(user, person.number, was_at=was_at)
    if changes and stale:
        raise Conflict(gettext("Quelqu'un a changé cette fiche pendant que vous écriviez : comparez les versions."))
    if "email" in changes:  # a link already sent may be in somebody else's mailbox
        activation.revoke([user_id], now=now, channel=CodeChannel.MAIL)
    if changes:
        history.record(
            actor=actor, now=now, verb="user:edit", subject="user", subject_id=user_id, programme_id=None,
            changes=changes,
        )  # fmt: skip
    db.session.flush()


def _renumber(user: User, typed: str | None, *, was_at: int | None) -> dict[str, list[object]]:
    """Change somebody's number in the register of their employer; old and new, when they differ. Raises Refused.

    What was shown is the number at the employer they had (`was_at`): left as it was, it says nothing of a new one.
    """
    rows = db.session.scalars(
        select(Matricule).where(Matricule.user_id == user.id, Matricule.entity_id == was_at).order_by(Matricule.number)
    ).all()
    shown = rows[0] if rows else None
    number = None if typed is None else register_number(typed)
    if number is None or number == (shown.number if shown else ""):
        return {}
    if number and user.entity_id is None:
        raise Refused(gettext("Dites chez quel employeur elle a ce matricule."), field="entity_id")
    holder = db.session.scalar(
        select(User.login)
        .join(Matricule, Matricule.user_id == User.id)
        .where(Matricule.entity_id == user.entity_id, Matricule.number == number, User.id != user.id)
    )
    if holder is not None:
        raise Refused(gettext("Ce matricule est celui d'une autre personne (%(login)s).", login=holder), field="number")
    if shown is not None and shown.entity_id == user.entity_id:
        db.session.delete(shown)
        db.session.flush()
    if number and db.session.get(Matricule, (user.entity_id, number)) is None:
        db.session.add(Matricule(entity_id=user.entity_id, number=number, user_id=user.id))
    db.session.flush()
    return {"number": [shown.number if shown else "", number]}


def _managers(today: date) -> set[int]:
    """The active people who manage the tool today, with no end set."""
    return set(
        db.session.scalars(
            select(RoleGrant.user_id)
            .join(User, User.id == RoleGrant.user_id)
            .where(
                RoleGrant.role == Role.ADMIN, RoleGrant.starts_on <= today, RoleGrant.ends_on.is_(None),
                User.is_active.is_(True),
            )
        )
    )  # fmt: skip


def refuse_last_manager(user_id: int, now: datetime) -> None:
    """Raise Refused when nobody else would manage the tool for good."""
    if _managers(paris_day(now)) == {user_id}:
        raise Refused(gettext("C'est la seule personne qui gère l'outil : nommez-en une autre d'abord."))


def set_active(*, user_id: int, active: bool, actor: Actor, now: datetime) -> None:
    """Deactivate somebody who left (visits end, codes no longer open anything), or take them back."""
    require(actor, Permission.PERSON_EDIT)
    user = _known(user_id)
    if user.is_active == active:
        return
    if active:
        user.is_active, user.left_on = True, None
    elif user_id == actor.id:
        raise Refused(gettext("Vous ne pouvez pas désactiver votre propre compte."))
    else:
        refuse_last_manager(user_id, now)
        deactivate([user_id], now=now)
    history.record(
        actor=actor, now=now, verb="user:activate" if active else "user:deactivate", subject="user",
        subject_id=user_id, programme_id=None, changes={"is_active": [not active, active]},
    )  # fmt: skip
    db.session.flush()


def holds(user_id: int, given: GrantInput) -> bool:
    """Whether somebody holds this role there at some of these dates."""
    held = select(RoleGrant.id).where(
        RoleGrant.user_id == user_id,
        RoleGrant.role == given.role,
        RoleGrant.programme_id.is_not_distinct_from(given.programme_id),
        RoleGrant.group_id.is_not_distinct_from(given.group_id),
        RoleGrant.site_id.is_not_distinct_from(given.site_id),
        or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= given.starts_on),
    )
    if given.ends_on is not None:
        held = held.where(RoleGrant.starts_on <= given.ends_on)
    return db.session.scalar(held.limit(1)) is not None


def grant(*, user_id: int, given: GrantInput, actor: Actor, now: datetime) -> RoleGrant:
    """Give a role for a time; raises Refused when it does not fit its place, or is held already meanwhile."""
    require(actor, Permission.PERSON_EDIT)
    _known(user_id)
    in_group, at_site = given.role in {Role.GROUP_LEAD, Role.GROUP_MEMBER}, given.role is Role.RELAY
    if in_group != (given.group_id is not None):
        raise Refused(
            gettext("Choisissez le groupe.") if in_group else gettext("Ce rôle ne se tient pas dans un groupe."),
            field="where",
        )
    if at_site != (given.site_id is not None):
        raise Refused(
            gettext("Choisissez le site.") if at_site else gettext("Ce rôle ne se tient pas à un site."), field="where"
        )
    if given.role is Role.ADMIN and given.programme_id is not None:
        raise Refused(gettext("L'outil se gère partout : aucun projet à choisir."), field="where")
    validation.date_range(given.starts_on, given.ends_on, start_field="starts_on", end_field="ends_on")
    twin: RoleGrant | None = db.session.scalar(
        select(RoleGrant).where(
            RoleGrant.user_id == user_id,
            RoleGrant.user_id.in_(history.just_made("role:grant", actor=actor, now=now)),
            *(getattr(RoleGrant, name).is_not_distinct_from(value) for name, value in asdict(given).items()),
        )
    )
    if twin is not None:
        return twin  # the button pressed twice
    if holds(user_id, given):
        raise Refused(gettext("Cette personne tient déjà ce rôle à ces dates."), field="starts_on")
    row = RoleGrant(
        user_id=user_id, role=given.role, programme_id=given.programme_id, group_id=given.group_id,
        site_id=given.site_id, starts_on=given.starts_on, ends_on=given.ends_on,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    _trace_grant("role:grant", row, actor, now)
    return row


def end_grant(*, user_id: int, grant_id: int, actor: Actor, now: datetime, day: date | None = None) -> None:
    """The eve of `day` (today) was the last day of a role; one that had not been held a whole day is taken out."""
    require(actor, Permission.PERSON_EDIT)
    _known(user_id)
    row = db.session.get(RoleGrant, grant_id, populate_existing=True)
    if row is None or row.user_id != user_id:
        raise NotFound(gettext("Ce rôle n'existe pas."))
    day = day or paris_day(now)
    if row.ends_on is not None and row.ends_on < day:
        return
    if row.role is Role.ADMIN:
        refuse_last_manager(user_id, now)
    _trace_grant("role:end", row, actor, now)
    if row.starts_on >= day:
        db.session.delete(row)
    else:
        row.ends_on = day - timedelta(days=1)
    db.session.flush()


def _trace_grant(verb: str, row: RoleGrant, actor: Actor, now: datetime) -> None:
    where = {name: getattr(row, name) for name in ("programme_id", "group_id", "site_id") if getattr(row, name)}
    history.record(
        actor=actor, now=now, verb=verb, subject="user", subject_id=row.user_id, programme_id=None,
        changes={"role": row.role.value, **where, "starts_on": row.starts_on.isoformat(),
                 "ends_on": row.ends_on.isoformat() if row.ends_on else None},
    )  # fmt: skip
    db.session.flush()
