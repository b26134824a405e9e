"""CSV files as office programs leave them."""

from __future__ import annotations

import codecs

import pytest

from tracker.imports.csvfile import CELL_MAX, CsvTable, read_csv
from tracker.imports.issues import ImportIssue, Severity

TEXT = "titre;échéance\r\nRénover l'école;2016\r\nŒuvre à côté;2017\r\n"
ROWS = [["Rénover l'école", "2016"], ["Œuvre à côté", "2017"]]


def values(table: CsvTable) -> list[list[str]]:
    return [list(row.cells.values()) for row in table.rows]


def only_issue(table: CsvTable) -> ImportIssue:
    (issue,) = table.issues
    return issue


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
        (b"", "utf-32-le"),
        (b"", "utf-32-be"),
        (b"", "cp1252"),
    ],
)
def test_the_encoding_is_found(mark: bytes, encoding: str) -> None:
    table = read_csv(mark + TEXT.encode(encoding))
    assert table.encoding == encoding
    assert table.columns == ("titre", "échéance")
    assert values(table) == ROWS
    assert table.issues == ()


def test_latin_1_is_the_last_resort() -> None:
    table = read_csv("a;é\n1;\x81\n".encode("latin-1"))
    assert (table.encoding, table.columns) == ("latin-1", ("a", "é"))


def test_a_declared_encoding_wins_and_its_first_fault_is_located() -> None:
    assert values(read_csv("a;b\n\x8e;1\n".encode("latin-1"), encoding="mac_roman")) == [["é", "1"]]
    issue = only_issue(read_csv("a;b\nx;y\né;z\n".encode("cp1252"), encoding="utf-8"))
    assert (issue.line, issue.severity) == (3, Severity.ERROR)
    assert only_issue(read_csv(b"a;b\n", encoding="klingon")).value == "klingon"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(delimiter: str, newline: str) -> None:
    rows = [["a", "b", "c"], ["1", "2", "3"], ["4", "5", "6"]]
    table = read_csv(newline.join(delimiter.join(row) for row in rows).encode())
    assert [list(table.columns), *values(table)] == rows
    assert [row.line for row in table.rows] == [2, 3]


def test_commas_inside_cells_do_not_hide_semicolons() -> None:
    table = read_csv(b"nom;montant, en euros\nun, deux;25,5\ntrois;1,0\n")
    assert table.delimiter == ";"
    assert values(table) == [["un, deux", "25,5"], ["trois", "1,0"]]


def test_the_sep_line_of_spreadsheets_is_obeyed_and_counted() -> None:
    table = read_csv(b"sep=|\r\na,x|b\r\n1|2\r\n")
    assert (table.columns, table.rows[0].line) == (("a,x", "b"), 3)


def test_newlines_in_quotes_keep_the_line_numbers_true() -> None:
    table = read_csv(b'a,b\n"un\r\ndeux ""trois""",2\n3,4\n')
    assert values(table) == [['un\r\ndeux "trois"', "2"], ["3", "4"]]
    assert [row.line for row in table.rows] == [2, 4]


def test_blank_lines_and_empty_trailing_cells_are_passed_over() -> None:
    table = read_csv(b"\na;b;\n;;\n1;2;;\n\n3;4\n")
    assert values(table) == [["1", "2"], ["3", "4"]]
    assert table.issues == ()


def test_ragged_rows_are_named_and_left_out() -> None:
    table = read_csv(b"a;b;c\n1;2\n1;2;3;4\n5;6;7\n")
    assert values(table) == [["5", "6", "7"]]
    assert [(issue.line, issue.column) for issue in table.issues] == [(2, "c"), (3, "")]
    assert "2 au lieu de 3" in table.issues[0].message


def test_duplicate_and_nameless_columns() -> None:
    table = read_csv(b"a; a ;;b\n1;2;3;4\n")
    assert len(set(table.columns)) == 4
    assert [(issue.line, issue.column, issue.severity.value) for issue in table.issues] == [
        (1, "a", "error"),
        (1, "colonne 3", "warning"),
    ]


def test_nul_bytes_are_named_and_removed() -> None:
    table = read_csv("titre;note\nécole;un\0deux\n".encode())
    issue = only_issue(table)
    assert (issue.line, issue.column, issue.severity) == (2, "note", Severity.ERROR)
    assert values(table) == [["école", "undeux"]]


def test_overlong_cells_are_named() -> None:
    issue = only_issue(read_csv(b"a;b\n1;" + b"x" * (CELL_MAX + 1) + b"\n"))
    assert (issue.line, issue.column) == (2, "b")
    assert len(issue.value) <= 100


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b'a;b\n1;2\n"3;4\n5;6\n', 3),
        (b'a;b\n1;"2"x\n3;4\n', 2),
        (b'a;b\n"' + b"x\n" * 100_000, 2),
    ],
)
def test_a_quote_at_fault_is_located(data: bytes, line: int) -> None:
    table = read_csv(data)
    assert only_issue(table).line == line
    assert only_issue(table).severity is Severity.ERROR


def test_spoilt_accents_are_noticed() -> None:
    table = read_csv("a;b\nécole;1\n".encode().decode("cp1252").encode())
    assert only_issue(table).severity is Severity.WARNING
    assert read_csv("a;b\nÂge à Ãgnole;1\n".encode()).issues == ()


def test_empty_files_say_so() -> None:
    for data in (b"", b"\n \n", codecs.BOM_UTF8):
        assert "vide" in only_issue(read_csv(data)).message


def test_a_delimiter_of_several_characters_is_refused() -> None:
    assert only_issue(read_csv(b"a;b\n", delimiter="||")).value == "||"
