"""A small line without axes, drawn by the page itself: no script is loaded for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask_babel import gettext, ngettext

from tracker.filters import number
from tracker.progress import CurvePoint, Curves

WIDTH, HEIGHT = 320, 80


@dataclass(frozen=True, slots=True)
class Spark:
    """Points of SVG polylines in a box of WIDTH × HEIGHT, and the sentence that says the same."""

    actual: str
    planned: str
    reading: str
    width: int = WIDTH
    height: int = HEIGHT


def spark(curves: Curves, *, first: date, last: date, as_of: date) -> Spark:
    """Progress against the current plan, from the first to the last day of a project."""
    span = max((last - first).days, 1)

    def points(line: tuple[CurvePoint, ...]) -> str:
        return " ".join(
            f"{round(WIDTH * (p.on - first).days / span, 1)},{round(HEIGHT * (1 - p.value / 100), 1)}"
            for p in line
            if p.value is not None
        )

    here = next((p for p in reversed(curves.actual) if p.on <= as_of), None)
    if here is None or here.value is None:
        reading = gettext("L'avancement ne se mesure pas encore.")
    else:
        reading = ngettext(
            "Avancement moyen : %(value)s %%, sur %(count)s action mesurée.",
            "Avancement moyen : %(value)s %%, sur %(count)s actions mesurées.",
            here.counted,
            value=number(here.value),
            count=number(here.counted),
        )
    return Spark(points(curves.actual), points(curves.current), reading)
