"""Who proposed what: accounts, names and numbers in workshops, names not displayed; exactly so many people in all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from tracker.enums import AuthorRole, Origin
from tracker.models import Authorship
from tracker.services.bulk import Batch
from tracker.services.demo import content
from tracker.services.demo.ideas import Told
from tracker.services.demo.town import Person, Town

REPEATED = 0.12  # share of proposals whose author already sent one
NUMBERED = 0.25  # share of people in workshops who gave a number rather than a name
THANKED = 0.82


@dataclass(slots=True)
class Signing:
    """Writes the authorships of a project."""

    batch: Batch
    rng: Random
    town: Town
    first: list[str] = field(default_factory=content.first_names)
    last: list[str] = field(default_factory=content.last_names)
    by_account: dict[int, list[Told]] = field(default_factory=dict)
    in_workshops: dict[int, list[str | int]] = field(default_factory=dict)
    _hidden: dict[str, list[Person]] = field(default_factory=dict)

    @property
    def contributors(self) -> int:
        """Distinct people: accounts, and names or numbers within their workshop."""
        return len(self.by_account) + sum(len(people) for people in self.in_workshops.values())

    def sign(
        self,
        told: Mapping[str, Told],
        *,
        authors: Mapping[str, str],
        coauthors: Mapping[str, Sequence[str]],
        contributors: int | None,
    ) -> None:
        """Give every proposal its authors; `authors` and `coauthors` name accounts of the demonstration.

        Raises ValueError when `contributors` cannot be reached exactly.
        """
        sent = [one for one in told.values() if one.idea.state != "returned"]
        for one in sent:
            if one.idea.origin is Origin.WORKSHOP:
                self._workshop(one)
            else:
                person = self.town.accounts.get(authors.get(one.idea.key, "")) or self._person(one)
                self._account(one, person, AuthorRole.AUTHOR)
        for key, logins in coauthors.items():
            for login in logins:
                self._account(told[key], self.town.accounts[login], AuthorRole.COAUTHOR)
        for one in told.values():
            if one.idea.state == "returned":
                self._account(one, self._known_author(one), AuthorRole.AUTHOR)
        if contributors is not None:
            self._complete(sent, contributors)

    def _person(self, told: Told) -> Person:
        """Somebody of the service; a person whose name is not displayed signs nothing else and holds no role."""
        idea, rng = told.idea, self.rng
        pool = self.town.colleagues(idea.department, idea.entities)
        if idea.sealed:
            taken = self.town.known | self.town.signed
            person = rng.choice(
                [p for p in pool if p.id not in taken] or [p for p in self.town.people if p.id not in taken]
            )
            self.town.sealed.add(person.id)
            self.town.known.add(person.id)
            self._hidden.setdefault(idea.department, []).append(person)
            return person
        open_to = [p for p in pool if p.id not in self.town.sealed and p.id not in self._account_ids()]
        before = [p for p in open_to if 0 < len(self.by_account.get(p.id, ())) < 3]
        if before and rng.random() < REPEATED:
            return rng.choice(before)
        return rng.choice([p for p in open_to if p.id not in self.by_account] or open_to)

    def _account_ids(self) -> set[int]:
        return {person.id for person in self.town.accounts.values()}

    def _known_author(self, told: Told) -> Person:
        """For a proposal sent back: somebody who already counts, hidden in the same way."""
        if told.idea.sealed:
            same = self._hidden.get(told.idea.department) or [p for hidden in self._hidden.values() for p in hidden]
            return self.rng.choice(same)
        pool = [p for p in self.town.people if p.id in self.by_account and p.id not in self.town.sealed]
        near = [p for p in pool if p.department == told.idea.department and p.id not in self._account_ids()]
        return self.rng.choice(near or pool)

    def _account(self, told: Told, person: Person, role: AuthorRole) -> None:
        if told in self.by_account.get(person.id, ()):
            return
        self.by_account.setdefault(person.id, []).append(told)
        self.town.signed.add(person.id)
        self.batch.add(
            Authorship,
            proposal_id=told.id,
            user_id=person.id,
            role=role,
            sealed=told.idea.sealed,
            thanks_consent=not told.idea.sealed and self.rng.random() < THANKED,
            entity_id=self.town.entities[person.employer],
            accepted_at=told.submitted_at,
        )

    def _workshop(self, told: Told) -> None:
        if told.workshop_id is None:
            raise ValueError(f"{told.idea.key} has no workshop")
        people = self.in_workshops.setdefault(told.workshop_id, [])
        count = 1 if told.idea.sealed else self.rng.choice((2, 2, 3, 3, 3, 4))
        chosen: list[str | int] = []
        named = [p for p in people if isinstance(p, str)]
        if named and not told.idea.sealed and self.rng.random() < 0.2:
            chosen.append(self.rng.choice(named))
        while len(chosen) < count:
            chosen.append(self._attendee(people, numbered=told.idea.sealed or self.rng.random() < NUMBERED))
            people.append(chosen[-1])
        for position, person in enumerate(chosen):
            self.batch.add(
                Authorship,
                proposal_id=told.id,
                name=person if isinstance(person, str) else None,
                number=person if isinstance(person, int) else None,
                role=AuthorRole.COAUTHOR if position else AuthorRole.AUTHOR,
                sealed=told.idea.sealed,
                thanks_consent=isinstance(person, str) and self.rng.random() < THANKED,
                entity_id=self.town.entities[self.rng.choice(told.idea.entities)] if self.rng.random() < 0.8 else None,
            )

    def _attendee(self, people: list[str | int], *, numbered: bool) -> str | int:
        if numbered:
            return 1 + sum(isinstance(person, int) for person in people)
        return " ".join(self.town.new_name(self.rng, self.first, self.last))

    def _complete(self, sent: Sequence[Told], contributors: int) -> None:
        """Colleagues who signed with the author, until the number of people is right."""
        shared = [t for t in sent if not t.idea.sealed and t.idea.origin is Origin.AGENT]
        self.rng.shuffle(shared)
        missing = contributors - self.contributors
        if missing < 0:
            raise ValueError(f"{-missing} contributors too many")
        while missing:
            for told in shared:
                pool = [
                    p
                    for p in self.town.colleagues(told.idea.department, told.idea.entities)
                    if p.id not in self.by_account and p.id not in self.town.sealed and p.id not in self._account_ids()
                ]
                for person in self.rng.sample(pool, min(len(pool), missing, self.rng.choice((1, 1, 2, 2, 3)))):
                    self._account(told, person, AuthorRole.COAUTHOR)
                    missing -= 1
