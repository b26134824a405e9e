"""Requests per second of the main pages, as ratios to a floor page measured in the same run (design part 7).

Loads a demonstration of its own, serves it as `make serve` does, and asks each page with wrk for a second, the floor
just before it, in several rounds: the eight connections of a round may all fall to one of the two workers, and other
work on the machine slows some seconds, floor included. A page's figure is the median of its rounds, each as a ratio to
the floor of the second before; the least and the greatest stand beside it. The last column is the same ratio in
processor time per request, which other work on the machine moves least.
"""

from __future__ import annotations

import http.cookiejar
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PORT, FLOOR_PORT = 8771, 8772
ROUNDS, SECONDS, CONNECTIONS, STARTS = 9, 1, 8, 5
PASSWORD = "projet-administration"
MILLISECONDS = {"us": 0.001, "ms": 1, "s": 1000}


class Target(NamedTuple):
    name: str
    path: str
    least: float
    if_none_match: bool = False


class Round(NamedTuple):
    """One page asked for `SECONDS`."""

    per_second: float
    slowest: float  # 99th percentile, ms
    processor: float  # of the server, ms per request


TARGETS = (
    Target("accueil", "/", 0.25),
    Target("propositions", "/propositions", 0.25),
    Target("proposition", "/propositions/5", 0.25),
    Target("actions", "/actions", 0.25),
    Target("action", "/actions/5", 0.25),
    Target("tableau de bord", "/tableau-de-bord?au=2018-06-30", 0.25),
    Target("tableau de bord, 304", "/tableau-de-bord?au=2018-06-30", 0.6, True),
    Target("lettre", "/lettres/9", 0.4),
)


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


def sign_in(base: str) -> tuple[urllib.request.OpenerDirector, str]:
    """An opener logged in as `agent`, and its Cookie header."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = opener.open(f"{base}/connexion").read().decode()
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, "no token on the login page"
    fields = {"csrf_token": found[1], "login": "agent", "password": PASSWORD}
    opener.open(f"{base}/connexion", urllib.parse.urlencode(fields).encode()).close()
    return opener, "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def ask(url: str, server: int, *headers: str) -> Round:
    """One round by wrk on a server given by its process; stops the run when an answer is an error."""
    options = [part for header in headers for part in ("-H", header)]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", *options, url]
    before = processor(server)
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    spent = processor(server) - before
    if "Non-2xx" in out:
        sys.exit(f"{url}: {out}")
    per_second = re.search(r"Requests/sec:\s+([\d.]+)", out)
    slowest = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    asked = re.search(r"(\d+) requests in", out)
    assert per_second, out
    assert slowest, out
    assert asked, out
    return Round(float(per_second[1]), float(slowest[1]) * MILLISECONDS[slowest[2]], 1000 * spent / int(asked[1]))


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


def main() -> None:
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ, "TRACKER_MODE": "demo", "TRACKER_INSTANCE": folder, "PORT": str(PORT),
            "DATABASE_URL": f"sqlite:///{folder}/tracker.db",
        }  # fmt: skip
        for command in (("db", "upgrade"), ("demo", "load")):
            subprocess.run([BIN / "flask", "--app", "wsgi", *command], cwd=ROOT, env=environment, check=True)
        gunicorn = [BIN / "gunicorn", "--config", "gunicorn.conf.py", "--log-level", "error"]
        started: list[float] = []
        for last in [False] * (STARTS - 1) + [True]:
            server = subprocess.Popen([*gunicorn, "wsgi:app"], cwd=ROOT, env=environment)
            started.append(wait(f"http://127.0.0.1:{PORT}/healthz"))
            if not last:
                stop(server)
        floor = subprocess.Popen([*gunicorn, "bench.floor:app"], cwd=ROOT, env={**environment, "PORT": str(FLOOR_PORT)})
        try:
            wait(f"http://127.0.0.1:{FLOOR_PORT}/")
            report(f"http://127.0.0.1:{PORT}", f"http://127.0.0.1:{FLOOR_PORT}", server.pid, floor.pid, started)
        finally:
            stop(server)
            stop(floor)


def stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    server.wait(timeout=20)


def report(base: str, floor_base: str, pid: int, floor_pid: int, started: list[float]) -> None:
    """Ask each page after the floor, `ROUNDS` times, and print the medians."""
    opener, cookie = sign_in(base)
    for _ in range(19):
        sign_in(base)
    answers = {target: opener.open(base + target.path) for target in TARGETS}
    sizes = {target: len(answer.read()) for target, answer in answers.items()}
    floors: dict[Target, list[Round]] = {target: [] for target in TARGETS}
    rounds: dict[Target, list[Round]] = {target: [] for target in TARGETS}
    for _ in range(ROUNDS):
        for target in TARGETS:
            floors[target].append(ask(f"{floor_base}/", floor_pid))
            headers = [f"Cookie: {cookie}"]
            if target.if_none_match:
                headers.append(f"If-None-Match: {answers[target].headers['ETag']}")
            rounds[target].append(ask(base + target.path, pid, *headers))
    print(
        f"{'page':24} {'req/s':>7} {'p99 ms':>7} {'ratio':>6} {'from to':>10} {'target':>6} {'bytes':>7} {'CPU ms':>7} {'ratio':>6}"
    )
    every = [floor for found in floors.values() for floor in found]
    show("floor", every, every, "")
    for target, found in rounds.items():
        show(target.name, found, floors[target], f"{target.least:6.2f} {sizes[target]:7}")
    print(f"memory of the server and its workers: {memory(pid) / 1024:.0f} MB PSS (target 220)")
    print(
        f"start to the first 200 of /healthz: {statistics.median(started):.2f} s"
        f" (target 1.5), median of {STARTS}, from {min(started):.2f} to {max(started):.2f}"
    )


def show(name: str, found: list[Round], floors: list[Round], known: str) -> None:
    """One line: medians, and ratios to `floors`, round by round."""
    per_second, slowest, spent = (statistics.median(one) for one in zip(*found, strict=True))
    ratios = [one.per_second / floor.per_second for one, floor in zip(found, floors, strict=True)]
    by_processor = statistics.median(floor.processor / one.processor for one, floor in zip(found, floors, strict=True))
    span = f"{min(ratios):.2f} {max(ratios):.2f}"
    print(
        f"{name:24} {per_second:7.0f} {slowest:7.1f} {statistics.median(ratios):6.2f} {span:>10}"
        f" {known:>14} {spent:7.2f} {by_processor:6.2f}"
    )


if __name__ == "__main__":
    main()
