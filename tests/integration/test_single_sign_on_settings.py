"""What the manager chooses for the single sign-on."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests import factories
from tests.client import CheckedClient
from tests.integration.sign_on_scene import ENTER, arrive, bound
from tests.openid_provider import Provider
from tracker.enums import Role
from tracker.extensions import db, end_transaction
from tracker.models import Setting, User
from tracker.queries import checks

SETTINGS = "/reglages/connexion-unique"


@pytest.fixture
def manager(writing: Any, client: CheckedClient, claire: User) -> CheckedClient:
    with writing():
        factories.entity(slug="agglo", name="Agglo")
        boss = factories.user(Role.ADMIN, login="gestion")
    return client.login(boss)


def test_the_manager_sees_and_chooses_the_rule(manager: CheckedClient, app: Flask) -> None:
    page = manager.get(SETTINGS)
    assert page.select("input[value=email]")[0].has_attr("checked")
    fields = {"label": "le compte Agglopolys", "rule": "number", "siren-ville": "214 100 188 00019"}
    assert manager.post(SETTINGS, fields).location == SETTINGS
    end_transaction(commit=False)
    kept = {"rule": "number", "label": "le compte Agglopolys", "sirens": {"ville": "214100188"}}
    assert db.session.get_one(Setting, "single_sign_on").value == kept
    assert "Se connecter avec le compte Agglopolys" in CheckedClient(app).get("/connexion")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"rule": "number"}, "Donnez le numéro SIREN d'un employeur au moins"),
        ({"rule": "email", "siren-ville": "12"}, "Le numéro de Ville n'est ni un SIREN"),
        ({"rule": "number", "siren-ville": "214100188", "siren-agglo": "214100188"}, "le même numéro SIREN"),
        ({"rule": "everybody"}, "Il reste à corriger"),
    ],
)
def test_a_rule_that_could_not_work_is_refused(manager: CheckedClient, fields: dict[str, str], said: str) -> None:
    assert said in manager.post(SETTINGS, fields, expected=422)
    end_transaction(commit=False)
    assert db.session.get_one(Setting, "single_sign_on").value["rule"] == "email"


def test_the_manager_detaches_a_person_who_then_is_matched_anew(
    manager: CheckedClient, app: Flask, provider: Provider, claire: User, writing: Any
) -> None:
    provider.knows("sub-old", email="claire@exemple.fr", email_verified=True)
    provider.knows("sub-new", email="claire@exemple.fr", email_verified=True)
    hers = CheckedClient(app)
    arrive(hers, provider, "sub-old")
    hers.post(ENTER, {})
    fields = {"geste": "detacher", "person": "CMARTIN"}
    assert "Détacher cette personne" in manager.post(SETTINGS, fields, expected=200)
    assert bound() == (provider.issuer, "sub-old"), "asked first"
    manager.post(SETTINGS, {**fields, "confirmed": "yes"})
    assert bound() == (None, None)
    hers.get("/actions", expected=302)
    arrive(hers, provider, "sub-new")
    hers.post(ENTER, {})
    assert bound() == (provider.issuer, "sub-new")
    nobody = {"geste": "detacher", "person": "personne", "confirmed": "yes"}
    assert "Personne n'a cet identifiant" in manager.post(SETTINGS, nobody, expected=404)


def test_only_the_manager_sees_the_rule(client: CheckedClient, claire: User) -> None:
    client.login(claire).get(SETTINGS, expected=403)


def test_the_settings_say_that_no_rule_is_chosen(app: Flask, claire: User, writing: Any) -> None:
    def said() -> list[str]:
        return [one.message for one in checks.setup() if one.endpoint == "settings.single_sign_on"]

    end_transaction(commit=False)
    assert said() == []
    with writing():
        db.session.delete(db.session.get_one(Setting, "single_sign_on"))
    assert said() == ["La connexion unique est prête, mais aucune règle ne dit qui entre"]
    app.config["OPENID"] = None
    assert said() == []
