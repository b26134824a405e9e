"""What happened in a quarter, read once: the facts that a letter is composed from (design 4.8).

A fixed number of statements, whatever the number of actions; the log is read once and asked for two days.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import or_, select

from tracker.enums import ActionStatus, LineageKind, Outcome
from tracker.extensions import db
from tracker.letters.facts import (
    ActionFact,
    AnswerFact,
    ConditionFact,
    Counters,
    Facts,
    Figures,
    GroupFact,
    MeetingFact,
    Period,
    PointFact,
    StepFact,
    ThanksFact,
)
from tracker.models import (
    ActionUpdate,
    Authorship,
    Meeting,
    Proposal,
    ProposalLineage,
    WorkingGroup,
    action_proposal,
)
from tracker.progress import ActionState, Timeline, status_by_month
from tracker.progress.log import ActionLog
from tracker.queries import campaigns, decisions, figures, log
from tracker.queries.projects import ProjectRecord
from tracker.records import UpdateRecord, paris_day

MONTHS_SHOWN = 15  # beyond, the figure shows quarters
AHEAD_DAYS = 92
ENDS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class _Change:
    """An action on the two days of the period, and the row that made it what it is."""

    log: ActionLog
    before: ActionState | None
    after: ActionState
    row: UpdateRecord

    @property
    def status(self) -> ActionStatus:
        return self.after.status

    @property
    def was(self) -> ActionStatus | None:
        return self.before.status if self.before else None


def facts(project: ProjectRecord, *, period: Period, opening: Counters | None) -> Facts:
    """The facts of a period; `opening` are the frozen counters of the previous letter, None for the first one."""
    whole = Timeline.build(log.project_actions(project.id), period.known_at)
    first, last = whole.states(period.after), whole.states(period.until)
    known_at, days = period.known_at, figures.proposal_days(project, known_at=period.known_at)
    before = figures.snapshot(project, as_of=period.after, known_at=known_at, actions=first, proposals=days)
    closing = figures.snapshot(project, as_of=period.until, known_at=known_at, actions=last, proposals=days)
    changes = _changes(whole, first, last)
    kinds = _sorted_by_kind(changes)
    soon = _ending_soon(changes, period)
    told = {change.after.action.id for part in kinds.values() for change in part}
    teller = _Teller(project.id, told)
    answers = _answers(project.id, period)
    retained = [answer.number for answer in answers if answer.outcome is Outcome.RETAINED]
    carried = [n for change in kinds["finished"] for n, _ in teller.proposals.get(change.after.action.id, ())]
    return Facts(
        project=project.slug,
        project_title=project.title,
        letter_name=project.letter_name,
        period=period,
        figures=Figures(
            opening=dict.fromkeys(closing.counters, 0) if opening is None else opening,
            before=before.counters,
            closing=closing.counters,
            people_consulted=project.people_consulted,
            progress=closing.actions.progress,
            used=closing.actions.used,
            left_out=closing.actions.left_out,
            missing=closing.actions.missing,
        ),
        answers=answers,
        started=tuple(teller.tell(change) for change in kinds["started"]),
        finished=tuple(teller.tell(change) for change in kinds["finished"]),
        stopped=tuple(teller.tell(change) for change in kinds["stopped"]),
        late=tuple(teller.tell(change) for change in kinds["late"]),
        points=_points(whole, project, period),
        groups=teller.groups_at_work(kinds),
        thanks=_thanks({*retained, *carried}),
        meetings=_meetings(project.id, paris_day(period.known_at)),
        ends=tuple(teller.tell(change) for change in soon),
        steps=_steps(project.id, period),
    )


def _changes(whole: Timeline, first: Iterable[ActionState], last: Iterable[ActionState]) -> list[_Change]:
    """Every action that counts, on both days."""
    before = {state.action.id: state for state in first}
    logs = {one.record.id: one for one in whole.logs}
    return [
        _Change(logs[state.action.id], before.get(state.action.id), state, _turning_row(logs[state.action.id], state))
        for state in last
        if state.leaf
    ]


def _turning_row(one: ActionLog, state: ActionState) -> UpdateRecord:
    """The first row of the present status: the one that made the action started, finished, stopped."""
    index = one.index_at(state.as_of)
    row = one.rows[index]
    for earlier in reversed(one.rows[:index]):
        if earlier.status is not row.status:
            break
        row = earlier
    return row


def _sorted_by_kind(changes: Iterable[_Change]) -> dict[str, list[_Change]]:
    S = ActionStatus
    kinds: dict[str, list[_Change]] = {"started": [], "finished": [], "stopped": [], "late": []}
    for change in changes:
        if change.status is S.IN_PROGRESS and change.was is not S.IN_PROGRESS:
            kinds["started"].append(change)
        elif change.status is S.DONE and change.was is not S.DONE:
            kinds["finished"].append(change)
        elif change.status in {S.STOPPED, S.SUSPENDED} and change.was is not change.status:
            kinds["stopped"].append(change)
        if change.after.late:
            kinds["late"].append(change)
    for name in ("started", "finished", "stopped"):
        kinds[name].sort(key=lambda change: (change.row.effective_on, change.after.action.number))
    kinds["late"].sort(key=lambda c: (not _newly(c), c.after.planned_end or date.max, c.after.action.number))
    return kinds


def _newly(change: _Change) -> bool:
    return change.before is None or not change.before.late


def _ending_soon(changes: Iterable[_Change], period: Period) -> list[_Change]:
    """Actions that should end in the months after the letter, the next first."""
    from_day = max(period.until, paris_day(period.known_at))
    found = [
        change
        for change in changes
        if not change.status.is_closed
        and change.after.planned_end is not None
        and from_day < change.after.planned_end <= from_day + timedelta(days=AHEAD_DAYS)
    ]
    found.sort(key=lambda change: (change.after.planned_end or date.max, change.after.action.number))
    return found[:ENDS_SHOWN]


class _Teller:
    """What is told of an action: its group, the proposals it comes from, the note that explains it."""

    def __init__(self, programme_id: int, ids: Collection[int]) -> None:
        rows = db.session.execute(
            select(WorkingGroup.id, WorkingGroup.slug, WorkingGroup.name)
            .where(WorkingGroup.programme_id == programme_id)
            .order_by(WorkingGroup.position, WorkingGroup.id)
        )
        self.groups: dict[int, tuple[str, str]] = {row[0]: (row[1], row[2]) for row in rows}
        self.proposals: dict[int, list[tuple[int, str]]] = defaultdict(list)
        self.notes: dict[int, tuple[str, str]] = {}
        if not ids:
            return
        origins = db.session.execute(
            select(action_proposal.c.action_id, Proposal.number, Proposal.title)
            .join(Proposal, Proposal.id == action_proposal.c.proposal_id)
            .where(action_proposal.c.action_id.in_(ids), Proposal.number.is_not(None))
            .order_by(Proposal.number)
        )
        for action_id, number, title in origins:
            self.proposals[action_id].append((number or 0, title))
        # the note for everybody only: the one for the committee and the lead never enters a letter
        notes = db.session.execute(
            select(ActionUpdate.id, ActionUpdate.note, ActionUpdate.move_reason).where(
                ActionUpdate.action_id.in_(ids),
                ActionUpdate.redacted_at.is_(None),
                or_(ActionUpdate.note != "", ActionUpdate.move_reason != ""),
            )
        )
        self.notes = {row[0]: (row[1], row[2]) for row in notes}

    def tell(self, change: _Change) -> ActionFact:
        action, state = change.after.action, change.after
        update_id, why = self._why(change)
        return ActionFact(
            number=action.number,
            title=action.title,
            group=self.groups.get(action.group_id or 0, ("", ""))[1],
            status=state.status,
            before=change.was,
            on=change.row.effective_on,
            planned_end=state.planned_end,
            first_end=action.baseline_end,
            newly=state.late and _newly(change),
            why=why,
            update_id=update_id,
            proposals=tuple(self.proposals.get(action.id, ())),
        )

    def _why(self, change: _Change) -> tuple[int | None, str]:
        """The last thing said at the end of the period; of an action finished, started or stopped, since it is so."""
        rows = change.log.rows[: change.log.index_at(change.after.as_of) + 1]
        turned = [row for row in rows if row.status is change.status and row.effective_on >= change.row.effective_on]
        late = change.after.late
        for row in reversed(rows if late else turned):
            note, reason = self.notes.get(row.id, ("", ""))
            said = (reason or note) if late else (note or reason)
            if said:
                return row.id, said
        return None, ""

    def groups_at_work(self, kinds: dict[str, list[_Change]]) -> tuple[GroupFact, ...]:
        """The groups that started or finished something, in their order."""
        done = Counter(change.after.action.group_id for change in kinds["finished"])
        started = Counter(change.after.action.group_id for change in kinds["started"])
        return tuple(
            GroupFact(slug, name, started[key], done[key])
            for key, (slug, name) in self.groups.items()
            if started[key] or done[key]
        )


def _answers(programme_id: int, period: Period) -> tuple[AnswerFact, ...]:
    found = decisions.answers_between(programme_id, after=period.after, until=period.until, known_at=period.known_at)
    return tuple(
        AnswerFact(
            decision_id=answer.id,
            number=answer.proposal_number,
            title=answer.proposal_title,
            outcome=answer.outcome,
            motive=answer.motive,
            reason=answer.reason,
            taken_on=answer.taken_on,
            published_on=answer.published_on or period.until,
            meeting_id=answer.meeting_id,
            meeting_on=answer.meeting_on,
            conditions=tuple(ConditionFact(c.kind, c.label, c.met_on) for c in answer.conditions),
            review_on=answer.review_on,
            redirected_to=answer.redirected_to,
        )
        for answer in sorted(found, key=lambda answer: (answer.proposal_number, answer.id))
    )


def _points(whole: Timeline, project: ProjectRecord, period: Period) -> tuple[PointFact, ...]:
    """Statuses month by month in the first year, quarter by quarter afterwards."""
    points = status_by_month(whole, project.starts_on, period.until, period.until)
    if len(points) > MONTHS_SHOWN:
        points = tuple(point for point in points if point.on.month % 3 == 0 or point is points[-1])
    return tuple(PointFact(point.on, dict(point.counts)) for point in points)


def _thanks(numbers: Collection[int]) -> tuple[ThanksFact, ...]:
    """Authors who agree to be thanked by name, of these proposals and of those merged into them; sealed ones apart."""
    if not numbers:
        return ()
    kept = select(Proposal.id).where(Proposal.number.in_(numbers))
    merged = select(ProposalLineage.from_id).where(
        ProposalLineage.to_id.in_(kept),
        ProposalLineage.kind == LineageKind.MERGED,
        ProposalLineage.undone_at.is_(None),
    )
    rows = db.session.execute(
        select(Authorship.id, Proposal.number)
        .join(Proposal, Proposal.id == Authorship.proposal_id)
        .where(
            or_(Proposal.id.in_(kept), Proposal.id.in_(merged)),
            Proposal.number.is_not(None),
            Authorship.sealed.is_(False),
            Authorship.thanks_consent.is_(True),
            or_(Authorship.user_id.is_not(None), Authorship.name.is_not(None)),
        )
        .order_by(Proposal.number, Authorship.id)
    )
    return tuple(ThanksFact(row[0], row[1] or 0) for row in rows)


def _meetings(programme_id: int, day: date) -> tuple[MeetingFact, ...]:
    """Meetings of the project after the letter; those of groups are the groups' affair."""
    rows = db.session.execute(
        select(Meeting.id, Meeting.title, Meeting.held_on, Meeting.place)
        .where(
            Meeting.programme_id == programme_id,
            Meeting.group_id.is_(None),
            Meeting.held_on > day,
            Meeting.held_on <= day + timedelta(days=AHEAD_DAYS),
        )
        .order_by(Meeting.held_on, Meeting.id)
    )
    return tuple(MeetingFact(*row) for row in rows.all())


def _steps(programme_id: int, period: Period) -> tuple[StepFact, ...]:
    """Steps of consultations open at the letter's instant or beginning soon after."""
    now = period.known_at
    soon = now + timedelta(days=AHEAD_DAYS)
    return tuple(
        StepFact(
            campaign_id=campaign.id,
            title=campaign.title,
            kind=phase.kind,
            first_day=paris_day(phase.starts_at),
            last_day=paris_day(phase.ends_at - timedelta(microseconds=1)),
            open=phase.starts_at <= now,
        )
        for campaign in campaigns.of_projects([programme_id])
        for phase in campaign.phases
        if phase.kind.allows_comment and now < phase.ends_at and phase.starts_at <= soon
    )
