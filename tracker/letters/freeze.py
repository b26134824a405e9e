"""Canonical JSON of a letter, and its hash: the same content always gives the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from tracker.letters.compose import Block, instant, iso
from tracker.letters.facts import Facts

SCHEMA_VERSION = 1
SOURCE_KEYS = ("query", "params", "as_of", "known_at")


def canonical(content: Any) -> str:
    """Sorted keys, no spaces, characters as they are."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(text: str) -> str:
    """SHA-256 of the UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def content_of(facts: Facts, blocks: Iterable[Block], *, title: str, number: int | None) -> dict[str, Any]:
    """What is frozen: the head, every counter, and the blocks in their order."""
    period, figures = facts.period, facts.figures
    return {
        "schema_version": SCHEMA_VERSION,
        "letter": {
            "title": title,
            "name": facts.letter_name,
            "number": number,
            "quarter": period.quarter,
            "project": {"slug": facts.project, "title": facts.project_title},
            "after": iso(period.after),
            "as_of": iso(period.until),
            "known_at": instant(period.known_at),
            "provisional": period.provisional,
            "previous": period.previous_number,
        },
        "counters": {
            "opening": {key: figures.opening.get(key, 0) for key in figures.closing},
            "corrections": figures.corrections,
            "changes": figures.changes,
            "closing": dict(figures.closing),
        },
        "blocks": [
            {
                "id": block.key,
                "kind": block.kind,
                "source": {key: block.source[key] for key in SOURCE_KEYS if key in block.source},
                "data": block.data,
                "edited_text": block.edited_text,
                "hidden": block.hidden,
                "order": order,
                "audience": block.audience,
            }
            for order, block in enumerate(blocks)
        ],
    }


def _values(content: Any, name: str) -> Iterator[int]:
    if isinstance(content, dict):
        for key, value in content.items():
            if key == name and isinstance(value, int):
                yield value
            else:
                yield from _values(value, name)
    elif isinstance(content, list):
        for value in content:
            yield from _values(value, name)


References = dict[str, tuple[int, ...]]


def references(content: Any) -> References:
    """The rows that a letter shows people or texts of, whose names and texts may be withdrawn one day."""
    return {name: tuple(sorted(set(_values(content, name)))) for name in ("authorship", "user", "decision", "update")}
