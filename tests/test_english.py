"""No page of the demonstration keeps a French sentence when it is read in English; a refused form neither.

What people typed stays as they typed it: it is marked `lang="fr"` on an English page, or is a text of the database.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property

import pytest
from bs4 import BeautifulSoup, NavigableString, Tag
from flask import Flask
from sqlalchemy import JSON, String, select

from scripts import messages
from tests.client import Answer
from tests.effort import share
from tests.places import ENTRIES, ROLES, VISITOR, Entry, methods_of
from tests.world import World, demonstration
from tracker.extensions import db
from tracker.models import User

pytestmark = pytest.mark.demo
ENGLISH = {"Accept-Language": "en-GB,en;q=0.9,fr;q=0.5"}
SPOKEN = ("alt", "aria-label", "placeholder", "title", "data-confirm", "data-label", "content")
# words that no English sentence of ours holds
FRENCH = re.compile(
    r"[éèêàùçœÉÈÀÇ«»]|\S [:;?!%](?!\{)|n°|\b(?:l|d|qu|n|s|c|j)['’](?=[aeiouyhé])|"
    r"\b(?:le|la|les|des|du|une|un|est|sont|pas|pour|sur|dans|avec|sans|par|cette|ces|vous|votre|vos|nous|aucun|aucune|"
    r"aux|ou|et|en|au|qui|que|ce|il|elle|depuis|propositions?|soutiens?|groupes?|jalons?|lettre|projet|personnes?|brouillon)\b",
    re.IGNORECASE,
)
_PLOTLY = re.compile(r"%\{[^}]*\}")  # where Plotly writes a value


class Reading:
    """What an English page says, and what of it is French."""

    def __init__(self, app: Flask, words: messages.Catalog) -> None:
        self.app = app
        self.known: dict[str, bool] = {}
        self.french = {
            squeezed(text)
            for message in words
            if message.id
            for text, said in zip(messages.ids(message), messages.said(message), strict=False)
            if said != text
        }
        self.english = {squeezed(text) for message in words if message.id for text in messages.said(message)}
        self.french -= self.english

    @cached_property
    def typed(self) -> set[str]:
        """Every text of the database: what people typed, titles and names."""
        found: set[str] = set()
        with self.app.app_context():
            for table in db.metadata.tables.values():
                columns = [column for column in table.columns if isinstance(column.type, (String, JSON))]
                for row in db.session.execute(select(*columns)) if columns else ():
                    found.update(squeezed(text) for text in _strings(list(row)) if len(text) > 2)
            names = db.session.execute(select(User.first_name, User.last_name))
            found.update(f"{first} {last}" for first, last in names)
        found.add(squeezed(self.app.config["SITE_NAME"]))
        found.add(squeezed(self.app.config["CONTACT"]))
        return found

    @cached_property
    def by_length(self) -> list[str]:
        return sorted((text for text in self.typed if FRENCH.search(text)), key=len, reverse=True)

    def left(self, page: BeautifulSoup) -> set[str]:
        return {text for text in spoken(page) if self.is_french(text)}

    def is_french(self, text: str) -> bool:
        if text not in self.known:
            self.known[text] = self._look(text)
        return self.known[text]

    def _look(self, text: str) -> bool:
        if text in self.typed or text in self.english:
            return False
        if text in self.french:
            return True
        if not FRENCH.search(text):
            return False
        cut = re.sub(r"^\d+\. | ?(…|\.\.\.)$", "", text)  # a title numbered or cut short by a figure or a list
        if len(cut) > 9 and any(one.startswith(cut) for one in self.by_length):
            return False
        for one in self.by_length:
            if one in text:
                text = text.replace(one, "X")
        return bool(FRENCH.search(text))


def squeezed(text: str) -> str:
    return " ".join(text.split())


def spoken(page: BeautifulSoup) -> Iterator[str]:
    """The texts of a page that are said to be English: nodes, attributes, and what figures write."""
    yield from _spoken_in(page, french=False)
    for script in page.find_all("script", type="application/json"):
        yield from (squeezed(_PLOTLY.sub("1", text)) for text in _strings(json.loads(script.get_text())))


def _spoken_in(tag: Tag, *, french: bool) -> Iterator[str]:
    french = tag["lang"] == "fr" if tag.get("lang") else french
    if not french:
        yield from (squeezed(str(tag[name])) for name in SPOKEN if tag.get(name))
    for child in tag.contents:
        if isinstance(child, Tag):
            yield from _spoken_in(child, french=french)
        elif type(child) is NavigableString and not french and tag.name != "script":
            yield squeezed(child)


def _strings(data: object) -> Iterator[str]:
    """What a figure says; the addresses it leads to are no words."""
    if isinstance(data, str):
        if not data.startswith("/"):
            yield data.replace("<br>", " ").replace("<extra></extra>", "")
    elif isinstance(data, dict):
        for value in data.values():
            yield from _strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from _strings(value)


@pytest.fixture(scope="module")
def world(demo_app: Flask) -> Iterator[World]:
    with demonstration(demo_app) as found:
        yield found


@pytest.fixture(scope="module")
def reading(world: World) -> Reading:
    return Reading(world.app, messages.written())


def readers(entry: Entry, method: str) -> list[str]:
    """Those who see most, and now and then somebody who may not enter; one or two of them in `make test`."""
    allowed = [role for role in (*ROLES, VISITOR) if role in entry.allowed(method)]
    refused = [role for role in ROLES if role not in entry.roles and entry.endpoint.endswith(".index")][:1]
    most = {*allowed[-1:]} if "copil" not in allowed else {"copil"}
    others = sorted({*allowed[:1], *allowed[-1:], *refused} - most)
    return [*most, *share(others, ENTRIES.index(entry), one_in=3)]


def check(reading: Reading, answers: Iterator[tuple[str, Answer]]) -> None:
    left: dict[str, str] = {}
    for where, answer in answers:
        if answer.response.mimetype != "text/html" or not answer.text or answer.status in {301, 302, 303}:
            continue
        if answer.page.html and answer.page.html["lang"] == "fr":
            assert "courriel" in where, f"{where} is in French"  # one mail goes to everybody
            continue
        for text in reading.left(answer.page):
            left.setdefault(text, where)
    assert not left, "\n".join(f"{where}: {text[:200]!r}" for text, where in left.items())


def test_no_french_is_left_on_an_english_page(world: World, reading: Reading) -> None:
    def answers() -> Iterator[tuple[str, Answer]]:
        for entry in ENTRIES:
            path = world.path(entry)
            for role in readers(entry, "GET"):
                yield f"{role} {path}", world.open(role, "GET", path, headers=ENGLISH, check=False)
        yield "agent /rien", world.open("agent", "GET", "/rien", headers=ENGLISH, check=False)

    check(reading, answers())


def test_an_empty_form_is_refused_in_english(world: World, reading: Reading) -> None:
    def answers() -> Iterator[tuple[str, Answer]]:
        methods = methods_of(world.app)
        for entry in ENTRIES:
            if "POST" in methods[entry.endpoint]:
                path, before = world.path(entry), world.watch.now()
                for role in readers(entry, "POST"):
                    yield f"{role} POST {path}", world.open(role, "POST", path, headers=ENGLISH, check=False)
                    if world.watch.written_since(before):
                        world.put_back()
                        before = world.watch.now()

    check(reading, answers())
