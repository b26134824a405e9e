"""Copies of a PostgreSQL database, by its own tools: pg_dump and pg_restore, in their custom format."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flask_babel import gettext
from sqlalchemy import Connection, Engine, create_engine, func, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from tracker.config import POSTGRESQL_OPTIONS
from tracker.errors import Refused
from tracker.extensions import WRITE_LOCK, write_options
from tracker.models import Campaign, Instance, Programme, RollEntry, Vote
from tracker.queries.campaigns import VOTING
from tracker.services.copies import files
from tracker.services.durable import keep

OURS = ("TABLE DATA public instance ", "TABLE DATA public alembic_version ")  # in the contents of each copy of ours
WAIT = "10s"
TURN, TURNS, PAUSE, LOCKED = "1s", 60, 0.5, "55P03"
_SNAPSHOT = select(func.pg_export_snapshot())
_VOTING = select(func.count(Campaign.id)).where(VOTING)
# what extensions bring (statistics of queries…) is nobody's data
_PRESENT = text(
    "SELECT count(*) FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')"
    " AND c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')"
    " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
)


@contextmanager
def engine_of(url: str) -> Iterator[Engine]:
    """The database of that address, whatever the application's own is. Raises Refused when it fails us."""
    engine = create_engine(url, hide_parameters=True, **POSTGRESQL_OPTIONS)
    try:
        yield engine
    except DBAPIError as error:
        why = str(error.orig).strip().splitlines()[:1]
        raise Refused(gettext("PostgreSQL répond : %(why)s", why="".join(why))) from error
    finally:
        engine.dispose()


def refuse_unless_empty(connection: Connection) -> None:
    if connection.scalar(_PRESENT):
        name = connection.engine.url.database
        raise Refused(gettext("La base %(name)s n'est pas vide : rien n'est écrasé. Créez-en une autre.", name=name))


def backup(url: str, target: Path) -> int:
    program = _program("pg_dump")
    with engine_of(url) as engine, _ordered_state(engine) as snapshot:
        files.make_private(target)
        try:
            _run(
                [program, "--format=custom", f"--file={target}", f"--snapshot={snapshot}",
                 f"--lock-wait-timeout={WAIT}", "--no-owner", "--no-privileges"],
                url,
            )  # fmt: skip
            keep(target)
        except BaseException:
            target.unlink()
            raise
    return target.stat().st_size


@contextmanager
def _ordered_state(engine: Engine) -> Iterator[str]:
    """A state of the data that pg_dump may read, in which votes and electors lie in the order of their keys.

    It copies rows in the order in which they lie: that of the casts while a vote is open, which ties votes to lines of
    the roll. Nobody writes between the moment when they are put in order and the state that is copied.
    """
    with engine.connect() as reader:
        if reader.scalar(_VOTING):
            reader.rollback()
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as keeper:
                keeper.exec_driver_sql(f"SET lock_timeout = '{TURN}'")
                _put_in_order(keeper, then=lambda: reader.scalar(_SNAPSHOT))
        yield str(reader.scalar(_SNAPSHOT))


def _put_in_order(keeper: Connection, *, then: Callable[[], object]) -> None:
    """Write both tables again, and do `then` before anybody writes. Those who read them are waited for, in turns."""
    for turn in range(1, TURNS + 1):
        try:
            keeper.execute(select(func.pg_advisory_lock(WRITE_LOCK)))
            for table in (Vote.__table__, RollEntry.__table__):
                keeper.exec_driver_sql(f"CLUSTER {table.name} USING pk_{table.name}")
            then()
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != LOCKED:
                raise
            if turn == TURNS:
                raise Refused(
                    gettext("La base est trop occupée pour mettre les votes en ordre : recommencez plus tard.")
                ) from error
        else:
            return
        finally:
            keeper.execute(select(func.pg_advisory_unlock_all()))
        time.sleep(PAUSE)


def verify(source: Path) -> None:
    command = [_program("pg_restore"), "--list", str(source)]
    files.require(source)
    contents = _run(command, refusal=files.unreadable(source))
    if not all(line in contents for line in OURS):
        raise files.unreadable(source)


def restore(url: str, source: Path) -> None:
    verify(source)
    program = _program("pg_restore")
    with engine_of(url) as engine:
        with engine.connect() as connection:
            refuse_unless_empty(connection)
        _run(
            [program, f"--dbname={make_url(url).database}", "--schema=public", "--single-transaction",
             "--exit-on-error", "--no-owner", "--no-privileges", str(source)],
            url,
        )  # fmt: skip
        with engine.connect().execution_options(**write_options(engine)) as connection:
            step = files.step()
            for model in (Instance, Programme):
                connection.execute(update(model).values(revision=model.revision + step))
            connection.execute(text("ANALYZE"))
            connection.commit()


# --- The tools ---------------------------------------------------------------------------------------------------


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Refused(
            gettext("Il manque %(name)s sur cette machine : installez le paquet postgresql-client.", name=name)
        )
    return found


def _environment(url: str) -> Mapping[str, str]:
    """Where the database is and by which password, told where other accounts of the machine cannot read it."""
    from psycopg import pq

    parsed = make_url(url)
    _none, given = parsed.get_dialect()().create_connect_args(parsed)
    names = {one.keyword.decode(): one.envvar.decode() for one in pq.Conninfo.get_defaults() if one.envvar}
    return {names[key]: str(value) for key, value in given.items() if key in names}


def _run(command: list[str], url: str = "", *, refusal: Refused | None = None) -> str:
    """What the tool says. Raises Refused with its first complaint, never with the values that later ones quote."""
    done = subprocess.run(  # noqa: S603 - a tool of the system, on a file that the operator names
        command,
        env={**os.environ, **(_environment(url) if url else {}), "LC_MESSAGES": "C"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        why = "".join(done.stderr.strip().splitlines()[:1])
        raise refusal or Refused(gettext("La copie n'est pas faite : %(why)s", why=why))
    return done.stdout
