"""Every figure is valid for Plotly, and its table says what it draws."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import plotly.graph_objects as go
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import cases
from tests.unit.test_progress_properties import DAYS, FIRST, LAST, projects
from tracker import charts
from tracker.charts import Figure, GroupSummary, Line, Scope
from tracker.charts.figure import HEALTH_LOOK, STATUS_LOOK, spread, wrapped
from tracker.enums import ActionStatus, Health
from tracker.exports.tables import csv_bytes
from tracker.progress import (
    Timeline,
    by_theme,
    health_by_month,
    progress_curves,
    status_by_month,
    summarise,
)
from tracker.records import ActionRecord

STYLES = Path("tracker/static/css/app.css")


@dataclass(frozen=True, slots=True)
class PlainLinks:
    """Addresses as a view would make them."""

    def actions(self, **chosen: str) -> str:
        return "/actions" + "".join(f"&{name}={value}" for name, value in chosen.items())

    def action(self, number: int) -> str:
        return f"/actions/{number}"

    def proposals(self, **chosen: str) -> str:
        return "/propositions" + "".join(f"&{name}={value}" for name, value in chosen.items())

    def table(self, figure_id: str) -> str:
        return f"/tableau-de-bord/{figure_id}.csv"


@pytest.fixture(autouse=True)
def in_french(shared_app: Flask) -> Iterator[None]:
    with shared_app.test_request_context():
        yield


def lines_of(timeline: Timeline, on: date) -> list[Line]:
    return [
        Line(
            s.action.number, f"Action {s.action.number}", "sans", "sans groupe", s.status, s.late,
            (s.action.baseline_start, s.action.baseline_end), (s.planned_start, s.planned_end),
        )
        for s in timeline.states(on)
    ]  # fmt: skip


def draw(actions: list[ActionRecord], on: date) -> list[Figure]:
    timeline = Timeline.build(actions)
    states = timeline.states(on)
    summary = summarise(states)
    scope = Scope(on, summary.total, PlainLinks(), ("Ville",))
    groups = [GroupSummary(f"g{key or 0}", f"Groupe {key}", part) for key, part in by_theme(states).items()]
    return [
        charts.status_by_month(status_by_month(timeline, FIRST, LAST, on), summary, scope),
        charts.progress(progress_curves(timeline, first=FIRST, last=LAST, as_of=on), summary, scope),
        charts.status_by_group(groups, scope),
        charts.schedule(lines_of(timeline, on), scope),
        charts.schedule(lines_of(timeline, on) * 31, scope),
        charts.from_people_to_results(contributors=7, published=5, retained=2, summary=summary, scope=scope),
        charts.health_by_month(health_by_month(timeline, FIRST, LAST, on), scope),
    ]


@cases(12, 300)
@given(projects(), DAYS)
def test_every_figure_is_valid_titled_and_told(actions: list[ActionRecord], on: date) -> None:
    if not Timeline.build(actions).states(on):
        return
    for figure in draw(actions, on):
        go.Figure(figure.spec)  # raises on any attribute or value that Plotly does not know
        json.dumps(figure.spec, allow_nan=False)
        assert figure.title
        assert figure.reading.endswith(".")
        assert "actions comptées" in figure.subtitle or "action comptée" in figure.subtitle
        assert "Ville" in figure.subtitle
        assert figure.rows
        assert all(len(row) == len(figure.columns) for row in figure.rows)
        assert "%(" not in figure.title + figure.reading + figure.subtitle
        assert all(trace["customdata"] for trace in figure.spec["data"] if trace["x"] and "customdata" in trace)


@cases(12, 300)
@given(projects())
def test_the_word_of_the_last_day_ends_at_its_line(actions: list[ActionRecord]) -> None:
    """Written around it, half of the word would be beyond the edge of the drawing."""
    if not Timeline.build(actions).states(LAST):
        return
    curves = draw(actions, LAST)[1]
    word = curves.spec["layout"]["annotations"][0]
    assert (word["x"], word["xanchor"]) == (LAST.isoformat(), "right")


@cases(12, 300)
@given(projects(), DAYS)
def test_tables_say_what_is_drawn(actions: list[ActionRecord], on: date) -> None:
    if not Timeline.build(actions).states(on):
        return
    status, progress, groups, _, schedule, chain, weather = draw(actions, on)
    for figure, looks in ((status, STATUS_LOOK), (weather, HEALTH_LOOK)):
        columns = {name: position for position, name in enumerate(figure.columns)}
        traces = {trace["name"]: trace for trace in figure.spec["data"]}
        for member in looks:
            told = [row[columns[member.label]] for row in figure.rows]
            drawn = traces[member.label]["y"] if member.label in traces else [0] * len(told)
            assert drawn == told
    by_status = {trace["name"]: trace for trace in groups.spec["data"]}
    for position, member in enumerate(STATUS_LOOK, start=1):
        told = [row[position] for row in groups.rows]
        assert (by_status[member.label]["x"] if member.label in by_status else [0] * len(told)) == told
    first, current, actual = progress.spec["data"]
    assert [row[3] for row in progress.rows] == first["y"]
    assert [row[5] for row in progress.rows] == current["y"]
    assert [row[1] for row in progress.rows][: len(actual["y"])] == actual["y"]
    assert [row[1] for row in chain.rows] == [trace["x"][0] for trace in chain.spec["data"]]
    signs = [trace for trace in schedule.spec["data"] if trace["type"] == "scatter"]
    drawn_ends = sum(int(text.replace("\u202f", "")) for trace in signs for text in trace["text"])
    assert drawn_ends == sum(sum(row[3:6]) for row in schedule.rows)  # type: ignore[arg-type]


def test_statuses_and_skies_have_one_colour_one_pattern_and_one_order() -> None:
    for looks in (STATUS_LOOK, HEALTH_LOOK):
        assert len({colour for colour, _ in looks.values()}) == len(looks)
        assert len({shape for _, shape in looks.values()}) == len(looks)
    assert set(STATUS_LOOK) == set(ActionStatus)
    assert set(HEALTH_LOOK) == set(Health) - {Health.NOT_APPLICABLE}


def test_colours_are_those_that_the_browser_knows_how_to_replace() -> None:
    known = {m.lower() for m in re.findall(r"--paper-[a-z-]+: (#[0-9a-f]{6})", STYLES.read_text("utf-8"))}
    source = "".join(path.read_text("utf-8") for path in Path("tracker/charts").glob("*.py"))
    assert {colour.lower() for colour in re.findall(r"#[0-9a-fA-F]{6}", source)} <= known


def test_drawing_imports_neither_plotly_nor_numpy() -> None:
    code = "import sys, tracker.charts; print([m for m in ('plotly', 'numpy') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "[]"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=6))
def test_words_beside_a_drawing_never_touch_nor_leave_it(places: list[float]) -> None:
    heights = spread(sorted(places), gap=9, lowest=4, highest=100)
    assert all(after - before >= 9 - 1e-9 for before, after in pairwise(heights))
    assert heights[-1] <= 100
    assert heights[0] >= 4 - 1e-9


def test_names_are_shown_as_they_are_written() -> None:
    assert wrapped("Budget & <b>commandes</b>") == "Budget &amp; &lt;b&gt;commandes&lt;/b&gt;"


def test_csv_opens_in_a_french_spreadsheet_and_runs_nothing() -> None:
    data = csv_bytes(("Groupe", "Réel"), (("=HYPERLINK(1)", 62.5), (" @SUM", None), ("A;B", -3)))
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.decode("utf-8-sig").split("\r\n")[:4] == ["Groupe;Réel", "'=HYPERLINK(1);62,5", "' @SUM;", '"A;B";-3']
