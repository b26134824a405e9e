"""Each employer brings its colour: a stylesheet of its own, at an address that says its content."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from tests import factories
from tests.conftest import Clock
from tracker import jobs
from tracker.exports.stylesheet import stylesheet
from tracker.extensions import db
from tracker.models import Entity, User
from tracker.records import NO_COLOUR
from tracker.services import uploads


def _person(writing: Any, colour: str) -> User:
    with writing():
        programme = factories.programme()
        person = factories.user(programme=programme)
        assert person.entity_id is not None
        db.session.get(Entity, person.entity_id).colour = colour  # type: ignore[union-attr]
    return person


def _links(client: Any) -> list[str]:
    return [str(one["href"]) for one in client.get("/").select('link[href^="/employeur/"]')]


def test_a_person_sees_the_colours_of_their_employer(client: Any, writing: Any) -> None:
    person = _person(writing, "#8a3b5c")
    (address,) = _links(client.login(person))
    made = stylesheet("#8a3b5c")
    assert made is not None
    visitor = type(client)(client.app)
    answer = visitor.get(address)
    assert answer.text == made.text
    assert answer.response.mimetype == "text/css"
    assert "immutable" in answer.response.headers["Cache-Control"]
    assert not visitor.get("/connexion").select('link[href^="/employeur/"]')


def test_another_colour_has_another_address_and_the_old_one_is_gone(client: Any, writing: Any) -> None:
    person = _person(writing, "#8a3b5c")
    (before,) = _links(client.login(person))
    with writing():
        db.session.get(Entity, person.entity_id).colour = "#2f6f4e"  # type: ignore[union-attr]
    (after,) = _links(client)
    assert before != after
    client.get(after)
    client.get(before, expected=404)
    for path in ("/employeur/nulle-part/abc.css", "/employeur/%22%7D/abc.css"):
        client.get(path, expected=404)


def test_without_a_colour_of_its_own_an_employer_keeps_the_usual_one(client: Any, writing: Any) -> None:
    assert not _links(client.login(_person(writing, NO_COLOUR)))
    assert not _links(client.login(_person(writing, "script")))


def test_a_logo_that_no_employer_names_any_more_is_removed(app: Flask, writing: Any, clock: Clock) -> None:
    kept, old, fresh = (uploads.keep_logo(data) for data in (b"one", b"two", b"three"))
    with writing():
        factories.entity(logo=kept)
    folder = Path(app.config["INSTANCE_FOLDER"]) / "uploads" / "logos"
    long_ago = (clock.now - timedelta(days=2)).timestamp()
    for key, at in ((kept, long_ago), (old, long_ago), (fresh, clock.now.timestamp())):
        os.utime(folder / f"{key}.png", (at, at))
    said: list[str] = []
    assert jobs.run(clock.now, say=said.append)
    assert (uploads.logo(kept), uploads.logo(old), uploads.logo(fresh)) == (b"one", None, b"three")
