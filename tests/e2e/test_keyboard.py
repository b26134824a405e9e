"""Everything works by keyboard, and enlarged."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect
from werkzeug.routing import MapAdapter

from tests.e2e import lacking
from tests.e2e.crawler import follow
from tests.e2e.inspector import Inspector
from tests.e2e.site import PASSWORD, ROLES, Site
from tests.e2e.written import LED, NOW
from tests.effort import THOROUGH

Visit = Callable[..., Inspector]

# where the focus is: what it looks like, whether it can be seen, and whether it came back; a date has several stops
FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  window.__stops ??= new Map();
  const seen = window.__stops.has(e) && window.__last !== e;
  window.__stops.set(e, true);
  window.__last = e;
  const box = e.getBoundingClientRect();
  const ring = (s) => (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2) || s.boxShadow !== "none";
  const label = e.labels?.[0];
  return {
    what: (e.outerHTML.match(/^<[^>]{0,100}/) || [""])[0],
    visible: [e, label, e.closest(".option")].some((one) => one && ring(getComputedStyle(one))),
    onScreen: box.width > 0 && box.bottom > 0 && box.top < innerHeight,
    seen,
  };
}"""
# a group of radio buttons is one stop; what is folded or hidden is none
REACHABLE = """() => {
  const groups = new Set();
  return [...document.querySelectorAll("main :is(a[href], button, input, select, textarea, summary)")]
    .filter((e) => {
      if (e.disabled || e.type === "hidden" || !e.checkVisibility({ visibilityProperty: true })) return false;
      if (e.type !== "radio") return true;
      const group = `${e.form?.action} ${e.name}`;
      return !groups.has(group) && groups.add(group);
    }).map((e) => e.type === "radio" ? `radio ${e.name}` : (e.outerHTML.match(/^<[^>]{0,100}/) || [""])[0]);
}"""
STOPPED_AT = """() => [...window.__stops.keys()]
  .map((e) => e.type === "radio" ? `radio ${e.name}` : (e.outerHTML.match(/^<[^>]{0,100}/) || [""])[0])"""
LONGEST = 1500


def walk(page: Page) -> list[str]:
    """Press Tab from the top until it leaves the page; what is wrong on the way."""
    page.evaluate("() => { document.activeElement?.blur(); window.scrollTo(0, 0); }")
    wrong = []
    for _ in range(LONGEST):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None or stop["seen"]:
            break
        if not stop["visible"]:
            wrong.append(f"the focus cannot be seen on {stop['what']}")
        if not stop["onScreen"]:
            wrong.append(f"the focus is off the screen on {stop['what']}")
    else:
        wrong.append("Tab never leaves the page")
    reached = set(page.evaluate(STOPPED_AT))
    wrong += [f"Tab never comes to {control}" for control in page.evaluate(REACHABLE) if control not in reached]
    return wrong


def tab_to(page: Page, control: Locator) -> None:
    """Press Tab until the control has the focus, and the focus can be seen there."""
    element = control.element_handle()
    for _ in range(LONGEST):
        if element.evaluate("(e) => e === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(control).to_be_focused()
    stop = page.evaluate(FOCUSED)
    assert (stop["visible"], stop["onScreen"]) == (True, True), f"the focus cannot be seen on {stop['what']}"


def enter(seen: Inspector, control: Locator, *, expected: int = 200) -> None:
    """Go to a button or a link and press Enter; the page that follows must have the expected status."""
    seen.expected = expected
    tab_to(seen.page, control)
    with seen.page.expect_navigation():
        seen.page.keyboard.press("Enter")
    assert seen.status == expected, f"{seen.status}: {seen.page.locator('main').inner_text()[:1500]}"


def choose(page: Page, control: Locator, words: str) -> None:
    """Choose in a list by typing the beginning of a choice."""
    tab_to(page, control)
    page.keyboard.type(words)
    expect(control.locator("option:checked")).to_have_text(re.compile(f"^{words}"))


def _open(visit: Visit, site: Site, name: str, **options: object) -> Inspector:
    role, path = {
        "login": (None, "/connexion"),
        "proposal form": ("agent", "/propositions/nouvelle"),
        "group round": ("pilote", f"/groupes/{site.one(LED, NOW)}/tour"),
        "list": ("agent", f"/propositions?projet={NOW}"),
        "board": ("copil", f"/tableau-de-bord?projet={NOW}"),
        "register": ("admin", "/reglages/personnes/importer"),
        "consultation": ("admin", "/reglages/consultations/nouvelle"),
    }[name]
    return visit(role, **options).open(path)


@pytest.mark.parametrize("name", ["login", "proposal form", "group round", "list", "register", "consultation"])
def test_tab_reaches_every_control_and_leaves(visit: Visit, site: Site, name: str) -> None:
    seen = _open(visit, site, name)
    wrong = walk(seen.page)
    assert not wrong, "\n".join(wrong)


def test_the_skip_link_comes_first_and_works(visit: Visit) -> None:
    page = visit("agent").open("/propositions").page
    page.keyboard.press("Tab")
    link = page.locator(":focus")
    expect(link).to_have_text("Aller au contenu")
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "contenu"
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.closest('main') !== null"), "Tab goes back to the menus"


def test_log_in_by_keyboard(visit: Visit) -> None:
    page = visit().open("/connexion?suite=/aide").page
    page.get_by_label("Identifiant").focus()
    page.keyboard.type("agent")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: urlsplit(url).path == "/aide")


def test_propose_by_keyboard(visit: Visit) -> None:
    """From the field to the choice of the name with arrows, then back to save the draft."""
    agent = visit("agent").open("/propositions/nouvelle")
    page = agent.page
    page.get_by_label("Votre idée").focus()
    page.keyboard.type("Des créneaux de salle réservables depuis le téléphone.")
    page.get_by_label("Afficher mon nom", exact=True).focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Ne pas afficher mon nom")).to_be_checked()
    page.get_by_role("button", name="Enregistrer le brouillon").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("Brouillon enregistré")
    expect(page.get_by_label("Ne pas afficher mon nom")).to_be_checked()


def test_a_refused_form_takes_the_focus_to_what_is_wrong(visit: Visit) -> None:
    agent = visit("agent").open("/propositions/nouvelle")
    agent.press("Envoyer ma proposition", expected=422)
    page = agent.page
    expect(page.locator(".error-summary")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Votre idée")).to_be_focused()
    agent.check("refused")


def test_menus_open_and_close_by_keyboard(visit: Visit) -> None:
    page = visit("agent", width=375).open("/").page
    menu = page.locator("details.nav-narrow")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()


def test_one_group_round_by_keyboard(visit: Visit, site: Site) -> None:
    """ "Rien n'a changé" for the first action, nothing said of the others, one save."""
    lead = _open(visit, site, "group round")
    page = lead.page
    page.get_by_label("Rien n'a changé").first.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Publier le tour").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("1 ")


def _imports_a_register(manager: Inspector, known: str, employer: str) -> None:
    """A file with a column of the town's own words, a newcomer and a namesake in doubt."""
    page, main = manager.page, manager.page.locator("main")
    register = f"Mat.;Nom;Prénom;Employeur;Où\nK1;{known};{employer};\nK2;Clavier;Ada;{employer};Dépôt du Clavier\n"
    manager.open("/reglages/personnes/importer")
    tab_to(page, page.get_by_label("Fichier du personnel"))
    page.get_by_label("Fichier du personnel").set_input_files(
        {"name": "agents.csv", "mimeType": "text/csv", "buffer": register.encode("cp1252")}
    )
    enter(manager, main.get_by_role("button", name="Lire ce fichier"))
    assert not walk(page)
    choose(page, page.get_by_label("Site", exact=True), "Où")
    enter(manager, main.get_by_role("button", name="Voir ce qui changerait"))
    enter(manager, main.get_by_role("link", name=re.compile("^En doute")))
    enter(manager, main.get_by_role("button", name=re.compile("^C'est bien")))
    expect(page.locator("#messages")).to_contain_text("Les imports suivants le sauront")
    enter(manager, main.get_by_role("button", name="Importer", exact=True))
    expect(main).to_contain_text(re.compile("personnes? créées? ou modifiées?"))


def _prints_a_code(manager: Inspector) -> None:
    """The question is asked in a dialog, and the focus comes back to the button, which asks again the next time."""
    page = manager.page
    manager.open("/reglages/codes?q=Clavier&etat=tous")
    button = page.get_by_role("row", name="Ada Clavier").get_by_role("button")
    tab_to(page, button)
    no = page.get_by_role("dialog").get_by_role("button", name="Ne rien changer")
    page.keyboard.press("Enter")
    expect(no).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    # closed and asked again before the browser has told of the closing: the answer is to this question
    button.evaluate("button => { document.getElementById('confirmation').close(); button.click(); }")
    page.keyboard.press("Shift+Tab")
    with page.expect_download():
        page.keyboard.press("Enter")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(no).to_be_focused()
    page.keyboard.press("Enter")


def test_the_register_a_code_a_role_and_a_leaver_by_keyboard(visit: Visit, site: Site) -> None:
    person_id, first, last, employer = site.sql(
        "SELECT u.id, u.first_name, u.last_name, e.name FROM user u JOIN entity e ON e.id = u.entity_id"
        " WHERE u.login = 'etude'"
    )[0]
    manager = visit("admin")
    page, main = manager.page, manager.page.locator("main")
    _imports_a_register(manager, f"{last};{first}", employer)
    _prints_a_code(manager)

    manager.open(f"/reglages/personnes/{person_id}")
    assert not walk(page)
    choose(page, page.get_by_label("Rôle"), "Relais")
    enter(manager, main.get_by_role("button", name="Donner ce rôle"), expected=422)
    expect(page.locator(".error-summary")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Où")).to_be_focused()
    choose(page, page.get_by_label("Où"), "Dépôt du Clavier")
    enter(manager, main.get_by_role("button", name="Donner ce rôle"))
    expect(page.locator("#messages")).to_contain_text("Rôle donné")

    enter(manager, main.get_by_role("link", name="Transmettre ce que tient cette personne"))
    tab_to(page, page.get_by_label("À qui transmettre"))
    page.keyboard.type("moderation")
    enter(manager, main.get_by_role("button", name="Transmettre"))
    enter(manager, main.get_by_role("button", name="Transmettre"))
    expect(page.locator("#messages")).to_contain_text("C'est transmis")


@pytest.mark.parametrize("name", ["login", "proposal form", "group round", "list", "board"])
def test_nothing_is_cut_when_enlarged_twice(visit: Visit, site: Site, name: str) -> None:
    """A window of 1280 px at 200 % shows 640 px of the page, at 400 % 320 px."""
    for width in (640, 320):
        seen = _open(visit, site, name, width=width, device_scale_factor=2)
        seen.unfold()
        seen.settle()
        seen.measure(f"{width} px")


@pytest.mark.skipif(not THOROUGH, reason="a walk of several minutes: make torture")
def test_tab_reaches_every_control_of_every_page(visit: Visit, site: Site, routes: MapAdapter) -> None:
    """One page of each address, as the first role that a link leads there."""
    lacking.make(site)
    walked: set[str] = set()
    wrong: list[str] = []
    for role in ROLES:
        context = site.context(role)
        crawl = follow(context.request, role, site.base, routes, of_each=3)
        context.close()
        seen = visit(role)
        for stop in crawl.stops:
            if stop.is_page and stop.endpoint not in walked:
                walked.add(stop.endpoint)
                seen.open(stop.url)
                wrong += [f"{role} {stop.url}: {finding}" for finding in walk(seen.page)]
    assert len(walked) > 80, "hardly anything was walked"
    assert not wrong, "\n".join(wrong)
