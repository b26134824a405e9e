"""Bringing a list of a few lines: what the tests of imports stand on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.unit.test_imports_actions import HEADER, MAP
from tracker.extensions import db, end_transaction
from tracker.models import (
    Action,
    ActionUpdate,
    Entity,
    Event,
    ExternalRef,
    ImportedTally,
    MilestoneMark,
    Programme,
    Theme,
    WorkingGroup,
)
from tracker.services import importing

NOW = datetime(2020, 2, 1, 11, 0, tzinfo=UTC)
CREATE = """
[create]
project = true
themes = true
groups = true
entities = true
"""


PROJECT = 'slug = "essai"\ntitle = "Essai"\nstarts_on = 2015-01-01\nends_on = 2020-12-31'
ACTION_MAP = MAP.replace('slug = "essai"', PROJECT).replace(
    "[values.status]", 'entities = "Ville"\ngroup = "Voirie"\n[values.status]'
)

DONE_ROW = "1;Une place;FIN;2015;2016-02;2017-03;2018-06;2018-09"
LOGGED = (Programme, Theme, WorkingGroup, Entity, Action, ActionUpdate, MilestoneMark, ExternalRef, Event)


@pytest.fixture
def run(app: Any, tmp_path: Path) -> Any:
    """`run(rows)` imports these rows and commits; `commit=False` is the dry run."""

    def importing_rows(
        *rows: str,
        kind: str = "actions",
        header: str = HEADER,
        mapping: str = ACTION_MAP + CREATE,
        now: datetime = NOW,
        commit: bool = True,
    ) -> importing.Report:
        (tmp_path / "rows.csv").write_text("\n".join([header, *rows]), "utf-8")
        (tmp_path / "map.toml").write_text(mapping, "utf-8")
        report = importing.run_import(kind, tmp_path / "rows.csv", tmp_path / "map.toml", now=now)
        end_transaction(commit=commit and report.may_commit)
        return report

    return importing_rows


def counts(models: tuple[Any, ...] = LOGGED) -> list[int]:
    return [db.session.scalar(select(func.count()).select_from(model)) or 0 for model in models]


def tallied() -> dict[str, int]:
    rows = db.session.execute(
        select(ImportedTally.choice, func.sum(ImportedTally.count)).group_by(ImportedTally.choice)
    )
    return {choice.value: count for choice, count in rows}
