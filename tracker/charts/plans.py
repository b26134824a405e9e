"""Planned against actual: the first plan, the current plan, and what is done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask_babel import gettext, ngettext, pgettext

from tracker.charts.figure import (
    GROUND,
    INK_SOFT,
    NOW,
    PAST,
    PLAN,
    Figure,
    Scope,
    Spec,
    label,
    line_of_day,
    percent_points,
    spread,
)
from tracker.charts.words import measured, points
from tracker.filters import day, number, percent, short_day
from tracker.progress import CurvePoint, Curves, Summary

TICKS = [0, 25, 50, 75, 100]
GAP = 11  # percents between two words
TURN = 0.62  # right of this share of the drawing, words stand left of the day's line


def progress(curves: Curves, summary: Summary, scope: Scope) -> Figure:
    """The actual line stops at the day of the board; plans run to the end."""
    figure_id = "avancement"
    links = scope.links
    on = curves.actual[-1].on
    here = {
        "actual": curves.actual[-1].value,
        "baseline": _at(curves.baseline, on),
        "current": _at(curves.current, on),
    }
    actual = {p.on: p for p in curves.actual}
    rows = tuple(
        (
            short_day(first.on),
            percent_points(actual[first.on].value) if first.on in actual else None,
            actual[first.on].counted if first.on in actual else None,
            percent_points(first.value),
            first.counted,
            percent_points(now.value),
            now.counted,
        )
        for first, now in zip(curves.baseline, curves.current, strict=True)
    )
    return Figure(
        id=figure_id,
        title=_title(here["actual"], here["baseline"]),
        subtitle=scope.subtitle,
        reading=_reading(here, curves, summary, on),
        spec=_spec(curves, here, scope),
        columns=(
            pgettext("chiffres", "Au"),
            gettext("Réel, en pourcentage"),
            gettext("Actions comptées"),
            gettext("Plan de départ, en pourcentage"),
            gettext("Actions du plan de départ"),
            gettext("Plan actuel, en pourcentage"),
            gettext("Actions du plan actuel"),
        ),
        rows=rows,
        csv_url=links.table(figure_id),
        list_url=links.actions(),
    )


def _at(line: Sequence[CurvePoint], on: date) -> float | None:
    return next((p.value for p in line if p.on == on), None)


def _title(actual: float | None, planned: float | None) -> str:
    if actual is None:
        return gettext("L'avancement n'est pas encore mesurable")
    if planned is None:
        return gettext("L'avancement est de %(actual)s, sans plan de départ pour comparer", actual=percent(actual))
    gap = round(actual) - round(planned)
    if gap == 0:
        return gettext("L'avancement, %(actual)s, suit le plan de départ", actual=percent(actual))
    if gap < 0:
        return gettext(
            "L'avancement, %(actual)s, est à %(gap)s derrière le plan de départ",
            actual=percent(actual),
            gap=points(gap),
        )
    return gettext(
        "L'avancement, %(actual)s, a %(gap)s d'avance sur le plan de départ", actual=percent(actual), gap=points(gap)
    )


def _reading(here: dict[str, float | None], curves: Curves, summary: Summary, on: date) -> str:
    text = gettext(
        "Au %(day)s : réel %(actual)s, plan de départ %(baseline)s, plan actuel %(current)s (%(measured)s).",
        day=day(on),
        actual=percent(here["actual"]),
        baseline=percent(here["baseline"]),
        current=percent(here["current"]),
        measured=measured(summary),
    )
    without = max(
        (p.left_out for line in (curves.baseline, curves.current) for p in line if p.on == on),
        default=0,
    )
    if without:
        text += " " + ngettext(
            "Faute de dates prévues, %(n)s action n'entre pas dans les plans.",
            "Faute de dates prévues, %(n)s actions n'entrent pas dans les plans.",
            without,
            n=number(without),
        )
    return text


def _spec(curves: Curves, here: dict[str, float | None], scope: Scope) -> Spec:
    first, last = curves.baseline[0].on, curves.baseline[-1].on
    on = curves.actual[-1].on
    late = _is_late_in_plan(on, first, last)
    shape, word = line_of_day(on, day(scope.as_of), anchor="right" if late else "center")
    data = [
        _line(gettext("plan de départ"), curves.baseline, PAST, "dash", 2),
        _line(gettext("plan actuel"), curves.current, PLAN, "dot", 2),
        {
            **_line(gettext("réel"), curves.actual, NOW, "solid", 4),
            "customdata": [scope.links.actions(au=p.on.isoformat()) for p in curves.actual],
        },
    ]
    return {
        "data": data,
        "layout": {
            "showlegend": False,
            "margin": {"l": 8, "r": 16, "t": 32, "b": 8},
            "xaxis": {"type": "date", "range": [first.isoformat(), last.isoformat()]},
            "yaxis": {"range": [0, 104], "tickvals": TICKS, "ticktext": [percent(tick) for tick in TICKS]},
            "shapes": [shape],
            "annotations": [word, *_names(here, on, late=late)],
        },
    }


def _line(name: str, line: Sequence[CurvePoint], colour: str, dash: str, width: int) -> Spec:
    shown = gettext("%(number)s %%", number="%{y:.0f}")
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [p.on.isoformat() for p in line],
        "y": [percent_points(p.value) for p in line],
        "line": {"color": colour, "dash": dash, "width": width},
        "hovertemplate": gettext("%(what)s : %(words)s", what=name, words=f"{shown}, %{{x|%d %B %Y}}<extra></extra>"),
    }


def _is_late_in_plan(on: date, first: date, last: date) -> bool:
    """Whether words beside the line of the day must stand on its left, where there is room."""
    return (on - first).days > TURN * max((last - first).days, 1)


def _names(here: dict[str, float | None], on: date, *, late: bool) -> list[Spec]:
    """The three lines named where they cross the day, so that no legend is needed."""
    told = {
        "baseline": (gettext("- - plan de départ %(value)s", value=percent(here["baseline"])), INK_SOFT),
        "current": (gettext("··· plan actuel %(value)s", value=percent(here["current"])), PLAN),
        "actual": (gettext("━ réel %(value)s", value=percent(here["actual"])), NOW),
    }
    shown = sorted((value, key) for key, value in here.items() if value is not None)
    heights = spread([value for value, _ in shown], gap=GAP, lowest=4, highest=100)
    side = {"anchor": "right", "shift": -8} if late else {"anchor": "left", "shift": 8}
    return [
        label(
            told[key][0],
            x=on.isoformat(),
            y=round(height, 1),
            font={"color": told[key][1]},
            bgcolor=GROUND,
            opacity=0.92,
            **side,  # type: ignore[arg-type]
        )
        for (_, key), height in zip(shown, heights, strict=True)
    ]
