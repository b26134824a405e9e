"""What the clock erases once somebody has confirmed the durations: leavers, authors of old projects, drafts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import or_, select

from tests import factories
from tests.integration.erasure_scene import actor_of, known_author, snapshot
from tests.integration.letter_scene import Scene
from tracker.enums import ProposalState
from tracker.extensions import db
from tracker.models import (
    Authorship,
    Programme,
    Proposal,
    User,
)
from tracker.services import retention
from tracker.services.settings import values


@pytest.fixture
def town(drafted: Scene, writing: Any, clock: Any) -> Scene:
    return known_author(drafted, writing, clock)


def confirm(writing: Any, clock: Any, **months: int) -> None:
    kept = {"leavers": 12, "authors": 24, "security": 6, "drafts": 12, "requests": 12, **months}
    with writing():
        values.put("retention", kept, actor=actor_of("gestion", clock), now=clock.now)


def run(writing: Any, clock: Any) -> tuple[int, int, int]:
    with writing():
        return tuple(task(now=clock.now) for task in (retention.rest, retention.leavers, retention.authors))  # type: ignore[return-value]


def test_a_leaver_is_erased_once_the_months_are_over_and_confirmed(town: Scene, writing: Any, clock: Any) -> None:
    with writing():
        person = db.session.get_one(User, town.author.id)
        person.is_active, person.left_on = False, date(2025, 3, 15)
        other = db.session.get_one(User, town.agent.id)
        other.is_active, other.left_on = False, date(2025, 3, 17)
    assert run(writing, clock)[1] == 0, "durations are not confirmed"
    confirm(writing, clock)
    assert run(writing, clock)[1] == 1
    assert db.session.get_one(User, town.author.id).erased_at is not None
    assert db.session.get_one(User, town.agent.id).erased_at is None
    assert run(writing, clock)[1] == 0


def test_authors_of_a_project_ended_long_ago_are_as_many_without_names(town: Scene, writing: Any, clock: Any) -> None:
    before = snapshot(town)
    confirm(writing, clock)
    assert run(writing, clock)[2] == 0, "the project runs"
    with writing():
        db.session.get_one(Programme, town.programme_id).ends_on = date(2026, 1, 31)
    clock.set(clock.now + timedelta(days=24 * 31))
    assert run(writing, clock)[2] > 0
    assert run(writing, clock)[2] == 0
    assert snapshot(town) == before
    assert db.session.scalars(select(Authorship.id).where(Authorship.user_id == town.author.id)).all() == []
    assert db.session.get_one(User, town.author.id).name == "Odile Martin-Brume", "the account stays"


@pytest.mark.parametrize("name", [None, "Josette Perrin"], ids=["an account", "a name typed of a workshop"])
def test_a_closed_project_loses_its_names_too_and_no_page_kept_shows_them(
    town: Scene, writing: Any, clock: Any, name: str | None
) -> None:
    confirm(writing, clock)
    with writing():
        project = db.session.get_one(Programme, town.programme_id)
        project.ends_on, project.closed_at = date(2026, 1, 31), clock.now
        if name is not None:
            for row in db.session.scalars(select(Authorship)):
                row.user_id, row.name = None, name
    revision = db.session.scalar(select(Programme.revision))
    clock.set(clock.now + timedelta(days=24 * 31))
    assert run(writing, clock)[2] > 0
    told = or_(Authorship.user_id == town.author.id, Authorship.name == "Josette Perrin")
    assert db.session.scalars(select(Authorship.id).where(told)).all() == []
    assert db.session.scalar(select(Programme.revision)) > revision, "pages are made again"


def test_old_drafts_and_answered_requests_go_and_recent_ones_stay(town: Scene, writing: Any, clock: Any) -> None:
    with writing():
        old = factories.proposal(
            db.session.get_one(Programme, town.programme_id),
            author=town.agent,
            state=ProposalState.DRAFT,
            title="Vieux brouillon",
        )
        old.created_on = date(2025, 3, 1)
        key = old.id
    assert run(writing, clock)[0] == 1
    assert db.session.get(Proposal, key) is None
    assert run(writing, clock)[0] == 0
