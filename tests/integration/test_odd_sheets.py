"""Odd sheets from elsewhere: each is read right, or refused by a sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import text

from tests.integration import real_scene
from tests.integration.real_scene import REALDATA, operate
from tracker.extensions import db

real = real_scene.real  # the fixture

NASTY = REALDATA / "nasty"
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not REALDATA.is_dir(), reason=f"real data not found in {REALDATA}"),
]


# --- Nasty files ---------------------------------------------------------------------------------------------


MAP = """
kind = "actions"
source = "{source}"
key = "{key}"
as_of = 2025-11-30
[project]
slug = "essai"
title = "Essai"
starts_on = 2015-01-01
ends_on = 2030-12-31
[create]
project = true
[fields]
title = "Case : {{{title}}}"
status = "à lancer"
opened_on = "2025-10-01"
[values.status]
"à lancer" = "to_start"
[dates]
formats = ["iso"]
"""


# the key column, the title column, and the title that each row must give
PREMIERE = ("première", "second", ["cinquième"])
SHORT = ("Å", "1", ["3"])
NUMBERED = ("A", "1", ["3"])
HEADED = ("This", "Are", ["Number with comma", "B|3"])


RIGHT: dict[str, tuple[str, str, list[str]]] = {
    **{path.name: PREMIERE for path in NASTY.glob("phpspreadsheet_csv/premiere.*")},
    "premiere.utf16le.csv": ("première", "second", ["cinquième", "\ufffe"]),  # beyond the basic plane, and at its edge
    **{path.name: SHORT for path in NASTY.glob("phpspreadsheet_csv/encoding.*")},
    **dict.fromkeys(("linend.mac.csv", "linend.unix.csv", "linend.win.csv", "sep.csv"), NUMBERED),
    **dict.fromkeys(("csv_without_extension", "semicolon_separated.csv"), HEADED),
    "backslash.csv": ("field 1", "field 2\\", ["field 4"]),
    "enclosure.csv": ("Date/Time", "task", ["viewpage", "editpage", "deletepage"]),
    "issue.2232.csv": ("1", "2", ["FaLSe", "tRUE", "Faux", "Vrai"]),
}


# the columns, and the sentence that refuses the file
NO_ROW = "Ce fichier n'a aucune ligne à lire sous ses titres."
TWICE = "Cet identifiant est déjà celui de la ligne 2."  # read right, by their line numbers; the key is not unique


REFUSED: dict[str, tuple[str, str, str]] = {
    "empty.csv": ("a", "b", "Ce fichier est vide."),
    "no_delimiter.csv": ("SingleLine", "SingleLine", NO_ROW),
    "contains_html.csv": ("Column A", "Column C", NO_ROW),
    "escape.csv": ("hello", "hello", "Deux colonnes portent le même nom."),
    "NumberFormatTest.csv": ("-123", "1,234", "Cases dans cette ligne : 2 au lieu de 3."),
    "NumberFormatTest.de.csv": ("-123", "1.234", "Cases dans cette ligne : 2 au lieu de 3."),
    "line_break_escaped_32le.csv": ("Name", "Copy", TWICE),
    "line_break_in_enclosure.csv": ("Name", "Copy", TWICE),
    "line_break_in_enclosure_with_escaped_quotes.csv": ("Name", "Copy", TWICE),
    "utf16be.line_break_in_enclosure.csv": ("Name", "Copy", TWICE),
}


SHEETS = sorted(path for path in NASTY.glob("phpspreadsheet_csv/*") if path.name != "LICENSE")
SPECTRUM = sorted(NASTY.glob("csv_spectrum/csvs/*.csv"))


def quoted(text_: str) -> str:
    return text_.replace("\\", "\\\\").replace('"', '\\"')


@pytest.fixture
def bring(real: Flask, tmp_path: Path) -> Callable[..., tuple[Result, list[str]]]:
    """Import a file with `--commit`: what the command said, and the titles that came of it."""

    def committed(path: Path, key: str, title: str) -> tuple[Result, list[str]]:
        source = re.sub(r"[^a-z0-9]+", "-", path.name.lower())[:40].strip("-")
        mapping = MAP.format(source=source, key=quoted(key), title=quoted(title))
        (tmp_path / "map.toml").write_text(mapping, "utf-8")
        result = operate(real, "actions", path, tmp_path / "map.toml", "--commit")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        with real.app_context():
            titles = db.session.scalars(
                text(
                    "SELECT a.title FROM action a JOIN external_ref r ON r.action_id = a.id "
                    "WHERE r.source = :source ORDER BY a.number"
                ),
                {"source": source},
            ).all()
            db.session.remove()
        return result, [title.removeprefix("Case :").strip() for title in titles]

    return committed


def test_every_odd_sheet_is_expected_here() -> None:
    assert {path.name for path in SHEETS} == set(RIGHT) | set(REFUSED)
    assert not set(RIGHT) & set(REFUSED)


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_an_odd_sheet_is_read_right_or_refused_by_a_sentence(bring: Any, path: Path) -> None:
    if path.name in RIGHT:
        key, title, expected = RIGHT[path.name]
        result, titles = bring(path, key, title)
        assert (result.exit_code, titles) == (0, expected), result.output
    else:
        key, title, sentence = REFUSED[path.name]
        result, titles = bring(path, key, title)
        assert (result.exit_code, titles) == (1, [])
        assert sentence in result.output, result.output
        assert result.output.splitlines()[-1] == "Rien n'est enregistré : corrigez les erreurs d'abord."


@pytest.mark.parametrize("path", SPECTRUM, ids=lambda path: path.stem)
def test_each_file_of_csv_spectrum_is_read_right(bring: Any, path: Path) -> None:
    rows = json.loads((NASTY / "csv_spectrum" / "json" / f"{path.stem}.json").read_text("utf-8"))
    if path.stem == "location_coordinates":  # its bytes are of no encoding: imported, and said
        result, titles = bring(path, "Contact Phone Number", "Cities")
        assert (result.exit_code, titles) == (0, ["Modesto"])
        assert "Des accents semblent abîmés" in result.output
        return
    key, title, *_ = rows[0]
    result, titles = bring(path, key, title)
    assert result.exit_code == 0, result.output
    assert titles == [re.sub(r"\s+", " ", row[title]).strip() for row in rows]
