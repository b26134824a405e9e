"""The staff register as a file: what is read, what is refused, and with which sentence."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from tests.register import HEADER, REALDATA, as_csv, as_workbook
from tracker.errors import Refused
from tracker.imports import people
from tracker.imports.people import guess_columns, read_register, read_sheet

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
ROW = ["0042", "LE GALL-MARTIN", "Éloïse", "Eloise@Ville.fr", "Ville", "Voirie", "Dépôt", "Oui"]


def sheet_xml(inside: str, *, before: str = "") -> str:
    return f'{before}<worksheet xmlns="{MAIN}"><sheetData>{inside}</sheetData></worksheet>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_line_is_read_whatever_the_encoding(encoding: str) -> None:
    sheet = read_sheet(as_csv([ROW], encoding=encoding))
    (row,) = read_register(sheet, guess_columns(sheet.columns)).rows
    assert (row.number, row.last_name, row.first_name) == ("0042", "Le Gall-Martin", "Éloïse")
    assert (row.email, row.employer, row.manager, row.shouted) == ("eloise@ville.fr", "Ville", True, True)


def test_a_workbook_says_the_same_as_a_csv_file() -> None:
    columns = guess_columns(HEADER)
    assert (
        read_register(read_sheet(as_workbook([HEADER, ROW])), columns).rows[0].name
        == read_register(read_sheet(as_csv([ROW])), columns).rows[0].name
    )


def test_shared_texts_numbers_and_gaps_of_a_workbook() -> None:
    cells = (
        '<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c><c r="C2" t="s"><v>2</v></c></row>'
        '<row r="7"><c r="A7"><v>1.2345E4</v></c><c r="C7" t="s"><v>3</v></c></row>'
        '<row r="9"><c r="A9"><v>17.0</v></c><c r="XFD9"><v>1</v></c></row>'
    )
    strings = (
        f'<sst xmlns="{MAIN}"><si><t>Matricule</t></si><si><t>Nom</t></si><si><r><t>Pré</t></r><r><t>nom</t></r></si>'
        "<si><t>Zoé</t><rPh><t>zoe</t></rPh></si></sst>"
    )
    sheet = read_sheet(as_workbook([], sheet=sheet_xml(cells), strings=strings))
    assert sheet.columns == ("Matricule", "Nom", "Prénom")
    assert sheet.rows == ((7, ("12345", "", "Zoé")), (9, ("17", "", "")))


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("N° de matricule", "number"), ("NOM USUEL", "last_name"), ("Prénom", "first_name"), ("Adresse mail", "email"),
        ("Collectivité employeur", "employer"), ("Direction / Service", "department"), ("Lieu de travail", "site"),
        ("Catégorie", "manager"), ("Identifiant", "key"),
    ],
)  # fmt: skip
def test_headers_are_guessed(header: str, field: str) -> None:
    assert guess_columns(["Divers", header]) == {field: header}


def test_what_was_chosen_last_time_comes_first() -> None:
    assert guess_columns(["Nom", "Nom usuel"], {"last_name": "Nom usuel"})["last_name"] == "Nom usuel"


@pytest.mark.parametrize(
    ("field", "value", "column"),
    [
        (0, "=1+1", "Matricule"), (1, "-2", "Nom"), (1, "", "Nom"), (1, "123", "Nom"), (2, "@a", "Prénom"),
        (3, "pas une adresse", "Courriel"), (7, "peut-être", "Encadrant"), (5, "x" * 500, "Direction"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_line_and_column(field: int, value: str, column: str) -> None:
    rows = [ROW, [value if at == field else cell for at, cell in enumerate(ROW)]]
    sheet = read_sheet(as_csv(rows))
    register = read_register(sheet, guess_columns(sheet.columns))
    assert [row.line for row in register.rows] == [2]
    assert [(issue.line, issue.column) for issue in register.issues] == [(3, column)]


def test_a_line_without_number_nor_address_is_refused() -> None:
    sheet = read_sheet(as_csv([["", "Nom", "Prénom", "", "Ville", "", "", ""]]))
    assert read_register(sheet, guess_columns(sheet.columns)).refused == ((2, "Prénom Nom"),)


def refused(data: bytes) -> str:
    with pytest.raises(Refused) as refusal:
        read_sheet(data)
    return refusal.value.message


def test_formulas_entities_and_damage_are_refused_by_a_sentence() -> None:
    formula = sheet_xml('<row r="3"><c r="A3"><f>1+1</f><v>2</v></c></row>')
    assert "formules (ligne 3)" in refused(as_workbook([], sheet=formula))
    entities = '<!DOCTYPE a [<!ENTITY x "haha">]>'
    assert "ne peut pas être lu" in refused(as_workbook([], sheet=sheet_xml("&x;", before=entities)))
    whole = as_workbook([HEADER, ROW])
    assert "ne peut pas être lu" in refused(whole[: len(whole) // 2])
    assert ".xls" in refused(b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    assert "vide" in refused(b"")


def test_too_large_a_file_costs_no_memory() -> None:
    """A file of 300 MB, an archive that swells to 300 MB, one that lies about it, a million repeated texts."""
    swollen = as_workbook([], sheet=sheet_xml(" " * 130_000_000))
    lying = bytearray(swollen)
    at = lying.rindex(b"PK\x01\x02", 0, lying.rindex(b"xl/worksheets/sheet1.xml"))
    lying[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    long_text = f'<sst xmlns="{MAIN}"><si><t>{"a" * 30_000}</t></si></sst>'
    cells = "".join(
        f'<row><c r="A{n}" t="s"><v>0</v></c><c r="XFD{n}" t="s"><v>0</v></c></row>' for n in range(1, 20_000)
    )
    repeated = as_workbook([], sheet=sheet_xml(cells), strings=long_text)
    del cells
    huge = bytes(300 * 1024 * 1024)
    tracemalloc.start()
    try:
        assert "dépasse 20 Mo" in refused(huge)
        assert "trop gros" in refused(swollen)
        refused(bytes(lying))
        assert len(read_sheet(repeated).rows) == 19_998
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_more_rows_than_any_town_has_people() -> None:
    rows = "".join(f"<row><c><v>{n}</v></c></row>" for n in range(people.ROWS_MAX + 5))
    assert "100000 lignes" in refused(as_workbook([], sheet=sheet_xml(rows)))


NASTY = REALDATA / "nasty"


@pytest.mark.realdata
@pytest.mark.skipif(not NASTY.is_dir(), reason=f"real data not found in {NASTY}")
def test_hostile_files_are_read_or_refused_never_fatal() -> None:
    """Every odd CSV and workbook that others collected."""
    files = [path for path in NASTY.rglob("*") if path.suffix in {".csv", ".xlsx"}]
    assert len(files) > 40
    outcomes = {path.name: outcome(path) for path in files}
    assert outcomes["utf8entity.dontuse.xlsx"] == "refused"
    assert outcomes["namespacepurl.xlsx"] == "read"


def outcome(path: Path) -> str:
    try:
        sheet = read_sheet(path.read_bytes())
        read_register(
            sheet, {"last_name": sheet.columns[0], "first_name": sheet.columns[-1], "number": sheet.columns[1]}
        )
    except (Refused, IndexError) as error:
        return "refused" if isinstance(error, Refused) else "read"
    return "read"
