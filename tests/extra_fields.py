"""Fields that rows have and forms do not offer, and what a request writes, to be compared with another's."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from sqlalchemy import event

from tests.forms import Form
from tests.world import World
from tracker.extensions import db

EXTRA = {
    "id": "1", "role": "admin", "roles": "admin", "grants-0-role": "admin", "state": "retained", "status": "done",
    "author": "1", "author_id": "1", "user_id": "1", "actor_id": "1", "is_admin": "y", "is_active": "",
    "is_manager": "y",
    "login": "pirate", "sealed": "", "number": "999", "programme_id": "1", "campaign_id": "1", "group_id": "1",
    "entity_id": "1", "password_hash": "x", "created_at": "2001-01-01", "published_on": "2001-01-01",
    "closed_at": "2001-01-01", "support_count": "999", "agreed_by_id": "1", "decided_by_id": "1", "draft_key": "x",
    "slug": "pirate", "effective_on": "2001-01-01", "rank_at": "2001-01-01", "_method": "DELETE",
}  # fmt: skip
HASHED = re.compile(r"\$argon2id\$[^']+")


def extra_for(form: Form) -> dict[str, str]:
    """Those that the form does not offer; `revoked`-like words of its own stay what they are."""
    offered = {*dict(form.fields), *form.choices, *form.texts, *form.dates, *form.hidden}
    return {name: value for name, value in EXTRA.items() if name not in offered}


def plausible(form: Form) -> dict[str, str]:
    """Words and days where the form is empty, so that more of them are taken."""
    kept = dict(form.fields)
    words = {name: "Des mots simples pour essayer" for name in form.texts if not kept.get(name, "").strip()}
    return {**words, **{name: "2026-03-16" for name in form.dates if not kept.get(name)}, "confirmed": "yes"}


@contextmanager
def noting_writes(world: World) -> Iterator[list[str]]:
    """What is written meanwhile, to the letter: chance is the same each time, but for salts."""
    numbers, found = count(), []

    def not_by_chance(size: int) -> bytes:
        return hashlib.shake_256(str(next(numbers)).encode()).digest(size)

    def note(_conn: object, _cursor: object, statement: str, params: object, *_rest: object) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            found.append(HASHED.sub("…", f"{statement} {params!r}"))

    with world.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("random._urandom", not_by_chance)
            yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)
