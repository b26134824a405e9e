"""Thousands of odd requests: no failure, no trace of the code, nothing typed comes back unescaped, memory flat.

400 with a fixed seed in `make test`; 20,000 others each time in `make torture`, where RECORD=1 writes docs/torture.md.
"""

from __future__ import annotations

import ctypes
import gc
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from tests.effort import THOROUGH
from tests.torture import odd_values as odd
from tests.torture.fuzzing import Fuzzer
from tests.torture.recording import record, table
from tests.world import World, demonstration

pytestmark = pytest.mark.demo

ROUNDS, EACH, WARM = (20, 1000, 10) if THOROUGH else (1, 400, 1)  # bounded caches of texts take long to fill
GROWTH = 1.05  # of what the process holds once warm


@pytest.fixture(scope="module")
def world(demo_app: Flask) -> Iterator[World]:
    with demonstration(demo_app) as made:
        yield made


def _held() -> int:
    """Kilobytes of this process's own memory, what it only keeps in reserve apart."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    found = re.search(r"^RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # else what failed is not told
def test_no_odd_request_fails_or_shows_or_writes_what_it_may_not(world: World) -> None:
    first = random.SystemRandom().randrange(2**32) if THOROUGH else 20
    print(f"drawn from {first}")  # noqa: T201 - pytest keeps it for a failure
    fuzzer = Fuzzer(world, first=first, deep_every=5 if THOROUGH else 12)
    held, began = [], time.monotonic()
    for number in range(ROUNDS):
        # what is asked is drawn by turns: a shorter example would be another one
        @seed(first + number)
        @settings(max_examples=EACH, phases=[Phase.generate], derandomize=False, database=None)
        @given(values=st.lists(odd.values(), min_size=6, max_size=6))
        def ask(values: list[bytes]) -> None:
            fuzzer.try_one(values)

        ask()
        held.append(_held())
    seconds = time.monotonic() - began
    tally = fuzzer.tally
    assert tally.sent >= ROUNDS * EACH
    assert tally.deep > 0
    pairs = {(endpoint, method) for endpoint, methods in fuzzer.methods.items() for method in methods} - {
        ("static", "GET")
    }
    reached = len(tally.reached & pairs)
    assert reached > len(pairs) * (0.99 if THOROUGH else 0.6), sorted(pairs - tally.reached)
    record(
        "fuzzing",
        table(
            ("requests", "seconds", "reached", "2xx", "3xx", "4xx", "5xx", "writes", "deep checks",
             "memory, warm", "at the end"),
            (
                tally.sent, round(seconds), f"{reached} of {len(pairs)}",
                *(_of_class(tally.answers, hundred) for hundred in (2, 3, 4, 5)), tally.writes, tally.deep,
                f"{held[WARM - 1] / 1024:.0f} MB", f"{held[-1] / 1024:.0f} MB",
            ),
        ),
    )  # fmt: skip
    if THOROUGH:
        assert held[-1] < held[WARM - 1] * GROWTH, held


def _of_class(answers: Counter[int], hundred: int) -> int:
    return sum(many for status, many in answers.items() if status // 100 == hundred)
