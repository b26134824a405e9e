"""Two accounts of one person in the consultations whose vote is running (design 4.6).

    keys = vote_merging.read_keys()                    # no transaction open
    begin_write(); vote_merging.merge(…, keys=keys); commit

Nothing but `Vote`, `RollEntry` and `Proposal.support_count` is written, and nobody is told what was found there: what
is refused depends on the keys and on who is an elector, never on who took part. Rolls of closed votes stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from sqlalchemy import Integer, String, cast, delete, null, select, union_all, update
from sqlalchemy.orm import aliased

from tracker.enums import VoteChoice
from tracker.errors import Conflict, Refused
from tracker.extensions import db, end_transaction
from tracker.models import Campaign, Proposal, RollEntry, Vote
from tracker.queries import campaigns
from tracker.services.vote_keys import Key, living_key

Keys = Mapping[int, Key | None]


def read_keys() -> dict[int, Key | None]:
    """The key of each consultation whose vote is not closed, None when its file is lost. Ends the transaction."""
    open_ids = [one.id for one in campaigns.every() if not one.votes_closed]
    end_transaction(commit=False)
    return {campaign_id: living_key(campaign_id) for campaign_id in open_ids}


def check(*, kept_id: int, dropped_id: int, keys: Keys) -> bool:
    """Whether a vote is running in which the dropped account is an elector. Raises Refused, Conflict."""
    return bool(_running(kept_id, dropped_id, keys))


def _running(kept_id: int, dropped_id: int, keys: Keys) -> list[tuple[Campaign, Key | None, bool]]:
    """The consultations concerned, with the key when it tells the votes of both apart, and whether both are electors.

    A key that was lost and replaced leaves votes that nobody can tell apart any more.
    """
    found = []
    other = aliased(RollEntry)
    rows = db.session.execute(
        select(Campaign, select(other).where(other.campaign_id == Campaign.id, other.user_id == kept_id).exists())
        .join(RollEntry, RollEntry.campaign_id == Campaign.id)
        .where(RollEntry.user_id == dropped_id, Campaign.votes_closed_at.is_(None))
        .order_by(Campaign.id)
        .with_for_update(of=Campaign)
        .execution_options(populate_existing=True)
    ).all()
    for campaign, both in rows:
        if campaign.id not in keys:
            raise Conflict(gettext("Une consultation vient de s'ouvrir : recommencez."))
        key = keys[campaign.id]
        usable = key if key is not None and key.sha256 == campaign.key_sha256 else None
        if both and (usable is None or _was_replaced(usable)):
            raise Refused(
                gettext(
                    "Les deux comptes peuvent voter dans « %(title)s », et la clé de vote en a été perdue : les "
                    "soutiens de l'un ne se distinguent plus. Réunissez-les après la clôture du vote.",
                    title=campaign.title,
                )
            )
        found.append((campaign, usable, both))
    return found


def _was_replaced(key: Key) -> bool:
    """Whether some votes were cast under another key: their tags are nobody's."""
    no_tag, nobody = cast(null(), String).label("tag"), cast(null(), Integer).label("user_id")
    electors = select(RollEntry.user_id, no_tag).where(RollEntry.campaign_id == key.campaign_id)
    tags = select(nobody, Vote.tag).where(Vote.campaign_id == key.campaign_id).distinct()
    rows: Any = db.session.execute(union_all(electors, tags)).all()
    known = {key.tag(user_id) for user_id, _tag in rows if user_id is not None}
    return not known.issuperset(tag for _user_id, tag in rows if tag is not None)


def merge(*, kept_id: int, dropped_id: int, keys: Keys) -> None:
    """Give the votes of one account to the other, each proposal supported once. Raises Refused, Conflict."""
    for campaign, key, both in _running(kept_id, dropped_id, keys):
        if key is not None:
            _retag(campaign.id, key.tag(dropped_id), key.tag(kept_id))
        mine = (RollEntry.campaign_id == campaign.id, RollEntry.user_id == dropped_id)
        if key is None or not both:
            db.session.execute(update(RollEntry).where(*mine).values(user_id=kept_id))
            continue
        db.session.execute(delete(RollEntry).where(*mine))
        took_part = select(Vote.tag).where(Vote.campaign_id == campaign.id, Vote.tag == key.tag(kept_id)).exists()
        db.session.execute(
            update(RollEntry)
            .where(RollEntry.campaign_id == campaign.id, RollEntry.user_id == kept_id)
            .values(took_part=took_part)
        )


def _retag(campaign_id: int, old: str, new: str) -> None:
    """Move every vote from one tag to the other; of two for the same proposal, one stays."""
    of_new = select(Vote.proposal_id).where(Vote.campaign_id == campaign_id, Vote.tag == new).scalar_subquery()
    doubled = (Vote.campaign_id == campaign_id, Vote.tag == old, Vote.proposal_id.in_(of_new))
    for proposal_id, choice in db.session.execute(select(Vote.proposal_id, Vote.choice).where(*doubled)).all():
        db.session.execute(
            delete(Vote).where(Vote.campaign_id == campaign_id, Vote.proposal_id == proposal_id, Vote.tag == old)
        )
        if choice is VoteChoice.FOR:
            db.session.execute(
                update(Proposal).where(Proposal.id == proposal_id).values(support_count=Proposal.support_count - 1)
            )
    db.session.execute(update(Vote).where(Vote.campaign_id == campaign_id, Vote.tag == old).values(tag=new))
