"""Actions: the list, one page each, points, rounds, and what the committee and leads change."""

from tracker.views.actions import editing, listing, points, rounds, undoing
from tracker.views.actions.blueprint import bp

__all__ = ["bp", "editing", "listing", "points", "rounds", "undoing"]
