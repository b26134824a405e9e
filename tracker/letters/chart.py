"""The letter's figure as SVG of our own: presentation attributes only, patterns besides colours, a title that reads it.

The classes let a page's stylesheet change the colours in the dark; on paper and elsewhere the attributes hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup, escape

from tracker.enums import ActionStatus

S = ActionStatus
# from the ground up: what is finished first, so that it can be seen to grow
STACK = (S.DONE, S.IN_PROGRESS, S.SUSPENDED, S.TO_START, S.STOPPED)
COLOURS = {
    S.DONE: "#1f7a4d",
    S.IN_PROGRESS: "#2a6fbb",
    S.SUSPENDED: "#b26a00",
    S.TO_START: "#a3abb3",
    S.STOPPED: "#596169",
}
INK, INK_SOFT, LINE = "#1c2226", "#535c63", "#dbd8d0"
# drawn in white over the colour; none for what is done: full
PATTERNS = {
    S.IN_PROGRESS: "M0 6L6 0",
    S.SUSPENDED: "M0 3h6",
    S.TO_START: "M3 2.5v1",
    S.STOPPED: "M0 0L6 6M0 6L6 0",
}
WIDTH, HEIGHT = 520, 260
LETTER_WIDTH = 9  # of the dates below, at the 17 px that paper gives them
LEFT, RIGHT, TOP, BOTTOM = 34, 128, 12, 26


Label = Callable[[ActionStatus, int], str]


@dataclass(frozen=True, slots=True)
class Point:
    on: date
    label: str
    counts: dict[ActionStatus, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def _step(top: int) -> int:
    """A round distance between the lines of the scale: three to five of them."""
    for step in (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000):
        if top / step <= 5:
            return step
    return 10000


def _spread(wanted: Sequence[float], gap: float, lowest: float) -> list[float]:
    """Heights of labels, each as near as may be to what it names, `gap` apart; given from the ground up."""
    placed: list[float] = []
    for y in wanted:
        placed.append(min(y, placed[-1] - gap) if placed else min(y, lowest))
    return placed


def status_chart(
    points: Sequence[Point], *, reading: str, label: Label, key: str, size: int = 13, family: str = "inherit"
) -> Markup:
    """Stacked columns of statuses, the last one labelled directly; empty when there is nothing to draw."""
    top = max((point.total for point in points), default=0)
    if not top:
        return Markup()
    step = _step(top)
    ceiling = -(-top // step) * step
    inner_width, inner_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    slot = inner_width / len(points)
    bar = min(slot * 0.78, 46)

    def y(value: float) -> float:
        return TOP + inner_height * (1 - value / ceiling)

    parts = [_patterns(key)]
    for value in range(0, ceiling + 1, step):
        parts.append(
            f'<path class="chart-line" d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}" stroke="{LINE}" stroke-width="1"/>'
            f'<text class="chart-soft" x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end" '
            f'fill="{INK_SOFT}">{value}</text>'
        )
    for index, point in enumerate(points):
        parts.append(_column(point, LEFT + slot * index + (slot - bar) / 2, bar, y, key))
    parts.extend(_dates(points, slot))
    parts.extend(_direct_labels(points[-1], LEFT + slot * len(points) + 8, y, label))
    return Markup(  # noqa: S704 - built here from numbers, and from texts escaped below
        f'<svg class="letter-chart" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-labelledby="{key}-titre" font-size="{size}" font-family="{family}">'
        f'<title id="{key}-titre">{escape(reading)}</title>{"".join(parts)}</svg>'
    )


def _patterns(key: str) -> str:
    shapes = []
    for status in STACK:
        css = status.css
        drawn = PATTERNS.get(status)
        stroke = f'<path d="{drawn}" stroke="#ffffff" stroke-width="1.1" stroke-opacity="0.7"/>' if drawn else ""
        shapes.append(
            f'<pattern id="{key}-{css}" width="6" height="6" patternUnits="userSpaceOnUse">'
            f'<rect class="chart-{css}" width="6" height="6" fill="{COLOURS[status]}"/>{stroke}</pattern>'
        )
    return f"<defs>{''.join(shapes)}</defs>"


def _column(point: Point, x: float, width: float, y, key: str) -> str:  # type: ignore[no-untyped-def]
    parts, ground = [], 0
    for status in STACK:
        count = point.counts.get(status, 0)
        if count:
            top = y(ground + count)
            parts.append(
                f'<rect x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{y(ground) - top:.1f}" '
                f'fill="url(#{key}-{status.css})"/>'
            )
            ground += count
    return "".join(parts)


def _dates(points: Sequence[Point], slot: float) -> list[str]:
    """As many dates as there is room for, the last one always."""
    room = LETTER_WIDTH * (max(len(point.label) for point in points) + 1)
    every = max(1, -int(-room // slot))
    last = len(points) - 1
    kept = [index for index in range(len(points)) if (last - index) % every == 0]
    return [
        f'<text class="chart-soft" x="{LEFT + slot * (index + 0.5):.1f}" y="{HEIGHT - 8}" text-anchor="middle" '
        f'fill="{INK_SOFT}">{escape(points[index].label)}</text>'
        for index in kept
    ]


def _direct_labels(last: Point, x: float, y, label: Label) -> list[str]:  # type: ignore[no-untyped-def]
    shown = [status for status in STACK if last.counts.get(status, 0)]
    wanted, ground = [], 0
    for status in shown:
        count = last.counts[status]
        wanted.append(y(ground + count / 2) + 4)
        ground += count
    heights = _spread(wanted, 17, HEIGHT - BOTTOM)
    return [
        f'<rect class="chart-{status.css}" x="{x:.1f}" y="{height - 9:.1f}" width="9" height="9" '
        f'fill="{COLOURS[status]}"/><text class="chart-ink" x="{x + 14:.1f}" y="{height:.1f}" fill="{INK}">'
        f"{last.counts[status]} {escape(label(status, last.counts[status]))}</text>"
        for status, height in zip(shown, heights, strict=True)
    ]
