"""State, progress, lateness, freshness and curves of actions, as of a day, known at an instant.

Pure: plain records in, plain records out. Screens, figures, exports and letters call this package
and compute no percentage themselves.
"""

from tracker.progress.curves import (
    CurvePoint,
    Curves,
    MonthPoint,
    health_by_month,
    progress_curves,
    status_by_month,
)
from tracker.progress.days import add_months, month_end, month_ends
from tracker.progress.log import MilestoneState, live_rows
from tracker.progress.measures import elapsed_percent, indicator_progress, weighted_mean
from tracker.progress.states import ActionState
from tracker.progress.steps import ProgressRule
from tracker.progress.summaries import (
    Summary,
    by_entity,
    by_group,
    by_theme,
    summarise,
    summarise_by,
    summarise_by_each,
)
from tracker.progress.timeline import Timeline, state_at, with_children

__all__ = [
    "ActionState",
    "CurvePoint",
    "Curves",
    "MilestoneState",
    "MonthPoint",
    "ProgressRule",
    "Summary",
    "Timeline",
    "add_months",
    "by_entity",
    "by_group",
    "by_theme",
    "elapsed_percent",
    "health_by_month",
    "indicator_progress",
    "live_rows",
    "month_end",
    "month_ends",
    "progress_curves",
    "state_at",
    "status_by_month",
    "summarise",
    "summarise_by",
    "summarise_by_each",
    "weighted_mean",
    "with_children",
]
