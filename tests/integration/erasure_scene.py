"""An author known by every means, whose letter is published: what erasing and retention start from."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from tests import factories
from tests.integration.letter_scene import QUARTER, Scene, approve
from tracker.enums import RequestKind, Role
from tracker.extensions import db, end_transaction
from tracker.models import (
    ActionUpdate,
    Decision,
    Event,
    Follow,
    Matricule,
    OutboxMessage,
    RoleGrant,
    User,
)
from tracker.queries import figures, people, projects
from tracker.records import Actor
from tracker.services import data_requests, letters

ODILE = ("Odile", "Martin", "odile.martin-brume@exemple.fr", "MAT-77421")


def known_author(drafted: Scene, writing: Any, clock: Any) -> Scene:
    """The scene of letters, with an author known by every means, whose letter is published."""
    with writing():
        person = db.session.get_one(User, drafted.author.id)
        person.last_name, person.email, person.login = "Martin-Brume", ODILE[2], "odile.martin-brume"
        db.session.add(Matricule(entity_id=person.entity_id, number=ODILE[3], user_id=person.id))
        db.session.add(Follow(action_id=drafted.done_id, user_id=person.id, created_on=date(2026, 3, 1)))
        db.session.add(RoleGrant(user_id=person.id, role=Role.MODERATOR, starts_on=date(2026, 1, 1)))
        db.session.add(
            OutboxMessage(
                dedupe_key="x:1", user_id=person.id, address=ODILE[2], kind="test", not_before=clock.now,
                queued_at=clock.now, params={"name": "Odile Martin-Brume"},
            )
        )  # fmt: skip
        db.session.add(
            Event(
                at=clock.now, actor_id=person.id, actor_label=person.name, verb="user:edit", subject="user",
                subject_id=person.id, changes={"email": [None, ODILE[2]], "n": 3},
            )
        )  # fmt: skip
        row = db.session.scalars(select(ActionUpdate).where(ActionUpdate.action_id == drafted.late_id)).all()[-1]
        row.note = "Le matériel commandé par Odile Martin-Brume n'est pas arrivé."
        answer = db.session.scalars(select(Decision).where(Decision.published_on.is_not(None))).all()[0]
        answer.reason = "Odile MARTIN-BRUME a tout dit : c'est simple."
        factories.user(Role.ADMIN, login="gestion")
        factories.user(Role.MODERATOR, login="moderation")
        factories.user(Role.STEERING, login="copil")
        actor = actor_of("odile.martin-brume", clock)
        data_requests.ask(RequestKind.ERASURE, "Je suis Odile Martin-Brume.", actor=actor, now=clock.now)
    with writing():
        letter = drafted.letter()
        letters.build(drafted.programme_id, QUARTER, actor=drafted.actor, now=drafted.now())
        letters.write_editorial(letter, "Merci à Odile **Martin-Brume** !", actor=drafted.actor, now=drafted.now())
        approve(drafted, letter)
        letters.publish(letter, actor=drafted.actor, now=drafted.now())
    return drafted


def actor_of(login: str, clock: Any) -> Actor:
    found = people.actor_by_login(login, now=clock.now)
    assert found is not None, login
    return found


def snapshot(town: Scene) -> dict[str, int]:
    end_transaction(commit=False)
    project = projects.frame().by_id(town.programme_id)
    return figures.snapshot(project, as_of=date(2026, 3, 16)).counters
