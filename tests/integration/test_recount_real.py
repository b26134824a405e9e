"""Public files that nobody here wrote, imported as an operator would; the pages then equal a recount in plain SQL.

They are not shipped: `../shared/data` beside the checkout, or TRACKER_REALDATA, says where they are.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import text

from tests import factories
from tests.client import CheckedClient
from tests.databases import PLAIN_SQL
from tests.integration import real_scene
from tests.integration.real_scene import REALDATA, ROOT, operate
from tests.shown import Board, check_board, spoken, table
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import User

real = real_scene.real  # the fixture

PARIS = REALDATA / "paris_bp_laureats" / "bp_projets_gagnants.csv"
OPINIONS = REALDATA / "republique_numerique" / "opinions.csv"
MAPS = ROOT / "seeds" / "reference"
pytestmark = [
    pytest.mark.sqlite(PLAIN_SQL),
    pytest.mark.realdata,
    pytest.mark.skipif(not REALDATA.is_dir(), reason=f"real data not found in {REALDATA}"),
]


FIRST, LAST = date(2015, 1, 1), date(2029, 12, 31)
DAYS = (date(2016, 6, 30), date(2018, 3, 31), date(2019, 7, 14), date(2020, 4, 30), date(2025, 11, 30))
ROADS = "direction-de-la-voirie-et-des-deplacements"
TABLES = (
    "programme", "theme", "working_group", "entity", "action", "action_update", "milestone", "milestone_mark",
    "proposal", "proposal_version", "proposal_transition", "authorship", "imported_tally", "external_ref", "event",
)  # fmt: skip


def counts(app: Flask) -> dict[str, int]:
    with app.app_context():
        found = {name: db.session.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in TABLES}
        db.session.remove()
    return found


@pytest.fixture(scope="module")
def paris(real: Flask) -> dict[str, Any]:
    """A dry run, the import and a second run of the projects of Paris: what each said and left."""
    mapping = MAPS / "paris_bp_laureats.toml"
    found: dict[str, Any] = {"before": counts(real)}
    found["dry"] = operate(real, "actions", PARIS, mapping)
    found["after_dry"] = counts(real)
    found["commit"] = operate(real, "actions", PARIS, mapping, "--commit")
    found["after_commit"] = counts(real)
    found["again"] = operate(real, "actions", PARIS, mapping, "--commit")
    found["after_again"] = counts(real)
    return found


@pytest.fixture(scope="module")
def opinions(real: Flask, paris: dict[str, Any]) -> dict[str, Any]:
    """The import and a second run of the opinions on the République numérique."""
    mapping = MAPS / "republique_numerique.toml"
    found: dict[str, Any] = {"before": paris["after_again"]}
    found["commit"] = operate(real, "proposals", OPINIONS, mapping, "--commit")
    found["after_commit"] = counts(real)
    found["again"] = operate(real, "proposals", OPINIONS, mapping, "--commit")
    found["after_again"] = counts(real)
    return found


@pytest.fixture
def reader(real: Flask, opinions: dict[str, Any]) -> Iterator[CheckedClient]:
    """An agent of the instance, once everything is imported."""
    with real.app_context():
        user = db.session.query(User).first()
        if user is None:
            with write_transaction():
                user = factories.user()
        yield CheckedClient(real).login(user)
        end_transaction(commit=False)
        db.session.remove()


# --- The command, as an operator types it --------------------------------------------------------------------


def test_a_dry_run_prints_a_table_by_line_and_column_and_keeps_nothing(paris: dict[str, Any]) -> None:
    dry: Result = paris["dry"]
    assert dry.exit_code == 0
    lines = dry.output.splitlines()
    assert re.match(r"ligne +colonne +gravité +valeur +message", lines[0])
    known = [
        r"23 +livraison_prev_projet +remarque +NON PRÉVUE +Du texte dans une colonne de dates",
        r"124 +livraison_prev_projet +remarque +2017-12 > 2016-12 +La fin prévue est avant le début",
        r"23 +avancement_projet +remarque +ABANDONNÉ +Arrêt sans date",
    ]
    for pattern in known:
        assert any(re.match(pattern, line) for line in lines), pattern
    assert "Lignes lues : 973 · nouvelles : 973 · modifiées : 0 · inchangées : 0 · erreurs : 0" in dry.output
    assert "rien n'est enregistré" in lines[-1]
    assert paris["after_dry"] == paris["before"]


def test_the_lines_of_the_table_are_those_of_the_file(paris: dict[str, Any]) -> None:
    with PARIS.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=";")
        by_line: dict[int, dict[str, str]] = {}
        for row in reader:
            by_line[reader.line_num] = row
    told = re.findall(r"^(\d+) +(\w+) +remarque +(.+?)  +Du texte dans", paris["dry"].output, re.MULTILINE)
    assert len(told) > 100
    for line, column, value in told[::20]:
        assert by_line[int(line)][column].strip() == value


def test_a_second_run_changes_nothing(paris: dict[str, Any], opinions: dict[str, Any]) -> None:
    for found, read in ((paris, 973), (opinions, 696)):
        assert found["commit"].exit_code == 0
        assert f"Lignes lues : {read} · nouvelles : {read}" in found["commit"].output
        assert found["commit"].output.splitlines()[-1] == "Enregistré."
        assert found["again"].exit_code == 0
        assert f"nouvelles : 0 · modifiées : 0 · inchangées : {read}" in found["again"].output
        assert found["after_again"] == found["after_commit"]
    assert paris["after_commit"]["action"] == 973
    assert opinions["after_commit"]["proposal"] == 696


def test_an_error_refuses_the_whole_file(real: Flask, opinions: dict[str, Any], tmp_path: Path) -> None:
    before = counts(real)
    mapping = (MAPS / "paris_bp_laureats.toml").read_text("utf-8").replace('"TRAVAUX" = "in_progress"\n', "")
    (tmp_path / "map.toml").write_text(mapping, "utf-8")
    for options in ((), ("--commit",)):
        result = operate(real, "actions", PARIS, tmp_path / "map.toml", *options)
        assert len(re.findall(r"^\d+ +avancement_projet +erreur +TRAVAUX", result.output, re.MULTILINE)) == 41
        assert result.exit_code == 1
        assert result.output.splitlines()[-1] == "Rien n'est enregistré : corrigez les erreurs d'abord."
    assert counts(real) == before


def test_files_that_are_not_there_or_are_not_text_are_refused_by_a_sentence(real: Flask, tmp_path: Path) -> None:
    mapping = MAPS / "paris_bp_laureats.toml"
    (tmp_path / "noise.csv").write_bytes(bytes(range(256)) * 8)
    refused = [
        operate(real, "actions", tmp_path / "none.csv", mapping, "--commit"),
        operate(real, "actions", PARIS, tmp_path / "none.toml", "--commit"),
        operate(real, "actions", tmp_path / "noise.csv", mapping, "--commit"),
        operate(real, "actions", PARIS, PARIS, "--commit"),
        operate(real, "actions", OPINIONS, mapping, "--commit"),
    ]
    for result in refused:
        assert result.exit_code in {1, 2}
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert len(result.output.split()) > 3


# --- Paris ---------------------------------------------------------------------------------------------------


def groups() -> dict[int | None, str]:
    rows = db.session.execute(text("SELECT id, name FROM working_group"))
    return {None: "sans groupe", **{row[0]: spoken(row[1]) for row in rows}}


@pytest.fixture(scope="module")
def _counted() -> dict[tuple[Any, ...], Any]:
    """What plain SQL has counted already: nothing is imported any more once boards are read."""
    return {}


@pytest.fixture
def board(reader: CheckedClient, _counted: dict[tuple[Any, ...], Any]) -> Board:
    slug = "paris-budget-participatif"
    key = db.session.scalar(text("SELECT id FROM programme WHERE slug = :slug"), {"slug": slug})
    return Board(reader, int(key or 0), {"projet": slug}, counted=_counted)


@pytest.mark.parametrize("on", DAYS, ids=str)
def test_the_board_of_paris_equals_the_recount(board: Board, on: date) -> None:
    check_board(board, on=on, first=FIRST, last=LAST, groups=groups(), step=60, files=on == DAYS[-1])


@pytest.mark.parametrize("on", DAYS[2:3], ids=str)
def test_the_board_of_one_department_of_paris_equals_the_recount(board: Board, on: date) -> None:
    key = db.session.scalar(text("SELECT id FROM working_group WHERE slug = :slug"), {"slug": ROADS})
    part = board.filtered({"groupe": ROADS}, group=int(key or 0))
    check_board(part, on=on, first=FIRST, last=LAST, groups=groups(), step=60, files=False)


def test_the_board_of_paris_ends_with_the_statuses_of_the_source(board: Board) -> None:
    page = board.open(DAYS[-1])
    _, rows = table(page, "statuts-par-mois")
    # FIN 740; LIVRAISON 69, TRAVAUX 41, ETUDES 36, PROCEDURES 21; NON DEMARRE 10; ABANDONNÉ 56
    assert rows[-1][1:] == ["740", "167", "0", "10", "56", "973"]
    assert len(gzip.compress(page.text.encode())) <= 60_000


def test_what_was_kept_on_purpose_is_flagged(board: Board) -> None:
    flags = [row[0] for row in db.session.execute(text("SELECT flags FROM external_ref WHERE source LIKE 'paris%'"))]
    found = [flag for one in flags for flag in json.loads(one)]
    assert {name: found.count(name) for name in set(found)} == {
        "stop_date_assumed": 56, "steps_out_of_order": 21, "end_before_start": 3,
    }  # fmt: skip


# --- République numérique ------------------------------------------------------------------------------------


def test_the_opinions_are_all_on_the_list_but_those_put_aside(reader: CheckedClient) -> None:
    seen: set[str] = set()
    address = "/propositions?projet=republique-numerique"
    while address:
        # not through the checks of each page: there are two dozen
        html = reader.http.get(address).get_data(as_text=True)
        seen |= set(re.findall(r'href="/propositions/(\d+)"', html))
        following = re.search(r'<a [^>]*rel="next"[^>]*>', html)
        address = unescape(re.findall(r'href="([^"]+)"', following[0])[0]) if following else ""
    with OPINIONS.open(encoding="utf-8", newline="") as file:
        aside = sum(row["is_trashed"] == "True" for row in csv.DictReader(file))
    assert aside == 4
    assert len(seen) == 696 - aside


def test_twenty_opinions_show_their_counts_with_their_source_and_clean_texts(reader: CheckedClient) -> None:
    with OPINIONS.open(encoding="utf-8", newline="") as file:
        source = {row["id"]: row for row in csv.DictReader(file)}
    numbers: dict[str, int] = {}
    for key, number in db.session.execute(
        text("SELECT r.source_id, p.number FROM external_ref r JOIN proposal p ON p.id = r.proposal_id")
    ):
        numbers[key] = number
    assert len(numbers) == 696
    # the longest texts and those with the most markup
    ranked = sorted(source, key=lambda key: -len(source[key]["body_html"]))
    chosen = [key for key in [*ranked[:10], *ranked[10::45]] if numbers[key] is not None][:20]
    for key in chosen:
        row = source[key]
        page = reader.get(f"/propositions/{numbers[key]}")
        told = f"{row['votes_ok']} pour, {row['votes_nok']} contre, {row['votes_mitige']} mitigé"
        assert told in spoken(page.words), key
        assert "compté ailleurs : republique-numerique.fr, 2015" in page
        assert "javascript:" not in page.text
        for word in ("&lt;p&gt;", "&lt;br", "&amp;eacute;", "&amp;nbsp;", "&amp;#39;"):
            assert word not in page.text, (key, word)
        assert row["author"] not in page.words, "a number within its source, not a name"


def test_the_counts_brought_from_elsewhere_add_up(reader: CheckedClient) -> None:
    rows = db.session.execute(text("SELECT choice, sum(count) FROM imported_tally GROUP BY choice"))
    assert {row[0]: row[1] for row in rows} == {"for": 71_940, "against": 10_735, "mixed": 5_947}
    assert db.session.scalar(text("SELECT sum(support_count) FROM proposal")) == 0
    assert db.session.scalar(text("SELECT count(*) FROM vote")) == 0
