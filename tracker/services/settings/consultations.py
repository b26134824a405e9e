"""Consultations and their steps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import delete, select

from tracker import validation
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db
from tracker.models import Campaign, Phase, Programme
from tracker.permissions import Permission, require
from tracker.queries import campaigns
from tracker.queries.campaigns import CampaignRecord, PhaseRecord
from tracker.records import Actor, seen_mark
from tracker.services import history
from tracker.services.settings.common import check_seen, refuse_if_used
from tracker.services.settings.steps import check_steps

MODERATION_MAX = 60


@dataclass(frozen=True, slots=True)
class CampaignInput:
    title: str
    introduction: str = ""
    elsewhere: str = ""  # where to turn with what does not belong here
    moderation_days: int = 5
    answer_by: date | None = None
    steps: tuple[PhaseRecord, ...] = ()


def check_campaign(campaign: CampaignInput) -> CampaignInput:
    """The same, cleaned; pure. Raises Refused naming the field."""
    if not 1 <= campaign.moderation_days <= MODERATION_MAX:
        raise Refused(gettext("Donnez un nombre de jours entre 1 et %(n)s.", n=MODERATION_MAX), field="moderation_days")
    answer_by = campaign.answer_by
    if answer_by is not None:
        validation.project_date(answer_by, field="answer_by")
        if campaign.steps and answer_by < campaign.steps[0].last_day:
            raise Refused(gettext("La réponse viendrait avant la fin du dépôt."), field="answer_by")
    return CampaignInput(
        title=validation.title(campaign.title),
        introduction=validation.body(campaign.introduction, field="introduction", required=False),
        elsewhere=validation.body(campaign.elsewhere, field="elsewhere", required=False),
        moderation_days=campaign.moderation_days,
        answer_by=answer_by,
        steps=campaign.steps,
    )


def create(*, programme_id: int, campaign: CampaignInput, actor: Actor, now: datetime) -> Campaign:
    """A new consultation; the very one made a moment ago is not made twice. Raises Forbidden, NotFound, Refused."""
    require(actor, Permission.SETTINGS_EDIT)
    if db.session.get(Programme, programme_id) is None:
        raise NotFound(gettext("Ce projet n'existe pas."))
    checked = check_campaign(campaign)
    check_steps((), checked.steps, now=now, closed=False)
    recent = history.just_made("campaign:create", actor=actor, now=now)
    twin: Campaign | None = db.session.scalar(
        select(Campaign).where(
            Campaign.id.in_(recent), Campaign.programme_id == programme_id, Campaign.title == checked.title
        )
    )
    if twin is not None:
        return twin
    row = Campaign(programme_id=programme_id)
    _fill(row, checked)
    db.session.add(row)
    db.session.flush()
    _put_steps(row.id, checked.steps)
    history.record(
        actor=actor, now=now, verb="campaign:create", subject="campaign", subject_id=row.id, programme_id=programme_id,
        changes={name: [None, value] for name, value in _plain(row, checked.steps).items()},
    )  # fmt: skip
    db.session.flush()
    return row


def mark_of(campaign: CampaignRecord | Campaign, steps: tuple[PhaseRecord, ...]) -> str:
    """Changes whenever what may be edited of a consultation changes."""
    return seen_mark(_plain(campaign, steps))


def edit(*, campaign_id: int, campaign: CampaignInput, actor: Actor, now: datetime, seen: str | None = None) -> None:
    """Change a consultation; what has begun stays (`steps.check_steps`). `seen` is the mark of what was being edited.

    Raises Forbidden, NotFound, Conflict, Refused.
    """
    require(actor, Permission.SETTINGS_EDIT)
    row, present = _locked(campaign_id)
    checked = check_campaign(campaign)
    before, after = _plain(row, present), _plain(checked, checked.steps)
    changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if not changes:
        return
    check_seen(seen, mark_of(row, present))
    check_steps(present, checked.steps, now=now, closed=row.votes_closed_at is not None)
    _fill(row, checked)
    if "steps" in changes:
        _put_steps(row.id, checked.steps)
    history.record(
        actor=actor, now=now, verb="campaign:edit", subject="campaign", subject_id=row.id,
        programme_id=row.programme_id, changes=changes,
    )  # fmt: skip
    db.session.flush()


def remove(*, campaign_id: int, actor: Actor, now: datetime) -> None:
    """Take away a consultation that has received nothing. Raises Forbidden, NotFound, Conflict."""
    require(actor, Permission.SETTINGS_EDIT)
    row, present = _locked(campaign_id)
    if row.roll_opened_at is not None:
        raise Conflict(gettext("Le vote de cette consultation a été ouvert : elle ne peut plus être supprimée."))
    refuse_if_used(row, gettext("Cette consultation a reçu des propositions"), apart=("phase",))
    history.record(
        actor=actor, now=now, verb="campaign:remove", subject="campaign", subject_id=row.id,
        programme_id=row.programme_id, changes={name: [value, None] for name, value in _plain(row, present).items()},
    )  # fmt: skip
    db.session.execute(delete(Phase).where(Phase.campaign_id == row.id))
    db.session.expire(row)
    db.session.delete(row)
    db.session.flush()


def _locked(campaign_id: int) -> tuple[Campaign, tuple[PhaseRecord, ...]]:
    row = db.session.get(Campaign, campaign_id, with_for_update=True)
    found = campaigns.by_id(campaign_id)
    if row is None or found is None:
        raise NotFound(gettext("Cette consultation n'existe pas."))
    return row, found.phases


def _put_steps(campaign_id: int, steps: tuple[PhaseRecord, ...]) -> None:
    db.session.execute(delete(Phase).where(Phase.campaign_id == campaign_id))
    db.session.add_all(
        Phase(campaign_id=campaign_id, kind=step.kind, starts_at=step.starts_at, ends_at=step.ends_at) for step in steps
    )


def _fill(row: Campaign, campaign: CampaignInput) -> None:
    row.title = campaign.title
    row.introduction = campaign.introduction
    row.elsewhere = campaign.elsewhere
    row.moderation_days = campaign.moderation_days
    row.answer_by = campaign.answer_by


def _plain(row: Campaign | CampaignRecord | CampaignInput, steps: tuple[PhaseRecord, ...]) -> dict[str, Any]:
    return {
        "title": row.title,
        "introduction": row.introduction,
        "elsewhere": row.elsewhere,
        "moderation_days": row.moderation_days,
        "answer_by": row.answer_by.isoformat() if row.answer_by else None,
        "steps": [[step.kind.value, step.starts_at.isoformat(), step.ends_at.isoformat()] for step in steps],
    }
