"""A quarter of an hour at half of what the server can do: no error, memory and slowest answers steady.

Loads a demonstration of its own, serves it as `make serve` does, and asks for the pages of the bench over eight
connections, with supports given and taken back and a write now and then. A first minute without a pause says how many
requests a second it can answer, asked from this machine; then half of that is asked. MINUTES= changes how long.
With RECORD=1 the table also takes its place in docs/torture.md.
"""

from __future__ import annotations

import http.client
import itertools
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bench import recording
from bench.run import BIN, CONNECTIONS, ROOT, memory, served, wait
from bench.visitor import Visitor

PORT = 8773
SHARE = 0.5  # of what can be answered
GROWTH = 0.05  # of memory, once the first fifth has warmed it
SLOWER, SLACK_MS = 1.5, 10.0  # p99 of the last third: at most so many times that of the first, and so much more
IDLE_S = 1.5  # the server closes a connection that says nothing for two seconds
PAGES = {
    "/": 4, "/propositions": 4, "/propositions/5": 4, "/actions": 3, "/actions/5": 3,
    "/tableau-de-bord": 1, "/tableau-de-bord?au=2018-06-30": 2, "/lettres/9": 2,
}  # fmt: skip
UNCHANGED, VOTES = 2, 3  # asked again by a browser that has the page; supports, and supports taken back
WRITE_EVERY_S = 20.0  # a write after which all pages are made anew


@dataclass
class Tick:
    """What one minute, or one part of a short run, gave."""

    seconds: float
    milliseconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    memory_kb: int = 0

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds


def slowest(found: list[float]) -> float:
    """The 99th percentile."""
    return sorted(found)[int(len(found) * 0.99)] if found else 0.0


class Browser:
    """One connection of somebody logged in; asks one thing after another."""

    def __init__(self, visitor: Visitor, votable: list[str], tag: str, chance: random.Random) -> None:
        self.visitor, self.tag, self.chance = visitor, tag, chance
        self._host = urlsplit(visitor.base).netloc
        self._connection = http.client.HTTPConnection(self._host, timeout=30)
        self._used = 0.0
        self._turn = itertools.cycle([(act, number) for number in votable for act in ("soutien", "retrait-soutien")])
        self._follow = itertools.cycle("10")
        self._write_at = float("inf")
        kinds = [*PAGES.items(), ("unchanged", UNCHANGED), ("vote", VOTES)]
        self._kinds, self._weights = zip(*kinds, strict=True)

    def close(self) -> None:
        self._connection.close()

    def write(self) -> None:
        """From now on write something every `WRITE_EVERY_S` seconds."""
        self._write_at = 0.0

    def ask(self) -> str:
        """One request; what is wrong with its answer."""
        (kind,) = self.chance.choices(self._kinds, self._weights)
        if time.monotonic() > self._write_at:
            self._write_at = time.monotonic() + WRITE_EVERY_S
            return self._send("POST", "/propositions/5/suivi", 303, f"&suivre={next(self._follow)}")
        if kind == "vote":
            act, number = next(self._turn)
            return self._send("POST", f"/propositions/{number}/{act}", 303)
        if kind == "unchanged":
            return self._send("GET", "/tableau-de-bord?au=2018-06-30", 304, tag=self.tag)
        return self._send("GET", str(kind), 200)

    def _send(self, method: str, path: str, expected: int, typed: str = "", tag: str = "") -> str:
        headers = {"Cookie": self.visitor.cookie}
        body = None
        if method == "POST":
            body = f"csrf_token={self.visitor.token}{typed}"
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.visitor.base}
        if tag:
            headers["If-None-Match"] = tag
        if time.monotonic() - self._used > IDLE_S:
            self._connection.close()
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return f"{method} {path}: {type(error).__name__}"
        self._used = time.monotonic()
        # a write made since changes the page that a browser has
        fine = answer.status in {expected, 200} if tag else answer.status == expected
        return "" if fine else f"{method} {path}: {answer.status}"


def load(browsers: list[Browser], seconds: float, rate: float | None) -> Tick:
    """Ask for some seconds, `rate` times a second in all; without a pause when it is None."""
    tick = Tick(seconds)
    over = time.monotonic() + seconds

    def work(browser: Browser, place: int) -> None:
        pause = 0.0 if rate is None else len(browsers) / rate
        due = time.monotonic() + pause * place / len(browsers)
        while due < over and time.monotonic() < over:
            time.sleep(max(0.0, due - time.monotonic()))
            begun = time.perf_counter()
            wrong = browser.ask()
            tick.milliseconds.append(1000 * (time.perf_counter() - begun))
            if wrong:
                tick.errors.append(wrong)
            due = max(due + pause, time.monotonic() - 1)  # what was late for long is not made up for

    threads = [threading.Thread(target=work, args=(one, place)) for place, one in enumerate(browsers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tick


@dataclass
class Report:
    able: float  # requests a second that can be answered
    ticks: list[Tick]

    def _thirds(self) -> tuple[float, float]:
        third = max(1, len(self.ticks) // 3)
        return tuple(  # type: ignore[return-value]
            statistics.median(slowest(one.milliseconds) for one in part)
            for part in (self.ticks[:third], self.ticks[-third:])
        )

    @property
    def errors(self) -> list[str]:
        return [error for tick in self.ticks for error in tick.errors]

    @property
    def growth(self) -> float:
        """Of memory, from the end of the first fifth to the end."""
        warm = self.ticks[len(self.ticks) // 5].memory_kb
        return self.ticks[-1].memory_kb / warm - 1

    @property
    def is_steady(self) -> bool:
        first, last = self._thirds()
        return last <= SLOWER * first + SLACK_MS

    @property
    def held(self) -> bool:
        return not self.errors and self.growth < GROWTH and self.is_steady

    def lines(self) -> Iterator[str]:
        yield "| minute | requests | a second | errors | p50 ms | p99 ms | PSS MB |"
        yield "|--:|--:|--:|--:|--:|--:|--:|"
        for place, tick in enumerate(self.ticks, 1):
            yield tick_line(place, tick)
        first, last = self._thirds()
        yield ""
        yield f"- {self.able:.0f} requests a second can be answered; {SHARE:.0%} of that was asked."
        yield f"- Errors: {len(self.errors)}."
        yield f"- Memory: {self.growth:+.1%} from the end of the first fifth to the end (at most {GROWTH:+.0%})."
        yield (
            f"- Slowest hundredth: {first:.0f} ms in the first third, {last:.0f} ms in the last "
            f"(at most {SLOWER} times the first and {SLACK_MS:.0f} ms)."
        )


def tick_line(place: int, tick: Tick) -> str:
    middle = statistics.median(tick.milliseconds)
    cells = (place, len(tick.milliseconds), f"{tick.per_second:.0f}", len(tick.errors), f"{middle:.1f}",
             f"{slowest(tick.milliseconds):.1f}", f"{tick.memory_kb / 1024:.0f}")  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def soak(base: str, server: int, *, ticks: int, seconds: float, warm: float) -> Report:
    """Load the server of that address and process; each tick is told as it ends."""
    visitor = Visitor(base)
    tag = visitor.page("/tableau-de-bord?au=2018-06-30").tag
    votable = visitor.votable()
    shares = [votable[place::CONNECTIONS] or votable for place in range(CONNECTIONS)]
    browsers = [Browser(visitor, share, tag, random.Random(place)) for place, share in enumerate(shares)]  # noqa: S311
    browsers[0].write()
    full = load(browsers, warm, None)
    report = Report(full.per_second, [])
    for place in range(1, ticks + 1):
        tick = load(browsers, seconds, SHARE * report.able)
        tick.memory_kb = memory(server)
        report.ticks.append(tick)
        print(tick_line(place, tick), flush=True)
    for browser in browsers:
        browser.close()
    return report


def main() -> None:
    minutes = int(os.environ.get("MINUTES") or 15)
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ, "TRACKER_MODE": "demo", "TRACKER_INSTANCE": folder,
            "DATABASE_URL": f"sqlite:///{folder}/tracker.db",
        }  # fmt: skip
        for command in (("db", "upgrade"), ("demo", "load")):
            subprocess.run([BIN / "flask", "--app", "wsgi", *command], cwd=ROOT, env=environment, check=True)
        base = f"http://127.0.0.1:{PORT}"
        log = Path(folder) / "server.log"
        with served("wsgi:app", PORT, environment, log) as server:
            wait(f"{base}/healthz")
            report = soak(base, server, ticks=minutes, seconds=60, warm=60)
        if "Traceback" in (said := log.read_text("utf-8")):
            print(said[said.index("Traceback") :][:8000])
            report.ticks[-1].errors.append("the server failed somewhere, see above")
    lines = list(report.lines())
    print("\n".join(lines), flush=True)
    for error in sorted(set(report.errors)):
        print(error)
    if os.environ.get("RECORD"):
        recording.put(ROOT / "docs" / "torture.md", "soak", lines)
    sys.exit(0 if report.held else 1)


if __name__ == "__main__":
    main()
