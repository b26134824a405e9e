"""A staff register for tests: real first names, invented people, with what real registers hold."""

from __future__ import annotations

import csv
import io
import os
import random
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from tracker.validation import slugify

ROOT = Path(__file__).parents[1]
REALDATA = Path(os.environ.get("TRACKER_REALDATA") or ROOT.parent / "shared" / "data")
NAMES = REALDATA / "noms_communes"
HEADER = ("Matricule", "Nom", "Prénom", "Courriel", "Employeur", "Direction", "Site", "Encadrant")
EMPLOYERS = ("Ville", "Agglo", "CIAS")


def as_csv(rows: Iterable[Sequence[str]], *, header: Sequence[str] = HEADER, encoding: str = "utf-8") -> bytes:
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return target.getvalue().encode(encoding)


def as_workbook(rows: Iterable[Sequence[str]], *, sheet: str | None = None, strings: str | None = None) -> bytes:
    """A minimal .xlsx; `sheet` and `strings` put another XML in the place of the rows and of the shared texts."""
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = "".join(f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>' for cell in row)
        lines.append(f'<row r="{number}">{cells}</row>')
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets><sheet name="a" state="hidden" r:id="r0"/>'
            '<sheet name="b" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships><Relationship Id="r0" Target="worksheets/none.xml"/>'
            '<Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        body = sheet or f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
        archive.writestr("xl/worksheets/sheet1.xml", body)
        if strings is not None:
            archive.writestr("xl/sharedStrings.xml", strings)
    return target.getvalue()


def people(count: int, *, seed: int = 7) -> list[list[str]]:
    """Lines of as many different people, no two of the same names: accents, compound names, capitals."""
    chance = random.Random(seed)
    with (NAMES / "prenoms_insee_1955_2000_top1500.csv").open(encoding="utf-8") as file:
        firsts = _distinct(row["name"] for row in csv.DictReader(file))
    with (NAMES / "epci_communes_loir_et_cher.csv").open(encoding="utf-8") as file:
        lasts = _distinct(row["nom_membre"].removeprefix("La ") for row in csv.DictReader(file, delimiter=";"))
    pairs = [(first, last) for first in firsts for last in lasts]
    rows = []
    for number, (first, last) in enumerate(chance.sample(pairs, count), start=1):
        rows.append(
            [
                str(10_000 + number), last.upper() if number % 3 == 0 else last, first,
                f"p{number}@ville.exemple.fr" if number % 4 else "", EMPLOYERS[number % 3],
                f"Direction {number % 40}", f"Site {number % 12}", "oui" if number % 9 == 0 else "non",
            ]
        )  # fmt: skip
    return rows


def _distinct(names: Iterable[str]) -> list[str]:
    """Each name once, accents and case apart."""
    return list({slugify(name): name for name in names}.values())
