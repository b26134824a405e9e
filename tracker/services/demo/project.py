"""A project's frame: themes, groups with the people who led them, consultations, workshops, meetings, committee."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from tracker import validation
from tracker.enums import MeetingKind, PhaseKind, Role
from tracker.models import (
    Campaign,
    Meeting,
    Phase,
    Programme,
    Theme,
    WorkingGroup,
    Workshop,
    programme_entity,
)
from tracker.records import paris_instant
from tracker.services.bulk import Batch
from tracker.services.demo import content
from tracker.services.demo.town import Person, Town, grant


@dataclass(frozen=True, slots=True)
class Step:
    kind: PhaseKind
    starts_on: date
    ends_on: date  # the day after its last


@dataclass(frozen=True, slots=True)
class Consultation:
    key: str
    id: int
    steps: tuple[Step, ...]

    @property
    def opens_on(self) -> date:
        return self.steps[0].starts_on

    @property
    def last_proposing_day(self) -> date:
        return max(s.ends_on for s in self.steps if s.kind.allows_submission) - timedelta(days=1)

    @property
    def votes_close_on(self) -> date:
        """The day after the last one of support."""
        return max(s.ends_on for s in self.steps if s.kind.allows_support)


@dataclass(frozen=True, slots=True)
class Tenure:
    """A person at the head of a group, from a day until another took over."""

    person: Person
    starts_on: date
    ends_on: date | None


@dataclass(slots=True)
class Group:
    id: int
    slug: str
    leads: list[Tenure] = field(default_factory=list)
    members: list[Person] = field(default_factory=list)

    def lead_at(self, day: date) -> Person:
        return next((t.person for t in reversed(self.leads) if t.starts_on <= day), self.leads[0].person)


@dataclass(slots=True)
class Project:
    """What proposals and actions of a project refer to, by their key in the seeds."""

    id: int
    starts_on: date
    themes: dict[str, int] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    consultations: list[Consultation] = field(default_factory=list)
    workshops: list[tuple[date, int]] = field(default_factory=list)
    meetings: dict[date, tuple[int, MeetingKind]] = field(default_factory=dict)
    reviewers: list[Person] = field(default_factory=list)

    def share(self) -> Project:
        """The same project, to which other people add groups and workshops of their own."""
        return replace(self, groups={}, workshops=[])

    def consultation_on(self, day: date) -> Consultation:
        """The consultation in which a proposal sent that day was received."""
        return next(c for c in self.consultations if c.opens_on <= day <= c.last_proposing_day)

    def steering_meeting(self, day: date) -> int:
        key, kind = self.meetings[day]
        if kind is not MeetingKind.STEERING:
            raise ValueError(f"{day} is not a meeting of the committee")
        return key


def open_project(batch: Batch, town: Town, row: dict[str, Any], themes: dict[str, str], *, principal: bool) -> Project:
    """The project itself with its themes; "Je ne sais pas" is the last one."""
    start, end = validation.date_range(row["starts_on"], row["ends_on"])
    key = batch.add(
        Programme,
        slug=validation.slug(row["slug"]),
        title=validation.title(row["title"]),
        summary=validation.body(row["summary"]),
        starts_on=start,
        ends_on=end,
        is_principal=principal,
        letter_name=validation.label(row["letter_name"]),
        people_consulted=row.get("people_consulted"),
    )
    for entity_id in town.entities.values():
        batch.add(programme_entity, programme_id=key, entity_id=entity_id)
    project = Project(id=key, starts_on=row["starts_on"])
    for position, (slug, name) in enumerate(themes.items(), 1):
        project.themes[slug] = batch.add(
            Theme, programme_id=key, slug=validation.slug(slug), name=validation.label(name), position=position,
            is_unknown=slug == "ne-sait-pas",
        )  # fmt: skip
    return project


def add_groups(
    batch: Batch, rng: Random, town: Town, project: Project, rows: list[dict[str, Any]], *, opened_on: date
) -> None:
    """Working groups with members from their services, and leads; those of a long project were replaced."""
    for position, row in enumerate(rows, 1 + town.share * len(rows)):
        slug = f"{row['slug']}-{town.share + 1}" if town.share else row["slug"]
        key = batch.add(
            WorkingGroup,
            programme_id=project.id,
            slug=validation.slug(slug),
            name=validation.label(content.numbered(row["name"], town.share)),
            mandate=validation.body(row["mandate"]),
            position=position,
        )
        group = Group(key, slug)
        pool = [p for slug in row["services"] for p in town.colleagues(slug, town.entities) if p.id not in town.known]
        group.members = rng.sample(pool, rng.randrange(8, 13))
        town.known.update(p.id for p in group.members)
        _leads(rng, town, group, row, opened_on=opened_on)
        for tenure in group.leads:
            grant(
                batch, tenure.person, Role.GROUP_LEAD, starts_on=tenure.starts_on, ends_on=tenure.ends_on, group_id=key
            )
        for person in group.members:
            if all(tenure.person is not person for tenure in group.leads):
                starts, ends = _membership(rng, opened_on, long=bool(row.get("handovers")))
                grant(batch, person, Role.GROUP_MEMBER, starts_on=starts, ends_on=ends, group_id=key)
        project.groups[row["slug"]] = group


def _leads(rng: Random, town: Town, group: Group, row: dict[str, Any], *, opened_on: date) -> None:
    handovers: list[date] = row.get("handovers", [])
    starts = [opened_on, *handovers]
    people = sorted(group.members, key=lambda p: (not p.is_manager, p.id))[: len(starts)]
    rng.shuffle(people)
    if row.get("lead") and not town.share:
        people[-1] = town.accounts[row["lead"]]
    for index, (person, start) in enumerate(zip(people, starts, strict=True)):
        end = starts[index + 1] - timedelta(days=1) if index + 1 < len(starts) else None
        group.leads.append(Tenure(person, start, end))


def _membership(rng: Random, opened_on: date, *, long: bool) -> tuple[date, date | None]:
    late, left, when = rng.random() < 0.3, rng.random() < 0.2, rng.random()
    if not long:
        return opened_on, None
    starts = opened_on + timedelta(days=int(when * 900) if late else 0)
    ends = date(2018, 1, 8) + timedelta(days=int(when * 700)) if left else None
    return starts, ends


def add_consultation(batch: Batch, project: Project, row: dict[str, Any], elsewhere: str, *, now: datetime) -> None:
    """A consultation; the roll and the close of votes are dated by its steps, when they are past."""
    steps = tuple(Step(PhaseKind(kind), start, end) for kind, start, end in row["phases"])
    consultation = Consultation(row["key"], batch.reserve(Campaign), steps)
    closed_at = paris_instant(consultation.votes_close_on, 0, 5)
    opened_at = paris_instant(consultation.opens_on, 0, 5)
    past = closed_at <= now
    batch.add(
        Campaign,
        id=consultation.id,
        programme_id=project.id,
        title=validation.title(row["title"]),
        introduction=validation.body(row["introduction"]),
        elsewhere=validation.body(elsewhere),
        answer_by=row["answer_by"],
        roll_opened_at=opened_at if past else None,
        votes_closed_at=closed_at if past else None,
    )
    for step in steps:
        batch.add(
            Phase, campaign_id=consultation.id, kind=step.kind, starts_at=paris_instant(step.starts_on),
            ends_at=paris_instant(step.ends_on),
        )  # fmt: skip
    project.consultations.append(consultation)


def add_workshops(batch: Batch, project: Project, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        key = batch.add(
            Workshop, programme_id=project.id, title=validation.title(row["title"]), held_on=row["held_on"],
            place=validation.label(row["place"]), declared_count=row["declared_count"],
        )  # fmt: skip
        project.workshops.append((row["held_on"], key))


def add_meetings(batch: Batch, project: Project, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        kind = MeetingKind(row["kind"])
        key = batch.add(
            Meeting,
            programme_id=project.id,
            kind=kind,
            title=validation.title(row["title"]),
            held_on=row["on"],
            place=validation.label(row["place"]),
            agenda=validation.body(row["agenda"]),
            minutes=validation.body(row.get("minutes", ""), required=False),
        )
        project.meetings[row["on"]] = (key, kind)


def add_committee(batch: Batch, rng: Random, town: Town, project: Project, *, starts_on: date) -> None:
    """Those who decide, study, moderate and write, beside the seven accounts, for this project alone."""
    managers = [p for p in town.colleagues("secretariat-general", town.entities) if p.is_manager]
    steering = [p for p in managers if p.id not in town.known][:5]
    town.known.update(p.id for p in steering)
    for person in steering:
        grant(batch, person, Role.STEERING, starts_on=starts_on, programme_id=project.id)
    for role, services, count in (
        (Role.REVIEWER, ("juridique", "rh", "finances"), 3),
        (Role.MODERATOR, ("communication",), 1),
        (Role.EDITOR, ("communication",), 1),
    ):
        pool = [p for slug in services for p in town.colleagues(slug, town.entities) if p.id not in town.known]
        chosen = rng.sample(pool, count)
        town.known.update(p.id for p in chosen)
        for person in chosen:
            grant(batch, person, role, starts_on=starts_on, programme_id=project.id)
        if role is Role.REVIEWER:
            project.reviewers = [town.accounts["etude"], *chosen]


def add_account_roles(batch: Batch, town: Town, *, starts_on: date) -> None:
    """What the seven accounts may do everywhere; the lead of groups has theirs with the groups."""
    for login, role in (
        ("etude", Role.REVIEWER), ("moderation", Role.MODERATOR), ("copil", Role.STEERING),
        ("redaction", Role.EDITOR), ("admin", Role.ADMIN),
    ):  # fmt: skip
        grant(batch, town.accounts[login], role, starts_on=starts_on)
