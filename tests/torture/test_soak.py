"""The long run of `make soak`, for a few seconds: its load is answered without error, and its table is told."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from bench import soak
from bench.run import served, wait
from tests import demonstration
from tests.servers import free_port
from tracker.config import ROOT


@pytest.mark.demo
def test_the_load_of_the_soak_is_answered_without_error(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    folder = demonstration.copy_to(demonstration.loaded(tmp_path_factory), tmp_path / "instance")
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with served("wsgi:app", port, demonstration.environment(folder), tmp_path / "server.log") as server:
        wait(f"{base}/healthz")
        report = soak.soak(base, server, ticks=3, seconds=0.7, warm=1)
    assert report.errors == []
    assert all(tick.milliseconds and tick.memory_kb for tick in report.ticks)
    assert len([line for line in report.lines() if line.startswith("|")]) == 2 + 3
    grown = soak.Report(report.able, [soak.Tick(2, [1.0], [], kb) for kb in (100, 110, 120)])
    assert not grown.held
    slow = soak.Report(report.able, [soak.Tick(2, [ms], [], 100) for ms in (1.0, 1.0, 90.0)])
    assert not slow.held
    assert soak.Report(report.able, [soak.Tick(2, [1.0], [], 100) for _ in range(3)]).held


@pytest.mark.parametrize(("command", "end"), [("true", "Done: all of it holds."), ("false", "Done: it does not hold")])
def test_what_runs_in_the_background_says_where_its_log_is_and_how_it_ended(
    tmp_path: Path, command: str, end: str
) -> None:
    words = ("sh", "-c", f"echo 'Working.'; {command}")
    told = subprocess.run([ROOT / "scripts" / "in-background", "long", *words], cwd=tmp_path, stdout=subprocess.PIPE,
                          text=True, check=True)  # fmt: skip
    log = Path(told.stdout.split()[-1])
    for _ in range(100):
        if log.exists() and "Done" in log.read_text("utf-8"):
            break
        time.sleep(0.05)
    working, last = log.read_text("utf-8").splitlines()
    assert (working, last[: len(end)]) == ("Working.", end)
