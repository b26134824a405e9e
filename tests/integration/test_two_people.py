"""Two people in one form: the second is told, reads both versions, and loses nothing (every form that changes what is).

What is only added to (points of an action, opinions) keeps every version by itself; the letter's blocks have their test
beside the letter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.client import CheckedClient
from tests.integration.test_decisions import Committee
from tests.integration.test_reviews import SENTENCE, Study, count
from tests.integration.test_twice import typed
from tracker.enums import Outcome, PhaseKind, ProposalState, Role
from tracker.extensions import db, end_transaction
from tracker.models import Department, Event, Review

FIRST, SECOND = "Ce que la première personne a écrit.", "Ce que la seconde a écrit."
MARCH, APRIL = factories.date(2026, 3, 1), factories.date(2026, 4, 1)


@dataclass(frozen=True)
class Form:
    """A form that changes what is: who opens it, where, and a field that two people fill each in their own way."""

    endpoint: str
    path: str
    name: str
    who: str = "admin"
    first: str = FIRST
    second: str = SECOND
    told: str = ""  # how the first one's words are said to the second, when not as they are typed
    also: dict[str, str] = field(default_factory=dict)  # what each sends besides
    traced: bool = True  # whether the trace tells the words: not those of instants, nor of texts that may be withdrawn


EDITED = (
    Form("settings.project_edit", "/reglages/projets/{project}", "summary"),
    Form("settings.employer_edit", "/reglages/employeurs/{employer}", "short_name", first="Ville", second="Mairie"),
    Form("settings.campaign_edit", "/reglages/consultations/{campaign}", "introduction"),
    Form(
        "settings.campaign_edit", "/reglages/consultations/{campaign}", "ends_on", first="2026-04-10",
        second="2026-04-20", told="10 avril 2026", traced=False,
    ),
    Form("settings.departments_edit", "/reglages/services/{department}", "name", first="Voirie", second="Routes"),
    Form("settings.groups_edit", "/reglages/groupes/{group}", "text"),
    Form("settings.contact", "/reglages/contact", "contact", first="Mme Martin", second="M. Durand"),
    Form(
        "settings.labels", "/reglages/mots", "proposal_many", first="idées", second="suggestions",
        also={"proposal_one": "idée"},
    ),
    Form("settings.single_sign_on", "/reglages/connexion-unique", "label", first="ProConnect", second="Mon compte"),
    Form("duties.privacy", "/reglages/donnees-personnelles", "controller", also={"confirmed": "yes"}),
    Form("duties.accessibility", "/reglages/accessibilite", "derogations"),
    Form("people.edit", "/reglages/personnes/{person}/modifier", "first_name", first="Anne", second="Annie"),
    Form("meetings.edit", "/reunions/{meeting}/modifier", "minutes", who="steering"),
    Form("actions.edit", "/actions/{action}/modifier", "summary", who="steering"),
    Form(
        "actions.baseline", "/actions/{action}/dates-de-depart", "baseline_end", who="steering", first="2026-07-01",
        second="2026-08-01", told="1er juillet 2026", also={"reason": "Le marché public est à refaire."},
    ),
    Form("decisions.decide", "/a-decider/{decided}", "reason", who="steering", traced=False),
    Form("proposals.rewrite", "/propositions/{open}/texte", "body", who="author", traced=False),
)  # fmt: skip
# pages with a form, of something that exists already, where no text of somebody else can be written over
NOTHING_TO_LOSE = {
    "actions.correct": "a row is superseded once: the second is refused (test_updates_corrections)",
    "actions.my_round": "points are added; a row that moved meanwhile is left aside (test_actions_points)",
    "actions.post_update": "points are added, the second on reading the first (test_actions_points)",
    "actions.retract": "a row is superseded once",
    "duties.data_request": "answered once",
    "duties.erase_person": "asks for the identifier, keeps nothing typed",
    "duties.record_request": "adds a request",
    "duties.redaction": "proposed by one, carried out by another, once",
    "groups.round": "as the other round",
    "handover.show": "made on the mark of what is held (test_handover)",
    "letters.proofread": "remarks are added",
    "letters.publish": "published once, on the revision that was read",
    "merging.merge": "made on the mark of the preview (test_merging)",
    "proposals.draft": "its author's alone",
    "register.columns": "the columns of one's own import",
    "reviews.show": "opinions are added, below",
    "settings.sites_edit": "the form of departments and groups",
    "settings.themes_edit": "the form of departments and groups",
}


def town() -> Any:
    """One of each thing that may be changed."""
    project = factories.programme()
    author = factories.user(programme=project)
    campaign = factories.campaign(project, (PhaseKind.PROPOSING, MARCH, APRIL))
    open_one = factories.proposal(project, author=author, campaign_id=campaign.id)
    decided = factories.proposal(project, state=ProposalState.UNDER_REVIEW)
    factories.decision(decided, outcome=Outcome.DECLINED, published=False)
    group = factories.group(project)
    return SimpleNamespace(
        admin=factories.user(Role.ADMIN), steering=factories.user(Role.STEERING, programme=project), author=author,
        moderator=factories.user(Role.MODERATOR, programme=project),
        ids={
            "project": project.id, "employer": project.entities[0].id, "campaign": campaign.id,
            "department": factories.add(Department(slug="voirie", name="Voies")).id,
            "group": group.id,
            "person": factories.user(programme=project).id, "meeting": factories.meeting(project).id,
            "action": factories.action(project, group_id=group.id).number, "decided": decided.number,
            "open": open_one.number,
        },
    )  # fmt: skip


def last_changes() -> str:
    end_transaction(commit=False)
    found = db.session.scalars(select(Event).order_by(Event.id.desc())).first()
    assert found is not None
    return f"{found.verb} {found.changes}"


@pytest.mark.parametrize("form", EDITED, ids=lambda form: f"{form.endpoint} {form.name}")
def test_the_second_to_save_reads_both_versions_and_loses_nothing(
    client: CheckedClient, writing: Any, form: Form
) -> None:
    with writing():
        made = town()
    path = form.path.format(**made.ids)
    client.login(getattr(made, form.who))
    opened = typed(client.get(path))
    first, second = opened | form.also | {form.name: form.first}, opened | form.also | {form.name: form.second}
    client.post(path, first)
    events = count(Event)
    page = client.post(path, second, expected=409)
    assert (form.told or form.first) in page, "what the first wrote is there to read"
    assert typed(page)[form.name] == form.second, "what the second typed is still in the form"
    assert count(Event) == events
    assert typed(client.get(path))[form.name] == form.first, "the first one's words stand"
    client.post(path, first)  # the button pressed twice is no conflict
    client.post(path, typed(page) | form.also)
    assert typed(client.get(path))[form.name] == form.second
    assert count(Event) == events + 1
    assert not form.traced or (form.first in last_changes() and form.second in last_changes())


def test_an_opinion_written_meanwhile_is_read_before_another_one_counts(client: CheckedClient) -> None:
    case = Study(ProposalState.UNDER_REVIEW)
    path = f"/etudes/{case.numbers[0]}"
    opened = typed(client.login(case.user("etude")).get(path))
    client.post(path, opened | {"advice": "favourable", "text": SENTENCE})
    mine = {"advice": "unfavourable", "text": "Le bâtiment ne s'y prête pas du tout."}
    page = client.post(path, opened | mine, expected=409)
    assert SENTENCE in page
    assert typed(page)["text"] == mine["text"]
    assert count(Review) == 1
    client.post(path, typed(page) | mine)
    assert count(Review) == 2


def test_a_decision_changed_meanwhile_is_read_before_it_is_deleted(client: CheckedClient) -> None:
    case = Committee(ProposalState.UNDER_REVIEW)
    case.take()
    path = f"/a-decider/{case.numbers[0]}"
    page = client.login(case.user("copil")).get(path)
    seen = str(page.select("form[action$=abandonner] input[name=seen]")[0]["value"])
    client.post(path, typed(page) | {"reason": FIRST})
    for sent in ({"seen": seen}, {"seen": seen, "confirmed": "yes"}):
        page = client.post(f"{path}/abandonner", sent, expected=409)
        assert FIRST in page
    seen = str(page.select("form[action$=abandonner] input[name=seen]")[0]["value"])
    client.post(f"{path}/abandonner", {"seen": seen, "confirmed": "yes"})
    assert "a-decider" in client.get(path).response.request.path
    assert not client.get(path).select("form[action$=abandonner]")


def test_every_form_that_changes_what_is_is_walked(app: Flask) -> None:
    """A new page with a form stands above, or says why nothing can be lost there."""
    rules = [rule for rule in app.url_map.iter_rules() if {"GET", "POST"} <= (rule.methods or set())]
    of_something = {rule.endpoint for rule in rules if rule.arguments}
    walked = {form.endpoint for form in EDITED}
    assert of_something <= walked | set(NOTHING_TO_LOSE) | {"first_account.create"}
    assert set(NOTHING_TO_LOSE) <= {rule.endpoint for rule in rules}
