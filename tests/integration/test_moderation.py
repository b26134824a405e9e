"""Submissions read before they are published."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from tests import factories
from tests.client import CheckedClient
from tests.integration import draft_scene
from tests.integration.draft_scene import IDEA, S, Town, names_kept, only, typed, write
from tracker.enums import Role
from tracker.extensions import db
from tracker.models import ProposalVersion

names = draft_scene.names  # the fixture
town = draft_scene.town  # the fixture
author = draft_scene.author  # the fixture
moderator = draft_scene.moderator  # the fixture


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
