"""Where the keys of the votes lie (design 4.6), and which votes are open; the service of that name writes and reads."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import select

from tracker.extensions import db
from tracker.models import Campaign
from tracker.queries import campaigns


def key_folder() -> Path:
    folder: Path = Path(current_app.config["INSTANCE_FOLDER"]) / "vote-keys"
    return folder


def key_path(campaign_id: int, *, pending: bool = False) -> Path:
    return key_folder() / f"{campaign_id}.key{'.new' if pending else ''}"


def print_of(secret: bytes) -> str:
    """What the database knows of a key."""
    return hashlib.sha256(secret).hexdigest()


def open_votes() -> dict[int, str | None]:
    """The consultations whose roll is open, with the print of their key."""
    rows: Any = db.session.execute(
        select(Campaign.id, Campaign.key_sha256).where(campaigns.VOTING).order_by(Campaign.id)
    )
    return dict(rows.all())
