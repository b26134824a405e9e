"""A creation made by mistake is undone: the action stays, stopped from its first day, and its proposals are free."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import Clock
from tracker.enums import ActionStatus, ProposalState, Role, UpdateKind
from tracker.extensions import db, end_transaction
from tracker.models import Action, ActionUpdate, Event, Programme
from tracker.progress import state_at, summarise
from tracker.queries import checks, log, settling

TODAY = date(2026, 3, 16)
BUTTON = "Annuler la création"


class Site:
    """A group with its lead and the committee; a retained proposal from which `lead` has just made an action."""

    def __init__(self, client: CheckedClient, writing: Any, clock: Clock) -> None:
        self.client = client
        with writing():
            project = factories.programme()
            self.group = factories.group(project)
            self.people = {
                "lead": factories.user(Role.GROUP_LEAD, group=self.group),
                "other_lead": factories.user(Role.GROUP_LEAD, group=factories.group(project)),
                "pilot": factories.user(first_name="Paule", last_name="Pilote"),
                "steering": factories.user(Role.STEERING, programme=project),
                "agent": factories.user(),
            }
            self.project_id, self.proposal = project.id, factories.proposal(project, state=ProposalState.RETAINED)
            self.theme_id = factories.theme(project).id
        self.number = self.create()

    def be(self, who: str) -> CheckedClient:
        return self.client.login(self.people[who])

    def create(self, who: str = "lead", proposal: bool = True) -> int:
        source = f"?proposition={self.proposal.number}" if proposal else ""
        fields = {"title": "Ouvrir un guichet", "group": str(self.group.id), "theme": "0", "pilot": "Paule Pilote",
                  "opened_on": "2026-03-16", "planned_start": "2026-04-01", "planned_end": "2026-06-30"}  # fmt: skip
        made = self.be(who).post(f"/actions/nouvelle{source}", fields)
        return int(made.location.rsplit("/", 1)[1])

    def cancel(self, number: int | None = None, **options: Any) -> Any:
        return self.client.post(
            f"/actions/{number or self.number}/annuler-la-creation", {"confirmed": "yes"}, **options
        )


@pytest.fixture
def site(client: CheckedClient, writing: Any, clock: Clock) -> Site:
    return Site(client, writing, clock)


def rows() -> list[ActionUpdate]:
    end_transaction(commit=False)
    return list(db.session.scalars(select(ActionUpdate).order_by(ActionUpdate.id)))


def counted() -> tuple[int, int]:
    """Actions of the project today, and those that count for its progress."""
    records = log.load_actions(ids=tuple(db.session.scalars(select(Action.id))))
    summary = summarise([state for record in records if (state := state_at(record, as_of=TODAY)) is not None])
    end_transaction(commit=False)
    return summary.total, summary.total - summary.by_status[ActionStatus.STOPPED]


def waiting(site: Site) -> list[int]:
    found = [one.number for one in settling.retained_without_action(site.project_id)]
    end_transaction(commit=False)
    return found


def test_a_creation_is_undone_once_confirmed_and_nothing_is_deleted(site: Site) -> None:
    page = site.be("lead").get(f"/actions/{site.number}")
    assert BUTTON in page
    assert "jusqu'à demain soir" in page
    question = site.client.post(f"/actions/{site.number}/annuler-la-creation", expected=200)
    assert "ses propositions attendent une autre action" in question
    assert len(rows()) == 1
    assert (counted(), waiting(site)) == ((1, 1), [])
    site.cancel()
    opening, correction = rows()
    assert (correction.kind, correction.supersedes_id) == (UpdateKind.CORRECTION, opening.id)
    assert (correction.status, correction.note) == (ActionStatus.STOPPED, "Action créée par erreur.")
    assert correction.effective_on == opening.effective_on
    assert (counted(), waiting(site)) == ((1, 0), [site.proposal.number])
    traced = db.session.scalars(select(Event).where(Event.verb == "action:cancel")).one()
    assert traced.changes == {"proposals": [[site.proposal.number], []]}
    assert all(finding.level is checks.Level.OK for finding in checks.deep())
    end_transaction(commit=False)
    page = site.client.get(f"/actions/{site.number}")
    assert "Action créée par erreur." in page
    assert BUTTON not in page


def test_an_action_undone_can_be_made_again_at_once(site: Site) -> None:
    first = site.create("steering", proposal=False)
    assert site.create("steering", proposal=False) == first, "the button pressed twice"
    site.cancel(first)
    assert site.create("steering", proposal=False) != first


@pytest.mark.parametrize(
    ("who", "may"),
    [("lead", True), ("steering", True), ("other_lead", False), ("pilot", False), ("agent", False)],
)
def test_those_who_may_create_may_undo(site: Site, who: str, may: bool) -> None:
    assert (BUTTON in site.be(who).get(f"/actions/{site.number}")) is may
    site.cancel(expected=303 if may else 403)
    assert len(rows()) == (2 if may else 1)


def test_what_was_spoken_of_since_is_not_undone(site: Site) -> None:
    shown = site.be("lead").get(f"/actions/{site.number}")
    token = shown.select("input[name=token]")[0]["value"]
    site.client.post(f"/actions/{site.number}/rien-n-a-change", {"token": token})
    assert BUTTON not in site.client.get(f"/actions/{site.number}")
    assert "Un point a déjà été publié" in site.client.get(site.cancel().location)
    assert len(rows()) == 2


def test_undoing_twice_is_undoing_once(site: Site) -> None:
    site.be("lead")
    site.cancel()
    assert "Un point a déjà été publié" in site.client.get(site.cancel().location)
    assert len(rows()) == 2


def test_a_creation_is_undone_until_the_end_of_the_next_day(site: Site, clock: Clock) -> None:
    clock.advance(days=1)
    page = site.be("lead").get(f"/actions/{site.number}")
    assert "jusqu'à ce soir" in page
    clock.advance(days=1)
    assert BUTTON not in site.be("lead").get(f"/actions/{site.number}")
    assert "jusqu'au lendemain" in site.client.get(site.cancel().location)
    assert len(rows()) == 1


def test_a_new_action_of_the_project_keeps_its_proposals(site: Site, writing: Any) -> None:
    with writing():
        project = db.session.get_one(Programme, site.project_id)
        proposal = db.session.merge(site.proposal)
        other = factories.action(project, proposals=(proposal,)).id
    site.be("lead")
    site.cancel()
    end_transaction(commit=False)
    assert [one.number for one in db.session.get_one(Action, other).proposals] == [site.proposal.number]
