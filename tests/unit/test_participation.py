"""Participation tells nothing about a few people, even by subtraction."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracker.progress.participation import LEAST, Turnout, shown


def part(participants: int, electors: int, label: str = "") -> Turnout:
    return Turnout(label, participants, electors)


def test_parts_with_five_on_either_side_are_shown() -> None:
    parts = [part(10, 40), part(20, 30)]
    assert shown(parts) == tuple(parts)


def test_one_small_part_hides_another_so_that_it_cannot_be_deduced() -> None:
    assert shown([part(3, 40), part(20, 300), part(30, 60)]) == (None, part(20, 300), None)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6))
def test_what_is_hidden_is_never_a_single_part_nor_an_unsafe_sum_beside_shown_ones(
    pairs: list[tuple[int, int]],
) -> None:
    parts = [part(took, took + stayed) for took, stayed in pairs]
    result = shown(parts)
    hidden = [p for p, seen in zip(parts, result, strict=True) if seen is None]
    visible = [seen for seen in result if seen is not None]
    assert all(seen.is_safe for seen in visible)
    if hidden and visible:
        assert len(hidden) > 1
        assert sum(p.participants for p in hidden) >= LEAST
        assert sum(p.abstainers for p in hidden) >= LEAST
