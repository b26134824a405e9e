"""The letters of the project that is over, built and published by the same service as a real one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

from tracker.enums import Role
from tracker.extensions import write_transaction
from tracker.letters.quarters import Quarter
from tracker.queries import log
from tracker.records import Actor, Grant
from tracker.services import letters
from tracker.services.demo import content
from tracker.services.demo.days import after, office_time
from tracker.services.demo.town import Person, Town

DRAFTED, PUBLISHED = 4, 10  # days after the quarter's end
READERS = ("copil", "moderation")


def editorials() -> dict[str, str]:
    """The hand-written editorial of each quarter, in their order."""
    return {quarter: row["text"] for quarter, row in sorted(content.read("editorials.toml").items())}


def publish_letters(
    programme_id: int, *, town: Town, rng: Random, progress: Callable[[str], object], most: int | None = None
) -> int:
    """Build, proofread, approve and publish them in the order of their quarters, the first `most`; gives how many."""
    editor = _actor(town.accounts["redaction"], Role.EDITOR)
    readers = [_actor(town.accounts[login], None) for login in READERS]
    texts = dict(list(editorials().items())[:most])
    with log.read_once():
        for quarter, text in texts.items():
            end = Quarter.parse(quarter).last_day
            with write_transaction():
                _publish(programme_id, quarter, text, end=end, editor=editor, readers=readers, rng=rng)
    progress(f"{len(texts)} lettres publiées")
    return len(texts)


def _publish(
    programme_id: int, quarter: str, text: str, *, end: date, editor: Actor, readers: list[Actor], rng: Random
) -> None:
    drafted = office_time(rng, after(end, DRAFTED))
    given_on = after(end, PUBLISHED - 1)
    published = max(office_time(rng, after(end, PUBLISHED)), office_time(rng, given_on) + timedelta(minutes=30))
    letter = letters.build(programme_id, quarter, actor=editor, now=drafted)
    letters.write_editorial(letter, text, actor=editor, now=drafted)
    letters.ask_proofreading(letter, [reader.id for reader in readers], actor=editor, now=drafted, notify=False)
    letters.build(programme_id, quarter, actor=editor, now=published)  # what the bon à tirer is given on
    letters.approve(letter, readers[0].name, given_on, actor=editor, now=published)
    letters.publish(letter, actor=editor, now=published)


def _actor(person: Person, role: Role | None) -> Actor:
    return Actor(id=person.id, login="", name=person.name, grants=(Grant(role),) if role else ())
