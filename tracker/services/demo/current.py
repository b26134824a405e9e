"""The project that is running: its dates count from the day on which the demonstration is loaded."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from tracker import validation
from tracker.enums import AuthorRole, Origin
from tracker.models import Authorship, Proposal, ProposalVersion
from tracker.records import paris_instant
from tracker.services.bulk import Batch
from tracker.services.demo import content, project
from tracker.services.demo.days import at, next_workday, workday
from tracker.services.demo.ideas import draft_key
from tracker.services.demo.project import Project
from tracker.services.demo.town import Town

LAST_CONFIRMATION = 1  # days before today


def frame(today: date) -> dict[str, Any]:
    """The frame of the current project with its days counted from today."""
    rows = content.read("current.toml")
    first = today + timedelta(days=rows["programme"].pop("starts"))
    rows["programme"] |= {"starts_on": first, "ends_on": today + timedelta(days=rows["programme"].pop("ends"))}
    for row in rows["campaign"]:
        row["answer_by"] = today + timedelta(days=row.pop("answer_in"))
        row["phases"] = [
            (kind, today + timedelta(days=start), today + timedelta(days=end)) for kind, start, end in row["phases"]
        ]
    for row in rows["meeting"]:
        day = today + timedelta(days=row["days"])
        # a past meeting falls back to the Friday, a coming one waits for the Monday
        row["on"] = workday(day) if row["days"] < 0 else next_workday(day)
    return rows


def open_project(
    batch: Batch,
    rng: Random,
    town: Town,
    rows: dict[str, Any],
    themes: dict[str, str],
    *,
    elsewhere: str,
    now: datetime,
) -> Project:
    opened = project.open_project(batch, town, rows["programme"], themes, principal=False)
    for row in rows["campaign"]:
        project.add_consultation(batch, opened, row, elsewhere, now=now)
    project.add_meetings(batch, opened, rows["meeting"])
    project.add_groups(batch, rng, town, opened, rows["group"], opened_on=rows["programme"]["starts_on"])
    project.add_committee(batch, rng, town, opened, starts_on=rows["programme"]["starts_on"])
    return opened


def add_drafts(batch: Batch, rng: Random, town: Town, opened: Project, rows: dict[str, Any], *, today: date) -> None:
    """What an account has begun to write and not sent."""
    for row in rows["draft"]:
        person = town.accounts[row["account"]]
        day = at(today, -row["days_ago"])
        begun = paris_instant(day, 12, 40)
        title, body = validation.title(row["title"]), validation.body(row["body"])
        key = batch.add(
            Proposal,
            programme_id=opened.id,
            campaign_id=opened.consultations[-1].id,
            draft_key=draft_key(rng),
            theme_id=opened.themes[row["theme"]],
            title=title,
            body=body,
            origin=Origin.AGENT,
            created_on=day,
        )
        batch.add(ProposalVersion, proposal_id=key, position=1, title=title, body=body, recorded_at=begun)
        batch.add(
            Authorship, proposal_id=key, user_id=person.id, role=AuthorRole.AUTHOR, thanks_consent=True,
            entity_id=town.entities[person.employer], accepted_at=begun,
        )  # fmt: skip
