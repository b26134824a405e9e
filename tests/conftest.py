"""Fixtures shared by integration and browser tests: an application on a database of its own, a clock, a client."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from flask.templating import Environment
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import event, select

import tracker
from tests import databases, demo_digest, effort, factories  # noqa: F401 - `effort` says how many cases properties take
from tests.client import CheckedClient
from tracker import create_app
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Authorship, User
from tracker.queries import kept

# pages are parsed into hundreds of thousands of objects: the collector's usual pace takes a fifth of the whole run
gc.set_threshold(50_000, 20, 50)

NOON = datetime(2026, 3, 16, 11, 0, tzinfo=UTC)  # a Monday, noon in Paris
SECRET = "for tests only, never elsewhere: 0123456789"


class Clock:
    """The time that the application sees; tests move it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def set(self, now: datetime) -> None:
        self.now = now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


def _scratch() -> Path:
    """A folder in memory where there is one: hundreds of small databases are made."""
    memory = Path("/dev/shm")  # noqa: S108 - a private folder is made inside
    base = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="tracker-tests-", dir=base))


def pytest_configure(config: pytest.Config) -> None:
    """Templates are compiled once for the applications of all test processes, not two seconds for each of them.

    Anew when what registers filters and options changes, for which a template may no longer compile.
    """
    if not config.pluginmanager.has_plugin("cacheprovider"):
        return
    assert config.cache is not None
    tool = Path(tracker.__file__).parent
    registering = [tool / name for name in ("__init__.py", "extensions.py", "filters.py", "views/layout.py")]
    digest = sha256(b"".join(path.read_bytes() for path in registering)).hexdigest()[:12]
    compiled = FileSystemBytecodeCache(str(config.cache.mkdir(f"templates-{version('jinja2')}-{digest}")))
    Flask.jinja_environment = staticmethod(partial(Environment, bytecode_cache=compiled))


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    folder = _scratch()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def bases(scratch: Path) -> Iterator[Any]:
    """`bases(name)` gives a database of the kind that TRACKER_TEST_DATABASE asks for; "empty" is the migrated one."""
    with databases.bases(scratch) as make:
        yield make


@pytest.fixture(scope="session")
def shared_app(scratch: Path, bases: Any) -> Iterator[Flask]:
    """One application for the whole run; `app` gives it an empty database for each test."""
    base = bases("test")
    app = create_app(
        environ={
            "TRACKER_MODE": "test",
            "TRACKER_SECRET_KEY": SECRET,
            "TRACKER_INSTANCE": str(scratch / "instance"),
            "DATABASE_URL": base.url,
        },
        config={"TESTING": True, "SERVER_NAME": None},
    )
    with app.app_context():
        flask_migrate.upgrade()  # the real migrations, so that no test passes on a schema that production lacks
    databases.let_go(app)
    app.config["BASE"] = base
    if not databases.ON_POSTGRESQL:  # where few pages are opened
        for name in app.jinja_env.list_templates(extensions=["html", "txt"]):
            app.jinja_env.get_template(name)  # compiled once, so that no test pays for it
    base.keep("empty")
    yield app
    databases.let_go(app)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What shows something of SQLite's own is skipped on another database; cases that nobody asks for are left out."""
    for item in items:
        if item.get_closest_marker("postgresql") and not databases.ON_POSTGRESQL:
            item.add_marker(pytest.mark.skip(reason="of PostgreSQL alone: make test-postgresql"))
        mark = item.get_closest_marker("sqlite")
        if mark is not None and databases.ON_POSTGRESQL:
            item.add_marker(pytest.mark.skip(reason=f"of SQLite alone: {mark.args[0]}"))
    left_out = [item for item in items if not _in_share(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


_met: set[tuple[Path, str]] = set()


def _in_share(item: pytest.Item) -> bool:
    """Whether a case is run when the first of each test is asked (TRACKER_TEST_CASES=first): the first that can run."""
    if not databases.FIRST_CASES or item.path.stem in databases.OF_DATABASES or item.get_closest_marker("postgresql"):
        return True
    if databases.ON_POSTGRESQL and (item.get_closest_marker("sqlite") or item.get_closest_marker("demo")):
        return True  # skipped, or left out by who asks
    test = (item.path, item.nodeid.partition("[")[0])
    first = test not in _met
    _met.add(test)
    return first


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(shared_app: Flask, scratch: Path, clock: Clock) -> Iterator[Flask]:
    """The application on an empty database, with its context pushed."""
    if not databases.ON_POSTGRESQL:
        shared_app.config["BASE"].put_back("empty")
    shutil.rmtree(scratch / "instance" / "vote-keys", ignore_errors=True)
    shared_app.config["CLOCK"] = clock
    kept.forget()
    with shared_app.app_context():
        if databases.ON_POSTGRESQL:
            databases.sweep()
        yield shared_app
        end_transaction(commit=False)
        db.session.remove()
        if not databases.ON_POSTGRESQL:  # whose connections stay good: the next test finds them
            db.engine.dispose()


@pytest.fixture
def writing(app: Flask) -> Any:
    """`with writing(): …` commits what a test prepares."""

    @contextmanager
    def prepare() -> Iterator[None]:
        with write_transaction():
            yield
        kept.forget()  # factories raise no revision

    return prepare


@pytest.fixture
def client(app: Flask) -> CheckedClient:
    """A visitor; `client.login(user)` makes it a person."""
    return CheckedClient(app)


@contextmanager
def counting() -> Iterator[list[str]]:
    """The SQL statements sent meanwhile to the database of the application at hand, BEGIN and PRAGMA apart."""
    statements: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE", "SELECT pg_advisory_xact_lock")):
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@pytest.fixture
def count_sql(app: Flask) -> Any:
    """`with count_sql() as statements: …`"""
    return counting


@pytest.fixture(scope="session")
def demo_app(scratch: Path, bases: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The whole demonstration, loaded once for the run as of NOON; read it, and use `fresh_demo` to change it."""
    folder = scratch / "demo"
    if databases.ON_POSTGRESQL:
        base = bases("demo")
        app = demo_digest.built(folder, SECRET, now=NOON, url=base.url)
    else:
        common = tmp_path_factory.getbasetemp()
        if os.environ.get("PYTEST_XDIST_WORKER"):
            common = common.parent  # to the processes of this run
        base = databases.SqliteBase(folder, "demo")
        app = demo_digest.built_once(common, folder, SECRET, now=NOON)
    base.keep("loaded")
    app.config["BASE"] = base
    shutil.copytree(folder / "instance" / "vote-keys", folder / "loaded-keys")
    app.config["DEMO_FOLDER"] = folder
    with app.app_context():
        factories.SEALED_NAMES.update(
            f"{first} {last}"
            for first, last in db.session.execute(
                select(User.first_name, User.last_name)
                .join(Authorship, Authorship.user_id == User.id)
                .where(Authorship.sealed.is_(True))
            )
        )
        db.session.remove()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def demo(demo_app: Flask) -> Iterator[Flask]:
    """The demonstration with its context pushed; nothing a test writes should outlive it."""
    demo_app.config["CLOCK"] = Clock()
    with demo_app.app_context():
        yield demo_app
        end_transaction(commit=False)
        db.session.remove()


@pytest.fixture
def fresh_demo(demo_app: Flask) -> Iterator[Flask]:
    """The demonstration to be changed freely: put back as it was loaded before and after."""
    folder: Path = demo_app.config["DEMO_FOLDER"]

    def restore() -> None:
        databases.let_go(demo_app)
        demo_app.config["BASE"].put_back("loaded")
        shutil.rmtree(folder / "instance" / "vote-keys", ignore_errors=True)
        shutil.copytree(folder / "loaded-keys", folder / "instance" / "vote-keys")
        kept.forget()

    restore()
    demo_app.config["CLOCK"] = Clock()
    with demo_app.app_context():
        yield demo_app
        end_transaction(commit=False)
        db.session.remove()
    restore()
