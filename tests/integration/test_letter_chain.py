"""The 24 letters of the demonstration: each closes where the next one opens, and plain SQL finds what they froze."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from tests.client import Answer, CheckedClient
from tests.conftest import NOON
from tests.databases import PLAIN_SQL
from tests.recount import STATUSES, recount
from tests.shown import Board, keys, quantity, spoken
from tracker.enums import Role
from tracker.extensions import begin_write, db, end_transaction
from tracker.models import User
from tracker.queries import figures, projects
from tracker.records import Actor, Grant
from tracker.services import corrections

pytestmark = [pytest.mark.demo, pytest.mark.sqlite(PLAIN_SQL)]

PAST = "projet-2015-2020"
LABELS = {
    "personnes ayant contribué": "contributors", "propositions envoyées": "submitted", "publiées": "published",
    "regroupées avec une autre": "merged", "retirées": "withdrawn", "propositions avec leur réponse": "answered",
    "retenues": "retained", "non retenues": "declined", "reportées": "deferred", "orientées": "redirected",
    "actions": "actions", "à lancer": "actions_to_start", "en cours": "actions_in_progress",
    "suspendues": "actions_suspended", "réalisées": "actions_done", "arrêtées": "actions_stopped",
    "en retard": "late", "départ en retard": "late_start", "sans nouvelles": "silent", "à vérifier": "to_check",
}  # fmt: skip
KEYS = {
    "contribué": "contributors", "retenue": "retained", "réalisée": "actions_done", "en cours": "actions_in_progress",
    "en retard": "late", "sans nouvelles": "silent",
}  # fmt: skip
# five past quarters for what the pages say, one of them in the spring of 2020
READ = ("2015-T3", "2016-T4", "2018-T2", "2020-T2", "2020-T4")


@dataclass(frozen=True)
class Kept:
    """A published letter as the database keeps it."""

    number: int
    quarter: str
    as_of: date
    known_at: datetime
    text: str
    sha256: str

    @property
    def content(self) -> dict[str, Any]:
        return dict(json.loads(self.text))

    @property
    def counters(self) -> dict[str, dict[str, int]]:
        return dict(self.content["counters"])


def kept() -> list[Kept]:
    rows = db.session.execute(
        text(
            "SELECT l.number, l.quarter, f.as_of, f.known_at, f.content, f.sha256 FROM letter l "
            "JOIN frozen f ON f.id = l.frozen_id JOIN programme p ON p.id = l.programme_id "
            "WHERE p.slug = :slug ORDER BY l.quarter"
        ),
        {"slug": PAST},
    )
    return [
        Kept(number, quarter, date.fromisoformat(day), instant(known), content, sha)
        for number, quarter, day, known, content, sha in rows
    ]


def instant(value: str) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def counted(as_of: date, known_at: datetime | None, programme_id: int = 1) -> dict[str, Any]:
    found = recount(db.session.connection(), programme_id, as_of, known_at)
    return {name: found[name] for name in LABELS.values()}


@pytest.fixture
def reader(demo: Flask) -> CheckedClient:
    return CheckedClient(demo).login(db.session.query(User).filter_by(login="agent").one())


def test_each_closing_is_the_opening_of_the_next_over_all_24(demo: Flask) -> None:
    letters = kept()
    assert [one.quarter for one in letters] == [f"{year}-T{n}" for year in range(2015, 2021) for n in range(1, 5)]
    assert set(letters[0].counters["opening"].values()) == {0}
    for before, after in pairwise(letters):
        assert before.counters["closing"] == after.counters["opening"], after.quarter
        assert after.content["letter"]["after"] == before.as_of.isoformat()
        assert after.content["letter"]["previous"] == before.number


def test_opening_corrections_and_changes_make_the_closing_of_every_counter(demo: Flask) -> None:
    for one in kept():
        parts = one.counters
        assert set(parts) == {"opening", "corrections", "changes", "closing"}
        for name in LABELS.values():
            assert (
                parts["opening"][name] + parts["corrections"][name] + parts["changes"][name] == (parts["closing"][name])
            ), (one.quarter, name)
        assert all(set(values) == set(LABELS.values()) for values in parts.values())


def test_the_hashes_of_frozen_contents_verify(demo: Flask) -> None:
    for one in kept():
        assert hashlib.sha256(one.text.encode("utf-8")).hexdigest() == one.sha256
        again = json.dumps(one.content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert again == one.text, "canonical: sorted keys, no spaces"
        assert one.content["schema_version"] == 1


def test_plain_sql_finds_today_what_each_letter_froze_as_known_then(demo: Flask) -> None:
    before = date(2014, 12, 31)
    for one in kept():
        parts = one.counters
        then = counted(before, one.known_at)
        closing = counted(one.as_of, one.known_at)
        assert closing == parts["closing"], one.quarter
        assert {name: then[name] - parts["opening"][name] for name in then} == parts["corrections"], one.quarter
        assert {name: closing[name] - then[name] for name in then} == parts["changes"], one.quarter
        before = one.as_of


def test_the_application_recomputes_the_frozen_figures_as_known_then(demo: Flask) -> None:
    project = projects.frame().by_slug(PAST)
    assert project is not None
    for one in kept()[::5]:
        assert figures.snapshot(project, as_of=one.as_of, known_at=one.known_at).counters == one.counters["closing"]


def test_corrections_written_after_a_letter_are_told_by_the_next_one(demo: Flask) -> None:
    """Letter n° 2 says what was known; an action taken for done is put right in n° 3 as a correction."""
    second, third = kept()[1:3]
    assert third.counters["corrections"]["actions_done"] == -1
    assert counted(second.as_of, None)["actions_done"] == second.counters["closing"]["actions_done"] - 1
    assert counted(second.as_of, second.known_at)["actions_done"] == second.counters["closing"]["actions_done"]


# --- What the pages say --------------------------------------------------------------------------------------


def rows_of(page: Answer, selector: str) -> list[list[str]]:
    return [[spoken(cell.get_text(" ")) for cell in row.find_all(["th", "td"])] for row in page.select(selector)]


def difference(cell: str) -> int:
    return 0 if cell == "=" else int(cell.replace("−", "-"))


@pytest.mark.parametrize("quarter", READ)
def test_the_page_of_a_letter_shows_what_was_frozen_and_what_plain_sql_finds(
    reader: CheckedClient, quarter: str
) -> None:
    one = next(letter for letter in kept() if letter.quarter == quarter)
    page = reader.get(f"/lettres/{one.number}")
    found = counted(one.as_of, one.known_at)
    head, *rows = rows_of(page, "table.letter-counts tr")
    assert head[-1] == f"Au {one.as_of:%d/%m/%Y}"
    shown = {row[0]: row[1:] for row in rows}
    for label, name in LABELS.items():
        if label not in shown:  # nothing to tell before, nor now
            assert {part[name] for part in one.counters.values()} == {0}, label
            continue
        opening, *moves, closing = shown[label]
        assert quantity(closing) == found[name], label
        assert quantity(opening) + sum(difference(cell) for cell in moves) == quantity(closing), label
        assert difference(moves[-1]) == one.counters["changes"][name], label
    said = keys(page)
    for label, (value, _) in said.items():
        name = next(name for word, name in KEYS.items() if re.search(rf"\b{word}s?\b", label))
        assert quantity(value) == found[name], label
    assert len(said) >= 5


@pytest.mark.parametrize("quarter", READ[1:4])
def test_the_figure_of_a_letter_equals_the_recount_as_known_then(reader: CheckedClient, quarter: str) -> None:
    one = next(letter for letter in kept() if letter.quarter == quarter)
    page = reader.get(f"/lettres/{one.number}")
    head, *rows = rows_of(page, ".letter-figure table tr")
    words = {"à lancer": "to_start", "en cours": "in_progress", "suspendue": "suspended", "réalisée": "done",
             "arrêtée": "stopped"}  # fmt: skip
    points = next(block["data"]["points"] for block in one.content["blocks"] if block["kind"] == "figure")
    assert len(rows) == len(points)
    assert points[-1]["on"] == one.as_of.isoformat()
    for row, point in list(zip(rows, points, strict=True))[::3]:
        found = recount(db.session.connection(), 1, date.fromisoformat(point["on"]), one.known_at)
        assert point["counts"] == {name: found[f"actions_{name}"] for name in STATUSES}
        assert {words[label]: quantity(cell) for label, cell in zip(head[1:], row[1:], strict=True)} == point["counts"]


@pytest.mark.parametrize("part", ["", ".txt", ".eml", "/courriel"])
def test_every_form_of_a_letter_says_the_same_figures(reader: CheckedClient, part: str) -> None:
    one = next(letter for letter in kept() if letter.quarter == "2018-T2")
    response = reader.get(f"/lettres/{one.number}{part}").response
    words = response.get_data(as_text=True)
    if part == ".eml":
        from email import message_from_bytes
        from email.policy import default

        body = message_from_bytes(response.get_data(), policy=default).get_body(("plain",))
        assert body is not None
        words = body.get_content()
    if part in {".txt", ".eml"}:
        for label, name in (("réalisées", "actions_done"), ("retenues", "retained"), ("actions", "actions")):
            line = re.search(rf"^ *{label}\.+ +([\d\u202f]+)", words, re.MULTILINE)
            assert line, label
            assert quantity(line[1]) == one.counters["closing"][name]
    else:
        assert str(one.counters["closing"]["actions_done"]) in words
    assert "30 juin 2018" in words.replace("\N{NO-BREAK SPACE}", " ")


# --- A correction made today ---------------------------------------------------------------------------------


def test_a_correction_made_today_changes_what_is_known_now_and_no_letter(fresh_demo: Flask) -> None:
    """An action reported done in 2016 is withdrawn today: boards of today move, those of then and letters do not."""
    client = CheckedClient(fresh_demo).login(db.session.query(User).filter_by(login="agent").one())
    letters = kept()
    one = next(letter for letter in letters if letter.quarter == "2016-T4")
    update_id, done_on = db.session.execute(
        text(
            "SELECT u.id, u.effective_on FROM action_update u JOIN action a ON a.id = u.action_id "
            "WHERE a.programme_id = 1 AND u.status = 'done' AND u.kind = 'statement' AND u.effective_on "
            "BETWEEN '2016-02-01' AND '2016-11-30' AND u.id NOT IN "
            "(SELECT supersedes_id FROM action_update WHERE supersedes_id IS NOT NULL) AND NOT EXISTS "
            "(SELECT 1 FROM action_update b WHERE b.action_id = u.action_id AND b.id <> u.id AND b.status = 'done') "
            "ORDER BY u.id LIMIT 1"
        )
    ).one()
    assert date.fromisoformat(done_on) < one.as_of
    board = Board(client, 1, {"projet": PAST})
    pages = {part: client.get(f"/lettres/{one.number}{part}").response.get_data() for part in (".txt", ".eml")}
    before = keys(board.open(one.as_of))["actions réalisées"]
    then = one.known_at.date()
    known_then = keys(board.open(one.as_of, then))["actions réalisées"]

    user = db.session.query(User).filter_by(login="copil").one()
    actor = Actor(id=user.id, login=user.login, name=user.name, grants=(Grant(Role.STEERING),))
    end_transaction(commit=False)
    begin_write()
    corrections.retract(update_id=update_id, reason="Annoncée trop tôt : les essais continuent.", actor=actor, now=NOON)
    end_transaction(commit=True)

    after = keys(board.open(one.as_of))["actions réalisées"]
    assert int(after[0]) == int(before[0]) - 1
    assert keys(board.open(one.as_of, then))["actions réalisées"] == known_then
    assert counted(one.as_of, None)["actions_done"] == int(after[0])
    assert counted(one.as_of, one.known_at) == one.counters["closing"]
    assert kept() == letters, "no frozen row has changed"
    for part, body in pages.items():
        assert client.get(f"/lettres/{one.number}{part}").response.get_data() == body
