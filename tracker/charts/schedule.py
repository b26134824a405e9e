"""When things were planned, and when they are planned now, with the line of the day.

Few actions: one line each. Many: one line per group, and a sign for each month in which some of its actions end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import NamedTuple

from flask_babel import gettext, ngettext

from tracker.charts.figure import (
    LATE,
    NOW,
    PAST,
    STATUS_LOOK,
    Cell,
    Figure,
    Scope,
    Spec,
    filled,
    grammatical,
    line_of_day,
    wrapped,
)
from tracker.enums import ActionStatus
from tracker.filters import day, number, short_day
from tracker.progress import add_months

ONE_LINE_EACH = 30
GROUPS_SHOWN = 24  # more lines than this cannot be told apart; the table has the others
DAY_MS = 86_400_000
SOON = 3  # months
Plan = tuple[date | None, date | None]

DONE, LATE_END, COMING, STOPPED = "done", "late", "coming", "stopped"


class Line(NamedTuple):
    """One action of the schedule; `group` is a slug, "sans" for none."""

    number: int
    title: str
    group: str
    group_name: str
    status: ActionStatus
    late: bool
    first: Plan
    current: Plan

    @property
    def fate(self) -> str:
        if self.status is ActionStatus.DONE:
            return DONE
        if self.status is ActionStatus.STOPPED:
            return STOPPED
        return LATE_END if self.late else COMING


def schedule(lines: Sequence[Line], scope: Scope) -> Figure:
    """`lines` in the order of the groups, then of the numbers."""
    figure_id = "calendrier"
    each = len(lines) <= ONE_LINE_EACH
    dated = [line for line in lines if all(line.current)]
    shape, word = line_of_day(scope.as_of, day(scope.as_of))
    data, keys, names = _actions(dated, scope) if each else _groups(dated, scope)
    columns, rows = _table_of_actions(lines) if each else _table_of_groups(lines)
    return Figure(
        id=figure_id,
        title=_title(lines, scope.as_of),
        subtitle=scope.subtitle,
        reading=_reading(lines, each=each),
        spec={
            "data": data,
            "layout": {
                "barmode": "overlay",
                "showlegend": not each,
                "margin": {"l": 8, "r": 16, "t": 32, "b": 8},
                "xaxis": {"type": "date", "showgrid": True},
                "yaxis": {"type": "category", "autorange": "reversed", "tickvals": keys, "ticktext": names},
                "legend": {"y": -0.12, "yanchor": "top"},
                "shapes": [shape],
                "annotations": [word],
            },
        },
        columns=columns,
        rows=rows,
        csv_url=scope.links.table(figure_id),
        list_url=scope.links.actions(),
        tall=True,
    )


def _title(lines: Sequence[Line], as_of: date) -> str:
    late = sum([line.late for line in lines])
    until = add_months(as_of, SOON)
    ends = [line.current[1] for line in lines if line.fate == COMING]
    soon = sum([end is not None and end <= until for end in ends])
    passed = ngettext(
        "%(n)s action a dépassé sa date de fin",
        "%(n)s actions ont dépassé leur date de fin",
        grammatical(late),
        n=number(late),
    )
    ending = ngettext(
        "%(n)s autre doit finir dans les trois mois",
        "%(n)s autres doivent finir dans les trois mois",
        grammatical(soon),
        n=number(soon),
    )
    return gettext("%(passed)s, %(ending)s", passed=passed, ending=ending)


def _reading(lines: Sequence[Line], *, each: bool) -> str:
    moved = sum(1 for line in lines if all(line.first) and all(line.current) and line.first[1] != line.current[1])
    undated = sum(1 for line in lines if not all(line.current))
    parts = [
        ngettext(
            "%(n)s action a changé de date de fin depuis le plan de départ.",
            "%(n)s actions ont changé de date de fin depuis le plan de départ.",
            grammatical(moved),
            n=number(moved),
        )
    ]
    if undated:
        parts.append(
            ngettext(
                "%(n)s action sans dates prévues n'est pas dessinée.",
                "%(n)s actions sans dates prévues ne sont pas dessinées.",
                undated,
                n=number(undated),
            )
        )
    if not each:
        parts.append(gettext("Choisissez un groupe pour voir une ligne par action."))
    return " ".join(parts)


def _bar(keys: list[str], plans: Iterable[Plan], *, width: float, name: str, look: tuple[str, str]) -> Spec:
    """Bars from a start to an end; one of no length keeps a day, so that it is seen."""
    spans = [(start, end) for start, end in plans if start is not None and end is not None]
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": keys,
        "base": [start.isoformat() for start, _ in spans],
        "x": [max((end - start).days, 1) * DAY_MS for start, end in spans],
        "width": width,
        "marker": filled(look),
        "hovertext": [f"{short_day(start)} – {short_day(end)}" for start, end in spans],
        "hovertemplate": gettext("%(what)s : %(words)s", what=name, words="%{hovertext}<extra></extra>"),
    }


def _actions(dated: Sequence[Line], scope: Scope) -> tuple[list[Spec], list[str], list[str]]:
    known = [line for line in dated if all(line.first)]
    first = _bar(
        [str(line.number) for line in known],
        [line.first for line in known],
        width=0.8,
        name=gettext("plan de départ"),
        look=(PAST, "/"),
    )
    data = [{**first, "opacity": 0.55, "customdata": [scope.links.action(line.number) for line in known]}]
    for status, look in STATUS_LOOK.items():
        own = [line for line in dated if line.status is status]
        if own:
            bars = _bar(
                [str(line.number) for line in own],
                [line.current for line in own],
                width=0.45,
                name=gettext("plan actuel, %(status)s", status=status.label),
                look=look,
            )
            data.append({**bars, "customdata": [scope.links.action(line.number) for line in own]})
    keys = [str(line.number) for line in dated]
    return data, keys, [wrapped(_short(f"{line.number}. {line.title}"), 30) for line in dated]


def _short(text: str, length: int = 56) -> str:
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + " …"


def _groups(dated: Sequence[Line], scope: Scope) -> tuple[list[Spec], list[str], list[str]]:
    groups = _shown(_grouped(dated))
    keys = [slug for slug, _, _ in groups]
    known = [(slug, [line for line in own if all(line.first)]) for slug, _, own in groups]
    known = [(slug, own) for slug, own in known if own]
    first = _bar(
        [slug for slug, _ in known],
        [_span(line.first for line in own) for _, own in known],
        width=0.7,
        name=gettext("plan de départ"),
        look=(PAST, "/"),
    )
    current = _bar(
        keys,
        [_span(line.current for line in own) for _, _, own in groups],
        width=0.16,
        name=gettext("plan actuel"),
        look=(NOW, ""),
    )
    data = [
        {**first, "opacity": 0.45, "customdata": [scope.links.actions(groupe=slug) for slug, _ in known]},
        {**current, "customdata": [scope.links.actions(groupe=slug) for slug in keys]},
        *_ends(groups, scope),
    ]
    return data, keys, [wrapped(name, most=2) for _, name, _ in groups]


def _grouped(lines: Sequence[Line]) -> list[tuple[str, str, list[Line]]]:
    return [
        (slug, own[0].group_name, own)
        for slug, found in groupby(lines, key=lambda line: line.group)
        if (own := list(found))
    ]


def _shown(groups: list[tuple[str, str, list[Line]]]) -> list[tuple[str, str, list[Line]]]:
    """The groups that have most passed ends, when there are too many to draw, in their order."""
    if len(groups) <= GROUPS_SHOWN:
        return groups
    late = sorted(groups, key=lambda group: -sum(line.late for line in group[2]))[:GROUPS_SHOWN]
    kept = {slug for slug, _, _ in late}
    return [group for group in groups if group[0] in kept]


def _span(plans: Iterable[Plan]) -> tuple[date, date]:
    days = [(start, end) for start, end in plans if start is not None and end is not None]
    return min(start for start, _ in days), max(end for _, end in days)


def _ends(groups: Sequence[tuple[str, str, list[Line]]], scope: Scope) -> list[Spec]:
    """One sign per group, month and fate: done, late, still to come."""
    looks = {
        DONE: (gettext("fin prévue, réalisée"), STATUS_LOOK[ActionStatus.DONE][0], "circle"),
        LATE_END: (gettext("fin dépassée"), LATE, "x"),
        COMING: (gettext("fin à venir"), STATUS_LOOK[ActionStatus.IN_PROGRESS][0], "diamond-open"),
    }
    traces: list[Spec] = []
    for fate, (name, colour, symbol) in looks.items():
        counts = Counter(
            (slug, line.current[1].replace(day=1))
            for slug, _, own in groups
            for line in own
            if line.fate == fate and line.current[1] is not None
        )
        if counts:
            where = {DONE: {"statut": ActionStatus.DONE.value}, LATE_END: {"retard": "1"}}.get(fate, {})
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": name,
                    "x": [(on + timedelta(days=14)).isoformat() for _, on in counts],
                    "y": [slug for slug, _ in counts],
                    "text": [number(n) for n in counts.values()],
                    "customdata": [scope.links.actions(groupe=slug, **where) for slug, _ in counts],
                    "marker": {
                        "symbol": symbol,
                        "color": colour,
                        "size": [min(22, 8 + 2 * n) for n in counts.values()],
                        "line": {"color": colour, "width": 1.5},
                    },
                    "hovertemplate": f"%{{text}} {name}, %{{x|%B %Y}}<extra></extra>",
                }
            )
    return traces


def _table_of_actions(lines: Sequence[Line]) -> tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...]]:
    columns = (
        gettext("Action"),
        gettext("Groupe"),
        gettext("Statut"),
        gettext("Début prévu au départ"),
        gettext("Fin prévue au départ"),
        gettext("Début prévu"),
        gettext("Fin prévue"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            gettext("n° %(number)s · %(title)s", number=line.number, title=line.title),
            line.group_name,
            line.status.label,
            *(short_day(one) or None for one in (*line.first, *line.current)),
        )
        for line in lines
    ]
    return columns, tuple(rows)


def _table_of_groups(lines: Sequence[Line]) -> tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...]]:
    columns = (
        gettext("Groupe"),
        gettext("Premier début prévu"),
        gettext("Dernière fin prévue"),
        gettext("Fins prévues, réalisées"),
        gettext("Fins dépassées"),
        gettext("Fins à venir"),
        gettext("Arrêtées"),
        gettext("Sans dates prévues"),
    )
    rows: list[tuple[Cell, ...]] = []
    for _, name, own in _grouped(lines):
        dated = [line for line in own if all(line.current)]
        first, last = _span(line.current for line in dated) if dated else (None, None)
        fates = Counter(line.fate for line in dated)
        rows.append(
            (
                name,
                short_day(first) or None,
                short_day(last) or None,
                *(fates[fate] for fate in (DONE, LATE_END, COMING, STOPPED)),
                len(own) - len(dated),
            )
        )
    return columns, tuple(rows)
