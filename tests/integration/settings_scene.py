"""A project and the manager of the tool on their pages: what the tests of settings stand on."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests import factories
from tracker.enums import Role
from tracker.extensions import db
from tracker.models import Event


@pytest.fixture
def project(writing):
    with writing():
        return factories.programme(title="Mieux travailler")


@pytest.fixture
def manager(client, writing):
    with writing():
        person = factories.user(Role.ADMIN, entity_id=None)
    return client.login(person)


def last_event() -> Event:
    return db.session.scalars(select(Event).order_by(Event.id.desc())).first()
