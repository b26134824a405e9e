"""The board of the demonstration, as it is on the page, equals a recount in plain SQL on five past days."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from tests.client import CheckedClient
from tests.databases import PLAIN_SQL
from tests.shown import Board, check_board, check_sentence_and_keys, table
from tracker.extensions import db
from tracker.models import User

pytestmark = [pytest.mark.demo, pytest.mark.sqlite(PLAIN_SQL)]

PAST = "projet-2015-2020"
FIRST, LAST = date(2015, 1, 1), date(2020, 12, 31)
# an ordinary middle of a quarter, two ends of quarters, the spring of the lockdown, the end
DAYS = (date(2015, 7, 14), date(2017, 6, 30), date(2018, 3, 31), date(2020, 4, 30), LAST)
FILTERS = (
    ({"groupe": "signatures-decisions"}, "group", "working_group"),
    ({"theme": "management"}, "theme", "theme"),
    ({"employeur": "cias"}, "entity", "entity"),
)


@pytest.fixture(scope="module")
def _counted() -> dict[tuple[Any, ...], Any]:
    """What plain SQL has counted already: a month is the same whatever the day of the board."""
    return {}


@pytest.fixture
def board(demo: Flask, _counted: dict[tuple[Any, ...], Any]) -> Board:
    client = CheckedClient(demo).login(db.session.query(User).filter_by(login="agent").one())
    return Board(client, key("programme", PAST), {"projet": PAST}, counted=_counted)


def key(of: str, slug: str) -> int:
    found = db.session.scalar(text(f"SELECT id FROM {of} WHERE slug = :slug"), {"slug": slug})
    assert found is not None
    return int(found)


def groups() -> dict[int | None, str]:
    rows = db.session.execute(text("SELECT id, name FROM working_group"))
    return {None: "sans groupe", **{row[0]: row[1] for row in rows}}


@pytest.mark.parametrize("on", DAYS, ids=str)
def test_the_board_of_five_past_days_equals_the_recount(board: Board, on: date) -> None:
    check_board(board, on=on, first=FIRST, last=LAST, groups=groups(), step=4)


@pytest.mark.parametrize("on", DAYS[1::2], ids=str)
@pytest.mark.parametrize(("args", "name", "of"), FILTERS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_board_of_a_part_equals_the_recount(board: Board, on: date, args: Any, name: str, of: str) -> None:
    slug = next(iter(args.values()))
    check_board(
        board.filtered(args, **{name: key(of, slug)}),
        on=on, first=FIRST, last=LAST, groups=groups(), step=24, files=False,
    )  # fmt: skip


def test_filters_together_and_the_bucket_of_what_has_none(board: Board) -> None:
    on = DAYS[1]
    both = board.filtered({"theme": "management", "employeur": "ville"}, theme=key("theme", "management"),
                          entity=key("entity", "ville"))  # fmt: skip
    check_board(both, on=on, first=FIRST, last=LAST, groups=groups(), step=24, files=False)
    for name, part in (("groupe", "group"), ("theme", "theme"), ("employeur", "entity")):
        bucket = board.filtered({name: "sans"}, **{part: 0})
        if bucket.expected(on)["actions"]:
            check_board(bucket, on=on, first=FIRST, last=LAST, groups=groups(), step=24, files=False)
        else:
            assert "Aucune action" in bucket.open(on)


def test_groups_add_up_to_the_whole_but_employers_do_not(board: Board) -> None:
    on = DAYS[3]
    whole = board.expected(on)["actions"]
    _, rows = table(board.open(on), "statuts-par-groupe")
    assert sum(int(row[6]) for row in rows) == whole
    page = board.filtered({"employeur": "ville"}, entity=key("entity", "ville")).open(on)
    assert "les totaux par employeur ne s'additionnent pas" in page
    shared = [
        board.filtered({"employeur": slug}, entity=key("entity", slug)).expected(on)["actions"]
        for slug in ("ville", "agglo", "cias")
    ]
    assert sum(shared) > whole


def test_spring_2020_shows_what_was_suspended(board: Board) -> None:
    _, rows = table(board.open(date(2020, 4, 30)), "statuts-par-mois")
    suspended = {row[0]: int(row[3]) for row in rows}
    assert suspended["30/04/2020"] > suspended["29/02/2020"] + 10


CORRECTED_LATE = """
SELECT c.recorded_at, l.as_of, l.published_at FROM action_update c
JOIN action_update o ON o.id = c.supersedes_id JOIN action a ON a.id = c.action_id
JOIN letter l ON l.programme_id = a.programme_id
WHERE a.programme_id = :programme AND o.effective_on <= l.as_of AND o.recorded_at <= l.published_at
  AND c.recorded_at > l.published_at
  AND l.number = (SELECT min(m.number) FROM letter m WHERE m.programme_id = a.programme_id
                  AND m.as_of >= o.effective_on AND m.published_at >= o.recorded_at)
ORDER BY c.recorded_at
"""
SAID = (
    "actions_done", "actions_in_progress", "actions_suspended", "actions_to_start", "actions_stopped", "late",
    "late_start", "silent", "to_check", "progress",
)  # fmt: skip


def test_a_correction_recorded_later_changes_what_is_known_now_not_what_was_known(board: Board) -> None:
    """On the evening of the letter, then today: each board says what was known on its own day."""
    rows = db.session.execute(text(CORRECTED_LATE), {"programme": board.programme_id}).all()
    assert rows, "the demonstration has corrections written after a letter"
    changed = 0
    for as_of, published_on in {(row[1], row[2][:10]) for row in rows}:
        on, then = date.fromisoformat(as_of), date.fromisoformat(published_on)
        known_then, known_now = board.expected(on, then), board.expected(on)
        check_sentence_and_keys(board.open(on, then), known_then)
        check_sentence_and_keys(board.open(on), known_now)
        changed += any(known_then[name] != known_now[name] for name in SAID)
    assert changed >= 2, "corrections move figures"
    # a whole board as known on the evening of letter n° 2, before an action taken for done was put right
    check_board(board, on=date(2015, 6, 30), first=FIRST, last=LAST, groups=groups(), known_on=date(2015, 7, 10))
