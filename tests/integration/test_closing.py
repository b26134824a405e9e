"""A closed project is read, and changes no more, until it is opened again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import NOON
from tracker.enums import LetterState, MeetingKind, PhaseKind, ProposalState, Role
from tracker.errors import Conflict, Forbidden, Refused
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Event, Letter, Programme, User
from tracker.queries import people
from tracker.records import Actor
from tracker.services import actions, closing, letters, meetings, proposals, reviews, updates
from tracker.services.meetings import MeetingInput

ENDED = {"starts_on": date(2025, 1, 1), "ends_on": date(2026, 3, 10)}
WHY = "Un oubli doit être corrigé."
Write = Callable[[SimpleNamespace], Any]


@pytest.fixture
def scene(app: Flask, writing: Any) -> SimpleNamespace:
    """An ended project with proposals, an action, a meeting; a manager, a committee member, an agent."""
    with writing():
        project = factories.programme(**ENDED)
        group = factories.group(project)
        agent = factories.user(programme=project)
        committee = factories.user(Role.STEERING, Role.REVIEWER, Role.MODERATOR, Role.EDITOR)
        admin = factories.user(Role.ADMIN, programme=project)
        found = SimpleNamespace(
            project=project.id,
            group=group.id,
            logins=(admin.login, committee.login, agent.login),
            proposal=factories.proposal(project, author=agent, sealed=True).id,
            sent=factories.proposal(project, author=agent, state=ProposalState.SUBMITTED).id,
            action=factories.action(project, group_id=group.id).id,
            meeting=factories.meeting(project, date(2026, 3, 2)).id,
        )
    found.admin, found.committee, found.agent = (actor(login) for login in found.logins)
    return found


def actor(login: str) -> Actor:
    found = people.actor_by_login(login, now=NOON)
    assert found is not None
    end_transaction(commit=False)
    return found


def written(act: Callable[[], Any]) -> None:
    """As a view does: a write transaction of its own, dropped when something refuses."""
    try:
        with write_transaction():
            act()
    finally:
        end_transaction(commit=False)


def close(scene: SimpleNamespace) -> None:
    written(lambda: closing.close(project_id=scene.project, actor=scene.admin, now=NOON))


def reopen(scene: SimpleNamespace, reason: str = WHY) -> None:
    written(lambda: closing.reopen(project_id=scene.project, reason=reason, actor=scene.admin, now=NOON))


def events() -> int:
    return db.session.scalar(select(func.count(Event.id))) or 0


MINUTES = MeetingInput("Réunion de trop", MeetingKind.STEERING, date(2026, 3, 3))
WRITES: dict[str, Write] = {
    "an action": lambda s: actions.create_action(
        programme_id=s.project, title="Une action de trop", group_id=s.group, actor=s.committee, now=NOON
    ),
    "a point": lambda s: updates.confirm(action_id=s.action, actor=s.committee, now=NOON),
    "a meeting": lambda s: meetings.create(programme_id=s.project, meeting=MINUTES, actor=s.committee, now=NOON),
    "minutes": lambda s: meetings.edit(meeting_id=s.meeting, meeting=MINUTES, actor=s.committee, now=NOON),
    "a letter": lambda s: letters.build(s.project, "2025-T1", actor=s.committee, now=NOON),
    "a study": lambda s: reviews.take(proposal_id=s.proposal, actor=s.committee, now=NOON),
    "a publication": lambda s: proposals.publish(proposal_id=s.sent, actor=s.committee, now=NOON),
    "a name": lambda s: proposals.choose_name(proposal_id=s.proposal, sealed=False, actor=s.agent, now=NOON),
    "a withdrawal": lambda s: proposals.withdraw(proposal_id=s.proposal, actor=s.agent, now=NOON),
    "a wish to be told": lambda s: proposals.follow(proposal_id=s.proposal, actor=s.agent, now=NOON),
}


@pytest.mark.parametrize("kind", WRITES)
def test_a_closed_project_refuses_each_kind_of_write_until_it_is_open_again(scene: SimpleNamespace, kind: str) -> None:
    close(scene)
    before = events()
    with pytest.raises(Refused, match="clos"):
        written(lambda: WRITES[kind](scene))
    assert events() == before
    reopen(scene)
    written(lambda: WRITES[kind](scene))
    assert events() > before + 1


def test_to_be_named_no_more_stays_a_right(scene: SimpleNamespace) -> None:
    def name(sealed: bool) -> None:
        written(lambda: proposals.choose_name(proposal_id=scene.proposal, sealed=sealed, actor=scene.agent, now=NOON))

    name(False)
    close(scene)
    name(True)
    with pytest.raises(Refused, match="clos"):
        name(False)


def test_closing_and_opening_again_are_in_the_history_with_the_reason(scene: SimpleNamespace) -> None:
    close(scene)
    reopen(scene)
    said = db.session.execute(
        select(Event.verb, Event.actor_id, Event.changes).where(Event.verb.startswith("project:")).order_by(Event.id)
    ).all()
    assert [(verb, by) for verb, by, _ in said] == [
        ("project:close", scene.admin.id), ("project:reopen", scene.admin.id)
    ]  # fmt: skip
    assert said[1][2]["reason"] == [None, WHY]


def test_it_is_closed_once_and_by_the_manager_alone(scene: SimpleNamespace) -> None:
    for other in (scene.committee, scene.agent):
        with pytest.raises(Forbidden):
            written(lambda who=other: closing.close(project_id=scene.project, actor=who, now=NOON))
    with pytest.raises(Conflict):
        reopen(scene)
    close(scene)
    with pytest.raises(Conflict):
        close(scene)
    with pytest.raises(Refused):
        reopen(scene, "Non")


def still_running(scene: SimpleNamespace) -> None:
    db.session.get_one(Programme, scene.project).ends_on = NOON.date()


def consultation_open(scene: SimpleNamespace) -> None:
    project = db.session.get_one(Programme, scene.project)
    factories.campaign(project, (PhaseKind.REVIEWING, date(2026, 3, 1), date(2026, 4, 1)))


def votes_not_closed(scene: SimpleNamespace) -> None:
    project = db.session.get_one(Programme, scene.project)
    factories.campaign(project, (PhaseKind.VOTING, date(2026, 3, 1), date(2026, 3, 9)), roll_opened_at=NOON)


def letter_in_course(scene: SimpleNamespace) -> None:
    db.session.add(
        Letter(
            programme_id=scene.project, quarter="2025-T1", title="La lettre", state=LetterState.TO_APPROVE,
            as_of=date(2025, 3, 31), known_at=NOON,
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [
        (still_running, "pas fini"),
        (consultation_open, "consultation n'est pas finie"),
        (votes_not_closed, "pas encore clôturés"),
        (letter_in_course, "lettre est en cours"),
    ],
)
def test_what_stands_in_the_way_is_said(
    scene: SimpleNamespace, writing: Any, client: CheckedClient, obstacle: Callable[[SimpleNamespace], None], words: str
) -> None:
    with writing():
        obstacle(scene)
    with pytest.raises(Refused, match=words):
        close(scene)
    page = client.login(user_named(scene.logins[0])).get(f"/reglages/archives/{scene.project}")
    assert words in page.words
    assert not page.select("form[action$=cloture]")


def user_named(login: str) -> Any:
    return db.session.scalars(select(User).where(User.login == login)).one()


def test_the_manager_closes_after_a_question_and_opens_again_with_a_reason(
    scene: SimpleNamespace, client: CheckedClient
) -> None:
    client.login(user_named(scene.logins[0]))
    address = f"/reglages/archives/{scene.project}"
    assert "Resteront en l'état" in client.get(address).words
    asked = client.post(f"{address}/cloture", expected=200)
    assert "Personne ne pourra plus" in asked.words
    client.post(f"{address}/cloture", {"confirmed": "yes"})
    assert "Clos le 16 mars 2026" in client.get(address).words
    client.post(f"{address}/reouverture", {"reason": ""}, expected=422)
    client.post(f"{address}/reouverture", {"reason": WHY})
    assert "Clore ce projet" in client.get(address).words


def test_a_closed_project_says_so_and_offers_no_button_to_write(scene: SimpleNamespace, client: CheckedClient) -> None:
    client.login(user_named(scene.logins[1]))
    places = ("/actions", "/reunions", "/lettres", "/tableau-de-bord", f"/reunions/{scene.meeting}", "/")
    writes = "main a[href*='/nouvelle'], main a[href*='modifier'], main form[action*='composer']"
    offered = {place: len(client.get(place).select(writes)) for place in places}
    assert offered["/actions"]
    assert offered["/reunions"]
    close(scene)
    for place in places:
        page = client.get(place)
        assert "Projet clos le 16 mars 2026" in re_spaced(page.text), place
        assert not page.select(writes), place


def re_spaced(text: str) -> str:
    return " ".join(text.split())
