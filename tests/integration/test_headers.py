"""Headers of every answer: content policy, no sniffing, no framing, caching by page."""

from __future__ import annotations

from typing import Any

import pytest

from tests import factories
from tests.client import Answer, CheckedClient
from tests.integration.letter_scene import Scene
from tracker.exports import pdf
from tracker.extensions import db, write_transaction
from tracker.models import User

ANSWERS = [
    ("/connexion", 200), ("/aide", 200), ("/", 302), ("/rien", 404), ("/healthz", 200),
    ("/essai/casse", 500), ("/essai/refus/503", 503), ("/essai/refus/422", 422),
]  # fmt: skip


@pytest.fixture
def site(trial: Any) -> CheckedClient:
    return CheckedClient(trial())


@pytest.mark.parametrize(("path", "status"), ANSWERS)
def test_every_answer_carries_the_strict_policy(site: CheckedClient, path: str, status: int) -> None:
    headers = site.get(path, expected=status).response.headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert not any(word in headers["Content-Security-Policy"] for word in ("unsafe", "nonce", "http", "*"))
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(("path", "status"), ANSWERS)
def test_no_page_is_kept_by_a_shared_cache(site: CheckedClient, path: str, status: int) -> None:
    headers = site.get(path, expected=status).response.headers
    assert headers["Cache-Control"] in {"private, no-cache", "no-store"}
    assert [value.strip() for value in headers["Vary"].split(",")].count("Cookie") == 1


STRICT = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy")


def _lacking(answer: Answer) -> set[str]:
    """What a header lacks, or has that it should not: no other site is let in."""
    headers = answer.response.headers
    return {name for name in STRICT if name not in headers} | {name for name, _ in headers if "Access-Control" in name}


def test_files_and_refusals_of_every_kind_carry_it_too(
    client: CheckedClient, published: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a browser may be led to open by itself: a table, a mail, a text, a PDF, a picture, a style, an old page."""
    monkeypatch.setattr(pdf, "from_html", lambda *_args, **_options: b"%PDF-1.7")
    client.login(db.session.get_one(User, published.actor.id))
    board = client.get("/tableau-de-bord")
    assert not _lacking(client.get("/tableau-de-bord", 304, headers={"If-None-Match": board.response.headers["ETag"]}))
    kinds = set()
    for path in (
        "/tableau-de-bord/avancement.csv", "/lettres/1.txt", "/lettres/1.eml", "/lettres/1.pdf", "/lettres/1/courriel",
        "/mon-compte/donnees.json", "/healthz",
    ):  # fmt: skip
        answer = client.get(path)
        assert not _lacking(answer), path
        kinds.add(answer.response.mimetype)
    assert len(kinds) == 6
    for method, path, status in (
        ("GET", "/employeur/rien/0.css", 404), ("GET", "/employeur/rien/0.png", 404), ("GET", "/aide?q=%00", 400),
        ("POST", "/deconnexion", 400), ("POST", "/aide", 405), ("GET", "/moderation", 403), ("HEAD", "/aide", 200),
        ("OPTIONS", "/aide", 200), ("GET", "/reunions/", 404),
    ):  # fmt: skip
        answer = Answer(client.http.open(path, method=method))
        assert answer.status == status, path
        assert not _lacking(answer), path


def test_the_files_of_the_product_carry_it_too(site: CheckedClient) -> None:
    for path in ("/static/css/app.css", "/static/js/app.js", "/static/rien.css", "/static/", "/static/css"):
        with site.http.get(path) as served:
            assert not {name for name in STRICT if name not in served.headers}, path
            assert served.status_code == (200 if path.endswith(("app.css", "app.js")) else 404), path


def test_secure_transport_is_asked_for_only_where_it_is_used(site: CheckedClient) -> None:
    assert "Strict-Transport-Security" not in site.get("/aide").response.headers
    secure = site.http.get("/aide", base_url="https://localhost").headers
    assert secure["Strict-Transport-Security"] == "max-age=31536000"


def test_versioned_files_may_be_kept_for_a_year(site: CheckedClient) -> None:
    href = str(site.get("/aide").select("link[href*='css/app.css']")[0]["href"])
    with site.http.get(href) as served:
        assert "max-age=31536000" in served.headers["Cache-Control"]
        assert served.headers["X-Content-Type-Options"] == "nosniff"


def test_a_page_of_a_signed_in_person_is_private(site: CheckedClient) -> None:
    with write_transaction():
        factories.programme()
        user = factories.user()
    assert site.login(user).get("/").response.headers["Cache-Control"] == "private, no-cache"
    assert site.login(user, shared=True).get("/").response.headers["Cache-Control"] == "no-store"
