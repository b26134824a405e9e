"""A page takes as many SQL statements with ten rows as with many: at most 8, the board 15 (design, part 7).

Many are a hundred in `make test`, a thousand in `make torture`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table
from sqlalchemy.types import Integer

from tests.client import CheckedClient
from tests.conftest import Clock, counting
from tests.drawing import handed_back
from tests.effort import THOROUGH
from tests.places import ENTRIES, QUARTER, Entry, methods_of
from tests.small_world import TEN, Small
from tracker import search
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import User
from tracker.queries import kept

TIMES = 100 if THOROUGH else 10  # the rows of the small world, this many times
STEP = 1_000_000  # between the keys of one copy and the next

MORE = (
    Entry("proposals.index", "/propositions?q=idee&tri=soutenues", frozenset({"agent", "copil"})),
    Entry("proposals.index", "/propositions?mes=1", frozenset({"agent"})),
    Entry("proposals.index", "/propositions?soutien=1", frozenset({"agent"})),
    Entry("proposals.index", "/propositions?employeur=sans&theme=sans", frozenset({"agent"})),
    Entry("proposals.show", "/propositions/{retained}", frozenset({"agent", "copil", "etude"})),
    Entry("proposals.show", "/propositions/{mine}", frozenset({"agent"})),
    Entry("proposals.history", "/propositions/{retained}/historique", frozenset({"agent"})),
    Entry("reviews.show", "/etudes/{retained}", frozenset({"etude"})),
    Entry("decisions.decide", "/a-decider/{retained}", frozenset({"copil"})),
    Entry("decisions.publish", "/a-decider/publier?apercu=1&decision={decision}", frozenset({"copil"})),
    Entry("decisions.conditions", "/reponses/conditions?etat=remplies", frozenset({"copil"})),
    Entry("actions.index", "/actions?groupe={led_group}&retard=1&sans_nouvelles=1", frozenset({"agent", "pilote"})),
    Entry("actions.index", "/actions?au=2026-02-01&tri=avancement", frozenset({"agent"})),
    Entry("board.show", "/tableau-de-bord?au=2026-02-01&groupe={led_group}", frozenset({"agent", "copil"})),
    Entry("board.show", "/tableau-de-bord?au=2026-02-01&connu=2026-02-15", frozenset({"copil"})),
    Entry("letters.proofread", "/lettres/brouillons/" + QUARTER + "/relecture", frozenset({"agent"})),
)  # fmt: skip


# --- A hundred times as many ---------------------------------------------------------------------------------------

KEPT = {
    "instance", "setting", "counter", "programme", "programme_entity", "campaign", "phase", "entity", "department",
    "department_entity", "site", "user_session", "login_failure", "letter_block", "frozen", "vote", "outbox_message",
}  # fmt: skip


def _copied_value(table: Table, column: Any, fixed: dict[str, set[int]]) -> str:
    """What a column holds in the n-th copy of a row."""
    name = f"t.{column.name}"
    target = next((key.column.table.name for key in column.foreign_keys), None)
    if target is not None:
        kept = ", ".join(map(str, fixed.get(target, ()))) or "-1"
        return name if target in KEPT else f"CASE WHEN {name} IN ({kept}) THEN {name} ELSE {name} + n.i * {STEP} END"
    if column.name == "quarter":
        return f"(CAST(substr({name}, 1, 4) AS INTEGER) - n.i - 1) || substr({name}, 5)"
    single = column.unique or any(set(one.columns.keys()) == {column.name} for one in table.constraints if one.columns)
    if column.primary_key or (column.unique and isinstance(column.type, Integer)):
        return f"{name} + n.i * {STEP}" if isinstance(column.type, Integer) else f"{name} || '-' || n.i"
    if single and column.name in {"slug", "login", "email", "draft_key", "subject", "source_id"}:
        return f"{name} || '-' || n.i"
    return f"{name} || '-' || n.i" if column.name in {"slug", "number"} and not column.unique else name


def multiply(database: Path, fixed: dict[str, set[int]]) -> None:
    """Copy every row that is not fixed; what hung under a fixed row hangs under the same."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        numbers = (
            f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {TIMES - 1}) SELECT i FROM n)"
        )
        for table in db.metadata.sorted_tables:
            if table.name in KEPT:
                continue
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            values = ", ".join(_copied_value(table, column, fixed) for column in table.columns)
            own = fixed.get(table.name)
            where = f"WHERE t.id NOT IN ({', '.join(map(str, own))})" if own else ""
            copies = f'SELECT {values} FROM "{table.name}" t, {numbers} n {where}'
            connection.execute(f'INSERT OR IGNORE INTO "{table.name}" ({columns}) {copies}')
        connection.execute("COMMIT")


# --- Counting ------------------------------------------------------------------------------------------------------

# for machines, visitors, nobody yet; an import, which needs its file, is measured by tests of its own
APART = ("health.", "auth.", "employers.", "first_account.", "second_factor.login", "single_sign_on.", "register.")
# one's own data come from each table that may hold some, and what names a person is sought in every one
WHOLE = {"duties.own_data_page", "duties.own_data_json", "duties.erase_person", "settings.archive_file"}
PREFERRED = ("copil", "agent", "pilote", "etude", "moderation", "redaction", "admin")


def pages(app: Flask) -> list[tuple[str, str]]:
    """(role, address) of each page, as the roles that see the most of it; home as three of them."""
    found = []
    methods = methods_of(app)
    for entry in (*ENTRIES, *MORE):
        if entry.endpoint in WHOLE:
            continue
        if "GET" in methods[entry.endpoint] and not entry.endpoint.startswith(APART):
            roles = [role for role in PREFERRED if role in entry.roles]
            found += [(role, entry.path) for role in (roles[:3] if entry.endpoint == "home.index" else roles[:1])]
    return list(dict.fromkeys(page for page in found if "{other" not in page[1]))


def measure(
    app: Flask,
    clients: dict[str, CheckedClient],
    objects: dict[str, Any],
    few: dict[tuple[str, str], Any] | None = None,
) -> dict[tuple[str, str], Any]:
    """Statements of each page, cold then warm (once, for those that a cache did not change in the world of `few`)."""
    found: dict[tuple[str, str], Any] = {}
    for role, path in pages(app):
        address = path.format(**objects)
        sent = []
        cached = few is None or len(few[role, path]) == 2
        for cold in (True, False) if cached else (True,):
            if cold:
                kept.forget()
            with app.app_context(), counting() as statements, handed_back():
                response = clients[role].http.get(address)
            assert response.status_code == 200, f"{role} {address}: {response.status_code}"
            sent.append(statements)
        same = len(sent) == 2 and len(sent[0]) == len(sent[1])
        found[role, path] = sent[:1] if same else sent
    return found


@pytest.fixture(scope="module")
def counted(shared_app: Flask, scratch: Path) -> Iterator[dict[int, dict[tuple[str, str], Any]]]:
    """Statements of every page, in the small world and in the large one."""
    database = scratch / "test.db"

    def fresh() -> None:
        with shared_app.app_context():
            end_transaction(commit=False)
            db.session.remove()
            db.engine.dispose()
        for suffix in ("-wal", "-shm"):
            (scratch / f"test.db{suffix}").unlink(missing_ok=True)

    fresh()
    shutil.copy(scratch / "empty.db", scratch / "next.db")
    os.replace(scratch / "next.db", database)
    shutil.rmtree(scratch / "instance" / "vote-keys", ignore_errors=True)
    shared_app.config["CLOCK"] = Clock()
    with shared_app.app_context():
        with write_transaction():
            small = Small()
            objects, fixed = small.objects(), small.fixed
            ids = {role: one.id for role, one in small.people.items()}
            objects["condition"] = 1
        clients = {role: CheckedClient(shared_app).login(db.session.get(User, key)) for role, key in ids.items()}
        clients["agent"].post(f"/propositions/{objects['published']}/soutien")  # so that there are a key and a roll
    found = {TEN: measure(shared_app, clients, objects)}
    fresh()
    multiply(database, fixed)
    with shared_app.app_context():
        with write_transaction():
            search.index_many(
                [tuple(row) for row in db.session.execute(db.text(
                    f"SELECT id, title, body FROM proposal WHERE number IS NOT NULL AND id > {STEP}"))]
            )  # fmt: skip
        for table in ("proposal", "action", "action_update", "meeting", "decision", "working_group", "user", "letter"):
            rows = db.session.execute(db.text(f'SELECT count(*) FROM "{table}"')).scalar_one()
            assert rows >= (2 if table == "letter" else TEN) * TIMES, f"{table}: {rows}"
        db.session.rollback()
    found[TEN * TIMES] = measure(shared_app, clients, objects, found[TEN])
    fresh()
    kept.forget()
    return found


def test_no_page_takes_more_statements_with_more_rows(counted: dict[int, dict[tuple[str, str], Any]]) -> None:
    few, many = counted[TEN], counted[TEN * TIMES]
    grown = {
        page: ([len(one) for one in few[page]], [len(one) for one in many[page]])
        for page in few
        # what a process keeps is bounded: a page too heavy to be kept is made anew the second time
        if len(few[page][0]) != len(many[page][0]) or len(many[page][-1]) > len(many[page][0])
    }
    assert not grown, grown


def test_each_page_keeps_to_its_budget(counted: dict[int, dict[tuple[str, str], Any]]) -> None:
    over = {}
    for (role, path), sent in counted[TEN * TIMES].items():
        budget = 15 if path.startswith("/tableau-de-bord") else 8
        if max(len(one) for one in sent) > budget:
            over[role, path] = [len(one) for one in sent]
    assert not over, over
