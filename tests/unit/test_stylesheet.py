"""An employer's colour: readable whatever it is, and nothing but a colour."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.exports import stylesheet as sheets
from tracker.exports.stylesheet import DARK_GROUNDS, LIGHT_GROUNDS, WHITE, contrast, mixed, parsed, stylesheet
from tracker.records import NO_COLOUR

APP_CSS = Path(__file__).parents[2] / "tracker" / "static" / "css" / "app.css"
COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def read(colour: str) -> tuple[sheets.Colour, sheets.Colour, sheets.Colour]:
    """Ground of the header, text in light, text in dark."""
    sheet = stylesheet(colour)
    assert sheet is not None
    light, dark = sheet.text.strip().splitlines()
    found = [
        parsed(re.findall(rf"{name}: (#[0-9a-f]{{6}})", line)[0])
        for name, line in (("--brand", light), ("--brand-text", light), ("--brand-text", dark))
    ]
    assert all(found)
    return found[0], found[1], found[2]  # type: ignore[return-value]


@given(COLOURS.filter(lambda colour: colour != NO_COLOUR))
@example("#000000")
@example("#ffffff")
@example("#ffff00")
@example("#0000ff")
@example("#808080")
def test_every_colour_is_readable_in_light_and_dark(colour: str) -> None:
    brand, light, dark = read(colour)
    assert contrast(WHITE, brand) >= 4.5
    assert contrast(WHITE, mixed(brand, WHITE, 0.16)) >= 4.5  # the search field
    assert contrast(WHITE, mixed(brand, (0, 0, 0), 0.16)) >= 4.5  # a button under the pointer
    for text, grounds in ((light, LIGHT_GROUNDS), (dark, DARK_GROUNDS)):
        assert min(contrast(text, parsed(ground)) for ground in grounds) >= 4.5  # type: ignore[arg-type]


@given(COLOURS, COLOURS)
def test_contrast_is_that_of_the_standard(one: str, other: str) -> None:
    first, second = parsed(one), parsed(other)
    assert first is not None
    assert second is not None
    assert 1 <= contrast(first, second) <= 21.0001
    assert contrast(first, second) == contrast(second, first)
    assert contrast((0, 0, 0), WHITE) == pytest.approx(21)
    assert contrast((0x76, 0x76, 0x76), WHITE) == pytest.approx(4.54, abs=0.01)


def test_the_grounds_are_the_worst_of_the_stylesheet() -> None:
    """A ground added to app.css, darker in light or lighter in dark, must be known here."""
    light, dark = APP_CSS.read_text("utf-8").split("@media (prefers-color-scheme: dark)")[:2]
    for text, known, worst in ((light, LIGHT_GROUNDS, min), (dark.split("/* ----------")[0], DARK_GROUNDS, max)):
        names = r"--(?:ground|surface|raised|line|[a-z]+-bg): (#[0-9a-f]{3,6})\b"
        grounds = [one if len(one) == 7 else "#" + "".join(c * 2 for c in one[1:]) for one in re.findall(names, text)]
        assert len(grounds) >= 10

        def light_of(colour: str) -> float:
            return contrast(parsed(colour), (0, 0, 0))  # type: ignore[arg-type]

        assert worst(map(light_of, known)) == worst(map(light_of, grounds))


def test_a_readable_colour_is_kept_as_it_is() -> None:
    assert read("#12385f")[0] == (0x12, 0x38, 0x5F)


@pytest.mark.parametrize(
    "colour", ["", "red", "#fff", "#12345g", "#1234567", "#123456;}", NO_COLOUR, NO_COLOUR.upper()]
)
def test_what_is_no_colour_of_its_own_has_no_stylesheet(colour: str) -> None:
    assert stylesheet(colour) is None


def test_the_key_says_the_content() -> None:
    first, same, other = stylesheet("#2f6f4e"), stylesheet("#2F6F4E"), stylesheet("#8a3b5c")
    assert first is not None
    assert same is not None
    assert other is not None
    assert first.key == same.key
    assert first.key != other.key
    assert re.fullmatch(r"[0-9a-f]{12}", first.key)
