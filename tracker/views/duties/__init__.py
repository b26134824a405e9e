"""Rights and duties: one's own data, requests, erasure, withdrawn texts, the two legal pages."""

from tracker.views.duties import data_requests, notices, own_data, redactions
from tracker.views.duties.blueprint import bp

__all__ = ["bp", "data_requests", "notices", "own_data", "redactions"]
