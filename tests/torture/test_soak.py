"""The long run of `make soak`, for a few seconds: its load is answered without error, and its table is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import soak
from bench.run import served, wait
from tests import demonstration
from tests.servers import free_port


@pytest.mark.demo
def test_the_load_of_the_soak_is_answered_without_error(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    folder = demonstration.copy_to(demonstration.loaded(tmp_path_factory), tmp_path / "instance")
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with served("wsgi:app", port, demonstration.environment(folder), tmp_path / "server.log") as server:
        wait(f"{base}/healthz")
        report = soak.soak(base, server, ticks=3, seconds=2, warm=3)
    assert report.errors == []
    assert all(tick.milliseconds and tick.memory_kb for tick in report.ticks)
    assert len([line for line in report.lines() if line.startswith("|")]) == 2 + 3
    grown = soak.Report(report.able, [soak.Tick(2, [1.0], [], kb) for kb in (100, 110, 120)])
    assert not grown.held
    slow = soak.Report(report.able, [soak.Tick(2, [ms], [], 100) for ms in (1.0, 1.0, 90.0)])
    assert not slow.held
    assert soak.Report(report.able, [soak.Tick(2, [1.0], [], 100) for _ in range(3)]).held
