"""Everything works without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from tests.e2e.inspector import Inspector
from tests.e2e.site import PASSWORD, Site
from tests.e2e.test_town_starts import PHRASE, SLIP, Slip, logo
from tests.e2e.written import NOW, OF_PILOT

Visit = Callable[..., Inspector]
SUPPORTABLE = (
    "SELECT p.number FROM proposal p JOIN programme g ON g.id = p.programme_id"
    " WHERE g.slug = ? AND p.state = 'published' ORDER BY p.number DESC LIMIT 1"
)


@pytest.fixture
def plain(visit: Visit) -> Visit:
    def open_window(role: str | None = None) -> Inspector:
        return visit(role, java_script_enabled=False)

    return open_window


def test_log_in_and_out(plain: Visit) -> None:
    visitor = plain()
    visitor.open("/actions")
    page = visitor.page
    assert urlsplit(page.url).path == "/connexion"
    page.get_by_label("Identifiant").fill("agent")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    visitor.press("Se connecter")
    assert urlsplit(page.url).path == "/actions", "sent elsewhere than asked"
    page.locator("details.user-menu > summary").click()
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.locator("#messages")).to_contain_text("déconnecté")


def test_propose(plain: Visit) -> None:
    agent = plain("agent").open("/propositions/nouvelle")
    page = agent.page
    agent.press("Envoyer ma proposition", expected=422)
    expect(page.locator(".error-summary")).to_contain_text("Votre idée")
    page.get_by_label("Votre idée").fill("Mettre un abri à vélos devant la mairie annexe.")
    agent.press("Enregistrer le brouillon")
    expect(page.locator("#messages")).to_contain_text("Brouillon enregistré")
    page.get_by_label("Ne pas afficher mon nom").check()
    agent.press("Relire avant d'envoyer")
    agent.press("Envoyer ma proposition")
    expect(page.get_by_role("heading", level=1)).to_have_text("Proposition envoyée")
    agent.press("Retirer ma proposition")
    agent.press("Retirer ma proposition")  # the step that script asks in a dialog
    expect(page.locator("#messages")).to_contain_text("retirée")


def test_support_and_withdraw(plain: Visit, site: Site) -> None:
    number = site.one(SUPPORTABLE, NOW)
    other = plain("redaction").open(f"/propositions/{number}")
    before = site.one("SELECT support_count FROM proposal WHERE number = ?", number)
    other.press("Je soutiens")
    expect(other.page.locator(".support-count")).to_contain_text("dont le vôtre")
    assert site.one("SELECT support_count FROM proposal WHERE number = ?", number) == before + 1
    other.press("Je ne soutiens plus")
    assert site.one("SELECT support_count FROM proposal WHERE number = ?", number) == before


def _first_steps(manager: Inspector, picture: Path) -> None:
    """An employer with its logo, by the list of what a town does first."""
    page = manager.page
    manager.open("/reglages/premiers-pas").press("Changer : Les employeurs").press("Ajouter un employeur")
    page.get_by_label("Nom", exact=False).first.fill("Syndicat des eaux")
    page.get_by_label("Logo").set_input_files({"name": "logo.png", "mimeType": "image/png", "buffer": b"no picture"})
    manager.press("Enregistrer l'employeur", expected=422)
    expect(page.get_by_label("Nom", exact=False).first).to_have_value("Syndicat des eaux")
    page.get_by_label("Logo").set_input_files(picture)
    manager.press("Enregistrer l'employeur")


def _imports(manager: Inspector, employer: str) -> None:
    """A file, what its columns mean, what would change, and the page that tells how far it is."""
    page, main = manager.page, manager.page.locator("main")
    manager.open("/reglages/personnes/importer").press("Lire ce fichier", expected=422)
    register = f"Mat.;Nom;Prénom;Employeur;Où\nN1;CISEAU;OLGA;{employer};Dépôt du Ciseau\n"
    page.get_by_label("Fichier du personnel").set_input_files(
        {"name": "agents.csv", "mimeType": "text/csv", "buffer": register.encode("cp1252")}
    )
    manager.press("Lire ce fichier")
    page.get_by_label("Site", exact=True).select_option("Où")
    manager.press("Voir ce qui changerait")
    expect(main.get_by_role("table")).to_contain_text("Olga Ciseau")
    manager.press("Importer", within=main.locator("form"))
    expect(main).to_contain_text("1 personne créée ou modifiée")


def _gives_a_role(manager: Inspector) -> None:
    """A form refused in the middle of a page is seen, and what was chosen is kept."""
    page = manager.page
    manager.open("/reglages/personnes?q=Ciseau").press("Olga Ciseau")
    page.get_by_label("Rôle").select_option(label="Relais")
    manager.press("Donner ce rôle", expected=422)
    expect(page.locator(".error-summary")).to_be_in_viewport()
    expect(page.get_by_label("Rôle").locator("option:checked")).to_have_text("Relais")
    page.get_by_label("Où").select_option(label="Dépôt du Ciseau")
    manager.press("Donner ce rôle")


def _prints(manager: Inspector) -> Slip:
    """The step that script asks in a dialog, then the file."""
    manager.open("/reglages/codes?q=Ciseau").press("Imprimer un code")
    with manager.page.expect_download() as download:
        manager.page.locator("main").get_by_role("button", name="Imprimer", exact=True).click()
    found = SLIP.search(PdfReader(download.value.path()).pages[0].extract_text())
    assert found
    return Slip(*found.groups()[1:])


def _comes_in(newcomer: Inspector, slip: Slip) -> None:
    """The code is copied by hand: only a script can read it in the address of the square."""
    page = newcomer.page
    newcomer.open("/activer")
    page.get_by_label("Votre code").fill(slip.code)
    newcomer.press("Continuer")
    page.get_by_label("Votre mot de passe").fill(PHRASE)
    page.get_by_label("Le même").fill(PHRASE)
    newcomer.press("Enregistrer et entrer")
    expect(page.locator("#messages")).to_contain_text("Votre compte est ouvert")


def test_from_the_first_steps_to_the_support_of_a_newcomer(plain: Visit, site: Site, tmp_path: Path) -> None:
    """Settings with a picture, the register, a role, a code on paper, and its holder comes in and supports."""
    manager = plain("admin")
    _first_steps(manager, logo(tmp_path / "logo.png"))
    _imports(manager, site.one("SELECT e.name FROM entity e JOIN user u ON u.entity_id = e.id WHERE login = 'agent'"))
    _gives_a_role(manager)
    newcomer = plain()
    _comes_in(newcomer, _prints(manager))
    newcomer.open(f"/propositions/{site.one(SUPPORTABLE, NOW)}").press("Je soutiens")
    expect(newcomer.page.locator(".support-count")).to_contain_text("dont le vôtre")


def test_search_and_filter(plain: Visit) -> None:
    agent = plain("agent").open("/propositions")
    page = agent.page
    everything = page.locator(".result-count").first.inner_text()
    form = page.locator("main form[method=get]").first
    form.get_by_role("searchbox").first.fill("teletravail")
    form.locator("button[type=submit]").first.click()
    assert "q=teletravail" in page.url
    assert page.locator(".result-count").first.inner_text() != everything
    expect(page.locator("main")).to_contain_text("télétravail")
    agent.open("/actions?retard=1")
    expect(page.locator(".result-count").first).to_be_visible()


def test_publish_a_point(plain: Visit, site: Site) -> None:
    number = site.one(OF_PILOT, NOW)
    pilot = plain("pilote").open(f"/actions/{number}/point")
    page = pilot.page
    page.get_by_label("nuageux", exact=False).first.check()
    pilot.press("Publier ce point", expected=422)
    expect(page.locator(".error-summary")).to_be_visible()
    assert page.get_by_label("nuageux", exact=False).first.is_checked(), "what was chosen is lost"
    page.get_by_label("Un mot pour tout le monde").fill("Il manque un devis pour passer la commande.")
    pilot.press("Publier ce point")
    expect(page.locator("main")).to_contain_text("Il manque un devis pour passer la commande.")


def test_the_board_shows_its_tables(plain: Visit) -> None:
    board = plain("agent").open("/tableau-de-bord")
    page = board.page
    for name in ("statuts-par-mois", "avancement", "statuts-par-groupe"):
        expect(page.locator(f"#figure-{name} table")).to_be_visible()
    page.get_by_label("Chiffres arrêtés au").fill("2017-06-30")
    board.press("Afficher")
    expect(page.locator("#figure-statuts-par-mois .figure-subtitle")).to_contain_text("30 juin 2017")


def test_read_a_letter(plain: Visit) -> None:
    agent = plain("agent").open("/lettres")
    agent.page.locator(".letter-list a").first.click()
    expect(agent.page.locator("article.letter")).to_be_visible()
    agent.page.get_by_role("link", name="Lettre précédente").click()
    expect(agent.page.locator("article.letter")).to_be_visible()


def test_decide_and_take_back(plain: Visit, site: Site) -> None:
    """A decision is noted, read again, and taken back before anybody has read it."""
    number = site.one(SUPPORTABLE, NOW)
    committee = plain("copil").open(f"/a-decider/{number}")
    page = committee.page
    committee.press("Enregistrer la décision", expected=422)
    expect(page.locator(".error-summary")).to_contain_text("Pourquoi")
