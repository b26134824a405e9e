"""Figures for supervision, in Prometheus's format: for this machine alone, or for who has the token."""

from __future__ import annotations

import hmac
import tomllib
from functools import cache
from ipaddress import ip_address

from flask import Blueprint, Response, abort, current_app, request
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from tracker import metrics
from tracker.config import ROOT
from tracker.queries import supervision
from tracker.security import current_time, public
from tracker.views.conditional import build_id

bp = Blueprint("metrics", __name__)

# what a proxy adds: who asks is then somebody else than who is connected
FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


@cache
def version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def _is_local() -> bool:
    config = current_app.config
    if config["BASE_URL"].startswith("https:") and not config["TRUSTED_PROXIES"]:
        return False  # something stands in front, which we were not told of: it may add nothing
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _may_read() -> bool:
    token: str = current_app.config["METRICS_TOKEN"]
    if not token:
        return _is_local()
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())


@bp.get("/metrics")
@public
def show() -> Response:
    """Nothing is here for anybody else."""
    if not _may_read():
        abort(404)
    build = metrics.Reading("tracker_build_info", "What runs.", 1, (("version", version()), ("build", build_id())))
    text = metrics.exposition((build, *supervision.readings(current_time())))
    answer = Response(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)
    answer.headers["Cache-Control"] = "no-store"
    return answer
