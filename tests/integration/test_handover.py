"""Who leaves hands over what they held: each thing to somebody or to nobody, in one act that the history tells."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import NOON
from tests.integration.town_scene import actor
from tracker.enums import ActionStatus, ProposalState, ReviewAdvice, Role, UpdateKind
from tracker.errors import Conflict, Forbidden, Refused
from tracker.extensions import db, end_transaction
from tracker.models import (
    Action,
    Event,
    Letter,
    OutboxMessage,
    Programme,
    Proofreading,
    Proposal,
    Review,
    RoleGrant,
    User,
)
from tracker.progress import Timeline
from tracker.queries import checks, holdings, log, reviews
from tracker.queries.reviews import StudyFilter
from tracker.services import handover
from tracker.services.handover import HandOver

TODAY = date(2026, 3, 16)
ROOT = "/reglages/personnes"


class Town:
    def __init__(self) -> None:
        self.project = factories.programme()
        self.project_id = self.project.id
        self.group = factories.group(self.project, name="Voirie")
        self.group_id = self.group.id
        self.boss = factories.user(Role.ADMIN, login="gestion")
        self.leaver = factories.user(
            Role.GROUP_LEAD, group=self.group, programme=self.project, first_name="Paul", last_name="Parti"
        )
        self.leaver_id = self.leaver.id
        factories.add(RoleGrant(user_id=self.leaver_id, role=Role.REVIEWER, starts_on=factories.FIRST_DAY))
        self.heir = factories.user(programme=self.project, first_name="Hélène", last_name="Venue")
        self.heir_id = self.heir.id
        self.running = factories.action(self.project, pilot_id=self.leaver_id, title="Bancs").id
        self.over = factories.action(self.project, pilot_id=self.leaver_id, status=ActionStatus.DONE).id
        self.study = factories.proposal(self.project, state=ProposalState.UNDER_REVIEW).id
        factories.add(
            Event(
                at=NOON, programme_id=self.project_id, actor_id=self.leaver_id, verb="review:take",
                subject="proposal", subject_id=self.study,
            )
        )  # fmt: skip
        self.letter = factories.add(
            Letter(programme_id=self.project_id, quarter="2026-T1", title="La lettre", as_of=TODAY, known_at=NOON)
        ).id
        factories.add(Proofreading(letter_id=self.letter, user_id=self.leaver_id, asked_at=NOON))


def held_by(user_id: int) -> tuple[holdings.Held, ...]:
    found = holdings.of_person(user_id, today=TODAY)
    end_transaction(commit=False)
    return found


def hand_over(
    town: Town, writing: Any, *, to: int | None = 0, day: date = TODAY, leaving: bool = False, by: str = "gestion",
    but: tuple[str, ...] = (),
) -> None:  # fmt: skip
    """Everything to one person (the heir), apart from the kinds in `but`."""
    held, who = held_by(town.leaver_id), actor(by)
    taker = town.heir_id if to == 0 else to
    wanted = HandOver(
        town.leaver_id, day, {one.key: None if one.kind.value in but else taker for one in held}, leaving,
        holdings.mark_of(held),
    )  # fmt: skip
    with writing():
        handover.hand_over(wanted, actor=who, now=NOON)


def test_what_somebody_holds_is_what_is_not_over(town: Town, writing: Any) -> None:
    held = held_by(town.leaver_id)
    assert [(one.kind.value, one.title) for one in held] == [
        ("role", "Voirie"), ("role", ""), ("action", "Bancs"), ("etude", held[3].title), ("relecture", "La lettre"),
    ]  # fmt: skip
    with writing():
        db.session.get_one(Programme, town.project_id).closed_at = NOON
    assert [one.role for one in held_by(town.leaver_id)] == [Role.REVIEWER], "a closed project is held by nobody"


def test_what_is_over_is_what_progress_says_is_over(town: Town, writing: Any) -> None:
    """Corrections and retractions count as they do everywhere else."""
    done, day = {"status": ActionStatus.DONE}, date(2026, 2, 2)
    with writing():
        ids = {}
        for name in ("said done", "done taken back", "done by correction", "done no more", "done before"):
            ids[name] = (row := factories.action(town.project, pilot_id=town.heir_id)).id
            if name == "done before":
                factories.update(row, day, **done)
                factories.update(row, date(2026, 2, 3))
                continue
            said = factories.update(row, day, **({} if name == "done by correction" else done))
            if name != "said done":
                kind = UpdateKind.RETRACTION if name == "done taken back" else UpdateKind.CORRECTION
                values = done if name == "done by correction" else {}
                later = {"recorded_at": factories.noon(date(2026, 2, 5)), "rank_at": factories.noon(day)}
                factories.update(row, day, kind=kind, supersedes_id=said.id, **values, **later)
    states = Timeline.build(log.load_actions(ids=list(ids.values()))).states(TODAY)
    running = {state.action.id for state in states if not state.status.is_closed}
    assert {one.id for one in held_by(town.heir_id)} == running
    assert running == {ids["done taken back"], ids["done no more"], ids["done before"]}


def test_a_study_with_its_opinion_is_held_no_more(town: Town, writing: Any) -> None:
    with writing():
        factories.add(
            Review(
                proposal_id=town.study, reviewer_id=town.leaver_id, advice=ReviewAdvice.FAVOURABLE, text="Oui.",
                recorded_at=NOON, effective_on=TODAY,
            )
        )  # fmt: skip
    assert "etude" not in {one.kind.value for one in held_by(town.leaver_id)}


def test_one_successor_takes_everything_and_the_history_tells_it(town: Town, writing: Any) -> None:
    day = TODAY - timedelta(days=6)
    hand_over(town, writing, day=day, leaving=True)
    assert held_by(town.leaver_id) == ()
    assert {one.kind.value for one in held_by(town.heir_id)} == {"role", "action", "etude", "relecture"}
    leads = db.session.scalars(
        select(RoleGrant).where(RoleGrant.role == Role.GROUP_LEAD).order_by(RoleGrant.starts_on)
    ).all()
    assert [(row.user_id, row.starts_on, row.ends_on) for row in leads] == [
        (town.leaver_id, factories.FIRST_DAY, day - timedelta(days=1)), (town.heir_id, day, None),
    ]  # fmt: skip
    assert db.session.get_one(Action, town.over).pilot_id == town.leaver_id, "what is over keeps who did it"
    event = db.session.scalars(select(Event).where(Event.verb == "action:edit")).one()
    assert event.changes == {"pilot_id": [town.leaver_id, town.heir_id]}
    assert not db.session.get_one(User, town.leaver_id).is_active
    mail = db.session.scalars(select(OutboxMessage)).one()
    assert (mail.user_id, mail.kind) == (town.heir_id, "letter_proofreading")


def test_a_role_may_be_handed_over_ahead_of_its_day(town: Town, writing: Any) -> None:
    day = TODAY + timedelta(days=15)
    hand_over(town, writing, day=day)
    leads = db.session.scalars(
        select(RoleGrant).where(RoleGrant.role == Role.GROUP_LEAD).order_by(RoleGrant.starts_on)
    ).all()
    assert [(row.user_id, row.starts_on, row.ends_on) for row in leads] == [
        (town.leaver_id, factories.FIRST_DAY, day - timedelta(days=1)), (town.heir_id, day, None),
    ]  # fmt: skip
    assert db.session.get_one(Action, town.running).pilot_id == town.heir_id


def test_a_study_given_is_among_those_of_its_new_reviewer(town: Town, writing: Any) -> None:
    hand_over(town, writing)
    mine = StudyFilter(mine_of=town.heir_id)
    found = reviews.study_page(town.project_id, mine, page=1, total=1)
    assert [one.number for one in found.items] == [db.session.get_one(Proposal, town.study).number]


def test_a_study_needs_somebody_who_studies_and_nothing_is_done_by_halves(town: Town, writing: Any) -> None:
    with pytest.raises(Refused, match="rôle de l'étude"):
        hand_over(town, writing, but=("role",))
    assert len(held_by(town.leaver_id)) == 5
    assert db.session.get_one(Action, town.running).pilot_id == town.leaver_id


def test_nobody_for_the_moment_is_an_answer(town: Town, writing: Any) -> None:
    hand_over(town, writing, to=None)
    assert db.session.get_one(Action, town.running).pilot_id is None
    assert held_by(town.leaver_id) == ()
    assert db.session.scalars(select(RoleGrant.user_id).where(RoleGrant.ends_on.is_(None))).all() == [town.boss.id]


def test_who_holds_the_role_already_does_not_hold_it_twice(town: Town, writing: Any) -> None:
    with writing():
        factories.add(
            RoleGrant(
                user_id=town.heir_id, role=Role.GROUP_LEAD, group_id=town.group_id, starts_on=date(2026, 1, 1)
            )
        )  # fmt: skip
    hand_over(town, writing)
    rows = db.session.scalars(
        select(RoleGrant).where(RoleGrant.user_id == town.heir_id, RoleGrant.role == Role.GROUP_LEAD)
    ).all()
    assert [row.starts_on for row in rows] == [date(2026, 1, 1)]


def test_who_may_not_hand_over_and_to_whom_nothing_goes(town: Town, writing: Any) -> None:
    with writing():
        gone = factories.user(is_active=False).id
        agent = factories.user(login="agent.simple").login
    with pytest.raises(Refused, match="ne travaille plus ici"):
        hand_over(town, writing, to=gone)
    with pytest.raises(Refused, match="une autre personne"):
        hand_over(town, writing, to=town.leaver_id)
    with pytest.raises(Forbidden):
        hand_over(town, writing, by=agent)
    with pytest.raises(Refused, match="désactivé tout de suite"):
        hand_over(town, writing, day=TODAY + timedelta(days=1), leaving=True)


def test_what_came_meanwhile_is_read_before_it_is_handed_over(town: Town, writing: Any) -> None:
    with pytest.raises(Conflict, match="entre-temps"), writing():
        handover.hand_over(HandOver(town.leaver_id, TODAY, {}, False, "old"), actor=actor(), now=NOON)


def test_the_last_manager_hands_the_tool_over_to_somebody(town: Town, writing: Any) -> None:
    with writing():
        grants = db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == town.boss.id)).all()
        grants[0].user_id = town.leaver_id
        town.boss_login = db.session.get_one(User, town.leaver_id).login
    for to, refused in ((None, True), (0, False)):
        if refused:
            with pytest.raises(Refused, match="seule personne"):
                hand_over(town, writing, to=to, by=town.boss_login)
        else:
            hand_over(town, writing, to=to, by=town.boss_login)
    rows = db.session.scalars(
        select(RoleGrant.user_id).where(RoleGrant.role == Role.ADMIN, RoleGrant.ends_on.is_(None))
    )
    assert list(rows) == [town.heir_id]


# --- The pages -------------------------------------------------------------------------------------------------


@pytest.fixture
def boss(town: Town, client: CheckedClient) -> CheckedClient:
    return client.login(town.boss)


def test_a_leaver_is_deactivated_once_what_they_hold_is_handed_over(
    boss: CheckedClient, town: Town, count_sql: Any
) -> None:
    to_page = boss.post(f"{ROOT}/{town.leaver_id}/presence").location
    assert to_page.endswith(f"{ROOT}/{town.leaver_id}/transmettre?depart=oui")
    with count_sql() as statements:
        page = boss.get(to_page)
    assert len(statements) <= 8, "\n".join(one[:160] for one in statements)
    assert "Action n° 1 : Bancs" in page
    typed: dict[str, Any] = {
        str(one["name"]): "" if str(one["name"]).startswith("qui-") else str(one.get("value", ""))
        for one in page.select("main form input[name]")
        if one["name"] != "csrf_token"
    }
    typed |= {str(one["name"]): str(one.select("option[selected]")[0]["value"]) for one in page.select("main select")}
    assert typed["leaving"]
    action = next(name for name in typed if name.startswith("qui-action"))
    assert "Personne ne répond" in boss.post(to_page, {**typed, action: "Nul Inconnu"}, expected=422)
    typed |= {"successor": "Hélène Venue", action: "gestion"}
    asked = boss.post(to_page, typed, expected=200)
    assert "5 choses changent de mains" in asked
    assert "C'est transmis." in boss.submit(to_page, {**typed, "confirmed": "yes"})
    assert db.session.get_one(Action, town.running).pilot_id == town.boss.id
    assert not db.session.get_one(User, town.leaver_id).is_active


def test_the_settings_say_what_who_left_still_holds(
    boss: CheckedClient, town: Town, writing: Any, count_sql: Any
) -> None:
    words = "a pour pilote une personne qui est partie"
    assert words not in boss.get("/reglages")
    with writing():
        db.session.get_one(User, town.leaver_id).is_active = False
    with count_sql() as statements:
        page = boss.get("/reglages")
    assert len(statements) <= 8, "\n".join(one[:160] for one in statements)
    assert f"1 action {words}" in page, "the one that is over is nobody's charge"
    assert "1 groupe est animé par une personne qui est partie" in page
    (link,) = [one for one in page.select("main a") if words in one.get_text()]
    assert str(link["href"]).endswith(f"{ROOT}/{town.leaver_id}/transmettre")
    hand_over(town, writing)
    assert not [one for one in checks.setup() if "partie" in one.message]
