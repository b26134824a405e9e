"""Pages that say when they have not changed (design 4.12): a weak ETag, and 304 before the page's own queries.

    @bp.get("/actions")
    @requires(Permission.ACTION_VIEW)
    @conditional
    def index() -> str: …

Not for pages with a support button or count, running participation or what a step allows now: a vote bumps no
revision, and a step begins by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar

from flask import Response, current_app, make_response, request, session
from flask_login import current_user

from tracker.config import ROOT
from tracker.extensions import language
from tracker.security import sessions
from tracker.views.frame import page_frame, today

View = TypeVar("View", bound=Callable[..., Any])
BUILT_OF = ("*.py", "*.html", "*.css", "*.js")
SHOWN_SETTINGS = ("MODE", "SITE_NAME", "CONTACT", "BASE_URL", "OPENID")
FLASHES = "_flashes"  # where Flask keeps messages until a page shows them


@cache
def build_id() -> str:
    """A hash of the code and templates: a new version of the tool makes every kept page stale."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in BUILT_OF for path in Path(ROOT / "tracker").rglob(pattern)):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def page_tag() -> str:
    """What this page depends on, for this reader, this visit, this day.

    Every project counts, since the menu of any page may name them all.
    """
    frame = page_frame()
    parts = (
        build_id(),
        *(str(current_app.config[name]) for name in SHOWN_SETTINGS),
        frame.revision,
        *((project.id, project.revision) for project in frame.projects),
        getattr(current_user, "id", 0),
        getattr(current_user, "session_id", 0),
        session.get(sessions.CSRF, ""),  # a visitor's forms too must carry the token of this browser
        request.script_root,
        request.full_path,
        language(),
        today().isoformat(),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def conditional(view: View) -> View:
    """Answer 304 to a reader whose browser has the same page; a waiting message forbids it."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Any:
        if request.method not in {"GET", "HEAD"} or FLASHES in session:
            return view(*args, **kwargs)
        tag = page_tag()
        if request.if_none_match.contains_weak(tag):
            unchanged = Response(status=304)
            unchanged.set_etag(tag, weak=True)
            return unchanged
        response = make_response(view(*args, **kwargs))
        # a view may have left a message for the next page
        if response.status_code == 200 and FLASHES not in session:
            response.set_etag(tag, weak=True)
        return response

    return answer  # type: ignore[return-value]
