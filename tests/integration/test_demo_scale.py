"""A demonstration of two shares: twice as much of everything that people make, in the same two projects."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import NOON
from tests.databases import PLAIN_SQL
from tests.integration.demo_reading import one, rows
from tracker.queries import checks
from tracker.services import demo as demonstration

pytestmark = pytest.mark.sqlite(PLAIN_SQL)


def test_two_shares_are_twice_the_demonstration_and_break_no_rule(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "DEMO", True)
    monkeypatch.setattr(demonstration, "publish_letters", lambda *_args, **_values: 0)  # they take most of a load
    loaded = demonstration.load(now=NOON, say=lambda _sentence: None, scale=2)
    assert loaded is not None

    counted = {
        "people": one("SELECT COUNT(*) FROM user"),
        "projects": one("SELECT COUNT(*) FROM programme"),
        "consultations": one("SELECT COUNT(*) FROM campaign"),
        "groups": one("SELECT COUNT(*) FROM working_group WHERE programme_id = 1"),
        "proposals": one("SELECT COUNT(*) FROM proposal WHERE programme_id = 1"),
        "retained": one("SELECT COUNT(*) FROM proposal WHERE programme_id = 1 AND state = 'retained'"),
        "actions": one("SELECT COUNT(*) FROM action WHERE programme_id = 1"),
        "accounts": one("SELECT COUNT(*) FROM user WHERE password_hash IS NOT NULL"),
    }
    assert counted == {
        "people": 3740, "projects": 2, "consultations": 5, "groups": 20, "proposals": 840, "retained": 234,
        "actions": 304, "accounts": 7,
    }  # fmt: skip
    assert one("SELECT COUNT(DISTINCT first_name || ' ' || last_name) FROM user") == 3740
    titles = rows("SELECT title FROM proposal WHERE programme_id = 1 AND state = 'retained'")
    assert len(set(titles)) == 234
    for table in ("proposal", "action"):
        last = one(f"SELECT value FROM counter WHERE name = '{table}'")
        assert rows(f"SELECT COUNT(number), MIN(number), MAX(number) FROM {table}") == [(last, 1, last)]
    # every consultation has all the electors, and as many tags as electors who took part
    assert rows("SELECT DISTINCT electors FROM (SELECT COUNT(*) AS electors FROM roll_entry GROUP BY campaign_id)") == [
        (3740,)
    ]
    assert rows("SELECT campaign_id, SUM(took_part) FROM roll_entry GROUP BY 1 ORDER BY 1") == rows(
        "SELECT campaign_id, COUNT(DISTINCT tag) FROM vote GROUP BY 1 ORDER BY 1"
    )
    assert [finding for finding in checks.deep() if finding.level is not checks.Level.OK] == []
