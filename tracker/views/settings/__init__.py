"""Settings: what is missing or failing, and a page for each thing a town sets."""

from tracker.views.settings import archives, consultations, employers, index, lists, projects, single_sign_on, words
from tracker.views.settings.blueprint import bp

__all__ = ["archives", "bp", "consultations", "employers", "index", "lists", "projects", "single_sign_on", "words"]
