"""What both importers share: the count of what they did, what they know of earlier runs, numbers in one go."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from tracker.extensions import db
from tracker.imports.actions import ActionImport
from tracker.imports.issues import ImportIssue, Issues
from tracker.imports.proposals import ProposalImport
from tracker.models import Counter, Event, ExternalRef
from tracker.records import Actor
from tracker.services import counters
from tracker.services.bulk import insert_all

BATCH = 2_000

Record = ActionImport | ProposalImport


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How many rows were made, changed or found as they were; with errors, nothing was written."""

    created: int
    changed: int
    unchanged: int
    issues: tuple[ImportIssue, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A source row of an earlier run."""

    ref_id: int
    target_id: int
    digest: str


def digest_of(record: Record) -> str:
    """SHA-256 of what a record says; the line it stands on does not count."""
    said = [getattr(record, name) for name in record.__slots__ if name != "line"]
    canonical = json.dumps(said, ensure_ascii=False, default=_plain)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """A day or a nested record for JSON; `dataclasses.asdict` copies deeply and would take most of an import."""
    return value.isoformat() if isinstance(value, date) else [getattr(value, name) for name in value.__slots__]


def known_rows(source: str, *, of_actions: bool, issues: Issues) -> dict[str, Known]:
    """Every source row already here, by its id at the source."""
    rows = db.session.execute(
        select(
            ExternalRef.id, ExternalRef.source_id, ExternalRef.action_id, ExternalRef.proposal_id, ExternalRef.digest
        ).where(ExternalRef.source == source)
    )
    known = {}
    for ref_id, source_id, action_id, proposal_id, digest in rows:
        target = action_id if of_actions else proposal_id
        if target is None:
            issues.error(_("Cette source sert déjà à un autre genre d'import."), column="source", value=source)
            return {}
        known[source_id] = Known(ref_id, target, digest)
    return known


def reserve_numbers(name: str, count: int) -> range:
    """The next `count` numbers, taken at once."""
    first = counters.next_number(name)
    if count > 1:
        db.session.execute(update(Counter).where(Counter.name == name).values(value=first + count - 1))
    return range(first, first + count)


def batches(records: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(records), BATCH):
        yield records[start : start + BATCH]


def insert_origins(
    made: Sequence[tuple[int, Record]],
    *,
    source: str,
    subject: str,
    programme_id: int,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Where each row made comes from, so that another run knows it, and its event: (id, record)."""
    insert_all(
        ExternalRef,
        [
            {
                "source": source,
                "source_id": one.source_id,
                f"{subject}_id": key,
                "digest": digest_of(one),
                "flags": list(one.flags),
            }
            for key, one in made
        ],
    )
    insert_all(
        Event,
        [
            {
                "at": now,
                "programme_id": programme_id,
                "actor_id": actor.id if actor else None,
                "actor_label": actor.name if actor else "",
                "verb": f"{subject}:import",
                "subject": subject,
                "subject_id": key,
                "changes": {"source": [None, source], "source_id": [None, one.source_id]},
            }
            for key, one in made
        ],
    )
