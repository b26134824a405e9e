"""A refused write loses nothing that was typed, and gives nothing to anybody else (design 4.12)."""

from __future__ import annotations

import io
from typing import Any

import pytest
import wtforms
from sqlalchemy import func, select

from tests import factories
from tests.client import Answer, CheckedClient
from tests.conftest import Clock
from tests.integration.test_auth import HASH, PASSWORD, attempt
from tracker.extensions import db, end_transaction
from tracker.forms import BaseForm
from tracker.models import Setting, User, UserSession
from tracker.security.resume import is_secret

OWN = {"Origin": "http://localhost"}
TEXT = "Une idée assez longue pour être montrée, et relue,\navant d'être envoyée de nouveau."


@pytest.fixture
def client(trial: Any) -> CheckedClient:
    """A visitor of the trial application, whose `/essai/note` keeps what it is sent."""
    return CheckedClient(trial())


@pytest.fixture
def agent(client: CheckedClient) -> User:
    from tracker.extensions import write_transaction

    with write_transaction():
        factories.programme()
        factories.user(login="collegue", password_hash=HASH, first_name="Colette")
        return factories.user(login="agente", password_hash=HASH, first_name="Agathe")


def send(
    client: CheckedClient, expected: int, *, token: str = "", headers: dict[str, str] | None = None, **more: Any
) -> Answer:
    fields = {"cle": "idee", "texte": TEXT, "csrf_token": token, **more}
    return client._open("POST", "/essai/note?q=1", expected, data=fields, headers=OWN if headers is None else headers)


def kept(answer: Answer) -> dict[str, str]:
    """The fields of the page's resume form, as a browser would send them."""
    form = answer.select("form.resume")[0]
    fields = {str(i["name"]): str(i.get("value", "")) for i in form.find_all("input") if i.get("type") != "checkbox"}
    for area in form.find_all("textarea"):
        fields[str(area["name"])] = area.get_text().replace("\r\n", "\n").removeprefix("\n").replace("\n", "\r\n")
    return fields


def written() -> int:
    end_transaction(commit=False)
    return db.session.scalar(select(func.count()).select_from(Setting)) or 0


def test_a_bad_token_changes_nothing_and_one_button_resumes(client: CheckedClient, agent: User) -> None:
    client.login(agent)
    answer = send(client, 400, token="périmé")
    assert written() == 0
    assert "un clic l'envoie" in answer
    form = answer.select("form.resume")[0]
    assert form["action"] == "/essai/note?q=1"
    fields = kept(answer)
    assert (fields["cle"], fields["texte"]) == ("idee", TEXT.replace("\n", "\r\n"))
    client._open("POST", str(form["action"]), 303, data=fields)
    assert written() == 1


def test_an_ended_visit_resumes_after_the_same_account_logs_in(
    client: CheckedClient, agent: User, clock: Clock
) -> None:
    client.user_name = agent.name
    attempt(client, shared="1")
    token = client.csrf_token()
    clock.advance(minutes=16)
    answer = send(client, 401, token=token)
    assert "rien de ce que vous avez écrit n'est perdu" in answer
    fields = kept(answer) | {"_resume_login": "agente", "_resume_password": PASSWORD, "_resume_shared": "1"}
    back = client._open("POST", "/reprise", 200, data=fields)
    assert "Vous êtes de nouveau là" in back
    assert written() == 0
    form = back.select("form.resume")[0]
    again = kept(back)
    assert not [name for name in again if name.startswith("_resume_")]
    client._open("POST", str(form["action"]), 303, data=again)
    assert written() == 1
    end_transaction(commit=False)
    assert db.session.scalars(select(UserSession.shared).order_by(UserSession.id)).all() == [True, True]


def test_a_wrong_password_there_keeps_everything(client: CheckedClient, agent: User, clock: Clock) -> None:
    attempt(client, shared="1")
    clock.advance(minutes=16)
    answer = send(client, 401)
    fields = kept(answer) | {"_resume_login": "agente", "_resume_password": "faux"}
    again = client._open("POST", "/reprise", 401, data=fields)
    assert "le mot de passe est faux" in again
    assert kept(again)["texte"] == TEXT.replace("\n", "\r\n")
    assert kept(again)["_resume_target"] == "/essai/note?q=1"
    assert "faux" not in str(again.select("form.resume")[0])


def test_anybody_else_who_logs_in_there_gets_nothing_of_it(client: CheckedClient, agent: User, clock: Clock) -> None:
    attempt(client, shared="1")
    clock.advance(minutes=16)
    fields = kept(send(client, 401)) | {"_resume_login": "collegue", "_resume_password": PASSWORD}
    answer = client._open("POST", "/reprise", 401, data=fields)
    assert "pas le compte de tout à l'heure" in answer
    client.get("/", expected=302)
    attempt(client, "collegue")
    client.user_name = "Colette"
    assert TEXT.split("\n")[0] not in client.get("/").text


def test_a_page_of_another_account_is_not_sent_under_this_one(client: CheckedClient, agent: User) -> None:
    attempt(client, "agente")
    token = client.csrf_token()
    attempt(client, "collegue")
    answer = send(client, 400, token=token)
    assert "un autre compte" in answer
    assert TEXT.split("\n")[0] not in answer.text
    assert "csrf_token" not in answer.text
    assert written() == 0


def test_nor_after_that_other_account_s_visit_has_ended(client: CheckedClient, agent: User, clock: Clock) -> None:
    attempt(client, "agente", shared="1")
    token = client.csrf_token()
    attempt(client, "collegue", shared="1")
    clock.advance(minutes=16)
    answer = send(client, 400, token=token)
    assert "un autre compte" in answer
    assert TEXT.split("\n")[0] not in answer.text


def test_another_visit_of_the_same_account_may_send_it(client: CheckedClient, agent: User) -> None:
    attempt(client)
    token = client.csrf_token()
    attempt(client)
    answer = send(client, 400, token=token)
    client._open("POST", "/essai/note", 303, data=kept(answer))


def test_after_logging_out_the_text_may_only_be_copied(client: CheckedClient, agent: User) -> None:
    attempt(client)
    token = client.csrf_token()
    client.post("/deconnexion")
    answer = send(client, 401, token=token)
    area = answer.select("textarea")[0]
    assert area.has_attr("readonly")
    assert area.get_text().strip().replace("\r\n", "\n") == TEXT
    assert not answer.select("form.resume")


ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://["},
    {"Origin": "localhost"},
    {"Origin": "http://localhost:81"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Referer": "https://evil.example/http://localhost/"},
    {"Referer": "http://["},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin", "Referer": "http://localhost/"},
    {"Sec-Fetch-Site": "cross-site", "Referer": "http://localhost/"},
    {},
]  # fmt: skip


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
@pytest.mark.parametrize("signed_in", [True, False])
def test_a_post_from_elsewhere_gets_neither_fields_nor_token(
    client: CheckedClient, agent: User, headers: dict[str, str], signed_in: bool
) -> None:
    if signed_in:
        client.login(agent)
    answer = send(client, 400, headers=headers)
    assert "ne vient pas d'une page de cet outil" in answer
    assert "csrf_token" not in answer.text
    assert TEXT.split("\n")[0] not in answer.text
    assert not answer.select("form[method=post]")
    assert written() == 0


OURS = [
    {"Origin": "http://localhost"},
    {"Origin": "HTTP://LocalHost"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Referer": "http://localhost/propositions/nouvelle?x=1"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://127.0.0.1:8000"},
]  # fmt: skip


@pytest.mark.parametrize("headers", OURS, ids=str)
def test_our_own_pages_are_known_by_origin_then_fetch_site_then_referer(
    client: CheckedClient, agent: User, headers: dict[str, str]
) -> None:
    """The last one is TRACKER_BASE_URL: behind a proxy, the server may not see the address that people type."""
    client.login(agent)
    assert kept(send(client, 400, headers=headers))["cle"] == "idee"


def test_passwords_codes_and_files_are_never_carried(client: CheckedClient, agent: User) -> None:
    client.login(agent)
    secrets = {
        "password": "s3cret-1", "new_password": "s3cret-2", "Mot-de-passe": "s3cret-3", "activation_code": "s3cret-4",
        "jeton": "s3cret-5",
    }  # fmt: skip
    answer = send(client, 400, **secrets, piece=(io.BytesIO(b"s3cret-6"), "s3cret-7.txt"))
    assert "s3cret" not in answer.text
    assert "joindre de nouveau" in answer
    assert kept(answer)["cle"] == "idee"


@pytest.mark.parametrize(
    ("name", "secret"),
    [("password", True), ("csrf_token", True), ("x-csrf_token", True), ("code", True), ("codex", False),
     ("postcode", False), ("motive", False), ("passage", False), ("login", False), ("texte", False)],
)  # fmt: skip
def test_a_secret_is_known_by_a_word_of_its_name(name: str, secret: bool) -> None:
    assert is_secret(name) is secret


def test_every_secret_field_of_a_form_has_such_a_name_and_no_other_field_has() -> None:
    import tracker.views  # noqa: F401 - loads every form

    waiting, fields = list(BaseForm.__subclasses__()), []
    for form in waiting:
        waiting += form.__subclasses__()
        fields += [(name, f.field_class) for name, f in vars(form).items() if hasattr(f, "field_class")]
    assert len(fields) > 10
    for name, kind in fields:
        # codes that serve once are typed in clear
        assert is_secret(name) == (issubclass(kind, wtforms.PasswordField) or name == "code"), name


def test_every_value_is_carried_in_order_multiple_ones_too(client: CheckedClient, agent: User) -> None:
    client.login(agent)
    answer = send(client, 400, choix=["b", "a"], vide="")
    inputs = [(i["name"], i.get("value")) for i in answer.select("form.resume input[type=hidden]")]
    assert [value for name, value in inputs if name == "choix"] == ["b", "a"]
    assert ("vide", "") in inputs


def test_strange_texts_are_carried_as_texts(client: CheckedClient, agent: User) -> None:
    client.login(agent)
    nasty = '"><script>alert(1)</script>\n</textarea><b>&amp; \x00\x0b\x7f é œ 👩‍🚒'
    answer = send(client, 400, texte=nasty)
    assert not answer.select("form.resume script")
    expected = nasty.replace("\x00\x0b\x7f", "").replace("\n", "\r\n")
    assert kept(answer)["texte"] == expected


def test_a_first_line_break_is_not_lost(client: CheckedClient, agent: User) -> None:
    client.login(agent)
    assert kept(send(client, 400, texte="\nAprès une ligne vide"))["texte"] == "\r\nAprès une ligne vide"


def test_a_page_that_carries_texts_is_kept_by_no_cache(client: CheckedClient, agent: User) -> None:
    client.login(agent)
    assert send(client, 400).response.headers["Cache-Control"] == "no-store"


def test_the_page_works_without_script_and_says_which_device(client: CheckedClient, agent: User, clock: Clock) -> None:
    attempt(client, shared="1")
    clock.advance(minutes=16)
    answer = send(client, 401)
    assert answer.select("form.resume button[type=submit]")
    assert answer.select("form.resume input[name=_resume_shared]")[0].has_attr("checked")


def test_a_stale_resume_form_leads_to_what_was_first_wanted(client: CheckedClient, agent: User, clock: Clock) -> None:
    attempt(client, shared="1")
    clock.advance(minutes=16)
    fields = kept(send(client, 401)) | {"_resume_login": "agente", "_resume_password": PASSWORD}
    attempt(client, shared="1")  # in another tab, meanwhile
    answer = client._open("POST", "/reprise", 400, data=fields, headers=OWN)
    form = answer.select("form.resume")[0]
    assert form["action"] == "/essai/note?q=1"
    client._open("POST", str(form["action"]), 303, data=kept(answer))
    assert written() == 1


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "///evil.example"])
def test_what_was_typed_is_never_posted_elsewhere(
    client: CheckedClient, agent: User, clock: Clock, target: str
) -> None:
    attempt(client, shared="1")
    clock.advance(minutes=16)
    fields = kept(send(client, 401)) | {
        "_resume_login": "agente", "_resume_password": PASSWORD, "_resume_target": target,
    }  # fmt: skip
    answer = client._open("POST", "/reprise", 200, data=fields)
    assert answer.select("form.resume")[0]["action"] == "/"


def test_guesses_there_are_throttled_too(client: CheckedClient, agent: User, clock: Clock) -> None:
    attempt(client, shared="1")
    clock.advance(minutes=16)
    fields = kept(send(client, 401)) | {"_resume_login": "agente", "_resume_password": "faux"}
    for _ in range(8):
        client._open("POST", "/reprise", 401, data=fields)
    answer = client._open("POST", "/reprise", 401, data=fields | {"_resume_password": PASSWORD})
    assert "Trop d'essais" in answer
    assert kept(answer)["cle"] == "idee"


def test_under_a_prefix_the_text_goes_back_under_it(client: CheckedClient, agent: User) -> None:
    client.login(agent)
    fields = {"cle": "x", "csrf_token": "périmé"}
    answer = client._open(
        "POST", "/essai/note?q=1", 400, data=fields, headers=OWN, environ_overrides={"SCRIPT_NAME": "/suivi"}
    )
    assert answer.select("form.resume")[0]["action"] == "/suivi/essai/note?q=1"


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"login": "a", "password": "b"}', b"[[1]]", b"nul"])
def test_json_is_no_form_of_ours_however_deep(client: CheckedClient, agent: User, body: bytes) -> None:
    """With the token of our own pages in the header where scripts put it."""
    person = CheckedClient(client.app).login(agent)
    for who, path in ((client, "/connexion"), (person, "/compte/mot-de-passe")):
        headers = {"X-CSRFToken": who.csrf_token(), **OWN}
        who._open("POST", path, 422, data=body, content_type="application/json", headers=headers)
