"""Key files of the votes (design 4.6): one per consultation, in `instance/vote-keys/`, read by its owner alone.

Never in the database nor in a backup. All of this is done while no write transaction is open.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from flask_babel import gettext

from tracker.errors import Refused
from tracker.queries import campaigns
from tracker.queries.campaigns import CampaignRecord
from tracker.queries.vote_keys import key_folder as key_folder
from tracker.queries.vote_keys import key_path, print_of
from tracker.records import Actor
from tracker.services.durable import keep

KEY_BYTES = 32


def closed() -> Refused:
    """The refusal when no step allows support."""
    return Refused(gettext("Les soutiens ne sont pas ouverts en ce moment."))


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a consultation; `pending` when it takes the place of a lost one and is not written down yet."""

    campaign_id: int
    secret: bytes
    pending: bool = False

    def __repr__(self) -> str:
        return f"Key(campaign_id={self.campaign_id})"  # the secret must not reach a log

    @property
    def sha256(self) -> str:
        return print_of(self.secret)

    def tag(self, user_id: int) -> str:
        return hmac.new(self.secret, str(user_id).encode(), hashlib.sha256).hexdigest()


def _read_or_create(path: Path) -> bytes:
    """The key in that file, made with its owner's rights alone if there is none.

    It is written aside, then linked: two processes agree on one key and none reads half of it.
    """
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
    finally:
        aside.unlink()
    keep(path.parent)
    return path.read_bytes()


def prepare_key(campaign: CampaignRecord) -> Key:
    """The key of a consultation whose voting is not closed, made if there is none; call it outside any transaction.

    When the database knows a key whose file is lost, a new one waits in a file of its own until it is written down.
    """
    if campaign.votes_closed:
        raise closed()
    path, spare = key_path(campaign.id), key_path(campaign.id, pending=True)
    if path.exists() or campaign.key_sha256 is None:
        return Key(campaign.id, _read_or_create(path))
    key = Key(campaign.id, _read_or_create(spare), pending=True)
    if key.sha256 == campaign.key_sha256:
        with contextlib.suppress(FileNotFoundError):  # another process was faster
            spare.rename(path)
        keep(path.parent)
        return Key(campaign.id, key.secret)
    return key


def living_key(campaign_id: int) -> Key | None:
    """The key as it lies in its file, or None; makes nothing."""
    for pending in (False, True):
        with contextlib.suppress(FileNotFoundError):
            return Key(campaign_id, key_path(campaign_id, pending=pending).read_bytes())
    return None


def destroy_key(campaign_id: int) -> None:
    """Overwrite and remove the key, after the commit of `close_votes`; harmless when it is gone already."""
    for pending in (False, True):
        path = key_path(campaign_id, pending=pending)
        with contextlib.suppress(FileNotFoundError):
            with path.open("r+b") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            keep(path.parent)


def _ids_with_key() -> set[int]:
    """The consultations that have a key file."""
    folder = key_folder()
    if not folder.is_dir():
        return set()
    names = {path.name.split(".")[0] for path in folder.iterdir() if not path.name.startswith(".")}
    return {int(name) for name in names if name.isdigit()}


def left_over_keys() -> set[int]:
    """The closed consultations that still have a key file: the process stopped between the commit and `destroy_key`,
    or a request that had read the consultation just before the close made a key just after it."""
    return campaigns.closed_among(_ids_with_key())


def living_tags(actor: Actor, *, not_closed: Collection[int] | None = None) -> dict[int, str]:
    """The person's tag in each consultation whose key lives; a key that outlived the close is not read.

    `not_closed`: the consultations asked about whose voting is not closed, when the caller knows them.
    """
    if not_closed is None:
        present = _ids_with_key()
        not_closed = present - campaigns.closed_among(present)
    keys = [living_key(campaign_id) for campaign_id in sorted(not_closed)]
    return {key.campaign_id: key.tag(actor.id) for key in keys if key is not None}
