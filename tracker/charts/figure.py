"""What a figure is: a finding, a sentence, a Plotly specification and the table behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from textwrap import wrap
from typing import Any, Protocol

from flask_babel import get_locale, gettext, ngettext

from tracker.enums import ActionStatus, Health
from tracker.filters import day, number

Spec = dict[str, Any]
Cell = str | int | float | None

# Colours of paper (css/app.css, --paper-*): the browser replaces each by the one of the same name on screen.
INK, INK_SOFT, LINE, GROUND = "#1c2226", "#535c63", "#dbd8d0", "#ffffff"
PAST, NOW, PLAN, LATE = "#8b9299", "#0f4c5c", "#a63d0a", "#b3261e"

# One colour and one pattern per status and per health, in this order everywhere.
STATUS_LOOK: dict[ActionStatus, tuple[str, str]] = {
    ActionStatus.DONE: ("#1f7a4d", ""),
    ActionStatus.IN_PROGRESS: ("#2a6fbb", "/"),
    ActionStatus.SUSPENDED: ("#b26a00", "x"),
    ActionStatus.TO_START: ("#a3abb3", "."),
    ActionStatus.STOPPED: ("#596169", "-"),
}
HEALTH_LOOK: dict[Health, tuple[str, str]] = {
    Health.SUN: ("#e5ac00", ""),
    Health.VEILED: ("#bfa75a", "/"),
    Health.CLOUDY: ("#7c8996", "x"),
    Health.STORM: ("#5a3d8a", "+"),
    Health.UNKNOWN: ("#c9cdd1", "."),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure ready to be shown, printed as a table or exported."""

    id: str
    title: str
    subtitle: str
    reading: str
    spec: Spec
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    csv_url: str = ""
    list_url: str = ""
    tall: bool = False

    def __post_init__(self) -> None:
        for name in ("title", "subtitle", "reading"):
            object.__setattr__(self, name, unbroken(getattr(self, name)))


class Links(Protocol):
    """Addresses of the lists behind a figure, with the same filters; the view knows them."""

    def actions(self, **chosen: str) -> str: ...

    def action(self, number: int) -> str: ...

    def proposals(self, **chosen: str) -> str: ...

    def table(self, figure_id: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What a figure is drawn of: the day, the actions counted, the words of the filters."""

    as_of: date
    counted: int
    links: Links
    filters: tuple[str, ...] = ()

    @property
    def subtitle(self) -> str:
        parts = (
            gettext("Chiffres arrêtés au %(day)s", day=day(self.as_of)),
            ngettext(
                "%(n)s action comptée", "%(n)s actions comptées", grammatical(self.counted), n=number(self.counted)
            ),
            *self.filters,
        )
        return " · ".join(parts)


def unbroken(text: str) -> str:
    """French signs that stand alone are kept on the line of the word they belong to."""
    for sign in (":", ";", "%", "»", "?", "!"):
        text = text.replace(f" {sign}", f"\N{NO-BREAK SPACE}{sign}")
    return text.replace("« ", "«\N{NO-BREAK SPACE}")


def grammatical(n: int) -> int:
    """The number that chooses between singular and plural: in French, none is singular."""
    return 1 if n == 0 and str(get_locale()).startswith("fr") else n


def filled(look: tuple[str, str]) -> Spec:
    """The marker of a bar: a colour, and a pattern that tells it apart in black and white."""
    colour, shape = look
    marker: Spec = {"color": colour, "line": {"color": GROUND, "width": 0.5}}
    if shape:
        marker["pattern"] = {
            "shape": shape,
            "fillmode": "overlay",
            "fgcolor": GROUND,
            "fgopacity": 0.6,
            "size": 7,
            "solidity": 0.25,
        }
    return marker


def month_start(on: date) -> str:
    return on.replace(day=1).isoformat()


def percent_points(value: float | None) -> float | None:
    """A percentage as figures keep it: one decimal, so that lines stay smooth."""
    return None if value is None else round(value, 1)


def wrapped(text: str, width: int = 26, *, most: int | None = None) -> str:
    """A long name on several lines, `most` at most; signs of markup are shown, not read."""
    lines = wrap(text, width, max_lines=most, placeholder=" …")
    return "<br>".join(escape(line, quote=False) for line in lines) or "–"


def spread(places: Sequence[float], *, gap: float, lowest: float, highest: float) -> list[float]:
    """Heights of words near the wanted ones (given in rising order), never closer than `gap`, none beyond the ends."""
    placed: list[float] = []
    for wanted in places:
        floor = placed[-1] + gap if placed else lowest
        placed.append(max(wanted, floor))
    ceiling = highest
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - gap
    return placed


def label(text: str, *, x: Any, y: Any, xref: str = "x", anchor: str = "left", shift: int = 6, **more: Any) -> Spec:
    """A word written beside what it names."""
    return {
        "text": text,
        "x": x,
        "y": y,
        "xref": xref,
        "yref": "y",
        "xanchor": anchor,
        "yanchor": "middle",
        "xshift": shift,
        "align": "left",
        "showarrow": False,
        **more,
    }


def line_of_day(on: date, text: str, *, anchor: str = "center") -> tuple[Spec, Spec]:
    """Today's line: a shape and its word above the drawing, which ends there ("right") near the edge."""
    shape = {
        "type": "line",
        "x0": on.isoformat(),
        "x1": on.isoformat(),
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": INK, "width": 1.5, "dash": "dot"},
    }
    word = {
        "text": text,
        "x": on.isoformat(),
        "xanchor": anchor,
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"color": INK},
    }
    return shape, word
