"""The production server: two processes of four threads each."""

from __future__ import annotations

import ctypes
import gc
import logging.config
import os
import shutil
import sqlite3
import stat
import sys
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

PORT = os.environ.get("PORT", "8000")
MEMORY = Path("/dev/shm")  # noqa: S108 - heartbeat files, and a private folder
METRICS = "PROMETHEUS_MULTIPROC_DIR"

bind = f"127.0.0.1:{PORT}"  # or the socket that systemd hands over
workers = 2
worker_class = "gthread"
threads = 4
preload_app = True  # imported once: the workers share its memory
control_socket_disable = True
graceful_timeout = 30
worker_tmp_dir = str(MEMORY) if os.access(MEMORY, os.W_OK) else None

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # of glibc's malloc.h


class JsonLogger(Logger):  # type: ignore[misc]
    """The server's own lines as objects of the same shape as the application's."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        from tracker import logs

        logging.config.dictConfig(logs.SERVER)


if os.environ.get("TRACKER_MODE", "production") == "production":
    logger_class = JsonLogger


def _metrics_folder() -> Path:
    """Where the processes of this server add up what they count: in memory, since a full disk would kill who writes.

    The library must find it named before it is imported, which the application does.
    """
    if given := os.environ.get(METRICS):
        return Path(given)
    from tracker.config import ROOT

    folder = MEMORY / f"tracker-{os.geteuid()}-{PORT}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077:
            return folder
    except OSError:
        pass  # no such place: beside the data
    return Path(os.environ.get("TRACKER_INSTANCE") or ROOT / "instance") / "run" / f"metrics-{PORT}"


folder = _metrics_folder()
folder.mkdir(mode=0o700, parents=True, exist_ok=True)
os.environ[METRICS] = str(folder)


def on_starting(server: Any) -> None:
    """Refuse a database of another version, and forget the counts of a server that ended.

    Then give back the 19 MiB of each password hash at once, and keep one heap for all threads: glibc would keep both
    by default, 80 MB a worker after a morning of logins. Other C libraries have no `mallopt`.
    """
    from tracker import schema_fault

    if fault := schema_fault(server.app.wsgi()):
        server.log.error(fault)
        sys.exit(os.EX_CONFIG)
    for path in folder.glob("*.db"):
        path.unlink()
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024)
        mallopt(M_ARENA_MAX, 1)


def _fold_journal(server: Any) -> None:
    from tracker.connections import fold_journal

    try:
        whole = fold_journal(server.app.wsgi().config["SQLALCHEMY_DATABASE_URI"])
    except (OSError, sqlite3.Error) as trouble:
        server.log.warning("The journal stays beside the database: %s", type(trouble).__name__)
    else:
        if not whole:
            server.log.warning("The journal stays beside the database: somebody still works on it")


def pre_fork(_server: Any, _worker: Any) -> None:
    """What is loaded stays: not to be looked through by each collection, whose marks would unshare its memory.

    A page makes thousands of objects that live as long as itself: looked through every 700, as Python does, they cost
    a board of 15,000 actions a third of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def post_worker_init(_worker: Any) -> None:
    """Its files are made now, rather than by a request that might find the disk full."""
    from tracker import metrics

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    metrics.prepare()


def child_exit(_server: Any, worker: Any) -> None:
    """What a process that ended was doing is no longer being done; what it counted stays counted."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """All has ended: the file of the database holds the whole of it, as far as nobody else works on it."""
    _fold_journal(server)
    if folder.parent == MEMORY and not server.reexec_pid:  # of a server that took over (SIGUSR2), and counts there
        shutil.rmtree(folder, ignore_errors=True)
