"""What a board shows, read back from its page and its files, and held against the recount in plain SQL.

The words and the order of columns are written again here on purpose: a board that renames or swaps them is noticed.
"""

from __future__ import annotations

import csv
import io
import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from bs4 import Tag

from tests.client import Answer, CheckedClient
from tests.recount import Once, planned, recount
from tracker.extensions import db

BOARD = "/tableau-de-bord"
STATUSES = {
    "réalisée": "actions_done", "en cours": "actions_in_progress", "suspendue": "actions_suspended",
    "à lancer": "actions_to_start", "arrêtée": "actions_stopped",
}  # fmt: skip
SKIES = {
    "soleil": "health_sun", "voilé": "health_veiled", "nuageux": "health_cloudy", "orage": "health_storm",
    "non renseignée": "health_unknown", "sans objet": "health_not_applicable",
}  # fmt: skip
GROUP_COLUMNS = {
    "réalisée": "done", "en cours": "in_progress", "suspendue": "suspended", "à lancer": "to_start",
    "arrêtée": "stopped", "En retard": "late", "Départ en retard": "late_start", "Sans nouvelles": "silent",
    "Orage": "storm", "À vérifier": "to_check",
}  # fmt: skip
SENTENCE = re.compile(r"^(\d+) actions? réalisées? sur (\d+), (aucune|\d+) en retard, (aucune|\d+) sans nouvelles\.$")


def spoken(text: str) -> str:
    """A text without the spaces of thousands, and with plain spaces."""
    return re.sub(r"\s+", " ", text.replace("\N{NARROW NO-BREAK SPACE}", "")).strip()


def quantity(text: str) -> int:
    return 0 if text == "aucune" else int(spoken(text))


def month_ends(first: date, last: date) -> list[date]:
    """The last day of each month; the last one is `last` itself."""
    found, year, month = [], first.year, first.month
    while (end := date(year, month, monthrange(year, month)[1])) < last:
        found.append(end)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return [*found, last]


def french(day: date) -> str:
    return day.strftime("%d/%m/%Y")


@dataclass(frozen=True)
class Board:
    """The board of one project, opened by one person, and what plain SQL says of the same."""

    client: CheckedClient
    programme_id: int
    args: dict[str, str]
    ids: dict[str, int] = field(default_factory=dict)
    counted: dict[tuple[Any, ...], Any] = field(default_factory=dict)  # figures by what they are of, rows by question

    def filtered(self, args: dict[str, str], **ids: int) -> Board:
        return Board(self.client, self.programme_id, {**self.args, **args}, ids, self.counted)

    def open(self, on: date, known_on: date | None = None) -> Answer:
        args = {**self.args, "au": on.isoformat()}
        if known_on is not None:
            args["connu"] = known_on.isoformat()
        return self.client.get(f"{BOARD}?{urlencode(args)}")

    def expected(self, on: date, known_on: date | None = None) -> dict[str, Any]:
        key = (on, known_on, *sorted(self.ids.items()))
        if key not in self.counted:
            self.counted[key] = recount(self._asking(), self.programme_id, on, evening(known_on), **self.ids)
        return self.counted[key]

    def planned(self, day: date, on: date, known_on: date | None = None) -> dict[str, tuple[float | None, int]]:
        return planned(self._asking(), self.programme_id, day, on, evening(known_on), **self.ids)

    def _asking(self) -> Once:
        return Once(db.session.connection(), self.counted)


def evening(day: date | None) -> datetime | None:
    """The last instant of a day in Paris."""
    if day is None:
        return None
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo("Europe/Paris"))
    return midnight.astimezone(UTC) - timedelta(microseconds=1)


def table(page: Answer, figure_id: str) -> tuple[list[str], list[list[str]]]:
    """The columns and rows of the table behind a figure."""
    figure = page.select(f"#figure-{figure_id}")[0]
    rows = [[spoken(cell.get_text()) for cell in row.find_all(["th", "td"])] for row in figure.select("table tr")]
    return rows[0], rows[1:]


# what counts one or none is said in the singular
SINGULAR = {
    "personne ayant proposé": "personnes ayant proposé", "proposition retenue": "propositions retenues",
    "action réalisée": "actions réalisées", "personne consultée": "personnes consultées",
}  # fmt: skip


def keys(page: Answer) -> dict[str, tuple[str, str]]:
    """Key numbers by their label in the plural: their value and the note below."""

    def words(key: Tag, name: str) -> str:
        found = key.select_one(name)
        return spoken(found.get_text()) if found else ""

    found = {}
    for key in page.select(".key"):
        label, value = words(key, ".key-label"), words(key, ".key-value")
        if label in {*SINGULAR, *SINGULAR.values()}:
            assert (label in SINGULAR) == (int(value) < 2), f"{value} {label}"
        found[SINGULAR.get(label, label)] = value, words(key, ".key-note")
    return found


def check_sentence_and_keys(page: Answer, found: dict[str, Any]) -> None:
    said = SENTENCE.match(spoken(page.select(".lead")[0].get_text()))
    assert said, page.select(".lead")[0].get_text()
    assert [quantity(word) for word in said.groups()] == [
        found["actions_done"], found["actions"], found["late"], found["silent"]
    ]  # fmt: skip
    shown = keys(page)
    assert shown["personnes ayant proposé"][0] == str(found["contributors"])
    of = "sur %s publiée" if found["published"] < 2 else "sur %s publiées"
    assert shown["propositions retenues"] == (str(found["retained"]), of % found["published"])
    assert shown["actions réalisées"] == (str(found["actions_done"]), f"sur {found['actions']}")
    assert shown["en retard"][0] == str(found["late"])
    assert shown["sans nouvelles"][0] == str(found["silent"])
    progress, note = shown["avancement moyen"]
    assert progress == ("pas encore mesurable" if found["progress"] is None else f"{round(found['progress'])} %")
    told = [int(word) for word in re.findall(r"\d+", note)]
    assert told == [found["used"], *(found[name] for name in ("left_out", "missing") if found[name])]
    by_status, attention = ([int(spoken(one.get_text()).split()[0]) for one in items.select("li")] for items in
                            page.select(".board-statuses")[:2])  # fmt: skip
    assert by_status == [*(found[name] for name in STATUSES.values()), found["actions"]]
    assert attention[1:] == [found["health_storm"], found["silent"], found["to_check"]]


def check_months(board: Board, page: Answer, days: list[date], known_on: date | None, step: int) -> None:
    for figure_id, names in (("statuts-par-mois", STATUSES), ("meteo-par-mois", SKIES)):
        columns, rows = table(page, figure_id)
        assert columns == ["Au", *names, "Total"]
        assert [row[0] for row in rows] == [french(day) for day in days]
        for day, row in [*list(zip(days, rows, strict=True))[::step], (days[-1], rows[-1])]:
            then = board.expected(day, known_on)
            assert [int(cell) for cell in row[1:]] == [*(then[name] for name in names.values()), then["actions"]], day


def check_curves(board: Board, page: Answer, on: date, ends: list[date], known_on: date | None, step: int) -> None:
    days = sorted({*ends, on})
    columns, rows = table(page, "avancement")
    assert columns[:3] == ["Au", "Réel, en pourcentage", "Actions comptées"]
    assert [row[0] for row in rows] == [french(day) for day in days]
    pairs = list(zip(days, rows, strict=True))
    for day, row in [*pairs[::step], pairs[days.index(on)], pairs[-1]]:
        if day <= on:
            then = board.expected(day, known_on)
            assert row[1:3] == [tenth(then["progress"]), str(then["used"])], day
        else:
            assert row[1:3] == ["–", "–"], day
        plans = board.planned(day, on, known_on)
        for cells, (value, counted) in zip((row[3:5], row[5:7]), plans.values(), strict=True):
            assert int(cells[1]) == counted, day
            assert (cells[0] == "–") == (value is None), day
            assert value is None or abs(float(cells[0].replace(",", ".")) - value) < 0.0501, day


def tenth(value: float | None) -> str:
    """One decimal, as tables write it."""
    return "–" if value is None else f"{round(value, 1):.1f}".replace(".", ",").removesuffix(",0")


def check_groups(page: Answer, found: dict[str, Any], names: dict[int | None, str]) -> None:
    columns, rows = table(page, "statuts-par-groupe")
    assert columns == ["Groupe", *list(GROUP_COLUMNS)[:5], "Total", *list(GROUP_COLUMNS)[5:]]
    shown = {row[0]: [int(cell) for cell in row[1:]] for row in rows}
    assert shown == {
        names[key]: [
            *(counts[name] for name in list(GROUP_COLUMNS.values())[:5]),
            sum(counts[name] for name in list(GROUP_COLUMNS.values())[:5]),
            *(counts[name] for name in list(GROUP_COLUMNS.values())[5:]),
        ]
        for key, counts in found["groups"].items()
    }
    assert len(rows) == len(found["groups"])
    late = [counts[5 + 1] for counts in shown.values()]
    assert late == sorted(late, reverse=True), "the group that most needs attention comes first"


def check_chain(page: Answer, found: dict[str, Any]) -> None:
    _, rows = table(page, "de-l-idee-au-resultat")
    assert [int(row[1]) for row in rows] == [
        found["contributors"], found["published"], found["retained"], found["actions"], found["actions_done"]
    ]  # fmt: skip


def check_files(board: Board, page: Answer) -> None:
    """Each file holds its table, cell by cell."""
    for figure in page.select("figure"):
        figure_id = str(figure["id"]).removeprefix("figure-")
        columns, rows = table(page, figure_id)
        link = figure.select_one("a[download]")
        assert link is not None
        answer = board.client.get(str(link["href"]))
        text = answer.response.get_data().decode("utf-8-sig")
        written = list(csv.reader(io.StringIO(text), delimiter=";"))
        assert written[0] == columns
        assert [[spoken(cell.removeprefix("'")) or "–" for cell in row] for row in written[1:]] == rows, figure_id


def check_board(
    board: Board,
    *,
    on: date,
    first: date,
    last: date,
    groups: dict[int | None, str],
    known_on: date | None = None,
    step: int = 6,
    files: bool = True,
) -> None:
    """Every number of a board as of a day equals the recount; months are looked at every `step`."""
    page = board.open(on, known_on)
    found = board.expected(on, known_on)
    check_sentence_and_keys(page, found)
    check_months(board, page, month_ends(first, on), known_on, step)
    check_curves(board, page, on, month_ends(first, last), known_on, step)
    if "group" not in board.ids:
        check_groups(page, found, groups)
    check_chain(page, found)
    if files:
        check_files(board, page)
