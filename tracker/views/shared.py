"""Pages, and pieces of pages, that all readers with the same rights share: made once for each state of the data.

    @bp.get("/actions")
    @requires(Permission.ACTION_VIEW)
    @conditional
    @shared_page
    def index() -> str: …

What is the reader's own stands in holes, filled each time the page leaves: their name, the token of forms, messages,
and whatever a page marks with `hole("name", …)` and fills with `@filler("name")`. Nothing personal may stand elsewhere,
nor anything that a vote or the clock moves: it is either in a hole or in the key. tests/test_shared.py compares each
page, as each person, with one made for that person alone.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, NamedTuple, TypeVar

from flask import current_app, g, render_template, request
from flask_login import current_user
from markupsafe import Markup

from tracker.extensions import language
from tracker.queries.kept import Kept, database
from tracker.records import Grant
from tracker.views.frame import page_frame, today

T = TypeVar("T")
View = TypeVar("View", bound=Callable[..., Any])
MOST = 2_000_000  # characters kept by a process
ADDRESS_MAX = 300  # longer addresses are nobody's bookmark


class Hole(NamedTuple):
    """Where something of the reader's own stands."""

    name: str
    args: tuple[Any, ...]


Filled = tuple["str | Hole", ...]
NO_HOLES: list[Hole] = []
_fillers: dict[str, Callable[..., str]] = {}
_secret = secrets.token_hex(8)  # so that no text of a person can look like a hole
_marked = re.compile(f"{_secret}:(\\d+);")


def _weigh(value: Any) -> int:
    """Characters, roughly: of a text, or of the texts in a tuple; a record counts as a page of text."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, tuple):
        return 100 + sum(map(_weigh, value))
    return 100 if isinstance(value, (int, frozenset)) else 2_000


_kept: Kept[Any] = Kept(MOST, _weigh)


def rights() -> tuple[Grant, ...] | None:
    """What the reader may do, as a part of a key; None for a visitor."""
    reader = current_user._get_current_object()
    return reader.grants if reader.is_authenticated else None


def _stamp() -> Hashable:
    """What any page depends on besides its address: the revisions, the language, the day."""
    if "stamp" not in g:
        frame = page_frame()
        revisions = tuple(project.revision for project in frame.projects)
        g.stamp = (database(), frame.revision, revisions, request.script_root, today())
    return g.stamp, language()


def _alone(make: Callable[[], T]) -> Callable[[], T]:
    """A piece goes into many pages: it can have no holes."""

    def made() -> T:
        around = g.get("holes")
        g.holes = NO_HOLES
        try:
            return make()
        finally:
            if around is None:
                del g.holes
            else:
                g.holes = around

    return made


def fragment(name: str, *parts: Hashable, make: Callable[[], T]) -> T:
    """What `make` answers, kept while the data and the day stay; `parts` tell readers and addresses apart."""
    kept: T = _kept.get((name, parts, _stamp()), _alone(make))
    return kept


def lasting(name: str, *parts: Hashable, make: Callable[[], T]) -> T:
    """A piece that no row of the database changes, the town's words apart."""
    if "place" not in g:
        config = current_app.config
        words = () if g.get("failing") else page_frame().labels
        g.place = (config["SITE_NAME"], config["DEMO"], request.script_root, words)
    kept: T = _kept.get((name, parts, g.place, language()), _alone(make))
    return kept


def markup(template: str, **context: Any) -> Markup:
    """A template of ours, rendered to be put in another."""
    return Markup(render_template(template, **context))  # noqa: S704 - escaped by the template itself


# --- Holes ------------------------------------------------------------------------------------------------------


def filler(name: str) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Say how the holes of that name are filled: called with their arguments, answers markup."""

    def register(fill: Callable[..., str]) -> Callable[..., str]:
        _fillers[name] = fill
        return fill

    return register


def hole(name: str, *args: Any) -> Markup:
    """In a page being made for everybody: a hole. In one person's page: what fills it, at once."""
    holes: list[Hole] | None = g.get("holes")
    if holes is None:
        return Markup(_fillers[name](*args))  # noqa: S704 - fillers answer markup
    if holes is NO_HOLES:
        raise RuntimeError(f"{name}: a piece of many pages has no holes")
    holes.append(Hole(name, args))
    return Markup(f"{_secret}:{len(holes) - 1};")  # noqa: S704 - ours


def _split(page: str, holes: list[Hole]) -> Filled:
    """The page cut at its holes."""
    parts = _marked.split(page)
    return tuple(holes[int(part)] if odd % 2 else part for odd, part in enumerate(parts))


def _fill(page: Filled) -> str:
    return "".join(part if isinstance(part, str) else _fillers[part.name](*part.args) for part in page)


def shared_by(*parts: Hashable, make: Callable[[], Any]) -> Any:
    """The page `make` answers, made with holes once for all who share `parts`, then filled for this reader.

    What is no page (a redirect, a refusal) is answered as it is, and not kept.
    """
    address = request.full_path
    if len(address) > ADDRESS_MAX:
        return make()
    key = ("page", request.endpoint, address, rights(), parts, _stamp())
    found: Filled | None = _kept.find(key)
    if found is not None:
        return _fill(found)
    with _kept.turn(key):
        found = _kept.find(key)
        if found is None:
            g.holes = []
            try:
                page = make()
                if not isinstance(page, str):
                    if g.holes:
                        raise RuntimeError("a page with holes is answered as text")
                    return page
                found = _split(page, g.holes)
            finally:
                del g.holes
            _kept.put(key, found)
    return _fill(found)


def shared_page(view: View) -> View:
    """A page that depends on its address and on the rights of who asks, and in its holes on them."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Any:
        return shared_by(make=lambda: view(*args, **kwargs))

    return answer  # type: ignore[return-value]
