"""The files of an archive: pages made from templates, each link leading inside the archive, or nowhere."""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any

from markupsafe import Markup

from tracker.exports.archive import tables
from tracker.exports.archive.names import Names
from tracker.exports.archive.records import ArchiveData, LetterItem
from tracker.letters import document

Render = Callable[..., str]
STYLE = "style.css"
# the addresses of the tool, as texts that people typed may name them
_OWN = re.compile(r"/(propositions|actions|groupes|reunions|lettres)/([a-z0-9-]+)/?(?:[?#].*)?")
_INDEX = re.compile(r"/(propositions|actions|groupes|reunions|lettres)/?(?:[?#].*)?")
_LINK = re.compile(r'<a href="([^"]*)"([^>]*)>')
_OUTSIDE = re.compile("(https|mailto):", re.IGNORECASE)


def files(data: ArchiveData, *, render: Render, style: bytes, names: Names) -> Iterator[tuple[str, bytes]]:
    """Every file with its place, one after the other. `render`: a template of ours and its values → a page."""
    there = places(data)
    context: dict[str, Any] = {"data": data, "project": data.project, "names": names, "tables": tables.titles()}

    def page(place: str, template: str, **values: Any) -> tuple[str, bytes]:
        root = "../" if "/" in place else ""
        made = render(f"archive/{template}.html", root=root, place=place, **context, **values)
        return place, led(made, place, there).encode()

    yield STYLE, style
    yield page("index.html", "index")
    yield page("chiffres.html", "figures")
    yield page("propositions/index.html", "proposals")
    for proposal in data.proposals:
        yield page(f"propositions/{proposal.number}.html", "proposal", one=proposal)
    yield page("actions/index.html", "actions")
    for action in data.actions:
        yield page(f"actions/{action.number}.html", "action", one=action)
    yield page("groupes/index.html", "groups")
    for group in data.groups:
        yield page(f"groupes/{group.slug}.html", "group", one=group)
    yield page("reunions/index.html", "meetings")
    for meeting in data.meetings:
        yield page(f"reunions/{meeting.id}.html", "meeting", one=meeting)
    yield page("lettres/index.html", "letters")
    for letter in data.letters:
        yield page(
            f"lettres/{letter.number}.html", "letter", one=letter, body=_body(letter, data, render, names, there)
        )
        yield f"lettres/{letter.number}.json", letter.frozen.encode()
    yield from tables.files(data, names=names)


def places(data: ArchiveData) -> frozenset[str]:
    """Every file that a page may lead to."""
    rooms = {
        "propositions": [str(one.number) for one in data.proposals],
        "actions": [str(one.number) for one in data.actions],
        "groupes": [one.slug for one in data.groups],
        "reunions": [str(one.id) for one in data.meetings],
        "lettres": [str(one.number) for one in data.letters],
    }
    found = {"index.html", "chiffres.html", STYLE, "manifest.json", "SHA256SUMS"}
    found |= {f"{room}/index.html" for room in rooms}
    found |= {f"{room}/{key}.html" for room, keys in rooms.items() for key in keys}
    found |= {f"lettres/{one.number}.json" for one in data.letters}
    return frozenset(found | {name for name, _title in tables.titles()})


def led(page: str, place: str, there: frozenset[str]) -> str:
    """The page with the links that people typed led to the archive's own pages; those that lead nowhere are words."""

    def lead(match: re.Match[str]) -> str:
        address, rest = html.unescape(match[1]), match[2]
        if address.startswith("#") or _OUTSIDE.match(address):
            return match[0]
        inside = _inside(address, place, there)
        return f'<a href="{html.escape(inside)}"{rest}>' if inside else "<a>"

    return _LINK.sub(lead, page)


def _inside(address: str, place: str, there: frozenset[str]) -> str:
    folder = posixpath.dirname(place)
    own, index = _OWN.fullmatch(address), _INDEX.fullmatch(address)
    if own or index:
        target = f"{own[1]}/{own[2]}.html" if own else f"{index[1] if index else ''}/index.html"
        return posixpath.relpath(target, folder or ".") if target in there else ""
    bare = address.partition("#")[0]
    target = posixpath.normpath(posixpath.join(folder, bare))
    return address if bare and not bare.startswith("/") and target in there else ""


def _body(letter: LetterItem, data: ArchiveData, render: Render, names: Names, there: frozenset[str]) -> Markup:
    """The sections of a letter, as on the web."""
    rooms = {"proposal": "propositions", "action": "actions", "group": "groupes", "meeting": "reunions"}

    def target(kind: str, key: int | str) -> str:
        place = f"{rooms.get(kind, '')}/{key}.html"
        return f"../{place}" if place in there else ""

    shown = document(letter.content, names.resolved(data.people))
    body = render("letters/_body.html", letter=shown, target=target)
    return Markup(body)  # noqa: S704 - a template of ours, which escapes what it is given
