"""Who the cookie names: loading the person of a visit, and the idle time of shared devices."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from flask import Response, current_app, session
from flask_login import current_user

from tracker.queries import people
from tracker.records import Actor

IDLE_SHARED = timedelta(minutes=15)
TOUCH_EVERY = timedelta(minutes=1)
SEEN = "seen"  # signed instant of the last request, in the cookie: no write for it


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def load_actor(token: str) -> Actor | None:
    """The person of a live visit, or None when it was ended, expired or left idle on a shared device."""
    now: datetime = current_app.config["CLOCK"]()
    actor = people.actor_of_session(hash_token(token), token=token, now=now)
    if actor is None:
        return None
    if actor.shared_device:
        seen = session.get(SEEN, 0)
        if now.timestamp() - seen > IDLE_SHARED.total_seconds():
            return None
    return actor


def begin(actor_token: str, *, shared: bool, now: datetime) -> None:
    """Name a new visit in a fresh cookie; what an earlier visit left in it is dropped."""
    session.clear()
    session["_user_id"] = actor_token
    session["_fresh"] = True
    session[SEEN] = int(now.timestamp())
    session.permanent = not shared


def named_session() -> str | None:
    """The token the cookie names, live or not."""
    token = session.get("_user_id")
    return token if isinstance(token, str) else None


def touch(response: Response) -> Response:
    """Renew the idle time, at most once a minute."""
    if getattr(current_user, "is_authenticated", False) and SEEN in session:
        now = int(current_app.config["CLOCK"]().timestamp())
        if now - session[SEEN] >= TOUCH_EVERY.total_seconds():
            session[SEEN] = now
    return response
