"""Who the cookie names: loading the person of a visit, and the idle time of shared devices."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from flask import Response, current_app, g, session
from itsdangerous import BadData, URLSafeTimedSerializer

from tracker.queries import people
from tracker.records import Actor

IDLE_SHARED = timedelta(minutes=15)
TOUCH_EVERY = timedelta(minutes=1)
TOKEN = "_user_id"  # noqa: S105 - where Flask-Login looks for what names a visit
SEEN = "seen"  # signed instant of the last request, in the cookie: no write for it
ENROL = "enrol"  # a role asks for a second code, which this person has yet to set up
CSRF = "csrf_token"
LANGUAGE = "language"  # chosen in this browser, by somebody whose account says none


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def load_actor(token: object) -> Actor | None:
    """The person of a live visit, or None when it was ended, expired or left idle on a shared device."""
    if not isinstance(token, str):
        return None
    now: datetime = current_app.config["CLOCK"]()
    actor = people.actor_of_session(hash_token(token), token=token, now=now)
    if actor is None:
        return None
    if actor.shared_device:
        seen = session.get(SEEN, 0)
        if now.timestamp() - seen > IDLE_SHARED.total_seconds():
            return None
    return actor


def loaded_actor() -> Actor | None:
    """The person, if this request has already asked who it is; asks nothing of the database."""
    user = g.get("_login_user")
    return user if isinstance(user, Actor) else None


def account_tag(user_id: int) -> str:
    """What a form says, in its token, of the account it was shown to; it tells nothing to a reader."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, f"form:{user_id}".encode(), hashlib.sha256).hexdigest()[:16]


def begin(token: str, *, user_id: int, shared: bool, now: datetime) -> None:
    """Name a new visit in a fresh cookie; what an earlier visit left in it, its form token included, is dropped."""
    end()
    session[TOKEN] = token
    session[SEEN] = int(now.timestamp())
    session[CSRF] = f"{account_tag(user_id)}.{secrets.token_hex(20)}"
    session.permanent = not shared


def end() -> None:
    """Leave nothing in the cookie but the language; for what remains of this request, who it names is asked again."""
    language = session.get(LANGUAGE)
    session.clear()
    if language is not None:
        session[LANGUAGE] = language
    for cached in (CSRF, "_login_user"):
        g.pop(cached, None)


def named_session() -> str | None:
    """The token the cookie names, live or not."""
    token = session.get(TOKEN)
    return token if isinstance(token, str) else None


def named_account() -> int | None:
    """The person whose visit the cookie names, live or not."""
    named = named_session()
    return people.session_owner(hash_token(named)) if named else None


def shown_to(form_token: str) -> str | None:
    """The tag of the account to which a form was shown, by its token; None when it does not tell."""
    signer = URLSafeTimedSerializer(str(current_app.config["SECRET_KEY"]), salt="wtf-csrf-token")
    try:
        tag, dot, _ = str(signer.loads(form_token)).partition(".")
    except BadData:
        return None
    return tag if dot else None


def touch(response: Response) -> Response:
    """Renew the idle time of a shared device, at most once a minute, whatever the answer."""
    actor = loaded_actor()
    if actor is not None and actor.shared_device and SEEN in session:
        now = int(current_app.config["CLOCK"]().timestamp())
        if now - session[SEEN] >= TOUCH_EVERY.total_seconds():
            session[SEEN] = now
    return response
