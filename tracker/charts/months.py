"""How many actions stood in each status, or under each sky, month after month."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

from flask_babel import gettext, ngettext, pgettext

from tracker.charts.figure import (
    HEALTH_LOOK,
    STATUS_LOOK,
    Figure,
    Scope,
    Spec,
    filled,
    grammatical,
    label,
    month_start,
    spread,
)
from tracker.charts.words import done_of_total, status_count
from tracker.enums import ActionStatus, Health
from tracker.filters import day, number, short_day
from tracker.progress import MonthPoint, Summary, month_end

C = TypeVar("C", ActionStatus, Health)
YEAR = 12
GAP = 0.09  # of the height, between two words
NAME_ROOM = 116  # pixels right of the drawing, for the words


def status_by_month(points: Sequence[MonthPoint[ActionStatus]], summary: Summary, scope: Scope) -> Figure:
    """Status by month since the project began, stopping at the day of the board."""
    figure_id = "statuts-par-mois"
    links = scope.links
    spec = _stacked(
        points,
        STATUS_LOOK,
        name=lambda status: status.label,
        say=status_count,
        link=lambda status, on: links.actions(statut=status.value, au=on.isoformat()),
    )
    return Figure(
        id=figure_id,
        title=gettext("%(done)s au %(day)s", done=done_of_total(summary), day=day(scope.as_of)),
        subtitle=scope.subtitle,
        reading=_status_reading(points),
        spec=spec,
        columns=(pgettext("chiffres", "Au"), *(status.label for status in STATUS_LOOK), gettext("Total")),
        rows=tuple(
            (short_day(p.on), *(p.counts[status] for status in STATUS_LOOK), sum(p.counts.values())) for p in points
        ),
        csv_url=links.table(figure_id),
        list_url=links.actions(),
    )


def _status_reading(points: Sequence[MonthPoint[ActionStatus]]) -> str:
    now, before = points[-1], points[max(0, len(points) - 1 - YEAR)]
    gained = now.counts[ActionStatus.DONE] - before.counts[ActionStatus.DONE]
    rest = ", ".join(
        status_count(status, now.counts[status])
        for status in STATUS_LOOK
        if status is not ActionStatus.DONE and now.counts[status]
    )
    since = day(before.on)
    if gained > 0:
        moved = ngettext(
            "Depuis le %(since)s, %(n)s action de plus a été réalisée",
            "Depuis le %(since)s, %(n)s actions de plus ont été réalisées",
            gained,
            n=number(gained),
            since=since,
        )
    elif gained < 0:
        moved = ngettext(
            "Depuis le %(since)s, %(n)s action réalisée a été rouverte",
            "Depuis le %(since)s, %(n)s actions réalisées ont été rouvertes",
            -gained,
            n=number(-gained),
            since=since,
        )
    else:
        moved = gettext("Depuis le %(since)s, aucune action de plus n'a été réalisée", since=since)
    return gettext("%(moved)s ; %(rest)s.", moved=moved, rest=rest) if rest else f"{moved}."


def health_by_month(points: Sequence[MonthPoint[Health]], scope: Scope) -> Figure:
    """The declared météo of the actions still open, month after month."""
    figure_id = "meteo-par-mois"
    links = scope.links
    spec = _stacked(
        points,
        HEALTH_LOOK,
        name=lambda health: health.label,
        say=lambda health, n: f"{number(n)} {health.label}",
        link=lambda health, on: links.actions(meteo=health.value, au=on.isoformat()),
    )
    now = points[-1].counts
    told = sum(now[health] for health in HEALTH_LOOK)
    troubled = now[Health.CLOUDY] + now[Health.STORM]
    return Figure(
        id=figure_id,
        title=_health_title(told, troubled),
        subtitle=scope.subtitle,
        reading=gettext(
            "Au %(day)s, selon les pilotes : %(skies)s. Les actions terminées ou arrêtées n'ont pas de météo.",
            day=day(scope.as_of),
            skies=", ".join(f"{number(now[h])} {h.label}" for h in HEALTH_LOOK if now[h]) or gettext("rien à dire"),
        ),
        spec=spec,
        columns=(
            pgettext("chiffres", "Au"),
            *(health.label for health in HEALTH_LOOK),
            Health.NOT_APPLICABLE.label,
            gettext("Total"),
        ),
        rows=tuple(
            (
                short_day(p.on),
                *(p.counts[health] for health in HEALTH_LOOK),
                p.counts[Health.NOT_APPLICABLE],
                sum(p.counts.values()),
            )
            for p in points
        ),
        csv_url=links.table(figure_id),
        list_url=links.actions(),
    )


def _health_title(told: int, troubled: int) -> str:
    if not told:
        return gettext("Plus aucune action n'attend de météo")
    if not troubled:
        return gettext("Aucune action n'est dite nuageuse ou orageuse")
    return ngettext(
        "%(n)s action nuageuse ou orageuse sur %(told)s encore ouvertes",
        "%(n)s actions nuageuses ou orageuses sur %(told)s encore ouvertes",
        grammatical(troubled),
        n=number(troubled),
        told=number(told),
    )


def _stacked(
    points: Sequence[MonthPoint[C]],
    looks: dict[C, tuple[str, str]],
    *,
    name: Callable[[C], str],
    say: Callable[[C, int], str],
    link: Callable[[C, date], str],
) -> Spec:
    """Bars of one month, stacked in the order of `looks`, the last one named at its right."""
    months = [month_start(p.on) for p in points]
    shown = [member for member in looks if any(p.counts[member] for p in points)]
    data = [
        {
            "type": "bar",
            "name": name(member),
            "x": months,
            "xperiod": "M1",
            "y": [p.counts[member] for p in points],
            "customdata": [link(member, p.on) for p in points],
            "marker": filled(looks[member]),
            "hovertemplate": gettext(
                "%(what)s : %(words)s", what="%{x|%B %Y}", words=f"%{{y}} {name(member)}<extra></extra>"
            ),
        }
        for member in shown
    ]
    top = max((sum(p.counts[member] for member in shown) for p in points), default=0) or 1
    return {
        "data": data,
        "layout": {
            "barmode": "stack",
            "bargap": 0.08,
            "showlegend": False,
            "margin": {"l": 8, "r": NAME_ROOM, "t": 16, "b": 8},
            "xaxis": {"type": "date", "range": [months[0], month_end(points[-1].on).isoformat()], "nticks": 5},
            "yaxis": {"range": [0, top], "title": {"text": gettext("actions")}, "rangemode": "tozero"},
            "annotations": _names(points[-1], shown, top=top, say=say),
        },
    }


def _names(last: MonthPoint[C], shown: Sequence[C], *, top: int, say: Callable[[C, int], str]) -> list[Spec]:
    """Each layer named beside the last bar, pushed up where two words would touch."""
    places: list[float] = []
    base = 0
    for member in shown:
        count = last.counts[member]
        places.append(base + count / 2)
        base += count
    gap = top * GAP
    heights = spread(places, gap=gap, lowest=gap / 2, highest=top - gap / 3)
    return [
        label(say(member, last.counts[member]), x=1, y=round(height, 2), xref="paper")
        for member, height in zip(shown, heights, strict=True)
    ]
