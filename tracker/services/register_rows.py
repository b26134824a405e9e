"""The rows that an import of the register writes, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update

from tracker import validation
from tracker.extensions import db
from tracker.imports.people import folded_name
from tracker.imports.plan import Change, Creation, KnownPerson, Plan
from tracker.models import (
    SLUG_MAX,
    ActivationCode,
    Department,
    Event,
    Matricule,
    Site,
    User,
    UserSession,
    department_entity,
)
from tracker.records import Actor, paris_day
from tracker.services import history
from tracker.services.bulk import insert_all


def make_places(plan: Plan) -> None:
    """The services and sites that the register names and nobody knew."""
    slugs = set(db.session.scalars(select(Department.slug)))
    known = {folded_name(name) for name in db.session.scalars(select(Department.name))}
    for key, (name, entity_ids) in plan.departments.items():
        if key in known:
            continue
        row = Department(slug=_free(validation.slugify(name) or "service", slugs), name=name)
        db.session.add(row)
        db.session.flush()
        insert_all(department_entity, [{"department_id": row.id, "entity_id": e} for e in sorted(entity_ids)])
    slugs = set(db.session.scalars(select(Site.slug)))
    known = {folded_name(name) for name in db.session.scalars(select(Site.name))}
    for key, name in plan.sites.items():
        if key not in known:
            db.session.add(Site(slug=_free(validation.slugify(name) or "site", slugs), name=name))
    db.session.flush()


def _free(key: str, slugs: set[str]) -> str:
    base, number, slug = key[: SLUG_MAX - 6], 1, key[: SLUG_MAX - 6]
    while slug in slugs:
        number += 1
        slug = f"{base}-{number}"
    slugs.add(slug)
    return slug


def login_for(first_name: str, last_name: str, taken: set[str]) -> str:
    """prenom.nom, then prenom.nom2, prenom.nom3…; added to those taken."""
    parts = (validation.slugify(first_name, limit=28), validation.slugify(last_name, limit=30))
    base = ".".join(part for part in parts if part)
    number, login = 1, base
    while login in taken:
        number += 1
        login = f"{base}{number}"
    taken.add(login)
    return login


def free_login(first_name: str, last_name: str) -> str:
    """A login for one person, as the import would make it."""
    base = login_for(first_name, last_name, set())
    return login_for(first_name, last_name, set(db.session.scalars(_beginning_with([base]))))


def _beginning_with(bases: Sequence[str]) -> Any:
    """Logins that one of these begins; looked for by their index."""
    near = [User.login.between(base, base + "\uffff") for base in bases]
    return select(User.login).where(or_(*near))


def write_batch(
    batch: Sequence[Creation | Change | KnownPerson], *, run_id: int, actor: Actor | None, now: datetime
) -> None:
    """Create, change and deactivate; each person's own event says what changed."""
    places = _Places()
    events: list[tuple[str, int, dict[str, Any]]] = []
    events += _create([one for one in batch if isinstance(one, Creation)], places, now)
    events += _change([one for one in batch if isinstance(one, Change)], places, now)
    gone = [one.id for one in batch if isinstance(one, KnownPerson)]
    deactivate(gone, now=now)
    events += [("user:deactivate", user_id, {"is_active": [True, False]}) for user_id in gone]
    if events:
        insert_all(
            Event,
            [
                {
                    "at": now, "programme_id": None, "actor_id": actor.id if actor else None,
                    "actor_label": actor.name if actor else "", "verb": verb, "subject": "user",
                    "subject_id": user_id, "changes": {**changes, "register_run": run_id},
                }
                for verb, user_id, changes in events
            ],
        )  # fmt: skip
        history.bump(None)
    db.session.flush()


class _Places:
    """Ids of services and sites by their folded names."""

    def __init__(self) -> None:
        self.departments = {folded_name(n): k for k, n in db.session.execute(select(Department.id, Department.name))}
        self.sites = {folded_name(n): k for k, n in db.session.execute(select(Site.id, Site.name))}

    def resolve(self, values: dict[str, Any]) -> dict[str, Any]:
        """`department` and `site` become the columns that hold their ids."""
        found = dict(values)
        if "department" in found:
            found["department_id"] = self.departments.get(found.pop("department"))
        if "site" in found:
            found["site_id"] = self.sites.get(found.pop("site"))
        return found


def _create(batch: Sequence[Creation], places: _Places, now: datetime) -> list[tuple[str, int, dict[str, Any]]]:
    if not batch:
        return []
    taken = set(db.session.scalars(select(User.login)))
    rows = []
    for one in batch:
        login = login_for(one.values["first_name"], one.values["last_name"], taken)
        rows.append({**places.resolve(one.values), "login": login, "created_at": now, "is_active": True})
    insert_all(User, rows)
    logins = [row["login"] for row in rows]
    ids: dict[str, int] = dict(db.session.execute(select(User.login, User.id).where(User.login.in_(logins))).all())
    _add_numbers((ids[login], one.numbers) for login, one in zip(logins, batch, strict=True))
    return [("user:create", ids[login], {"login": login}) for login in logins]


def _change(batch: Sequence[Change], places: _Places, now: datetime) -> list[tuple[str, int, dict[str, Any]]]:
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for one in batch:
        values = places.resolve(one.values)
        if values.get("is_active"):
            values["left_on"] = None
        if values:
            by_columns.setdefault(tuple(values), []).append({"id": one.user_id, **values})
    for rows in by_columns.values():
        db.session.execute(update(User), rows)
    _add_numbers((one.user_id, one.numbers) for one in batch)
    return [
        ("user:edit", one.user_id, {label: [old, new] for label, old, new in one.words}) for one in batch
    ]  # the words of the page: what an id pointed to may be renamed


def _add_numbers(found: Iterable[tuple[int, tuple[tuple[int, str], ...]]]) -> None:
    rows = [
        {"entity_id": entity_id, "number": number, "user_id": user_id}
        for user_id, pairs in found
        for entity_id, number in pairs
    ]
    insert_all(Matricule, rows)


def deactivate(user_ids: Sequence[int], *, now: datetime) -> None:
    """People who left: no visit goes on, no code opens their account."""
    if not user_ids:
        return
    end_visits(user_ids, now=now)
    db.session.execute(
        update(ActivationCode)
        .where(
            ActivationCode.user_id.in_(user_ids), ActivationCode.used_at.is_(None), ActivationCode.revoked_at.is_(None)
        )
        .values(revoked_at=now)
    )
    db.session.execute(
        update(User)
        .where(User.id.in_(user_ids), User.is_active.is_(True))
        .values(is_active=False, left_on=func.coalesce(User.left_on, paris_day(now)))
    )


def end_visits(user_ids: Sequence[int], *, now: datetime) -> None:
    db.session.execute(
        update(UserSession)
        .where(UserSession.user_id.in_(user_ids), UserSession.ended_at.is_(None))
        .values(ended_at=now)
    )
