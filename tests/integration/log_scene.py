"""An action with two milestones and those who speak of it: what the tests of the log stand on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.conftest import NOON
from tracker.enums import Role
from tracker.extensions import db
from tracker.models import ActionUpdate, Milestone
from tracker.progress import ActionState, state_at
from tracker.queries import log, people
from tracker.records import Actor
from tracker.services import updates
from tracker.services.updates import Statement

TODAY = date(2026, 3, 16)


@pytest.fixture
def site(app: Flask, writing: Any) -> Any:
    """A project with a group, its lead, a pilote, the committee, a member and an action with two milestones."""

    class Site:
        pass

    with writing():
        project = factories.programme()
        group = factories.group(project)
        other = factories.group(project)
        persons = {
            "lead": factories.user(Role.GROUP_LEAD, group=group),
            "other_lead": factories.user(Role.GROUP_LEAD, group=other),
            "member": factories.user(Role.GROUP_MEMBER, group=group),
            "pilot": factories.user(),
            "agent": factories.user(),
            "steering": factories.user(Role.STEERING, programme=project),
        }
        action = factories.action(
            project,
            group_id=group.id,
            pilot_id=persons["pilot"].id,
            milestones=(("Cahier des charges", date(2026, 3, 1)), ("Ouverture", date(2026, 6, 1))),
        )
        steps = [m.id for m in db.session.scalars(select(Milestone).order_by(Milestone.id))]
        names = {name: person.login for name, person in persons.items()}
        Site.project_id, Site.group_id, Site.other_id = project.id, group.id, other.id
        Site.action_id, Site.steps = action.id, steps
        Site.opening_id = db.session.scalar(select(ActionUpdate.id))
    for name, login in names.items():
        actor = people.actor_by_login(login, now=NOON)
        assert actor is not None
        setattr(Site, name, actor)
    return Site


def state(site: Any, on: date = TODAY, known_at: datetime | None = None) -> ActionState:
    found = state_at(log.load_actions(ids=(site.action_id,))[0], as_of=on, known_at=known_at)
    assert found is not None
    return found


def rows() -> int:
    return db.session.scalar(select(func.count()).select_from(ActionUpdate)) or 0


def post(
    site: Any, actor: Actor | None = None, on: date | None = None, now: datetime = NOON, **said: Any
) -> ActionUpdate:
    return updates.post_update(
        action_id=site.action_id, statement=Statement(**said), actor=actor or site.pilot, now=now, effective_on=on
    )


def later(days: int = 0, hours: int = 0) -> datetime:
    return NOON + timedelta(days=days, hours=hours)
