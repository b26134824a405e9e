"""A town starts: from an empty database to a proposal supported by somebody who came in by a printed code, on a phone.

No demonstration, and no developer: the screens, the command that prints the first link, and the round of the jobs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Locator, expect
from pypdf import PdfReader

from tests.e2e.acts import day_in_paris
from tests.e2e.crawler import kinds_of
from tests.e2e.inspector import Inspector
from tests.e2e.site import Site

Visit = Callable[..., Inspector]

PHRASE = "des tuiles bleues sous la pluie"
PROJECT = "Mieux travailler ensemble"
EMPLOYER = "Ville de Blois"
CONSULTATION = "Vos idées pour mieux travailler"
CONTACT = "Mme Claude Martin, poste 4512"
DEPOT = "Dépôt des Sables"
TITLE = "Un four à micro-ondes au dépôt"
IDEA = "Un four à micro-ondes au dépôt, et nous pourrons manger chaud entre deux chantiers."
# as a payroll tool writes it: semicolons, Windows' letters, words of its own
REGISTER = """Mat.;Nom;Prénom;Mél;Service d'affectation;Lieu de travail;Encadrement
1001;MARTIN;CLAUDE;;Ressources humaines;Hôtel de ville;oui
1002;LE GOFF;HÉLÈNE;;Communication;Hôtel de ville;oui
1003;BEN ALI;FATIMA;;Voirie;Dépôt des Sables;non
1004;PETIT-JEAN;NOËL;;Voirie;Dépôt des Sables;non
1005;ÇELIK;ÖZLEM;;Espaces verts;Dépôt des Sables;oui
"""
# a name, where, the code, then the address and the login among the words
SLIP = re.compile(
    r"^([^\n]+)\n[^\n]+\n(\w{4} \w{4} \w{4})$.*?ouvrez\s+(\S+)$.*?identifiant : (\S+),", re.MULTILINE | re.DOTALL
)


@dataclass
class Slip:
    """What somebody reads on their piece of paper."""

    code: str
    address: str
    login: str


_shown: set[str] = set()  # what the pages before held


def look(seen: Inspector, state: str) -> None:
    """What a person would notice, and axe where a page holds what none did before: what is wrong fails the test."""
    kinds = set(kinds_of(seen.page.content()))
    if kinds <= _shown:
        seen.measure(state)
    else:
        seen.check(state)
    _shown.update(kinds)


def logo(path: Path) -> Path:
    """A picture wider than it is high, drawn on nothing, as towns have them."""
    picture = Image.new("RGBA", (640, 200), (0, 0, 0, 0))
    drawing = ImageDraw.Draw(picture)
    drawing.ellipse((20, 20, 180, 180), fill=(0, 90, 140, 255))
    drawing.rectangle((220, 80, 620, 120), fill=(240, 170, 0, 255))
    picture.save(path)
    return path


def opens_the_first_account(manager: Inspector, site: Site) -> None:
    link = re.search(r"http\S+", site.flask("users", "first-link"))
    assert link, "no link is printed"
    manager.open(link[0])
    page = manager.page
    look(manager, "the first account")
    page.get_by_label("Prénom").fill("Claude")
    page.get_by_label("Nom", exact=False).last.fill("Martin")
    page.get_by_label("Identifiant").fill("c.martin")
    page.get_by_label("Mot de passe").fill(PHRASE)
    page.get_by_label("Le même").fill(PHRASE)
    manager.press("Créer le compte")
    page.get_by_label("Identifiant").fill("c.martin")
    page.get_by_label("Mot de passe").fill(PHRASE)
    manager.press(re.compile("^Se connecter$"))  # not the one of a provider
    expect(page.get_by_role("heading", level=1)).to_have_text("Premiers pas")


def takes_the_first_steps(manager: Inspector, picture: Path) -> None:
    """Each step by the button that the page of the first steps offers."""
    page = manager.page

    def next_step(name: str) -> None:
        manager.open("/reglages/premiers-pas")
        expect(page.locator("main")).to_contain_text(f"Maintenant : {name}")
        manager.press("Faire cette étape")
        look(manager, name)

    next_step("Le projet")
    page.get_by_label("Titre").fill(PROJECT)
    page.get_by_label("Début").fill(day_in_paris(manager))
    page.get_by_label("Fin").fill(day_in_paris(manager, 1000))
    manager.press("Enregistrer le projet")

    next_step("Les employeurs")
    page.get_by_label("Nom", exact=False).first.fill(EMPLOYER)
    page.get_by_label("Nom court").fill("Ville")
    page.get_by_label("Couleur").fill("#ffcc00")
    page.get_by_label("Logo").set_input_files(picture)
    manager.press("Enregistrer l'employeur")

    manager.open("/reglages/premiers-pas")
    for step, names in (
        ("Ouvrir : Les services", "Voirie\nCommunication"),
        ("Ouvrir : Les groupes de travail", "Locaux et matériel"),
        ("Faire cette étape", "Locaux\nVie de l'équipe"),
    ):
        manager.press(step)
        page.get_by_label("À ajouter").fill(names)
        manager.press("Ajouter à la liste")
        look(manager, step)
        manager.press("Revenir aux premiers pas")

    next_step("Une consultation")
    page.get_by_label("Titre").fill(CONSULTATION)
    for step, ahead in ((1, 0), (2, 60), (3, 90)):
        row = page.get_by_role("group", name=f"Étape {step}")
        row.get_by_label("À partir du").fill(day_in_paris(manager, ahead))
    page.get_by_label("Fin de la dernière étape").fill(day_in_paris(manager, 120))
    page.get_by_label("Délai de publication").fill("3")
    manager.press("Enregistrer la consultation")

    next_step("Qui contacter")
    page.get_by_label("Qui contacter").fill(CONTACT)
    manager.press("Enregistrer le contact")
    manager.open("/reglages/premiers-pas")
    look(manager, "the essential is ready")
    expect(page.locator("main")).to_contain_text("L'essentiel est prêt")


def imports_the_register(manager: Inspector) -> None:
    page, main = manager.page, manager.page.locator("main")
    manager.press("Faire cette étape").press("Importer le fichier du personnel")
    look(manager, "the file")
    page.get_by_label("Fichier du personnel").set_input_files(
        {"name": "agents.csv", "mimeType": "text/csv", "buffer": REGISTER.encode("cp1252")}
    )
    manager.press("Lire ce fichier")
    look(manager, "the columns")
    expect(page.get_by_label("Site", exact=True)).to_have_value("Lieu de travail")
    manager.press("Voir ce qui changerait")
    look(manager, "the preview")
    expect(main.get_by_role("table")).to_contain_text("Noël Petit-Jean")
    manager.press("Importer", within=main.locator("form"))
    look(manager, "the register is written")
    expect(main).to_contain_text("4 personnes créées ou modifiées")


def gives_the_roles(manager: Inspector) -> None:
    """Somebody who publishes, and the relais of the depot."""
    page = manager.page
    manager.open("/reglages/sites")
    look(manager, "the sites")
    manager.press(DEPOT)
    page.get_by_label("Adresse").fill("3 rue du Port")
    manager.press("Enregistrer")
    for name, role, where in (("Hélène Le Goff", "Modération", "Partout"), ("Özlem Çelik", "Relais", DEPOT)):
        manager.open("/reglages/premiers-pas").press(re.compile("à la modération|personnes, dont"))
        manager.press(name)
        page.get_by_label("Rôle").select_option(label=role)
        page.get_by_label("Où").select_option(label=where)
        manager.press("Donner ce rôle")
        look(manager, f"{role} is given")


def prints(seen: Inspector, button: str, within: Locator | None = None) -> dict[str, Slip]:
    """The slips of a printed sheet, by the name on each."""
    page = seen.page
    (within or page.locator("main")).get_by_role("button", name=button).click()
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_role("button", name=button).click()
    text = "\n".join(sheet.extract_text() for sheet in PdfReader(download.value.path()).pages)
    return {name: Slip(*told) for name, *told in SLIP.findall(text)}


def comes_in(person: Inspector, slip: Slip, *, by_photograph: bool = False, as_others: bool = False) -> None:
    """Open the address of the slip, give its code, choose a password. The square holds the address with the code.

    `as_others`: somebody came in the same way before, and the screens were looked at then.
    """
    page = person.page
    person.open(f"http://{slip.address}" + (f"#{slip.code.replace(' ', '')}" if by_photograph else ""))
    if not as_others:
        look(person, "the code")
    code = page.get_by_label("Votre code")
    if by_photograph:
        expect(code).to_have_value(slip.code)
    else:
        code.fill(slip.code.lower())
    person.press("Continuer")
    if not as_others:
        look(person, "the password")
    expect(page.get_by_label("Votre identifiant")).to_have_value(slip.login)
    page.get_by_label("Votre mot de passe").fill(PHRASE)
    page.get_by_label("Le même").fill(PHRASE)
    page.get_by_label("Cet appareil est partagé").uncheck()
    person.press("Enregistrer et entrer")
    expect(page.locator("#messages")).to_contain_text("Votre compte est ouvert")
    look(person, "home")


def sends_an_idea(agent: Inspector) -> None:
    page = agent.page
    drawn = page.locator("header img.site-logo").evaluate("(image) => image.complete && image.naturalWidth > 0")
    assert drawn, "the employer's logo is not shown"
    agent.press("J'ai une idée")
    look(agent, "the idea")
    page.get_by_label("Votre idée").fill(IDEA)
    page.locator("summary", has_text="Titre et thème").click()
    page.get_by_label("Titre", exact=False).first.fill(TITLE)
    page.get_by_label("Thème").select_option(label="Locaux")
    page.get_by_label("Afficher mon nom", exact=True).check()
    agent.press("Relire avant d'envoyer")
    look(agent, "read again")
    agent.press("Envoyer ma proposition")
    look(agent, "sent")


def publishes_it(moderator: Inspector) -> None:
    moderator.press(re.compile("1 proposition à publier"))
    look(moderator, "to publish")
    moderator.press(TITLE)
    look(moderator, "one to publish")
    moderator.press("Publier cette proposition")
    expect(moderator.page.locator("#messages")).to_contain_text("n° 1")


def supports_it(phone: Inspector) -> None:
    page = phone.page
    phone.press("Lire et soutenir les propositions")
    look(phone, "the proposals")
    phone.press(re.compile(TITLE))
    look(phone, "the proposal")
    page.locator("form.support").get_by_role("button", name="Je soutiens").click()
    expect(page.locator(".support-count")).to_contain_text("1 soutien")
    phone.open(page.url)
    expect(page.locator(".support-count")).to_contain_text("1 soutien dont le vôtre")
    look(phone, "supported")


def test_a_town_starts(empty_server: Site, first_visit: Visit, tmp_path: Path) -> None:
    manager = first_visit()
    opens_the_first_account(manager, empty_server)
    takes_the_first_steps(manager, logo(tmp_path / "logo.png"))
    imports_the_register(manager)
    empty_server.flask("jobs", "run")
    gives_the_roles(manager)
    manager.open("/reglages/codes")
    look(manager, "the codes")
    slips = prints(manager, "Imprimer 4 codes")
    assert slips.keys() == {"Hélène Le Goff", "Fatima Ben Ali", "Noël Petit-Jean", "Özlem Çelik"}

    agent = first_visit()
    comes_in(agent, slips["Fatima Ben Ali"])
    sends_an_idea(agent)
    moderator = first_visit()
    comes_in(moderator, slips["Hélène Le Goff"], as_others=True)
    publishes_it(moderator)

    relay = first_visit()
    comes_in(relay, slips["Özlem Çelik"], as_others=True)
    relay.open("/relais?etat=tous")
    look(relay, "the relais")
    lost = relay.page.get_by_role("row", name="Noël Petit-Jean")
    found = prints(relay, "Remplacer le code perdu", lost)["Noël Petit-Jean"]
    assert found.code != slips["Noël Petit-Jean"].code
    phone = first_visit(width=375, is_mobile=True, has_touch=True, device_scale_factor=2)
    comes_in(phone, found, by_photograph=True)
    supports_it(phone)

    assert empty_server.sql("SELECT number, title, support_count FROM proposal") == [(1, TITLE, 1)]
    empty_server.flask("jobs", "run")
    empty_server.flask("check", "--deep")
