"""Counts as people say them: counts come before percentages (design 4.3)."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext, ngettext

from tracker.charts.figure import grammatical
from tracker.enums import ActionStatus
from tracker.filters import number
from tracker.progress import Summary


def status_count(status: ActionStatus, n: int) -> str:
    """71 réalisées, 1 suspendue…"""
    g, shown = grammatical(n), number(n)
    return {
        ActionStatus.TO_START: ngettext("%(n)s à lancer", "%(n)s à lancer", g, n=shown),
        ActionStatus.IN_PROGRESS: ngettext("%(n)s en cours", "%(n)s en cours", g, n=shown),
        ActionStatus.SUSPENDED: ngettext("%(n)s suspendue", "%(n)s suspendues", g, n=shown),
        ActionStatus.DONE: ngettext("%(n)s réalisée", "%(n)s réalisées", g, n=shown),
        ActionStatus.STOPPED: ngettext("%(n)s arrêtée", "%(n)s arrêtées", g, n=shown),
    }[status]


def done_of_total(summary: Summary) -> str:
    """71 actions réalisées sur 148."""
    done = summary.by_status[ActionStatus.DONE]
    return ngettext(
        "%(n)s action réalisée sur %(total)s",
        "%(n)s actions réalisées sur %(total)s",
        grammatical(done),
        n=number(done),
        total=number(summary.total),
    )


def late_words(n: int) -> str:
    return gettext("aucune en retard") if n == 0 else gettext("%(n)s en retard", n=number(n))


def silent_words(n: int) -> str:
    return gettext("aucune sans nouvelles") if n == 0 else gettext("%(n)s sans nouvelles", n=number(n))


def sentence(summary: Summary, filters: Sequence[str] = ()) -> str:
    """The sentence that opens a board: 71 actions réalisées sur 148, 9 en retard, 12 sans nouvelles.

    `filters`: the words of those chosen.
    """
    if summary.total == 0 and filters:
        return gettext("Aucune action ne répond à « %(filters)s » à cette date.", filters=", ".join(filters))
    if summary.total == 0:
        return gettext("Aucune action n'est encore lancée à cette date.")
    return gettext(
        "%(done)s, %(late)s, %(silent)s.",
        done=done_of_total(summary),
        late=late_words(summary.late),
        silent=silent_words(summary.silent),
    )


def measured(summary: Summary) -> str:
    """What a mean of progress is made of: used, left out, missing."""
    parts = [
        ngettext("%(n)s action mesurée", "%(n)s actions mesurées", grammatical(summary.used), n=number(summary.used))
    ]
    if summary.left_out:
        parts.append(
            ngettext(
                "%(n)s arrêtée, non comptée",
                "%(n)s arrêtées, non comptées",
                summary.left_out,
                n=number(summary.left_out),
            )
        )
    if summary.missing:
        parts.append(gettext("%(n)s sans mesure", n=number(summary.missing)))
    if summary.weighted:
        parts.append(gettext("moyenne selon le poids des actions"))
    return ", ".join(parts)


def points(value: float) -> str:
    """8 points, 1 point, from a difference of percentages."""
    n = abs(round(value))
    return ngettext("%(n)s point", "%(n)s points", grammatical(n), n=number(n))
