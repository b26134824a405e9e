"""Under a path of another site (/participer), told by a believed proxy: nothing that a page holds leaves it.

A third of the addresses in `make test`, each in `make torture`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from tests.client import Answer
from tests.effort import THOROUGH
from tests.places import ENTRIES, Entry, methods_of
from tests.world import World, demonstration
from tracker import create_app
from tracker.config import from_environment
from tracker.exports import pdf

PREFIX = "/participer"
SITE = f"http://localhost{PREFIX}"
FORWARDED = {"X-Forwarded-Prefix": PREFIX, "X-Forwarded-For": "192.0.2.7"}
UNWALKED = {"metrics.show"}  # read from this machine, without a proxy
PLACES = tuple({one.endpoint: one for one in ENTRIES if one.endpoint not in UNWALKED}.values())


@pytest.fixture(scope="module")
def world(demo_app: Flask) -> Iterator[World]:
    before = demo_app.wsgi_app, demo_app.config["BASE_URL"]
    with demonstration(demo_app) as made:
        demo_app.wsgi_app = ProxyFix(demo_app.wsgi_app, x_prefix=1)  # type: ignore[method-assign]
        demo_app.config["BASE_URL"] = SITE
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pdf, "from_html", lambda html, **_options: html.encode())  # what is drawn can then be read
            yield made
        demo_app.wsgi_app, demo_app.config["BASE_URL"] = before  # type: ignore[method-assign]


def leaves(address: str) -> bool:
    """Whether an address of this site is outside of the prefix, or has it twice."""
    path = address.removeprefix("http://localhost")
    return not re.match(rf"{PREFIX}($|[/?#])(?!{PREFIX[1:]})", path)


def addresses(answer: Answer) -> Iterator[str]:
    """Every address of this site that an answer holds, in whatever attribute, figure, style or sentence."""
    headers = answer.response.headers
    yield from (value for value in (headers.get("Location", ""), headers.get("Content-Location", "")) if value)
    kind = answer.response.mimetype
    text = answer.text or (answer.response.get_data(as_text=True) if kind == "application/pdf" else "")
    yield from re.findall(r"http://localhost[^\s\"'<>)]*", text)
    if kind == "text/css":
        yield from re.findall(r"url\([\"']?(/[^)\"']*)", text)
    if kind not in {"text/html", "application/pdf"}:
        return
    page = BeautifulSoup(text, "html.parser")
    for element in page.find_all(True):
        for value in element.attrs.values():
            yield from (one for one in (value if isinstance(value, list) else [value]) if re.match(r"/(?!/)\S", one))
    for element in page.select("a[href], form[action]"):
        query = urlsplit(str(element.get("href") or element["action"])).query
        yield from (value for name, value in parse_qsl(query) if name in {"suite", "retour"} and value[:1] == "/")
    for script in page.find_all("script", type="application/json"):
        yield from re.findall(r'"(/[a-z][^"\s]*)"', script.get_text())


@pytest.mark.demo
@pytest.mark.parametrize("entry", PLACES if THOROUGH else PLACES[::3], ids=lambda entry: entry.name)
def test_nothing_leaves_the_prefix(world: World, entry: Entry) -> None:
    if "GET" not in methods_of(world.app)[entry.endpoint]:
        return  # written to alone: it leads back to a page of these
    role, path = sorted(entry.roles)[0], world.path(entry)
    world.open(role, "GET", path, check=False)  # what the process keeps of a page without prefix is not shown under one
    answer = world.open(role, "GET", path, check=False, headers=FORWARDED)
    found = list(addresses(answer))
    assert not [one for one in found if leaves(one)], f"{role} {path}"
    if answer.response.mimetype == "text/html" and answer.status == 200:
        assert found or entry.endpoint == "duties.own_data_page", "the page was not read"


@pytest.mark.demo
def test_acts_lead_back_under_the_prefix(world: World) -> None:
    """Logging in and out, refusals, a support, a page that is not there."""
    visitor = world.clients["visiteur"]
    closed = world.open("visiteur", "GET", "/actions", headers=FORWARDED)
    assert closed.location == f"{PREFIX}/connexion?suite={PREFIX}/actions"
    typed = {"login": "agent", "password": "projet-administration", "suite": f"{PREFIX}/actions"}
    entered = world.open("visiteur", "POST", "/connexion", typed, headers=FORWARDED)
    assert entered.location == f"{PREFIX}/actions"
    assert visitor.http.get_cookie("tracker") is None, "kept for the next request, by the world"
    supported = world.open(
        "agent",
        "POST",
        world.path(next(one for one in ENTRIES if one.endpoint == "proposals.support")),
        headers=FORWARDED,
    )
    told = world.open("pilote", "POST", "/actions/mon-tour", headers=FORWARDED)  # nothing was chosen: the same page
    for answer in (supported, told, world.open("agent", "GET", "/rien", headers=FORWARDED, check=False)):
        found = list(addresses(answer))
        assert found
        assert not [one for one in found if leaves(one)]
    world.put_back()


@pytest.mark.parametrize(
    ("base", "name", "path"),
    [
        ("https://projet.ville.fr", "__Host-tracker", "/"),
        ("https://projet.ville.fr/", "__Host-tracker", "/"),
        ("https://intranet.ville.fr/participer", "__Secure-tracker", "/participer"),
    ],
)
def test_the_cookie_stays_under_the_prefix(tmp_path: Path, base: str, name: str, path: str) -> None:
    """Two tools of one host would else take each other's; `__Host-` is for a host of its own."""
    settings = from_environment({
        "TRACKER_INSTANCE": str(tmp_path), "TRACKER_BASE_URL": base,
        "TRACKER_SECRET_KEY": "f3a9c1e07b5d4268a1b2c3d4e5f60718",
    })  # fmt: skip
    assert (settings["SESSION_COOKIE_NAME"], settings["SESSION_COOKIE_PATH"]) == (name, path)


@pytest.mark.parametrize(("proxies", "believed"), [("1", True), ("0", False)])
def test_the_prefix_is_believed_of_a_configured_proxy_alone(tmp_path: Path, proxies: str, believed: bool) -> None:
    environ = {"TRACKER_MODE": "demo", "TRACKER_INSTANCE": str(tmp_path), "TRACKER_TRUSTED_PROXIES": proxies}
    answer = create_app(environ=environ).test_client().get("/", headers=FORWARDED)
    assert answer.headers["Location"] == (f"{PREFIX}/connexion?suite={PREFIX}/" if believed else "/connexion?suite=/")
