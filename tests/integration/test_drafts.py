"""Writing a proposal: draft, preview, sending, return, withdrawal, a new text, the name (design 4.4, 4.7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from tests import factories
from tests.client import CheckedClient
from tests.conftest import Clock
from tracker.enums import ProposalState, Role
from tracker.extensions import db, end_transaction
from tracker.models import Authorship, Event, Proposal, ProposalTransition, ProposalVersion, User
from tracker.services import proposals as service
from tracker.views.drafts import word_diff

S = ProposalState
IDEA = "Installer un abri à vélos devant chaque école. Nous serions plus nombreux à venir sans voiture."


class Town:
    def __init__(self, writing: Any) -> None:
        with writing():
            self.employer = factories.entity(slug="ville", short_name="Ville")
            self.project = factories.programme(entities=[self.employer])
            self.theme = factories.theme(self.project, name="Déplacements")
            self.unknown = factories.theme(self.project, name="Je ne sais pas", is_unknown=True)
            self.campaign = factories.open_campaign(self.project)
            self.campaign.answer_by = date(2026, 9, 30)
            self.campaign.elsewhere = "Un cas de harcèlement se dit à la cellule d'écoute, au 1234."
            self.author = factories.user(programme=self.project, first_name="Camille", last_name="Discrète")
            self.moderator = factories.user(Role.MODERATOR, programme=self.project)
            self.other = factories.user(programme=self.project)
            self.author_name = self.author.name


@pytest.fixture(autouse=True)
def _names() -> Iterator[None]:
    before = set(factories.SEALED_NAMES)
    yield
    factories.SEALED_NAMES.intersection_update(before)


@pytest.fixture
def town(app: Flask, writing: Any) -> Town:
    return Town(writing)


@pytest.fixture
def author(client: CheckedClient, town: Town) -> CheckedClient:
    client.login(town.author)
    client.user_name = town.author_name
    return client


@pytest.fixture
def moderator(client: CheckedClient, town: Town) -> CheckedClient:
    return CheckedClient(client.app).login(town.moderator)


def only() -> Proposal:
    end_transaction(commit=False)
    return db.session.scalars(select(Proposal).order_by(Proposal.id.desc())).first()  # type: ignore[return-value]


def only_author() -> Authorship:
    end_transaction(commit=False)
    return db.session.scalars(select(Authorship)).one()


def count(table: Any) -> int:
    end_transaction(commit=False)
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def typed(**values: str) -> dict[str, str]:
    return {
        "key": service.new_key(),
        "body": IDEA,
        "title": "",
        "theme": "",
        "name": "affiche",
        "geste": "envoyer",
        **values,
    }


def write(author: CheckedClient, **values: str) -> Proposal:
    if values.get("name") == "non-affiche":
        factories.SEALED_NAMES.add(author.user_name)  # from here on, the clients of the others look for it
    author.post("/propositions/nouvelle", typed(**values))
    return only()


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


def test_sent_twice_it_is_one_proposal(author: CheckedClient) -> None:
    fields = typed()
    author.post("/propositions/nouvelle", fields)
    author.post("/propositions/nouvelle", fields, expected=422)
    assert count(Proposal) == 1
    assert count(ProposalTransition) == 1


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


# --- Moderation ---------------------------------------------------------------------------------------------------


def test_the_queue_is_oldest_first_with_its_delay(
    author: CheckedClient, moderator: CheckedClient, town: Town, writing: Any
) -> None:
    with writing():
        for title, on in (("Plus récente", date(2026, 3, 14)), ("Plus ancienne", date(2026, 3, 2))):
            factories.proposal(
                town.project, title=title, state=S.SUBMITTED, sent_on=on, campaign_id=town.campaign.id,
                author=town.author, sealed=True,
            )  # fmt: skip
    page = moderator.get("/moderation")
    assert [a.get_text() for a in page.select(".cards h2 a")] == ["Plus ancienne", "Plus récente"]
    assert "à publier avant le 7 mars 2026 délai passé" in page
    assert "à publier avant le 19 mars 2026 dans 3 jours" in page
    assert "nom non affiché" in page


def test_publishing_gives_a_number_and_a_place_in_the_search(
    author: CheckedClient, moderator: CheckedClient, client: CheckedClient, town: Town
) -> None:
    p = write(author, name="non-affiche")
    page = moderator.get(f"/moderation/{p.id}")
    assert IDEA.split(".")[0] in page
    moderator.post(f"/moderation/{p.id}/publication")
    p = only()
    assert (p.state, p.number, p.published_on) == (S.PUBLISHED, 1, date(2026, 3, 16))
    other = CheckedClient(client.app).login(town.other)
    assert "n° 1" in other.get("/propositions?q=velos")
    assert author.get(f"/propositions/brouillons/{p.draft_key}", expected=303).location == "/propositions/1"
    again = moderator.submit(f"/moderation/{p.id}/publication")
    assert "déjà occupé" in again
    assert only().number == 1


def test_numbers_follow_one_another(author: CheckedClient, moderator: CheckedClient) -> None:
    for expected in (1, 2, 3):
        p = write(author)
        moderator.post(f"/moderation/{p.id}/publication")
        assert only().number == expected


def test_a_return_is_private_and_gives_the_draft_back(
    author: CheckedClient, moderator: CheckedClient, client: CheckedClient, town: Town
) -> None:
    p = write(author)
    reason = "Ce texte vise une personne précise : parlez-en à la médiatrice."
    moderator.post(f"/moderation/{p.id}/renvoi", {"reason": reason})
    assert only().state is S.DRAFT
    page = author.get(f"/propositions/brouillons/{p.draft_key}")
    assert reason in page
    assert "n'est lu que par vous et par la modération" in page
    author.post(f"/propositions/brouillons/{p.draft_key}", typed(body="Un texte repris.", title="Titre repris"))
    moderator.post(f"/moderation/{p.id}/publication")
    versions = db.session.scalars(select(ProposalVersion.body)).all()
    assert versions == ["Un texte repris."], "what was returned is never published, not even in the history"
    for path in (f"/propositions/{only().number}", f"/propositions/{only().number}/historique"):
        text = CheckedClient(client.app).login(town.other).get(path).text
        assert reason not in text
        assert "abri" not in text
    assert "médiatrice" not in names_kept()


@pytest.mark.parametrize("reason", ["", "non", "pas possible"])
def test_a_return_needs_a_sentence(author: CheckedClient, moderator: CheckedClient, reason: str) -> None:
    p = write(author)
    page = moderator.post(f"/moderation/{p.id}/renvoi", {"reason": reason}, expected=422)
    assert reason in page.page.select_one("textarea").get_text()
    assert only().state is S.SUBMITTED


@pytest.mark.parametrize("role", [None, Role.REVIEWER, Role.STEERING, Role.EDITOR, Role.ADMIN])
def test_only_moderators_moderate(
    author: CheckedClient, client: CheckedClient, town: Town, writing: Any, role: Role | None
) -> None:
    p = write(author)
    with writing():
        person = factories.user(*([role] if role else []), programme=town.project)
        person.name  # noqa: B018 - loaded before the session ends
    reader = CheckedClient(client.app).login(person)
    reader.get("/moderation", expected=403)
    reader.get(f"/moderation/{p.id}", expected=403)
    reader.post(f"/moderation/{p.id}/publication", expected=403)
    reader.post(f"/moderation/{p.id}/renvoi", {"reason": "Une phrase entière ici."}, expected=403)
    assert only().state is S.SUBMITTED


def test_a_moderator_of_another_project_does_not_see_it(
    author: CheckedClient, client: CheckedClient, writing: Any
) -> None:
    p = write(author)
    with writing():
        person = factories.user(Role.MODERATOR, programme=factories.programme())
    reader = CheckedClient(client.app).login(person)
    assert "Rien n'attend" in reader.get("/moderation")
    reader.get(f"/moderation/{p.id}", expected=403)
    reader.post(f"/moderation/{p.id}/publication", expected=403)


def test_a_page_that_waits_no_more_is_not_found(moderator: CheckedClient) -> None:
    moderator.get("/moderation/999", expected=404)
    moderator.get(f"/moderation/{2**40}", expected=404)


# --- The name -----------------------------------------------------------------------------------------------------


def names_kept() -> str:
    """Everything the trace keeps about who did what."""
    end_transaction(commit=False)
    rows = db.session.execute(select(Event.actor_id, Event.actor_label, Event.changes, Event.verb))
    return repr([tuple(row) for row in rows])


def test_a_sealed_authors_trace_names_nobody_and_keeps_no_title(
    author: CheckedClient, moderator: CheckedClient, town: Town
) -> None:
    p = write(author, name="non-affiche")
    author.post(f"/propositions/brouillons/{p.draft_key}/retrait", {"confirmed": "yes"})
    kept = names_kept()
    assert town.author_name not in kept
    assert "abri" not in kept
    assert set(db.session.scalars(select(Event.actor_id))) == {None}


def test_a_draft_never_tells_who_writes(author: CheckedClient, town: Town) -> None:
    write(author, geste="brouillon", name="affiche")
    assert town.author_name not in names_kept()


def test_choosing_no_name_after_a_return_clears_the_earlier_trace(
    author: CheckedClient, moderator: CheckedClient, town: Town
) -> None:
    p = write(author, name="affiche")
    assert town.author_name in names_kept()
    moderator.post(f"/moderation/{p.id}/renvoi", {"reason": "Merci de reprendre le ton du texte."})
    author.post(f"/propositions/brouillons/{p.draft_key}", typed(name="non-affiche"))
    assert town.author_name not in names_kept()
    assert town.moderator.name in names_kept(), "other persons' acts stay signed"


def test_the_author_alone_lifts_or_sets_the_name_and_is_asked_first(
    author: CheckedClient, moderator: CheckedClient, client: CheckedClient, town: Town
) -> None:
    p = write(author, name="non-affiche")
    moderator.post(f"/moderation/{p.id}/publication")
    moderator.post("/propositions/1/nom", {"nom": "affiche", "confirmed": "yes"}, expected=403)
    assert "Afficher votre nom ?" in author.post("/propositions/1/nom", {"nom": "affiche"}, expected=200)
    other = CheckedClient(client.app).login(town.other)
    other.get("/propositions/1")  # the client fails when the name shows
    author.post("/propositions/1/nom", {"nom": "affiche", "confirmed": "yes"})
    factories.SEALED_NAMES.discard(town.author_name)
    assert town.author_name in other.get("/propositions/1")
    author.post("/propositions/1/nom", {"nom": "non-affiche"})
    factories.SEALED_NAMES.add(town.author_name)
    other.get("/propositions/1")
    assert town.author_name not in names_kept()


def test_the_name_is_chosen_by_the_author_before_sending(author: CheckedClient) -> None:
    assert not author.get("/propositions/nouvelle").select("input[name=name][checked]")
    for gesture in ("envoyer", "apercu"):
        said = author.post("/propositions/nouvelle", typed(name="", geste=gesture), expected=422)
        assert "Choisissez si votre nom est affiché ou non." in said
        assert IDEA in said
    p = write(author, name="", geste="brouillon")
    here = f"/propositions/brouillons/{p.draft_key}"
    assert not author.get(here).select("input[name=name][checked]")
    row = only_author()
    assert (row.name_choice_made, row.sealed, row.thanks_consent) == (False, True, False)
    end_transaction(commit=False)
    author.post(f"{here}/envoi", expected=422)
    author.post(here, typed(name="non-affiche"))
    assert only().state is ProposalState.SUBMITTED
    row = only_author()
    assert (row.name_choice_made, row.sealed, row.thanks_consent) == (True, True, False)


@pytest.mark.parametrize(
    "values",
    [{"sealed": False, "name_choice_made": False}, {"sealed": True, "thanks_consent": True}],
    ids=["a name shown before the choice", "thanks by a name not displayed"],
)
def test_the_database_refuses_what_no_author_can_choose(
    author: CheckedClient, writing: Any, values: dict[str, bool]
) -> None:
    write(author)
    end_transaction(commit=False)
    with pytest.raises(IntegrityError), writing():
        db.session.execute(update(Authorship).values(values))
    end_transaction(commit=False)


def test_the_name_may_change_while_the_proposal_waits(author: CheckedClient) -> None:
    p = write(author, name="affiche")
    here = f"/propositions/brouillons/{p.draft_key}"
    assert "Changer" in author.get(here)
    for name, question, sealed in (
        ("non-affiche", "Ne plus afficher votre nom ?", True),
        ("affiche", "Afficher votre nom ?", False),
    ):
        assert question in author.post(here, {"nom": name}, expected=200)
        assert only_author().sealed is not sealed
        end_transaction(commit=False)
        author.post(here, {"nom": name, "confirmed": "yes"})
        assert only_author().sealed is sealed
        end_transaction(commit=False)


def test_thanks_need_a_displayed_name(author: CheckedClient) -> None:
    write(author, name="non-affiche", thanks="y")
    assert db.session.scalar(select(Authorship.thanks_consent)) is False
    write(author, name="affiche", thanks="y")
    assert db.session.scalars(select(Authorship.thanks_consent).order_by(Authorship.id.desc())).first() is True
    write(author, name="affiche")
    assert db.session.scalars(select(Authorship.thanks_consent).order_by(Authorship.id.desc())).first() is False


def test_the_employer_is_kept_as_it_was_at_the_time(author: CheckedClient, town: Town, writing: Any) -> None:
    write(author)
    employer = town.employer.id
    with writing():
        elsewhere = factories.entity()
        db.session.get_one(User, town.author.id).entity_id = elsewhere.id
    assert db.session.scalar(select(Authorship.entity_id)) == employer


# --- A new text ---------------------------------------------------------------------------------------------------


def published(author: CheckedClient, moderator: CheckedClient) -> Proposal:
    p = write(author)
    moderator.post(f"/moderation/{p.id}/publication")
    return only()


def rewritten(**values: str) -> dict[str, str]:
    return {"title": "Un abri à vélos couvert", "body": "Installer un abri couvert.", "base_version": "1", **values}


def test_a_published_text_is_rewritten_with_its_history(
    author: CheckedClient, moderator: CheckedClient, client: CheckedClient, town: Town
) -> None:
    published(author, moderator)
    author.post("/propositions/1/texte", rewritten())
    other = CheckedClient(client.app).login(town.other)
    page = other.get("/propositions/1")
    assert "Un abri à vélos couvert" in page
    assert "voir l'historique" in page
    page = other.get("/propositions/1/historique")
    assert any("couvert" in ins.get_text() for ins in page.select("ins"))
    assert page.select("del")
    assert IDEA in page
    assert other.get("/propositions?q=couvert").select(".cards")


def test_the_same_text_again_makes_no_version(author: CheckedClient, moderator: CheckedClient) -> None:
    p = published(author, moderator)
    author.post("/propositions/1/texte", rewritten(title=p.title, body=p.body))
    assert count(ProposalVersion) == 1


def test_two_rewrites_from_the_same_text_conflict_and_lose_nothing(
    author: CheckedClient, moderator: CheckedClient
) -> None:
    published(author, moderator)
    author.post("/propositions/1/texte", rewritten())
    page = author.post("/propositions/1/texte", rewritten(body="Ma seconde version."), expected=422)
    assert "modifié entre-temps" in page
    assert "Ma seconde version." in page.text
    assert count(ProposalVersion) == 2


def test_a_text_is_not_rewritten_once_studied_or_closed(
    author: CheckedClient, moderator: CheckedClient, town: Town, writing: Any, clock: Clock
) -> None:
    published(author, moderator)
    with writing():
        only_row = db.session.scalars(select(Proposal)).one()
        only_row.state = S.UNDER_REVIEW
    author.post("/propositions/1/texte", rewritten(), expected=422)
    with writing():
        db.session.scalars(select(Proposal)).one().state = S.PUBLISHED
    clock.set(datetime(2026, 4, 2, 10, 0, tzinfo=UTC))
    author.login(town.author)
    author.user_name = town.author_name
    assert "ne se modifie plus" in author.post("/propositions/1/texte", rewritten(), expected=422)
    assert count(ProposalVersion) == 1


def test_only_the_author_rewrites(
    author: CheckedClient, moderator: CheckedClient, client: CheckedClient, town: Town
) -> None:
    published(author, moderator)
    other = CheckedClient(client.app).login(town.other)
    other.get("/propositions/1/texte", expected=403)
    other.post("/propositions/1/texte", rewritten(), expected=403)
    assert count(ProposalVersion) == 1


def test_an_answered_proposal_is_not_withdrawn(author: CheckedClient, moderator: CheckedClient, writing: Any) -> None:
    p = published(author, moderator)
    key = p.draft_key
    with writing():
        factories.decision(db.session.scalars(select(Proposal)).one())
    author.post(f"/propositions/brouillons/{key}/retrait", {"confirmed": "yes"}, expected=409)
    assert only().state is S.RETAINED


def test_the_diff_gives_both_texts_back() -> None:
    pieces = word_diff("un abri à vélos", "un grand abri pour vélos")
    assert "".join(p.text for p in pieces if p.sign != "+") == "un abri à vélos"
    assert "".join(p.text for p in pieces if p.sign != "-") == "un grand abri pour vélos"
