"""Where one may be sent after a login: this site, nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests import factories
from tests.client import CheckedClient
from tests.integration.test_auth import HASH, attempt
from tracker.models import User
from tracker.security.addresses import safe_path


@pytest.fixture
def agent(writing: Any) -> User:
    with writing():
        factories.programme()
        return factories.user(login="agente", password_hash=HASH)


ELSEWHERE = [
    "//evil.example", "///evil.example", "////evil.example", "\\\\evil.example", "/\\evil.example", "\\/evil.example",
    "https:evil.example", "https://evil.example", "http:///evil.example", "javascript:alert(1)", "data:text/html,x",
    "evil.example", "//[", "/\t/evil.example", "/\r\n/evil.example", "/\n", " //evil.example", "\x00/", "/\x85",
    "?suite=/", "//evil.example@localhost", "/aide\\..\\..", "ftp://x", "mailto:a@b.fr",
]  # fmt: skip


@pytest.mark.parametrize("target", ELSEWHERE)
def test_an_address_elsewhere_leads_home(client: CheckedClient, agent: User, target: str) -> None:
    assert attempt(client, suite=target).location == "/"
    refused = any(c in target for c in "\x00\x85")  # no page at all for what no browser sends
    answer = client.get("/connexion", expected=400 if refused else 302, query_string={"suite": target})
    assert answer.location == ("" if refused else "/")


@pytest.mark.parametrize(
    "raw",
    ["%0d%0aSet-Cookie:x=1", "/%0d%0aSet-Cookie:x=1", "/%09/evil.example", "%2f%2fevil.example", "/%5cevil.example"],
)
def test_an_encoded_address_elsewhere_leads_home(client: CheckedClient, agent: User, raw: str) -> None:
    client.login(agent)
    answer = client.get(f"/connexion?suite={raw}", expected=302)
    assert answer.location == "/"
    assert "x=1" not in str(answer.response.headers)


@pytest.mark.parametrize("target", ["/aide", "/propositions?q=télé&page=2", "/actions/3#points", "/a/%2f%2fb", "/"])
def test_an_address_of_this_site_is_kept(app: Flask, target: str) -> None:
    with app.test_request_context("/connexion"):
        assert safe_path(target) == target


@pytest.mark.parametrize("path", ["//aide", "/aide//", "/propositions//1", "/aide/", "//evil.example/aide", "/.//aide"])
def test_no_address_is_mended_towards_the_host_that_a_request_names(app: Flask, path: str) -> None:
    environ = {"PATH_INFO": path, "HTTP_HOST": "evil.example"}
    answer = app.test_client().get("/", environ_overrides=environ)
    assert (answer.status_code, answer.headers.get("Location")) in {(200, None), (404, None)}


def test_under_a_prefix_addresses_keep_it_and_others_lead_home(app: Flask) -> None:
    with app.test_request_context("/connexion", environ_overrides={"SCRIPT_NAME": "/suivi"}):
        assert safe_path("/suivi/aide") == "/suivi/aide"
        assert safe_path("/autre/aide") == "/suivi/"
        assert safe_path("/suivi-bis/aide") == "/suivi/"
    answer = app.test_client().get("/compte/mot-de-passe", environ_overrides={"SCRIPT_NAME": "/suivi"})
    assert answer.headers["Location"] == "/suivi/connexion?suite=/suivi/compte/mot-de-passe"
