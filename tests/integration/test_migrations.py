"""Migrations lead from nothing to the models and back; the constraints tie states to columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import CheckConstraint, func, insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from tests import databases, factories
from tests.conftest import NOON, SECRET
from tracker import create_app, enums
from tracker.enums import Outcome, ProposalState, Role, UpdateKind
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import (
    ActionUpdate,
    Authorship,
    Decision,
    Instance,
    Letter,
    Proposal,
    ProposalLineage,
    RoleGrant,
    User,
    Vote,
)

SCHEMA = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL",
    "postgresql": """
        SELECT conname, conrelid::regclass || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
        UNION SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION SELECT table_name, string_agg(column_name || data_type || is_nullable, ' ' ORDER BY column_name)
        FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name""",
}
DEFINITION = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE name = :name",
    "postgresql": "SELECT string_agg(conname || pg_get_constraintdef(c.oid), ' ') FROM pg_constraint c JOIN pg_class t "
    "ON t.oid = c.conrelid WHERE t.relname = :name",
}
UNIQUE = "UNIQUE|violates unique"


@pytest.fixture
def blank(tmp_path: Path, bases: Any) -> Iterator[Flask]:
    """An application whose database has no table yet."""
    base = bases("blank")
    base.blank()
    app = create_app(
        environ={
            "TRACKER_MODE": "test", "TRACKER_SECRET_KEY": SECRET, "TRACKER_INSTANCE": str(tmp_path),
            "DATABASE_URL": base.url,
        },
        config={"TESTING": True},
    )  # fmt: skip
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def schema(app: Flask) -> set[tuple[str, str]]:
    databases.let_go(app)
    rows = db.session.execute(text(SCHEMA[db.engine.dialect.name])).all()
    databases.let_go(app)
    return {(name, sql) for name, sql in rows if not name.startswith(("sqlite_", "alembic_"))}


def definition(table: str) -> str:
    """A table with its constraints, in the words of the database."""
    return str(db.session.scalar(text(DEFINITION[db.engine.dialect.name]), {"name": table}))


def test_up_down_and_up_again_is_the_same(blank: Flask) -> None:
    flask_migrate.upgrade()
    first = schema(blank)
    assert {name for name, _sql in first} >= {"proposal", "vote", "action_update", "proposal_search"}
    flask_migrate.downgrade(revision="base")
    assert schema(blank) == set()
    flask_migrate.upgrade()
    assert schema(blank) == first


def test_the_models_are_what_the_migrations_make(blank: Flask) -> None:
    flask_migrate.upgrade()
    flask_migrate.check()


def test_constraints_and_defaults_are_those_of_the_models_too(blank: Flask, tmp_path: Path) -> None:
    """What `check` does not compare: every table built from the models has the same constraints, by name."""
    flask_migrate.upgrade()
    for name, table in db.metadata.tables.items():
        migrated = definition(name)
        for constraint in table.constraints:
            if isinstance(constraint, CheckConstraint):
                assert str(constraint.name) in migrated, f"{name}: {constraint.name}"


def test_the_instance_has_its_one_row_from_the_start(blank: Flask) -> None:
    flask_migrate.upgrade()
    assert db.session.scalar(select(func.count()).select_from(Instance)) == 1


@pytest.mark.sqlite("its hidden row numbers")
def test_votes_have_neither_serial_nor_time_nor_user(app: Flask) -> None:
    columns = set(Vote.__table__.columns.keys())
    assert columns == {"campaign_id", "proposal_id", "tag", "choice", "points"}
    sql = db.session.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'vote'"))
    assert "WITHOUT ROWID" in sql, "rows in the order of their keys, not of their coming"


@pytest.mark.parametrize(
    "table",
    [t for t in db.metadata.sorted_tables if any(hasattr(c.type, "enums") for c in t.columns)],
    ids=lambda t: t.name,
)
def test_closed_lists_are_checked_by_the_database(app: Flask, table: Any) -> None:
    sql = definition(table.name)
    for column in table.columns:
        for value in getattr(column.type, "enums", ()):
            assert f"'{value}'" in sql, f"{table.name}.{column.name}: {value}"


def test_every_reference_is_indexed(app: Flask) -> None:
    """A foreign key that nothing indexes makes each deletion and each join read the whole table."""
    for table in db.metadata.sorted_tables:
        starts = [index.columns[0].name for index in table.indexes] + [next(iter(table.primary_key.columns)).name]
        starts += [next(iter(c.columns)).name for c in table.constraints if c.__visit_name__ == "unique_constraint"]
        starts += [column.name for column in table.columns if column.unique]
        for key in table.foreign_keys:
            if table.name != "roll_entry":  # always read whole, per consultation
                assert key.parent.name in starts, f"{table.name}.{key.parent.name}"


# --- States and columns ------------------------------------------------------------------------------------


@pytest.fixture
def site(app: Flask, writing: Any) -> dict[str, int]:
    with writing():
        project = factories.programme()
        user = factories.user()
        proposal = factories.proposal(project)
        action = factories.action(project)
        group = factories.group(project)
        return {
            "project": project.id, "user": user.id, "proposal": proposal.id, "action": action.id, "group": group.id,
            "opening": action.updates[0].id,
        }  # fmt: skip


def refuse(model: Any, why: str, /, **values: Any) -> None:
    """The database itself refuses that row, and the same row made right is taken."""
    try:
        with pytest.raises((IntegrityError, StatementError), match=why), write_transaction():
            db.session.execute(insert(model).values(**values))
    finally:
        end_transaction(commit=False)


def accept(model: Any, /, **values: Any) -> None:
    with write_transaction():
        db.session.execute(insert(model).values(**values))


def proposal_row(site: dict[str, int], **values: Any) -> dict[str, Any]:
    return {
        "programme_id": site["project"], "draft_key": f"k{factories.serial()}", "title": "T", "body": "B",
        "created_on": date(2026, 1, 1), **values,
    }  # fmt: skip


@pytest.mark.parametrize("state", [s for s in ProposalState if s is not ProposalState.WITHDRAWN])
def test_a_proposal_has_a_number_exactly_once_published(site: dict[str, int], state: ProposalState) -> None:
    unpublished = state in {ProposalState.DRAFT, ProposalState.SUBMITTED}
    bare = proposal_row(site, state=state)
    numbered = proposal_row(site, state=state, number=factories.serial() + 500, published_on=date(2026, 1, 1))
    good, bad = (bare, numbered) if unpublished else (numbered, bare)
    accept(Proposal, **good)
    refuse(Proposal, "numbered_once_published", **bad)


def test_two_proposals_never_share_a_number(site: dict[str, int]) -> None:
    row = proposal_row(site, state="published", number=900, published_on=date(2026, 1, 1))
    row["state"] = ProposalState.PUBLISHED
    accept(Proposal, **row)
    refuse(Proposal, UNIQUE, **(row | {"draft_key": "other"}))


def test_a_workshop_s_proposal_names_its_workshop(site: dict[str, int]) -> None:
    refuse(Proposal, "workshop_has_its_row", **proposal_row(site, origin=enums.Origin.WORKSHOP))


def test_an_author_is_exactly_one_of_account_name_or_number(site: dict[str, int]) -> None:
    one = {"proposal_id": site["proposal"]}
    refuse(Authorship, "exactly_one_person", **one)
    refuse(Authorship, "exactly_one_person", **one, user_id=site["user"], name="N")
    refuse(Authorship, "exactly_one_person", **one, name="N", number=3)
    accept(Authorship, **one, name="N")


def decision_row(site: dict[str, int], **values: Any) -> dict[str, Any]:
    return {
        "proposal_id": site["proposal"], "outcome": Outcome.RETAINED, "motive": enums.Motive.FEASIBLE,
        "reason": "Utile.",
        "taken_on": date(2026, 1, 1), "recorded_at": NOON, **values,
    }  # fmt: skip


def test_a_decision_says_why_until_when_and_where_to(site: dict[str, int]) -> None:
    refuse(Decision, "reason_given", **decision_row(site, reason=""))
    refuse(Decision, "deferred_has_review_date", **decision_row(site, outcome=Outcome.DEFERRED))
    refuse(Decision, "redirected_says_where", **decision_row(site, outcome=Outcome.REDIRECTED))
    refuse(Decision, "published_day_with_instant", **decision_row(site, published_on=date(2026, 1, 1)))
    refuse(Decision, "published_day_with_instant", **decision_row(site, published_at=NOON))
    accept(Decision, **decision_row(site, outcome=Outcome.DEFERRED, review_on=date(2026, 6, 1)))
    accept(Decision, **decision_row(site, published_on=date(2026, 1, 1), published_at=NOON))


def update_row(site: dict[str, int], **values: Any) -> dict[str, Any]:
    return {
        "action_id": site["action"], "kind": UpdateKind.STATEMENT, "effective_on": date(2026, 2, 1),
        "recorded_at": NOON, "rank_at": NOON, "status": enums.ActionStatus.IN_PROGRESS, **values,
    }  # fmt: skip


def test_a_row_of_the_log_is_whole_or_takes_another_back(site: dict[str, int]) -> None:
    again = {"supersedes_id": site["opening"]}
    refuse(ActionUpdate, "only_retractions_carry_no_state", **update_row(site, status=None))
    refuse(ActionUpdate, "only_retractions_carry_no_state", **update_row(site, kind=UpdateKind.RETRACTION, **again))
    refuse(ActionUpdate, "supersedes", **update_row(site, kind=UpdateKind.CORRECTION))
    refuse(ActionUpdate, "supersedes", **update_row(site, **again))
    refuse(ActionUpdate, "progress_percent", **update_row(site, declared_progress=101))
    refuse(ActionUpdate, "(?i)foreign key", **update_row(site, kind=UpdateKind.CORRECTION, supersedes_id=9_999))
    accept(ActionUpdate, **update_row(site, kind=UpdateKind.CORRECTION, **again))
    refuse(ActionUpdate, UNIQUE, **update_row(site, kind=UpdateKind.CORRECTION, **again))


def test_a_group_role_names_its_group_and_its_dates_follow_each_other(site: dict[str, int]) -> None:
    one = {"user_id": site["user"], "starts_on": date(2026, 1, 1)}
    refuse(RoleGrant, "group_roles_have_a_group", **one, role=Role.GROUP_LEAD)
    refuse(RoleGrant, "group_roles_have_a_group", **one, role=Role.EDITOR, group_id=site["group"])
    refuse(RoleGrant, "dates_in_order", **one, role=Role.EDITOR, ends_on=date(2025, 1, 1))
    accept(RoleGrant, **one, role=Role.GROUP_LEAD, group_id=site["group"])


def test_a_published_letter_is_frozen_and_numbered(site: dict[str, int]) -> None:
    columns = {c.name for c in Letter.__table__.constraints if c.name}
    assert any("published_is_frozen" in str(name) for name in columns)
    assert any("published_has_number" in str(name) for name in columns)


def test_a_proposal_is_not_merged_with_itself(site: dict[str, int]) -> None:
    refuse(
        ProposalLineage, "not_with_itself", from_id=site["proposal"], to_id=site["proposal"],
        kind=enums.LineageKind.MERGED, recorded_at=NOON, effective_on=date(2026, 1, 1),
    )  # fmt: skip


def test_an_instant_without_zone_is_refused(site: dict[str, int]) -> None:
    refuse(
        User, "naive datetime", login="x", first_name="X", last_name="Y",
        created_at=NOON.replace(tzinfo=None),
    )  # fmt: skip


def test_an_issuer_comes_with_its_subject(site: dict[str, int]) -> None:
    refuse(User, "issuer_with_subject", login="x", first_name="X", last_name="Y", created_at=NOON, issuer="https://sso")
