"""Mapping files, their faults, and the table that tells them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tracker.imports.cells import read_date
from tracker.imports.issues import ImportIssue, Issues, Severity, render_issues, render_summary
from tracker.imports.mapfile import read_mapping
from tracker.imports.mapping import DateRules

REFERENCE = Path(__file__).parents[2] / "seeds" / "reference"
TODAY = date(2026, 1, 1)
MAP = """
kind = "actions"
source = "essai"
key = "id"
[project]
slug = "essai"
[fields]
title = "{titre}"
status = "{état}"
"""


def faults(text: str, kind: str = "actions") -> list[str]:
    issues = Issues()
    mapping = read_mapping(text.encode(), kind=kind, today=TODAY, issues=issues)
    assert (mapping is None) == bool(issues.errors)
    return [issue.column for issue in issues.sorted()]


@pytest.mark.parametrize(("name", "kind"), [("paris_bp_laureats", "actions"), ("republique_numerique", "proposals")])
def test_the_mappings_that_we_ship_have_no_fault(name: str, kind: str) -> None:
    assert faults((REFERENCE / f"{name}.toml").read_text("utf-8"), kind) == []


def test_the_smallest_mapping() -> None:
    issues = Issues()
    mapping = read_mapping(MAP.encode(), kind="actions", today=TODAY, issues=issues)
    assert mapping is not None
    assert mapping.columns() == ("id", "titre", "état")
    assert (mapping.as_of, mapping.create) == (TODAY, frozenset())


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (MAP.replace('"actions"', '"proposals"'), "kind"),
        (MAP.replace('source = "essai"', ""), "source"),
        (MAP.replace('source = "essai"', 'source = "Mon Fichier"'), "source"),
        (MAP.replace('key = "id"', "key = 3"), "key"),
        (MAP.replace("title =", "titel ="), "fields.titel"),
        (MAP.replace('title = "{titre}"', ""), "fields.title"),
        ("colour = 1\n" + MAP, "colour"),
        ("as_of = 2030-01-01\n" + MAP, "as_of"),
        ('as_of = "2015"\n' + MAP, "as_of"),
        (MAP + '[values.status]\nx = "finished"', "values.status"),
        (MAP + '[defaults]\nhealth = "rain"', "defaults.health"),
        (MAP + "[create]\nproject = true", "project"),
        (MAP + '[create]\nthemes = "yes"', "create.themes"),
        (MAP + '[dates]\nformats = ["JJ/MM"]', "dates.formats"),
        (MAP + '[[filter]]\ncolumn = "a"\nfrom = "x"', "filter"),
        (MAP + '[[step]]\nkey = "a"\nlabel = "A"\non = "{a}"\nafter = "b"', "step.a"),
        (MAP + '[reached]\nx = ["a"]', "reached.x"),
        (MAP + "file = 3", "fields.file"),
        ("dates = 3\n" + MAP, "dates"),
    ],
)
def test_each_fault_is_named(text: str, where: str) -> None:
    assert where in faults(text)


def test_what_is_not_toml_says_so() -> None:
    assert faults("a = ") == [""]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2017-06-30", date(2017, 6, 30)),
        ("2017-06-30T23:30:00+00:00", date(2017, 7, 1)),
        ("30/06/2017", date(2017, 6, 30)),
        ("2017-06", date(2017, 6, 1)),
        ("2016", date(2016, 1, 1)),
        ("31/06/2017", None),
        ("juin", None),
    ],
)
def test_dates(said: str, expected: date | None) -> None:
    rules = DateRules(("iso", "%d/%m/%Y", "%Y-%m", "%Y"), frozenset())
    assert read_date(said, rules) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2016-02", date(2016, 2, 29)),
        ("2015-12", date(2015, 12, 31)),
        ("2016", date(2016, 12, 31)),
        ("2016-02-03", date(2016, 2, 3)),
    ],
)
def test_the_end_of_a_month_or_year_is_its_last_day(said: str, expected: date) -> None:
    rules = DateRules(("%Y-%m-%d", "%Y-%m", "%Y"), frozenset())
    assert read_date(said, rules, last_day=True) == expected


def test_the_table_puts_errors_first_and_counts_what_it_does_not_show() -> None:
    issues = [
        ImportIssue(line, "date", Severity.WARNING, "texte", "NON\nFIXÉ\x1b[31m" + "x" * 90) for line in range(2, 12)
    ]
    issues.append(ImportIssue(40, "titre", Severity.ERROR, "vide"))
    lines = render_issues(issues, limit=3).splitlines()
    assert lines[0].split()[:3] == ["ligne", "colonne", "gravité"]
    assert lines[2].startswith("40")
    assert lines[-1] == "… et 8 autres ; le résumé les compte."
    assert "\x1b" not in "".join(lines)
    summary = render_summary(issues).splitlines()
    assert summary[2].split() == ["1", "erreur", "titre", "vide", "40"]
    assert summary[3].startswith("10")
    assert summary[3].endswith("2, 3, 4, 5, 6, 7 …")


def test_nothing_to_say() -> None:
    assert "Aucune" in render_issues([])
    assert render_summary([]) == ""
