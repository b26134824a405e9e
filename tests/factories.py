"""Rows for tests, with defaults that a reader need not know. Call inside `with writing():`."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time
from typing import Any

from tracker import search
from tracker.enums import (
    ActionStatus,
    Health,
    MarkKind,
    Motive,
    Origin,
    Outcome,
    PhaseKind,
    ProposalState,
    Role,
    UpdateKind,
)
from tracker.extensions import db
from tracker.models import (
    Action,
    ActionUpdate,
    Authorship,
    Campaign,
    Counter,
    Decision,
    Entity,
    Meeting,
    Milestone,
    MilestoneMark,
    Phase,
    Programme,
    Proposal,
    ProposalTransition,
    ProposalVersion,
    RoleGrant,
    Theme,
    User,
    WorkingGroup,
)
from tracker.records import paris_instant

_serial = itertools.count(1)
SEALED_NAMES: set[str] = set()  # every name that no page may show; the client greps for them
FIRST_DAY, LAST_DAY = date(2025, 1, 1), date(2027, 12, 31)


RANKS = 1000  # a rank of a list that a form takes


def serial() -> int:
    return next(_serial)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(11, 0), tzinfo=UTC)


def add(row: Any) -> Any:
    db.session.add(row)
    db.session.flush()
    return row


def entity(**values: Any) -> Entity:
    n = serial()
    return add(
        Entity(
            **{
                "slug": f"employeur-{n}",
                "name": f"Employeur {n}",
                "short_name": f"Emp. {n}",
                "position": n % RANKS,
                **values,
            }
        )
    )


def programme(*, entities: list[Entity] | None = None, **values: Any) -> Programme:
    n = serial()
    row = Programme(
        **{
            "slug": f"projet-{n}", "title": f"Projet {n}", "starts_on": FIRST_DAY, "ends_on": LAST_DAY,
            "is_principal": db.session.query(Programme.id).first() is None,
            "letter_name": "La lettre du projet", **values,
        }
    )  # fmt: skip
    row.entities = entities if entities is not None else [entity()]
    return add(row)


def theme(project: Programme, **values: Any) -> Theme:
    n = serial()
    return add(
        Theme(
            **{"programme_id": project.id, "slug": f"theme-{n}", "name": f"Thème {n}", "position": n % RANKS, **values}
        )
    )


def group(project: Programme, **values: Any) -> WorkingGroup:
    n = serial()
    return add(
        WorkingGroup(
            **{
                "programme_id": project.id,
                "slug": f"groupe-{n}",
                "name": f"Groupe {n}",
                "position": n % RANKS,
                **values,
            }
        )
    )


def user(*roles: Role, group: WorkingGroup | None = None, programme: Programme | None = None, **values: Any) -> User:
    """A person with a project's employer and roles valid since long ago."""
    n = serial()
    entity_id = values.pop("entity_id", programme.entities[0].id if programme and programme.entities else None)
    row = add(
        User(
            **{
                "login": f"personne{n}", "email": f"personne{n}@exemple.fr", "first_name": f"Prénom{n}",
                "last_name": f"Nom{n}", "entity_id": entity_id, "created_at": noon(FIRST_DAY), **values,
            }
        )
    )  # fmt: skip
    for role in roles:
        in_group = role in {Role.GROUP_LEAD, Role.GROUP_MEMBER}
        add(
            RoleGrant(
                user_id=row.id, role=role, starts_on=FIRST_DAY, group_id=group.id if in_group and group else None,
                programme_id=programme.id if programme and not in_group else None,
            )
        )  # fmt: skip
    return row


def sealed_user(**values: Any) -> User:
    """A person whose name no page, mail or file may show; give it to `proposal(sealed=True)`."""
    n = serial()
    row = user(**{"first_name": f"Scelline{n}", "last_name": f"Cachetée{n}", **values})
    SEALED_NAMES.add(row.name)
    return row


def campaign(project: Programme, *steps: tuple[PhaseKind, date, date], **values: Any) -> Campaign:
    """A consultation; steps are (kind, first day, day after the last)."""
    row = add(Campaign(**{"programme_id": project.id, "title": f"Consultation {serial()}", **values}))
    for kind, first, end in steps:
        add(Phase(campaign_id=row.id, kind=kind, starts_at=paris_instant(first), ends_at=paris_instant(end)))
    return row


def open_campaign(project: Programme, *, first: date = date(2026, 3, 1), end: date = date(2026, 4, 1)) -> Campaign:
    return campaign(project, (PhaseKind.PROPOSING, first, end))


def _next(name: str) -> int:
    counter = db.session.get(Counter, name) or add(Counter(name=name, value=0))
    counter.value += 1
    db.session.flush()
    return counter.value


PATHS: dict[ProposalState, tuple[ProposalState, ...]] = {
    ProposalState.DRAFT: (),
    ProposalState.SUBMITTED: (ProposalState.SUBMITTED,),
    ProposalState.PUBLISHED: (ProposalState.SUBMITTED, ProposalState.PUBLISHED),
}


def proposal(
    project: Programme,
    *,
    author: User | None = None,
    sealed: bool = False,
    state: ProposalState = ProposalState.PUBLISHED,
    sent_on: date = date(2026, 3, 2),
    **values: Any,
) -> Proposal:
    """A proposal with its version, transitions, author and, once published, its number and place in the search."""
    n = serial()
    chain = PATHS.get(state, (ProposalState.SUBMITTED, ProposalState.PUBLISHED, state))
    published = state not in {ProposalState.DRAFT, ProposalState.SUBMITTED}
    row = Proposal(
        **{
            "programme_id": project.id, "draft_key": f"cle-{n}", "title": f"Idée {n}",
            "body": f"Le texte de l'idée {n}.", "state": state, "origin": Origin.AGENT, "created_on": sent_on,
            "submitted_on": sent_on if chain else None, "published_on": sent_on if published else None,
            "number": _next("proposal") if published else None, **values,
        }
    )  # fmt: skip
    row.entities = values.get("entities", list(project.entities))
    add(row)
    add(ProposalVersion(proposal_id=row.id, position=1, title=row.title, body=row.body, recorded_at=noon(sent_on)))
    before: ProposalState = ProposalState.DRAFT
    for step in chain:
        add(
            ProposalTransition(
                proposal_id=row.id, from_state=before, to_state=step, effective_on=sent_on, recorded_at=noon(sent_on)
            )
        )
        before = step
    if author is not None:
        add(
            Authorship(
                proposal_id=row.id, user_id=author.id, sealed=sealed, thanks_consent=not sealed,
                entity_id=author.entity_id, accepted_at=noon(sent_on),
            )
        )  # fmt: skip
    if published:
        search.index_proposal(row.id, title=row.title, body=row.body)
    return row


def meeting(project: Programme, held_on: date = date(2026, 3, 12), **values: Any) -> Meeting:
    return add(
        Meeting(
            **{
                "programme_id": project.id,
                "kind": "steering",
                "title": f"Comité {serial()}",
                "held_on": held_on,
                **values,
            }
        )
    )


def decision(
    of: Proposal,
    *,
    outcome: Outcome = Outcome.RETAINED,
    taken_on: date = date(2026, 3, 12),
    published: bool = True,
    **values: Any,
) -> Decision:
    """A decision and, when published, the move of its proposal."""
    row = add(
        Decision(
            **{
                "proposal_id": of.id, "outcome": outcome, "motive": Motive.FEASIBLE,
                "reason": "C'est possible et utile.", "taken_on": taken_on,
                "published_on": taken_on if published else None,
                "published_at": noon(taken_on) if published else None, "recorded_at": noon(taken_on), **values,
            }
        )
    )  # fmt: skip
    if published:
        add(
            ProposalTransition(
                proposal_id=of.id, from_state=of.state, to_state=outcome.state, effective_on=taken_on,
                recorded_at=noon(taken_on), decision_id=row.id,
            )
        )  # fmt: skip
        of.state = outcome.state
        db.session.flush()
    return row


def action(
    project: Programme,
    *,
    opened_on: date = date(2026, 1, 5),
    status: ActionStatus = ActionStatus.TO_START,
    planned: tuple[date, date] | None = (date(2026, 2, 1), date(2026, 6, 30)),
    milestones: tuple[tuple[str, date], ...] = (),
    proposals: tuple[Proposal, ...] = (),
    **values: Any,
) -> Action:
    """An action with its opening row."""
    start, end = planned or (None, None)
    row = Action(
        **{
            "programme_id": project.id, "number": _next("action"), "title": f"Action {serial()}",
            "summary": "Ce qui change.", "baseline_start": start, "baseline_end": end,
            "created_at": noon(opened_on), **values,
        }
    )  # fmt: skip
    row.entities = values.get("entities", list(project.entities))
    row.proposals = list(proposals)
    add(row)
    opening = update(row, opened_on, kind=UpdateKind.OPENING, status=status, planned_start=start, planned_end=end)
    for position, (label, due) in enumerate(milestones):
        step = add(Milestone(action_id=row.id, label=label, position=position))
        add(MilestoneMark(update_id=opening.id, milestone_id=step.id, kind=MarkKind.ADDED, due=due, weight=1))
    return row


def update(of: Action, on: date, *, recorded_at: datetime | None = None, **values: Any) -> ActionUpdate:
    """A row of the log; what is not given is "en cours", soleil, without dates."""
    at = recorded_at or noon(on)
    kind = values.get("kind", UpdateKind.STATEMENT)
    retraction = kind is UpdateKind.RETRACTION
    defaults: dict[str, Any] = {
        "action_id": of.id, "kind": kind, "effective_on": on, "recorded_at": at, "rank_at": at,
        "status": None if retraction else ActionStatus.IN_PROGRESS, "health": None if retraction else Health.SUN,
        "health_on": None if retraction else on,
    }  # fmt: skip
    return add(ActionUpdate(**{**defaults, **values}))
