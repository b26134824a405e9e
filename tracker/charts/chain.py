"""From the people who proposed to what is done."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, ngettext

from tracker.charts.figure import NOW, STATUS_LOOK, Figure, Scope, filled, grammatical, wrapped
from tracker.charts.words import done_of_total
from tracker.enums import ActionStatus
from tracker.filters import number
from tracker.progress import Summary


def _bar(name: str, count: int, href: str, look: tuple[str, str]) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "y": [name],
        "x": [count],
        "text": [number(count)],
        "textposition": "outside",
        "cliponaxis": False,
        "customdata": [href],
        "marker": filled(look),
        "hovertemplate": gettext("%(what)s : %(words)s", what="%{y}", words="%{text}<extra></extra>"),
    }


def from_people_to_results(
    *, contributors: int, published: int, retained: int, summary: Summary, scope: Scope
) -> Figure:
    """Bars, not a funnel: people, proposals and actions are not parts of one another."""
    figure_id = "de-l-idee-au-resultat"
    links = scope.links
    done = summary.by_status[ActionStatus.DONE]
    steps = (
        (gettext("personnes ayant proposé"), contributors, links.proposals()),
        (gettext("propositions publiées"), published, links.proposals()),
        (gettext("propositions retenues"), retained, links.proposals(etat="retained")),
        (gettext("actions"), summary.total, links.actions()),
        (gettext("actions réalisées"), done, links.actions(statut=ActionStatus.DONE.value)),
    )
    names = [wrapped(name, 18) for name, _, _ in steps]
    looks = [(NOW, "")] * 4 + [STATUS_LOOK[ActionStatus.DONE]]
    people = ngettext(
        "%(n)s personne a proposé", "%(n)s personnes ont proposé", grammatical(contributors), n=number(contributors)
    )
    kept = ngettext(
        "%(n)s proposition est retenue",
        "%(n)s propositions sont retenues",
        grammatical(retained),
        n=number(retained),
    )
    return Figure(
        id=figure_id,
        title=gettext("%(people)s, %(done)s", people=people, done=done_of_total(summary)),
        subtitle=scope.subtitle,
        reading=gettext(
            "%(kept)s sur %(published)s publiées ; une action peut réaliser plusieurs propositions, "
            "et une proposition demander plusieurs actions.",
            kept=kept,
            published=number(published),
        ),
        spec={
            "data": [
                _bar(name, count, href, look) for name, (_, count, href), look in zip(names, steps, looks, strict=True)
            ],
            "layout": {
                "showlegend": False,
                "margin": {"l": 8, "r": 56, "t": 8, "b": 8},
                "xaxis": {"showgrid": False, "showticklabels": False, "ticks": "", "rangemode": "tozero"},
                "yaxis": {"type": "category", "autorange": "reversed", "categoryarray": names},
            },
        },
        columns=(gettext("Étape"), gettext("Nombre")),
        rows=tuple((name, count) for name, count, _ in steps),
        csv_url=links.table(figure_id),
        list_url=links.proposals(),
    )
