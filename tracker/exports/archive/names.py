"""How people are named in an archive: as they are, or each by a number that stays theirs."""

from __future__ import annotations

from flask_babel import gettext

from tracker.exports.archive.records import PersonRef
from tracker.letters import Resolved


class Names:
    """Names of people; with `pseudonyms`, numbers given in the order in which people come."""

    def __init__(self, *, pseudonyms: bool) -> None:
        self.pseudonyms = pseudonyms
        self._numbers: dict[str, int] = {}

    def of(self, person: PersonRef | None) -> str:
        if person is None or not self.pseudonyms:
            return "" if person is None else person.name
        number = self._numbers.setdefault(person.key, len(self._numbers) + 1)
        return gettext("Personne n° %(n)s", n=number)

    def resolved(self, people: Resolved) -> Resolved:
        """The people of letters, named in the same way."""
        if not self.pseudonyms:
            return people
        return Resolved(
            authorships={
                key: (user_id, self.of(person_of(user_id, name))) for key, (user_id, name) in people.authorships.items()
            },
            users={key: self.of(person_of(key, name)) for key, name in people.users.items()},
            withdrawn_decisions=people.withdrawn_decisions,
            withdrawn_updates=people.withdrawn_updates,
        )


def person_of(user_id: int | None, name: str) -> PersonRef:
    """Somebody of the register, or a name alone."""
    return PersonRef(f"name {name}" if user_id is None else f"user {user_id}", name)
