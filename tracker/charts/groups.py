"""Status by working group, the one that most needs attention first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext, ngettext

from tracker.charts.figure import LATE, STATUS_LOOK, Figure, Scope, Spec, filled, label, wrapped
from tracker.charts.words import late_words
from tracker.enums import ActionStatus, Health
from tracker.filters import number
from tracker.progress import Summary

SHOWN = 24  # more bars than this cannot be told apart; the table has them all
TALL = 9
NAME_ROOM = 92  # pixels right of the longest bar, for what is late


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """A group, or "sans groupe" under the slug that filters know."""

    slug: str
    name: str
    summary: Summary

    @property
    def late(self) -> int:
        return self.summary.late

    @property
    def storm(self) -> int:
        return self.summary.by_health[Health.STORM]

    @property
    def need(self) -> tuple[int, ...]:
        """What sorts groups: most late first, then without news, blocked, to check, late to start."""
        s = self.summary
        return s.late, s.silent, self.storm, s.to_check, s.late_start


def by_need(groups: Sequence[GroupSummary]) -> list[GroupSummary]:
    return sorted(groups, key=lambda group: (*(-n for n in group.need), group.name))


def status_by_group(groups: Sequence[GroupSummary], scope: Scope) -> Figure:
    figure_id = "statuts-par-groupe"
    rows = by_need(groups)
    return Figure(
        id=figure_id,
        title=_title(rows),
        subtitle=scope.subtitle,
        reading=_reading(rows),
        spec=_spec(rows[:SHOWN], scope),
        columns=(
            gettext("Groupe"),
            *(status.label for status in STATUS_LOOK),
            gettext("Total"),
            gettext("En retard"),
            gettext("Départ en retard"),
            gettext("Sans nouvelles"),
            gettext("Orage"),
            gettext("À vérifier"),
        ),
        rows=tuple(
            (
                g.name,
                *(g.summary.by_status[status] for status in STATUS_LOOK),
                g.summary.total,
                g.summary.late,
                g.summary.late_start,
                g.summary.silent,
                g.storm,
                g.summary.to_check,
            )
            for g in rows
        ),
        csv_url=scope.links.table(figure_id),
        list_url=scope.links.actions(),
        tall=len(rows) > TALL,
    )


def _title(rows: Sequence[GroupSummary]) -> str:
    first = rows[0]
    if not any(first.need):
        return gettext("Aucun groupe n'a d'action en retard ni sans nouvelles")
    if first.late:
        return ngettext(
            "« %(group)s » a le plus besoin d'attention : %(n)s action en retard",
            "« %(group)s » a le plus besoin d'attention : %(n)s actions en retard",
            first.late,
            group=first.name,
            n=number(first.late),
        )
    return gettext("« %(group)s » a le plus besoin d'attention", group=first.name)


def _reading(rows: Sequence[GroupSummary]) -> str:
    late = sum(1 for g in rows if g.late)
    finished = sum(1 for g in rows if g.summary.by_status[ActionStatus.DONE] == g.summary.total)
    text = gettext(
        "Groupes ayant au moins une action en retard : %(late)s sur %(total)s.",
        late=number(late),
        total=number(len(rows)),
    )
    if finished:
        text += " " + ngettext(
            "%(n)s groupe a tout réalisé.", "%(n)s groupes ont tout réalisé.", finished, n=number(finished)
        )
    if len(rows) > SHOWN:
        text += " " + gettext("Le dessin montre les %(n)s premiers ; le tableau les montre tous.", n=number(SHOWN))
    return text


def _spec(rows: Sequence[GroupSummary], scope: Scope) -> Spec:
    # the slug keeps apart two groups of the same name
    keys = [g.slug for g in rows]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": status.label,
            "y": keys,
            "x": [g.summary.by_status[status] for g in rows],
            "text": [str(g.summary.by_status[status] or "") for g in rows],
            "textposition": "inside",
            "textangle": 0,
            "insidetextanchor": "middle",
            "customdata": [scope.links.actions(groupe=g.slug, statut=status.value) for g in rows],
            "marker": filled(look),
            "hovertemplate": f"%{{x}} {status.label}<extra></extra>",
        }
        for status, look in STATUS_LOOK.items()
        if any(g.summary.by_status[status] for g in rows)
    ]
    top = max((g.summary.total for g in rows), default=1)
    return {
        "data": data,
        "layout": {
            "barmode": "stack",
            "bargap": 0.25,
            "margin": {"l": 8, "r": NAME_ROOM, "t": 8, "b": 8},
            "xaxis": {"range": [0, top], "showgrid": False, "showticklabels": False, "ticks": ""},
            "yaxis": {
                "type": "category",
                "autorange": "reversed",
                "tickvals": keys,
                "ticktext": [wrapped(g.name, most=2) for g in rows],
            },
            "annotations": [
                label(late_words(g.late), x=g.summary.total, y=g.slug, font={"color": LATE}) for g in rows if g.late
            ],
        },
    }
