"""The demonstration: hand-written texts from `seeds/demo`, and around them a seeded generator that never varies.

The project that is over is the same on every load; the current one differs by the day it is loaded. Everything goes
through the validators and the workflow of typed data, then into the database table by table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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
from tracker.services.demo.project import Project
from tracker.services.demo.town import Town
from tracker.services.demo.works import Works

SEED = "projet d'administration"
CONTRIBUTORS = 750
LAST_DAY = date(2020, 12, 18)  # the last day on which somebody wrote in the project that is over
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


def load(*, now: datetime, say: Say, reset_first: bool = False, seed: str = SEED) -> Loaded | None:
    """Fill the database; None when it already holds a project. Commits by itself, in a few transactions.

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
    demonstration = _Demonstration(seed=seed, now=now, progress=progress)
    with write_transaction():
        demonstration.write(hashes, revision=revision)
    demonstration.vote()
    letters = publish_letters(
        demonstration.past.id, town=demonstration.town, rng=demonstration.chance("letters"), progress=progress
    )
    with write_transaction():
        db.session.execute(update(Instance).values(demo=True, revision=Instance.revision + 1))
    return Loaded(demonstration.past.id, demonstration.counts, letters, progress.seconds)


class _Demonstration:
    """One load, step by step."""

    past: Project
    running: Project
    town: Town

    def __init__(self, *, seed: str, now: datetime, progress: _Progress) -> None:
        self._seed, self._now, self._progress = seed, now, progress
        self._today = paris_day(now)
        self._last_day = self._today - timedelta(days=current.LAST_CONFIRMATION)
        self._current = current.frame(self._today)
        self._told: dict[str, Told] = {}
        self.counts: dict[str, int] = {}

    def chance(self, part: str) -> Random:
        """Chance of its own for each part: a text added to one does not stir the others."""
        return Random(f"{self._seed}/{part}")  # noqa: S311 - the same each time, on purpose

    def write(self, hashes: dict[str, str], *, revision: int) -> None:
        """Everything but the running votes and the letters, in one transaction."""
        batch = Batch()
        self.town = town.build(batch, self.chance("people"), hashes=hashes, now=self._now)
        self._progress(f"{len(self.town.people)} personnes, {len(self.town.departments)} services")
        self.past, self.running = self._frames(batch)
        numbers = self._past(batch)
        self._running(batch, *numbers)
        self._finish(batch, revision)
        self.counts = dict(batch.write())
        search.index_many([(t.id, t.idea.title, t.idea.body) for t in self._told.values() if t.number])
        self._progress(f"{sum(self.counts.values())} lignes écrites, {len(self.counts)} tables")

    def _frames(self, batch: Batch) -> tuple[Project, Project]:
        rows = content.read("project.toml")
        meetings = content.read("meetings.toml")["meeting"]
        rng = self.chance("groups")
        past = project.open_project(batch, self.town, rows["programme"], rows["themes"], principal=True)
        for row in rows["campaign"]:
            project.add_consultation(batch, past, row, rows["elsewhere"]["text"], now=self._now)
        project.add_workshops(batch, past, rows["workshop"])
        project.add_meetings(batch, past, meetings)
        project.add_committee(batch, rng, self.town, past, starts_on=past.consultations[0].opens_on)
        project.add_groups(batch, rng, self.town, past, rows["group"], opened_on=date(2014, 11, 21))
        running = current.open_project(
            batch, self.chance("current groups"), self.town, self._current, rows["themes"],
            elsewhere=rows["elsewhere"]["text"], now=self._now,
        )  # fmt: skip
        project.add_account_roles(batch, self.town, starts_on=past.consultations[0].opens_on)
        return past, running

    def _past(self, batch: Batch) -> tuple[int, int]:
        """The project that is over; gives the last numbers of its proposals and actions."""
        rows = content.read("project.toml")
        ideas, works = content.past_ideas(), content.past_works()
        told, last_proposal = self._ideas(batch, self.past, ideas, works, first_number=1, part="past")
        signing = Signing(batch, self.chance("authors"), self.town)
        signing.sign(told, authors=rows["authors"], coauthors=rows["coauthors"], contributors=CONTRIBUTORS)
        retained = sum(one.state == "retained" for one in told.values())
        self._progress(f"{len(told)} propositions, {retained} retenues, {signing.contributors} contributeurs")
        supports = [
            ballots.closed(batch, self.chance(f"votes {c.key}"), self.town, c, told.values(), share=share)
            for c, share in zip(self.past.consultations, (1.15, 0.85, 0.4), strict=True)
        ]
        self._progress(f"{sum(supports)} soutiens")
        mended = content.read("corrections.toml")
        actions = Works(
            batch, self.chance("actions"), self.town, self.past, last_day=LAST_DAY,
            now=paris_instant(date(2020, 12, 31), 16), corrections=mended["correction"],
            retractions=mended["retraction"],
        )  # fmt: skip
        actions.write(works, piloted=rows["piloted"]["actions"])
        last_action = actions.rows(told, 1)
        self._progress(f"{last_action} actions, {len(batch.rows(ActionUpdate))} points")
        return last_proposal, last_action

    def _running(self, batch: Batch, last_proposal: int, last_action: int) -> None:
        """The current project."""
        rows = self._current
        held = [row["on"] for row in rows["meeting"] if row["kind"] == "steering"]
        ideas = content.current_ideas(
            self._today, meetings=held, published=rows["published"]["proposals"], held_back=rows["held_back"]
        )
        works = content.current_works(self._today, rows["works"])
        told, last = self._ideas(
            batch, self.running, ideas, works, first_number=last_proposal + 1, part="current", until=self._last_day
        )
        signing = Signing(batch, self.chance("current authors"), self.town)
        signing.sign(told, authors=rows["authors"], coauthors=rows["coauthors"], contributors=None)
        ended = self.running.consultations[0]
        ballots.closed(batch, self.chance("votes ended"), self.town, ended, told.values(), share=0.8)
        actions = Works(
            batch, self.chance("current actions"), self.town, self.running,
            last_day=self._last_day, now=self._now,
        )  # fmt: skip
        actions.write(works, piloted=rows["piloted"]["actions"])
        last_number = actions.rows(told, last_action + 1)
        current.add_drafts(batch, self.chance("drafts"), self.town, self.running, rows, today=self._today)
        for name, value in (("proposal", last), ("action", last_number)):
            batch.add(Counter, name=name, value=value)
        self._progress(f"projet en cours : {len(told)} propositions, {len(works)} actions")

    def _ideas(
        self,
        batch: Batch,
        of: Project,
        ideas: Iterable[content.Idea],
        works: Iterable[content.Work],
        *,
        first_number: int,
        part: str,
        until: date = date.max,
    ) -> tuple[dict[str, Told], int]:
        opened: dict[str, date] = {}
        for work in works:
            for key in work.proposals:
                opened[key] = min(work.opened_on, opened.get(key, work.opened_on))
        chosen = tuple(ideas)
        story = Story(
            batch, self.chance(f"{part} ideas"), self.town, of, chosen, openings=openings(chosen, opened),
            until=workday(until),
        )  # fmt: skip
        told = story.write()
        last = story.rows(first_number)
        self._told |= told
        return told, last

    def _finish(self, batch: Batch, revision: int) -> None:
        """Orders, revisions and what the accounts follow."""
        batch.in_order(ProposalTransition, lambda row: (row["recorded_at"], row["proposal_id"], row["id"]))
        batch.in_order(Event, lambda row: (row["at"], row["id"]))
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
                told = self._told[key]
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
        rng = self.chance("votes open")
        with write_transaction():
            votes.open_roll(campaign_id=open_one.id, key=key, now=paris_instant(open_one.opens_on, 0, 5))
            count = ballots.running(rng, self.town, self._told.values(), key, share=0.7, also=self._current["supports"])
        self._progress(f"{count} soutiens à la consultation ouverte")
