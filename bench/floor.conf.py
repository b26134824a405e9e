"""The settings of the production server for the floor, without what is the application's own: nothing of it is imported."""

from __future__ import annotations

import runpy

SETTINGS = (
    "bind", "workers", "worker_class", "threads", "preload_app", "control_socket_disable", "graceful_timeout",
    "worker_tmp_dir", "pre_fork",
)  # fmt: skip
_ours = runpy.run_path("gunicorn.conf.py")
globals().update({name: _ours[name] for name in SETTINGS})
