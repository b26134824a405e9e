"""How many cases a property is tried on.

`make test` tries few, always the same ones, so that it stays short and tells the same twice; `make torture` tries many,
others each time.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import TypeVar

from hypothesis import HealthCheck, settings

T = TypeVar("T")
THOROUGH = os.environ.get("TRACKER_TESTS") == "thorough"

# tests empty what they share themselves, and a slow machine is no failure
settings.register_profile("few", max_examples=40, deadline=None, suppress_health_check=list(HealthCheck),
                          derandomize=True, database=None)  # fmt: skip
settings.register_profile("many", max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("many" if THOROUGH else "few")


def cases(few: int, many: int) -> settings:
    """The settings of a property that is tried on `few` cases in `make test`, on `many` in `make torture`."""
    return settings(max_examples=many if THOROUGH else few)


def share(values: Sequence[T], key: int, *, one_in: int) -> Sequence[T]:
    """One of so many of these in `make test`, others for another key; all of them in `make torture`."""
    return values if THOROUGH else values[key % one_in :: one_in]


def chance(seed: int) -> random.Random:
    """Draws the same in each `make test`; in `make torture` others each time, from a seed that a failure shows."""
    drawn = random.SystemRandom().randrange(2**32) if THOROUGH else seed
    print(f"drawn from {drawn}")  # noqa: T201 - pytest keeps it for a failure
    return random.Random(drawn)
