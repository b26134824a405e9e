"""Creating actions, and what changes of them beside their log (design 4.2, 4.4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from tracker import permissions, validation
from tracker.enums import ActionStatus, Health, ProposalState, UpdateKind, UpdateSource
from tracker.errors import Conflict, Refused
from tracker.extensions import db
from tracker.models import Action, Entity, Event, Programme, Proposal, Theme, User, WorkingGroup
from tracker.permissions import Permission
from tracker.queries import action_pages
from tracker.records import Actor, paris_day, seen_mark
from tracker.services import history
from tracker.services.counters import next_number
from tracker.services.log_entries import (
    KEEP,
    Keep,
    Kept,
    NewMilestone,
    Statement,
    Values,
    append,
    check_texts,
    kept,
    locked_action,
    values_of,
)

__all__ = ["KEEP", "NewMilestone", "assign_pilot", "change_baseline", "create_action", "create_once", "edit_action"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an action is or would be, for `permissions`."""

    programme_id: int
    group_id: int | None
    pilot_id: int | None = None


def create_action(
    *,
    programme_id: int,
    title: str,
    actor: Actor,
    now: datetime,
    proposal_ids: Sequence[int] = (),
    summary: str = "",
    group_id: int | None = None,
    theme_id: int | None = None,
    pilot_id: int | None = None,
    entity_ids: Collection[int] | None = None,
    planned_start: date | None = None,
    planned_end: date | None = None,
    milestones: Sequence[NewMilestone] = (),
    opened_on: date | None = None,
    status: ActionStatus = ActionStatus.TO_START,
    note: str = "",
    weight: int = 1,
    rhythm_months: int = 3,
    source: UpdateSource = UpdateSource.FORM,
    meeting_id: int | None = None,
) -> Action:
    """An action with its number and its opening row, tied to the retained proposals it carries out.

    A lead creates from at least one of them, in their group; the committee may do without. The theme is by default
    that of the first proposal, the employers those of the proposals, else the project's. Raises Forbidden and Refused.
    """
    proposals = _to_carry_out(proposal_ids, Place(programme_id, group_id), actor)
    day = validation.effective_on(opened_on or paris_day(now), today=paris_day(now), field="opened_on")
    theme_id = theme_id or (proposals[0].theme_id if proposals else None)
    action = Action(
        programme_id=programme_id,
        title=validation.title(title),
        summary=validation.body(summary, field="summary", required=False),
        group_id=_belonging(WorkingGroup, group_id, programme_id, field="group"),
        theme_id=_belonging(Theme, theme_id, programme_id, field="theme"),
        pilot_id=_active_person(pilot_id),
        weight=validation.weight(weight),
        rhythm_months=_rhythm(rhythm_months),
        created_at=now,
    )
    said = Statement(status=status, planned_start=planned_start, planned_end=planned_end, note=note)
    values = _first_values(said, day)
    checked_note, _private, _reason = check_texts(said, values, before=None)
    action.number = next_number("action")
    action.entities = _entities(entity_ids, proposals, programme_id)
    action.proposals = list(proposals)
    db.session.add(action)
    db.session.flush()
    append(
        action, kind=UpdateKind.OPENING, values=values, effective_on=day, now=now, added=milestones, source=source,
        meeting_id=meeting_id, author_id=actor.id, note=checked_note,
    )  # fmt: skip
    _record(
        action, "action:create", {"title": [None, action.title], "proposals": [[], [p.number for p in proposals]]},
        actor=actor, now=now,
    )  # fmt: skip
    return action


def create_once(
    *,
    programme_id: int,
    title: str,
    group_id: int | None,
    proposal_ids: Sequence[int],
    actor: Actor,
    now: datetime,
    **values: Any,
) -> Action:
    """`create_action` for a form, whose button may be pressed twice.

    The action of this title, group and proposals that the same person made a moment ago is given back, not made again.
    """
    recent = history.just_made("action:create", actor=actor, now=now)
    undone = history.just_made("action:cancel", actor=actor, now=now)
    rows = db.session.scalars(
        select(Action).where(
            Action.id.in_(recent), Action.id.not_in(undone), Action.programme_id == programme_id,
            Action.title == validation.title(title),
            Action.group_id.is_(None) if group_id is None else Action.group_id == group_id,
        )
    )  # fmt: skip
    twin: Action | None = next((row for row in rows if {p.id for p in row.proposals} == set(proposal_ids)), None)
    return twin or create_action(
        programme_id=programme_id, title=title, group_id=group_id, proposal_ids=proposal_ids, actor=actor, now=now,
        **values,
    )  # fmt: skip


def edit_action(
    *,
    action_id: int,
    actor: Actor,
    now: datetime,
    title: Kept[str] = KEEP,
    summary: Kept[str] = KEEP,
    group_id: Kept[int | None] = KEEP,
    theme_id: Kept[int | None] = KEEP,
    pilot_id: Kept[int | None] = KEEP,
    entity_ids: Kept[Collection[int]] = KEEP,
    weight: Kept[int] = KEEP,
    rhythm_months: Kept[int] = KEEP,
    seen: str | None = None,
) -> Action:
    """Change what is known now of an action (never its log); the Event keeps old → new. Raises Forbidden and Refused.

    Whoever moves it to another group must have the right in both. `seen` is the mark of what was being edited:
    something else written meanwhile is a Conflict.
    """
    action = locked_action(action_id)
    permissions.require(actor, Permission.ACTION_EDIT, action)
    stale = _is_stale(action, seen)
    group = kept(group_id, action.group_id)
    permissions.require(actor, Permission.ACTION_EDIT, Place(action.programme_id, group))
    summary_text = kept(summary, action.summary)
    wanted: dict[str, Any] = {
        "title": action.title if title is KEEP else validation.title(kept(title, "")),
        "summary": validation.body(summary_text, field="summary", required=False) if summary_text else "",
        "group_id": _belonging(WorkingGroup, group, action.programme_id, field="group"),
        "theme_id": _belonging(Theme, kept(theme_id, action.theme_id), action.programme_id, field="theme"),
        "pilot_id": action.pilot_id if pilot_id is KEEP else _active_person(kept(pilot_id, None)),
        "weight": validation.weight(kept(weight, action.weight)),
        "rhythm_months": _rhythm(kept(rhythm_months, action.rhythm_months)),
    }
    changes: dict[str, Any] = {}
    for name, value in wanted.items():
        old = getattr(action, name)
        if old != value:
            changes[name] = [old, value]
            setattr(action, name, value)
    if not isinstance(entity_ids, Keep):
        before = sorted(one.id for one in action.entities)
        if before != sorted(set(entity_ids)):
            action.entities = _entities(entity_ids, (), action.programme_id)
            changes["entities"] = [before, sorted(one.id for one in action.entities)]
    if changes and stale:
        raise Conflict(gettext("Quelqu'un a changé cette action pendant que vous écriviez : comparez les versions."))
    if changes:
        _record(action, "action:edit", changes, actor=actor, now=now)
    return action


def _is_stale(action: Action, seen: str | None) -> bool:
    """Whether the action is no longer what the page showed."""
    present = action_pages.head(action.number) if seen else None
    return present is not None and present.mark != seen


def assign_pilot(*, action_id: int, pilot_id: int | None, actor: Actor, now: datetime) -> Action:
    """Name the pilote of an action, or nobody. Raises Forbidden and Refused."""
    return edit_action(action_id=action_id, pilot_id=pilot_id, actor=actor, now=now)


def change_baseline(
    *, action_id: int, start: date | None, end: date | None, reason: str, actor: Actor, now: datetime,
    seen: str | None = None,
) -> Action:  # fmt: skip
    """Set the dates "prévues au départ" anew: the committee, with a reason. `seen` is the mark of those on the page.

    Raises Forbidden, Refused, and Conflict when somebody has changed them meanwhile.
    """
    action = locked_action(action_id)
    permissions.require(actor, Permission.BASELINE_CHANGE, action)
    for value, name in ((start, "baseline_start"), (end, "baseline_end")):
        if value is None:
            raise Refused(gettext("Donnez les deux dates."), field=name)
    validation.date_range(start, end, start_field="baseline_start", end_field="baseline_end")
    why = validation.reason(reason)
    old = (action.baseline_start, action.baseline_end)
    if old == (start, end):
        if _last_reason(action, actor=actor, now=now) == why:
            return action  # the button pressed twice
        raise Refused(gettext("Ces dates sont déjà celles prévues au départ."), field="baseline_end")
    if seen and seen != seen_mark(*old):
        raise Conflict(gettext("Quelqu'un a changé ces dates pendant que vous écriviez : comparez les versions."))
    action.baseline_start, action.baseline_end = start, end
    changes = {
        "baseline_start": [old[0] and old[0].isoformat(), start and start.isoformat()],
        "baseline_end": [old[1] and old[1].isoformat(), end and end.isoformat()],
        "reason": [None, why],
    }
    _record(action, "baseline:change", changes, actor=actor, now=now)
    return action


def _last_reason(action: Action, *, actor: Actor, now: datetime) -> str | None:
    """Why this person changed the first dates a moment ago, when they did."""
    told = select(Event.changes).where(
        Event.verb == "baseline:change", Event.subject_id == action.id, Event.actor_id == actor.id,
        Event.at > now - history.TWICE,
    )  # fmt: skip
    changes = db.session.scalar(told.order_by(Event.id.desc()).limit(1)) or {}
    return str(changes["reason"][1]) if "reason" in changes else None


def _to_carry_out(ids: Sequence[int], place: Place, actor: Actor) -> list[Proposal]:
    """The proposals of a new action, which only the committee may do without."""
    permissions.require(actor, Permission.ACTION_CREATE, place)
    proposals = _retained(ids, place.programme_id)
    if not proposals and not permissions.can(actor, Permission.DECISION_TAKE, place):
        raise Refused(
            gettext("Choisissez au moins une proposition retenue : l'action la met en œuvre."), field="proposals"
        )
    return proposals


def _first_values(said: Statement, day: date) -> Values:
    """What an opening says: no weather yet, and none at all for what is over already."""
    nothing = Values(ActionStatus.TO_START, None, Health.UNKNOWN, None, None, None)
    return values_of(said, nothing, on=day, health_on=None)


def _retained(ids: Sequence[int], programme_id: int) -> list[Proposal]:
    """The proposals in the order given; each must be retained and of the project."""
    if not ids:
        return []
    found = {p.id: p for p in db.session.scalars(select(Proposal).where(Proposal.id.in_(ids)))}
    proposals = []
    for key in dict.fromkeys(ids):
        proposal = found.get(key)
        if proposal is None or proposal.programme_id != programme_id:
            raise Refused(gettext("Une des propositions n'est pas de ce projet."), field="proposals")
        if proposal.state is not ProposalState.RETAINED:
            raise Refused(
                gettext(
                    "La proposition n° %(number)s est « %(state)s » : seule une proposition retenue donne une action.",
                    number=proposal.number,
                    state=proposal.state.label,
                ),
                field="proposals",
            )
        proposals.append(proposal)
    return proposals


def _belonging(model: type[WorkingGroup | Theme], key: int | None, programme_id: int, *, field: str) -> int | None:
    if key is None:
        return None
    if db.session.scalar(select(model.id).where(model.id == key, model.programme_id == programme_id)) is None:
        raise Refused(gettext("Ce choix n'est pas de ce projet."), field=field)
    return key


def _active_person(key: int | None) -> int | None:
    if key is None:
        return None
    if db.session.scalar(select(User.id).where(User.id == key, User.is_active.is_(True))) is None:
        raise Refused(gettext("Cette personne n'est plus là : choisissez quelqu'un d'autre."), field="pilot")
    return key


def _entities(ids: Collection[int] | None, proposals: Sequence[Proposal], programme_id: int) -> list[Entity]:
    programme = db.session.get_one(Programme, programme_id)
    if ids is None:
        wanted = {one.id for proposal in proposals for one in proposal.entities} or {e.id for e in programme.entities}
    else:
        wanted = set(ids)
    found = [one for one in programme.entities if one.id in wanted]
    if ids is not None and len(found) != len(wanted):
        raise Refused(gettext("Un des employeurs n'est pas de ce projet."), field="entities")
    return found


def _rhythm(months: int) -> int:
    if not 1 <= months <= 24:
        raise Refused(gettext("Donnez un nombre de mois entre 1 et 24."), field="rhythm_months")
    return months


def _record(action: Action, verb: str, changes: dict[str, Any], *, actor: Actor, now: datetime) -> None:
    history.record(
        actor=actor, now=now, verb=verb, subject="action", subject_id=action.id, programme_id=action.programme_id,
        changes=changes,
    )  # fmt: skip
    db.session.flush()
