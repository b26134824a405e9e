"""The figures of letters equal an independent recount in plain SQL; openings, corrections and changes make closings."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests import factories
from tests.databases import PLAIN_SQL
from tests.effort import cases
from tests.integration.test_recount import drawn_world
from tests.recount import recount
from tracker.enums import Role
from tracker.extensions import db, end_transaction, write_transaction
from tracker.letters import Quarter, canonical, digest
from tracker.models import Frozen, Letter
from tracker.records import Actor, Grant
from tracker.services import letters

QUARTERS = ("2015-T1", "2015-T2", "2015-T3", "2015-T4", "2016-T1")


def frozen_letters(programme_id: int) -> list[tuple[Letter, Frozen]]:
    rows = db.session.execute(
        select(Letter, Frozen)
        .join(Frozen, Frozen.id == Letter.frozen_id)
        .where(Letter.programme_id == programme_id)
        .order_by(Letter.quarter)
    )
    return [(row[0], row[1]) for row in rows]


def agree(programme_id: int) -> int:
    """Every published letter of a project against the recount; gives how many corrections there were."""
    previous: dict[str, Any] | None = None
    corrected = 0
    for letter, frozen in frozen_letters(programme_id):
        content = json.loads(frozen.content)
        assert frozen.sha256 == digest(frozen.content)
        assert canonical(content) == frozen.content
        counters = content["counters"]
        after = date.fromisoformat(content["letter"]["after"])
        closing = recount(db.session.connection(), programme_id, frozen.as_of, frozen.known_at)
        before = recount(db.session.connection(), programme_id, after, frozen.known_at)
        for key, value in counters["closing"].items():
            assert value == closing[key], (letter.quarter, key)
            assert counters["opening"][key] + counters["corrections"][key] == before[key], (letter.quarter, key)
            assert counters["opening"][key] + counters["corrections"][key] + counters["changes"][key] == value
        if previous is None:
            assert set(counters["opening"].values()) == {0}
        else:
            assert counters["opening"] == previous["counters"]["closing"]
            assert content["letter"]["after"] == previous["letter"]["as_of"]
            corrected += sum(map(abs, counters["corrections"].values()))
        previous = content
    return corrected


def publish_all(programme_id: int, names: tuple[str, ...], delays: list[int]) -> None:
    editor = Actor(id=0, login="", name="Rédaction", grants=(Grant(Role.EDITOR),))
    with write_transaction():
        person = factories.user()
        editor = Actor(id=person.id, login="", name=person.name, grants=editor.grants)
    for name, delay in zip(names, delays, strict=True):
        # some are published before the end of their quarter: provisional, and the next one takes over from that day
        day = Quarter.parse(name).last_day + timedelta(days=delay)
        now = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
        with write_transaction():
            letter = letters.build(programme_id, name, actor=editor, now=now)
            letters.ask_proofreading(letter, [editor.id], actor=editor, now=now, notify=False)
            letters.approve(letter, "Jeanne Petit", day, actor=editor, now=now)
            letters.publish(letter, actor=editor, now=now)
            assert letter.provisional == (delay < 0)


@pytest.mark.sqlite(PLAIN_SQL)
@cases(6, 100)
@given(st.data())
def test_letters_equal_a_recount_on_random_histories(app, data) -> None:
    programme_id = drawn_world(data)
    delays = data.draw(st.lists(st.integers(-40, 30), min_size=len(QUARTERS), max_size=len(QUARTERS)))
    publish_all(programme_id, QUARTERS, delays)
    agree(programme_id)
    end_transaction(commit=False)


@pytest.mark.sqlite(PLAIN_SQL)
@pytest.mark.demo
def test_the_24_letters_of_the_demonstration_equal_a_recount(demo: Flask) -> None:
    assert len(frozen_letters(1)) == 24
    assert agree(1) > 0, "no correction in five years: the demonstration should have some"


@pytest.mark.demo
def test_the_letters_of_the_demonstration_weigh_little(demo: Flask) -> None:
    for _letter, frozen in frozen_letters(1):
        assert len(frozen.content.encode()) < 200_000
