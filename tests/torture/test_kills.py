"""Processes are killed while people write: what was acknowledged is there, and nothing that nobody sent."""

from __future__ import annotations

import random
import time
from pathlib import Path

from flask import Flask

from tests import effort
from tests.effort import THOROUGH
from tests.servers import Node, start, wait_for
from tests.torture import recording
from tests.torture.writers import Writer, settle, whole, writing
from tracker.extensions import begin_write, end_transaction

ROUNDS = 30 if THOROUGH else 2
KINDS = ("a worker", "the master", "all at once")


def sound(app: Flask) -> None:
    """The operator's own check finds nothing wrong, SQLite's integrity_check included."""
    done = app.test_cli_runner().invoke(args=["check", "--deep"])
    assert done.exit_code == 0, done.output


def look(app: Flask, writers: list[Writer]) -> list[int]:
    """How many deeds of each writer were kept, once no dead process is still writing."""
    begin_write()
    end_transaction(commit=False)
    sound(app)
    now = time.monotonic()
    return whole(writers, since=now, until=now)


def killed(node: Node, kind: str, chance: random.Random) -> None:
    if kind == "a worker":
        node.kill(chance.choice(node.workers))
    elif kind == "the master":  # its workers find out, and end by themselves
        node.kill(node.process.pid)
    else:
        node.end()


def test_what_was_acknowledged_outlives_any_process_and_nothing_else_is_there(site: Flask, tmp_path: Path) -> None:
    writers = settle(site)
    chance = effort.chance(6)
    url = str(site.config["BASE"].url)
    kills = dict.fromkeys(KINDS, 0)
    open_deeds = open_and_kept = 0
    slowest = 0.0
    node = start(tmp_path, url)
    try:
        for round_ in range(ROUNDS):
            kind = KINDS[(round_ + 1) % 3] if round_ < 3 else chance.choice(KINDS)
            with writing(writers, node, chance):
                time.sleep(chance.uniform(0.6, 1.6))
                killed(node, kind, chance)
                time.sleep(0.2)
            kills[kind] += 1
            begun = time.monotonic()
            if node.process.poll() is not None:
                node = start(tmp_path, url, port=node.port)
            wait_for(node)
            slowest = max(slowest, time.monotonic() - begun)
            counts = look(site, writers)
            for writer, count in zip(writers, counts, strict=True):
                if writer.unknown is not None:
                    open_deeds += 1
                    open_and_kept += count == len(writer.deeds)
                    writer.send_again(node)
            assert look(site, writers) == [len(writer.deeds) for writer in writers], "each once, sent twice or not"
        assert "Traceback" not in node.said(), node.said()[-4000:]
    finally:
        node.end()
    done = sum(len(writer.deeds) for writer in writers)
    assert all(writer.deeds for writer in writers), "everybody wrote"
    recording.record(
        f"kills {recording.database()}",
        recording.table(
            ("killed", "acknowledged writes", "lost", "not answered", "of which kept", "written twice", "up again"),
            (
                ", ".join(f"{kind} {n}" for kind, n in kills.items()), done - open_deeds, 0, open_deeds, open_and_kept,
                0, f"within {slowest:.1f} s",
            ),
        ),
    )  # fmt: skip
