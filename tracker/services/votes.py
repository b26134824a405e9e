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
from typing import cast as cast_to

from flask_babel import gettext
from sqlalchemy import Table, and_, bindparam, delete, exists, false, insert, or_, select, text, update

from tracker import permissions, workflow
from tracker.enums import VoteChoice
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import STRAY, db, is_writing
from tracker.models import Campaign, Phase, Proposal, RollEntry, User, Vote, programme_entity
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


def _add_to_roll(campaign: Campaign, user_id: int) -> None:
    """A line of the roll for one who joined after the opening."""
    row = db.session.execute(_electors(campaign).where(User.id == user_id)).first()
    if row is None:
        raise Refused(gettext("Seuls les agents des employeurs de ce projet peuvent soutenir ses propositions."))
    entry = RollEntry(
        campaign_id=campaign.id, user_id=row[0], entity_id=row[1], department_id=row[2], is_manager=row[3],
        took_part=False,
    )  # fmt: skip
    db.session.add(entry)
    db.session.flush()


# --- Cast and withdraw: others wait meanwhile, so the statements are few, and built once --------------------------

_PROPOSALS, _VOTES, _ROLL = (cast_to(Table, model.__table__) for model in (Proposal, Vote, RollEntry))
_OWN = and_(Vote.campaign_id == Proposal.campaign_id, Vote.tag == bindparam("own_tag"))
_STEP = (  # as CampaignRecord.phase_at
    select(Phase.kind)
    .where(
        Phase.campaign_id == Proposal.campaign_id, Phase.starts_at <= bindparam("now"), Phase.ends_at > bindparam("now")
    )
    .order_by(Phase.starts_at, Phase.id)
    .limit(1)
)
_STANDING = (
    select(
        Proposal.number,
        Proposal.state,
        Proposal.campaign_id,
        Campaign.programme_id,
        Campaign.key_sha256,
        Campaign.votes_closed_at,
        _STEP.scalar_subquery().label("step"),
        RollEntry.took_part,  # None: no line of the roll
        exists().where(_OWN, Vote.proposal_id == Proposal.id).label("supports"),
        exists().where(_OWN, Vote.proposal_id != Proposal.id).label("supports_others"),
    )
    .outerjoin(Campaign, Campaign.id == Proposal.campaign_id)
    .outerjoin(RollEntry, and_(RollEntry.campaign_id == Campaign.id, RollEntry.user_id == bindparam("person")))
    .where(Proposal.id == bindparam("proposal"))
)
_CAST = insert(_VOTES)
_WITHDRAW = delete(_VOTES).where(
    _VOTES.c.campaign_id == bindparam("of"), _VOTES.c.proposal_id == bindparam("on"), _VOTES.c.tag == bindparam("by")
)
_COUNT = (
    update(_PROPOSALS)
    .where(_PROPOSALS.c.id == bindparam("proposal"))
    .values(support_count=_PROPOSALS.c.support_count + bindparam("step"))
)
_TAKE_PART = (
    update(_ROLL)
    .where(_ROLL.c.campaign_id == bindparam("of"), _ROLL.c.user_id == bindparam("person"))
    .values(took_part=bindparam("so"))
)


def cast(*, actor: Actor, proposal_id: int, key: Key, now: datetime) -> bool:
    """Support a proposal; False when the person already did. Raises Refused when this is not the time or the place."""
    ballot, tag = _ballot(actor, proposal_id, key, now)
    if ballot.supports:
        return False
    sent = db.session.connection()
    sent.execute(
        _CAST,
        {
            "campaign_id": key.campaign_id, "proposal_id": proposal_id, "tag": tag, "choice": VoteChoice.FOR,
            "points": 1,
        },
    )  # fmt: skip
    sent.execute(_COUNT, {"proposal": proposal_id, "step": 1})
    if not ballot.took_part:
        sent.execute(_TAKE_PART, {"of": key.campaign_id, "person": actor.id, "so": True})
    return True


def withdraw(*, actor: Actor, proposal_id: int, key: Key, now: datetime) -> bool:
    """Take one's support back; False when there was none."""
    ballot, tag = _ballot(actor, proposal_id, key, now)
    if not ballot.supports:
        return False
    sent = db.session.connection()
    sent.execute(_WITHDRAW, {"of": key.campaign_id, "on": proposal_id, "by": tag})
    sent.execute(_COUNT, {"proposal": proposal_id, "step": -1})
    if not ballot.supports_others:
        sent.execute(_TAKE_PART, {"of": key.campaign_id, "person": actor.id, "so": False})
    return True


def _ballot(actor: Actor, proposal_id: int, key: Key, now: datetime) -> tuple[Any, str]:
    """A row of `_STANDING` and the person's tag, once everything that could forbid the vote was read again."""
    if not is_writing():  # what follows goes past the session, which would refuse it
        raise RuntimeError(STRAY)
    tag = key.tag(actor.id)
    asked = {"proposal": proposal_id, "person": actor.id, "own_tag": tag, "now": now}
    ballot = db.session.connection().execute(_STANDING, asked).first()
    if ballot is None or ballot.number is None:
        raise NotFound(gettext("Cette proposition n'existe pas."))
    permissions.require(actor, Permission.PROPOSAL_SUPPORT, ballot)
    if ballot.state not in workflow.SUPPORTABLE:
        raise Refused(gettext("Cette proposition a déjà reçu sa suite : elle ne reçoit plus de soutiens."))
    if ballot.campaign_id is None or ballot.campaign_id != key.campaign_id:
        raise Refused(gettext("Cette proposition ne fait partie d'aucune consultation ouverte aux soutiens."))
    if ballot.step is None or not ballot.step.allows_support or ballot.votes_closed_at is not None:
        raise closed()
    if ballot.key_sha256 != key.sha256:
        _check_key(_locked(key.campaign_id), key)
    if ballot.took_part is None:
        _add_to_roll(_locked(key.campaign_id), actor.id)
    elif ballot.took_part and not (ballot.supports or ballot.supports_others):
        # the key was lost after this person took part: their votes stand, and can no more be told apart
        raise Refused(
            gettext(
                "La clé de vote a dû être remplacée : vos soutiens déjà donnés restent comptés, mais ne peuvent plus "
                "être complétés ni retirés."
            )
        )
    return ballot, tag


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


def _to_open(campaign: CampaignRecord, now: datetime) -> bool:
    return campaign.allows_support(now) and not campaign.roll_opened


def _to_close(campaign: CampaignRecord, now: datetime) -> bool:
    ends_at = campaign.support_ends_at
    return not campaign.votes_closed and ends_at is not None and ends_at <= now


def due_to_open(now: datetime) -> tuple[CampaignRecord, ...]:
    """The consultations whose roll should exist by now: for the job."""
    return tuple(c for c in campaigns.every() if _to_open(c, now))


def due_to_close(now: datetime) -> tuple[CampaignRecord, ...]:
    """The consultations whose voting is over and not closed: for the job, which closes, commits, destroys the key."""
    return tuple(c for c in campaigns.every() if _to_close(c, now))
