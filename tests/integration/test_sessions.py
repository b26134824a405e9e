"""Visits are rows; the cookie only names them (design 4.12)."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import func, select, update

from tests import factories
from tests.client import CheckedClient
from tests.conftest import NOON, Clock
from tests.integration.test_auth import HASH, PASSWORD, attempt
from tracker import jobs
from tracker.extensions import db, end_transaction
from tracker.models import LoginFailure, User, UserSession
from tracker.services import maintenance


@pytest.fixture
def agent(writing: Any) -> User:
    with writing():
        factories.programme()
        return factories.user(login="agente", password_hash=HASH)


def visits() -> list[UserSession]:
    end_transaction(commit=False)
    return list(db.session.scalars(select(UserSession).order_by(UserSession.id)))


def cookie_of(client: CheckedClient) -> dict[str, Any]:
    with client.http.session_transaction() as cookie:
        return dict(cookie)


def test_the_cookie_holds_a_token_whose_hash_alone_is_kept(client: CheckedClient, agent: User) -> None:
    attempt(client)
    token = cookie_of(client)["_user_id"]
    assert len(token) >= 40
    row = visits()[0]
    assert row.token_hash == hashlib.sha256(token.encode()).hexdigest()
    raw = db.session.connection().exec_driver_sql("SELECT * FROM user_session").fetchall()
    assert token not in str(raw)


def test_the_token_is_new_at_each_login_whatever_the_cookie_held(client: CheckedClient, agent: User) -> None:
    with client.http.session_transaction() as cookie:
        cookie["_user_id"] = "chosen by somebody else"
        cookie["left"] = "over"
    attempt(client)
    first = cookie_of(client)
    assert first["_user_id"] != "chosen by somebody else"
    assert "left" not in first
    attempt(client)
    assert cookie_of(client)["_user_id"] != first["_user_id"]


def test_logging_in_again_ends_the_visit_the_cookie_named(client: CheckedClient, agent: User) -> None:
    attempt(client)
    attempt(client)
    first, second = visits()
    assert first.ended_at is not None
    assert second.ended_at is None


def test_a_token_of_nobody_opens_nothing(client: CheckedClient, agent: User) -> None:
    attempt(client)
    kept = cookie_of(client)
    for forged in (visits()[0].token_hash, "", "x", "1", 1, None, ["x"]):
        with client.http.session_transaction() as cookie:
            cookie.update(kept)
            cookie["_user_id"] = forged
        client.get("/", expected=302)


def test_a_cookie_signed_with_another_key_opens_nothing(client: CheckedClient, agent: User) -> None:
    attempt(client)
    forged = URLSafeTimedSerializer("another key", salt="cookie-session").dumps(cookie_of(client))
    client.http.set_cookie("tracker", str(forged))
    client.get("/", expected=302)
    client.http.set_cookie("tracker", "é;garbage..%00")
    client.get("/", expected=302)


@pytest.mark.parametrize(("shared", "life"), [(True, timedelta(hours=12)), (False, timedelta(days=30))])
def test_a_visit_lasts_so_long_and_no_longer(
    client: CheckedClient, agent: User, clock: Clock, shared: bool, life: timedelta
) -> None:
    attempt(client, **({"shared": "1"} if shared else {}))
    row = visits()[0]
    assert (row.shared, row.created_at, row.expires_at) == (shared, NOON, NOON + life)
    clock.set(NOON + life - timedelta(seconds=1))
    with client.http.session_transaction() as cookie:
        cookie["seen"] = int(clock.now.timestamp())
    client.get("/")
    clock.advance(seconds=2)
    client.get("/", expected=302)


def test_a_shared_device_forgets_after_fifteen_idle_minutes(client: CheckedClient, agent: User, clock: Clock) -> None:
    attempt(client, shared="1")
    for _ in range(4):
        clock.advance(minutes=14)
        client.get("/")
    clock.advance(minutes=15, seconds=1)
    client.get("/", expected=302)


def test_a_private_device_may_stay_idle(client: CheckedClient, agent: User, clock: Clock) -> None:
    attempt(client)
    clock.advance(days=29)
    client.get("/")


def test_idle_time_is_renewed_at_most_once_a_minute_and_never_in_the_database(
    client: CheckedClient, agent: User, clock: Clock, count_sql: Any
) -> None:
    attempt(client, shared="1")
    clock.advance(seconds=59)
    assert "Set-Cookie" not in client.get("/aide").response.headers
    clock.advance(seconds=1)
    with count_sql() as statements:
        assert "Set-Cookie" in client.get("/aide").response.headers
    assert all(statement.startswith("SELECT") for statement in statements)
    assert "Set-Cookie" not in client.get("/aide").response.headers


def test_idle_time_is_renewed_on_an_unchanged_page_too(client: CheckedClient, agent: User, clock: Clock) -> None:
    attempt(client, shared="1")
    tag = client.get("/tableau-de-bord").response.headers["ETag"]
    clock.advance(minutes=2)
    answer = client.get("/tableau-de-bord", expected=304, headers={"If-None-Match": tag})
    assert "Set-Cookie" in answer.response.headers


def test_idle_time_cannot_be_made_younger_without_the_key(client: CheckedClient, agent: User, clock: Clock) -> None:
    attempt(client, shared="1")
    with client.http.session_transaction() as cookie:
        del cookie["seen"]
    client.get("/", expected=302)


def test_on_a_shared_device_nothing_stays_in_the_browser(client: CheckedClient, agent: User) -> None:
    answer = attempt(client, shared="1")
    header = answer.response.headers["Set-Cookie"]
    assert "Expires" not in header
    assert "Max-Age" not in header
    page = client.get("/")
    assert page.response.headers["Cache-Control"] == "no-store"
    assert page.select("body")[0]["data-private-device"] == "no"


def test_on_a_private_device_the_cookie_lasts_thirty_days(client: CheckedClient, agent: User) -> None:
    assert "Expires" in attempt(client).response.headers["Set-Cookie"]
    page = client.get("/")
    assert page.response.headers["Cache-Control"] == "private, no-cache"
    assert page.select("body")[0]["data-private-device"] == "yes"


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(trial: Any) -> None:
    app: Flask = trial(mode="production")
    header = app.test_client().get("/connexion", base_url="https://localhost").headers["Set-Cookie"]
    assert header.startswith("__Host-tracker=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in header.split(";")}
    assert "Domain" not in header


def test_only_login_logout_and_password_write_a_visit(client: CheckedClient, agent: User, clock: Clock) -> None:
    attempt(client, shared="1")
    before = [(v.id, v.ended_at, v.expires_at) for v in visits()]
    for minutes in range(5):
        clock.advance(minutes=minutes)
        client.get("/")
    assert [(v.id, v.ended_at, v.expires_at) for v in visits()] == before


def test_the_last_visit_is_stored_at_login_alone(client: CheckedClient, agent: User, clock: Clock) -> None:
    attempt(client)
    clock.advance(hours=1)
    client.get("/")
    clock.advance(days=1)
    attempt(client)
    end_transaction(commit=False)
    user = db.session.get_one(User, agent.id)
    assert (user.previous_visit_at, user.last_visit_at) == (NOON, NOON + timedelta(days=1, hours=1))


def test_a_person_made_inactive_is_out_at_once(client: CheckedClient, agent: User, writing: Any) -> None:
    client.login(agent)
    client.get("/")
    with writing():
        db.session.execute(update(User).values(is_active=False))
    client.get("/", expected=302)


def test_flask_login_s_remember_cookie_is_not_used(client: CheckedClient, agent: User) -> None:
    assert "remember_token" not in str(attempt(client).response.headers)
    end_transaction(commit=False)
    visitor = CheckedClient(client.app)
    visitor.http.set_cookie("remember_token", f"{cookie_of(client)['_user_id']}|x")
    visitor.get("/", expected=302)


def test_the_cleaning_job_removes_visits_ended_long_ago(
    client: CheckedClient, agent: User, writing: Any, clock: Clock
) -> None:
    attempt(client, password=PASSWORD)
    clock.advance(days=61)
    attempt(client)
    with writing():
        maintenance.clean(now=clock.now)
    assert db.session.scalar(select(func.count()).select_from(UserSession)) == 1


def test_the_jobs_forget_failures_after_a_day_and_leave_those_that_still_slow_somebody(
    app: Flask, client: CheckedClient, agent: User, clock: Clock
) -> None:
    attempt(client, password="faux", expected=422)
    clock.advance(hours=20)
    attempt(client, password="faux", expected=422)
    before = held_failures()
    clock.advance(hours=5)
    assert jobs.run(clock.now, say=lambda _line: None)
    assert 0 < held_failures() < before
    clock.advance(hours=24)
    assert jobs.run(clock.now, say=lambda _line: None)
    assert held_failures() == 0


def held_failures() -> int:
    end_transaction(commit=False)
    return db.session.scalar(select(func.count()).select_from(LoginFailure)) or 0


def test_a_visit_closed_early_is_removed_thirty_days_after_it_was_closed(
    client: CheckedClient, agent: User, writing: Any, clock: Clock
) -> None:
    attempt(client)  # on a device of one's own: it could have lasted thirty days
    client.post("/deconnexion", {})
    for days, kept in ((29, 1), (2, 0)):
        clock.advance(days=days)
        with writing():
            maintenance.clean(now=clock.now)
        assert db.session.scalar(select(func.count()).select_from(UserSession)) == kept
        end_transaction(commit=False)
