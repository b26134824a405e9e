"""Who has no account yet, who has a code, and whether somebody tries codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select
from sqlalchemy.orm import aliased

from tracker.enums import CodeChannel, Role
from tracker.extensions import db
from tracker.models import ActivationCode, Department, Event, RoleGrant, Site, User
from tracker.queries.people import HAS_ACCOUNT, active_grant
from tracker.queries.projects import Choice
from tracker.records import Page, paris_day, window

ALARM_VERB = "activation:attempts"
ALARM_SHOWN = timedelta(days=7)
PER_PAGE = 50
BATCHES_SHOWN = 10

HAS_ADDRESS = and_(User.email.is_not(None), User.email != "")
# a link may open an account for them: they have an address, no account here, and none of the provider's
INVITABLE = (User.is_active.is_(True), HAS_ADDRESS, not_(HAS_ACCOUNT))


@dataclass(frozen=True, slots=True)
class Desk:
    """The site where somebody works, and who helps there today."""

    site: str
    address: str
    relays: tuple[str, ...]


class Wanted(StrEnum):
    """Whom the page of codes lists."""

    WITHOUT_CODE = "a-imprimer"  # neither an account nor a code that works
    WITHOUT_ACCOUNT = "sans-compte"
    ALL = "tous"


@dataclass(frozen=True, slots=True)
class CodeFilter:
    """`sites` is the reach of who asks: None is everywhere."""

    sites: frozenset[int] | None = None
    site_id: int | None = None
    department_id: int | None = None
    wanted: Wanted = Wanted.WITHOUT_CODE
    only_without_address: bool = False  # those whom no mail reaches
    q: str = ""
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class SlipPerson:
    """Somebody for whom a code may be printed."""

    id: int
    name: str
    login: str
    site_id: int | None
    site: str
    address: str
    department: str
    has_account: bool
    code_until: date | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Codes printed together, some of which still open something; known by one of its codes."""

    code_id: int
    printed_at: datetime
    printed_by: str
    live: int


def last_alarm(now: datetime) -> Select[Any]:
    """When many wrong codes were last typed, if that is of these days."""
    return select(func.max(Event.at)).where(Event.verb == ALARM_VERB, Event.at > now - ALARM_SHOWN)


def _live(now: datetime) -> ColumnElement[bool]:
    return and_(
        ActivationCode.user_id == User.id,
        ActivationCode.used_at.is_(None),
        ActivationCode.revoked_at.is_(None),
        ActivationCode.expires_at > now,
    )


def has_live_link(now: datetime) -> ColumnElement[bool]:
    """Whether a link sent by mail still opens something for them."""
    return exists().where(_live(now), ActivationCode.channel == CodeChannel.MAIL)


def _conditions(filters: CodeFilter, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [User.is_active.is_(True)]
    if filters.sites is not None:
        found.append(User.site_id.in_(filters.sites))
    if filters.site_id is not None:
        found.append(User.site_id == filters.site_id)
    if filters.department_id is not None:
        found.append(User.department_id == filters.department_id)
    if filters.person_id is not None:
        found.append(User.id == filters.person_id)
    if filters.wanted is not Wanted.ALL:
        found.append(not_(HAS_ACCOUNT))
    if filters.wanted is Wanted.WITHOUT_CODE:
        found.append(~exists().where(_live(now)))
    if filters.only_without_address:
        found.append(not_(HAS_ADDRESS))
    for word in filters.q.split()[:4]:
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        found.append(
            or_(
                User.last_name.ilike(pattern, escape="\\"),
                User.first_name.ilike(pattern, escape="\\"),
                User.login.ilike(pattern, escape="\\"),
            )
        )
    return found


def _select(conditions: list[ColumnElement[bool]], now: datetime) -> Select[Any]:
    until = select(func.max(ActivationCode.expires_at)).where(_live(now)).correlate(User).scalar_subquery()
    name = func.trim(User.first_name + " " + User.last_name)
    return (
        select(
            User.id, name, User.login, User.site_id, Site.name, Site.address, Department.name,
            HAS_ACCOUNT, until,
        )
        .outerjoin(Site, Site.id == User.site_id)
        .outerjoin(Department, Department.id == User.department_id)
        .where(*conditions)
        .order_by(Site.name, Department.name, User.last_name, User.first_name, User.id)
    )  # fmt: skip


def _person(row: Sequence[Any]) -> SlipPerson:
    key, name, login, site_id, site, address, department, has_account, until = row
    return SlipPerson(
        key, name, login, site_id, site or "", address or "", department or "", bool(has_account),
        paris_day(until) if until else None,
    )  # fmt: skip


def people(filters: CodeFilter, *, page: int, now: datetime) -> Page[SlipPerson]:
    """One page of them, by site, service and name."""
    conditions = _conditions(filters, now)
    total = db.session.scalar(select(func.count(User.id)).where(*conditions)) or 0
    part = window(page, size=PER_PAGE, total=total)
    rows = db.session.execute(_select(conditions, now).limit(part.size).offset(part.start))
    return part.holding(_person(row) for row in rows)


def first_people(filters: CodeFilter, *, limit: int, now: datetime) -> tuple[SlipPerson, ...]:
    """The first of them, for one print."""
    rows = db.session.execute(_select(_conditions(filters, now), now).limit(limit))
    return tuple(_person(row) for row in rows)


def _invitable(filters: CodeFilter, now: datetime) -> list[ColumnElement[bool]]:
    everybody = replace(filters, wanted=Wanted.ALL, only_without_address=False)
    return [*_conditions(everybody, now), *INVITABLE, ~has_live_link(now)]


def invitable(filters: CodeFilter, *, now: datetime) -> tuple[int, ...]:
    """Who among the people of these places may be invited by mail, whatever the list shows of them."""
    return tuple(db.session.scalars(select(User.id).where(*_invitable(filters, now)).order_by(User.id)))


def count_invitable(filters: CodeFilter, *, now: datetime) -> int:
    return db.session.scalar(select(func.count(User.id)).where(*_invitable(filters, now))) or 0


def person(user_id: int, *, sites: frozenset[int] | None, now: datetime) -> SlipPerson | None:
    """One person within reach; None for anybody else."""
    conditions = [*_conditions(CodeFilter(sites=sites, wanted=Wanted.ALL), now), User.id == user_id]
    row = db.session.execute(_select(conditions, now)).first()
    return _person(row) if row else None


def _printed(sites: frozenset[int] | None, now: datetime) -> list[ColumnElement[bool]]:
    found = [_live(now), User.is_active.is_(True), ActivationCode.channel == CodeChannel.SLIP]
    return found if sites is None else [*found, User.site_id.in_(sites)]


def batches(*, sites: frozenset[int] | None, now: datetime) -> tuple[Batch, ...]:
    """The batches of which several codes still open something, for people within reach; the last first."""
    maker = aliased(User)
    together = (ActivationCode.made_at, ActivationCode.made_by_id)
    rows = db.session.execute(
        select(
            func.min(ActivationCode.id), ActivationCode.made_at,
            func.coalesce(func.min(maker.first_name + " " + maker.last_name), ""), func.count(),
        )
        .select_from(ActivationCode)
        .join(User, User.id == ActivationCode.user_id)
        .outerjoin(maker, maker.id == ActivationCode.made_by_id)
        .where(*_printed(sites, now))
        .group_by(*together)
        .having(func.count() > 1)
        .order_by(ActivationCode.made_at.desc())
        .limit(BATCHES_SHOWN)
    )  # fmt: skip
    return tuple(Batch(*row) for row in rows)


def people_of_batch(code_id: int, *, sites: frozenset[int] | None, now: datetime) -> tuple[SlipPerson, ...]:
    """Who still has a code of that batch, within reach."""
    one = aliased(ActivationCode)
    with_it = (
        select(ActivationCode.user_id)
        .join(User, User.id == ActivationCode.user_id)
        .join(
            one,
            and_(
                one.made_at == ActivationCode.made_at,
                one.made_by_id.is_not_distinct_from(ActivationCode.made_by_id),
            ),
        )
        .where(one.id == code_id, one.channel == CodeChannel.SLIP, *_printed(sites, now))
    )
    rows = db.session.execute(_select([User.id.in_(with_it)], now))
    return tuple(_person(row) for row in rows)


def sites(within: frozenset[int] | None) -> tuple[Choice, ...]:
    query = select(Site.id, Site.slug, Site.name).order_by(Site.name, Site.id)
    if within is not None:
        query = query.where(Site.id.in_(within))
    return tuple(Choice(*row) for row in db.session.execute(query))


def departments(within: frozenset[int] | None) -> tuple[Choice, ...]:
    """Services where somebody within reach works."""
    used = select(User.department_id).where(User.is_active.is_(True))
    if within is not None:
        used = used.where(User.site_id.in_(within))
    query = select(Department.id, Department.slug, Department.name).where(Department.id.in_(used))
    return tuple(Choice(*row) for row in db.session.execute(query.order_by(Department.name, Department.id)))


def _relays(now: datetime) -> Select[Any]:
    """The relais of today: their site, their name; a person whose grant is over, or who left, is none."""
    today = paris_day(now)
    return (
        select(
            RoleGrant.site_id, func.trim(User.first_name + " " + User.last_name).label("name"), User.last_name, User.id
        )
        .join(User, User.id == RoleGrant.user_id)
        .where(
            RoleGrant.role == Role.RELAY,
            User.is_active.is_(True),
            active_grant(today),
        )
    )


def relays(now: datetime) -> dict[int, list[str]]:
    """The names of the relais of each site, today."""
    found: dict[int, list[str]] = {}
    for site_id, name, *_order in db.session.execute(_relays(now).order_by(User.last_name, User.id)):
        found.setdefault(site_id, []).append(name)
    return found


def desk_of(user_id: int, now: datetime) -> Desk | None:
    """The site of a person and its relais; None when they have no site."""
    helpers = _relays(now).subquery()
    rows = db.session.execute(
        select(Site.name, Site.address, helpers.c.name)
        .join(User, User.site_id == Site.id)
        .outerjoin(helpers, helpers.c.site_id == Site.id)
        .where(User.id == user_id)
        .order_by(helpers.c.last_name, helpers.c.id)
    ).all()
    if not rows:
        return None
    names = tuple(dict.fromkeys(name for _site, _address, name in rows if name))
    return Desk(rows[0][0], rows[0][1], names)
