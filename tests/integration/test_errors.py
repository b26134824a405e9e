"""Refusals and failures: the right status, our own layout, and what to do next; never a bare 500."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy.exc
from flask import Flask, g
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from tests import databases, factories
from tests.client import Answer, CheckedClient
from tests.effort import cases, share
from tests.integration.test_auth import HASH, PASSWORD, attempt
from tests.integration.test_resume import OWN, TEXT, kept
from tracker.enums import Role
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Setting, User

CODES = {
    400: "Demande incomprise",
    401: "Connexion nécessaire",
    403: "Page réservée",
    404: "Page introuvable",
    405: "Action impossible ici",
    409: "Ce n'est plus possible",
    413: "Envoi trop lourd",
    422: "À corriger",
    429: "Trop d'essais",
    500: "Quelque chose n'a pas marché",
    503: "Un instant",
}
VERBS = ("revenez", "connectez-vous", "demandez", "vérifiez", "rechargez", "attendez", "recommencez", "utilisez")


@pytest.fixture
def site(trial: Any) -> CheckedClient:
    return CheckedClient(trial())


@pytest.fixture
def agent(site: CheckedClient) -> User:
    with write_transaction():
        factories.programme()
        user = factories.user(login="agente", password_hash=HASH)
    site.login(user)
    return user


def is_ours(answer: Answer, heading: str) -> None:
    assert answer.select("h1")[0].get_text() == heading
    assert answer.select("link[href*='css/app.css']")
    assert answer.select(".site-header")
    assert answer.select("a[href='/']")
    assert any(verb in answer.words.lower() for verb in VERBS), "it does not say what to do"


def written() -> int:
    end_transaction(commit=False)
    return db.session.scalar(select(func.count()).select_from(Setting)) or 0


@pytest.mark.parametrize(("code", "heading"), CODES.items())
@pytest.mark.parametrize("signed_in", [True, False])
def test_each_refusal_has_its_status_our_layout_and_what_to_do(
    site: CheckedClient, code: int, heading: str, signed_in: bool
) -> None:
    if signed_in:
        with write_transaction():
            user = factories.user()
        site.login(user)
    answer = site.get(f"/essai/refus/{code}", expected=code)
    is_ours(answer, heading)
    assert ("Retry-After" in answer.response.headers) == (code == 503)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [(403, "Réservé au comité."), (409, "Quelqu'un a répondu avant vous."), (422, "Date impossible.")],
)
def test_a_refusal_says_its_own_sentence(site: CheckedClient, code: int, sentence: str) -> None:
    assert sentence in site.get(f"/essai/refus/{code}?phrase=1", expected=code)


def test_the_library_s_english_is_never_shown(site: CheckedClient, agent: User) -> None:
    answer = site.post("/essai/note", {}, expected=400)
    assert "browser" not in answer.text
    is_ours(answer, CODES[400])


def test_a_refused_form_of_ours_can_be_sent_again(site: CheckedClient, agent: User) -> None:
    fields = kept(site.post("/essai/refus/409", {"texte": TEXT}, expected=409))
    assert fields["texte"] == TEXT.replace("\n", "\r\n")


def test_a_form_that_is_not_ours_is_not_shown(site: CheckedClient, agent: User) -> None:
    answer = site._open("POST", "/rien-ici", 404, data={"texte": TEXT}, headers={"Origin": "https://evil.example"})
    assert TEXT.split("\n")[0] not in answer.text
    assert not answer.select("form.resume")


def test_json_is_answered_with_json(site: CheckedClient) -> None:
    for code in (404, 422, 503):
        answer = site.get(f"/essai/refus/{code}", expected=code, headers={"Accept": "application/json"})
        assert set(answer.json) == {"error"}


def test_an_address_without_mark_is_closed(site: CheckedClient, agent: User) -> None:
    site.get("/essai/sans-marque", expected=403)
    with write_transaction():
        boss = factories.user(Role.ADMIN, Role.STEERING)
    site.login(boss).get("/essai/sans-marque", expected=403)
    CheckedClient(site.app).get("/essai/sans-marque", expected=403)


def test_a_method_not_allowed_names_those_that_are(site: CheckedClient, agent: User) -> None:
    answer = site.get("/essai/note", expected=405)
    assert "POST" in answer.response.headers["Allow"]
    site._open("DELETE", "/aide", 405)
    site._open("TRACE", "/aide", 405)


# --- Failures ----------------------------------------------------------------------------------------------


def test_an_unexpected_error_has_a_page_and_keeps_nothing(
    site: CheckedClient, agent: User, caplog: pytest.LogCaptureFixture
) -> None:
    is_ours(site.get("/essai/casse", expected=500), CODES[500])
    answer = site.post("/essai/note?statut=500", {"cle": "a", "texte": TEXT}, expected=500)
    assert written() == 0
    assert answer.select("textarea[readonly]")[0].get_text().strip().replace("\r\n", "\n") == TEXT
    assert "broken on purpose" not in answer.text
    assert caplog.text.count("Traceback") == 2, "each failure is logged once, with its trace"


def test_in_test_mode_failures_show_their_trace(trial: Any) -> None:
    app = trial(mode="test", config={"TESTING": True})
    with pytest.raises(RuntimeError, match="broken on purpose"):
        app.test_client().get("/essai/casse")


@pytest.fixture
def _away(site: CheckedClient, agent: User) -> Any:
    """The database is where nobody can open it any more."""
    end_transaction(commit=False)
    databases.let_go(site.app)
    with site.app.config["BASE"].away():
        yield


@pytest.mark.usefixtures("_away")
@pytest.mark.parametrize("path", ["/", "/connexion", "/aide", "/rien-ici", "/compte/mot-de-passe", "/essai/casse"])
def test_without_database_each_page_says_to_wait(site: CheckedClient, path: str) -> None:
    answer = site.get(path, expected=500 if "casse" in path else 503)
    is_ours(answer, CODES[answer.status])
    if answer.status == 503:
        assert answer.response.headers["Retry-After"] == "30"


@pytest.mark.usefixtures("_away")
def test_without_database_what_was_typed_is_not_lost(site: CheckedClient) -> None:
    answer = site.post("/essai/note", {"cle": "a", "texte": TEXT}, expected=503, headers=OWN)
    assert kept(answer)["texte"] == TEXT.replace("\n", "\r\n")
    assert answer.response.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("_away")
def test_without_database_health_says_so(site: CheckedClient) -> None:
    answer = site.get("/healthz", expected=503)
    assert answer.json == {"status": "unavailable"}


def test_health_says_the_revision_and_asks_who_nobody_is(site: CheckedClient, agent: User, count_sql: Any) -> None:
    answer = site.get("/healthz")
    assert answer.json["schema"] == "0001" or answer.json["schema"]


@pytest.mark.usefixtures("_away")
def test_failure_pages_ask_neither_the_database_nor_who_reads(site: CheckedClient, monkeypatch: Any) -> None:
    asked: list[str] = []
    monkeypatch.setattr("tracker.queries.people.actor_of_session", lambda *_a, **_k: asked.append("who"))
    from tracker.views.errors import _static_page

    for code in (500, 503):
        with site.app.test_request_context("/"):
            g.pop("_login_user", None)
            assert _static_page(code).status_code == code
    assert not asked


def test_a_failing_commit_becomes_the_503_page_before_anything_is_said(site: CheckedClient, agent: User) -> None:
    def full(_connection: Any) -> None:
        raise sqlalchemy.exc.OperationalError("COMMIT", {}, Exception("database or disk is full"))

    event.listen(db.engine, "commit", full)
    try:
        answer = site.post("/essai/note", {"cle": "a", "texte": TEXT}, expected=503)
    finally:
        event.remove(db.engine, "commit", full)
    is_ours(answer, CODES[503])
    assert answer.response.headers["Retry-After"] == "30"
    assert "Rien n'a été enregistré" in answer
    assert written() == 0
    form = answer.select("form.resume")[0]
    site._open("POST", str(form["action"]), 303, data=kept(answer))
    assert written() == 1


def test_a_commit_refused_by_a_rule_of_the_database_is_a_503_too(site: CheckedClient, agent: User) -> None:
    site.post("/essai/note?statut=303", {"cle": "a"})
    answer = site.post("/essai/note?statut=303", {"cle": "a"}, expected=503)  # flushed by the commit alone
    assert "Retry-After" in answer.response.headers
    assert written() == 1


def test_a_login_that_cannot_be_written_opens_nothing_and_keeps_the_cookie(site: CheckedClient, agent: User) -> None:
    with site.http.session_transaction() as cookie:
        before = cookie["_user_id"]

    def full(_connection: Any) -> None:
        raise sqlalchemy.exc.OperationalError("COMMIT", {}, Exception("disk I/O error"))

    event.listen(db.engine, "commit", full)
    try:
        answer = attempt(site, expected=503)
        site.post("/deconnexion", expected=503)
    finally:
        event.remove(db.engine, "commit", full)
    assert PASSWORD not in answer.text
    with site.http.session_transaction() as cookie:
        assert cookie["_user_id"] == before
    site.get("/")


def test_no_log_line_holds_what_a_person_wrote(
    site: CheckedClient, agent: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    site.post("/essai/note", {"cle": "a", "texte": "très secret"})
    site.post("/essai/note?statut=500", {"cle": "a", "texte": "très secret"}, expected=500)
    site.post("/essai/note", {"cle": "a", "texte": "très secret"}, expected=503)
    assert caplog.text
    assert "très secret" not in caplog.text


# --- Broken requests ---------------------------------------------------------------------------------------

PATHS = [
    "/%00", "/propositions/%00", "/propositions/%ff%fe", "/%c3%28", "/connexion/", "//", "//evil.example/%2e%2e",
    "/propositions/99999999999999999999", "/propositions/" + "9" * 5000, "/propositions/-1", "/propositions/1.5",
    "/propositions/%D9%A3", "/actions/" + "9" * 19, "/lettres/" + "9" * 40, "/reunions/9223372036854775808",
    "/groupes/" + "x" * 3000, "/groupes/%00", "/groupes/..%2f..%2fetc", "/static/%00", "/static/../../etc/passwd",
    "/static/%2e%2e/config.py", "/%0d%0aX:1", "/" + "a" * 20_000, "/%EF%BF%BE", "/\u00e9t\u00e9", "/.env",
    "/propositions/1;x",
]  # fmt: skip
QUERIES = [
    "%", "%00", "q=%00", "q=%ff%fe", "q=%zz", "=", "&&&", "page=99999999999999999999999", "page=-1", "page=%D9%A3",
    "projet=%00", "projet=" + "x" * 5000, "au=2017-13-45", "au=99999-01-01", "au=0000-00-00", "theme[]=1",
    "a=" + "9" * 30_000,
    "_external=1&_scheme=javascript", "_anchor=x", "endpoint=x", "_method=POST", "values=1", "suite=//[",
    "suite=%0d%0a",
    "q=%EF%BF%BF", "q=%C2%85", "&".join(f"a{i}=1" for i in range(3000)), "page=1&page=2", "number=3", "slug=x",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p[:30])
@pytest.mark.parametrize("signed_in", [True, False])
def test_a_broken_path_is_never_a_failure(client: CheckedClient, writing: Any, path: str, signed_in: bool) -> None:
    """In test mode: a failure would show its trace."""
    with writing():
        factories.programme()
        user = factories.user(Role.ADMIN, Role.STEERING, Role.EDITOR, Role.MODERATOR, Role.REVIEWER)
    if signed_in:
        client.login(user)
    status = client.http.get(path).status_code
    assert status in {200, 302, 308, 400, 404}


def listed(app: Flask) -> list[str]:
    """Every address that takes no number."""
    return sorted(
        {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments}
    )


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: q[:30])
def test_a_broken_query_is_never_a_failure(client: CheckedClient, writing: Any, query: str) -> None:
    with writing():
        project = factories.programme()
        factories.proposal(project)
        user = factories.user(Role.ADMIN, Role.STEERING, Role.EDITOR, Role.MODERATOR, Role.REVIEWER)
    client.login(user)
    for path in share(listed(client.app), QUERIES.index(query), one_in=3):
        response = client.http.get(f"{path}?{query}")
        assert response.status_code in {200, 302, 303, 400, 404, 422}, f"{path}?{query[:60]}"
        assert "javascript://" not in response.get_data(as_text=True)


BODIES = [
    ("application/json", b'{"login": "a"}'),
    ("application/json", b"\xff{"),
    ("text/plain", b"login=a"),
    ("", b"login=a"),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=x", b"--x\r\nnot a part"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\nx\r\n--x--'),
    ("multipart/form-data; boundary=\xff", b"--x"),
    ("application/x-www-form-urlencoded; charset=rot13", b"login=%ff&password=%00&csrf_token=%zz"),
    ("application/x-www-form-urlencoded", b"\x00\xff=&&=%"),
    ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % i for i in range(5000))),
    ("x" * 3000, b""),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body"), BODIES, ids=lambda x: str(x)[:30])
@pytest.mark.parametrize("headers", [OWN, {}])
def test_a_broken_body_is_never_a_failure(
    site: CheckedClient, agent: User, kind: str, body: bytes, headers: Any
) -> None:
    for path in ("/connexion", "/compte/mot-de-passe", "/reprise", "/deconnexion", "/essai/note", "/rien"):
        answer = site.http.post(path, data=body, content_type=kind, headers=headers)
        assert answer.status_code in {400, 401, 404, 413, 415, 422}


def test_broken_headers_are_never_a_failure(site: CheckedClient, agent: User) -> None:
    for name, value in (
        ("Accept-Language", "\xff;q=x,,,"), ("Accept", ";;;q=9"), ("If-None-Match", '"'), ("Host", "["),
        ("Host", "a b"), ("Host", "x" * 64), ("Host", "\xff"), ("Host", "a..b"),
        ("Host", "evil.example:99999"), ("Host", ""), ("Cookie", "tracker=\xff\x00; ;;=="), ("Range", "bytes=x"),
        ("Referer", "http://["),
        ("X-Forwarded-For", "x"), ("Content-Length", "-1"), ("Content-Length", "x"), ("Authorization", "Basic é"),
        ("If-Modified-Since", "hier"), ("X-CSRFToken", "x"),
    ):  # fmt: skip
        for path in ("/", "/aide", "/connexion", "/rien"):
            status = site.http.get(path, headers={name: value.encode("latin-1").decode("latin-1")}).status_code
            assert status in {200, 302, 304, 400, 404}, (name, value, path)


def test_a_host_that_is_none_is_refused_with_a_page(site: CheckedClient) -> None:
    is_ours(site.get("/aide", expected=400, headers={"Host": "x" * 64}), CODES[400])


@pytest.mark.parametrize("query", ["q=\xe9", "\x80", "q=\xff\xfe&page=1"])
def test_bytes_that_no_browser_leaves_in_a_query_are_read_as_if_quoted(site: CheckedClient, query: str) -> None:
    for path in ("/aide", "/connexion", "/", "/rien"):
        raw = site.http.get(path, environ_overrides={"QUERY_STRING": query})
        quoted = site.http.get(f"{path}?{quote(query, safe='=&', encoding='latin-1')}")
        assert (raw.status_code, raw.location) == (quoted.status_code, quoted.location), path


def test_too_large_a_body_is_refused_with_a_page(site: CheckedClient, agent: User) -> None:
    token = site.csrf_token().encode()
    field = b'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n' + token + b"\r\n"
    part = b'--x\r\nContent-Disposition: form-data; name="piece"; filename="x.bin"\r\n\r\n' + b"x" * 9 * 2**20
    for kind, body in (
        ("application/x-www-form-urlencoded", b"csrf_token=" + token + b"&texte=" + b"%C3%A9" * 1_500_000),
        ("multipart/form-data; boundary=x", field + part + b"\r\n--x--"),
    ):
        answer = site._open("POST", "/essai/note", 413, data=body, content_type=kind, headers=OWN)
        is_ours(answer, CODES[413])
        assert "dans la page précédente" in answer


@cases(20, 500)
@given(
    query=st.dictionaries(
        st.sampled_from(["q", "page", "projet", "theme", "etat", "tri", "au", "suite"]), st.text(max_size=40)
    )
)
def test_any_query_gets_an_answer(client: CheckedClient, query: dict[str, str]) -> None:
    for path in ("/connexion", "/aide", "/propositions"):
        assert client.http.get(path, query_string=query).status_code in {200, 302, 400, 404}


def test_arguments_of_the_address_never_order_links_about(app: Flask) -> None:
    from tracker.views.frame import with_args

    address = "/aide?_external=1&_scheme=javascript&_anchor=x&endpoint=y&number=3&q=a%26b&page=4&_method=X"
    with app.test_request_context(address, environ_overrides={"SCRIPT_NAME": "/suivi"}):
        assert with_args(page=2) == (
            "/suivi/aide?_external=1&_scheme=javascript&_anchor=x&endpoint=y&number=3&q=a%26b&_method=X&page=2"
        )
        assert with_args(q=None, number="").endswith("endpoint=y&_method=X")
