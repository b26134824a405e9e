"""The demonstration holds together: what the issue promises of it, and every rule that can be recounted."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask

from tests import demo_digest
from tests.conftest import NOON
from tests.databases import PLAIN_SQL
from tests.integration.demo_reading import CURRENT, PAST, day, instant, one, project, rows, sentences
from tracker import validation
from tracker.enums import ActionStatus, ProposalState
from tracker.errors import Refused
from tracker.extensions import begin_write, db, end_transaction
from tracker.models import User
from tracker.progress import state_at
from tracker.queries import campaigns, checks, figures, log
from tracker.records import Actor, paris_day
from tracker.services import demo as demonstration
from tracker.services import votes
from tracker.services.accounts import verify_password
from tracker.services.demo import content

pytestmark = [pytest.mark.demo, pytest.mark.sqlite(PLAIN_SQL)]
END = date(2020, 12, 31)


# --- What the issue promises -------------------------------------------------------------------------------


def test_117_proposals_are_retained_with_distinct_titles(demo: Flask) -> None:
    found = rows("SELECT title FROM proposal WHERE programme_id = 1 AND state = 'retained'")
    assert len(found) == 117
    assert len(set(found)) == 117


def test_about_420_submissions_end_in_every_other_state(demo: Flask) -> None:
    states = Counter(state for (state,) in rows("SELECT state FROM proposal WHERE programme_id = 1"))
    assert 400 <= sum(states.values()) <= 440
    assert set(states) == {state.value for state in ProposalState}


def test_no_two_bodies_share_a_sentence(demo: Flask) -> None:
    seen: dict[str, int] = {}
    found = rows("SELECT id, body FROM proposal ORDER BY id")
    assert len(found) > 455
    for key, body in found:
        for sentence in set(sentences(body)):
            assert sentence not in seen, f"{sentence!r} in {seen[sentence]} and {key}"
            seen[sentence] = key


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT reason FROM decision",
        "SELECT text FROM review",
        "SELECT summary FROM action",
        "SELECT note FROM action_update WHERE note <> ''",
        "SELECT mandate FROM working_group",
        "SELECT minutes FROM meeting WHERE minutes <> ''",
    ],
)
def test_no_two_texts_are_the_same(demo: Flask, statement: str) -> None:
    found = [text_ for (text_,) in rows(statement)]
    assert len(set(found)) == len(found)


def test_retained_bodies_have_three_sentences(demo: Flask) -> None:
    for title, body in rows("SELECT title, body FROM proposal WHERE programme_id = 1 AND state = 'retained'"):
        assert len(sentences(body)) >= 3, title


def test_750_people_contributed(demo: Flask) -> None:
    accounts = one(
        "SELECT COUNT(DISTINCT user_id) FROM authorship a JOIN proposal p ON p.id = a.proposal_id "
        "WHERE p.programme_id = 1 AND p.submitted_on IS NOT NULL"
    )
    workshops = one(
        "SELECT COUNT(*) FROM (SELECT DISTINCT p.workshop_id, a.name, a.number FROM authorship a "
        "JOIN proposal p ON p.id = a.proposal_id WHERE p.programme_id = 1 AND a.user_id IS NULL)"
    )
    assert accounts + workshops == 750
    assert figures.snapshot(project(PAST), as_of=END).contributors == 750


def test_1870_people_of_whom_220_manage(demo: Flask) -> None:
    assert rows("SELECT COUNT(*), SUM(is_manager) FROM user") == [(1870, 220)]
    without = one("SELECT COUNT(*) FROM user WHERE email IS NULL")
    assert 0.10 <= without / 1870 <= 0.14
    assert one("SELECT COUNT(DISTINCT first_name || ' ' || last_name) FROM user") == 1870
    assert one("SELECT COUNT(*) FROM department WHERE id IN "
               "(SELECT department_id FROM department_entity GROUP BY 1 HAVING COUNT(*) > 1)") >= 10  # fmt: skip


def test_about_150_actions_in_ten_groups(demo: Flask) -> None:
    assert 145 <= one("SELECT COUNT(*) FROM action WHERE programme_id = 1") <= 155
    assert one("SELECT COUNT(DISTINCT group_id) FROM action WHERE programme_id = 1") == 10
    assert one("SELECT COUNT(*) FROM working_group WHERE programme_id = 1") == 10
    assert one("SELECT MIN(n) FROM (SELECT COUNT(*) AS n FROM role_grant r JOIN working_group g ON g.id = r.group_id "
               "WHERE r.role = 'group_lead' AND g.programme_id = 1 GROUP BY r.group_id)") >= 2  # fmt: skip


def test_some_actions_are_late_silent_stopped_and_to_check_at_the_end(demo: Flask) -> None:
    summary = figures.snapshot(project(PAST), as_of=END).actions
    assert 0.6 <= summary.by_status[ActionStatus.DONE] / summary.total <= 0.7
    assert min(summary.late, summary.silent, summary.to_check, summary.by_status[ActionStatus.STOPPED]) >= 4
    assert all(summary.by_status.values())


def test_telework_begins_after_the_decree(demo: Flask) -> None:
    answers = rows(
        "SELECT d.outcome, d.taken_on FROM decision d JOIN proposal p ON p.id = d.proposal_id "
        "WHERE p.title = 'Essayer le télétravail un jour par semaine' ORDER BY d.taken_on"
    )
    assert [outcome for outcome, _taken in answers] == ["deferred", "retained"]
    assert day(answers[1][1]) > date(2016, 2, 11)


def test_the_spring_of_2020_interrupts(demo: Flask) -> None:
    of = project(PAST)
    march = figures.snapshot(of, as_of=date(2020, 3, 31)).actions.by_status[ActionStatus.SUSPENDED]
    june = figures.snapshot(of, as_of=date(2020, 6, 30)).actions.by_status[ActionStatus.SUSPENDED]
    assert march >= 15
    assert march - june >= 10
    assert one(
        "SELECT COUNT(*) FROM action_update WHERE kind = 'confirmation' "
        "AND effective_on BETWEEN '2020-03-17' AND '2020-05-11'"
    ) == 0  # fmt: skip


def test_a_correction_and_a_retraction_every_year(demo: Flask) -> None:
    for kind in ("correction", "retraction"):
        years = [y for (y,) in rows("SELECT substr(recorded_at, 1, 4) FROM action_update WHERE kind = :k", k=kind)]
        assert sorted(years) == ["2015", "2016", "2017", "2018", "2019", "2020"]


def test_some_8000_supports(demo: Flask) -> None:
    assert 7_500 <= one("SELECT COUNT(*) FROM vote WHERE campaign_id IN (1, 2)") <= 9_500


def test_loads_in_less_than_a_minute_and_says_so(demo: Flask) -> None:
    assert demo.config["DEMO_SECONDS"] < 60
    said = "\n".join(demo.config["DEMO_SAID"])
    assert "117 retenues, 750 contributeurs" in said
    assert "24 lettres publiées" in said


# --- The current project -------------------------------------------------------------------------------------


def test_the_current_project_can_be_worked_on_today(demo: Flask) -> None:
    today = paris_day(NOON)
    of = project(CURRENT)
    assert of.starts_on < today < of.ends_on
    assert [c.programme_id for c in campaigns.open_for_submission(NOON)] == [of.id]
    states = Counter(state for (state,) in rows("SELECT state FROM proposal WHERE programme_id = 2"))
    assert states["submitted"] == 2
    assert states["draft"] == 1
    assert states["published"] > 20
    assert one("SELECT COUNT(*) FROM decision d JOIN proposal p ON p.id = d.proposal_id "
               "WHERE p.programme_id = 2 AND d.published_on IS NULL") == 1  # fmt: skip
    coming = one("SELECT MIN(held_on) FROM meeting WHERE programme_id = 2 AND kind = 'steering' AND held_on > :today",
                 today=today.isoformat())  # fmt: skip
    assert 9 <= (day(coming) - today).days <= 11
    summary = figures.snapshot(of, as_of=today).actions
    assert summary.total == 12
    assert summary.by_status[ActionStatus.IN_PROGRESS] >= 8


def test_nothing_of_the_current_project_is_dated_after_the_day_of_loading(demo: Flask) -> None:
    of_project = "FROM proposal WHERE programme_id = 2"
    today = paris_day(NOON).isoformat()
    for column in ("submitted_on", "published_on", "created_on"):
        assert one(f"SELECT MAX({column}) {of_project}") <= today
    for table, column in (
        ("proposal_transition", "effective_on"), ("review", "effective_on"), ("decision", "taken_on"),
        ("decision", "published_on"),
    ):  # fmt: skip
        assert one(f"SELECT MAX({column}) FROM {table} WHERE proposal_id IN (SELECT id {of_project})") <= today


def test_answers_are_promised_for_the_end_of_the_study_at_the_soonest(demo: Flask) -> None:
    for answer_by, ends_at in rows(
        "SELECT c.answer_by, MAX(p.ends_at) FROM campaign c JOIN phase p ON p.campaign_id = c.id "
        "WHERE p.kind = 'reviewing' GROUP BY c.id"
    ):
        assert answer_by >= paris_day(instant(ends_at) - timedelta(seconds=1)).isoformat()


def test_the_agent_has_something_to_look_at(demo: Flask) -> None:
    states = [
        state
        for (state,) in rows(
            "SELECT p.state FROM proposal p JOIN authorship a ON a.proposal_id = p.id "
            "JOIN user u ON u.id = a.user_id WHERE u.login = 'agent'"
        )
    ]
    assert {"retained", "deferred", "draft", "published"} <= set(states)
    done = {
        state.action.id
        for action in log.load_actions(programme_id=project(PAST).id)
        if (state := state_at(action, as_of=END)) and state.status is ActionStatus.DONE
    }
    mine = rows(
        "SELECT ap.action_id FROM action_proposal ap JOIN authorship a ON a.proposal_id = ap.proposal_id "
        "JOIN user u ON u.id = a.user_id WHERE u.login = 'agent'"
    )
    assert done & {key for (key,) in mine}


def test_the_lead_leads_a_group_of_each_project_and_is_pilote(demo: Flask) -> None:
    led = rows(
        "SELECT g.programme_id FROM role_grant r JOIN working_group g ON g.id = r.group_id "
        "JOIN user u ON u.id = r.user_id WHERE u.login = 'pilote' AND r.role = 'group_lead' "
        "AND r.ends_on IS NULL ORDER BY 1"
    )
    assert led == [(1,), (2,)]
    assert one("SELECT COUNT(*) FROM action a JOIN user u ON u.id = a.pilot_id WHERE u.login = 'pilote'") >= 5


def test_the_seven_accounts_have_the_demonstration_password(demo: Flask) -> None:
    found = rows("SELECT login, password_hash FROM user WHERE password_hash IS NOT NULL ORDER BY login")
    assert [login for login, _hash in found] == [
        "admin", "agent", "copil", "etude", "moderation", "pilote", "redaction"
    ]  # fmt: skip
    assert all(verify_password(password_hash, validation.DEMO_PASSWORD) for _login, password_hash in found)


def test_a_support_can_be_given_and_taken_back(fresh_demo: Flask) -> None:
    user = db.session.query(User).filter_by(login="agent").one()
    actor = Actor(id=user.id, login=user.login, name=user.name)
    open_one = campaigns.open_for_submission(NOON)[0]
    supported = votes.supported_by(actor=actor)
    assert len(supported) == 3
    db.session.rollback()
    key = votes.prepare_key(open_one)
    begin_write()
    assert votes.withdraw(actor=actor, proposal_id=min(supported), key=key, now=NOON)
    assert votes.cast(actor=actor, proposal_id=min(supported), key=key, now=NOON)
    assert not votes.cast(actor=actor, proposal_id=min(supported), key=key, now=NOON)
    end_transaction(commit=True)
    assert [f for f in checks.deep() if f.level is not checks.Level.OK] == []


# --- Loading -------------------------------------------------------------------------------------------------


def test_a_reset_loads_the_same_rows_whatever_the_order_of_sets(demo: Flask, tmp_path: Path) -> None:
    kept: Path = demo.config["DEMO_FOLDER"]
    shutil.copytree(kept / "instance", tmp_path / "instance")
    shutil.copy(kept / "loaded.db", tmp_path / "demo.db")
    environment = {**os.environ, "PYTHONHASHSEED": "4242", "NOW": NOON.isoformat()}
    found = subprocess.run(
        [sys.executable, "-m", "tests.demo_digest", str(tmp_path)],
        capture_output=True, text=True, env=environment, cwd=Path(__file__).parents[2], check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert "Démonstration chargée" in found.stdout
    assert found.stdout.splitlines()[-1] == demo.config["DEMO_DIGEST"]
    with closing(sqlite3.connect(tmp_path / "demo.db")) as database:
        assert database.execute("SELECT min(revision) FROM programme").fetchone()[0] > 1, "a cache would be believed"


def test_a_second_load_changes_nothing(demo: Flask) -> None:
    assert demonstration.load(now=NOON, say=lambda _sentence: None) is None
    result = demo.test_cli_runner().invoke(args=["demo", "load"])
    assert result.exit_code == 0
    assert "contient déjà un projet" in result.output
    assert demo_digest.digest() == demo.config["DEMO_DIGEST"]


def test_refused_outside_demo_mode(app: Flask) -> None:
    with pytest.raises(Refused, match="démonstration"):
        demonstration.load(now=NOON, say=lambda _sentence: None)
    assert one("SELECT COUNT(*) FROM programme") == 0


@pytest.mark.parametrize("shift", [1, 2, 3, 4, 5, 6, 100, 351])
def test_any_day_of_loading_will_do(shift: int) -> None:
    """Days of the current project, on every day of the week and at the end of a year."""
    from tracker.services.demo import current

    today = paris_day(NOON) + timedelta(days=shift)
    rows_ = current.frame(today)
    held = [row["on"] for row in rows_["meeting"] if row["kind"] == "steering"]
    ideas = content.current_ideas(
        today, meetings=held, published=rows_["published"]["proposals"], held_back=rows_["held_back"]
    )
    assert all(idea.sent_on < today for idea in ideas)
    opened = {row["key"]: (row["phases"][0][1], row["phases"][0][2]) for row in rows_["campaign"]}
    assert all(any(first <= idea.sent_on < end for first, end in opened.values()) for idea in ideas)
    works = content.current_works(today, rows_["works"])
    answers = {
        idea.key: idea.answers[0].published_on for idea in ideas if idea.answers and not idea.answers[0].held_back
    }
    for work in works:
        assert all(answers[key] is not None and answers[key] <= work.opened_on for key in work.proposals)
        assert all(work.opened_on <= entry.on < today for entry in work.log)
