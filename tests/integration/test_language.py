"""Who reads which language: the account says it, else this visit, else the browser; what is kept stays French."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask_babel import gettext, ngettext

from tests import databases, factories
from tests.client import CheckedClient
from tests.integration.letter_scene import Scene
from tests.integration.test_auth import HASH, PASSWORD
from tracker import filters
from tracker.enums import Health, Role
from tracker.extensions import db, end_transaction, speaking
from tracker.letters.compose import told_title
from tracker.models import Event, Letter, OutboxMessage, User
from tracker.queries import projects
from tracker.services import activation, archive, letters, outbox
from tracker.services.proposals import made_title
from tracker.services.redactions import sentence

ENGLISH = {"Accept-Language": "en-US,en;q=0.9"}
SWITCH = "/compte/langue"


@pytest.fixture
def agent(writing: Any) -> User:
    with writing():
        return factories.user(programme=factories.programme(), login="claire", password_hash=HASH)


def spoken(client: CheckedClient, path: str = "/aide", **options: Any) -> str:
    """The language of a page, and of the button that leads to the other."""
    page = client.get(path, **options).page
    button = page.select_one("form.language button")
    assert page.html is not None
    assert button is not None
    assert button["value"] == button["lang"] != page.html["lang"]
    return str(page.html["lang"])


@pytest.mark.parametrize(
    ("browser", "language"),
    [
        ("", "fr"), ("en", "en"), ("en-GB,en;q=0.9", "en"), ("fr-FR,fr;q=0.9,en;q=0.8", "fr"), ("de,en;q=0.5", "en"),
        ("de,it;q=0.5", "fr"), ("*", "fr"), ("en;q=0", "fr"), ("\xff;q=x,,", "fr"),
    ],
)  # fmt: skip
def test_a_visitor_is_spoken_to_as_their_browser_asks(client: CheckedClient, browser: str, language: str) -> None:
    assert spoken(client, "/connexion", headers={"Accept-Language": browser}) == language


def test_a_visitor_switches_and_comes_back_to_the_same_page(client: CheckedClient, agent: User) -> None:
    page = client.get("/aide/agent?x=1").page
    form = page.select_one("form.language")
    assert form is not None
    assert form.select_one("button").get_text() == "English"
    answer = client.post(SWITCH, {"langue": "en", "suite": form.select_one("[name=suite]")["value"]})
    assert answer.location == "/aide/agent?x=1"
    assert spoken(client) == "en"
    # kept through the login, whose account says nothing, and through the logout
    client.post("/connexion", {"login": "claire", "password": PASSWORD})
    assert spoken(client, "/") == "en"
    client.post("/deconnexion")
    assert spoken(client, "/connexion") == "en"
    assert db.session.get_one(User, agent.id).locale is None


def test_the_choice_of_a_person_goes_with_the_account(app: Flask, client: CheckedClient, agent: User) -> None:
    client.login(agent)
    assert spoken(client, "/", headers=ENGLISH) == "en"
    client.post(SWITCH, {"langue": "fr", "suite": "/"})
    assert spoken(client, "/", headers=ENGLISH) == "fr"
    client.post(SWITCH, {"langue": "en", "suite": "/"})
    elsewhere = CheckedClient(app).login(agent)
    assert spoken(elsewhere, "/") == "en"
    verbs = [event.verb for event in db.session.query(Event).order_by(Event.id)]
    assert verbs == ["language:choose", "language:choose"]


@pytest.mark.parametrize("suite", ["https://ailleurs.fr/", "//ailleurs.fr", "javascript:alert(1)", ""])
def test_the_switch_leads_nowhere_else(client: CheckedClient, suite: str) -> None:
    assert client.post(SWITCH, {"langue": "en", "suite": suite}).location == "/"


@pytest.mark.parametrize("language", ["de", "", "EN", "fr\n"])
def test_no_other_language_is_taken(client: CheckedClient, agent: User, language: str) -> None:
    client.login(agent).post(SWITCH, {"langue": language}, expected=400)
    assert db.session.get_one(User, agent.id).locale is None


def test_looking_at_a_page_chooses_nothing(client: CheckedClient) -> None:
    client.get(SWITCH + "?langue=en", expected=405)


def test_a_kept_page_is_not_served_in_the_other_language(client: CheckedClient, agent: User) -> None:
    client.login(agent)
    french = client.get("/actions")
    english = client.get("/actions", headers={**ENGLISH, "If-None-Match": french.response.headers["ETag"]})
    assert french.response.headers["ETag"] != english.response.headers["ETag"]
    assert {"Cookie", "Accept-Language"} <= {name.strip() for name in english.response.headers["Vary"].split(",")}
    assert (french.page.html["lang"], english.page.html["lang"]) == ("fr", "en")


def test_a_failure_speaks_english_too(trial: Any) -> None:
    site = CheckedClient(trial())
    assert site.get("/rien", expected=404, headers=ENGLISH).page.h1.get_text() == "Page not found"
    end_transaction(commit=False)
    databases.let_go(site.app)
    with site.app.config["BASE"].away():
        away = site.get("/aide", expected=503, headers=ENGLISH)
    assert away.page.html["lang"] == "en"
    assert "Nothing was saved." in away.words


def test_what_a_form_refuses_of_itself_is_said_in_english(client: CheckedClient) -> None:
    answer = client.post("/connexion", {"login": "", "password": ""}, expected=422, headers=ENGLISH)
    assert answer.page.html["lang"] == "en"
    assert [error.get_text(strip=True) for error in answer.select(".field-error, .invalid-feedback")]
    assert "Écrivez" not in answer.text


def test_a_mail_is_in_the_language_of_whom_it_goes_to(app: Flask, writing: Any, drafted: Scene) -> None:
    with writing():
        db.session.get_one(User, drafted.reader.id).locale = "en"
        letters.ask_proofreading(
            drafted.letter(), [drafted.reader.id, drafted.agent.id], actor=drafted.actor, now=drafted.now()
        )
    said = {}
    for row in db.session.query(OutboxMessage):
        message = outbox._render(outbox.Claim(row.id, 1))
        assert message is not None
        said[row.user_id] = (message["Subject"], message.get_content())
    subject, text = said[drafted.reader.id]
    assert subject.startswith("To proofread: ")
    assert text.startswith("Hello,")
    assert said[drafted.agent.id][1].startswith("Bonjour,")


def test_the_letter_has_its_frame_in_english_and_its_texts_as_typed(
    client: CheckedClient, writing: Any, published: Scene
) -> None:
    before = published.letter().title
    with writing():
        db.session.get_one(User, published.agent.id).locale = "en"
    client.login(published.agent)
    page = client.get("/lettres/1")
    assert page.page.h1.get_text(" ", strip=True).startswith("The project letter no.\N{NO-BREAK SPACE}1 · ")
    assert "Le projet en chiffres" not in page.words
    assert before in client.get("/lettres/1/courriel").words, "one mail goes to everybody: it is in French"
    assert db.session.query(Letter).one().title == before


def test_what_is_kept_is_french_whoever_writes_it(app: Flask) -> None:
    with speaking("en"):
        assert made_title("") == "Sans titre"
        assert made_title("Ça") == "Idée : Ça"
        assert sentence(app.config["CLOCK"]()) == "Texte retiré le 16 mars 2026."
        assert letters.composing.kept_title("", 3, "2026-T1").startswith("La lettre du projet n° 3")
        assert gettext("Propositions") == "Proposals", "and then the reader's language again"


def test_an_archive_is_french_whoever_asks_for_it(app: Flask, published: Scene) -> None:
    project, made = projects.frame().principal, io.BytesIO()
    assert project is not None
    with speaking("en"):
        archive.write(project, made, pseudonyms=True, now=published.now())
    with zipfile.ZipFile(made) as found:
        pages = [found.read(name).decode() for name in found.namelist() if name.endswith(".html")]
    assert pages
    assert all('<html lang="fr">' in page for page in pages)


def test_titles_of_letters_are_told_in_the_reader_s_language(app: Flask) -> None:
    kept = "La lettre du projet n° 9 · 3ᵉ trimestre 2017"
    assert told_title(kept) == kept
    with speaking("en"):
        assert told_title(kept) == "The project letter no. 9 · 3rd quarter of 2017"
        assert told_title("L'écho n° 9 · 1ᵉʳ trimestre 2017") == "L'écho no. 9 · 1st quarter of 2017"
        assert told_title("Un autre titre") == "Un autre titre"


def test_numbers_days_and_plurals_follow_the_language(app: Flask) -> None:
    def told() -> tuple[str, ...]:
        counted = [ngettext("%(num)s proposition", "%(num)s propositions", n) for n in (0, 1, 2)]
        return (filters.number(1870), filters.percent(41), filters.day(date(2026, 3, 1)), Health.SUN.label, *counted)

    assert told() == (
        "1\u202f870",
        "41 %",
        "1er mars 2026",
        "soleil",
        "0 proposition",
        "1 proposition",
        "2 propositions",
    )
    with speaking("en"):
        assert told() == ("1,870", "41%", "1 March 2026", "sunny", "0 proposals", "1 proposal", "2 proposals")
    assert told()[0] == "1\u202f870"


def test_texts_that_people_typed_are_marked_french(client: CheckedClient, writing: Any) -> None:
    with writing():
        project = factories.programme()
        reader = factories.user(Role.MODERATOR, programme=project)
        idea = factories.proposal(project, title="Des vélos pour tous", body="Un vélo **par** site.")
    client.login(reader)
    page = client.get(f"/propositions/{idea.number}", headers=ENGLISH).page
    assert [tag["lang"] for tag in page.select("h1, .proposal-text")] == ["fr", "fr"]
    assert not client.get(f"/propositions/{idea.number}").select("main [lang]")


def test_a_link_sent_by_mail_speaks_the_language_of_the_account(app: Flask, writing: Any, agent: User) -> None:
    with writing():
        person = db.session.get_one(User, agent.id)
        person.locale, person.email = "en", "claire@exemple.fr"
        activation.send_link(person.id, now=app.config["CLOCK"]())
    row = db.session.query(OutboxMessage).one()
    message = outbox._render(outbox.Claim(row.id, 1))
    assert message is not None
    assert message["Subject"] == "Choose a new password"
