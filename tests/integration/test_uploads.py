"""Files that people send: the names they bear are words, neither paths nor markup."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from tests import factories
from tests.client import CheckedClient
from tests.integration.test_settings import employer_form, picture
from tracker.enums import Role
from tracker.extensions import db, end_transaction
from tracker.models import RegisterRun

NAMES = (
    "../../../agents.csv", "..\\..\\agents.csv", "/etc/passwd", "C:\\agents.csv", "agents\0.csv", ".htaccess",
    "con.csv",
    "<img src=x onerror=alert(1)>.csv", "\u202evsc.exe", "é" * 300, " ", "=1+1.csv",
)  # fmt: skip
REGISTER = "Matricule;Nom;Prénom\n9001;Essai;Zoé\n".encode()


@pytest.fixture
def manager(client: CheckedClient, writing: Any) -> CheckedClient:
    with writing():
        person = factories.user(Role.ADMIN, programme=factories.programme())
    return client.login(person)


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_sent_is_no_path_and_no_markup(manager: CheckedClient, name: str) -> None:
    around = Path(manager.app.config["INSTANCE_FOLDER"]).parent
    before = _files(around)
    sent = manager._open(
        "POST", "/reglages/personnes/importer", 303, content_type="multipart/form-data",
        data={"csrf_token": manager.csrf_token(), "file": (io.BytesIO(REGISTER), name)},
    )  # fmt: skip
    logo = employer_form(logo=(io.BytesIO(picture()), name))
    manager.post("/reglages/employeurs/nouveau", logo, content_type="multipart/form-data")
    made = {Path(one).name for one in _files(around) - before if not one.endswith((".db", "-wal", "-shm"))}
    assert all(one.startswith("register-") or len(one) == len("0123456789abcdef.png") for one in made), made
    assert "<img src=x" not in manager.get(sent.location).text
    assert "<img src=x" not in manager.get("/reglages/personnes/importer").text
    end_transaction(commit=False)
    for kept in db.session.scalars(db.select(RegisterRun.file_name)):
        assert kept.strip()
        assert kept.isprintable(), repr(kept)
