"""A PostgreSQL server of the tests' own: Debian's, on a private socket, its data in memory, ended with the tests.

A program of its own too: `python -m tests.postgresql_server` starts one, says its address, and ends on Ctrl+C.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

ACCOUNT = "postgres"  # of the server and of its only user; PostgreSQL refuses to work as root
# nothing of it outlives the tests
SETTINGS = {
    "listen_addresses": "", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
    "max_connections": "60", "shared_buffers": "64MB", "autovacuum": "off", "jit": "off",
    "max_wal_size": "256MB", "checkpoint_timeout": "1h", "log_min_messages": "fatal",
}  # fmt: skip
_running: dict[Path, subprocess.Popen[bytes]] = {}  # servers of this process, by the folder of their socket


def _programs() -> Path:
    """Where Debian puts the newest server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    assert found, "PostgreSQL is missing: scripts/install-postgresql"
    return found[-1].parent


def _as_account(*command: str) -> list[str]:
    """The command under an account that PostgreSQL accepts; it ends with this process, whatever ends it."""
    change = ["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups"] if os.getuid() == 0 else []
    return ["setpriv", *change, "--pdeathsig", "INT", *command]


def address(socket: Path, name: str) -> str:
    return f"postgresql://{ACCOUNT}@/{name}?host={socket}"


@contextmanager
def server() -> Iterator[Path]:
    """A server that knows the user `postgres`; gives the folder of its socket."""
    memory = Path("/dev/shm")  # noqa: S108 - a private folder is made inside
    base = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="tracker-postgresql-", dir=base))
    if os.getuid() == 0:
        owner = pwd.getpwnam(ACCOUNT)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    programs, data = _programs(), folder / "data"
    try:
        subprocess.run(
            _as_account(
                str(programs / "initdb"), "--pgdata", str(data), "--username", ACCOUNT, "--auth", "trust", "--no-sync",
                "--encoding", "UTF8", "--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "fr",
            ),
            check=True, stdout=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
        _running[folder] = _start(folder)
        try:
            yield folder
        finally:
            running = _running.pop(folder)
            running.send_signal(signal.SIGQUIT)  # at once: nothing is kept
            running.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> subprocess.Popen[bytes]:
    options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    running = subprocess.Popen(
        _as_account(str(_programs() / "postgres"), "-D", str(folder / "data"), "-k", str(folder), *options),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    try:
        _wait(folder, running)
    except BaseException:
        running.kill()
        raise
    return running


@contextmanager
def stopped(socket: Path) -> Iterator[None]:
    """Meanwhile that server is stopped, as its operator stops it; then it goes on with its data."""
    running = _running[socket]
    running.send_signal(signal.SIGINT)
    running.wait(timeout=30)
    try:
        yield
    finally:
        _running[socket] = _start(socket)


def _wait(socket: Path, running: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert running.poll() is None, "PostgreSQL does not start"
        try:
            psycopg.connect(address(socket, "postgres")).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("PostgreSQL does not answer")


def run(socket: Path, *statements: str) -> None:
    """Statements about whole databases, outside of any transaction."""
    with psycopg.connect(address(socket, "postgres"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def exists(socket: Path, name: str) -> bool:
    with psycopg.connect(address(socket, "postgres")) as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is not None


if __name__ == "__main__":
    with server() as here:
        run(here, "CREATE DATABASE tracker")
        sys.stdout.write(address(here, "tracker") + "\n")
        sys.stdout.flush()
        try:
            time.sleep(1e9)
        except KeyboardInterrupt:
            sys.stdout.write("ended\n")
