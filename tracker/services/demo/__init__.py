"""The demonstration: hand-written texts from `seeds/demo`, and around them a seeded generator that never varies.

The project that is over is the same on every load; the current one differs by the day it is loaded. Everything goes
through the validators and the workflow of typed data, then into the database table by table.

A larger scale tells the same life again and again in the same two projects, each share with people, groups, proposals,
actions and supports of its own.
"""

from __future__ import annotations

from collections import Counter as CountOf
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from time import monotonic

from flask import current_app
from sqlalchemy import update

from tracker import search, validation
from tracker.errors import Refused
from tracker.extensions import db, write_transaction
from tracker.models import (
    ActionUpdate,
    Counter,
    Event,
    Follow,
    Instance,
    Programme,
    ProposalTransition,
    User,
)
from tracker.queries import campaigns
from tracker.records import paris_day, paris_instant
from tracker.services import votes
from tracker.services.accounts import hash_password
from tracker.services.bulk import Batch
from tracker.services.demo import ballots, content, current, project, reset, town
from tracker.services.demo.authors import Signing
from tracker.services.demo.days import office_time, workday
from tracker.services.demo.ideas import Story, Told, openings
from tracker.services.demo.letters import publish_letters
from tracker.services.demo.project import Consultation, Project
from tracker.services.demo.town import Town
from tracker.services.demo.works import Works
from tracker.services.vote_keys import Key

SEED = "projet d'administration"
CONTRIBUTORS = 750
LETTERS = 9  # of a larger town: each has thousands of changes to tell
LAST_DAY = date(2020, 12, 18)  # the last day on which somebody wrote in the project that is over
GROUPS_OPENED = date(2014, 11, 21)
ACCOUNT_VISIT_DAYS = 9

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded: the past project, the rows by table, the letters published."""

    programme_id: int
    rows: Mapping[str, int]
    letters: int
    seconds: float


class _Progress:
    """Says what was done and how long it took since the last line."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._start = self._last = monotonic()

    def __call__(self, sentence: str) -> None:
        now = monotonic()
        self._say(f"  {now - self._last:5.1f} s  {sentence}")
        self._last = now

    @property
    def seconds(self) -> float:
        return monotonic() - self._start


def load(*, now: datetime, say: Say, reset_first: bool = False, seed: str = SEED, scale: int = 1) -> Loaded | None:
    """Fill the database; None when it already holds a project. Commits by itself, in a few transactions.

    `scale`: how many times as many people, groups, proposals, actions and supports, in the same two projects.
    Raises Refused outside demo mode.
    """
    if not current_app.config["DEMO"]:
        raise Refused("Les données de démonstration ne se chargent qu'en mode démonstration (TRACKER_MODE=demo).")
    present = reset.has_projects()
    db.session.rollback()
    if present and not reset_first:
        return None
    progress = _Progress(say)
    hashes = {login: hash_password(validation.DEMO_PASSWORD) for login in content.read("accounts.toml")}
    revision = 1
    if present:
        with write_transaction():
            revision += reset.empty()
        progress("ancienne démonstration effacée")
    reset.forget_keys()
    demonstration = _Demonstration(seed=seed, now=now, progress=progress, scale=scale)
    with write_transaction():
        demonstration.write(hashes, revision=revision)
    for number in range(1, scale):
        with write_transaction():
            demonstration.write_share(number)
    demonstration.vote()
    published = publish_letters(
        demonstration.past.id, town=demonstration.town, rng=demonstration.chance("letters"), progress=progress,
        most=None if scale == 1 else LETTERS,
    )  # fmt: skip
    with write_transaction():
        db.session.execute(update(Instance).values(demo=True, revision=Instance.revision + 1))
    return Loaded(demonstration.past.id, demonstration.counts, published, progress.seconds)


@dataclass(slots=True)
class _Share:
    """One demonstration's worth of people, proposals and actions; the first is the demonstration as it is."""

    batch: Batch
    town: Town
    past: Project
    running: Project
    told: dict[str, Told] = field(default_factory=dict)

    @property
    def first(self) -> bool:
        return self.town.share == 0


class _Demonstration:
    """One load, step by step."""

    past: Project
    running: Project
    town: Town

    def __init__(self, *, seed: str, now: datetime, progress: _Progress, scale: int) -> None:
        self._seed, self._now, self._progress, self._scale = seed, now, progress, scale
        self._today = paris_day(now)
        self._last_day = self._today - timedelta(days=current.LAST_CONFIRMATION)
        self._current = current.frame(self._today)
        self._frame = content.read("project.toml")
        self._past_texts = content.past_ideas(), content.past_works()
        self._current_texts = self._read_current()
        self._keys: dict[int, Key] = {}  # of consultations that are over
        self._voting: list[tuple[Town, list[Told]]] = []
        self._last = 0, 0  # numbers of proposals and actions
        self.counts: CountOf[str] = CountOf()

    def _read_current(self) -> tuple[Sequence[content.Idea], Sequence[content.Work]]:
        rows = self._current
        held = [row["on"] for row in rows["meeting"] if row["kind"] == "steering"]
        ideas = content.current_ideas(
            self._today, meetings=held, published=rows["published"]["proposals"], held_back=rows["held_back"]
        )
        return ideas, content.current_works(self._today, rows["works"])

    def chance(self, part: str, share: int = 0) -> Random:
        """Chance of its own for each part: a text added to one does not stir the others."""
        return Random(f"{self._seed}/{part}/{share}" if share else f"{self._seed}/{part}")  # noqa: S311 - the same each time, on purpose

    def write(self, hashes: dict[str, str], *, revision: int) -> None:
        """Everything but the running votes and the letters, in one transaction."""
        batch = Batch()
        self.town = town.build(batch, self.chance("people"), hashes=hashes, now=self._now)
        self._progress(f"{len(self.town.people)} personnes, {len(self.town.departments)} services")
        self.past, self.running = self._frames(batch)
        share = _Share(batch, self.town, self.past, self.running)
        self._past(share, self._progress)
        self._running(share)
        current.add_drafts(batch, self.chance("drafts"), self.town, self.running, self._current, today=self._today)
        for name, value in zip(("proposal", "action"), self._last, strict=True):
            batch.add(Counter, name=name, value=value)
        self._progress(
            f"projet en cours : {len(self._current_texts[0])} propositions, {len(self._current_texts[1])} actions"
        )
        self._finish(share, revision)
        self._insert(share)
        self._progress(f"{sum(self.counts.values())} lignes écrites, {len(self.counts)} tables")

    def write_share(self, number: int) -> None:
        """As much again: people, groups, workshops, proposals and actions, in the same two projects."""
        batch = Batch()
        people = town.more(batch, self.chance("people", number), self.town, share=number, now=self._now)
        share = _Share(batch, people, self.past.share(), self.running.share())
        project.add_workshops(batch, share.past, self._frame["workshop"])
        project.add_groups(
            batch, self.chance("groups", number), people, share.past, self._frame["group"], opened_on=GROUPS_OPENED
        )
        project.add_groups(
            batch, self.chance("current groups", number), people, share.running, self._current["group"],
            opened_on=self._current["programme"]["starts_on"],
        )  # fmt: skip
        self._past(share, _silent)
        self._running(share)
        self._in_order(share)
        self._insert(share)
        for name, value in zip(("proposal", "action"), self._last, strict=True):
            db.session.execute(update(Counter).where(Counter.name == name).values(value=value))
        if number % 10 == 9 or number == self._scale - 1:
            self._progress(f"{number + 1} fois la démonstration, {sum(self.counts.values())} lignes écrites")

    def _insert(self, share: _Share) -> None:
        self.counts.update(dict(share.batch.write()))
        search.index_many([(t.id, t.idea.title, t.idea.body) for t in share.told.values() if t.number])
        open_one = self.running.consultations[-1].id
        self._voting.append((share.town, [t for t in share.told.values() if t.campaign_id == open_one]))

    def _frames(self, batch: Batch) -> tuple[Project, Project]:
        rows = self._frame
        meetings = content.read("meetings.toml")["meeting"]
        rng = self.chance("groups")
        consulted = rows["programme"]["people_consulted"] * self._scale
        past = project.open_project(
            batch, self.town, rows["programme"] | {"people_consulted": consulted}, rows["themes"], principal=True
        )
        for row in rows["campaign"]:
            project.add_consultation(batch, past, row, rows["elsewhere"]["text"], now=self._now)
        project.add_workshops(batch, past, rows["workshop"])
        project.add_meetings(batch, past, meetings)
        project.add_committee(batch, rng, self.town, past, starts_on=past.consultations[0].opens_on)
        project.add_groups(batch, rng, self.town, past, rows["group"], opened_on=GROUPS_OPENED)
        running = current.open_project(
            batch, self.chance("current groups"), self.town, self._current, rows["themes"],
            elsewhere=rows["elsewhere"]["text"], now=self._now,
        )  # fmt: skip
        project.add_account_roles(batch, self.town, starts_on=past.consultations[0].opens_on)
        return past, running

    def _past(self, share: _Share, progress: Say) -> None:
        """The project that is over."""
        rows, (ideas, works), batch, number = self._frame, self._past_texts, share.batch, share.town.share
        told = self._ideas(share, share.past, ideas, works, part="past")
        signing = Signing(batch, self.chance("authors", number), share.town)
        signing.sign(
            told,
            authors=rows["authors"] if share.first else {},
            coauthors=rows["coauthors"] if share.first else {},
            contributors=CONTRIBUTORS,
        )
        retained = sum(one.state == "retained" for one in told.values())
        progress(f"{len(told)} propositions, {retained} retenues, {signing.contributors} contributeurs")
        supports = [
            self._closed(share, f"votes {c.key}", c, told, eagerness)
            for c, eagerness in zip(share.past.consultations, (1.15, 0.85, 0.4), strict=True)
        ]
        progress(f"{sum(supports)} soutiens")
        mended = content.read("corrections.toml")
        actions = Works(
            batch, self.chance("actions", number), share.town, share.past, last_day=LAST_DAY,
            now=paris_instant(date(2020, 12, 31), 16), corrections=mended["correction"],
            retractions=mended["retraction"],
        )  # fmt: skip
        written = self._works(share, actions, works, piloted=rows["piloted"]["actions"])
        progress(f"{written} actions, {len(batch.rows(ActionUpdate))} points")

    def _running(self, share: _Share) -> None:
        """The current project."""
        rows, (ideas, works), number = self._current, self._current_texts, share.town.share
        told = self._ideas(share, share.running, ideas, works, part="current", until=self._last_day)
        signing = Signing(share.batch, self.chance("current authors", number), share.town)
        signing.sign(
            told,
            authors=rows["authors"] if share.first else {},
            coauthors=rows["coauthors"] if share.first else {},
            contributors=None,
        )
        self._closed(share, "votes ended", share.running.consultations[0], told, 0.8)
        actions = Works(
            share.batch, self.chance("current actions", number), share.town, share.running,
            last_day=self._last_day, now=self._now,
        )  # fmt: skip
        self._works(share, actions, works, piloted=rows["piloted"]["actions"])

    def _closed(
        self, share: _Share, part: str, consultation: Consultation, told: Mapping[str, Told], eagerness: float
    ) -> int:
        """The votes of a consultation that is over; all its shares are under one key."""
        rng = self.chance(part, share.town.share)
        if consultation.id not in self._keys:
            self._keys[consultation.id] = Key(consultation.id, rng.randbytes(32))
        return ballots.closed(
            share.batch, rng, share.town, consultation, told.values(), key=self._keys[consultation.id], share=eagerness
        )

    def _works(self, share: _Share, actions: Works, works: Sequence[content.Work], *, piloted: Sequence[str]) -> int:
        """Write actions after those that have a number; gives the last number."""
        number = share.town.share
        titled = [replace(work, title=content.numbered(work.title, number)) for work in works] if number else works
        actions.write(titled, piloted=piloted if share.first else ())
        last_proposal, last_action = self._last
        last_action = actions.rows(share.told, last_action + 1)
        self._last = last_proposal, last_action
        return last_action

    def _ideas(
        self,
        share: _Share,
        of: Project,
        ideas: Sequence[content.Idea],
        works: Iterable[content.Work],
        *,
        part: str,
        until: date = date.max,
    ) -> dict[str, Told]:
        opened: dict[str, date] = {}
        for work in works:
            for key in work.proposals:
                opened[key] = min(work.opened_on, opened.get(key, work.opened_on))
        number = share.town.share
        titled = [replace(idea, title=content.numbered(idea.title, number)) for idea in ideas] if number else ideas
        story = Story(
            share.batch, self.chance(f"{part} ideas", number), share.town, of, titled,
            openings=openings(titled, opened), until=workday(until),
        )  # fmt: skip
        told = story.write()
        last_proposal, last_action = self._last
        self._last = story.rows(last_proposal + 1), last_action
        share.told |= told
        return told

    def _in_order(self, share: _Share) -> None:
        share.batch.in_order(ProposalTransition, lambda row: (row["recorded_at"], row["proposal_id"], row["id"]))
        share.batch.in_order(Event, lambda row: (row["at"], row["id"]))

    def _finish(self, share: _Share, revision: int) -> None:
        """Orders, revisions and what the accounts follow."""
        batch = share.batch
        self._in_order(share)
        for row in batch.rows(Programme):
            row["revision"] = revision
        accounts = {person.id for person in self.town.accounts.values()}
        for row in batch.rows(User):
            if row["id"] in accounts:
                row["last_visit_at"] = office_time(
                    self.chance("visits"), self._today - timedelta(days=ACCOUNT_VISIT_DAYS)
                )
        for login, keys in self._current["follows"].items():
            for key in keys:
                told = share.told[key]
                batch.add(
                    Follow, proposal_id=told.id, user_id=self.town.accounts[login].id,
                    created_on=told.published_on or told.idea.sent_on,
                )  # fmt: skip

    def vote(self) -> None:
        """The roll and the supports of the consultation that is open, under a key of its own in the instance folder."""
        open_one = self.running.consultations[-1]
        record = campaigns.by_id(open_one.id)
        db.session.rollback()
        if record is None:
            raise LookupError("the running consultation was not written")
        key = votes.prepare_key(record)
        count = 0
        with write_transaction():
            votes.open_roll(campaign_id=open_one.id, key=key, now=paris_instant(open_one.opens_on, 0, 5))
            for number, (people, told) in enumerate(self._voting):
                rng = self.chance("votes open", number)
                also = {} if number else self._current["supports"]
                count += ballots.running(rng, people, told, key, share=0.7, also=also)
        self._progress(f"{count} soutiens à la consultation ouverte")


def _silent(_sentence: str) -> None:
    """Nothing is said of each share of a larger town."""
