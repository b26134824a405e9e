"""The whole round trip: an idea becomes an action, moves the board by exactly that, and is told by the letter."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from playwright.sync_api import APIRequestContext, expect

from tests.e2e import acts
from tests.e2e.acts import day_in_paris
from tests.e2e.inspector import Inspector
from tests.e2e.site import Site
from tests.e2e.written import LED, NOW

Visit = Callable[..., Inspector]

TITLE = "Une fontaine à eau fraîche dans chaque dépôt"
IDEA = (
    "Au dépôt, l'été, nous remplissons nos gourdes au lavabo des vestiaires. "
    "Une fontaine à eau fraîche par dépôt coûterait peu. Elle servirait aussi aux équipes de passage."
)
OPINION = "L'achat est groupé avec celui des écoles : favorable, sous réserve des crédits de l'an prochain."
REASON = "Vous avez demandé de l'eau fraîche au dépôt : nous équipons les six dépôts, en commençant par le plus exposé."
CONDITION = "crédits d'équipement votés au budget"
ACTION = "Poser une fontaine à eau fraîche dans les six dépôts"
STEP = "Deux premières fontaines posées"
NOTE = "Le plombier est passé dans deux dépôts sur six, la première fontaine coule depuis ce matin."
STATUSES = ("réalisée", "en cours", "suspendue", "à lancer", "arrêtée")


@dataclass
class Board:
    """The figures of the board at today's date."""

    keys: dict[str, str]
    by_group: dict[str, dict[str, int]]
    chain: dict[str, int]
    skies: dict[str, int]
    progress: float
    measured: int

    @property
    def statuses(self) -> dict[str, int]:
        return {status: sum(row[status] for row in self.by_group.values()) for status in STATUSES}


def _table(request: APIRequestContext, figure: str) -> list[dict[str, str]]:
    answer = request.get(f"/tableau-de-bord/{figure}.csv?projet={NOW}")
    assert answer.ok, figure
    return list(csv.DictReader(io.StringIO(answer.text().removeprefix("\ufeff")), delimiter=";"))


def read_board(seen: Inspector) -> Board:
    """What the page and its tables say."""
    seen.open(f"/tableau-de-bord?projet={NOW}")
    keys = {}
    for key in seen.page.locator(".board-keys .key").all():
        keys[key.locator(".key-label").inner_text()] = key.locator(".key-value").inner_text()
    request = seen.page.context.request
    groups = {
        row.pop("Groupe"): {name: int(value) for name, value in row.items()}
        for row in _table(request, "statuts-par-groupe")
    }
    chain = {row["Étape"]: int(row["Nombre"]) for row in _table(request, "de-l-idee-au-resultat")}
    skies = {name: int(n) for name, n in _table(request, "meteo-par-mois")[-1].items() if name != "Au"}
    actual = [row for row in _table(request, "avancement") if row["Actions comptées"]][-1]
    progress = float(actual["Réel, en pourcentage"].replace(",", ".") or 0)
    return Board(keys, groups, chain, skies, progress, int(actual["Actions comptées"]))


def somebody_else(site: Site) -> str:
    """An agent of the project's employers who had no password yet; the login."""
    login = site.one(
        "SELECT u.login FROM user u JOIN programme_entity pe ON pe.entity_id = u.entity_id"
        " JOIN programme p ON p.id = pe.programme_id WHERE p.slug = ? AND u.is_active AND u.password_hash IS NULL"
        " AND NOT u.is_manager ORDER BY u.id LIMIT 1",
        NOW,
    )
    with closing(sqlite3.connect(site.folder / "tracker.db", timeout=10)) as connection, connection:
        connection.execute(
            "UPDATE user SET password_hash = (SELECT password_hash FROM user WHERE login = 'agent') WHERE login = ?",
            (login,),
        )
    return str(login)


def sends_an_idea(agent: Inspector) -> None:
    agent.open("/").press("J'ai une idée")
    page = agent.page
    page.get_by_label("Votre idée").fill(IDEA)
    page.locator("summary", has_text="Titre et thème").click()
    page.get_by_label("Titre", exact=False).first.fill(TITLE)
    page.get_by_label("Afficher mon nom", exact=True).check()
    agent.press("Relire avant d'envoyer")
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    agent.press("Envoyer ma proposition")
    expect(page.get_by_role("heading", level=1)).to_have_text("Proposition envoyée")
    expect(page.locator("main")).to_contain_text("au plus tard le")


def publishes_it(moderator: Inspector) -> int:
    """Publish, and say the number given."""
    moderator.open("/moderation").press(re.compile(TITLE))
    expect(moderator.page.get_by_role("heading", level=1)).to_have_text(TITLE)
    moderator.press("Publier cette proposition")
    said = moderator.page.locator("#messages").inner_text()
    found = re.search(r"n° (\d+)", said)
    assert found, f"the number is not told: {said}"
    return int(found[1])


def supports_it(other: Inspector, number: int) -> None:
    """Support without reloading, withdraw, support again: the count follows."""
    other.open(f"/propositions/{number}")
    page = other.page
    for name, count in (
        ("Je soutiens", "1 soutien"),
        ("Je ne soutiens plus", "0 soutien"),
        ("Je soutiens", "1 soutien"),
    ):
        page.evaluate("() => { window.__same = true; }")
        page.locator("form.support").get_by_role("button", name=name).click()
        expect(page.locator(".support-count")).to_contain_text(count)
        assert page.evaluate("() => window.__same === true"), "the page was loaded again"
    other.open(f"/propositions/{number}")
    expect(page.locator(".support-count")).to_contain_text("dont le vôtre")


def writes_an_opinion(reviewer: Inspector, number: int) -> None:
    reviewer.open(f"/etudes/{number}").press("Prendre à l'étude")
    page = reviewer.page
    reviewer.open(f"/etudes/{number}")
    page.get_by_label("Favorable sous réserve").or_(page.get_by_label("Favorable")).first.check()
    page.get_by_label("Pourquoi, et à quelles conditions").fill(OPINION)
    reviewer.press("Enregistrer cet avis")
    expect(page.locator("main")).to_contain_text(OPINION)


def retains_it(committee: Inspector, number: int) -> None:
    committee.open(f"/a-decider/{number}")
    page = committee.page
    expect(page.locator("main")).to_contain_text(OPINION)
    page.get_by_label("Retenue", exact=True).check()
    page.get_by_label("Motif").select_option(index=1)
    page.get_by_label("Pourquoi", exact=False).first.fill(REASON)
    row = page.get_by_role("group", name="Condition 1")
    row.get_by_label("Ce qui est attendu").select_option("credits")
    row.get_by_label("En clair").fill(CONDITION)
    page.get_by_label("Réunion", exact=True).select_option("")  # the last one was before this proposal
    page.get_by_label("Date de la décision, hors réunion").fill(day_in_paris(committee))
    committee.press("Enregistrer la décision")


def publishes_the_answer(committee: Inspector, number: int) -> None:
    """Only this one of the waiting decisions."""
    committee.open(f"/a-decider/publier?projet={NOW}")
    page = committee.page
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    page.get_by_label(f"n° {number} ", exact=False).check()
    committee.press("Voir ce que les agents liront")
    for words in (TITLE, REASON, CONDITION):
        expect(page.locator(".answers")).to_contain_text(words)
    committee.press("Publier cette réponse")
    expect(page.locator("#messages")).to_contain_text("1 réponse publiée")


def creates_an_action(lead: Inspector, number: int, group: str) -> int:
    """From the retained proposal, for the lead's own group; the number of the action."""
    lead.open(f"/propositions/{number}").press("Créer une action")
    page = lead.page
    expect(page.locator("#propositions")).to_contain_text(TITLE)
    page.get_by_label("Titre de l'action").fill(ACTION)
    page.get_by_label("Groupe de travail").select_option(label=group)
    page.get_by_label("Pilote", exact=False).first.fill("pilote")
    page.get_by_label("Début prévu").fill(day_in_paris(lead))
    page.get_by_label("Fin prévue").fill(day_in_paris(lead, 200))
    page.get_by_label("Jalon 1", exact=False).first.fill(STEP)
    page.get_by_label("Échéance du jalon 1").fill(day_in_paris(lead, 60))
    lead.press("Créer l'action")
    found = re.search(r"/actions/(\d+)$", page.url)
    assert found, page.locator("main").inner_text()[:800]
    return int(found[1])


def publishes_a_point(phone: Inspector, action: int) -> None:
    phone.open(f"/actions/{action}").press("Dire où on en est")
    page = phone.page
    phone.measure("375")
    page.get_by_label("En cours").or_(page.get_by_label("en cours")).first.check()
    page.get_by_label("soleil", exact=False).first.check()
    page.get_by_label("Un mot pour tout le monde").fill(NOTE)
    phone.press("Publier ce point")
    if page.url.endswith("/point"):
        phone.press("Publier ce point")
    expect(page.locator("main")).to_contain_text(NOTE)
    phone.measure("375")


def assert_board_moved(before: Board, after: Board, group: str) -> None:
    """One proposal published and retained, one action in progress under the sun, and nothing else."""
    assert after.chain["propositions publiées"] == before.chain["propositions publiées"] + 1
    assert after.chain["propositions retenues"] == before.chain["propositions retenues"] + 1
    assert after.chain["actions"] == before.chain["actions"] + 1
    assert after.chain["actions réalisées"] == before.chain["actions réalisées"]
    # `agent` had already proposed something in this project
    assert after.chain["personnes ayant proposé"] == before.chain["personnes ayant proposé"]
    for name, row in after.by_group.items():
        was = before.by_group.get(name) or dict.fromkeys(row, 0)
        gained = {column: row[column] - was[column] for column in row if row[column] != was[column]}
        assert gained == ({"en cours": 1, "Total": 1} if name == group else {}), name
    gained = {sky: n - before.skies[sky] for sky, n in after.skies.items() if n != before.skies[sky]}
    assert gained == {"soleil": 1, "Total": 1}
    assert after.measured == before.measured + 1
    assert abs(after.progress - before.progress * before.measured / after.measured) < 0.11, (
        "the new action counts for 0 %"
    )
    changed = {label for label, value in after.keys.items() if value != before.keys[label]}
    assert changed <= {"propositions retenues", "avancement moyen"}, changed
    assert int(after.keys["propositions retenues"]) == int(before.keys["propositions retenues"]) + 1


def writes_the_letter(editor: Inspector) -> str:
    """Compose the running quarter, give the bon à tirer, publish; the address of the letter."""
    year, month, _day = day_in_paris(editor).split("-")
    acts.compose_letter(editor, f"{year}-T{(int(month) + 2) // 3}")
    page, main = editor.page, editor.page.locator("main")
    for words in (TITLE, REASON, ACTION):
        expect(main).to_contain_text(words)
    page.locator("summary", has_text="Écrire l'éditorial").first.click()
    page.get_by_label("Texte", exact=True).first.fill("L'eau fraîche arrive dans les dépôts.")
    page.get_by_role("button", name="Enregistrer ce passage").first.click()
    expect(main).to_contain_text("L'eau fraîche arrive dans les dépôts.")
    acts.approve_letter(editor)
    editor.press(re.compile("Publier…"))
    expect(main).to_contain_text("provisoire")
    editor.press(re.compile("Publier la lettre n°"))
    assert re.search(r"/lettres/\d+$", page.url), page.url
    return page.url.removeprefix(editor.base)


def test_an_idea_goes_the_whole_way(site: Site, visit: Visit) -> None:
    slug = site.one(LED, NOW)
    group = site.one("SELECT name FROM working_group WHERE slug = ?", slug)
    before = read_board(visit("copil"))

    sends_an_idea(visit("agent", width=375))
    number = publishes_it(visit("moderation"))
    supports_it(visit(somebody_else(site)), number)
    assert site.one("SELECT support_count FROM proposal WHERE number = ?", number) == 1
    writes_an_opinion(visit("etude"), number)
    committee = visit("copil")
    retains_it(committee, number)
    reader = visit("agent").open(f"/propositions/{number}")
    assert REASON not in reader.page.content(), "an answer is read before it is published"
    publishes_the_answer(committee, number)
    action = creates_an_action(visit("pilote"), number, group)
    publishes_a_point(visit("pilote", width=375), action)

    assert_board_moved(before, read_board(visit("copil")), group)
    letter = writes_the_letter(visit("redaction"))

    reader.open(f"/propositions/{number}")
    parcours = reader.page.locator(".parcours")
    for words in (REASON, CONDITION, NOTE, f"action n° {action}"):
        expect(parcours).to_contain_text(words)
    expect(reader.page.locator(".proposal-sentence")).to_contain_text("1 action")
    reader.check("the parcours")

    reader.open(letter)
    for words in (TITLE, REASON, ACTION, "L'eau fraîche arrive dans les dépôts."):
        expect(reader.page.locator("article.letter")).to_contain_text(words)
    told = reader.page.locator("article.letter").inner_text()
    frozen = site.one("SELECT sha256 FROM frozen WHERE kind = 'letter' ORDER BY id DESC LIMIT 1")
    reader.check("the letter")

    phone = visit("pilote", width=375).open(f"/actions/{action}/point")
    phone.page.get_by_label("suspendue", exact=False).first.check()
    phone.page.get_by_label("Un mot pour tout le monde").fill(
        "Le fournisseur a fait faillite, nous en cherchons un autre."
    )
    phone.press("Publier ce point")
    if phone.page.url.endswith("/point"):
        phone.press("Publier ce point")
    assert reader.open(letter).page.locator("article.letter").inner_text() == told, "a published letter has changed"
    assert site.one("SELECT sha256 FROM frozen WHERE kind = 'letter' ORDER BY id DESC LIMIT 1") == frozen
