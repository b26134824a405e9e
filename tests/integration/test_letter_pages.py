"""The pages of letters: written, proofread, published and read; who may, and at what cost."""

from __future__ import annotations

import email
import re
from datetime import date
from email.policy import default
from typing import Any

import pytest
from sqlalchemy import select

from tests import factories
from tests.integration.letter_scene import QUARTER, approve, publish_next
from tracker.enums import ActionStatus, LetterState, Role
from tracker.extensions import db, end_transaction
from tracker.models import Event, OutboxMessage, Programme
from tracker.queries import kept, projects
from tracker.services import letters

# --- The editor's pages ---------------------------------------------------------------------------------------

DRAFT = f"/lettres/brouillons/{QUARTER}"


def test_the_editor_composes_writes_and_publishes_from_the_pages(scene, client) -> None:
    client.login(scene.editor)
    assert "Pas encore de lettre" in client.get("/lettres")
    page = client.submit("/lettres/composer", {"quarter": QUARTER})
    assert "Vient des données" in page
    page = client.submit(f"{DRAFT}/blocs/editorial", {"act": "write", "editorial-text": "Bonjour à tous."})
    assert "Bonjour à tous." in page
    page = client.submit(f"{DRAFT}/ajouter", {"nouveau-title": "Un mot de plus", "nouveau-text": "Merci."})
    assert "Un mot de plus" in page
    assert "masqué" in client.submit(f"{DRAFT}/blocs/late", {"act": "hide"})
    assert "Supprimer ce passage ?" in client.post(f"{DRAFT}/blocs/libre-1", {"act": "remove"}, expected=200)
    assert "Un mot de plus" not in client.submit(f"{DRAFT}/blocs/libre-1", {"act": "remove", "confirmed": "yes"})
    client.post(f"{DRAFT}/blocs/late", {"act": "show"})
    client.post(f"{DRAFT}/blocs/editorial", {"act": "down"})
    client.post(f"{DRAFT}/blocs/editorial", {"act": "up"})
    client.post(f"{DRAFT}/actualiser")
    client.post(f"{DRAFT}/relecteurs", {"readers": [str(scene.reader.id)]})
    client.post(f"{DRAFT}/bon-a-tirer", {"name": "Jeanne Petit", "on": "2026-03-16"})
    confirm = client.get(f"{DRAFT}/publier")
    assert "n° 1" in confirm
    assert "arrêtés au 16 mars 2026" in confirm
    assert "première lettre de ce projet" in confirm
    for _twice in range(2):
        page = client.submit(f"{DRAFT}/publier", {"revision": _revision(confirm)})
        assert "Bonjour à tous." in page
        assert "La lettre n° 1 est publiée" in page.text
    assert "La lettre du projet n° 1" in client.get("/lettres")


def _revision(answer: Any) -> str:
    return str(answer.page.find("input", attrs={"name": re.compile("revision$")})["value"])


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/ajouter", {"nouveau-title": "", "nouveau-text": "Texte gardé"}),
        ("/ajouter", {"nouveau-title": "Titre gardé", "nouveau-text": ""}),
        ("/blocs/editorial", {"act": "write", "editorial-text": "Texte gardé" * 2000}),
        ("/bon-a-tirer", {"name": "Jeanne gardée", "on": "bientôt gardé"}),
        ("/bon-a-tirer", {"name": "", "on": "2026-03-16"}),
        ("/relecteurs", {}),
        ("/relecteurs", {"readers": "pas un nombre"}),
        ("/relecteurs", {"readers": "999999"}),
    ],
)
def test_a_refused_form_keeps_what_was_typed(drafted, client, path, fields) -> None:
    client.login(drafted.editor)
    with db.session.no_autoflush:
        letters_before = drafted.letter().revision
    if path == "/bon-a-tirer":
        client.post(f"{DRAFT}/relecteurs", {"readers": str(drafted.reader.id)})
    answer = client.post(DRAFT + path, fields, expected=422)
    assert "Il reste à corriger" in answer
    for value in fields.values():
        if "gard" in value:
            assert value in answer.text
    if path != "/bon-a-tirer":
        assert drafted.letter().revision == letters_before


def test_a_bon_a_tirer_of_tomorrow_is_refused(drafted, client) -> None:
    client.login(drafted.editor).post(f"{DRAFT}/relecteurs", {"readers": str(drafted.reader.id)})
    answer = client.post(f"{DRAFT}/bon-a-tirer", {"name": "Jeanne Petit", "on": "2026-03-17"}, expected=422)
    assert "à venir" in answer


def test_the_second_editor_sees_both_versions_and_loses_nothing(drafted, client) -> None:
    client.login(drafted.editor)
    first = client.get(DRAFT)
    stale = {
        "act": "write", "editorial-text": "Ma version à moi.", "editorial-revision": _revision(first),
        "editorial-seen": str(first.page.find("input", attrs={"name": "editorial-seen"})["value"]),
    }  # fmt: skip
    client.post(f"{DRAFT}/blocs/editorial", {**stale, "editorial-text": "La version de l'autre."})
    answer = client.post(f"{DRAFT}/blocs/editorial", stale, expected=409)
    assert "La version de l'autre." in answer
    assert "Ma version à moi." in answer.text
    again = {
        name: str(answer.page.find("input", attrs={"name": name})["value"])
        for name in ("editorial-revision", "editorial-seen")
    }
    client.post(f"{DRAFT}/blocs/editorial", {**stale, **again, "editorial-text": "Les deux réunies."})
    assert "Les deux réunies." in client.get(DRAFT)


def test_a_change_elsewhere_in_the_letter_is_no_conflict(drafted, client) -> None:
    client.login(drafted.editor)
    page = client.get(DRAFT)
    seen = str(page.page.find("input", attrs={"name": "editorial-seen"})["value"])
    client.post(f"{DRAFT}/blocs/late", {"act": "hide"})
    client.post(
        f"{DRAFT}/blocs/editorial",
        {"act": "write", "editorial-text": "Bonjour.", "editorial-revision": _revision(page), "editorial-seen": seen},
    )


def test_the_page_says_when_the_data_moved_under_a_rewriting(drafted, writing, client) -> None:
    client.login(drafted.editor)
    client.post(f"{DRAFT}/blocs/finished", {"act": "write", "finished-text": "À ma façon."})
    with writing():
        action = db.session.get(factories.Action, drafted.late_id)
        factories.update(action, date(2026, 3, 15), status=ActionStatus.DONE)
    page = client.submit(f"{DRAFT}/actualiser")
    assert "Les données ont changé depuis que vous avez réécrit ce passage." in page
    assert "À ma façon." in page
    assert "Votre texte sera perdu" in client.post(f"{DRAFT}/blocs/finished", {"act": "restore"}, expected=200)
    assert "À ma façon." in client.get(DRAFT)
    assert "À ma façon." not in client.submit(f"{DRAFT}/blocs/finished", {"act": "restore", "confirmed": "yes"})


def test_a_bon_a_tirer_is_withdrawn_once_confirmed(drafted, writing, client) -> None:
    with writing():
        approve(drafted, drafted.letter())
    question = client.login(drafted.editor).post(f"{DRAFT}/reprendre", expected=200)
    assert "Le bon à tirer donné par" in question
    assert question.select("input[name=confirmed][value=yes]")
    assert drafted.letter().approved_on is not None
    end_transaction(commit=False)
    assert "de nouveau un brouillon" in client.submit(f"{DRAFT}/reprendre", {"confirmed": "yes"})
    assert drafted.letter().approved_on is None


def test_the_confirmation_tells_what_would_change(drafted, writing, client) -> None:
    with writing():
        approve(drafted, drafted.letter())
        factories.action(db.session.get(Programme, drafted.programme_id), opened_on=date(2026, 3, 10))
    assert "Des chiffres ont changé" in client.login(drafted.editor).get(f"{DRAFT}/publier")


def test_what_is_not_what_the_bon_a_tirer_was_given_on_is_read_again_not_published(drafted, writing, client) -> None:
    with writing():
        approve(drafted, drafted.letter())
        factories.action(db.session.get(Programme, drafted.programme_id), opened_on=date(2026, 3, 10))
    client.login(drafted.editor)
    page = client.submit(f"{DRAFT}/publier", {"revision": _revision(client.get(f"{DRAFT}/publier"))})
    assert "La lettre n'est plus celle du bon à tirer" in page
    assert "actions : 2 → 3" in page
    assert drafted.letter().published_at is None
    assert drafted.letter().state is LetterState.TO_APPROVE
    assert drafted.letter().approved_on is None
    client.post(f"{DRAFT}/bon-a-tirer", {"name": "Jeanne Petit", "on": "2026-03-16"})
    page = client.submit(f"{DRAFT}/publier", {"revision": _revision(client.get(f"{DRAFT}/publier"))})
    assert "est publiée" in page.text


# --- Proofreading ---------------------------------------------------------------------------------------------


def test_who_is_asked_reads_the_draft_and_answers_who_is_not_does_not(drafted, client, writing) -> None:
    client.login(drafted.reader).get(f"{DRAFT}/relecture", expected=403)
    client.login(drafted.editor).post(f"{DRAFT}/relecteurs", {"readers": str(drafted.reader.id)})
    client.login(drafted.reader)
    assert "On vous demande de relire" in client.get("/lettres")
    for path in ("relecture", "courriel", "texte", "imprimer"):
        client.get(f"{DRAFT}/{path}")
    assert "transmise" in client.submit(f"{DRAFT}/relecture", {"remark": "Il manque une date."}).text
    client.get(DRAFT, expected=403)
    client.login(drafted.agent)
    for path in ("relecture", "courriel", "texte", "imprimer"):
        client.get(f"{DRAFT}/{path}", expected=403)
    client.post(f"{DRAFT}/relecture", {"remark": "Moi aussi"}, expected=403)
    assert "Il manque une date." in client.login(drafted.editor).get(DRAFT)


def test_those_with_an_email_are_told_once(drafted, writing) -> None:
    with writing():
        silent = factories.user(email=None)
        wanted = [drafted.reader.id, silent.id]
        letters.ask_proofreading(drafted.letter(), wanted, actor=drafted.actor, now=drafted.now())
    queued = db.session.scalars(select(OutboxMessage)).one()
    assert queued.user_id == drafted.reader.id
    assert queued.params == {"quarter": QUARTER, "project": projects.frame().principal.slug}  # type: ignore[union-attr]


def test_a_reader_is_found_by_name(drafted, client) -> None:
    page = client.login(drafted.editor).get(f"{DRAFT}?lecteur=martin+odile")
    assert "Odile Martin" in page
    assert "Personne de ce nom" in client.get(f"{DRAFT}?lecteur=%25zzz")


# --- Reading --------------------------------------------------------------------------------------------------


def test_a_letter_is_read_after_login_or_by_everybody_when_it_is_open(published, client, writing) -> None:
    paths = ("/lettres/1", "/lettres/1.txt", "/lettres/1.eml", "/lettres/1/courriel", "/lettres/1/imprimer")
    for path in (*paths, "/lettres", "/lettres/999"):
        assert "/connexion?suite=" in client.get(path, expected=302).location
    client.login(published.editor).post("/lettres/1/acces", {"ouverte": "1"})
    assert client.get("/lettres/1").select('main a[href^="/propositions"]')  # kept for those with an account only
    visitor = type(client)(client.app)
    for path in (*paths, "/lettres"):
        visitor.get(path)
    page = visitor.get("/lettres/1")
    assert "Odile Martin" in page
    assert not page.select('main a[href^="/propositions"]')
    assert "Jeanne Petit" not in page
    client.post("/lettres/1/acces", {"ouverte": "0"})
    visitor.get("/lettres/1", expected=302)
    with writing():
        db.session.get(Programme, published.programme_id).letters_public = True  # type: ignore[union-attr]
    visitor.get("/lettres/1")


def test_a_letter_that_does_not_exist_is_not_found(published, client) -> None:
    client.login(published.agent)
    for path in ("/lettres/2", f"/lettres/{2**31}", f"/lettres/{10**30}", "/lettres/99.eml", "/lettres/99/courriel"):
        client.get(path, expected=404)
    client.login(published.editor)
    for path in ("2026-T1", "2026-T9", "printemps"):
        client.get(f"/lettres/brouillons/{path}", expected=404)


def test_the_mail_asks_nothing_from_anywhere_and_its_text_is_readable(published, client) -> None:
    client.login(published.agent)
    answer = client.get("/lettres/1/courriel")
    assert "script-src" not in answer.response.headers["Content-Security-Policy"]
    assert not answer.select("img, link, script, iframe, style, video, object")
    assert "url(" not in answer.text
    message = email.message_from_bytes(client.get("/lettres/1.eml").response.get_data(), policy=default)
    assert message["Subject"] == "La lettre du projet n° 1 · 1ᵉʳ trimestre 2026"
    assert message["To"] is None
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert "C'est simple et cela rassemble." in text.get_content()
    assert "http://127.0.0.1:8000/lettres/1" in text.get_content()
    assert 'href="http://127.0.0.1:8000/propositions/' in html.get_content()
    assert client.get("/lettres/1.eml").response.get_data() == client.get("/lettres/1.eml").response.get_data()


def test_a_letter_that_was_read_takes_the_words_of_the_town_at_once(published, client, writing) -> None:
    with writing():
        manager = factories.user(Role.ADMIN)
    client.login(manager)
    assert "du comité de pilotage" in client.get("/lettres/1")
    client.post("/reglages/mots", {"steering_one": "comité directeur", "steering_many": "comités directeurs"})
    for path in ("/lettres/1", "/lettres/1/imprimer", "/lettres/1.txt"):
        page = client.get(path).text
        assert "du comité directeur" in page, path
        assert "du comité de pilotage" not in page, path


def test_neighbours_are_linked(published, writing, clock, client) -> None:
    clock.advance(days=120)
    publish_next(published, writing, "2026-T2")
    client.login(published.agent)
    assert client.get("/lettres/1").select('a[rel="next"][href="/lettres/2"]')
    assert client.get("/lettres/2").select('a[rel="prev"][href="/lettres/1"]')


# --- Who may --------------------------------------------------------------------------------------------------

WRITES = (
    "/blocs/editorial", "/ajouter", "/actualiser", "/relecteurs", "/bon-a-tirer", "/reprendre", "/publier",
)  # fmt: skip
OTHERS = (Role.REVIEWER, Role.MODERATOR, Role.STEERING, Role.ADMIN, None)


@pytest.mark.parametrize("role", OTHERS)
def test_only_the_editors_write(drafted, writing, client, role) -> None:
    with writing():
        person = factories.user(*([role] if role else []), programme=db.session.get(Programme, drafted.programme_id))
    events = len(db.session.scalars(select(Event)).all())
    client.login(person)
    client.get(DRAFT, expected=403)
    client.get(f"{DRAFT}/publier", expected=403)
    for path in WRITES:
        client.post(DRAFT + path, {"act": "hide"}, expected=403)
    client.post("/lettres/composer", {"quarter": "2025-T4"}, expected=403)
    assert len(db.session.scalars(select(Event)).all()) == events


def test_an_editor_of_another_project_does_not_write_here(drafted, writing, client) -> None:
    with writing():
        elsewhere = factories.user(Role.EDITOR, programme=factories.programme())
    client.login(elsewhere)
    client.get(DRAFT, expected=403)
    client.post(f"{DRAFT}/actualiser", expected=403)
    client.post("/lettres/composer", {"quarter": "2025-T4"}, expected=403)


def test_an_editor_of_another_project_is_not_told_that_a_letter_is_published(published, writing, client) -> None:
    with writing():
        elsewhere = factories.user(Role.EDITOR, programme=factories.programme())
    client.login(elsewhere)
    client.post(f"{DRAFT}/publier", expected=403)


# --- Command --------------------------------------------------------------------------------------------------


def test_the_command_composes_and_refuses_with_a_sentence(scene, app) -> None:
    kept.forget()
    runner = app.test_cli_runner()
    made = runner.invoke(args=["letters", "build", QUARTER])
    assert made.exit_code == 0, made.output
    assert "brouillon composé, chiffres arrêtés au 16/03/2026" in made.output
    assert runner.invoke(args=["letters", "build", "2027-T4"]).exit_code == 1
    assert runner.invoke(args=["letters", "build", QUARTER, "--projet", "ailleurs"]).exit_code == 1
    assert scene.letter().state is LetterState.DRAFT
