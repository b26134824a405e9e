"""Two people in one form, and one person who presses a button twice: nothing is lost, nothing is doubled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.client import Answer, CheckedClient
from tests.integration import action_scene
from tests.integration.action_scene import Site, be
from tests.integration.letter_scene import QUARTER, Scene
from tests.integration.test_actions import retained
from tests.integration.test_decisions import Committee
from tests.integration.test_reviews import SENTENCE, Study, count
from tracker.enums import ProposalState
from tracker.extensions import db, end_transaction
from tracker.models import Action, Event, Meeting, Review
from tracker.services import letters

site = action_scene.site  # the fixture
S = ProposalState
DRAFT = f"/lettres/brouillons/{QUARTER}"
MEETING = {
    "title": "Comité de mars", "kind": "steering", "held_on": "2026-03-12", "place": "", "agenda": "", "minutes": "",
    "group_id": "",
}  # fmt: skip


def typed(page: Answer) -> dict[str, Any]:
    """What the page's own form would send, untouched."""
    form = next(
        one for one in page.select("form[method=post]") if one.find("button", class_=("btn-primary", "btn-accent"))
    )
    fields: dict[str, Any] = {str(i["name"]): str(i.get("value", "")) for i in form.select("input[name]")
                              if i.get("type") not in {"checkbox", "radio"}}  # fmt: skip
    fields |= {str(a["name"]): a.get_text().replace("\r\n", "\n").removeprefix("\n") for a in form.select("textarea")}
    for choice in form.select("select"):
        chosen = choice.select("option[selected]") or choice.select("option")
        fields[str(choice["name"])] = str(chosen[0]["value"])
    for chosen_one in form.select("input[type=radio][checked]"):
        fields[str(chosen_one["name"])] = str(chosen_one["value"])
    for box in form.select("input[type=checkbox][checked]"):
        fields.setdefault(str(box["name"]), [])
        fields[str(box["name"])].append(str(box["value"]))
    fields.pop("csrf_token", None)
    return fields


# --- Two people in one page (forms: test_two_people)


def test_the_bon_a_tirer_is_noted_on_the_version_that_was_read(
    client: CheckedClient, drafted: Scene, writing: Any
) -> None:
    with writing():
        letters.ask_proofreading(
            drafted.letter(), [drafted.reader.id], actor=drafted.actor, now=drafted.now(), notify=False
        )
    client.login(drafted.editor)

    def approval(page: Answer) -> dict[str, str]:
        inputs = page.select("form[action*=bon-a-tirer] input[name]")
        fields = {str(i["name"]): str(i.get("value", "")) for i in inputs if i["name"] != "csrf_token"}
        return fields | {"name": "Odile Martin", "on": "2026-03-16"}

    fields = approval(client.get(DRAFT))
    with writing():
        letters.write_editorial(drafted.letter(), "Un texte que personne n'a relu.", actor=drafted.actor,
                                now=drafted.now())  # fmt: skip
    page = client.post(f"{DRAFT}/bon-a-tirer", fields, expected=409)
    assert "La lettre a changé pendant ce temps" in page
    assert page.select("input[name=name][value='Odile Martin']")
    client.post(f"{DRAFT}/bon-a-tirer", approval(page))


# --- A button pressed twice


def test_a_meeting_added_twice_in_a_moment_is_one(client: CheckedClient, clock: Any) -> None:
    case = Committee(S.UNDER_REVIEW)
    client.login(case.user("copil"))
    before = count(Meeting)
    first = client.post("/reunions/nouvelle", MEETING).location
    assert client.post("/reunions/nouvelle", MEETING).location == first
    assert count(Meeting) == before + 1
    client.post("/reunions/nouvelle", MEETING | {"place": "Mairie"})
    assert count(Meeting) == before + 2
    clock.now += timedelta(minutes=3)
    client.post("/reunions/nouvelle", MEETING)
    assert count(Meeting) == before + 3


def test_an_action_created_twice_in_a_moment_is_one(
    client: CheckedClient, site: Site, writing: Any, clock: Any
) -> None:
    number, other = retained(site, writing), retained(site, writing)
    path, form = (
        f"/actions/nouvelle?proposition={number}",
        {"title": "Guichet", "group": str(site.group_id), "theme": "0"},
    )
    be(client, site, "lead")
    first = client.post(path, form).location
    assert client.post(path, form).location == first
    assert count(Action) == 2
    client.post(f"/actions/nouvelle?proposition={other}", form)
    assert count(Action) == 3
    clock.now += timedelta(minutes=3)
    client.post(path, form)
    assert count(Action) == 4


def test_an_opinion_said_again_word_for_word_is_the_same_one(client: CheckedClient) -> None:
    case = Study(S.PUBLISHED)
    client.login(case.user("etude"))
    path, form = f"/etudes/{case.numbers[0]}", {"advice": "favourable", "text": SENTENCE}
    client.post(path, form)
    client.post(path, form)
    assert count(Review) == 1
    client.post(path, form | {"text": f"{SENTENCE} Je le confirme."})
    client.post(path, form)  # back to the first words: it is a new opinion
    assert count(Review) == 3


def test_a_free_passage_added_twice_in_a_row_is_one(client: CheckedClient, drafted: Scene) -> None:
    client.login(drafted.editor)
    form = {"nouveau-title": "Un mot de plus", "nouveau-text": "Texte de la rédaction."}
    first = client.post(f"{DRAFT}/ajouter", form).location
    assert client.post(f"{DRAFT}/ajouter", form).location == first
    end_transaction(commit=False)
    assert [b.key for b in drafted.letter().blocks if b.kind == "text"] == ["libre-1"]


def test_a_passage_written_twice_from_the_same_page_is_written_once(client: CheckedClient, drafted: Scene) -> None:
    page = client.login(drafted.editor).get(DRAFT)
    hidden = {str(one["name"]): str(one["value"]) for one in page.select("input[name^=editorial-]")}
    form = hidden | {"act": "write", "editorial-text": "Un trimestre bien rempli."}
    for _twice in range(2):
        assert "Passage enregistré" in client.submit(f"{DRAFT}/blocs/editorial", form)
    end_transaction(commit=False)
    assert db.session.scalars(select(Event.verb)).all().count("letter:write") == 1
    client.post(f"{DRAFT}/blocs/editorial", form | {"editorial-text": "Un autre texte."}, expected=409)


# --- Nothing is lost without a question


@pytest.mark.parametrize("sent", [{}, {"act": ""}, {"act": "n-importe-quoi"}])
def test_an_unknown_act_changes_nothing_and_is_told(
    client: CheckedClient, drafted: Scene, writing: Any, sent: dict[str, str]
) -> None:
    _with_free_passage(drafted, writing)
    page = client.login(drafted.editor).post(f"{DRAFT}/blocs/libre-1", sent, expected=400)
    assert "rien n'a été changé" in page
    assert _has_free_passage(drafted)


def test_a_free_passage_is_removed_after_a_question(client: CheckedClient, drafted: Scene, writing: Any) -> None:
    _with_free_passage(drafted, writing)
    page = client.login(drafted.editor).post(f"{DRAFT}/blocs/libre-1", {"act": "remove"}, expected=200)
    assert "Supprimer ce passage ?" in page
    assert _has_free_passage(drafted)
    question = page.select("main form")[0]
    fields = {str(i["name"]): str(i["value"]) for i in question.select("input") if i["name"] != "csrf_token"}
    client.post(str(question["action"]), fields)
    assert not _has_free_passage(drafted)


def _with_free_passage(drafted: Scene, writing: Any) -> None:
    with writing():
        letters.add_block(drafted.letter(), title="Mon passage", text="Écrit à la main par la rédaction.",
                          actor=drafted.actor, now=drafted.now())  # fmt: skip


def _has_free_passage(drafted: Scene) -> bool:
    end_transaction(commit=False)
    return any(block.key == "libre-1" for block in drafted.letter().blocks)
