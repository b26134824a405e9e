"""Configuration: what is missing or weak is refused at start, with a sentence that says what to set."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

import pytest

from tracker import config, providers
from tracker.config import ROOT, VARIABLES, from_environment
from tracker.errors import ConfigurationError

GOOD = "f3a9c1e07b5d4268a1b2c3d4e5f60718"


def read(tmp_path: Path, **environ: str) -> dict[str, Any]:
    return from_environment({"TRACKER_INSTANCE": str(tmp_path), **environ})


@pytest.mark.parametrize(
    "secret", ["", "short", "a" * 64, "ab" * 32, "changeme" * 4, "0123456789abcdef" * 2, GOOD[:31], "1234567" * 8]
)
def test_production_refuses_a_missing_or_weak_secret(tmp_path: Path, secret: str) -> None:
    with pytest.raises(ConfigurationError, match=r"TRACKER_SECRET_KEY is missing or weak: give 32 random"):
        read(tmp_path, TRACKER_SECRET_KEY=secret)


def test_a_weak_secret_that_was_given_is_refused_in_a_demo_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="weak"):
        read(tmp_path, TRACKER_MODE="demo", TRACKER_SECRET_KEY="demo")


@pytest.mark.parametrize("flag", ["0", "false", "no", "peut-être"])
def test_production_refuses_an_insecure_cookie(tmp_path: Path, flag: str) -> None:
    with pytest.raises(ConfigurationError, match="cookies would travel in clear"):
        read(tmp_path, TRACKER_SECRET_KEY=GOOD, TRACKER_COOKIE_SECURE=flag)


@pytest.mark.parametrize("flag", ["1", "true"])
def test_production_refuses_debug(tmp_path: Path, flag: str) -> None:
    with pytest.raises(ConfigurationError, match="FLASK_DEBUG is set"):
        read(tmp_path, TRACKER_SECRET_KEY=GOOD, FLASK_DEBUG=flag)


def test_every_problem_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        read(tmp_path, TRACKER_COOKIE_SECURE="0", FLASK_DEBUG="1", TRACKER_TRUSTED_PROXIES="beaucoup")
    assert len(str(refusal.value).splitlines()) == 4


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TRACKER_MODE", "prod", "one of production, demo, test"),
        ("TRACKER_MODE", "", "one of production, demo, test"),
        ("TRACKER_TRUSTED_PROXIES", "-1", "whole number"),
        ("TRACKER_TRUSTED_PROXIES", "1.5", "whole number"),
        ("TRACKER_TRUSTED_PROXIES", "", "whole number"),
        ("DATABASE_URL", "tracker.db", "DATABASE_URL is not an address"),
        ("TRACKER_BASE_URL", "projet.exemple.fr", "TRACKER_BASE_URL must be"),
        ("TRACKER_BASE_URL", "https://", "TRACKER_BASE_URL must be"),
        ("TRACKER_BASE_URL", "http://[", "TRACKER_BASE_URL must be"),
        ("TRACKER_BASE_URL", "http://x:99999", "TRACKER_BASE_URL must be"),
        ("SMTP_URL", "mail.exemple.fr", "SMTP_URL must be"),
        ("SMTP_URL", "http://mail", "SMTP_URL must be"),
        ("TRACKER_INSTANCE", "/proc/nowhere", "this folder cannot be made"),
    ],
)
def test_a_value_that_means_nothing_is_refused(tmp_path: Path, name: str, value: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        read(tmp_path, **{"TRACKER_SECRET_KEY": GOOD, name: value})


def test_production_is_the_default_and_needs_only_a_secret(tmp_path: Path) -> None:
    values = read(tmp_path, TRACKER_SECRET_KEY=GOOD)
    assert values["MODE"] == "production"
    assert values["DEMO"] is False
    assert values["SESSION_COOKIE_SECURE"] is True
    assert values["SESSION_COOKIE_HTTPONLY"] is True
    assert values["SESSION_COOKIE_SAMESITE"] == "Lax"
    assert values["SESSION_COOKIE_NAME"] == "__Host-tracker"
    assert values["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path / 'tracker.db'}"


def test_a_demo_needs_nothing_and_keeps_a_key_of_its_own(tmp_path: Path) -> None:
    first = read(tmp_path, TRACKER_MODE="demo")
    assert len(first["SECRET_KEY"]) == 64
    assert read(tmp_path, TRACKER_MODE="demo")["SECRET_KEY"] == first["SECRET_KEY"]
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600
    assert first["SESSION_COOKIE_SECURE"] is False
    assert read(tmp_path / "other", TRACKER_MODE="demo")["SECRET_KEY"] != first["SECRET_KEY"]


def test_good_values_are_taken(tmp_path: Path) -> None:
    values = read(
        tmp_path, TRACKER_SECRET_KEY=GOOD, TRACKER_BASE_URL="https://intranet.exemple.fr/suivi/",
        TRACKER_TRUSTED_PROXIES="2", SMTP_URL="smtp+starttls://moi:secret@mail:587", TRACKER_SITE_NAME="Cap 2030",
        TRACKER_CONTACT="Mme X", DATABASE_URL="postgresql://u:p@h/db",
    )  # fmt: skip
    assert values["BASE_URL"] == "https://intranet.exemple.fr/suivi"
    assert values["TRUSTED_PROXIES"] == 2
    assert (values["SITE_NAME"], values["CONTACT"]) == ("Cap 2030", "Mme X")
    assert values["SMTP_URL"].endswith("@mail:587")
    assert values["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://u:p@h/db"


def test_no_error_of_the_database_prints_what_a_person_wrote(tmp_path: Path) -> None:
    assert read(tmp_path, TRACKER_SECRET_KEY=GOOD)["SQLALCHEMY_ENGINE_OPTIONS"]["hide_parameters"] is True


def test_every_variable_that_is_read_is_in_the_table_and_the_readme() -> None:
    source = "".join(Path(str(module.__file__)).read_text("utf-8") for module in (config, providers))
    asked = set(re.findall(r'environ\.get\(\s*"(\w+)"', source)) - {"FLASK_DEBUG"}
    assert asked == {variable.name for variable in VARIABLES}
    readme = (ROOT / "README.md").read_text("utf-8")
    assert not [name for name in asked if name not in readme]
