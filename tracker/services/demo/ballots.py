"""Some eight thousand supports: rolls and votes of closed consultations, under keys that nobody keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from itertools import accumulate
from random import Random

from sqlalchemy import update

from tracker.enums import VoteChoice
from tracker.extensions import db
from tracker.models import Campaign, Proposal, RollEntry, Vote
from tracker.services.bulk import Batch, insert_all
from tracker.services.demo.ideas import Told
from tracker.services.demo.project import Consultation
from tracker.services.demo.town import Person, Town
from tracker.services.vote_keys import Key

# supports by how much people wanted it, in a consultation where everybody took part; before chance
WANTED = (2, 6, 12, 19, 29, 43)


def _draw(rng: Random, people: list[Person], told: Iterable[Told], share: float) -> list[tuple[Told, Person]]:
    """Who supports what: some people support many proposals, most a few, half of them none."""
    active = rng.sample(people, len(people) // 2)
    eager = tuple(accumulate(rng.paretovariate(1.3) for _person in active))
    ballots: list[tuple[Told, Person]] = []
    for one in sorted(told, key=lambda t: t.idea.key):
        wanted = round(WANTED[one.idea.weight] * share * rng.uniform(0.7, 1.3))
        chosen: dict[int, Person] = {}
        while len(chosen) < min(wanted, len(active)):
            person = rng.choices(active, cum_weights=eager)[0]
            chosen[person.id] = person
        ballots += [(one, person) for person in chosen.values()]
    return ballots


def closed(
    batch: Batch, rng: Random, town: Town, consultation: Consultation, told: Iterable[Told], *, key: Key, share: float
) -> int:
    """The roll and the votes of a consultation that is over; gives the number of supports.

    Its key is kept nowhere afterwards, as after the close of a real one.
    """
    open_ones = [t for t in told if t.campaign_id == consultation.id and _was_open(t, consultation)]
    ballots = _draw(rng, town.people, open_ones, share)
    voters = {person.id for _one, person in ballots}
    for person in town.people:
        batch.add(
            RollEntry,
            campaign_id=consultation.id,
            user_id=person.id,
            entity_id=town.entities[person.employer],
            department_id=town.departments[person.department],
            is_manager=person.is_manager,
            took_part=person.id in voters,
        )
    counts = _votes(ballots, key, lambda row: batch.add(Vote, **row))
    for row in batch.rows(Proposal):
        row["support_count"] = counts.get(row["id"], row["support_count"])
    for row in batch.rows(Campaign):
        if row["id"] == consultation.id:
            row["key_sha256"] = sha256(key.secret).hexdigest()
    return len(ballots)


def running(
    rng: Random, town: Town, told: Iterable[Told], key: Key, *, share: float, also: dict[str, list[str]]
) -> int:
    """Votes of the consultation that is open, under its living key, once its roll is made.

    `also`: proposals that an account of the demonstration supports, by login.
    """
    by_key = {one.idea.key: one for one in told if one.campaign_id == key.campaign_id and one.published_on}
    wanted = [(by_key[one], town.accounts[login]) for login, keys in also.items() for one in keys]
    drawn = _draw(rng, [p for p in town.people if p not in town.accounts.values()], by_key.values(), share)
    ballots = [*wanted, *drawn]
    rows: list[dict[str, object]] = []
    counts = _votes(ballots, key, rows.append)
    insert_all(Vote, rows)
    supported = [{"id": proposal_id, "support_count": count} for proposal_id, count in counts.items()]
    db.session.execute(update(Proposal), supported)
    voters = sorted({person.id for _one, person in ballots})
    db.session.execute(
        update(RollEntry)
        .where(RollEntry.campaign_id == key.campaign_id, RollEntry.user_id.in_(voters))
        .values(took_part=True)
    )
    return len(ballots)


def _was_open(told: Told, consultation: Consultation) -> bool:
    """Whether people could support it before the close."""
    return told.published_on is not None and told.published_on < consultation.votes_close_on


def _votes(
    ballots: Iterable[tuple[Told, Person]], key: Key, keep: Callable[[dict[str, object]], object]
) -> dict[int, int]:
    """Keep the votes in the order of their keys, so that nothing tells who came first; gives counts by proposal."""
    tags: dict[int, str] = {}
    pairs = sorted({(one.id, tags.setdefault(p.id, key.tag(p.id))) for one, p in ballots})
    counts: dict[int, int] = {}
    for proposal_id, tag in pairs:
        keep(
            {
                "campaign_id": key.campaign_id,
                "proposal_id": proposal_id,
                "tag": tag,
                "choice": VoteChoice.FOR,
                "points": 1,
            }
        )
        counts[proposal_id] = counts.get(proposal_id, 0) + 1
    return counts
