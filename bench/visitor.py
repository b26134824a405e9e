"""Who asks for pages during a bench, and how many statements each page takes."""

from __future__ import annotations

import http.cookiejar
import os
import re
import urllib.parse
import urllib.request
from typing import Any, NamedTuple

PASSWORD = "projet-administration"


class Page(NamedTuple):
    path: str
    body: bytes
    tag: str


class Visitor:
    """Somebody logged in as `agent`."""

    def __init__(self, base: str) -> None:
        self.base = base
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        fields = {"csrf_token": self._token("/connexion"), "login": "agent", "password": PASSWORD}
        self._opener.open(f"{base}/connexion", urllib.parse.urlencode(fields).encode()).close()
        self.cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)
        self.token = self._token("/propositions")

    def _token(self, path: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page(path).body.decode())
        assert found, f"no form on {path}"
        return found[1]

    def page(self, path: str) -> Page:
        with self._opener.open(self.base + path) as answer:
            return Page(path, answer.read(), answer.headers.get("ETag", ""))

    def votable(self) -> list[str]:
        """The numbers of proposals that may be supported now."""
        listed = self.page("/propositions?projet=tous").body.decode()
        numbers = re.findall(r'action="/propositions/(\d+)/(?:retrait-)?soutien', listed)
        assert numbers, "no proposal may be supported"
        return sorted(set(numbers))


def statements(paths: list[str], environment: dict[str, str]) -> dict[str, int]:
    """SQL statements of each page, asked again once it has been made: as most readers find it."""
    os.environ.update(environment)
    from sqlalchemy import event

    from tracker import create_app
    from tracker.extensions import db

    app = create_app()
    client: Any = app.test_client()
    login = client.get("/connexion").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', login)
    assert token, "no form to log in"
    client.post("/connexion", data={"csrf_token": token[1], "login": "agent", "password": PASSWORD})
    asked: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda _c, _u, statement, *_: asked.append(statement))
    counts = {}
    for path in paths:
        client.get(path)
        asked.clear()
        client.get(path)
        counts[path] = len(asked)
    return counts
