"""Speed of the main pages, as ratios to a floor page measured in the same run (design part 7).

Loads a demonstration of its own, serves it as `make serve` does, and asks each page with wrk for a second, the floor
just before it, in several rounds: the eight connections of a round may all fall to one of the two workers, and other
work on the machine slows some seconds, floor included. A page's figure is the median of its rounds, each as a ratio to
the floor of the second before; the least and the greatest stand beside it. The last column is the same ratio in
processor time per request, which other work on the machine moves least.

With RECORD=1 the table also takes its place in docs/performance.md.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from bench.recording import put
from bench.visitor import Visitor, statements

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
RECORD = ROOT / "docs" / "performance.md"
PORT, FLOOR_PORT = 8771, 8772
ROUNDS, SECONDS, CONNECTIONS, STARTS, LOGINS = 9, 1, 8, 5, 20
MILLISECONDS = {"us": 0.001, "ms": 1, "s": 1000}
FIRST_DAY, DAYS = date(2015, 2, 1), 1700  # of the demonstration's first project


class Target(NamedTuple):
    name: str
    path: str
    least: float | None  # of the floor; None: not held to it
    kind: str = "page"  # or "304", "cold", "vote"


class Round(NamedTuple):
    """One page asked for `SECONDS`."""

    per_second: float
    median: float  # ms
    slowest: float  # 99th percentile, ms
    processor: float  # of the server, ms per request


TARGETS = (
    Target("home", "/", 0.25),
    Target("proposals", "/propositions", 0.25),
    Target("proposal", "/propositions/5", 0.25),
    Target("actions", "/actions", 0.25),
    Target("action", "/actions/5", 0.25),
    Target("board, cold", "/tableau-de-bord", None, "cold"),
    Target("board, warm", "/tableau-de-bord?au=2018-06-30", 0.25),
    Target("board, 304", "/tableau-de-bord?au=2018-06-30", 0.6, "304"),
    Target("letter", "/lettres/9", 0.4),
    Target("vote", "/propositions/{}/soutien", 0.25, "vote"),
)

# --- Scripts of wrk: what changes from one request to the next ---------------------------------------------------

COLD = """
local first, days = %d, {%s}
local n = 0
request = function()
  n = n + 1
  return wrk.format("GET", "/tableau-de-bord?au=" .. days[(first + n) %% #days + 1])
end
"""
# each proposal is supported, then the support taken back
VOTE = """
local numbers = {%s}
local n = 0
wrk.method = "POST"
wrk.body = "csrf_token=%s"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Origin"] = "%s"
request = function()
  n = n + 1
  local act = n %% 2 == 1 and "soutien" or "retrait-soutien"
  return wrk.format(nil, "/propositions/" .. numbers[math.floor(n / 2) %% #numbers + 1] .. "/" .. act)
end
"""
WRITE = 'wrk.method = "POST"'


def cold_days(already: int) -> str:
    days = (FIRST_DAY + timedelta(days=n) for n in range(DAYS))
    return COLD % (already, ",".join(f'"{day.isoformat()}"' for day in days))


# --- One round ---------------------------------------------------------------------------------------------------


def ask(
    url: str,
    server: int,
    *headers: str,
    script: Path | None = None,
    connections: int = CONNECTIONS,
    seconds: int = SECONDS,
) -> Round:
    """One round by wrk on a server given by its process; stops the run when an answer is an error."""
    options = [part for header in headers for part in ("-H", header)]
    if script is not None:
        options += ["-s", str(script)]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *options, url]
    before = processor(server)
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    spent = processor(server) - before
    if "Non-2xx" in out:
        sys.exit(f"{url}: {out}")
    asked = re.search(r"(\d+) requests in", out)
    per_second = re.search(r"Requests/sec:\s+([\d.]+)", out)
    shares = {share: float(n) * MILLISECONDS[unit] for share, n, unit in re.findall(r"(\d+)%\s+([\d.]+)(us|ms|s)", out)}
    assert asked, out
    assert per_second, out
    return Round(float(per_second[1]), shares["50"], shares["99"], 1000 * spent / max(1, int(asked[1])))


def family(parent: int) -> list[str]:
    """A process and its children."""
    return [str(parent), *Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def processor(parent: int) -> float:
    """Seconds of processor that a process and its children have taken."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in family(parent)]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


def memory(parent: int) -> int:
    """Proportional set size of a process and its children, in kB."""
    total = 0
    for pid in family(parent):
        found = re.search(r"Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text())
        total += int(found[1]) if found else 0
    return total


def jobs_memory(environment: dict[str, str]) -> int:
    """What who stands by for the jobs takes once idle, after a first whole round, in kB."""
    command = [BIN / "flask", "--app", "wsgi", "jobs", "work"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as standing:
        taken = -1.0
        while (now := processor(standing.pid)) > taken + 0.05 or now < 0.2:  # until it hardly works any more
            assert standing.poll() is None, "it ended by itself"
            taken = now
            time.sleep(3)
        kept = memory(standing.pid)
        standing.terminate()
    return kept


# --- The servers -------------------------------------------------------------------------------------------------


def wait(url: str) -> float:
    """Seconds until `url` answers 200."""
    begun = time.perf_counter()
    while time.perf_counter() - begun < 30:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return time.perf_counter() - begun
    sys.exit(f"{url} does not answer")


@contextmanager
def served(app: str, port: int, environment: dict[str, str], log: Path) -> Iterator[int]:
    """The production server of an application, whose words go to a file; its process."""
    settings = "gunicorn.conf.py" if app == "wsgi:app" else "bench/floor.conf.py"
    command = [BIN / "gunicorn", "--config", settings, "--log-level", "error", app]
    counts = log.with_name(f"counts-{port}")
    told = {**environment, "PORT": str(port), "PROMETHEUS_MULTIPROC_DIR": str(counts)}
    with log.open("ab") as words:
        server = subprocess.Popen(command, cwd=ROOT, env=told, stderr=words)
    try:
        yield server.pid
    finally:
        server.terminate()
        server.wait(timeout=40)  # a worker being born may miss the signal; the master ends it after 30 s


def start_time(environment: dict[str, str], log: Path) -> float:
    with served("wsgi:app", PORT, environment, log):
        return wait(f"http://127.0.0.1:{PORT}/healthz")


# --- The run -----------------------------------------------------------------------------------------------------


class Bench:
    """The rounds of a run."""

    def __init__(self, folder: Path, pid: int, floor_pid: int) -> None:
        self.folder, self.pid, self.floor_pid = folder, pid, floor_pid
        self.base, self.floor_base = (f"http://127.0.0.1:{port}" for port in (PORT, FLOOR_PORT))
        self.visitor = Visitor(self.base)
        self.asked_cold = 0
        self.floors: dict[Target, list[Round]] = {target: [] for target in TARGETS}
        self.rounds: dict[Target, list[Round]] = {target: [] for target in TARGETS}
        self.pages = {t: self.visitor.page(t.path) for t in TARGETS if t.kind in {"page", "304"}}
        self.votable = self.visitor.votable()

    def _script(self, text: str) -> Path:
        path = self.folder / "asks.lua"
        path.write_text(text, "utf-8")
        return path

    def floor(self, target: Target) -> Round:
        script = self._script(WRITE) if target.kind == "vote" else None
        return ask(f"{self.floor_base}/", self.floor_pid, script=script)

    def page(self, target: Target) -> Round:
        headers, script = [f"Cookie: {self.visitor.cookie}"], None
        if target.kind == "304":
            headers.append(f"If-None-Match: {self.pages[target].tag}")
        elif target.kind == "cold":
            script = self._script(cold_days(self.asked_cold))
        elif target.kind == "vote":
            numbers = ",".join(map(str, self.votable))
            script = self._script(VOTE % (numbers, self.visitor.token, self.base))
        found = ask(self.base + target.path.format(self.votable[0]), self.pid, *headers, script=script)
        if target.kind == "cold":
            self.asked_cold += int(found.per_second * SECONDS) + CONNECTIONS
        return found

    def run(self) -> None:
        for _ in range(LOGINS - 1):
            Visitor(self.base)
        for _ in range(ROUNDS):
            for target in TARGETS:
                self.floors[target].append(self.floor(target))
                self.rounds[target].append(self.page(target))

    def table(self, environment: dict[str, str]) -> Iterator[str]:
        yield "| page | req/s | p50 ms | p99 ms | ratio | least to greatest | target | by processor | SQL | kB | gzip kB |"
        yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
        yield self._line("floor", [f for t, found in self.floors.items() if t.kind != "vote" for f in found])
        yield self._line("floor, write", [f for t, found in self.floors.items() if t.kind == "vote" for f in found])
        counts = statements([page.path for page in self.pages], environment)
        for target in TARGETS:
            yield self._line(target.name, self.rounds[target], target, counts.get(target.path))

    def _line(self, name: str, found: list[Round], target: Target | None = None, sql: int | None = None) -> str:
        per_second, median, slowest, _ = (statistics.median(one) for one in zip(*found, strict=True))
        cells = [name, f"{per_second:.0f}", f"{median:.1f}", f"{slowest:.1f}"]
        if target is None:
            return f"| {' | '.join(cells)} | 1 | | | 1 | | | |"
        floors = self.floors[target]
        ratios = [one.per_second / floor.per_second for one, floor in zip(found, floors, strict=True)]
        spent = statistics.median(floor.processor / one.processor for one, floor in zip(found, floors, strict=True))
        page = self.pages.get(target) if target.kind == "page" else None
        cells += [
            f"{statistics.median(ratios):.2f}",
            f"{min(ratios):.2f} to {max(ratios):.2f}",
            "" if target.least is None else f"{target.least}",
            f"{spent:.2f}",
            "" if page is None or sql is None else str(sql),
            "" if page is None else f"{len(page.body) / 1000:.1f}",
            "" if page is None else f"{len(gzip.compress(page.body, 6)) / 1000:.1f}",
        ]
        return f"| {' | '.join(cells)} |"


def main() -> None:
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        environment = {
            **os.environ, "TRACKER_MODE": "demo", "TRACKER_INSTANCE": folder,
            "DATABASE_URL": f"sqlite:///{folder}/tracker.db",
        }  # fmt: skip
        for command in (("db", "upgrade"), ("demo", "load")):
            subprocess.run([BIN / "flask", "--app", "wsgi", *command], cwd=ROOT, env=environment, check=True)
        started = [start_time(environment, log) for _ in range(STARTS)]
        with (
            served("wsgi:app", PORT, environment, log) as pid,
            served("bench.floor:app", FLOOR_PORT, environment, log) as floor_pid,
        ):
            wait(f"http://127.0.0.1:{PORT}/healthz")
            wait(f"http://127.0.0.1:{FLOOR_PORT}/")
            bench = Bench(Path(folder), pid, floor_pid)
            bench.run()
            kept = memory(pid) / 1024
            lines = [*bench.table(environment), "", *told(kept, jobs_memory(environment) / 1024, started)]
    print("\n".join(lines))
    if os.environ.get("RECORD"):
        record(lines)


def told(kept: float, jobs: float, started: list[float]) -> list[str]:
    """The figures that are no page's."""
    seconds = f"{statistics.median(started):.2f} s, median of {STARTS} from {min(started):.2f} to {max(started):.2f}"
    return [
        f"- Memory of the web master and its two workers after the run and {LOGINS} logins: {kept:.0f} MB PSS (at most 220).",
        f"- Who stands by for the jobs (`jobs work`), idle after a first round: {jobs:.0f} MB PSS (at most 120).",
        f"- Start, from exec to the first 200 of `/healthz`: {seconds} (at most 1.5 s).",
    ]


def record(lines: list[str], where: str = "bench") -> None:
    put(RECORD, where, lines, how=f"{ROUNDS} rounds of {SECONDS} s, {CONNECTIONS} connections")


if __name__ == "__main__":
    main()
