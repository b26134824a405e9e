"""The rules that every row of the demonstration keeps."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask

from tests.databases import PLAIN_SQL
from tests.integration.demo_reading import PAST, day, instant, one, project, rows, sentences
from tracker import validation, workflow
from tracker.enums import Health, ProposalState, UpdateKind
from tracker.progress import live_rows
from tracker.queries import checks, log
from tracker.records import PARIS, paris_day
from tracker.services.demo import content
from tracker.services.demo.letters import editorials

pytestmark = [pytest.mark.demo, pytest.mark.sqlite(PLAIN_SQL)]


# --- Rules -------------------------------------------------------------------------------------------------


def test_the_deep_check_finds_nothing(demo: Flask) -> None:
    assert [f for f in checks.deep() if f.level is not checks.Level.OK] == []


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
