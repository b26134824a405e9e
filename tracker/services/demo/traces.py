"""The events of the demonstration, as services would have written them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tracker.models import Event
from tracker.services.bulk import Batch


def trace(
    batch: Batch,
    *,
    at: datetime,
    programme_id: int,
    person: tuple[int, str] | None,
    verb: str,
    subject: str,
    subject_id: int,
    **changes: Any,
) -> None:
    """The event that a service would have written: who (id and name), what, old → new."""
    batch.add(
        Event,
        at=at,
        programme_id=programme_id,
        actor_id=person[0] if person else None,
        actor_label=person[1] if person else "",
        verb=verb,
        subject=subject,
        subject_id=subject_id,
        changes=changes,
    )
