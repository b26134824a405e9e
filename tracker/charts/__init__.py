"""Plain records turned into Plotly figures, as plain dicts, each with the table that says the same.

Plotly itself is never imported: the browser draws, tests validate.
"""

from tracker.charts.chain import from_people_to_results
from tracker.charts.figure import HEALTH_LOOK, STATUS_LOOK, Figure, Links, Scope, grammatical
from tracker.charts.groups import GroupSummary, by_need, status_by_group
from tracker.charts.months import health_by_month, status_by_month
from tracker.charts.plans import progress
from tracker.charts.schedule import Line, schedule
from tracker.charts.words import measured, sentence, status_count

__all__ = [
    "HEALTH_LOOK",
    "STATUS_LOOK",
    "Figure",
    "GroupSummary",
    "Line",
    "Links",
    "Scope",
    "by_need",
    "from_people_to_results",
    "grammatical",
    "health_by_month",
    "measured",
    "progress",
    "schedule",
    "sentence",
    "status_by_group",
    "status_by_month",
    "status_count",
]
