"""The arithmetic: shares of time, weighted means, indicators."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction

# Means are summed as integers: the result depends neither on the order of the actions nor on what
# a curve has added and taken away since, so a curve and a table that count the same things are
# equal to the last digit. 96 bits hold every percentage exactly.
FIXED_BITS = 96
_FIXED = float(1 << FIXED_BITS)


def fixed(percent: float) -> int:
    return int(percent * _FIXED)


def fixed_mean(total: int, weight: int) -> float | None:
    """`total` being a sum of weight × `fixed(value)`; None, never 0, when nothing weighs."""
    return total / (weight << FIXED_BITS) if weight > 0 else None


def weighted_mean(pairs: Iterable[tuple[int, float]]) -> float | None:
    """Mean of (weight, value); None when there is nothing to count."""
    total = weights = 0
    for weight, value in pairs:
        total += weight * fixed(value)
        weights += weight
    return fixed_mean(total, weights)


def elapsed_percent(day: date, start: date, end: date) -> float:
    """Elapsed share of a plan on a day, from 0 to 100; a plan of no length is a step on its end."""
    if day >= end:
        return 100.0
    if end <= start or day <= start:
        return 0.0
    # Multiplied before it is divided: 14 % must not become 14.000000000000002.
    return 100 * (day - start).days / (end - start).days


def indicator_progress(
    start: float | Decimal | None, current: float | Decimal | None, target: float | Decimal | None
) -> float | None:
    """Way made from start to target, rising or falling, 0 to 100; None when it cannot be told."""
    if start is None or current is None or target is None or target == start:
        return None
    # In fractions, so that a target met is 100 to the last digit, whatever the unit.
    begun = Fraction(start)
    made = (Fraction(current) - begun) / (Fraction(target) - begun)
    return float(100 * min(Fraction(1), max(Fraction(0), made)))
