"""The schema of another version: refused by what writes, told by what looks, and never changed by an older tool."""

from __future__ import annotations

import os
import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from tests.client import CheckedClient
from tracker import create_app, schema_fault
from tracker.config import ROOT
from tracker.extensions import db, end_transaction, write_transaction
from tracker.queries import instance

pytestmark = pytest.mark.sqlite("the revision is put back with the file; asked alike of both")
NEWER, OLDER = "version plus récente", "version plus ancienne"
COMMANDS = (
    ["jobs", "run"], ["jobs", "retry-mail"], ["users", "first-link"], ["letters", "build", "2026-T1"], ["demo", "load"],
    ["users", "import", "x.csv"], ["import", "actions", "x.csv", "--map", "x.toml"],
    ["users", "create", "x", "--first-name", "X", "--last-name", "Y"],
)  # fmt: skip


def made_by(revision: str) -> None:
    end_transaction(commit=False)
    with write_transaction():
        db.session.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})


@pytest.fixture
def _one_more(monkeypatch: Any, tmp_path: Path) -> Iterator[None]:
    """This version of the tool has one migration more than the database."""
    for path in instance.VERSIONS.glob("*.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "0002_more.py").write_text('revision: str = "0002"\ndown_revision = "0001"\n')
    monkeypatch.setattr(instance, "VERSIONS", tmp_path)
    instance._steps.cache_clear()
    yield
    instance._steps.cache_clear()


def test_the_last_revision_is_the_one_that_alembic_finds(app: Flask) -> None:
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(app.extensions["migrate"].migrate.get_config())
    right = [one.revision for one in script.walk_revisions() if not instance.schema_fault(one.revision)]
    assert right == [script.get_current_head()]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_writes_in_a_newer_database(app: Flask, command: list[str]) -> None:
    made_by("9999")
    done = app.test_cli_runner().invoke(args=command)
    assert done.exit_code == 1
    assert NEWER in done.output
    assert "restaurez une copie" in done.output


@pytest.mark.parametrize("way", ["upgrade", "downgrade"])
def test_an_older_tool_does_not_migrate_a_newer_schema(app: Flask, way: str) -> None:
    made_by("9999")
    done = app.test_cli_runner().invoke(args=["db", way])
    assert done.exit_code == os.EX_CONFIG
    assert NEWER in done.output
    assert instance.schema_revision() == "9999"


@pytest.mark.usefixtures("_one_more")
def test_an_older_database_is_refused_with_the_command_that_mends_it(app: Flask, client: CheckedClient) -> None:
    for args in (["jobs", "run"], ["check"]):
        done = app.test_cli_runner().invoke(args=args)
        assert done.exit_code == 1
        assert f"{OLDER} de l'outil (révision 0001) : lancez flask --app wsgi db upgrade" in done.output
    end_transaction(commit=False)
    assert OLDER in schema_fault(app)
    assert client.get("/healthz", expected=503).json["status"] == "other schema"


def test_check_says_nothing_else_of_a_newer_database(app: Flask, client: CheckedClient) -> None:
    made_by("9999")
    done = app.test_cli_runner().invoke(args=["check", "--deep"])
    assert (done.exit_code, len(done.output.splitlines())) == (1, 1)
    assert NEWER in done.output
    assert client.get("/healthz", expected=503).json == {"status": "other schema", "schema": "9999"}


def test_the_server_does_not_start_on_a_newer_database(app: Flask, monkeypatch: Any, tmp_path: Path) -> None:
    made_by("9999")
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    said: list[str] = []
    hooks = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    arbiter = SimpleNamespace(app=SimpleNamespace(wsgi=lambda: app), log=SimpleNamespace(error=said.append))
    with pytest.raises(SystemExit) as stop:
        hooks["on_starting"](arbiter)
    assert stop.value.code == os.EX_CONFIG
    assert NEWER in said[0]


def test_a_database_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    app = create_app(environ={"TRACKER_MODE": "demo", "TRACKER_INSTANCE": str(tmp_path)})
    told = f"Le fichier de la base de données n'existe pas : {tmp_path / 'tracker.db'}. Remettez-le"
    assert told in schema_fault(app)
    done = app.test_cli_runner().invoke(args=["check"])
    assert done.exit_code == 1
    assert told in done.output
    assert not (tmp_path / "tracker.db").exists()
