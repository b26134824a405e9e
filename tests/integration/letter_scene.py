"""A project with an editor, readers, proposals and actions, and its letter: fixtures of the tests of letters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from tests import factories
from tracker.enums import ActionStatus, Outcome, Role
from tracker.models import Letter, User
from tracker.queries import letters as queries
from tracker.queries import people
from tracker.records import Actor
from tracker.services import letters

QUARTER = "2026-T1"
PRIVATE = "Note que seuls le comité et l'animateur lisent"


@dataclass
class Scene:
    """A project with an editor, a reader, an agent, proposals and actions."""

    programme_id: int
    editor: User
    reader: User
    agent: User
    author: User
    sealed: User
    done_id: int
    late_id: int
    actor: Actor
    now: Any

    def letter(self) -> Letter:
        found = letters.get(self.programme_id, QUARTER)
        assert found is not None
        return found


@pytest.fixture
def scene(app, writing, clock) -> Scene:
    with writing():
        programme = factories.programme(starts_on=date(2025, 10, 1))
        editor = factories.user(Role.EDITOR, programme=programme, first_name="Maëlle", last_name="Cordelier")
        reader, agent = factories.user(programme=programme), factories.user(programme=programme)
        author = factories.user(programme=programme, first_name="Odile", last_name="Martin")
        sealed = factories.sealed_user(programme=programme)
        group = factories.group(programme)
        kept = factories.proposal(programme, author=author, sent_on=date(2026, 1, 20), title="Un café commun")
        factories.decision(kept, taken_on=date(2026, 2, 3), reason="C'est simple et cela rassemble.")
        hidden = factories.proposal(programme, author=sealed, sealed=True, sent_on=date(2026, 1, 22))
        factories.decision(hidden, taken_on=date(2026, 2, 3))
        declined = factories.proposal(programme, author=agent, sent_on=date(2026, 1, 22))
        factories.decision(declined, outcome=Outcome.DECLINED, taken_on=date(2026, 3, 3), reason="Trop cher.")
        unpublished = factories.proposal(programme, author=agent, title="Pas encore répondue")
        factories.decision(
            unpublished, published=False, taken_on=date(2026, 3, 1), reason="Réponse pas encore publiée."
        )
        done = factories.action(programme, group_id=group.id, proposals=(kept, hidden), opened_on=date(2025, 11, 3))
        factories.update(done, date(2025, 12, 1), note="Commencée.")
        factories.update(done, date(2026, 2, 20), status=ActionStatus.DONE, note="Le premier café a eu lieu.")
        late = factories.action(
            programme, group_id=group.id, opened_on=date(2025, 11, 3), planned=(date(2025, 12, 1), date(2026, 2, 1))
        )
        factories.update(
            late, date(2026, 2, 10), planned_start=date(2025, 12, 1), planned_end=date(2026, 2, 1),
            note="Le matériel n'est pas arrivé.", private_note=PRIVATE,
        )  # fmt: skip
        factories.meeting(programme, date(2026, 4, 20), title="Comité d'avril")
        factories.open_campaign(programme, first=date(2026, 3, 1), end=date(2026, 5, 1))
        login, ids = editor.login, (programme.id, done.id, late.id)
    actor = people.actor_by_login(login, now=clock.now)
    assert actor is not None
    return Scene(ids[0], editor, reader, agent, author, sealed, ids[1], ids[2], actor, clock)


@pytest.fixture
def drafted(scene, writing) -> Scene:
    with writing():
        letters.build(scene.programme_id, QUARTER, actor=scene.actor, now=scene.now())
    return scene


def approve(scene: Scene, letter: Letter) -> None:
    letters.ask_proofreading(letter, [scene.reader.id], actor=scene.actor, now=scene.now())
    letters.approve(letter, "Jeanne Petit", date(2026, 3, 16), actor=scene.actor, now=scene.now())


@pytest.fixture
def published(drafted, writing) -> Scene:
    with writing():
        letter = drafted.letter()
        letters.write_editorial(letter, "Un trimestre **bien rempli**.", actor=drafted.actor, now=drafted.now())
        approve(drafted, letter)
        letters.publish(letter, actor=drafted.actor, now=drafted.now())
    return drafted


def publish_next(scene: Scene, writing: Callable[[], Any], quarter: str) -> None:
    with writing():
        letter = letters.build(scene.programme_id, quarter, actor=scene.actor, now=scene.now())
        letters.ask_proofreading(letter, [scene.reader.id], actor=scene.actor, now=scene.now())
        letters.approve(letter, "Jeanne Petit", scene.now().date(), actor=scene.actor, now=scene.now())
        letters.publish(letter, actor=scene.actor, now=scene.now())


def content(number: int = 1) -> dict[str, Any]:
    found = queries.published(number)
    assert found is not None
    return found.content
