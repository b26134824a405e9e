"""Providers of the environment: what is missing, weak or impossible is refused at start, by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker import providers
from tracker.config import from_environment
from tracker.errors import ConfigurationError

GOOD = "f3a9c1e07b5d4268a1b2c3d4e5f60718"
OIDC = {
    "TRACKER_OIDC_ISSUER": "https://connexion.exemple.fr",
    "TRACKER_OIDC_CLIENT_ID": "tracker",
    "TRACKER_OIDC_CLIENT_SECRET": "secret",
}
LDAP = {"TRACKER_LDAP_URL": "ldaps://annuaire.exemple.fr", "TRACKER_LDAP_USER": "uid={login},ou=agents,dc=exemple"}


def said(tmp_path: Path, **environ: str) -> str:
    with pytest.raises(ConfigurationError) as refusal:
        from_environment({"TRACKER_INSTANCE": str(tmp_path), "TRACKER_SECRET_KEY": GOOD, **environ})
    return str(refusal.value)


def test_nothing_is_asked_when_nothing_is_set(tmp_path: Path) -> None:
    values = from_environment({"TRACKER_INSTANCE": str(tmp_path), "TRACKER_SECRET_KEY": GOOD})
    assert values["OPENID"] is None
    assert values["DIRECTORY"] is None


def test_a_provider_is_read_and_its_secret_is_not_shown(tmp_path: Path) -> None:
    values = from_environment({"TRACKER_INSTANCE": str(tmp_path), "TRACKER_SECRET_KEY": GOOD, **OIDC})
    found = values["OPENID"]
    assert (found.issuer, found.client_id, found.emails_verified) == ("https://connexion.exemple.fr", "tracker", False)
    assert {"mfa", "eidas2"} <= found.two_factors
    assert "secret'" not in repr(found)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"TRACKER_OIDC_ISSUER": ""}, "without TRACKER_OIDC_ISSUER"),
        ({"TRACKER_OIDC_ISSUER": "http://connexion.exemple.fr"}, "is not https"),
        ({"TRACKER_OIDC_ISSUER": "connexion.exemple.fr"}, "must be the provider's address"),
        ({"TRACKER_OIDC_ISSUER": "https://x.fr/?a=1"}, "must be the provider's address"),
        ({"TRACKER_OIDC_CLIENT_SECRET": ""}, "are needed with TRACKER_OIDC_ISSUER"),
        ({"TRACKER_OIDC_SCOPES": "email uid"}, "must hold openid"),
        ({"TRACKER_OIDC_EMAIL_VERIFIED": "yes"}, "one of claim, always"),
    ],
)
def test_a_provider_that_could_not_work_is_refused(tmp_path: Path, changed: dict[str, str], expected: str) -> None:
    assert expected in said(tmp_path, **{**OIDC, **changed})


def test_a_demo_and_a_test_may_ask_a_provider_of_this_machine_without_tls(tmp_path: Path) -> None:
    environ = {**OIDC, "TRACKER_OIDC_ISSUER": "http://127.0.0.1:9400", "TRACKER_MODE": "demo"}
    values = from_environment({"TRACKER_INSTANCE": str(tmp_path), **environ})
    assert values["OPENID"].issuer == "http://127.0.0.1:9400"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"TRACKER_LDAP_URL": ""}, "without TRACKER_LDAP_URL"),
        ({"TRACKER_LDAP_URL": "annuaire.exemple.fr"}, "must be ldaps://host"),
        ({"TRACKER_LDAP_USER": ""}, "how a login names its entry"),
        ({"TRACKER_LDAP_USER": "cn=reader,dc=exemple"}, "how a login names its entry"),
        ({"TRACKER_LDAP_USER": "{login}@exemple.local"}, "TRACKER_LDAP_BASE is needed"),
        ({"TRACKER_LDAP_ATTRIBUTE": "uid)(x=*"}, "must be the name of an attribute"),
        ({"TRACKER_LDAP_MATCH": "nom"}, "one of login, email, matricule"),
        ({"TRACKER_LDAP_CA": "/nowhere/ca.pem"}, "there is no such file"),
    ],
)
def test_a_directory_that_could_not_work_is_refused(tmp_path: Path, changed: dict[str, str], expected: str) -> None:
    assert expected in said(tmp_path, **{**LDAP, **changed})


def test_a_directory_without_its_library_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "find_spec", lambda _name: None)
    assert "pip install -r requirements-ldap.txt" in said(tmp_path, **LDAP)


def test_a_directory_is_read(tmp_path: Path) -> None:
    values = from_environment({"TRACKER_INSTANCE": str(tmp_path), "TRACKER_SECRET_KEY": GOOD, **LDAP})
    found = values["DIRECTORY"]
    assert (found.host, found.port, found.is_ldaps, found.names_entries) == ("annuaire.exemple.fr", 636, True, True)
