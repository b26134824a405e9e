"""The records of a project's archive: what everybody may read, and nothing else, in a bounded number of statements."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from flask_babel import gettext
from sqlalchemy import case, func, null, select

from tracker import charts
from tracker.charts import Figure, Scope
from tracker.enums import LineageKind, TallyChoice, UpdateKind
from tracker.exports.archive import (
    ActionItem,
    AnswerItem,
    ArchiveData,
    AuthorItem,
    GroupItem,
    LetterItem,
    Link,
    MeetingItem,
    Member,
    ProjectItem,
    ProposalItem,
    TableItem,
)
from tracker.exports.archive.names import person_of
from tracker.extensions import db
from tracker.letters import Resolved, references, words
from tracker.models import (
    Action,
    ActionUpdate,
    Authorship,
    Entity,
    Frozen,
    ImportedTally,
    Letter,
    Meeting,
    Programme,
    Proposal,
    ProposalLineage,
    Theme,
    User,
    WorkingGroup,
    Workshop,
)
from tracker.queries import actions as lists
from tracker.queries import board, decisions, figures, groups, letters, projects, supports
from tracker.queries.archive_actions import action_items, links_of
from tracker.queries.board import Board
from tracker.queries.decisions import AnswerRecord
from tracker.queries.projects import ProjectRecord
from tracker.queries.proposals import theme_shown
from tracker.records import paris_day
from tracker.workflow import VISIBLE


class _Nowhere:
    """The addresses of a figure in a file: none."""

    def actions(self, **_chosen: str) -> str:
        return ""

    def action(self, number: int) -> str:
        return ""

    def proposals(self, **_chosen: str) -> str:
        return ""

    def table(self, figure_id: str) -> str:
        return ""


def archive_of(project: ProjectRecord, *, today: date) -> ArchiveData:
    """Everything of a project that goes into its archive, as of today or of its end; some thirty statements."""
    as_of = project.last_day(today)
    drawn = board.board(
        project, as_of=as_of, known_at=None, filters=figures.EVERYTHING, choices=lists.choices(project.id),
        without_group=gettext("sans groupe"),
    )  # fmt: skip
    states = {state.action.id: state for state in lists.states(project, as_of=as_of)}
    of_actions, of_proposals = links_of(project.id)
    actions = action_items(project.id, states, of_actions)
    proposals = _proposals(project.id, of_proposals, as_of)
    published = _letters(project.id)
    summary = drawn.snapshot.actions
    return ArchiveData(
        project=_project(project, as_of),
        sentence=charts.sentence(summary),
        proposals=proposals,
        actions=actions,
        groups=_groups(project.id, actions),
        meetings=_meetings(project.id, proposals),
        letters=published,
        people=_people(published),
        counts=tuple((words.counter_label(key), drawn.snapshot.counters[key]) for key, _ in words.COUNTERS),
        figures=tuple(_table(figure) for figure in _figures(drawn, as_of)),
    )


def _project(project: ProjectRecord, as_of: date) -> ProjectItem:
    return ProjectItem(
        slug=project.slug,
        title=project.title,
        summary=db.session.scalar(select(Programme.summary).where(Programme.id == project.id)) or "",
        starts_on=project.starts_on,
        ends_on=project.ends_on,
        closed_on=project.closed_on,
        as_of=as_of,
        employers=tuple(one.name for one in projects.entities(project.id)),
        letter_name=project.letter_name,
        people_consulted=project.people_consulted,
    )


# --- Figures ----------------------------------------------------------------------------------------------------


def _figures(drawn: Board, as_of: date) -> Iterable[Figure]:
    if drawn.curves is None:
        return
    summary = drawn.snapshot.actions
    scope = Scope(as_of, summary.total, _Nowhere())
    yield charts.status_by_month(drawn.statuses, summary, scope)
    yield charts.progress(drawn.curves, summary, scope)
    yield charts.status_by_group(drawn.groups, scope)
    yield charts.health_by_month(drawn.skies, scope)


def _table(figure: Figure) -> TableItem:
    return TableItem(figure.id, figure.title, figure.reading, figure.columns, figure.rows)


# --- Proposals --------------------------------------------------------------------------------------------------


def _proposals(programme_id: int, actions: dict[int, list[Link]], day: date) -> tuple[ProposalItem, ...]:
    rows = db.session.execute(
        select(Proposal, theme_shown(), Workshop.title)
        .outerjoin(Theme, Theme.id == Proposal.theme_id)
        .outerjoin(Workshop, Workshop.id == Proposal.workshop_id)
        .where(Proposal.programme_id == programme_id, Proposal.state.in_(VISIBLE))
        .order_by(Proposal.number)
    ).all()
    authors, tallies = _authors(programme_id), _tallies(programme_id)
    into, gathered = _ties(programme_id)
    answers: dict[int, list[AnswerItem]] = defaultdict(list)
    for record in decisions.answers_between(programme_id, after=date.min, until=date.max):
        answers[record.proposal_id].append(_answer(record, day))
    united = supports.united(row[0].id for row in rows)
    return tuple(
        ProposalItem(
            number=one.number or 0,
            title=one.title,
            body=one.body,
            theme=theme or "",
            state=one.state,
            origin=one.origin,
            workshop=workshop or "",
            sent_on=one.submitted_on,
            published_on=one.published_on,
            supports=one.support_count,
            united=united.get(one.id, 0),
            tallies=tuple(tallies[one.id]),
            authors=tuple(authors[one.id]),
            answers=tuple(answers[one.id]),
            merged_into=tuple(into[one.id]),
            gathered=tuple(gathered[one.id]),
            actions=tuple(actions.get(one.id, ())),
        )
        for one, theme, workshop in rows
    )


def _authors(programme_id: int) -> dict[int, list[AuthorItem]]:
    """The authors of each proposal; of one whose name is not displayed nothing is selected."""
    shown = Authorship.sealed.is_(False)
    rows = db.session.execute(
        select(
            Authorship.proposal_id,
            *(
                case((shown, column), else_=null())
                for column in (
                    Authorship.user_id, User.first_name, User.last_name, Authorship.name, Authorship.number,
                    Entity.short_name,
                )
            ),
        )
        .join(Proposal, Proposal.id == Authorship.proposal_id)
        .outerjoin(User, User.id == Authorship.user_id)
        .outerjoin(Entity, Entity.id == Authorship.entity_id)
        .where(Proposal.programme_id == programme_id)
        .order_by(Authorship.id)
    )  # fmt: skip
    found: dict[int, list[AuthorItem]] = defaultdict(list)
    for key, user_id, first, last, name, number, employer in rows:
        said = name or f"{first or ''} {last or ''}".strip()
        found[key].append(AuthorItem(person_of(user_id, said) if said else None, number, employer or ""))
    return found


def _tallies(programme_id: int) -> dict[int, list[tuple[str, TallyChoice, int]]]:
    rows = db.session.execute(
        select(ImportedTally.proposal_id, ImportedTally.source, ImportedTally.choice, ImportedTally.count)
        .join(Proposal, Proposal.id == ImportedTally.proposal_id)
        .where(Proposal.programme_id == programme_id)
        .order_by(ImportedTally.proposal_id, ImportedTally.source, ImportedTally.choice)
    )
    found: dict[int, list[tuple[str, TallyChoice, int]]] = defaultdict(list)
    for key, source, choice, count in rows:
        found[key].append((source, choice, count))
    return found


def _ties(programme_id: int) -> tuple[dict[int, list[Link]], dict[int, list[Link]]]:
    """What each proposal was regrouped with, and what was regrouped with it."""
    titles = {
        key: Link(number or 0, title)
        for key, number, title in db.session.execute(
            select(Proposal.id, Proposal.number, Proposal.title).where(
                Proposal.programme_id == programme_id, Proposal.state.in_(VISIBLE)
            )
        )
    }
    rows = db.session.execute(
        select(ProposalLineage.from_id, ProposalLineage.to_id)
        .where(ProposalLineage.kind == LineageKind.MERGED, ProposalLineage.undone_at.is_(None))
        .order_by(ProposalLineage.id)
    )
    into: dict[int, list[Link]] = defaultdict(list)
    gathered: dict[int, list[Link]] = defaultdict(list)
    for source, target in rows:
        if source in titles and target in titles:
            into[source].append(titles[target])
            gathered[target].append(titles[source])
    return into, gathered


def _answer(record: AnswerRecord, day: date) -> AnswerItem:
    return AnswerItem(
        words=record.words(day),
        motive=None if record.redacted_on else record.motive,
        reason=record.reason,
        signature=record.signature,
        taken_on=record.taken_on,
        published_on=record.published_on or record.taken_on,
        meeting_id=record.meeting_id,
        conditions=tuple((one.label or one.kind.label, one.met_on) for one in record.conditions),
        reserved=record.has_reserve(day),
    )


# --- Groups, meetings, letters ----------------------------------------------------------------------------------


def _groups(programme_id: int, actions: tuple[ActionItem, ...]) -> tuple[GroupItem, ...]:
    return tuple(
        GroupItem(
            slug=one.slug,
            name=one.name,
            mandate=one.mandate,
            people=tuple(
                Member(person_of(who.user_id, who.name), who.role, who.starts_on, who.ends_on) for who in one.people
            ),
            actions=tuple(Link(a.number, a.title) for a in actions if a.group and a.group[0] == one.slug),
        )
        for one in groups.of_project(programme_id)
    )


def _meetings(programme_id: int, proposals: tuple[ProposalItem, ...]) -> tuple[MeetingItem, ...]:
    answered: dict[int, list[Link]] = defaultdict(list)
    for one in proposals:
        for key in dict.fromkeys(a.meeting_id for a in one.answers if a.meeting_id is not None):
            answered[key].append(Link(one.number, one.title))
    told: dict[int, list[Link]] = defaultdict(list)
    for meeting_id, number, title in db.session.execute(
        select(ActionUpdate.meeting_id, Action.number, Action.title)
        .join(Action, Action.id == ActionUpdate.action_id)
        .where(
            Action.programme_id == programme_id, ActionUpdate.meeting_id.is_not(None),
            ActionUpdate.kind != UpdateKind.RETRACTION,
        )
        .distinct()
        .order_by(Action.number)
    ):  # fmt: skip
        told[meeting_id or 0].append(Link(number, title))
    rows = db.session.execute(
        select(Meeting, func.coalesce(WorkingGroup.name, ""))
        .outerjoin(WorkingGroup, WorkingGroup.id == Meeting.group_id)
        .where(Meeting.programme_id == programme_id)
        .order_by(Meeting.held_on, Meeting.id)
    )
    return tuple(
        MeetingItem(
            m.id, m.kind, m.title, m.held_on, m.place, group, m.agenda, m.minutes, tuple(answered[m.id]),
            tuple(told[m.id]),
        )
        for m, group in rows
    )  # fmt: skip


def _letters(programme_id: int) -> tuple[LetterItem, ...]:
    rows: Any = db.session.execute(
        select(Letter, Frozen)
        .join(Frozen, Frozen.id == Letter.frozen_id)
        .where(Letter.programme_id == programme_id, Letter.published_at.is_not(None))
        .order_by(Letter.quarter)
    )
    return tuple(
        LetterItem(
            number=letter.number,
            quarter=letter.quarter,
            title=letter.title,
            published_on=paris_day(letter.published_at),
            approved_by=person_of(None, letter.approved_by) if letter.approved_by else None,
            approved_on=letter.approved_on,
            sha256=frozen.sha256,
            frozen=frozen.content,
            content=json.loads(frozen.content),
        )
        for letter, frozen in rows
    )


def _people(published: tuple[LetterItem, ...]) -> Resolved:
    """The names that the people of all the letters still agree to show, at once."""
    found: dict[str, set[int]] = defaultdict(set)
    for one in published:
        for name, keys in references(one.content).items():
            found[name].update(keys)
    return letters.resolve({name: tuple(sorted(keys)) for name, keys in found.items()}) if found else Resolved()
