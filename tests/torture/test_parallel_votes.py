"""Fifty people support proposals at once, press buttons twice, change their mind, try again: every count is exact."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from tests import effort, factories
from tests.effort import THOROUGH
from tests.servers import Node, Person, running
from tests.torture import recording
from tracker.enums import PhaseKind
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Proposal, RollEntry, Vote

PEOPLE, PROPOSALS, ROUNDS = 50, 4, 10 if THOROUGH else 1
GIVE, TAKE = "soutien", "retrait-soutien"
Work = Callable[[Node], list[int]]


def settled(app: Flask) -> tuple[list[Person], list[int]]:
    """People with a browser, and the numbers of proposals that they may support now."""
    with write_transaction():
        project = factories.programme()
        today = datetime.now(UTC).date()
        campaign = factories.campaign(project, (PhaseKind.VOTING, today - timedelta(1), today + timedelta(9)))
        numbers = [factories.proposal(project, campaign_id=campaign.id).number or 0 for _ in range(PROPOSALS)]
        users = [factories.user(programme=project) for _ in range(PEOPLE)]
    people = [Person(app, user) for user in users]
    end_transaction(commit=False)
    return people, numbers


def once(person: Person, number: int, act: str) -> Work:
    return lambda node: [person.post(node, f"/propositions/{number}/{act}").status]


def given_up(person: Person, number: int, act: str) -> Work:
    """Sent by somebody who does not wait for the answer, then sends again."""

    def work(node: Node) -> list[int]:
        person.send(node, f"/propositions/{number}/{act}")
        return once(person, number, act)(node)

    return work


def hesitating(person: Person, number: int, acts: list[str]) -> Work:
    return lambda node: [status for act in acts for status in once(person, number, act)(node)]


def works(people: list[Person], numbers: list[int], act: str, chance: random.Random) -> list[Work]:
    """Each person does `act` to each proposal in the end, one way or another, in any order."""
    other = TAKE if act == GIVE else GIVE
    found: list[Work] = []
    for person in people:
        for number in numbers:
            way = chance.random()
            if way < 0.3:  # a button pressed twice
                found += [once(person, number, act)] * 2
            elif way < 0.5:
                found.append(hesitating(person, number, [act, other, act]))
            elif way < 0.6:
                found.append(given_up(person, number, act))
            else:
                found.append(once(person, number, act))
    chance.shuffle(found)
    return found


def counted() -> tuple[list[int], list[int], int, int]:
    """Supports of each proposal as they are shown, and as there are votes; who voted, who is said to have."""
    shown = list(db.session.scalars(select(Proposal.support_count).order_by(Proposal.number)))
    votes = Counter(db.session.scalars(select(Proposal.number).join(Vote, Vote.proposal_id == Proposal.id)))
    tags = db.session.scalar(select(func.count(func.distinct(Vote.tag)))) or 0
    took_part = db.session.scalar(select(func.count()).where(RollEntry.took_part)) or 0
    end_transaction(commit=False)
    return shown, [votes[number] for number in sorted(votes)], tags, took_part


def test_every_support_counts_once_whatever_browsers_repeat(site: Flask, tmp_path: Path) -> None:
    people, numbers = settled(site)
    chance = effort.chance(4)
    statuses: Counter[int] = Counter()
    seconds = 0.0
    with running(tmp_path, str(site.config["BASE"].url), "--workers", "4") as node, ThreadPoolExecutor(32) as browsers:
        for _ in range(ROUNDS):
            # all support all, then half of them take everything back; the next round begins where this one ends
            for some, act, expected in ((people, GIVE, PEOPLE), (people[::2], TAKE, PEOPLE // 2)):
                begun = time.perf_counter()
                for done in browsers.map(lambda work: work(node), works(some, numbers, act, chance)):
                    statuses.update(done)
                seconds += time.perf_counter() - begun
                assert counted() == ([expected] * PROPOSALS, [expected] * PROPOSALS, expected, expected)
        assert "unavailable" not in node.said(), "nobody waited in vain"
    assert set(statuses) == {303}
    recording.record(
        f"votes {recording.database()}",
        recording.table(
            ("rounds", "supports a round", "people", "workers", "posts", "errors", "lost", "double", "posts a second"),
            (ROUNDS, PEOPLE * PROPOSALS, PEOPLE, 4, statuses.total(), 0, 0, 0, f"{statuses.total() / seconds:.0f}"),
        ),
    )
