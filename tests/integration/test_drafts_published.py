"""What an author may still change: the name, and the text once published."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from tests import factories
from tests.client import CheckedClient
from tests.conftest import Clock
from tests.integration import draft_scene
from tests.integration.draft_scene import IDEA, S, Town, count, names_kept, only, typed, write
from tracker.enums import ProposalState
from tracker.extensions import db, end_transaction
from tracker.models import Authorship, Event, Proposal, ProposalVersion, User
from tracker.views.drafts import word_diff

names = draft_scene.names  # the fixture
town = draft_scene.town  # the fixture
author = draft_scene.author  # the fixture
moderator = draft_scene.moderator  # the fixture


def only_author() -> Authorship:
    end_transaction(commit=False)
    return db.session.scalars(select(Authorship)).one()


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


def test_thanks_are_asked_for_and_never_ticked_beforehand(author: CheckedClient) -> None:
    boxes = author.get("/propositions/nouvelle").page.select("input[name=thanks]")
    assert [box.has_attr("checked") for box in boxes] == [False]


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
    page = author.post("/propositions/1/texte", rewritten(body="Ma seconde version."), expected=409)
    assert "comparez les versions" in page
    assert "Ma seconde version." in page.text
    assert count(ProposalVersion) == 2


def test_a_text_is_not_rewritten_once_studied_or_closed(
    author: CheckedClient, moderator: CheckedClient, town: Town, writing: Any, clock: Clock
) -> None:
    published(author, moderator)
    with writing():
        only_row = db.session.scalars(select(Proposal)).one()
        only_row.state = S.UNDER_REVIEW
    author.post("/propositions/1/texte", rewritten(), expected=409)
    with writing():
        db.session.scalars(select(Proposal)).one().state = S.PUBLISHED
    clock.set(datetime(2026, 4, 2, 10, 0, tzinfo=UTC))
    author.login(town.author)
    author.user_name = town.author_name
    assert "ne se modifie plus" in author.post("/propositions/1/texte", rewritten(), expected=409)
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
