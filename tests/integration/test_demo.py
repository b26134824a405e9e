"""The demonstration holds together: what the issue promises of it, and every rule that can be recounted."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from tests.conftest import NOON
from tracker import validation, workflow
from tracker.enums import ActionStatus, Health, ProposalState, UpdateKind
from tracker.errors import Refused
from tracker.extensions import begin_write, db, end_transaction
from tracker.models import User
from tracker.progress import live_rows, state_at
from tracker.queries import campaigns, checks, figures, log, projects
from tracker.records import PARIS, Actor, paris_day
from tracker.services import demo as demonstration
from tracker.services import votes
from tracker.services.accounts import verify_password
from tracker.services.demo import content
from tracker.services.demo.letters import editorials

pytestmark = pytest.mark.demo

PAST, CURRENT = "projet-2015-2020", "mieux-travailler-ensemble"
END = date(2020, 12, 31)


def rows(statement: str, **values: Any) -> list[Any]:
    """Plain SQL: a recount must not go through what it recounts."""
    return [tuple(row) for row in db.session.execute(text(statement), values)]


def one(statement: str, **values: Any) -> Any:
    return rows(statement, **values)[0][0]


def day(value: str) -> date:
    return date.fromisoformat(value)


def instant(value: str) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def sentences(body: str) -> list[str]:
    parts = re.split(r"[.!?…\n]+", body)
    found = [re.sub(r"[\W_]+", " ", part).strip().lower() for part in parts]
    return [part for part in found if len(part) > 3]


def project(slug: str) -> projects.ProjectRecord:
    found = projects.frame().by_slug(slug)
    assert found is not None
    return found


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
    assert demo.config["DEMO_LOADED"].seconds < 60
    said = "\n".join(demo.config["DEMO_SAID"])
    assert "117 retenues, 750 contributeurs" in said
    assert "24 lettres publiées" in said


# --- Rules -------------------------------------------------------------------------------------------------


def test_the_deep_check_finds_nothing(demo: Flask) -> None:
    assert [f for f in checks.deep() if f.level is not checks.Level.OK] == []
    assert votes.check_counts() == {}


def test_every_move_of_a_proposal_follows_the_last_one(demo: Flask) -> None:
    moves = defaultdict(list)
    for row in rows(
        "SELECT proposal_id, from_state, to_state, effective_on, recorded_at FROM proposal_transition ORDER BY id"
    ):
        moves[row[0]].append(row[1:])
    for proposal_id, steps in moves.items():
        state, last = ProposalState.DRAFT, ("", "")
        for before, after, effective_on, recorded_at in steps:
            assert ProposalState(before) is state, proposal_id
            workflow.check_proposal_move(state, ProposalState(after))
            assert (effective_on, recorded_at) >= last
            assert day(effective_on) <= paris_day(instant(recorded_at))
            state, last = ProposalState(after), (effective_on, recorded_at)
        assert state.value == one("SELECT state FROM proposal WHERE id = :id", id=proposal_id)


def test_numbers_follow_publication_and_counters_are_set(demo: Flask) -> None:
    published = rows("SELECT published_on, number FROM proposal WHERE number IS NOT NULL ORDER BY number")
    assert [number for _day, number in published] == list(range(1, len(published) + 1))
    days = [published_on for published_on, _number in published]
    assert days == sorted(days)
    assert dict(rows("SELECT name, value FROM counter")) == {
        "proposal": len(published),
        "action": one("SELECT MAX(number) FROM action"),
        "letter": 24,
    }


def test_every_decision_is_whole(demo: Flask) -> None:
    found = rows(
        "SELECT d.outcome, d.reason, d.taken_on, d.published_on, d.review_on, d.redirected_to, m.held_on, m.kind, "
        "p.published_on, (SELECT COUNT(*) FROM decision_condition c WHERE c.decision_id = d.id) "
        "FROM decision d JOIN proposal p ON p.id = d.proposal_id LEFT JOIN meeting m ON m.id = d.meeting_id"
    )
    for outcome, reason, taken_on, published_on, review_on, to, held_on, kind, proposed_on, conditions in found:
        assert validation.reason(reason) == reason
        assert (held_on, kind) == (taken_on, "steering")
        assert proposed_on <= taken_on
        assert published_on is None or published_on > taken_on
        assert (review_on is not None) == (outcome == "deferred")
        assert review_on is None or review_on > taken_on
        assert (to is not None) == (outcome == "redirected")
        assert conditions == 0 or outcome == "retained"
    delays = [(day(f[3]) - day(f[2])).days for f in found if f[3]]
    assert 3 <= sum(delay > 60 for delay in delays) <= 8
    assert sum(delay <= 8 for delay in delays) > 0.95 * len(delays)


def test_opinions_come_before_decisions(demo: Flask) -> None:
    assert one(
        "SELECT COUNT(*) FROM review r WHERE NOT EXISTS (SELECT 1 FROM decision d WHERE d.proposal_id = r.proposal_id "
        "AND d.taken_on > r.effective_on) AND EXISTS (SELECT 1 FROM decision d WHERE d.proposal_id = r.proposal_id)"
    ) == 0  # fmt: skip


def test_conditions_are_met_and_unmet(demo: Flask) -> None:
    met = Counter(value is not None for (value,) in rows("SELECT met_on FROM decision_condition"))
    assert met[True] >= 20
    assert met[False] >= 4


def test_merged_proposals_join_a_retained_one(demo: Flask) -> None:
    found = rows(
        "SELECT a.state, b.state, l.effective_on, b.published_on FROM proposal_lineage l "
        "JOIN proposal a ON a.id = l.from_id JOIN proposal b ON b.id = l.to_id"
    )
    assert len(found) == one("SELECT COUNT(*) FROM proposal WHERE state = 'merged'")
    for source, target, merged_on, published_on in found:
        assert (source, target) == ("merged", "retained")
        assert merged_on > published_on


def test_actions_begin_after_the_answer_they_carry_out(demo: Flask) -> None:
    assert one(
        "SELECT COUNT(*) FROM action_proposal ap JOIN action_update u ON u.action_id = ap.action_id "
        "WHERE u.kind = 'opening' AND NOT EXISTS (SELECT 1 FROM decision d "
        "WHERE d.proposal_id = ap.proposal_id AND d.outcome = 'retained' "
        "AND d.published_on <= u.effective_on)"
    ) == 0  # fmt: skip
    assert one(
        "SELECT COUNT(*) FROM proposal p WHERE p.programme_id = 1 AND p.state = 'retained' AND p.id NOT IN "
        "(SELECT proposal_id FROM action_proposal)"
    ) <= 4  # fmt: skip


def test_each_log_keeps_its_rules(demo: Flask) -> None:
    updates = {
        row[0]: row[1:]
        for row in rows(
            "SELECT id, action_id, kind, effective_on, recorded_at, rank_at, supersedes_id, status, health, note, "
            "author_id, source, meeting_id FROM action_update ORDER BY id"
        )
    }
    last = ""
    for action_id, kind, effective_on, recorded_at, rank_at, supersedes, status, *rest in updates.values():
        _health, note, author_id, source, meeting_id = rest
        assert recorded_at >= last  # keys follow the order of writing
        last = recorded_at
        assert day(effective_on) <= paris_day(instant(recorded_at))
        assert author_id is not None
        assert (source == "meeting") == (meeting_id is not None)
        assert kind != "statement" or note
        if supersedes:
            old = updates[supersedes]
            assert old[0] == action_id
            assert old[3] < recorded_at
            assert kind != "correction" or rank_at == old[4]
        else:
            assert rank_at == recorded_at
        assert (status is None) == (kind == "retraction")


def test_people_write_at_office_hours(demo: Flask) -> None:
    for (recorded_at,) in rows("SELECT recorded_at FROM action_update WHERE recorded_at < '2021-01-01'"):
        local = instant(recorded_at).astimezone(PARIS)
        assert local.weekday() < 5
        assert 8 <= local.hour < 18


def test_some_points_are_written_weeks_later(demo: Flask) -> None:
    late = [
        (paris_day(instant(recorded_at)) - day(effective_on)).days
        for effective_on, recorded_at in rows(
            "SELECT effective_on, recorded_at FROM action_update WHERE kind = 'statement'"
        )
    ]
    assert sum(lag >= 7 for lag in late) >= 30
    assert sum(lag >= 20 for lag in late) >= 10


def test_confirmations_say_what_stood(demo: Flask) -> None:
    for action in log.load_actions(programme_id=project(PAST).id):
        for row in action.updates:
            if row.kind is not UpdateKind.CONFIRMATION:
                continue
            known = live_rows(action, known_at=row.recorded_at - timedelta(seconds=1))
            before = [r for r in known if (r.effective_on, r.rank_at) < (row.effective_on, row.rank_at)][-1]
            for name in ("status", "declared_progress", "health", "health_on", "planned_start", "planned_end"):
                assert getattr(row, name) == getattr(before, name), (action.title, row.effective_on, name)


def test_baselines_are_the_first_complete_pair_of_dates(demo: Flask) -> None:
    for action in log.load_actions(programme_id=project(PAST).id):
        pairs = [(r.planned_start, r.planned_end) for r in action.updates if r.planned_start and r.planned_end]
        first = pairs[0] if pairs else (None, None)
        assert (action.baseline_start, action.baseline_end) == first, action.title


def test_moved_dates_have_a_reason(demo: Flask) -> None:
    moved = 0
    for action in log.load_actions(programme_id=project(PAST).id):
        for before, after in pairwise(live_rows(action)):
            changed = [
                (old, new)
                for old, new in ((before.planned_start, after.planned_start), (before.planned_end, after.planned_end))
                if old is not None and old != new
            ]
            if changed:
                moved += 1
                assert one("SELECT move_reason FROM action_update WHERE id = :id", id=after.id), action.title
    assert moved > 30


def test_clouds_are_explained(demo: Flask) -> None:
    for action in log.load_actions(programme_id=project(PAST).id):
        for row in live_rows(action):
            assert row.health not in {Health.CLOUDY, Health.STORM} or row.has_sentence, action.title


def test_nobody_writes_in_a_silent_action_after_its_last_point(demo: Flask) -> None:
    silent = [work for work in content.past_works() if work.silent]
    assert len(silent) >= 10
    for work in silent:
        last = one("SELECT MAX(u.effective_on) FROM action_update u JOIN action a ON a.id = u.action_id "
                   "WHERE a.title = :title", title=work.title)  # fmt: skip
        assert day(last) == work.log[-1].on


# --- Names not displayed, supports -------------------------------------------------------------------------


def test_sealed_authors_hold_no_role_and_sign_nothing_else(demo: Flask) -> None:
    sealed = {key for (key,) in rows("SELECT user_id FROM authorship WHERE sealed AND user_id IS NOT NULL")}
    assert len(sealed) >= 25
    for statement in (
        "SELECT user_id FROM role_grant",
        "SELECT pilot_id FROM action",
        "SELECT author_id FROM action_update",
        "SELECT actor_id FROM event",
        "SELECT user_id FROM authorship WHERE NOT sealed",
    ):
        assert not sealed & {key for (key,) in rows(statement)}, statement
    assert one("SELECT COUNT(*) FROM authorship WHERE sealed AND thanks_consent") == 0


def test_supports_were_given_while_the_consultation_was_open(demo: Flask) -> None:
    assert one(
        "SELECT COUNT(*) FROM vote v JOIN proposal p ON p.id = v.proposal_id WHERE p.campaign_id <> v.campaign_id "
        "OR p.published_on IS NULL"
    ) == 0  # fmt: skip
    assert one("SELECT COUNT(*) FROM (SELECT tag FROM vote GROUP BY tag HAVING COUNT(DISTINCT campaign_id) > 1)") == 0
    assert one("SELECT COUNT(DISTINCT campaign_id) FROM roll_entry GROUP BY campaign_id HAVING COUNT(*) <> 1870 "
               "UNION ALL SELECT 0") == 0  # fmt: skip
    closed = rows("SELECT key_sha256, roll_opened_at, votes_closed_at FROM campaign WHERE id <= 4")
    assert all(all(values) for values in closed)


def test_no_event_tells_of_a_vote(demo: Flask) -> None:
    assert one("SELECT COUNT(*) FROM event WHERE verb LIKE 'vote%' OR subject = 'vote'") == 0
    assert one("SELECT COUNT(*) FROM outbox_message") == 0


# --- Letters -------------------------------------------------------------------------------------------------


def test_24_letters_in_order_each_closing_where_the_next_opens(demo: Flask) -> None:
    found = rows(
        "SELECT l.number, l.quarter, l.published_at, f.content, f.as_of FROM letter l "
        "JOIN frozen f ON f.id = l.frozen_id WHERE l.programme_id = 1 ORDER BY l.number"
    )
    assert [(number, quarter) for number, quarter, *_ in found] == [
        (index, f"{2015 + (index - 1) // 4}-T{(index - 1) % 4 + 1}") for index in range(1, 25)
    ]
    before: dict[str, int] = {}
    for _number, quarter, published_at, content_, as_of in found:
        delay = (paris_day(instant(published_at)) - day(as_of)).days
        assert 8 <= delay <= 14, quarter
        counts = _counts(json.loads(content_))
        assert all(value == before.get(key, 0) for key, value in counts["opening"].items()), quarter
        before = counts["closing"]


def _counts(tree: Any) -> dict[str, dict[str, int]]:
    """The first block of the letter that has an opening and a closing."""
    if isinstance(tree, dict):
        if {"opening", "closing"} <= tree.keys():
            return tree
        tree = list(tree.values())
    if isinstance(tree, list):
        return next((found for found in map(_counts, tree) if found), {})
    return {}


def test_editorials_are_unique_and_speak_of_what_was_known(demo: Flask) -> None:
    assert len(editorials()) == 24
    said = [sentence for text_ in editorials().values() for sentence in sentences(text_)]
    assert len(set(said)) == len(said)
    titles = {work.key: work.title for work in content.past_works()}
    for quarter, row in content.read("editorials.toml").items():
        first = date(int(quarter[:4]), 3 * int(quarter[-1]) - 2, 1)
        last = (first + timedelta(days=93)).replace(day=1)
        for key in row["about"]:
            assert one(
                "SELECT COUNT(*) FROM action_update u JOIN action a ON a.id = u.action_id WHERE a.title = :title "
                "AND u.kind IN ('statement', 'opening') AND u.effective_on >= :first AND u.effective_on < :last "
                "AND u.recorded_at <= (SELECT published_at FROM letter WHERE programme_id = 1 AND quarter = :quarter)",
                title=titles[key], first=first.isoformat(), last=last.isoformat(), quarter=quarter,
            ), (quarter, key)  # fmt: skip


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


def test_the_same_rows_each_time_whatever_the_order_of_sets(demo: Flask, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "4242", "NOW": NOON.isoformat()}
    found = subprocess.run(
        [sys.executable, "-m", "tests.demo_digest", str(tmp_path / "again")],
        capture_output=True, text=True, env=environment, cwd=Path(__file__).parents[2], check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip().splitlines()[-1] == demo.config["DEMO_DIGEST"]


def test_a_second_load_changes_nothing_and_reset_loads_anew(fresh_demo: Flask) -> None:
    assert demonstration.load(now=NOON, say=lambda _sentence: None) is None
    runner = fresh_demo.test_cli_runner()
    result = runner.invoke(args=["demo", "load"])
    assert result.exit_code == 0
    assert "contient déjà un projet" in result.output
    result = runner.invoke(args=["demo", "load", "--reset"])
    assert result.exit_code == 0, result.output
    assert "Démonstration chargée" in result.output
    assert one("SELECT COUNT(*) FROM proposal WHERE programme_id = 1 AND state = 'retained'") == 117
    assert one("SELECT revision FROM programme WHERE id = 1") > 1
    assert [f for f in checks.deep() if f.level is not checks.Level.OK] == []


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
