"""The first visible sheet of an XLSX workbook as rows of text, read as a stream.

Nothing is allocated from what the file declares: a cell said to stand in the last column of the last row, a text
repeated a million times or an archive that swells when opened cost no more memory than what is kept.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from xml.parsers import expat

from flask_babel import gettext as _

from tracker.errors import Refused

SWOLLEN_MAX = 120 * 1024 * 1024  # of all the parts of the workbook, unpacked
ROWS_MAX = 100_000
COLUMNS_MAX = 200
TEXT_MAX = 400  # of a cell that is kept: no name, address or service is longer
STRINGS_MAX = 1_000_000
_CHUNK = 256 * 1024
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_WHOLE = re.compile(r"(-?[0-9]+)\.0+")


def is_workbook(data: bytes) -> bool:
    return data.startswith(b"PK\x03\x04")


def rows_of_workbook(data: bytes) -> list[tuple[int, list[str]]]:
    """Number and cells of each row that is not blank; raises Refused with a sentence when it cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_size(archive)
            sheet = _first_sheet(archive)
            strings = _shared_strings(archive)
            return _sheet_rows(archive, sheet, strings)
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, KeyError, NotImplementedError) as error:
        raise _unreadable() from error
    except (ValueError, RuntimeError, OSError) as error:  # an encrypted or damaged part
        raise _unreadable() from error


def _unreadable() -> Refused:
    return Refused(
        _("Ce classeur ne peut pas être lu. Enregistrez-le en CSV (ou de nouveau en .xlsx), puis recommencez."),
        field="file",
    )


def _too_large() -> Refused:
    return Refused(
        _("Une fois ouvert, ce classeur est trop gros. Enregistrez la seule feuille du registre en CSV."), field="file"
    )


def _check_size(archive: zipfile.ZipFile) -> None:
    if sum(part.file_size for part in archive.infolist()) > SWOLLEN_MAX:
        raise _too_large()


def _parse(archive: zipfile.ZipFile, name: str, prepare: Callable[[expat.XMLParserType], None]) -> None:
    """Feed a part to a parser; what it really unpacks to is counted, whatever the archive says of itself."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    prepare(parser)

    def refuse(*_args: object) -> None:
        raise _unreadable()  # a workbook declares no entities

    parser.StartDoctypeDeclHandler = refuse
    total = 0
    with archive.open(name) as part:
        while chunk := part.read(_CHUNK):
            total += len(chunk)
            if total > SWOLLEN_MAX:
                raise _too_large()
            parser.Parse(chunk, False)
    parser.Parse(b"", True)


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _elements(archive: zipfile.ZipFile, name: str, wanted: str) -> Iterator[dict[str, str]]:
    """The attributes of each such element, without their namespaces."""
    found: list[dict[str, str]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if _local(tag) == wanted:
            found.append({_local(key): value for key, value in attributes.items()})

    _parse(archive, name, lambda parser: setattr(parser, "StartElementHandler", start))
    return iter(found)


def _first_sheet(archive: zipfile.ZipFile) -> str:
    names = {name.replace("\\", "/").lstrip("/"): name for name in archive.namelist()}
    targets = {
        one["Id"]: one["Target"] for one in _elements(archive, names["xl/_rels/workbook.xml.rels"], "Relationship")
    }
    for sheet in _elements(archive, names["xl/workbook.xml"], "sheet"):
        if sheet.get("state", "visible") == "visible":
            target = targets[sheet["id"]]
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
            return names[path]
    raise _unreadable()


def _shared_strings(archive: zipfile.ZipFile) -> list[str]:
    name = next((n for n in archive.namelist() if n.replace("\\", "/").lower() == "xl/sharedstrings.xml"), None)
    strings: list[str] = []
    if name is None:
        return strings
    parts: list[str] = []
    state = {"text": False, "phonetic": False}

    def start(tag: str, _attributes: dict[str, str]) -> None:
        local = _local(tag)
        if local == "si":
            parts.clear()
        state["phonetic"] = state["phonetic"] or local == "rPh"
        state["text"] = local == "t" and not state["phonetic"]

    def end(tag: str) -> None:
        local = _local(tag)
        state["text"] = False
        if local == "rPh":
            state["phonetic"] = False
        elif local == "si":
            if len(strings) >= STRINGS_MAX:
                raise _too_large()
            strings.append("".join(parts)[: TEXT_MAX + 1])

    def characters(text: str) -> None:
        if state["text"]:
            parts.append(text)

    def prepare(parser: expat.XMLParserType) -> None:
        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler = characters

    _parse(archive, name, prepare)
    return strings


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


class _Sheet:
    """The handlers of a sheet's XML; blank cells at the end of a row are not kept."""

    def __init__(self, strings: list[str]) -> None:
        self.strings = strings
        self.rows: list[tuple[int, list[str]]] = []
        self._line = 0
        self._at = -1
        self._kind = ""
        self._cells: list[str] = []
        self._text: list[str] = []
        self._reading = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        local = _local(tag)
        if local == "row":
            said = attributes.get("r", "")
            self._line = int(said) if said.isascii() and said.isdigit() and len(said) < 8 else self._line + 1
            self._cells, self._at = [], -1
        elif local == "c":
            place = _REFERENCE.fullmatch(attributes.get("r", ""))
            self._at = _column(place.group(1)) if place else self._at + 1
            self._kind = attributes.get("t", "n")
            self._text = []
        elif local == "f":
            raise Refused(
                _(
                    "Ce classeur contient des formules (ligne %(line)s). Copiez la feuille, collez-la « valeurs "
                    "seulement » dans un nouveau classeur, puis recommencez.",
                    line=self._line,
                ),
                field="file",
            )
        self._reading = local in {"v", "t"}

    def characters(self, text: str) -> None:
        if self._reading:
            self._text.append(text)

    def end(self, tag: str) -> None:
        local = _local(tag)
        self._reading = False
        if local == "c":
            self._end_cell()
        elif local == "row" and any(self._cells):
            if len(self.rows) > ROWS_MAX:
                raise Refused(_("Ce classeur a plus de %(n)s lignes.", n=ROWS_MAX), field="file")
            self.rows.append((self._line, self._cells))

    def _end_cell(self) -> None:
        value = "".join(self._text)
        if not value or self._at >= COLUMNS_MAX:
            return
        if self._kind == "s":
            at = int(value) if value.isascii() and value.isdigit() and len(value) < 9 else len(self.strings)
            value = self.strings[at] if at < len(self.strings) else ""
        elif self._kind == "n":
            value = _number(value)
        elif self._kind == "e":
            value = ""  # "#N/A"
        self._cells.extend([""] * (self._at + 1 - len(self._cells)))
        self._cells[self._at] = value[: TEXT_MAX + 1]


def _number(said: str) -> str:
    """A register number is often kept as a number: 12345, 12345.0 and 1.2345E4 are the same."""
    if "E" in said or "e" in said:
        try:
            number = float(said)
        except ValueError:
            return said
        return str(int(number)) if abs(number) < 1e15 and number.is_integer() else said
    whole = _WHOLE.fullmatch(said)
    return whole.group(1) if whole else said


def _sheet_rows(archive: zipfile.ZipFile, name: str, strings: list[str]) -> list[tuple[int, list[str]]]:
    sheet = _Sheet(strings)

    def prepare(parser: expat.XMLParserType) -> None:
        parser.StartElementHandler, parser.EndElementHandler = sheet.start, sheet.end
        parser.CharacterDataHandler = sheet.characters

    _parse(archive, name, prepare)
    return sheet.rows
