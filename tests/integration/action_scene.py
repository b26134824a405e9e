"""An action with its group, its people and its proposal: what the tests of the pages of actions stand on."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.client import CheckedClient
from tracker.enums import Role
from tracker.extensions import db
from tracker.models import ActionUpdate, Programme, User
from tracker.queries import kept

PEOPLE = ("lead", "other_lead", "member", "pilot", "agent", "steering", "admin", "reviewer")


@pytest.fixture(autouse=True)
def fresh_log() -> None:
    kept.forget()


class Site:
    """What the tests of this file stand on: ids and people."""

    users: dict[str, User]
    project: Programme
    number: int
    action_id: int
    group_id: int
    steps: list[int]


@pytest.fixture
def site(app: Any, writing: Any) -> Site:
    site = Site()
    with writing():
        project = factories.programme()
        theme = factories.theme(project)
        group = factories.group(project, name="Vie au travail", slug="vie-au-travail")
        other = factories.group(project)
        site.users = {
            "lead": factories.user(Role.GROUP_LEAD, group=group),
            "other_lead": factories.user(Role.GROUP_LEAD, group=other),
            "member": factories.user(Role.GROUP_MEMBER, group=group),
            "pilot": factories.user(first_name="Paule", last_name="Pilote"),
            "agent": factories.user(),
            "steering": factories.user(Role.STEERING, programme=project),
            "admin": factories.user(Role.ADMIN),
            "reviewer": factories.user(Role.REVIEWER, programme=project),
        }
        action = factories.action(
            project, title="Ouvrir un guichet unique", group_id=group.id, theme_id=theme.id,
            pilot_id=site.users["pilot"].id,
            milestones=(("Cahier des charges", date(2026, 3, 1)), ("Ouverture", date(2026, 6, 1))),
        )  # fmt: skip
        site.number, site.action_id, site.group_id = action.number, action.id, group.id
        site.project = project
    site.steps = [m.id for m in action.milestones]
    return site


def be(client: CheckedClient, site: Site, who: str) -> CheckedClient:
    return client.login(site.users[who])


def rows() -> int:
    return db.session.scalar(select(func.count()).select_from(ActionUpdate)) or 0
