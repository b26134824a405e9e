"""Public files that nobody on this project wrote. They are not shipped: see `REALDATA` for where they are sought."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from tracker.enums import ActionStatus, TallyChoice
from tracker.imports.actions import read_actions
from tracker.imports.csvfile import read_csv
from tracker.imports.issues import Issues
from tracker.imports.mapfile import read_mapping
from tracker.imports.mapping import Mapping
from tracker.imports.proposals import read_proposals

ROOT = Path(__file__).parents[2]
REALDATA = Path(os.environ.get("TRACKER_REALDATA") or ROOT.parent / "shared" / "data")
TODAY = date(2026, 1, 1)

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not REALDATA.is_dir(), reason=f"real data not found in {REALDATA}"),
]


def mapping_of(name: str, kind: str, issues: Issues) -> Mapping:
    text = (ROOT / "seeds" / "reference" / f"{name}.toml").read_bytes()
    mapping = read_mapping(text, kind=kind, today=TODAY, issues=issues)
    assert mapping is not None
    return mapping


def test_paris_laureates_of_2015_to_2019() -> None:
    issues = Issues()
    mapping = mapping_of("paris_bp_laureats", "actions", issues)
    data = (REALDATA / "paris_bp_laureats" / "bp_projets_gagnants.csv").read_bytes()
    actions = read_actions(read_csv(data, delimiter=mapping.delimiter), mapping, issues)

    assert issues.errors == 0
    assert Counter(action.source_status for action in actions) == {
        "FIN": 740,
        "LIVRAISON": 69,
        "ABANDONNÉ": 56,
        "TRAVAUX": 41,
        "ETUDES": 36,
        "PROCEDURES": 21,
        "NON DEMARRE": 10,
    }
    assert Counter(action.status for action in actions) == {
        ActionStatus.DONE: 740,
        ActionStatus.IN_PROGRESS: 167,
        ActionStatus.STOPPED: 56,
        ActionStatus.TO_START: 10,
    }
    flags = Counter(flag for action in actions for flag in action.flags)
    assert flags == {"stop_date_assumed": 56, "steps_out_of_order": 21, "end_before_start": 3}
    for action in actions:
        days = [update.effective_on for update in action.updates]
        assert days == sorted(days)
        assert days[-1] <= mapping.as_of
        done = [key for update in action.updates for key in update.done]
        assert len(done) == len(set(done))


def test_paris_in_full_has_41_deliveries_before_the_works() -> None:
    issues = Issues()
    text = (ROOT / "seeds" / "reference" / "paris_bp_laureats.toml").read_text("utf-8")
    text = text.replace("from = 2015\nto = 2019", "from = 2014\nto = 2024")
    mapping = read_mapping(text.encode(), kind="actions", today=TODAY, issues=issues)
    assert mapping is not None
    data = (REALDATA / "paris_bp_laureats" / "bp_projets_gagnants.csv").read_bytes()
    actions = read_actions(read_csv(data), mapping, issues)
    assert len(actions) == 1341
    assert sum("steps_out_of_order" in action.flags for action in actions) == 41


def test_republique_numerique() -> None:
    issues = Issues()
    mapping = mapping_of("republique_numerique", "proposals", issues)
    data = (REALDATA / "republique_numerique" / "opinions.csv").read_bytes()
    proposals = read_proposals(read_csv(data), mapping, issues)

    assert issues.errors == 0
    assert len(proposals) == 696
    counts: Counter[TallyChoice] = Counter()
    for proposal in proposals:
        counts.update(dict(proposal.tallies))
    assert counts == {
        TallyChoice.FOR: 71_940,
        TallyChoice.AGAINST: 10_735,
        TallyChoice.MIXED: 5_947,
    }
    assert all(proposal.body and proposal.author for proposal in proposals)
    assert not any("<p" in one.body or "javascript:" in one.body for one in proposals)


NASTY = REALDATA / "nasty"
# the expected file of this one has another telephone number than its CSV
SPECTRUM = [
    path for path in sorted((NASTY / "csv_spectrum" / "csvs").glob("*.csv")) if path.stem != "location_coordinates"
]


@pytest.mark.parametrize("path", SPECTRUM, ids=lambda path: str(path.stem))
def test_csv_spectrum(path: Path) -> None:
    expected = json.loads((NASTY / "csv_spectrum" / "json" / f"{path.stem}.json").read_text("utf-8"))
    assert [row.cells for row in read_csv(path.read_bytes()).rows] == expected


@pytest.mark.parametrize("path", sorted((NASTY / "phpspreadsheet_csv").glob("premiere.*")), ids=lambda p: str(p.name))
def test_the_same_words_in_every_encoding(path: Path) -> None:
    table = read_csv(path.read_bytes())
    assert table.columns == ("première", "second", "troisième")
    assert list(table.rows[0].cells.values()) == ["Quatrième", "cinquième", "sixième"]


@pytest.mark.parametrize("path", sorted((NASTY / "phpspreadsheet_csv").glob("encoding.*")), ids=lambda p: str(p.name))
def test_short_files_in_every_encoding(path: Path) -> None:
    table = read_csv(path.read_bytes())
    assert (table.columns, list(table.rows[0].cells.values())) == (("Å", "1"), ["2", "3"])
