"""What `flask check` says of the machine, its configuration and its files: each line with what to do, and a status."""

from __future__ import annotations

import os
import shutil
import smtplib
import stat
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from tests import databases, factories
from tests.integration.test_votes import Ballot
from tracker import cli, create_app, mail
from tracker.enums import OutboxState, Role
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Event, OutboxMessage, User
from tracker.queries import checks, machine
from tracker.queries.findings import Level
from tracker.services import votes

RIGHT = {"BASE_URL": "https://projet.exemple.fr", "TRUSTED_PROXIES": 1}
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def _present(clock) -> None:
    """On PostgreSQL, whose clock is another, the tests are of today."""
    if databases.ON_POSTGRESQL:
        clock.set(datetime.now(UTC))


@pytest.fixture
def place(app: Flask, tmp_path: Path, monkeypatch: Any) -> Path:
    """An instance in which all is right: its folder."""
    folder = tmp_path / "instance"
    folder.mkdir(mode=0o700)
    for name, value in {**RIGHT, "INSTANCE_FOLDER": folder}.items():
        monkeypatch.setitem(app.config, name, value)
    with write_transaction():
        db.session.add(factories.user(Role.ADMIN, password_hash="x"))
    return folder


def wrong(app: Flask, *, try_mail: bool = False) -> dict[str, Level]:
    """What is not right, and how bad; each says what to do."""
    end_transaction(commit=False)
    found = list(machine.findings(app.config["CLOCK"](), try_mail=try_mail))
    end_transaction(commit=False)
    assert all(one.advice for one in found if not one.is_right)
    return {one.message: one.level for one in found if not one.is_right}


@pytest.fixture(autouse=True)
def _private_file(app: Flask) -> None:
    if not databases.ON_POSTGRESQL:
        Path(app.config["BASE"].url.removeprefix("sqlite:///")).chmod(0o600)


def test_all_is_right_where_all_is_right(app: Flask, place: Path) -> None:
    assert wrong(app) == {}


def test_every_error_ends_the_command_with_a_status_and_warnings_do_not(app: Flask, place: Path, monkeypatch) -> None:
    runner = app.test_cli_runner()
    monkeypatch.setitem(app.config, "TRUSTED_PROXIES", 0)
    warned = runner.invoke(args=["check"])
    assert "[warning] TRACKER_TRUSTED_PROXIES est 0" in warned.output
    assert warned.exit_code == 0
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(1, 1, 0))
    failed = runner.invoke(args=["check"])
    assert "[error  ] 0 Mio libres" in failed.output
    assert failed.exit_code == 1


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("BASE_URL", "http://projet.exemple.fr", "TRACKER_BASE_URL est http://projet.exemple.fr"),
        ("TRUSTED_PROXIES", 0, "TRACKER_TRUSTED_PROXIES est 0, alors que l'adresse publique est en https"),
        ("DEMO", True, "Mode démonstration : les mots de passe sont connus de tous"),
    ],
)
def test_a_doubtful_configuration_is_told(app, place, monkeypatch, setting: str, value: Any, said: str) -> None:
    monkeypatch.setitem(app.config, setting, value)
    assert wrong(app) == {said: Level.WARNING}


def test_a_tool_that_nobody_manages_is_told(app: Flask, place: Path) -> None:
    end_transaction(commit=False)
    with write_transaction():
        db.session.execute(update(User).values(is_active=False))
    assert wrong(app) == {"Personne n'est gestionnaire de l'outil": Level.ERROR}


def test_files_that_other_accounts_may_read_are_told(app: Flask, place: Path) -> None:
    (place / "vote-keys").mkdir(mode=0o700)
    for name in ("vote-keys/1.key", "secret-key"):
        (place / name).touch(mode=0o600)
    assert wrong(app) == {}
    for name in ("vote-keys", "vote-keys/1.key", "secret-key"):
        (place / name).chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IRGRP)
        assert wrong(app) == {f"D'autres comptes de la machine peuvent lire {place / name}": Level.ERROR}
        (place / name).chmod(0o700)


@pytest.mark.parametrize("name", ["", "uploads"])
def test_a_folder_that_other_accounts_may_enter_is_told(app: Flask, place: Path, name: str) -> None:
    (place / name).mkdir(mode=0o700, exist_ok=True)
    assert wrong(app) == {}
    (place / name).chmod(0o755)
    assert wrong(app) == {f"D'autres comptes de la machine peuvent lire {place / name}": Level.WARNING}


def test_the_folder_of_an_instance_is_its_owners_alone(tmp_path: Path) -> None:
    create_app(environ={"TRACKER_MODE": "demo", "TRACKER_INSTANCE": str(tmp_path / "new")})
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_the_command_told_when_nobody_manages_is_whole(app: Flask, place: Path) -> None:
    with write_transaction():
        db.session.execute(update(User).values(is_active=False))
    (advice,) = [one.advice for one in machine._managers(app.config["CLOCK"]())]
    end_transaction(commit=False)
    options = cli.users.commands["create"].params
    assert all(one.opts[0] in advice for one in options if one.required and one.param_type_name == "option")
    assert "users first-link" in advice


def test_mails_are_said_to_be_sent_only_when_one_was(app: Flask, place: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(app.config, "SMTP_URL", "smtp://courriel.exemple.fr:587")
    never = "Un serveur de courriel est donné ; aucun courriel n'est encore parti"
    now = app.config["CLOCK"]()
    assert never in {one.message for one in checks.setup()}
    end_transaction(commit=False)
    with write_transaction():
        db.session.add(OutboxMessage(
            dedupe_key="1", address="qui@exemple.fr", kind="x", state=OutboxState.SENT, not_before=now, queued_at=now,
        ))  # fmt: skip
    assert "Aucun courriel n'a été refusé" in {one.message for one in checks.setup()}


@pytest.mark.sqlite("where the base is a file")
def test_a_base_that_other_accounts_may_read_is_told(app: Flask, place: Path) -> None:
    base = Path(app.config["BASE"].url.removeprefix("sqlite:///"))
    base.chmod(0o644)
    assert wrong(app) == {f"D'autres comptes de la machine peuvent lire {base}": Level.WARNING}


def test_a_folder_of_another_account_is_told(app: Flask, place: Path, monkeypatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1 + place.stat().st_uid)
    assert list(wrong(app)) == [f"{place} appartient à un autre compte que celui de cette commande"]


def test_the_key_of_an_open_vote_that_is_lost_or_anothers_is_told(app: Flask, place: Path) -> None:
    ballot = Ballot()
    ballot.open()
    assert wrong(app) == {}
    path = votes.key_folder() / f"{ballot.campaign_id}.key"
    told = {f"La clé du vote de la consultation {ballot.campaign_id} manque, ou n'est pas la sienne": Level.ERROR}
    path.write_bytes(b"x" * 32)
    assert wrong(app) == told
    path.unlink()
    assert wrong(app) == told


@pytest.mark.parametrize(("mebibytes", "level"), [(10, Level.ERROR), (150, Level.WARNING), (400, None)])
def test_a_disk_that_fills_is_told_while_there_is_time(app, place, monkeypatch, tmp_path, mebibytes, level) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(0, 0, mebibytes * machine.MEBIBYTE))
    monkeypatch.setitem(app.config, "BACKUP_FOLDER", tmp_path)
    told = {f"{mebibytes} Mio libres pour {path}": level for path in (place, tmp_path)}
    assert wrong(app) == (told if level else {})


@pytest.mark.parametrize("on_this_machine", [True, False])
def test_the_disk_needs_room_for_a_database_only_where_one_lies(
    app: Flask, place: Path, monkeypatch: Any, tmp_path: Path, on_this_machine: bool
) -> None:
    base = tmp_path / "base.db"
    base.touch()
    os.truncate(base, 900 * machine.MEBIBYTE)
    monkeypatch.setattr(machine, "_database_file", lambda: base if on_this_machine else None)
    monkeypatch.setattr(db.session, "scalar", lambda *_a, **_k: 900 * machine.MEBIBYTE)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(0, 0, 400 * machine.MEBIBYTE))
    monkeypatch.setitem(app.config, "BACKUP_FOLDER", tmp_path)
    short = [one.message for one in machine._room() if one.level is Level.ERROR]
    places = (place, tmp_path) if on_this_machine else (tmp_path,)
    assert short == [f"400 Mio libres pour {path}" for path in places], "copies lie here in either case"


def test_a_clock_behind_what_was_written_is_told(app: Flask, place: Path, clock) -> None:
    end_transaction(commit=False)
    with write_transaction():
        db.session.add(Event(at=clock.now + timedelta(hours=2), verb="x", subject="x", subject_id=1))
    (told,) = wrong(app).items()
    assert told[0].startswith("L'horloge retarde : un acte est enregistré le ")
    assert told[1] is Level.ERROR


@pytest.mark.postgresql
def test_a_clock_apart_from_that_of_postgresql_is_told(app: Flask, place: Path, clock) -> None:
    clock.set(datetime.now(UTC))
    assert wrong(app) == {}
    clock.advance(minutes=3)
    (told,) = wrong(app)
    assert told.startswith("L'horloge de PostgreSQL a 1")


def test_the_mail_server_is_tried_only_when_asked_and_nothing_is_sent(app: Flask, place: Path, monkeypatch) -> None:
    done: list[str] = []

    class Server:
        def __init__(self, host: str, port: int, **_options: Any) -> None:
            done.append(f"{host}:{port}")

        def __enter__(self) -> Server:
            return self

        def __exit__(self, *_error: object) -> None: ...

        def login(self, user: str, password: str) -> None:
            if password != "bon":
                raise smtplib.SMTPAuthenticationError(535, b"no")

        def noop(self) -> None:
            done.append("noop")

    monkeypatch.setattr(mail.smtplib, "SMTP", Server)
    monkeypatch.setitem(app.config, "SMTP_URL", "smtp://u:bon@courriel.exemple.fr:587")
    assert wrong(app) == {}
    assert done == []
    assert wrong(app, try_mail=True) == {}
    assert done == ["courriel.exemple.fr:587", "noop"]
    monkeypatch.setitem(app.config, "SMTP_URL", "smtp://u:faux@courriel.exemple.fr:587")
    assert list(wrong(app, try_mail=True).values()) == [Level.ERROR]


def test_a_database_that_does_not_answer_is_told_in_one_line(trial: Any) -> None:
    app = trial()
    end_transaction(commit=False)
    databases.let_go(app)
    with app.config["BASE"].away():
        done = app.test_cli_runner().invoke(args=["check"])
    assert done.exit_code == 1
    assert done.output.startswith("[error  ] La base de données ne répond pas (")
