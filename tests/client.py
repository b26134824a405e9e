"""A test client that checks every page it opens, whatever the test is about."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta
from functools import cached_property
from html import unescape
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from bs4 import BeautifulSoup, Tag
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from tests import factories
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import User, UserSession

# who works here is no secret to those who keep the register: these pages tell nothing of what anybody wrote
REGISTER = re.compile(r"/relais$|/reglages/(codes|second-facteur)$|/reglages/personnes(/|$)")
UNLABELLED_TYPES = {"hidden", "submit", "button", "reset", "image"}

# between two texts of a page: an element that shows none of its own, a comment, a tag
BETWEEN = re.compile(r"<(script|style|template)\b.*?</\1>|<!--.*?-->|<[^>]*>", re.DOTALL)
# a text that no reader of HTML could find fault with: no "<", no "&" that is not written so, no control character
FLAWLESS = (
    r"[^<>&\"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufff0-\U0010ffff]++|&(?:#39|#34|amp|lt|gt);"
)
TEXT = re.compile(rf"(?<=>)(?:{FLAWLESS}|\")++(?=<)")
# likewise what no check looks at: a value, an address of this site, what is kept for a script
VALUE = re.compile(
    r" (value|href|action|datetime|content|title|placeholder|class|d|data-(?!src)[a-z-]+)"
    rf'="(?!//|https?:)(?:{FLAWLESS})*"'
)
_valid: set[int] = set()  # pages found valid, all but their texts


def visible(html: str, tag: str) -> str:
    """What the first element of that kind shows, or the whole page without one; spaces squeezed.

    As a parsed page tells it, without parsing: thousands of pages are read.
    """
    found = re.search(rf"<{tag}\b.*?</{tag}>", html, re.DOTALL)
    texts = BETWEEN.sub("\0", found[0] if found else html).split("\0")
    return re.sub(r"\s+", " ", " ".join(unescape(text) for text in texts if text))


class Answer:
    """A response and its parsed page."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.status = response.status_code
        kind = response.mimetype or ""  # none on 304
        self.text = response.get_data(as_text=True) if "text" in kind or "json" in kind else ""

    @cached_property
    def page(self) -> BeautifulSoup:
        return BeautifulSoup(self.text, "html.parser")

    @property
    def location(self) -> str:
        return self.response.headers.get("Location", "")

    @property
    def json(self) -> Any:
        return self.response.get_json()

    @property
    def words(self) -> str:
        """The visible text of the main part, spaces squeezed."""
        return visible(self.text, "main")

    def select(self, selector: str) -> list[Tag]:
        return self.page.select(selector)

    def __contains__(self, sentence: str) -> bool:
        return sentence in self.words


class CheckedClient:
    """Opens pages and posts forms as one person; each answer is checked before the test sees it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.http = app.test_client()
        self.user: User | None = None
        self.user_name = ""
        self._csrf = secrets.token_hex(20)

    def login(self, user: User, *, shared: bool = False) -> CheckedClient:
        """Be that person, without going through the form."""
        token = secrets.token_urlsafe(16)
        now = self.app.config["CLOCK"]()
        end_transaction(commit=False)
        user_id = user.id
        with write_transaction():
            db.session.add(
                UserSession(
                    token_hash=hashlib.sha256(token.encode()).hexdigest(), user_id=user_id, shared=shared,
                    created_at=now, expires_at=now + timedelta(days=30),
                )
            )  # fmt: skip
        with self.http.session_transaction() as cookie:
            cookie.clear()
            cookie["_user_id"] = token
            cookie["_fresh"] = True
            cookie["seen"] = int(now.timestamp())
            cookie["csrf_token"] = self._csrf
        self.user, self.user_name = user, user.name
        return self

    def csrf_token(self) -> str:
        with self.http.session_transaction() as cookie:
            self._csrf = cookie.setdefault("csrf_token", self._csrf)
        signer = URLSafeTimedSerializer(str(self.app.config["SECRET_KEY"]), salt="wtf-csrf-token")
        return str(signer.dumps(self._csrf))

    def get(self, path: str, expected: int = 200, **options: Any) -> Answer:
        return self._open("GET", path, expected, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, expected: int = 303, **options: Any) -> Answer:
        """Post a form with its token; a redirect is expected unless told otherwise."""
        fields = {"csrf_token": self.csrf_token(), **(data or {})}
        return self._open("POST", path, expected, data=fields, **options)

    def _open(self, method: str, path: str, expected: int, **options: Any) -> Answer:
        """One request in a context of its own, as in production: nothing of the test's session leaks into it."""
        end_transaction(commit=False)
        with self.app.app_context():
            answer = self._checked(self.http.open(path, method=method, **options), expected)
            assert not db.session.new, "something was left unwritten after the request"
            assert not db.session.dirty, "something was left unwritten after the request"
        return answer

    def submit(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Answer:
        """Post, then follow the redirect to the page a person would see."""
        answer = self.post(path, data, **options)
        return self.get(answer.location)

    def _checked(self, response: TestResponse, expected: int) -> Answer:
        answer = Answer(response)
        assert answer.status == expected, f"{answer.status} instead of {expected}: {answer.words[:600]}"
        assert "Content-Security-Policy" in response.headers
        self._check_sealed(answer)
        if response.mimetype == "text/html" and answer.text and expected not in {301, 302, 303, 307, 308}:
            check_page(answer, mail="'unsafe-inline'" in response.headers["Content-Security-Policy"])
        return answer

    def _check_sealed(self, answer: Answer) -> None:
        """No name that was sealed may appear to anybody but its bearer, in HTML source, JSON, mail or file."""
        if REGISTER.match(answer.response.request.path):
            return
        data = answer.text or answer.response.get_data().decode("utf-8", "replace")
        for name in factories.SEALED_NAMES:
            assert name == self.user_name or name not in data, f"a name not displayed is shown: {name}"


def check_page(answer: Answer, *, mail: bool = False) -> None:
    """Valid HTML, one h1 that begins the title, labelled controls, unique ids, nothing inline.

    `mail`: the preview of a mail, whose policy alone allows what mail programmes need: styles in the elements.
    A page that differs from one already found valid by its texts alone is not parsed again.
    """
    heads = len(re.findall(r"<h1\b", answer.text))
    assert heads == 1, f"{heads} h1"
    title, heading = visible(answer.text, "title").strip(), visible(answer.text, "h1").strip()
    assert title.startswith(heading), f"title {title!r} does not begin with h1 {heading!r}"
    likeness = hash((TEXT.sub(_blank, VALUE.sub(r" \1", answer.text)), mail))
    if likeness in _valid:
        return
    parser = html5lib.HTMLParser(strict=False, tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    root = parser.parse(answer.text)
    problems = [f"{position}: {code} {data}" for position, code, data in parser.errors]
    assert not problems, f"invalid HTML: {problems[:5]}"
    elements = [element for element in root.iter() if isinstance(element.tag, str)]  # comments have no name
    ids = [element.attrib["id"] for element in elements if "id" in element.attrib]
    assert len(ids) == len(set(ids)), f"ids used twice: {sorted({i for i in ids if ids.count(i) > 1})}"
    _check_labels(root, elements)
    for element in elements:
        _check_element(element, mail=mail)
    _valid.add(likeness)


def _blank(text: re.Match[str]) -> str:
    return " " if text[0].isspace() else "x"


def _words(element: Element | None) -> str:
    """The text of an element and of all it holds, spaces squeezed."""
    return "" if element is None else re.sub(r"\s+", " ", " ".join(element.itertext())).strip()


def _check_element(element: Element, *, mail: bool) -> None:
    """Nothing inline, nothing asked of another host, a token in each form that posts."""
    barred = set() if mail else {"style"}
    inline = [name for name in element.attrib if name in barred or (name.startswith("on") and name != "on")]
    assert not inline, f"inline {inline} on <{element.tag}>"
    assert element.tag != "style", "inline <style>"
    if element.tag == "script":
        assert element.get("src") or element.get("type") == "application/json", "inline script"
    for name in ("src", "action", "data-src", "href") if element.tag == "link" else ("src", "action"):
        value = element.get(name, "")
        assert not re.match(r"(https?:)?//", value), f"asks another host: {value}"
    if element.tag == "form" and element.get("method", "get").lower() == "post":
        assert any(one.get("name") == "csrf_token" for one in element.iter("input")), "a form without its token"


def _check_labels(root: Element, elements: list[Element]) -> None:
    labels = [element for element in elements if element.tag == "label"]
    targets = {label.attrib["for"] for label in labels if "for" in label.attrib}
    inside = {id(held) for label in labels for held in label.iter()}
    for control in elements:
        if control.tag not in {"input", "select", "textarea"} or control.get("type") in UNLABELLED_TYPES:
            continue
        named = (
            control.get("id") in targets
            or id(control) in inside
            or control.get("aria-label")
            or control.get("aria-labelledby")
        )
        assert named, f"a control without label: {control.tag} {control.attrib}"
    for button in root.iter("button"):
        assert _words(button) or button.get("aria-label"), "a button without words"
