"""What a process keeps of its pages is not believed where it is not true: writes taken back, languages, tokens."""

from __future__ import annotations

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
