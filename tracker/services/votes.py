"""Expressions of support (design 4.6): a key file per consultation, a roll, tags without name or time.

Nothing but `Vote`, `RollEntry.took_part` and `Proposal.support_count` is ever written from a vote: no event, no log
line, no revision. The file work (`prepare_key`, `destroy_key`) is done outside any write transaction:

    key = votes.prepare_key(campaign)                  # no transaction open
    begin_write(); votes.open_roll(…); commit          # only when the roll is not made yet
    begin_write(); votes.cast(…, key=key); commit
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, delete, false, insert, or_, select, text, update

from tracker import permissions, workflow
from tracker.enums import VoteChoice
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db
from tracker.models import Campaign, Proposal, RollEntry, User, Vote, programme_entity
from tracker.permissions import Permission
from tracker.queries import campaigns
from tracker.queries.campaigns import CampaignRecord
from tracker.records import Actor
from tracker.services import history
from tracker.services.vote_keys import (
    Key,
    closed,
    destroy_key,
    key_folder,
    left_over_keys,
    living_key,
    living_tags,
    prepare_key,
)

__all__ = [
    "Key", "cast", "close_votes", "closed", "destroy_key", "due_to_close", "due_to_open", "key_folder",
    "left_over_keys", "living_key", "living_tags", "open_roll", "prepare_key", "supported_by", "withdraw",
]  # fmt: skip


def supported_by(*, actor: Actor, campaign_ids: Iterable[int] | None = None) -> frozenset[int]:
    """The ids of the proposals this person supports, in these consultations (all when None), while their keys live."""
    wanted = None if campaign_ids is None else set(campaign_ids)
    tags = {key: tag for key, tag in living_tags(actor).items() if wanted is None or key in wanted}
    if not tags:
        return frozenset()
    own = or_(false(), *(and_(Vote.campaign_id == key, Vote.tag == tag) for key, tag in tags.items()))
    return frozenset(db.session.scalars(select(Vote.proposal_id).where(own)))


# --- The roll -------------------------------------------------------------------------------------------------


def _check_key(campaign: Campaign, key: Key) -> None:
    """Write the key's hash down the first time; refuse a key that is not this consultation's."""
    if campaign.key_sha256 == key.sha256:
        return
    if campaign.key_sha256 is not None and not key.pending:
        raise Conflict(
            gettext(
                "Les soutiens ne peuvent pas être enregistrés : la clé de vote n'est pas celle de cette consultation."
            )
        )
    campaign.key_sha256 = key.sha256
    db.session.flush()


def open_roll(*, campaign_id: int, key: Key, now: datetime) -> int:
    """Write down the key's hash and the electors, in shuffled order; gives how many are added. Harmless when done."""
    campaign = _locked(campaign_id)
    if campaign.votes_closed_at is not None:
        raise closed()
    _check_key(campaign, key)
    if campaign.roll_opened_at is not None:
        return 0
    present = set(db.session.scalars(select(RollEntry.user_id).where(RollEntry.campaign_id == campaign_id)))
    rows = [
        {
            "campaign_id": campaign_id, "user_id": user_id, "entity_id": entity_id, "department_id": department_id,
            "is_manager": is_manager, "took_part": False,
        }
        for user_id, entity_id, department_id, is_manager in db.session.execute(_electors(campaign))
        if user_id not in present
    ]  # fmt: skip
    secrets.SystemRandom().shuffle(rows)
    if rows:
        db.session.execute(insert(RollEntry), rows)
    campaign.roll_opened_at = now
    db.session.flush()
    return len(rows)


def _electors(campaign: Campaign):  # type: ignore[no-untyped-def]
    """The active people of the project's employers."""
    employers = select(programme_entity.c.entity_id).where(programme_entity.c.programme_id == campaign.programme_id)
    return select(User.id, User.entity_id, User.department_id, User.is_manager).where(
        User.is_active.is_(True), User.entity_id.in_(employers)
    )


def _locked(campaign_id: int) -> Campaign:
    campaign: Campaign | None = db.session.scalar(
        select(Campaign).where(Campaign.id == campaign_id).with_for_update().execution_options(populate_existing=True)
    )
    if campaign is None:
        raise NotFound(gettext("Cette consultation n'existe pas."))
    return campaign


def _entry(campaign: Campaign, user_id: int) -> RollEntry:
    """The person's line of the roll; one who joined after the opening is added."""
    entry = db.session.get(RollEntry, (campaign.id, user_id), populate_existing=True)
    if entry is not None:
        return entry
    row = db.session.execute(_electors(campaign).where(User.id == user_id)).first()
    if row is None:
        raise Refused(gettext("Seuls les agents des employeurs de ce projet peuvent soutenir ses propositions."))
    entry = RollEntry(
        campaign_id=campaign.id, user_id=row[0], entity_id=row[1], department_id=row[2], is_manager=row[3],
        took_part=False,
    )  # fmt: skip
    db.session.add(entry)
    db.session.flush()
    return entry


# --- Cast and withdraw ----------------------------------------------------------------------------------------


def cast(*, actor: Actor, proposal_id: int, key: Key, now: datetime) -> bool:
    """Support a proposal; False when the person already did. Raises Refused when this is not the time or the place."""
    proposal, entry, tag = _ballot(actor, proposal_id, key, now)
    known = _own_tag_known(key.campaign_id, proposal.id, tag)
    if known:
        return False
    db.session.execute(
        insert(Vote).values(
            campaign_id=key.campaign_id, proposal_id=proposal.id, tag=tag, choice=VoteChoice.FOR, points=1
        )
    )
    _count(proposal.id, 1)
    _recompute(entry, tag)
    return True


def withdraw(*, actor: Actor, proposal_id: int, key: Key, now: datetime) -> bool:
    """Take one's support back; False when there was none."""
    proposal, entry, tag = _ballot(actor, proposal_id, key, now)
    if not _own_tag_known(key.campaign_id, proposal.id, tag):
        return False
    db.session.execute(
        delete(Vote).where(Vote.campaign_id == key.campaign_id, Vote.proposal_id == proposal.id, Vote.tag == tag)
    )
    _count(proposal.id, -1)
    _recompute(entry, tag)
    return True


def _ballot(actor: Actor, proposal_id: int, key: Key, now: datetime) -> tuple[Proposal, RollEntry, str]:
    """What a cast or a withdrawal needs, once everything that could forbid it was read again."""
    proposal = db.session.get(Proposal, proposal_id, populate_existing=True)
    if proposal is None or proposal.number is None:
        raise NotFound(gettext("Cette proposition n'existe pas."))
    permissions.require(actor, Permission.PROPOSAL_SUPPORT, proposal)
    if proposal.state not in workflow.SUPPORTABLE:
        raise Refused(gettext("Cette proposition a déjà reçu sa suite : elle ne reçoit plus de soutiens."))
    if proposal.campaign_id is None or proposal.campaign_id != key.campaign_id:
        raise Refused(gettext("Cette proposition ne fait partie d'aucune consultation ouverte aux soutiens."))
    record = campaigns.by_id(key.campaign_id)
    if record is None or not record.allows_support(now):
        raise closed()
    campaign = _locked(key.campaign_id)
    _check_key(campaign, key)
    entry = _entry(campaign, actor.id)
    tag = key.tag(actor.id)
    if entry.took_part and not _has_votes(key.campaign_id, tag):
        # the key was lost after this person took part: their votes stand, and can no more be told apart
        raise Refused(
            gettext(
                "La clé de vote a dû être remplacée : vos soutiens déjà donnés restent comptés, mais ne peuvent plus "
                "être complétés ni retirés."
            )
        )
    return proposal, entry, tag


def _own_tag_known(campaign_id: int, proposal_id: int, tag: str) -> bool:
    return (
        db.session.execute(
            select(Vote.tag).where(Vote.campaign_id == campaign_id, Vote.proposal_id == proposal_id, Vote.tag == tag)
        ).first()
        is not None
    )


def _has_votes(campaign_id: int, tag: str) -> bool:
    found = db.session.execute(select(Vote.tag).where(Vote.campaign_id == campaign_id, Vote.tag == tag).limit(1))
    return found.first() is not None


def _count(proposal_id: int, step: int) -> None:
    db.session.execute(
        update(Proposal).where(Proposal.id == proposal_id).values(support_count=Proposal.support_count + step)
    )


def _recompute(entry: RollEntry, tag: str) -> None:
    entry.took_part = _has_votes(entry.campaign_id, tag)
    db.session.flush()


# --- Close ----------------------------------------------------------------------------------------------------


def close_votes(*, campaign_id: int, now: datetime) -> bool:
    """Close the voting of a consultation whose last step with support is over; False when it was closed already.

    Both tables are written again in the order of their keys, so that nothing of the order of casts remains.
    After the commit, the caller destroys the key: `destroy_key(campaign_id)`.
    """
    campaign = _locked(campaign_id)
    if campaign.votes_closed_at is not None:
        return False
    record = campaigns.by_id(campaign_id)
    ends_at = record.support_ends_at if record else None
    if ends_at is None or now < ends_at:
        raise Refused(
            gettext("Les soutiens sont encore ouverts : ils se ferment à la fin de la dernière étape qui les permet.")
        )
    _rewrite(Vote, campaign_id)
    _rewrite(RollEntry, campaign_id)
    campaign.votes_closed_at = now
    history.record(
        actor=None, now=now, verb="campaign:close_votes", subject="campaign", subject_id=campaign_id,
        programme_id=campaign.programme_id,
    )  # fmt: skip
    db.session.flush()
    return True


def _rewrite(model: type[Vote] | type[RollEntry], campaign_id: int) -> None:
    table = model.__table__
    if db.engine.dialect.name == "postgresql":
        _rewrite_file(table)
        return
    rows = db.session.execute(
        select(table).where(table.c.campaign_id == campaign_id).order_by(*table.primary_key.columns)
    ).mappings()
    kept = [dict(row) for row in rows]
    db.session.expire_all()
    db.session.execute(
        delete(model).where(table.c.campaign_id == campaign_id).execution_options(synchronize_session=False)
    )
    if kept:
        db.session.execute(insert(table), kept)


def _rewrite_file(table: Any) -> None:
    """PostgreSQL keeps deleted rows where they lay until a cleaning: the whole table gets a new file instead.

    Nor is a row's writing transaction, which ties a vote to a line of the roll, known any more. A reader who began
    before and looks at this table only afterwards finds it empty, this once.
    """
    db.session.expire_all()
    order = ", ".join(column.name for column in table.primary_key.columns)
    for statement in (
        f"CREATE TEMPORARY TABLE kept_rows ON COMMIT DROP AS SELECT * FROM {table.name}",  # noqa: S608 - names of our own
        f"TRUNCATE {table.name}",
        f"INSERT INTO {table.name} SELECT * FROM kept_rows ORDER BY {order}",  # noqa: S608
        "DROP TABLE kept_rows",
    ):
        db.session.execute(text(statement))


def due_to_open(now: datetime) -> tuple[CampaignRecord, ...]:
    """The consultations whose roll should exist by now: for the job."""
    return tuple(c for c in campaigns.every() if c.allows_support(now) and not c.roll_opened)


def due_to_close(now: datetime) -> tuple[CampaignRecord, ...]:
    """The consultations whose voting is over and not closed: for the job, which closes, commits, destroys the key."""
    return tuple(
        c
        for c in campaigns.every()
        if not c.votes_closed and c.support_ends_at is not None and c.support_ends_at <= now
    )
