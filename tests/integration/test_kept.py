"""What a process keeps of its pages is not believed where it is not true: writes taken back, languages, tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic
from typing import Any

import pytest
from flask import Flask, redirect
from flask_babel import get_locale
from sqlalchemy import select
from werkzeug.wrappers import Response

from tests import factories
from tests.client import Answer, CheckedClient
from tracker.extensions import begin_write, db, end_transaction, speaking, write_transaction
from tracker.models import Letter, Programme
from tracker.queries import kept
from tracker.queries.kept import Kept
from tracker.security import public
from tracker.services import history
from tracker.views import shared


def title() -> str:
    return db.session.scalars(select(Programme.title)).one()


def rename(name: str) -> None:
    db.session.scalars(select(Programme)).one().title = name
    history.bump(None)
    db.session.flush()


def test_what_is_read_after_a_write_taken_back_is_not_kept_for_the_next_one(
    app: Flask, writing: Any, client: CheckedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing():
        factories.programme(title="Ancien")

    def refused() -> Response:
        """A write that reads what pages need, is refused, and shows a page."""
        begin_write()
        rename("Jamais")
        assert shared.fragment("title", make=title) == "Jamais"
        end_transaction(commit=False)
        assert shared.fragment("title", make=title) == "Ancien"
        return redirect("/", 303)

    monkeypatch.setitem(app.view_functions, "accounts.language", public(refused))
    client.post("/compte/langue")
    with write_transaction():
        rename("Nouveau")  # raises the same revision as what was taken back
    with app.test_request_context("/"):
        assert shared.fragment("title", make=title) == "Nouveau"


def test_a_piece_made_in_another_language_is_kept_apart(app: Flask) -> None:
    with app.test_request_context("/"):
        for make in (shared.fragment, shared.lasting):
            assert make("language", make=lambda: str(get_locale())) == "fr"
            with speaking("en"):
                assert make("language", make=lambda: str(get_locale())) == "en"
            assert make("language", make=lambda: str(get_locale())) == "fr"


def test_only_a_text_can_have_holes(app: Flask) -> None:
    with app.test_request_context("/"), pytest.raises(RuntimeError, match="answered as text"):
        shared.shared_by(make=lambda: (shared.hole("token"), 422))


def test_a_visitor_whose_cookie_went_is_not_told_that_the_old_form_is_good(
    published: Any, writing: Any, client: CheckedClient
) -> None:
    with writing():
        db.session.scalars(select(Letter)).one().is_public = True

    def read(tag: str, expected: int) -> Answer:
        return client.get("/lettres/1", expected, headers={"If-None-Match": tag})

    read("", 200)  # gives the cookie
    tag = read("", 200).response.headers["ETag"]
    read(tag, 304)
    client.http.delete_cookie(client.app.config["SESSION_COOKIE_NAME"])
    token = read(tag, 200).select("form.language input[name=csrf_token]")[0]["value"]
    assert client.http.post("/compte/langue", data={"csrf_token": token, "langue": "en"}).status_code == 303


@pytest.fixture
def store() -> Iterator[Kept[str]]:
    """Holds a hundred characters."""
    made: Kept[str] = Kept(100, len)
    yield made
    kept._all.remove(made)


@pytest.mark.usefixtures("app")
def test_pages_asked_for_once_do_not_drive_out_those_that_are_read(store: Kept[str]) -> None:
    for name in ("home", "actions", "board"):
        store.get(name, lambda: "x" * 20)
        assert store.find(name)
    for day in range(50):  # the slider of a board, moved on
        store.get(day, lambda: "x" * 20)
    assert store.weight <= 100
    assert all(store.find(name) for name in ("home", "actions", "board"))
    assert not store.find(0)


@pytest.mark.usefixtures("app")
def test_what_nobody_reads_any_more_leaves_for_what_is_read_now(store: Kept[str]) -> None:
    for moment in range(30):  # each write makes the pages before it useless
        for name in ("home", "actions"):
            for _ in range(3):
                store.get((moment, name), lambda: "x" * 20)
            assert store.find((moment, name))
    assert store.weight <= 100
    assert not store.find((0, "home"))


@pytest.mark.usefixtures("app")
def test_what_was_read_before_a_write_gives_way_to_pages_read_in_turn(store: Kept[str]) -> None:
    for name in range(5):
        store.get(("before", name), lambda: "x" * 20)
        assert store.find(("before", name))
    made = []
    for _ in range(4):
        made.append(0)
        for name in ("home", "actions", "board", "letter"):
            if store.find(name) is None:
                made[-1] += 1
                store.put(name, "x" * 20)
    assert made[2:] == [0, 0], "each is found again"


def test_many_who_ask_at_once_wait_for_one_who_makes(app: Flask, store: Kept[str]) -> None:
    asked, let_go, made = Event(), Event(), []

    def ask(make: Callable[[], str]) -> str:
        with app.app_context():
            return store.get("board", make)

    def slow() -> str:
        made.append(1)
        asked.set()
        let_go.wait(10)
        if len(made) == 1:
            raise ValueError("the first one fails")
        return "a board"

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(ask, slow)
        asked.wait(10)
        others = [pool.submit(ask, slow) for _ in range(3)]
        deadline = monotonic() + 10
        while sum(turn.wanted for turn in store._turns.values()) < 4:
            assert monotonic() < deadline, "nobody waits"
        let_go.set()
        with pytest.raises(ValueError, match="fails"):
            first.result(10)
        assert {one.result(10) for one in others} == {"a board"}
    assert len(made) == 2, "once after the one that failed"
    assert not store._turns
