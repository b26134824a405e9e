"""The password of a directory (LDAP), against a server in a process of its own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests import directory_server, factories
from tests.client import CheckedClient
from tests.directory_server import BASE, ELSEWHERE, PASSWORDS, Served
from tracker.extensions import db, end_transaction
from tracker.identity import Away, directory
from tracker.models import LoginFailure, Matricule, User, UserSession
from tracker.providers import Directory
from tracker.services import accounts

# ldap3's last release speaks to pyasn1 by names that the latter has changed; it still answers to them
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")
LOCAL = "quatre mots sans rapport"
CLAIRE = PASSWORDS["cmartin"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with directory_server.running(tmp_path_factory.mktemp("directory")) as found:
        yield found


def asked(served: Served, **changes: Any) -> Directory:
    values = {
        "url": f"ldaps://127.0.0.1:{served.tls_port}", "user": f"uid={{login}},{BASE}", "base": BASE,
        "attribute": "uid", "match": "login", "ca_file": served.certificate, **changes,
    }  # fmt: skip
    return Directory(**values)


@pytest.fixture
def configure(app: Flask, served: Served, monkeypatch: pytest.MonkeyPatch) -> Any:
    def change(**changes: Any) -> None:
        monkeypatch.setitem(app.config, "DIRECTORY", asked(served, **changes))

    change()
    return change


@pytest.fixture
def claire(writing: Any) -> User:
    with writing():
        project = factories.programme()
        person = factories.user(
            programme=project, login="cmartin", email="claire@exemple.fr", first_name="Claire", last_name="Martin",
            password_hash=accounts.hash_password(LOCAL),
        )  # fmt: skip
        factories.add(Matricule(entity_id=project.entities[0].id, number="A042", user_id=person.id))
        return person


def login(client: CheckedClient, login: str, password: str, expected: int = 303) -> None:
    client.post("/connexion", {"login": login, "password": password}, expected=expected)


def who_entered() -> list[int]:
    end_transaction(commit=False)
    return list(db.session.scalars(select(UserSession.user_id)))


@pytest.mark.parametrize(
    "mapping",
    [
        {"attribute": "uid", "match": "login"},
        {"attribute": "mail", "match": "email"},
        {"attribute": "employeeNumber", "match": "matricule"},
        {"user": "{login}@exemple.local", "attribute": "employeenumber", "match": "matricule"},
    ],
    ids=str,
)
def test_the_password_of_the_directory_opens_the_account_of_the_register(
    client: CheckedClient, configure: Any, claire: User, mapping: dict[str, str]
) -> None:
    configure(**mapping)
    login(client, "cmartin", CLAIRE)
    client.get("/actions")
    assert who_entered() == [claire.id]


def test_the_password_of_this_tool_still_opens_it(client: CheckedClient, configure: Any, claire: User) -> None:
    login(client, "claire@exemple.fr", LOCAL)
    assert who_entered() == [claire.id]


@pytest.mark.parametrize(("name", "password"), [("cmartin", "faux"), ("dupont", CLAIRE), ("nobody", CLAIRE)])
def test_a_wrong_password_is_refused_and_counted(
    client: CheckedClient, configure: Any, claire: User, name: str, password: str
) -> None:
    login(client, name, password, 422)
    assert who_entered() == []
    assert db.session.scalars(select(LoginFailure.id)).all()


def test_somebody_of_the_directory_who_is_not_in_the_register_is_refused(
    client: CheckedClient, configure: Any, claire: User
) -> None:
    login(client, "dupont", PASSWORDS["dupont"], 422)
    assert who_entered() == []


def test_a_deactivated_person_is_refused(client: CheckedClient, configure: Any, claire: User, writing: Any) -> None:
    with writing():
        db.session.get_one(User, claire.id).is_active = False
    login(client, "cmartin", CLAIRE, 422)
    assert who_entered() == []


def test_a_name_without_password_is_never_asked_of_the_directory(served: Served) -> None:
    before = served.binds()
    for password in ("", "\0"):
        assert directory.ask(asked(served), "cmartin", password) == ""
    assert served.binds() == before, "the server would have said yes"


@pytest.mark.parametrize("name", ["*", "cmartin)(uid=*", "cmartin,ou=agents", "cmartin\\2c", "a=b", " cmartin", "x\0"])
@pytest.mark.parametrize("user", ["uid={login}," + BASE, "{login}@exemple.local"])
def test_a_login_that_is_none_is_never_asked_of_the_directory(served: Served, name: str, user: str) -> None:
    before = served.binds()
    assert directory.ask(asked(served, user=user), name, CLAIRE) == ""
    assert served.binds() == before


def test_an_apostrophe_in_a_login_is_a_letter_like_another(served: Served) -> None:
    assert directory.ask(asked(served), "d'arc", PASSWORDS["d'arc"]) == "d'arc"


def test_elsewhere_than_on_this_machine_no_password_travels_before_starttls(served: Served) -> None:
    found = asked(served, url=f"ldap://{ELSEWHERE}:{served.clear_port}")
    assert directory.ask(found, "cmartin", CLAIRE) == "cmartin"
    assert served.binds()[-1] == f"uid=cmartin,{BASE} tls"


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_a_directory_whose_certificate_is_not_believed_is_told_no_password(served: Served, scheme: str) -> None:
    port = served.clear_port if scheme == "ldap" else served.tls_port
    before = served.binds()
    with pytest.raises(Away):
        directory.ask(asked(served, url=f"{scheme}://{ELSEWHERE}:{port}", ca_file=""), "cmartin", CLAIRE)
    assert served.binds() == before


def test_a_directory_that_is_away_leaves_the_password_of_this_tool(
    client: CheckedClient, configure: Any, claire: User
) -> None:
    configure(url="ldaps://127.0.0.1:1")
    login(client, "cmartin", CLAIRE, 422)
    login(client, "cmartin", LOCAL)
    assert who_entered() == [claire.id]


def test_a_directory_that_says_nothing_is_not_waited_for(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "TIMEOUT", 1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(Away):
            directory.ask(asked(served, url=f"ldap://127.0.0.1:{silent.getsockname()[1]}"), "cmartin", CLAIRE)


def test_the_directory_is_asked_outside_any_transaction(
    client: CheckedClient, configure: Any, claire: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*_args: Any) -> str:
        assert not db.session().in_transaction()
        return "cmartin"

    monkeypatch.setattr(directory, "ask", ask)
    login(client, "cmartin", CLAIRE)
    assert who_entered() == [claire.id]
