"""The production server: two processes of four threads each."""

from __future__ import annotations

import ctypes
import gc
import os
from typing import Any

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = 2
worker_class = "gthread"
threads = 4
preload_app = True  # imported once: the workers share its memory
control_socket_disable = True
graceful_timeout = 30
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - heartbeat files only

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # of glibc's malloc.h


def on_starting(_server: Any) -> None:
    """Give back the 19 MiB of each password hash at once, and keep one heap for all threads.

    glibc would keep both by default, 80 MB a worker after a morning of logins. Other C libraries have no `mallopt`.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024)
        mallopt(M_ARENA_MAX, 1)


def pre_fork(_server: Any, _worker: Any) -> None:
    """What is loaded stays: not to be looked through by each collection, whose marks would unshare its memory."""
    gc.collect()
    gc.freeze()
