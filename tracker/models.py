"""All tables (design part 4). Rules that a row can check about itself stand here as constraints.

Instants are UTC (`Instant`), business dates are Europe/Paris days (`date`). Nothing here is SQLite's alone;
full-text search has its own module.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tracker.enums import (
    ActionStatus,
    AuthorRole,
    CodeChannel,
    ConditionKind,
    FrozenKind,
    Health,
    LetterState,
    LineageKind,
    MarkKind,
    MeetingKind,
    Motive,
    Origin,
    OutboxState,
    Outcome,
    PhaseKind,
    ProposalState,
    RequestKind,
    RequestState,
    ReviewAdvice,
    Role,
    RunState,
    TallyChoice,
    TextKind,
    UpdateKind,
    UpdateSource,
    VoteChoice,
)
from tracker.extensions import db
from tracker.records import NO_COLOUR

TITLE_MAX = 200
NAME_MAX = 160
SLUG_MAX = 80
# in the order of its letters on both databases: ranges of logins are sought
LOGIN = String(SLUG_MAX).with_variant(String(SLUG_MAX, collation="C"), "postgresql")


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime; stored without offset, given back aware. Naive values are refused."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime: give an aware one")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def choice(members: type[StrEnum], *, name: str = "") -> SqlEnum:
    """A closed list stored by value as text, with a CHECK, whose `name` is told where a table has two of one list."""
    return SqlEnum(
        members,
        values_callable=lambda m: [x.value for x in m],
        native_enum=False,
        create_constraint=True,
        length=24,
        name=name or members.__name__.lower(),
    )


def fk(target: str, *, index: bool = True, ondelete: str | None = None, **options: Any) -> Mapped[Any]:
    """A foreign key column, indexed unless a constraint already starts with it."""
    return mapped_column(ForeignKey(target, ondelete=ondelete), index=index, **options)


class Base(db.Model):  # type: ignore[name-defined,misc]
    __abstract__ = True


class Numbered(Base):
    """A row with an integer key of its own."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-1)


# --- The instance ------------------------------------------------------------------------------------------


class Instance(Numbered):
    """One row: the revision that people, roles, settings and labels bump."""

    revision: Mapped[int] = mapped_column(default=1)
    demo: Mapped[bool] = mapped_column(default=False)


class Setting(Base):
    """One setting or label of this instance."""

    key: Mapped[str] = mapped_column(String(SLUG_MAX), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


class Counter(Base):
    """The last number given, per kind of thing: never reused (design 4.4)."""

    name: Mapped[str] = mapped_column(String(SLUG_MAX), primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


class Entity(Numbered):
    """An employer."""

    slug: Mapped[str] = mapped_column(String(SLUG_MAX), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_MAX))
    short_name: Mapped[str] = mapped_column(String(40))
    colour: Mapped[str] = mapped_column(String(7), default=NO_COLOUR)
    logo: Mapped[str] = mapped_column(String(16), default="")  # key of the picture among the uploads
    position: Mapped[int] = mapped_column(default=0)


department_entity = Table(
    "department_entity",
    db.metadata,
    Column("department_id", ForeignKey("department.id"), primary_key=True),
    Column("entity_id", ForeignKey("entity.id"), primary_key=True, index=True),
)


class Department(Numbered):
    """A service; several employers may share it."""

    slug: Mapped[str] = mapped_column(String(SLUG_MAX), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_MAX))
    entities: Mapped[list[Entity]] = relationship(secondary=department_entity, order_by=Entity.position)


# --- People ------------------------------------------------------------------------------------------------


class Site(Numbered):
    """A place of work, where slips are handed out and a relais can be found."""

    slug: Mapped[str] = mapped_column(String(SLUG_MAX), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_MAX))
    address: Mapped[str] = mapped_column(String(TITLE_MAX), default="")


class User(Numbered):
    """A person, with or without an account (no password: not yet activated)."""

    login: Mapped[str] = mapped_column(LOGIN, unique=True)
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    password_changed_at: Mapped[datetime | None] = mapped_column(Instant)
    first_name: Mapped[str] = mapped_column(String(NAME_MAX))
    last_name: Mapped[str] = mapped_column(String(NAME_MAX))
    entity_id: Mapped[int | None] = fk("entity.id")
    department_id: Mapped[int | None] = fk("department.id")
    site_id: Mapped[int | None] = fk("site.id")
    is_manager: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    locale: Mapped[str | None] = mapped_column(String(5))
    issuer: Mapped[str | None] = mapped_column(String(254))
    subject: Mapped[str | None] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_visit_at: Mapped[datetime | None] = mapped_column(Instant)
    previous_visit_at: Mapped[datetime | None] = mapped_column(Instant)
    left_on: Mapped[date | None]  # the day the account was deactivated
    erased_at: Mapped[datetime | None] = mapped_column(Instant)
    merged_into_id: Mapped[int | None] = fk("user.id")  # the account this one was merged into; the row is then empty
    # who the accounts merged into this one were, to be searched for when the person is erased
    merged_names: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)

    entity: Mapped[Entity | None] = relationship()
    department: Mapped[Department | None] = relationship()
    grants: Mapped[list[RoleGrant]] = relationship(back_populates="user")

    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name="issuer_with_subject"),
        Index("ix_user_last_name_first_name", "last_name", "first_name"),
    )

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Matricule(Base):
    """A register number at an employer; a person may have several."""

    entity_id: Mapped[int] = mapped_column(ForeignKey("entity.id"), primary_key=True)
    number: Mapped[str] = mapped_column(String(40), primary_key=True)
    user_id: Mapped[int] = fk("user.id")


class UserSession(Numbered):
    """One login on one device; the cookie holds the token, the row its hash."""

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = fk("user.id")
    shared: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class ActivationCode(Numbered):
    """A one-time code that lets a person choose a password; kept as a hash, shown once, on a slip or in a mail."""

    user_id: Mapped[int] = fk("user.id")
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    channel: Mapped[CodeChannel] = mapped_column(choice(CodeChannel))
    made_at: Mapped[datetime] = mapped_column(Instant)
    made_by_id: Mapped[int | None] = fk("user.id")
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (CheckConstraint("used_at IS NULL OR revoked_at IS NULL", name="used_or_revoked"),)


class SecondFactor(Base):
    """The secret of a person's one-time codes (TOTP); it counts once confirmed by a first code."""

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(200))
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    last_step: Mapped[int | None]  # of the last code taken: each serves once


class RecoveryCode(Numbered):
    """A code to be used once when the device of the second factor is lost; kept as a hash."""

    user_id: Mapped[int] = fk("user.id")
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class LoginFailure(Numbered):
    """A failed attempt, by hashed account name or hashed address; only failures count."""

    key: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index("ix_login_failure_key_at", "key", "at"),)


class RoleGrant(Numbered):
    """A role with its dates, everywhere, in a project, in a group or, for a relais, at a site."""

    user_id: Mapped[int] = fk("user.id")
    role: Mapped[Role] = mapped_column(choice(Role))
    programme_id: Mapped[int | None] = fk("programme.id")
    group_id: Mapped[int | None] = fk("working_group.id")
    site_id: Mapped[int | None] = fk("site.id")
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]

    user: Mapped[User] = relationship(back_populates="grants")

    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates_in_order"),
        CheckConstraint(
            "(role IN ('group_lead', 'group_member')) = (group_id IS NOT NULL)", name="group_roles_have_a_group"
        ),
        CheckConstraint("(role = 'relay') = (site_id IS NOT NULL)", name="a_relay_has_a_site"),
    )


# --- Project -----------------------------------------------------------------------------------------------

programme_entity = Table(
    "programme_entity",
    db.metadata,
    Column("programme_id", ForeignKey("programme.id"), primary_key=True),
    Column("entity_id", ForeignKey("entity.id"), primary_key=True, index=True),
)


class Programme(Numbered):
    """A projet d'administration: the multi-year plan."""

    slug: Mapped[str] = mapped_column(String(SLUG_MAX), unique=True)
    title: Mapped[str] = mapped_column(String(TITLE_MAX))
    summary: Mapped[str] = mapped_column(Text, default="")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    is_principal: Mapped[bool] = mapped_column(default=False)
    letter_name: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    letters_public: Mapped[bool] = mapped_column(default=False)
    people_consulted: Mapped[int | None]
    closed_at: Mapped[datetime | None] = mapped_column(Instant)  # archived: read-only since
    revision: Mapped[int] = mapped_column(default=1)

    entities: Mapped[list[Entity]] = relationship(secondary=programme_entity, order_by=Entity.position)

    __table_args__ = (CheckConstraint("ends_on >= starts_on", name="dates_in_order"),)


class Theme(Numbered):
    """A heading of the project; one of them is "Je ne sais pas"."""

    programme_id: Mapped[int] = fk("programme.id", index=False)
    slug: Mapped[str] = mapped_column(String(SLUG_MAX))
    name: Mapped[str] = mapped_column(String(NAME_MAX))
    position: Mapped[int] = mapped_column(default=0)
    is_unknown: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (UniqueConstraint("programme_id", "slug"),)


class WorkingGroup(Numbered):
    """A working group; its leads and members are `RoleGrant`s with dates."""

    programme_id: Mapped[int] = fk("programme.id")
    slug: Mapped[str] = mapped_column(String(SLUG_MAX), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_MAX))
    mandate: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(default=0)


class Meeting(Numbered):
    """A dated meeting with its agenda and minutes."""

    programme_id: Mapped[int] = fk("programme.id", index=False)
    group_id: Mapped[int | None] = fk("working_group.id")
    kind: Mapped[MeetingKind] = mapped_column(choice(MeetingKind))
    title: Mapped[str] = mapped_column(String(TITLE_MAX))
    held_on: Mapped[date]
    place: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    agenda: Mapped[str] = mapped_column(Text, default="")
    minutes: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (Index("ix_meeting_programme_id_held_on", "programme_id", "held_on"),)


# --- Consultation and proposals ----------------------------------------------------------------------------


class Campaign(Numbered):
    """A consultation. The voting key lives in a file, its SHA-256 here (design 4.6)."""

    programme_id: Mapped[int] = fk("programme.id")
    title: Mapped[str] = mapped_column(String(TITLE_MAX))
    introduction: Mapped[str] = mapped_column(Text, default="")
    elsewhere: Mapped[str] = mapped_column(Text, default="")
    moderation_days: Mapped[int] = mapped_column(default=5)
    answer_by: Mapped[date | None]
    key_sha256: Mapped[str | None] = mapped_column(String(64))
    roll_opened_at: Mapped[datetime | None] = mapped_column(Instant)
    votes_closed_at: Mapped[datetime | None] = mapped_column(Instant)

    phases: Mapped[list[Phase]] = relationship(back_populates="campaign", order_by="Phase.starts_at")


class Phase(Numbered):
    """A step of a consultation: half-open [starts_at, ends_at)."""

    campaign_id: Mapped[int] = fk("campaign.id")
    kind: Mapped[PhaseKind] = mapped_column(choice(PhaseKind))
    starts_at: Mapped[datetime] = mapped_column(Instant)
    ends_at: Mapped[datetime] = mapped_column(Instant)

    campaign: Mapped[Campaign] = relationship(back_populates="phases")

    __table_args__ = (CheckConstraint("ends_at > starts_at", name="dates_in_order"),)


class Workshop(Numbered):
    """Where proposals were gathered in person; `declared_count` is told by its organiser, never added to people."""

    programme_id: Mapped[int] = fk("programme.id")
    title: Mapped[str] = mapped_column(String(TITLE_MAX))
    held_on: Mapped[date]
    place: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    declared_count: Mapped[int | None]


proposal_entity = Table(
    "proposal_entity",
    db.metadata,
    Column("proposal_id", ForeignKey("proposal.id"), primary_key=True),
    Column("entity_id", ForeignKey("entity.id"), primary_key=True, index=True),
)


class Proposal(Numbered):
    """An idea. Its text is the last `ProposalVersion`'s, its state the last effective transition's: both cached."""

    programme_id: Mapped[int] = fk("programme.id", index=False)
    campaign_id: Mapped[int | None] = fk("campaign.id")
    number: Mapped[int | None] = mapped_column(unique=True)
    draft_key: Mapped[str] = mapped_column(String(43), unique=True)
    theme_id: Mapped[int | None] = fk("theme.id")
    title: Mapped[str] = mapped_column(String(TITLE_MAX))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[ProposalState] = mapped_column(choice(ProposalState), default=ProposalState.DRAFT)
    origin: Mapped[Origin] = mapped_column(choice(Origin), default=Origin.AGENT)
    workshop_id: Mapped[int | None] = fk("workshop.id")
    created_on: Mapped[date]
    submitted_on: Mapped[date | None]
    published_on: Mapped[date | None]
    support_count: Mapped[int] = mapped_column(default=0)

    theme: Mapped[Theme | None] = relationship()
    campaign: Mapped[Campaign | None] = relationship()
    programme: Mapped[Programme] = relationship()
    workshop: Mapped[Workshop | None] = relationship()
    entities: Mapped[list[Entity]] = relationship(secondary=proposal_entity, order_by=Entity.position)
    authorships: Mapped[list[Authorship]] = relationship(back_populates="proposal", order_by="Authorship.id")
    actions: Mapped[list[Action]] = relationship(secondary="action_proposal", back_populates="proposals")

    __table_args__ = (
        CheckConstraint(
            "(state IN ('draft', 'submitted') AND number IS NULL) OR state = 'withdrawn' OR "
            "(state NOT IN ('draft', 'submitted') AND number IS NOT NULL AND published_on IS NOT NULL)",
            name="numbered_once_published",
        ),
        CheckConstraint("support_count >= 0", name="support_count_not_negative"),
        CheckConstraint("(origin = 'workshop') = (workshop_id IS NOT NULL)", name="workshop_has_its_row"),
        Index("ix_proposal_programme_id_state", "programme_id", "state"),
        Index("ix_proposal_programme_id_published_on", "programme_id", "published_on"),
        Index("ix_proposal_programme_id_support_count", "programme_id", "support_count"),
    )


class ProposalVersion(Numbered):
    """A text of a proposal; `position` counts from 1."""

    proposal_id: Mapped[int] = fk("proposal.id", index=False)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(TITLE_MAX))
    body: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("proposal_id", "position"),)


class ProposalTransition(Numbered):
    """A move from one state to the next; append-only, and without actor (a sealed author must not show)."""

    proposal_id: Mapped[int] = fk("proposal.id")
    from_state: Mapped[ProposalState | None] = mapped_column(choice(ProposalState, name="from_state"))
    to_state: Mapped[ProposalState] = mapped_column(choice(ProposalState))
    effective_on: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    decision_id: Mapped[int | None] = fk("decision.id")
    reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index("ix_proposal_transition_to_state_effective_on", "to_state", "effective_on"),)


class ProposalLineage(Numbered):
    """One proposal's tie to another; supports are united when read, never copied."""

    from_id: Mapped[int] = fk("proposal.id")
    to_id: Mapped[int] = fk("proposal.id")
    kind: Mapped[LineageKind] = mapped_column(choice(LineageKind))
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    effective_on: Mapped[date]
    undone_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (CheckConstraint("from_id <> to_id", name="not_with_itself"),)


class Authorship(Numbered):
    """Who proposed: an account, or a name or a number within a workshop. The choice to be named is per person."""

    proposal_id: Mapped[int] = fk("proposal.id")
    user_id: Mapped[int | None] = fk("user.id")
    name: Mapped[str | None] = mapped_column(String(NAME_MAX))
    number: Mapped[int | None]
    role: Mapped[AuthorRole] = mapped_column(choice(AuthorRole), default=AuthorRole.AUTHOR)
    sealed: Mapped[bool] = mapped_column(default=False)
    name_choice_made: Mapped[bool] = mapped_column(default=True)  # False: a draft whose author has yet to say
    thanks_consent: Mapped[bool] = mapped_column(default=False)
    entity_id: Mapped[int | None] = fk("entity.id")
    accepted_at: Mapped[datetime | None] = mapped_column(Instant)

    proposal: Mapped[Proposal] = relationship(back_populates="authorships")
    user: Mapped[User | None] = relationship()
    entity: Mapped[Entity | None] = relationship()

    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN user_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN name IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN number IS NULL THEN 0 ELSE 1 END) = 1",
            name="exactly_one_person",
        ),
        CheckConstraint("sealed OR name_choice_made", name="no_name_before_the_choice"),
        CheckConstraint("NOT (sealed AND thanks_consent)", name="thanks_need_a_name"),
        UniqueConstraint("proposal_id", "user_id"),
    )


class ImportedTally(Base):
    """A count brought from elsewhere, shown with its source, never mixed with votes."""

    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(NAME_MAX), primary_key=True)
    choice: Mapped[TallyChoice] = mapped_column(choice(TallyChoice), primary_key=True)
    count: Mapped[int]

    __table_args__ = (CheckConstraint("count >= 0", name="count_not_negative"),)


class Vote(Base):
    """One expression of support: no serial, no time, no user (design 4.6)."""

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), primary_key=True, index=True)
    tag: Mapped[str] = mapped_column(String(64), primary_key=True)
    choice: Mapped[VoteChoice] = mapped_column(choice(VoteChoice), default=VoteChoice.FOR)
    points: Mapped[int] = mapped_column(default=1)

    # without SQLite's hidden row number, which would tell the order of the casts
    __table_args__ = (
        CheckConstraint("points > 0", name="points_positive"),
        Index("ix_vote_campaign_id_tag", "campaign_id", "tag"),
        {"sqlite_with_rowid": False},
    )


class RollEntry(Base):
    """One elector of a consultation, as of its opening; `took_part` without time."""

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True, index=True)
    entity_id: Mapped[int | None] = mapped_column(ForeignKey("entity.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    is_manager: Mapped[bool]
    took_part: Mapped[bool] = mapped_column(default=False)

    __table_args__ = ({"sqlite_with_rowid": False},)


class Review(Numbered):
    """The opinion prepared before a decision."""

    proposal_id: Mapped[int] = fk("proposal.id")
    reviewer_id: Mapped[int | None] = fk("user.id")
    advice: Mapped[ReviewAdvice] = mapped_column(choice(ReviewAdvice))
    text: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    effective_on: Mapped[date]

    reviewer: Mapped[User | None] = relationship()


class Decision(Numbered):
    """An answer of the steering committee; it counts from its publication."""

    proposal_id: Mapped[int] = fk("proposal.id")
    meeting_id: Mapped[int | None] = fk("meeting.id")
    outcome: Mapped[Outcome] = mapped_column(choice(Outcome))
    motive: Mapped[Motive] = mapped_column(choice(Motive))
    reason: Mapped[str] = mapped_column(Text)
    taken_on: Mapped[date]
    published_on: Mapped[date | None]
    published_at: Mapped[datetime | None] = mapped_column(Instant)
    review_on: Mapped[date | None]
    redirected_to: Mapped[str | None] = mapped_column(String(TITLE_MAX))
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    redacted_at: Mapped[datetime | None] = mapped_column(Instant)

    proposal: Mapped[Proposal] = relationship()
    meeting: Mapped[Meeting | None] = relationship()
    conditions: Mapped[list[DecisionCondition]] = relationship(order_by="DecisionCondition.id")

    __table_args__ = (
        CheckConstraint("outcome <> 'deferred' OR review_on IS NOT NULL", name="deferred_has_review_date"),
        CheckConstraint("outcome <> 'redirected' OR redirected_to IS NOT NULL", name="redirected_says_where"),
        CheckConstraint("(published_on IS NULL) = (published_at IS NULL)", name="published_day_with_instant"),
        CheckConstraint("length(reason) > 0", name="reason_given"),
        Index("ix_decision_published_on", "published_on"),
    )


class DecisionCondition(Numbered):
    """What must still be met for a decision to hold without reserve."""

    decision_id: Mapped[int] = fk("decision.id")
    kind: Mapped[ConditionKind] = mapped_column(choice(ConditionKind))
    label: Mapped[str] = mapped_column(String(TITLE_MAX))
    met_on: Mapped[date | None]


# --- Actions and their log ---------------------------------------------------------------------------------

action_entity = Table(
    "action_entity",
    db.metadata,
    Column("action_id", ForeignKey("action.id"), primary_key=True),
    Column("entity_id", ForeignKey("entity.id"), primary_key=True, index=True),
)

action_proposal = Table(
    "action_proposal",
    db.metadata,
    Column("action_id", ForeignKey("action.id"), primary_key=True),
    Column("proposal_id", ForeignKey("proposal.id"), primary_key=True, index=True),
)


class Action(Numbered):
    """The work that carries out proposals. No status, no date but the baseline: those are the log's."""

    programme_id: Mapped[int] = fk("programme.id")
    number: Mapped[int] = mapped_column(unique=True)
    group_id: Mapped[int | None] = fk("working_group.id")
    theme_id: Mapped[int | None] = fk("theme.id")
    parent_id: Mapped[int | None] = fk("action.id")
    pilot_id: Mapped[int | None] = fk("user.id")
    title: Mapped[str] = mapped_column(String(TITLE_MAX))
    summary: Mapped[str] = mapped_column(Text, default="")
    weight: Mapped[int] = mapped_column(default=1)
    rhythm_months: Mapped[int] = mapped_column(default=3)
    baseline_start: Mapped[date | None]
    baseline_end: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(Instant)

    programme: Mapped[Programme] = relationship()
    group: Mapped[WorkingGroup | None] = relationship()
    theme: Mapped[Theme | None] = relationship()
    pilot: Mapped[User | None] = relationship()
    entities: Mapped[list[Entity]] = relationship(secondary=action_entity, order_by=Entity.position)
    proposals: Mapped[list[Proposal]] = relationship(
        secondary=action_proposal, back_populates="actions", order_by=Proposal.number
    )
    updates: Mapped[list[ActionUpdate]] = relationship(back_populates="action", order_by="ActionUpdate.id")
    milestones: Mapped[list[Milestone]] = relationship(order_by="Milestone.position")

    __table_args__ = (
        CheckConstraint("weight > 0", name="weight_positive"),
        CheckConstraint("rhythm_months > 0", name="rhythm_positive"),
    )


class ActionUpdate(Numbered):
    """A dated, signed, complete statement; never edited, never deleted (design 4.2)."""

    action_id: Mapped[int] = fk("action.id", index=False)
    kind: Mapped[UpdateKind] = mapped_column(choice(UpdateKind))
    source: Mapped[UpdateSource] = mapped_column(choice(UpdateSource), default=UpdateSource.FORM)
    effective_on: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    rank_at: Mapped[datetime] = mapped_column(Instant)
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("action_update.id"), unique=True)
    meeting_id: Mapped[int | None] = fk("meeting.id")
    author_id: Mapped[int | None] = fk("user.id")
    status: Mapped[ActionStatus | None] = mapped_column(choice(ActionStatus))
    declared_progress: Mapped[int | None]
    health: Mapped[Health | None] = mapped_column(choice(Health))
    health_on: Mapped[date | None]
    planned_start: Mapped[date | None]
    planned_end: Mapped[date | None]
    move_reason: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    private_note: Mapped[str] = mapped_column(Text, default="")
    redacted_at: Mapped[datetime | None] = mapped_column(Instant)

    action: Mapped[Action] = relationship(back_populates="updates")
    author: Mapped[User | None] = relationship()
    marks: Mapped[list[MilestoneMark]] = relationship(back_populates="update", order_by="MilestoneMark.id")

    __table_args__ = (
        CheckConstraint("(kind = 'retraction') = (status IS NULL)", name="only_retractions_carry_no_state"),
        CheckConstraint("(kind IN ('correction', 'retraction')) = (supersedes_id IS NOT NULL)", name="supersedes"),
        CheckConstraint("declared_progress IS NULL OR declared_progress BETWEEN 0 AND 100", name="progress_percent"),
        Index("ix_action_update_action_id_effective_on", "action_id", "effective_on"),
        Index("ix_action_update_recorded_at", "recorded_at"),
    )


class Milestone(Numbered):
    """A dated step of an action; its date, weight and state are marks of the log."""

    action_id: Mapped[int] = fk("action.id")
    label: Mapped[str] = mapped_column(String(TITLE_MAX))
    position: Mapped[int] = mapped_column(default=0)


class MilestoneMark(Numbered):
    """A fact about a milestone, belonging to an update whose day it takes."""

    update_id: Mapped[int] = fk("action_update.id")
    milestone_id: Mapped[int] = fk("milestone.id")
    kind: Mapped[MarkKind] = mapped_column(choice(MarkKind))
    due: Mapped[date | None]
    weight: Mapped[int | None]

    update: Mapped[ActionUpdate] = relationship(back_populates="marks")

    __table_args__ = (CheckConstraint("weight IS NULL OR weight > 0", name="weight_positive"),)


class Indicator(Numbered):
    """A measured result of an action or of the project."""

    programme_id: Mapped[int] = fk("programme.id")
    action_id: Mapped[int | None] = fk("action.id")
    title: Mapped[str] = mapped_column(String(TITLE_MAX))
    unit: Mapped[str] = mapped_column(String(40), default="")
    start_value: Mapped[float | None]
    start_on: Mapped[date | None]

    targets: Mapped[list[Target]] = relationship(order_by="Target.due")


class Target(Numbered):
    """The value an indicator should reach by a day."""

    indicator_id: Mapped[int] = fk("indicator.id")
    value: Mapped[float]
    due: Mapped[date]


class IndicatorValue(Numbered):
    """A measure, dated."""

    indicator_id: Mapped[int] = fk("indicator.id")
    value: Mapped[float]
    measured_on: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    author_id: Mapped[int | None] = fk("user.id")


# --- Around both: one nullable key per owner, exactly one set ----------------------------------------------

ONE_OWNER = "(proposal_id IS NULL) <> (action_id IS NULL)"


class Comment(Numbered):
    """A remark under a proposal or an action."""

    proposal_id: Mapped[int | None] = fk("proposal.id")
    action_id: Mapped[int | None] = fk("action.id")
    author_id: Mapped[int | None] = fk("user.id")
    body: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    redacted_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (CheckConstraint(ONE_OWNER, name="one_owner"),)


class Follow(Numbered):
    """A voluntary wish to be told; never made from a vote."""

    proposal_id: Mapped[int | None] = fk("proposal.id")
    action_id: Mapped[int | None] = fk("action.id")
    user_id: Mapped[int] = fk("user.id")
    created_on: Mapped[date]

    __table_args__ = (
        CheckConstraint(ONE_OWNER, name="one_owner"),
        UniqueConstraint("user_id", "proposal_id"),
        UniqueConstraint("user_id", "action_id"),
    )


class Attachment(Numbered):
    """A file beside a proposal or an action; its bytes lie in the uploads folder under `storage_key`."""

    proposal_id: Mapped[int | None] = fk("proposal.id")
    action_id: Mapped[int | None] = fk("action.id")
    file_name: Mapped[str] = mapped_column(String(TITLE_MAX))
    media_type: Mapped[str] = mapped_column(String(NAME_MAX))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    storage_key: Mapped[str] = mapped_column(String(64), unique=True)
    recorded_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (CheckConstraint(ONE_OWNER, name="one_owner"),)


class ExternalRef(Numbered):
    """Where an imported row came from: the same source row is never made twice."""

    source: Mapped[str] = mapped_column(String(SLUG_MAX))
    source_id: Mapped[str] = mapped_column(String(NAME_MAX))
    proposal_id: Mapped[int | None] = fk("proposal.id")
    action_id: Mapped[int | None] = fk("action.id")
    digest: Mapped[str] = mapped_column(String(64))
    flags: Mapped[list[str]] = mapped_column(JSON, default=list)

    __table_args__ = (CheckConstraint(ONE_OWNER, name="one_owner"), UniqueConstraint("source", "source_id"))


# --- Letters and frozen figures ----------------------------------------------------------------------------


class Frozen(Numbered):
    """Published content that never changes: canonical JSON and its SHA-256 (design 4.8)."""

    kind: Mapped[FrozenKind] = mapped_column(choice(FrozenKind))
    programme_id: Mapped[int] = fk("programme.id")
    meeting_id: Mapped[int | None] = fk("meeting.id")
    schema_version: Mapped[int]
    as_of: Mapped[date]
    known_at: Mapped[datetime] = mapped_column(Instant)
    content: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    original_sha256: Mapped[str | None] = mapped_column(String(64))
    recorded_at: Mapped[datetime] = mapped_column(Instant)


class Letter(Numbered):
    """One of the four letters a year."""

    programme_id: Mapped[int] = fk("programme.id", index=False)
    number: Mapped[int | None] = mapped_column(unique=True)
    quarter: Mapped[str] = mapped_column(String(7))
    title: Mapped[str] = mapped_column(String(TITLE_MAX))
    state: Mapped[LetterState] = mapped_column(choice(LetterState), default=LetterState.DRAFT)
    is_public: Mapped[bool] = mapped_column(default=False)
    as_of: Mapped[date]
    known_at: Mapped[datetime] = mapped_column(Instant)
    provisional: Mapped[bool] = mapped_column(default=False)
    approved_by: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    approved_on: Mapped[date | None]
    published_at: Mapped[datetime | None] = mapped_column(Instant)
    frozen_id: Mapped[int | None] = fk("frozen.id")
    revision: Mapped[int] = mapped_column(default=1)

    programme: Mapped[Programme] = relationship()
    frozen: Mapped[Frozen | None] = relationship()
    blocks: Mapped[list[LetterBlock]] = relationship(order_by="LetterBlock.position", cascade="all, delete-orphan")

    __table_args__ = (
        UniqueConstraint("programme_id", "quarter"),
        CheckConstraint("(published_at IS NULL) = (frozen_id IS NULL)", name="published_is_frozen"),
        CheckConstraint("published_at IS NULL OR number IS NOT NULL", name="published_has_number"),
    )


class LetterBlock(Numbered):
    """A block of a letter being written; at publication the blocks become the frozen JSON."""

    letter_id: Mapped[int] = fk("letter.id", index=False)
    key: Mapped[str] = mapped_column(String(SLUG_MAX))
    kind: Mapped[str] = mapped_column(String(40))
    position: Mapped[int]
    source: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    edited_text: Mapped[str | None] = mapped_column(Text)
    hidden: Mapped[bool] = mapped_column(default=False)
    audience: Mapped[str] = mapped_column(String(24), default="all")

    __table_args__ = (UniqueConstraint("letter_id", "key"),)


class Proofreading(Base):
    """Who was asked to read a letter before it is printed, and what they said."""

    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True, index=True)
    asked_at: Mapped[datetime] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    remark: Mapped[str] = mapped_column(Text, default="")

    user: Mapped[User] = relationship()


# --- Trace and outside world -------------------------------------------------------------------------------


class Event(Numbered):
    """Who did what, when, old → new. `actor_id` is null and the label says so when a name is not displayed."""

    at: Mapped[datetime] = mapped_column(Instant)
    programme_id: Mapped[int | None] = fk("programme.id", index=False)
    actor_id: Mapped[int | None] = fk("user.id")
    actor_label: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    verb: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int]
    changes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    redacted_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        Index("ix_event_subject_subject_id", "subject", "subject_id"),
        Index("ix_event_programme_id_at", "programme_id", "at"),
    )


class Redaction(Numbered):
    """A text withdrawn by two people with a reason; figures and dates stay (design 4.10)."""

    kind: Mapped[TextKind] = mapped_column(choice(TextKind))
    target_id: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    asked_by_id: Mapped[int] = fk("user.id")
    asked_at: Mapped[datetime] = mapped_column(Instant)
    part: Mapped[str] = mapped_column(String(SLUG_MAX), default="")  # the block, of a letter
    agreed_by_id: Mapped[int | None] = fk("user.id")
    agreed_at: Mapped[datetime | None] = mapped_column(Instant)
    refused_by_id: Mapped[int | None] = fk("user.id")
    refused_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint("asked_by_id <> agreed_by_id", name="two_people"),
        CheckConstraint("agreed_at IS NULL OR refused_at IS NULL", name="agreed_or_refused"),
    )


class DataRequest(Numbered):
    """What a person asks about the data kept of them, with the day by which it must be answered."""

    user_id: Mapped[int] = fk("user.id")
    kind: Mapped[RequestKind] = mapped_column(choice(RequestKind))
    text: Mapped[str] = mapped_column(Text, default="")
    made_at: Mapped[datetime] = mapped_column(Instant)
    received_on: Mapped[date | None]  # the day it came on paper; None when asked through the account
    due_on: Mapped[date]
    state: Mapped[RequestState] = mapped_column(choice(RequestState), default=RequestState.OPEN)
    answer: Mapped[str] = mapped_column(Text, default="")
    handled_by_id: Mapped[int | None] = fk("user.id")
    handled_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (CheckConstraint("(state = 'open') = (handled_at IS NULL)", name="handled_when_closed"),)


class RegisterRun(Numbered):
    """An import of the staff register: read, previewed, then applied in the background."""

    state: Mapped[RunState] = mapped_column(choice(RunState), default=RunState.READ)
    file_name: Mapped[str] = mapped_column(String(TITLE_MAX))
    sha256: Mapped[str] = mapped_column(String(64))
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    absent_leave: Mapped[bool] = mapped_column(default=False)  # who is absent from the file is deactivated
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    report: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    asked_by_id: Mapped[int | None] = fk("user.id")
    asked_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)


class OutboxMessage(Numbered):
    """A mail to send: unique by `dedupe_key`, rendered at sending, claimed under a lease."""

    dedupe_key: Mapped[str] = mapped_column(String(200), unique=True)
    user_id: Mapped[int | None] = fk("user.id")
    address: Mapped[str] = mapped_column(String(254))
    kind: Mapped[str] = mapped_column(String(40))
    source_id: Mapped[int | None]
    params: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[OutboxState] = mapped_column(choice(OutboxState), default=OutboxState.PENDING)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[datetime] = mapped_column(Instant)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    message_id: Mapped[str | None] = mapped_column(String(254))
    last_error: Mapped[str | None] = mapped_column(Text)
    queued_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index("ix_outbox_message_state_not_before", "state", "not_before"),)
