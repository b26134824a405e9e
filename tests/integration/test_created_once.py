"""A form sent twice, by a double click, the back button or a browser that tries again, makes one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from tests import factories
from tests.client import CheckedClient
from tests.integration.letter_scene import QUARTER, Scene
from tests.integration.test_decisions import Committee
from tests.integration.test_reviews import count
from tests.integration.test_two_people import town
from tests.places import methods_of
from tracker.enums import ActionStatus, ProposalState
from tracker.extensions import db
from tracker.models import (
    Action,
    Campaign,
    DataRequest,
    Decision,
    Department,
    Entity,
    Event,
    Follow,
    OutboxMessage,
    Programme,
    Proposal,
    ProposalTransition,
    ProposalVersion,
    Redaction,
    RoleGrant,
    User,
    Workshop,
)
from tracker.queries import decisions as queries
from tracker.services.proposals import new_key

WHY = "La mesure est simple et ne coûte rien à personne."
DAY = "2026-03-16"


@dataclass(frozen=True)
class Made:
    """A form that makes a row of `model` (or of several)."""

    endpoint: str
    path: str
    fields: dict[str, str]
    models: tuple[Any, ...]
    who: str = "admin"


def _idea() -> dict[str, str]:
    return {"key": new_key(), "body": "Installer un abri à vélos devant chaque école.", "title": "", "theme": ""}


MADE = (
    Made("actions.baseline", "/actions/{action}/dates-de-depart",
         {"baseline_start": "2026-03-01", "baseline_end": "2026-07-01", "reason": WHY}, (Event,), "steering"),
    Made("decisions.decide", "/a-decider/{open}",
         {"outcome": "declined", "motive": "feasible", "reason": WHY, "taken_on": DAY}, (Decision, Event), "steering"),
    Made("duties.ask_redaction", "/reglages/retraits/demander?type=update&de={point}", {"reason": WHY}, (Redaction,)),
    Made("duties.record_request", "/reglages/personnes/{person}/demande", {"kind": "erasure", "received_on": DAY},
         (DataRequest,)),
    Made("duties.show_own_data", "/mon-compte/donnees", {"kind": "correction", "text": WHY}, (DataRequest,)),
    Made("people.create", "/reglages/personnes/nouvelle", {"first_name": "Anne", "last_name": "Martin"}, (User,)),
    Made("people.grant", "/reglages/personnes/{person}/roles", {"role": "admin", "where": "", "starts_on": DAY},
         (RoleGrant, Event)),
    Made("proposals.follow", "/propositions/{open}/suivi", {"suivre": "oui"}, (Follow,)),
    Made("proposals.new", "/propositions/nouvelle", {**_idea(), "name": "affiche", "geste": "envoyer"},
         (Proposal, ProposalVersion, Event), "author"),
    Made("proposals.paper", "/propositions/papier",
         {**_idea(), "source": "atelier", "workshop_title": "Dépôt", "held_on": "2026-03-12", "declared_count": "8"},
         (Proposal, Workshop), "moderator"),
    Made("proposals.rewrite", "/propositions/{open}/texte",
         {"title": "Un autre titre", "body": "Un autre texte, plus clair."}, (ProposalVersion,), "author"),
    Made("settings.campaign_create", "/reglages/consultations/nouvelle",
         {"title": "Vos idées", "moderation_days": "5"}, (Campaign,)),
    Made("settings.departments", "/reglages/services", {"names": "Eau\nRoutes"}, (Department,)),
    Made("settings.employer_create", "/reglages/employeurs/nouveau",
         {"name": "Le CIAS", "colour": "#8a3b5c", "position": "1"}, (Entity,)),
    Made("settings.project_create", "/reglages/projets/nouveau",
         {"title": "Un autre", "starts_on": "2026-01-01", "ends_on": "2026-12-31"}, (Programme,)),
)  # fmt: skip
# what else may be posted makes nothing new when it is posted again, or is shown elsewhere to make it once
ELSEWHERE = {
    "accounts.language": "a choice", "accounts.password": "the present password no longer fits",
    "actions.cancel": "an action is cancelled once", "actions.confirm": "told as the first time (test_actions_points)",
    "actions.correct": "a row is superseded once (test_updates_corrections)",
    "actions.create": "test_twice", "actions.edit": "unchanged, nothing is written", "actions.my_round": "as a point",
    "actions.post_update": "told as the first time, another point is refused (test_actions_points)",
    "actions.retract": "a row is superseded once", "activation.activate": "a code opens once (test_activation)",
    "activation.forgotten": "throttled, one link at a time (test_activation)", "auth.login": "a visit each",
    "auth.logout": "ends what is open", "auth.resume_visit": "posts the form again, which answers for itself",
    "decisions.discard": "refused once it is gone", "decisions.meet_condition": "a date",
    "decisions.merge": "regrouped once", "decisions.publish": "below",
    "decisions.undo_merge": "refused once they are apart", "duties.accessibility": "unchanged, nothing is written",
    "duties.data_request": "answered once", "duties.erase_person": "erased once", "duties.privacy": "as above",
    "duties.redaction": "carried out once", "first_account.create": "there is a first account once",
    "groups.round": "as a point", "handover.show": "refused once the holdings moved (test_handover)",
    "letters.access": "a choice", "letters.add": "test_twice", "letters.approve": "refused once the letter moved",
    "letters.ask": "below", "letters.block": "by its mark (test_letter_pages)",
    "letters.build": "one letter for each quarter", "letters.proofread": "one remark for each reader",
    "letters.publish": "published once (test_letters)", "letters.refresh": "composes again, makes nothing",
    "letters.reopen": "refused in a draft", "meetings.create": "test_twice",
    "meetings.edit": "unchanged, nothing is written",
    "merging.merge": "merged once (test_merging)", "merging.names": "merged once",
    "moderation.publish": "published once",
    "moderation.send_back": "sent back once", "people.edit": "unchanged, nothing is written",
    "people.end_grant": "ended once", "people.presence": "a choice", "proposals.discard": "erased once",
    "proposals.draft": "one key, one draft", "proposals.name": "a choice", "proposals.send": "sent once (test_drafts)",
    "proposals.support": "one vote for each (test_votes)", "proposals.withdraw": "withdrawn once",
    "proposals.withdraw_support": "as support", "register.abandon": "abandoned once", "register.columns": "a choice",
    "register.confirm": "confirmed once (test_register)", "register.recognise": "a choice",
    "register.upload": "each file is read and shown; one is confirmed", "reviews.merge": "regrouped once",
    "reviews.show": "test_twice", "reviews.take": "taken once", "reviews.undo_merge": "as above",
    "second_factor.login": "a code opens once (test_second_factor)", "second_factor.mine": "set once",
    "second_factor.settings": "a choice", "settings.campaign_edit": "unchanged, nothing is written",
    "settings.close": "closed once", "settings.contact": "unchanged, nothing is written",
    "settings.departments_edit": "as above", "settings.employer_edit": "as above",
    "settings.groups": "as departments", "settings.groups_edit": "unchanged, nothing is written",
    "settings.labels": "as above", "settings.project_edit": "as above", "settings.reopen": "reopened once",
    "settings.single_sign_on": "unchanged, nothing is written", "settings.sites": "as departments",
    "settings.sites_edit": "unchanged, nothing is written", "settings.themes": "as departments",
    "settings.themes_edit": "unchanged, nothing is written",
    "single_sign_on.enter": "what the provider said serves once", "single_sign_on.start": "an errand to the provider",
    "slips.codes": "the last batch counts, and the page asks before it replaces one (test_slips)",
    "slips.invite": "one link at a time (test_invitations)", "slips.relay": "as slips.codes",
}  # fmt: skip


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.endpoint)
def test_a_form_sent_twice_makes_one_thing(client: CheckedClient, writing: Any, made: Made) -> None:
    with writing():
        there = town()
        point = factories.update(db.session.query(Action).first(), factories.date(2026, 3, 2), note="Tout avance.",
                                 status=ActionStatus.IN_PROGRESS)  # fmt: skip
        ids = there.ids | {"point": point.id}
    client.login(getattr(there, made.who))
    path = made.path.format(**ids)
    fields = {name: value.format(**ids) for name, value in made.fields.items()}
    first = client.post(path, fields)
    after = [count(model) for model in made.models]
    again = client.post(path, fields)
    assert again.location == first.location, "told as the first time"
    assert [count(model) for model in made.models] == after


def test_every_form_is_known_to_make_one_thing(app: Flask) -> None:
    posting = {endpoint for endpoint, methods in methods_of(app).items() if "POST" in methods}
    walked = {made.endpoint for made in MADE}
    assert not walked & set(ELSEWHERE)
    assert posting == walked | set(ELSEWHERE)


def test_decisions_published_twice_are_told_twice_and_published_once(client: CheckedClient) -> None:
    case = Committee(ProposalState.UNDER_REVIEW)
    (digest,) = (f"{one.id}:{one.digest}" for one in queries.by_ids([case.take()]))
    client.login(case.user("copil"))
    told = [client.submit("/a-decider/publier", {"decision": digest}) for _time in range(2)]
    assert all("1 réponse publiée" in page for page in told)
    assert count(ProposalTransition) == 4, "sent, published, under review, answered"


def test_a_letter_given_to_read_twice_sends_one_mail(client: CheckedClient, drafted: Scene) -> None:
    client.login(drafted.editor)
    for _time in range(2):
        client.post(f"/lettres/brouillons/{QUARTER}/relecteurs", {"readers": str(drafted.reader.id)})
    assert count(OutboxMessage) == 1
