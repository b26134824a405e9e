"""What docs/security.md and SECURITY.md say is shown is shown: each test and each document that they name exists."""

from __future__ import annotations

import re

import pytest

from tracker.config import ROOT

TABLE = (ROOT / "docs" / "security.md").read_text("utf-8")
ROWS = [line.strip("| ").split(" | ") for line in TABLE.splitlines() if re.match(r"\| \d", line)]
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
FILES = re.compile(r"`((?:docs/)?[\w-]+\.(?:md|txt)|tests/[\w/]+\.py)`")


def test_each_test_named_exists() -> None:
    named = NAMED.findall(TABLE)
    assert len(named) > 150
    for path, name in set(named):
        file = ROOT / "tests" / path
        assert file.is_file(), path
        assert re.search(rf"^\s*def {name}\(", file.read_text("utf-8"), re.MULTILINE), f"{path} has no {name}"


@pytest.mark.parametrize("document", ["docs/security.md", "SECURITY.md"])
def test_each_file_named_exists(document: str) -> None:
    named = FILES.findall((ROOT / document).read_text("utf-8"))
    assert named
    assert all((ROOT / name).is_file() for name in named), named


def test_each_line_has_its_state_and_its_reason_or_its_proof() -> None:
    numbers = [row[0] for row in ROWS]
    assert len(numbers) == len(set(numbers)) > 150
    previous_is_shown = False
    for number, _short, state, why in ROWS:
        assert state in {"met", "not met", "operator"}, number
        shown = bool(NAMED.search(why) or FILES.search(why) or "make lint" in why)
        # "the same": what the line before names
        assert state == "not met" or shown or (why.startswith("the same") and previous_is_shown), number
        assert len(why) > 7, number
        previous_is_shown = shown or (why.startswith("the same") and previous_is_shown)
