"""How a transaction begins, who may write in it, and when it is kept (design 4.12)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, event, func, insert, select, text, update

from tests import factories
from tests.client import CheckedClient
from tests.integration.test_auth import HASH, PASSWORD, attempt
from tracker.extensions import begin_write, db, end_transaction, write_transaction
from tracker.models import Counter, Setting, User
from tracker.services import accounts


@contextmanager
def spoken(app: Flask) -> Iterator[list[str]]:
    """What is said to SQLite itself, BEGIN and COMMIT included."""
    said: list[str] = []
    connection = db.session.connection()
    raw: Any = connection.connection.driver_connection
    end_transaction(commit=False)
    raw.set_trace_callback(said.append)
    try:
        yield said
    finally:
        raw.set_trace_callback(None)


@pytest.fixture
def site(trial: Any) -> CheckedClient:
    client = CheckedClient(trial())
    with write_transaction():
        factories.programme()
        user = factories.user(login="agente", password_hash=HASH)
    return client.login(user)


def written() -> int:
    end_transaction(commit=False)
    return db.session.scalar(select(func.count()).select_from(Setting)) or 0


# --- BEGIN -------------------------------------------------------------------------------------------------


@pytest.mark.sqlite("how its transactions begin")
def test_reads_begin_plainly_and_writes_begin_immediately(app: Flask) -> None:
    with spoken(app) as said:
        db.session.scalar(select(func.count()).select_from(Setting))
        end_transaction(commit=False)
        begin_write()
        db.session.add(Setting(key="a", value=1))
        end_transaction(commit=True)
        db.session.scalar(select(func.count()).select_from(Setting))
        end_transaction(commit=False)
    assert [s for s in said if s.startswith(("BEGIN", "COMMIT", "ROLLBACK"))] == [
        "BEGIN", "ROLLBACK", "BEGIN IMMEDIATE", "COMMIT", "BEGIN", "ROLLBACK",
    ]  # fmt: skip


@pytest.mark.sqlite("its pragmas")
def test_every_connection_has_the_pragmas_of_the_design(app: Flask) -> None:
    connection = db.session.connection()

    def pragma(name: str) -> Any:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2, "FULL"
    assert pragma("foreign_keys") == 1
    assert pragma("busy_timeout") >= 5_000


def test_beginning_to_write_forgets_what_was_read(app: Flask, writing: Any) -> None:
    with writing():
        db.session.add(Counter(name="x", value=1))
    row = db.session.get_one(Counter, "x")
    assert row.value == 1
    end_transaction(commit=False)
    with db.engine.begin() as other:
        other.execute(text("UPDATE counter SET value = 5 WHERE name = 'x'"))
    begin_write()
    assert row.value == 5
    end_transaction(commit=False)


@pytest.mark.sqlite("how its transactions begin")
def test_a_post_reads_in_a_plain_transaction_and_writes_in_a_fresh_one(site: CheckedClient) -> None:
    with spoken(site.app) as said:
        site.post("/essai/note", {"cle": "a"})
        site.get("/")
    assert [s for s in said if s.startswith(("BEGIN", "COMMIT", "ROLLBACK"))] == [
        "BEGIN", "ROLLBACK", "BEGIN IMMEDIATE", "COMMIT", "BEGIN", "ROLLBACK",
    ]  # fmt: skip


# --- Who may write -----------------------------------------------------------------------------------------


STRAY = [
    lambda: (db.session.add(Setting(key="a", value=1)), db.session.flush()),
    lambda: (db.session.delete(db.session.get_one(Counter, "x")), db.session.flush()),
    lambda: (setattr(db.session.get_one(Counter, "x"), "value", 2), db.session.flush()),
    lambda: db.session.execute(insert(Setting).values(key="a", value=1)),
    lambda: db.session.execute(update(Counter).values(value=2)),
    lambda: db.session.execute(delete(Counter)),
    lambda: db.session.execute(text("INSERT INTO setting (key, value) VALUES ('a', '1')")),
    lambda: db.session.execute(text("  delete from counter")),
    lambda: (db.session.add(Setting(key="a", value=1)), db.session.commit()),
]


@pytest.mark.parametrize("write", STRAY)
def test_a_stray_write_is_refused_loudly(app: Flask, writing: Any, write: Any) -> None:
    with writing():
        db.session.add(Counter(name="x", value=1))
    with pytest.raises(RuntimeError, match=r"call begin_write\(\) first"):
        write()
    end_transaction(commit=False)
    assert (written(), db.session.get_one(Counter, "x").value) == (0, 1)


def test_reading_is_no_stray_write(app: Flask, writing: Any) -> None:
    with writing():
        db.session.add(Counter(name="x", value=1))
    row = db.session.get_one(Counter, "x")
    row.value = 1  # the same: nothing changed
    db.session.execute(text("SELECT 1"))
    db.session.execute(select(Counter))
    db.session.flush()


def test_after_the_end_a_new_write_must_begin_again(app: Flask) -> None:
    with write_transaction():
        db.session.add(Setting(key="a", value=1))
    db.session.add(Setting(key="b", value=1))
    with pytest.raises(RuntimeError, match="begin_write"):
        db.session.flush()
    end_transaction(commit=False)
    assert written() == 1


def test_a_get_never_writes(site: CheckedClient, trial: Any) -> None:
    site.app.config["PROPAGATE_EXCEPTIONS"] = True
    for method in ("GET", "HEAD"):
        with pytest.raises(RuntimeError, match="GET never writes"):
            site.http.open("/essai/ecrit", method=method)
    with pytest.raises(RuntimeError, match="begin_write"):
        site.http.get("/essai/perdu")
    assert written() == 0
    begin_write()  # what was refused to that request is not refused to the next
    end_transaction(commit=False)


def test_no_page_of_the_tool_writes_when_it_is_read(client: CheckedClient, writing: Any) -> None:
    from tests.integration.test_errors import listed
    from tracker.enums import Role

    with writing():
        project = factories.programme()
        factories.proposal(project)
        user = factories.user(Role.ADMIN, Role.STEERING, Role.EDITOR, Role.MODERATOR, Role.REVIEWER)
    client.login(user)
    watch = client.app.config["BASE"].watch()
    before = watch.now()
    for path in listed(client.app):
        assert client.http.get(path).status_code < 500, path
    assert not watch.written_since(before)
    watch.close()


# --- When it is kept ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "kept"), [(200, 1), (303, 1), (304, 1), (400, 0), (403, 0), (422, 0), (503, 0)])
@pytest.mark.parametrize("shape", ["", "&forme=tuple"])
def test_an_answer_below_400_is_kept_and_one_above_is_not(
    site: CheckedClient, status: int, kept: int, shape: str
) -> None:
    fields = {"cle": "a", "csrf_token": site.csrf_token()}
    response = site.http.post(f"/essai/note?statut={status}{shape}", data=fields)
    assert response.status_code == status
    assert written() == kept


def test_an_error_in_the_view_keeps_nothing(site: CheckedClient) -> None:
    site.post("/essai/note?statut=500", {"cle": "a"}, expected=500)
    assert written() == 0


def test_the_commit_comes_before_the_answer(site: CheckedClient, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def note(_connection: object) -> None:
        order.append("commit")

    after = [*site.app.after_request_funcs.get(None, ()), lambda response: order.append("answer") or response]
    monkeypatch.setitem(site.app.after_request_funcs, None, after)
    event.listen(db.engine, "commit", note)
    try:
        site.post("/essai/note", {"cle": "a"})
    finally:
        event.remove(db.engine, "commit", note)
    assert order == ["commit", "answer"]


def test_a_request_leaves_no_transaction_open(site: CheckedClient) -> None:
    end_transaction(commit=False)
    pool: Any = db.engine.pool
    site.get("/")
    assert pool.checkedout() == 0
    site.post("/essai/note", {"cle": "a"})
    assert pool.checkedout() == 0
    site.post("/essai/note?statut=422", {"cle": "b"}, expected=422)
    assert pool.checkedout() == 0


def test_a_command_keeps_all_or_nothing(app: Flask) -> None:
    def broken() -> None:
        with write_transaction():
            db.session.add(Setting(key="a", value=1))
            db.session.flush()
            raise KeyError("broken")

    with pytest.raises(KeyError):
        broken()
    assert written() == 0
    with write_transaction():
        db.session.add(Setting(key="a", value=1))
    assert written() == 1


# --- Hashing -----------------------------------------------------------------------------------------------


@pytest.fixture
def hashed_outside(monkeypatch: Any) -> list[str]:
    done: list[str] = []

    def outside(name: str) -> Any:
        real = getattr(accounts, name)

        def checked(*args: Any) -> Any:
            assert not db.session().in_transaction(), f"{name} inside a transaction"
            done.append(name)
            return real(*args)

        return checked

    for name in ("verify_password", "hash_password"):
        monkeypatch.setattr(accounts, name, outside(name))
    return done


def test_no_transaction_is_open_while_a_password_is_hashed(
    client: CheckedClient, writing: Any, clock: Any, hashed_outside: list[str]
) -> None:
    with writing():
        factories.programme()
        factories.user(login="agente", password_hash=HASH)
    attempt(client, password="faux", expected=422)
    attempt(client, "inconnue", "faux", expected=422)
    attempt(client)
    new = "le héron attend au bord"
    fields = {"current_password": PASSWORD, "new_password": new, "repeat_password": new}
    client.post("/compte/mot-de-passe", fields | {"current_password": "faux"}, expected=422)
    client.post("/compte/mot-de-passe", fields)
    assert hashed_outside == [*["verify_password"] * 5, "hash_password"]


def test_a_person_is_created_with_a_hash_made_before(app: Flask, hashed_outside: list[str]) -> None:
    done = app.test_cli_runner().invoke(
        args=["users", "create", "nouvelle", "--first-name", "Nour", "--last-name", "Velle"],
        input="le héron attend\nle héron attend\n",
    )
    assert done.exit_code == 0, done.output
    stored = db.session.scalar(select(User.password_hash))
    end_transaction(commit=False)
    assert accounts.verify_password(stored, "le héron attend")
    assert "hash_password" in hashed_outside


def test_security_writes_commit_alone(client: CheckedClient, writing: Any) -> None:
    """The failure is kept although the answer, a 422, keeps nothing else."""
    from tracker.models import LoginFailure

    attempt(client, "inconnue", "faux", expected=422)
    end_transaction(commit=False)
    assert db.session.scalar(select(func.count()).select_from(LoginFailure)) == 2
