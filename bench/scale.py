"""The same pages on a programme many times as large, as shares of their own speed on the demonstration.

`make bench SCALE=100` loads both, serves both as `make serve` does, and asks each page with wrk for a second of one, then
a second of the other, in several rounds whose median is told. With RECORD=1 the table takes its place in
docs/performance.md. LOADED=folder keeps the large database there, and finds it again the next time.
"""

from __future__ import annotations

import gzip
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from bench.run import (
    BIN,
    CONNECTIONS,
    FLOOR_PORT,
    LOGINS,
    PORT,
    ROOT,
    ROUNDS,
    TARGETS,
    VOTE,
    Round,
    Target,
    ask,
    cold_days,
    jobs_memory,
    memory,
    record,
    served,
    wait,
)
from bench.visitor import Visitor, statements

LEAST = 0.5  # of its own speed on the demonstration
COLD_SECONDS = 3
COLD_MS = 300  # of server time, for a board of which nothing is ready
Loaded = tuple[dict[str, str], int]


class Side:
    """One of the two servers, with somebody logged in."""

    def __init__(self, folder: Path, pid: int, port: int) -> None:
        self.folder, self.pid = folder, pid
        self.base = f"http://127.0.0.1:{port}"
        wait(f"{self.base}/healthz")
        self.visitor = Visitor(self.base)
        self.asked_cold = 0
        self.pages = {t: self.visitor.page(t.path) for t in TARGETS if t.kind in {"page", "304"}}
        self.votable = self.visitor.votable()
        self.rounds: dict[Target, list[Round]] = {target: [] for target in TARGETS}

    def warm(self) -> None:
        """Have both workers make each page once: the first reading of a log is no page's."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for page in self.pages.values():
                list(pool.map(self.visitor.page, [page.path] * 2 * CONNECTIONS))

    def ask(self, target: Target) -> Round:
        headers, script = [f"Cookie: {self.visitor.cookie}"], None
        if target.kind == "304":
            headers.append(f"If-None-Match: {self.pages[target].tag}")
        elif target.kind in {"cold", "vote"}:
            numbers = ",".join(self.votable)
            text = cold_days(self.asked_cold) if target.kind == "cold" else None
            script = self.folder / "asks.lua"
            script.write_text(text or VOTE % (numbers, self.visitor.token, self.base), "utf-8")
        url = self.base + target.path.format(self.votable[0])
        if target.kind != "cold":
            return ask(url, self.pid, *headers, script=script)
        # one after the other, for longer: what is unfinished at the end would be counted to those that are
        found = ask(url, self.pid, *headers, script=script, connections=1, seconds=COLD_SECONDS)
        self.asked_cold += int(found.per_second * COLD_SECONDS) + 1
        return found


def load(folder: Path, scale: int) -> Loaded:
    """A database of that scale in a folder, unless it is there already, with the seconds that its loading took."""
    environment = {
        **os.environ, "TRACKER_MODE": "demo", "TRACKER_INSTANCE": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/tracker.db",
    }  # fmt: skip
    told = folder / "loading-seconds"
    if not told.exists():
        folder.mkdir(parents=True, exist_ok=True)
        begun = time.monotonic()
        for command in (["db", "upgrade"], ["demo", "load", "--scale", str(scale)]):
            subprocess.run([BIN / "flask", "--app", "wsgi", *command], cwd=ROOT, env=environment, check=True)
        told.write_text(f"{time.monotonic() - begun:.0f}", "utf-8")
    return environment, int(told.read_text("utf-8"))


def counts(environment: dict[str, str]) -> str:
    """What the large database holds, in words."""
    os.environ.update(environment)
    from sqlalchemy import func, select

    from tracker import create_app
    from tracker.enums import ProposalState
    from tracker.extensions import db
    from tracker.models import Action, ActionUpdate, Proposal, User, Vote

    retained = select(func.count(Proposal.id)).where(Proposal.state == ProposalState.RETAINED)
    asked = {"retained proposals": retained} | {
        name: select(func.count()).select_from(model)
        for name, model in (
            ("proposals", Proposal), ("people", User), ("votes", Vote), ("actions", Action),
            ("rows in their logs", ActionUpdate),
        )
    }  # fmt: skip
    with create_app().app_context():
        found = [f"{db.session.scalar(query):,} {name}" for name, query in asked.items()]
        db.session.remove()
        db.engine.dispose()
    return ", ".join(found)


def table(small: Side, large: Side, environment: dict[str, str]) -> Iterator[str]:
    yield "| page | req/s, demo | req/s | p50 ms | p99 ms | of its own speed | least to greatest | target | by processor | server ms | SQL | kB | gzip kB |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    sql = statements([page.path for page in large.pages.values()], environment)
    for target in TARGETS:
        pairs = list(zip(small.rounds[target], large.rounds[target], strict=True))
        ratios = [ours.per_second / before.per_second for before, ours in pairs]
        page = large.pages.get(target) if target.kind == "page" else None
        spent = statistics.median(ours.processor for _, ours in pairs)
        cells = [
            target.name,
            f"{statistics.median(before.per_second for before, _ in pairs):.0f}",
            *(f"{statistics.median(ours[n] for _, ours in pairs):.{n and 1}f}" for n in range(3)),
            f"{statistics.median(ratios):.2f}",
            f"{min(ratios):.2f} to {max(ratios):.2f}",
            f"{COLD_MS} ms" if target.kind == "cold" else f"{LEAST}",
            f"{statistics.median(before.processor / ours.processor for before, ours in pairs):.2f}",
            f"{spent:.1f}",
            "" if page is None else str(sql[page.path]),
            "" if page is None else f"{len(page.body) / 1000:.1f}",
            "" if page is None else f"{len(gzip.compress(page.body, 6)) / 1000:.1f}",
        ]
        yield f"| {' | '.join(cells)} |"


def main(scale: int) -> None:
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: apt-get install wrk")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kept = Path(os.environ.get("LOADED") or folder / "large")
        small_environment, _ = load(folder / "small", 1)
        environment, seconds = load(kept, scale)
        small, large = (
            Side(place, stack.enter_context(served("wsgi:app", port, made, place / "server.log")), port)
            for place, port, made in ((folder / "small", FLOOR_PORT, small_environment), (kept, PORT, environment))
        )
        for side in (small, large):
            side.warm()
            for _ in range(LOGINS - 1):
                Visitor(side.base)
        for _ in range(ROUNDS):
            for target in TARGETS:
                for side in (small, large):
                    side.rounds[target].append(side.ask(target))
        size = (kept / "tracker.db").stat().st_size / 1e6
        jobs = [jobs_memory(made) / 1024 for made in (small_environment, environment)]
        web = [memory(side.pid) / 1024 for side in (small, large)]
        lines = [
            f"{scale} times the demonstration, loaded in {seconds} s ({size:.0f} MB on disk): {counts(environment)}.",
            "",
            *table(small, large, environment),
            "",
            f"- Web master and two workers, after the run and {LOGINS} logins: {web[1]:.0f} MB PSS; {web[0]:.0f} on the demonstration.",
            f"- Who stands by for the jobs, idle after a first round: {jobs[1]:.0f} MB PSS; {jobs[0]:.0f} on the demonstration (at most 120).",
        ]
    print("\n".join(lines))
    if os.environ.get("RECORD"):
        record(lines, "bench scale")


if __name__ == "__main__":
    main(int(os.environ.get("SCALE") or 100))
