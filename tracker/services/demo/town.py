"""The invented people: 1,870 of them, with their services, their employers and the roles they held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any

from tracker import validation
from tracker.enums import Role
from tracker.models import Department, Entity, Matricule, RoleGrant, User, department_entity
from tracker.records import paris_instant
from tracker.services.bulk import Batch
from tracker.services.demo import content

MANAGERS = 220
WITHOUT_EMAIL = 0.12
TWO_MATRICULES = 24
ARRIVED = paris_instant(date(2013, 10, 14), 9)
# services whose agents have no desk: those without an address work there
IN_THE_FIELD = frozenset(
    {"voirie", "espaces-verts", "dechets", "education", "restauration", "aide-domicile", "residence-autonomie",
     "sports", "batiments", "eau-assainissement", "petite-enfance"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    first_name: str
    last_name: str
    department: str
    employer: str
    is_manager: bool

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def signature(self) -> tuple[int, str]:
        """Id and name, as an event keeps them."""
        return self.id, self.name


@dataclass(slots=True)
class Town:
    """Who lives in the demonstration, and who is already known by a role or hidden behind a sealed name."""

    entities: dict[str, int] = field(default_factory=dict)
    departments: dict[str, int] = field(default_factory=dict)
    employers_of: dict[str, tuple[str, ...]] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)
    accounts: dict[str, Person] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    logins: set[str] = field(default_factory=set)
    share: int = 0  # of a larger town, the first being the demonstration as it is
    known: set[int] = field(default_factory=set)
    signed: set[int] = field(default_factory=set)
    sealed: set[int] = field(default_factory=set)
    _at: dict[tuple[str, str], list[Person]] = field(default_factory=lambda: defaultdict(list))

    def add(self, person: Person) -> None:
        self.people.append(person)
        self.names.add(person.name)
        self._at[person.department, person.employer].append(person)

    def colleagues(self, department: str, employers: Collection[str]) -> list[Person]:
        """The people of a service at these employers; at any of its employers when none of these shares it."""
        own = self.employers_of[department]
        chosen = [employer for employer in own if employer in employers] or list(own)
        return [person for employer in chosen for person in self._at[department, employer]]

    def new_name(self, rng: Random, first: list[str], last: list[str]) -> tuple[str, str]:
        """A first and a last name that nobody here has together."""
        while True:
            # the most given names come first in the list and are drawn more often
            one, other = first[int(len(first) * rng.random() ** 1.6)], rng.choice(last)
            if self.share:  # there are not enough simple names for a town many times as large
                other = f"{other}-{rng.choice(last)}"
            if f"{one} {other}" not in self.names:
                self.names.add(f"{one} {other}")
                return one, other


def build(batch: Batch, rng: Random, *, hashes: dict[str, str], now: datetime) -> Town:
    """Employers, services and people, the seven accounts among them; `hashes` gives their password hashes."""
    frame = content.read("project.toml")
    town = Town(logins=set(hashes))
    for position, row in enumerate(frame["employer"], 1):
        validation.slug(row["slug"])
        town.entities[row["slug"]] = batch.add(Entity, **row, position=position)
    for slug, (name, employers, _size) in frame["departments"].items():
        key = batch.add(Department, slug=validation.slug(slug), name=validation.label(name))
        town.departments[slug], town.employers_of[slug] = key, tuple(employers)
        for employer in employers:
            batch.add(department_entity, department_id=key, entity_id=town.entities[employer])
    _people(batch, rng, town, hashes=hashes, now=now)
    return town


def more(batch: Batch, rng: Random, first: Town, *, share: int, now: datetime) -> Town:
    """As many people again in the same services, none of whom has an account of the demonstration."""
    town = Town(
        first.entities, first.departments, first.employers_of, accounts=first.accounts, names=first.names,
        logins=first.logins, share=share,
    )  # fmt: skip
    _people(batch, rng, town, hashes={}, now=now)
    return town


def _places(rng: Random, sizes: dict[str, int], town: Town) -> list[tuple[str, str, bool]]:
    """One (service, employer, manager) per person, 220 managers spread by size."""
    places = [
        (slug, employer)
        for slug, size in sizes.items()
        for employer in rng.choices(town.employers_of[slug], weights=(5, 4, 3)[: len(town.employers_of[slug])], k=size)
    ]
    managers: set[int] = set()
    by_service: dict[str, list[int]] = defaultdict(list)
    for index, (slug, _employer) in enumerate(places):
        by_service[slug].append(index)
    for indexes in by_service.values():
        managers.update(indexes[: max(2, len(indexes) * MANAGERS // len(places))])
    rest = [index for index in range(len(places)) if index not in managers]
    managers.update(rng.sample(rest, MANAGERS - len(managers)))
    return [(slug, employer, index in managers) for index, (slug, employer) in enumerate(places)]


def _people(batch: Batch, rng: Random, town: Town, *, hashes: dict[str, str], now: datetime) -> None:
    sizes = {slug: size for slug, (_name, _employers, size) in content.read("project.toml")["departments"].items()}
    places = _places(rng, sizes, town)
    first, last = content.first_names(), content.last_names()
    accounts: dict[str, dict[str, Any]] = {} if town.share else content.read("accounts.toml")
    seats: dict[int, str] = {}
    for login, row in accounts.items():
        wanted = (row["department"], row["employer"], row.get("is_manager", False))
        seats[next(i for i, place in enumerate(places) if place == wanted and i not in seats)] = login
    numbers = [10_000 * town.share + number for number in rng.sample(range(1_000, 9_999), len(places) + TWO_MATRICULES)]
    for index, (department, employer, is_manager) in enumerate(places):
        account = seats.get(index)
        if account:
            names = accounts[account]["first_name"], accounts[account]["last_name"]
            town.names.add(" ".join(names))
        else:
            names = town.new_name(rng, first, last)
        login = account or _login(town.logins, *names)
        has_email = bool(account) or not _without_email(rng, department, is_manager)
        address = f"{login if town.share else _stem(*names)}@{employer}.example.org"
        key = batch.add(
            User,
            login=validation.login(login),
            email=validation.email(address) if has_email else None,
            password_hash=hashes.get(login),
            password_changed_at=now if login in hashes else None,
            first_name=validation.person_name(names[0]),
            last_name=validation.person_name(names[1]),
            entity_id=town.entities[employer],
            department_id=town.departments[department],
            is_manager=is_manager,
            created_at=ARRIVED,
        )
        batch.add(Matricule, entity_id=town.entities[employer], number=f"{numbers[index]:05d}", user_id=key)
        person = Person(key, names[0], names[1], department, employer, is_manager)
        town.add(person)
        if account:
            town.accounts[account] = person
            town.known.add(key)
    _second_matricules(batch, rng, town, numbers[len(places) :])


def _second_matricules(batch: Batch, rng: Random, town: Town, numbers: Iterable[int]) -> None:
    """People paid by two employers have a number at each."""
    shared = [p for p in town.people if len(town.employers_of[p.department]) > 1]
    for person, number in zip(rng.sample(shared, TWO_MATRICULES), numbers, strict=True):
        other = next(e for e in town.employers_of[person.department] if e != person.employer)
        batch.add(Matricule, entity_id=town.entities[other], number=f"{number:05d}", user_id=person.id)


def _without_email(rng: Random, department: str, is_manager: bool) -> bool:
    drawn = rng.random()
    return not is_manager and department in IN_THE_FIELD and drawn < WITHOUT_EMAIL * 1.95


def _stem(first_name: str, last_name: str) -> str:
    return f"{validation.slugify(first_name)}.{validation.slugify(last_name)}"


def _login(taken: set[str], first_name: str, last_name: str) -> str:
    stem = _stem(first_name, last_name)
    login, n = stem, 1
    while login in taken:
        n += 1
        login = f"{stem}{n}"
    taken.add(login)
    return login


def grant(
    batch: Batch,
    person: Person,
    role: Role,
    *,
    starts_on: date,
    ends_on: date | None = None,
    programme_id: int | None = None,
    group_id: int | None = None,
) -> None:
    """Give a role with its dates."""
    batch.add(
        RoleGrant, user_id=person.id, role=role, starts_on=starts_on, ends_on=ends_on, programme_id=programme_id,
        group_id=group_id,
    )  # fmt: skip
