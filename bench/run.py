"""Requests per second of the main pages, as ratios to a floor page measured in the same run (design part 7).

Loads a demonstration of its own, serves it as `make serve` does, and asks floor and pages in turn with wrk, several
rounds of a second each: the eight connections of a round may all fall to one of the two workers, and other work on the
machine slows some rounds, floor included. A page's figure is the median of its rounds, each as a ratio to the floor
of the same round; the least and the greatest stand beside it.
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
ROUNDS, SECONDS, CONNECTIONS = 7, 1, 8
PASSWORD = "projet-administration"
MILLISECONDS = {"us": 0.001, "ms": 1, "s": 1000}


class Target(NamedTuple):
    name: str
    path: str
    least: float
    if_none_match: bool = False


class Round(NamedTuple):
    """One page asked for `SECONDS`."""

    ratio: float
    per_second: float
    slowest: float


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


def rate(url: str, *headers: str) -> tuple[float, float]:
    """Requests per second and 99th percentile in ms, by wrk; stops the run when an answer is an error."""
    options = [part for header in headers for part in ("-H", header)]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", *options, url]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out:
        sys.exit(f"{url}: {out}")
    per_second = re.search(r"Requests/sec:\s+([\d.]+)", out)
    slowest = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    assert per_second, out
    assert slowest, out
    return float(per_second[1]), float(slowest[1]) * MILLISECONDS[slowest[2]]


def memory(parent: int) -> int:
    """Proportional set size of a process and its children, in kB."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    total = 0
    for pid in [str(parent), *children]:
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
        server = subprocess.Popen([*gunicorn, "wsgi:app"], cwd=ROOT, env=environment)
        started = wait(f"http://127.0.0.1:{PORT}/healthz")
        floor = subprocess.Popen([*gunicorn, "bench.floor:app"], cwd=ROOT, env={**environment, "PORT": str(FLOOR_PORT)})
        try:
            wait(f"http://127.0.0.1:{FLOOR_PORT}/")
            report(f"http://127.0.0.1:{PORT}", f"http://127.0.0.1:{FLOOR_PORT}", server.pid, started)
        finally:
            for process in (server, floor):
                process.terminate()
                process.wait(timeout=20)


def report(base: str, floor_base: str, pid: int, started: float) -> None:
    """Ask floor and pages in turn, `ROUNDS` times, and print the medians."""
    opener, cookie = sign_in(base)
    for _ in range(19):
        sign_in(base)
    answers = {target: opener.open(base + target.path) for target in TARGETS}
    sizes = {target: len(answer.read()) for target, answer in answers.items()}
    floors: list[float] = []
    rounds: dict[Target, list[Round]] = {target: [] for target in TARGETS}
    for _ in range(ROUNDS):
        at_least, _slowest = rate(f"{floor_base}/")
        floors.append(at_least)
        for target in TARGETS:
            headers = [f"Cookie: {cookie}"]
            if target.if_none_match:
                headers.append(f"If-None-Match: {answers[target].headers['ETag']}")
            found, slowest = rate(base + target.path, *headers)
            rounds[target].append(Round(found / at_least, found, slowest))
    print(f"{'page':24} {'req/s':>8} {'p99 ms':>8} {'ratio':>6} {'from to':>12} {'target':>6} {'bytes':>8}")
    print(f"{'floor':24} {statistics.median(floors):8.0f} {'':>8} {1:6.2f}")
    for target, of_page in rounds.items():
        ratios = [one.ratio for one in of_page]
        ratio, found = statistics.median(ratios), statistics.median(one.per_second for one in of_page)
        slowest = statistics.median(one.slowest for one in of_page)
        span = f"{min(ratios):.2f} {max(ratios):.2f}"
        mark = "" if ratio >= target.least else "  below"
        print(
            f"{target.name:24} {found:8.0f} {slowest:8.1f} {ratio:6.2f} {span:>12}"
            f" {target.least:6.2f} {sizes[target]:8}{mark}"
        )
    print(f"memory of the server and its workers: {memory(pid) / 1024:.0f} MB PSS (target 220)")
    print(f"start to the first 200 of /healthz: {started:.2f} s (target 1.5)")


if __name__ == "__main__":
    main()
