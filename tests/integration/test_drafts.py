"""Writing a proposal: the form, the draft, its preview, sending, taking back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import Clock
from tests.integration import draft_scene
from tests.integration.draft_scene import IDEA, S, Town, count, only, typed, write
from tracker.enums import Role
from tracker.extensions import db, end_transaction
from tracker.models import Authorship, Event, Programme, Proposal, ProposalTransition
from tracker.services import proposals as service

names = draft_scene.names  # the fixture
town = draft_scene.town  # the fixture
author = draft_scene.author  # the fixture
moderator = draft_scene.moderator  # the fixture


# --- The form -------------------------------------------------------------------------------------------------


def test_the_form_requires_only_the_idea_and_says_where_else_to_turn(author: CheckedClient) -> None:
    page = author.get("/propositions/nouvelle")
    required = [f["name"] for f in page.select("main form [required]")]
    assert required == ["body"]
    for words in ("cellule d'écoute", "30 septembre 2026", "5 jours", "relisez-vous", "31 mars 2026"):
        assert words in page, words


def test_the_idea_alone_makes_a_proposal_with_a_title_and_the_unknown_theme(author: CheckedClient, town: Town) -> None:
    p = write(author)
    assert p.state is S.SUBMITTED
    assert p.title == "Installer un abri à vélos devant chaque école"
    assert p.theme_id == town.unknown.id
    assert p.number is None
    assert p.submitted_on == date(2026, 3, 16)


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("Court. Suite.", "Court"),
        ("- une liste\n- deux", "une liste"),
        ("mot " * 60, ("mot " * 20).strip() + "…"),
        ("ab", "Idée : ab"),
        ("x" * 300, "x" * 80 + "…"),
    ],
)
def test_a_title_is_made_from_the_first_words(app: Flask, body: str, title: str) -> None:
    assert service.made_title(body) == title


def test_without_an_idea_nothing_is_kept_and_what_was_typed_stays(author: CheckedClient, town: Town) -> None:
    page = author.post(
        "/propositions/nouvelle",
        typed(body="  ", title="Mon titre", theme=str(town.theme.id), name="non-affiche"),
        expected=422,
    )
    assert "Écrivez votre idée" in page
    assert page.page.select_one("input[name=title]")["value"] == "Mon titre"
    assert page.page.select_one(f"option[value='{town.theme.id}']").has_attr("selected")
    assert page.page.select_one("input[value=non-affiche]").has_attr("checked")
    assert count(Proposal) == 0


@pytest.mark.parametrize(
    "values", [{"body": "x" * 20_001}, {"title": "t" * 161}, {"theme": "999999"}, {"name": "autre"}, {"title": "a"}]
)
def test_unacceptable_values_are_told_and_kept(author: CheckedClient, values: dict[str, str]) -> None:
    page = author.post("/propositions/nouvelle", typed(**values), expected=422)
    assert page.select(".error-summary")
    assert page.page.select_one("textarea[name=body]").get_text().strip() == values.get("body", IDEA)
    assert count(Proposal) == 0


def test_a_theme_of_another_project_is_refused(author: CheckedClient, writing: Any) -> None:
    with writing():
        foreign = factories.theme(factories.programme())
        key = str(foreign.id)
    author.post("/propositions/nouvelle", typed(theme=key), expected=422)
    assert count(Proposal) == 0


def test_no_open_consultation_means_a_sentence_and_no_form(author: CheckedClient, town: Town, clock: Clock) -> None:
    clock.set(datetime(2026, 5, 2, 10, 0, tzinfo=UTC))
    author.login(town.author)
    author.user_name = town.author_name
    page = author.get("/propositions/nouvelle")
    assert "Aucune consultation n'est ouverte" in page
    assert not page.select("main form")
    refused = author.post("/propositions/nouvelle", typed(), expected=409)
    assert IDEA in refused.text, "what was typed is carried"
    assert count(Proposal) == 0


def test_several_open_consultations_are_offered_first(author: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        second = factories.programme(title="Un second projet")
        factories.theme(second, is_unknown=True)
        campaign = factories.open_campaign(second, end=date(2026, 3, 20))
        key, programme_id = campaign.id, second.id
    page = author.get("/propositions/nouvelle")
    assert page.page.select_one(".cards h2 a").get_text() == campaign.title, "the one that closes first"
    author.get(f"/propositions/nouvelle?consultation={key}")
    author.post(f"/propositions/nouvelle?consultation={key}", typed())
    assert only().programme_id == programme_id


def test_a_draft_saved_leaves_the_pages_of_the_others_as_they_are(author: CheckedClient) -> None:
    def revision() -> int:
        end_transaction(commit=False)
        return db.session.scalars(select(Programme.revision)).one()

    before = revision()
    p = write(author, geste="brouillon")
    author.post(f"/propositions/brouillons/{p.draft_key}", typed(key=p.draft_key, geste="brouillon", title="Un abri"))
    assert count(Event) == 2, "each is in the trace"
    assert revision() == before
    author.post(f"/propositions/brouillons/{p.draft_key}/envoi")
    assert revision() > before


def test_sent_twice_it_is_one_proposal(author: CheckedClient) -> None:
    fields = typed()
    for _time in range(2):
        assert "Votre proposition est envoyée" in author.submit("/propositions/nouvelle", fields)
    author.post("/propositions/nouvelle", fields | {"body": f"{IDEA} Et devant la mairie."}, expected=409)
    assert count(Proposal) == 1
    assert count(ProposalTransition) == 1


@pytest.mark.parametrize("change", [{"name": "non-affiche"}, {"thanks": ""}, {"theme": "other"}])
def test_sent_again_with_another_choice_is_not_told_as_sent(
    author: CheckedClient, town: Town, change: dict[str, str]
) -> None:
    fields = typed(name="affiche", thanks="y")
    author.post("/propositions/nouvelle", fields)
    changed = {name: str(town.theme.id) if value == "other" else value for name, value in change.items()}
    page = author.post("/propositions/nouvelle", {k: v for k, v in {**fields, **changed}.items() if v}, expected=409)
    assert "est déjà envoyée" in page
    assert not only().authorships[0].sealed


def test_sent_again_once_it_is_published_it_is_still_one(author: CheckedClient, writing: Any) -> None:
    fields = typed()
    author.post("/propositions/nouvelle", fields)
    with writing():
        moderator = factories.user(Role.MODERATOR)
    CheckedClient(author.app).login(moderator).post(f"/moderation/{only().id}/publication")
    sent = author.post("/propositions/nouvelle", fields)
    assert author.get(sent.location, expected=303).location == "/propositions/1"
    assert (count(Proposal), count(ProposalTransition)) == (1, 2)


def test_somebody_elses_key_opens_and_changes_nothing(author: CheckedClient, client: CheckedClient, town: Town) -> None:
    p = write(author, geste="brouillon")
    key, title = p.draft_key, p.title
    other = CheckedClient(client.app).login(town.other)
    for address in ("", "/apercu"):
        other.get(f"/propositions/brouillons/{key}{address}", expected=404)
    for address in ("", "/envoi", "/retrait", "/suppression"):
        other.post(f"/propositions/brouillons/{key}{address}", {"confirmed": "yes", "body": "Volé"}, expected=404)
    other.post("/propositions/nouvelle", typed(key=key, body="Volé"), expected=403)
    assert (only().title, only().state) == (title, S.DRAFT)


def test_a_key_that_we_did_not_make_is_refused(author: CheckedClient) -> None:
    author.post("/propositions/nouvelle", typed(key="../../etc"), expected=422)
    assert count(Proposal) == 0


# --- Draft, preview, sending --------------------------------------------------------------------------------------


def test_a_draft_is_kept_and_taken_up_again(author: CheckedClient, town: Town) -> None:
    answer = author.post("/propositions/nouvelle", typed(geste="brouillon", name="non-affiche"))
    page = author.get(answer.location)
    assert page.page.select_one("textarea[name=body]").get_text().strip() == IDEA
    assert page.page.select_one("input[name=title]")["value"] == "", "a title we made is not taken for the author's"
    assert page.page.select_one("input[value=non-affiche]").has_attr("checked")
    author.post(
        answer.location, typed(body="Autre idée.", title="Un titre à moi", theme=str(town.theme.id), geste="brouillon")
    )
    p = only()
    assert (p.title, p.body, p.theme_id, p.state) == ("Un titre à moi", "Autre idée.", town.theme.id, S.DRAFT)


def test_the_preview_shows_what_will_be_read_and_what_resembles(
    author: CheckedClient, town: Town, writing: Any
) -> None:
    with writing():
        factories.proposal(town.project, title="Des abris pour les vélos", body="Devant les écoles et la mairie.")
        factories.proposal(town.project, title="Parapheur électronique", body="Signer plus vite.")
    answer = author.post("/propositions/nouvelle", typed(geste="apercu", name="non-affiche"))
    page = author.get(answer.location)
    assert "Installer un abri à vélos" in page
    assert "Des abris pour les vélos" in page
    assert "Parapheur" not in page
    assert "ne sera montré à personne" in page
    assert "21 mars 2026" in page
    author.post(page.page.select_one("main form")["action"])
    assert only().state is S.SUBMITTED


@pytest.mark.parametrize(
    ("title", "body", "warned"),
    [
        ("", f"{IDEA} Signé : camille discrete", True),
        ("L'abri de Mme Discrète", IDEA, True),
        ("", f"{IDEA} Une solution discrète.", False),
        ("", f"{IDEA} Camille en parle souvent.", False),
    ],
)
def test_one_s_name_in_a_text_whose_name_is_not_displayed_is_said_before_sending(
    author: CheckedClient, title: str, body: str, warned: bool
) -> None:
    sent = typed(geste="envoyer", name="non-affiche", title=title, body=body)
    if not warned:
        author.post("/propositions/nouvelle", sent)
        assert only().state is S.SUBMITTED
        return
    page = author.post("/propositions/nouvelle", sent, expected=200)
    assert "Votre nom se lit dans ce que vous avez écrit" in page
    assert count(Proposal) == 0
    assert page.page.select_one("textarea[name=body]").get_text().strip() == body
    assert page.page.select_one("input[name=title]")["value"] == title
    author.post("/propositions/nouvelle", {**sent, "name": "affiche", "key": service.new_key()})
    button = page.page.select_one("button[value=envoyer-quand-meme]")
    author.post("/propositions/nouvelle", {**sent, button["name"]: button["value"]})
    assert (only().state, only().body, count(Proposal)) == (S.SUBMITTED, body, 2)


def test_a_name_in_the_text_is_said_on_the_preview_and_before_a_new_text(
    author: CheckedClient, town: Town, writing: Any
) -> None:
    said = "Votre nom se lit dans ce que vous avez écrit"
    named = typed(geste="apercu", name="non-affiche", body=f"{IDEA} Camille Discrète")
    assert said in author.submit("/propositions/nouvelle", named)
    with writing():
        number = factories.proposal(town.project, author=town.author, sealed=True, campaign_id=town.campaign.id).number
    page = f"/propositions/{number}/texte"
    text = {"title": "Un abri à vélos", "body": f"{IDEA} Camille Discrète", "base_version": "1"}
    again = author.post(page, text, expected=200)
    assert said in again
    assert "Publier quand même" in again
    author.post(page, {**text, "geste": "envoyer-quand-meme"})
    assert only().title == "Un abri à vélos"


def test_the_confirmation_says_what_happens_next_and_by_when(author: CheckedClient) -> None:
    page = author.submit("/propositions/nouvelle", typed())
    for words in ("Proposition envoyée", "21 mars 2026", "30 septembre 2026", "lit"):
        assert words in page, words


def test_a_sent_proposal_is_not_changed_any_more(author: CheckedClient) -> None:
    p = write(author)
    author.post(f"/propositions/brouillons/{p.draft_key}", typed(body="Autre"))
    assert only().body == IDEA


def test_a_draft_survives_the_end_of_the_consultation_but_is_not_sent(
    author: CheckedClient, town: Town, clock: Clock
) -> None:
    key = write(author, geste="brouillon").draft_key
    clock.set(datetime(2026, 5, 2, 10, 0, tzinfo=UTC))
    author.login(town.author)
    author.user_name = town.author_name
    page = author.get(f"/propositions/brouillons/{key}")
    assert "L'envoi est fermé" in page
    author.post(f"/propositions/brouillons/{key}", typed(body="Toujours à moi.", geste="brouillon"))
    page = author.post(f"/propositions/brouillons/{key}", typed(body="Trop tard.", geste="envoyer"), expected=422)
    assert "Trop tard." in page.text
    author.post(f"/propositions/brouillons/{key}/envoi", expected=422)
    assert (only().state, only().body) == (S.DRAFT, "Toujours à moi.")


def test_a_draft_never_sent_may_be_erased_once_confirmed(author: CheckedClient) -> None:
    key = write(author, geste="brouillon").draft_key
    page = author.post(f"/propositions/brouillons/{key}/suppression", expected=200)
    assert "Effacer ce brouillon ?" in page
    assert count(Proposal) == 1
    author.post(f"/propositions/brouillons/{key}/suppression", {"confirmed": "yes"})
    assert count(Proposal) == count(Authorship) == 0


def test_what_was_sent_once_is_not_erased(author: CheckedClient, moderator: CheckedClient) -> None:
    p = write(author)
    moderator.post(f"/moderation/{p.id}/renvoi", {"reason": "Ce texte vise une personne précise."})
    author.post(f"/propositions/brouillons/{p.draft_key}/suppression", {"confirmed": "yes"}, expected=422)
    assert count(Proposal) == 1


def test_withdrawal_asks_first_then_keeps_the_text_for_its_author(
    author: CheckedClient, client: CheckedClient, town: Town
) -> None:
    p = write(author)
    address = f"/propositions/brouillons/{p.draft_key}"
    assert "Retirer votre proposition ?" in author.post(f"{address}/retrait", expected=200)
    assert only().state is S.SUBMITTED
    page = author.submit(f"{address}/retrait", {"confirmed": "yes"})
    assert "Proposition retirée" in page
    assert "abri à vélos" in page
    assert only().state is S.WITHDRAWN
    author.post(f"{address}/retrait", {"confirmed": "yes"}, expected=409)
    assert CheckedClient(client.app).login(town.other).get("/propositions?q=velos").select(".empty")
