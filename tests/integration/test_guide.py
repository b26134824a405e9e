"""The user guide: what it quotes is on the screens, what it links opens, and each screen's help leads to its answer."""

from __future__ import annotations

import ast
import re
from contextlib import closing
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from jinja2 import nodes
from jinja2.ext import extract_from_ast

from tests import factories as make
from tests.client import Answer, CheckedClient
from tracker.config import ROOT
from tracker.enums import Role
from tracker.models import RoleGrant, Setting, Site
from tracker.views import guide

TEMPLATES = Path(ROOT) / "tracker" / "templates"
SLUGS = ("agent", "groupe", "etude", "moderation", "comite", "lettre", "gestion", "relais")
CALLS = {"_", "gettext", "ngettext", "lazy_gettext", "N_"}
WEIGHT = 600_000  # bytes: all the pictures together


@cache
def parsed(app: Flask, name: str) -> nodes.Template:
    return app.jinja_env.parse((TEMPLATES / name).read_text("utf-8"), name)


@cache
def on_screen(app: Flask) -> frozenset[str]:
    """Every message of the application, the guide's own pages apart."""
    found: set[str] = set()
    for path in TEMPLATES.rglob("*.html"):
        name = path.relative_to(TEMPLATES).as_posix()
        if name.startswith("help/"):
            continue
        for _line, _function, said in extract_from_ast(parsed(app, name), CALLS):
            found.update(one for one in (said if isinstance(said, tuple) else (said,)) if one)
    for path in (Path(ROOT) / "tracker").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in CALLS:
                found.update(a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
    return frozenset(found)


def called(app: Flask, slug: str, *names: str) -> list[nodes.Call]:
    found = parsed(app, f"help/guide/_{slug}.html").find_all(nodes.Call)
    return [one for one in found if isinstance(one.node, nodes.Name) and one.node.name in names]


def text_of(call: nodes.Call, place: int) -> str:
    argument = call.args[place]
    assert isinstance(argument, nodes.Const), "write what is quoted in full"
    return str(argument.value)


def test_there_is_a_page_for_each_role(app: Flask) -> None:
    with app.test_request_context():
        assert tuple(one.slug for one in guide.guides()) == SLUGS
    files = {path.name for path in (TEMPLATES / "help" / "guide").iterdir()}
    assert files == {f"_{slug}.html" for slug in SLUGS}


@pytest.mark.parametrize("slug", SLUGS)
def test_what_it_quotes_is_written_on_a_screen(app: Flask, slug: str) -> None:
    quoted = [text_of(one, 0) for one in called(app, slug, "label")]
    quoted += [text_of(one, 1) for one in called(app, slug, "screen")]
    assert len(quoted) > 5
    unknown = [words for words in quoted if words not in on_screen(app)]
    assert not unknown, f"no screen says: {unknown}"


def everybody_reads(client: CheckedClient, slug: str) -> Answer:
    return client.get(f"/aide/{slug}")


@pytest.fixture
def manager(app: Flask, writing: Any) -> CheckedClient:
    """Somebody with every role that gives a page to open."""
    with writing():
        make.programme()
        person = make.user(Role.ADMIN, Role.STEERING, Role.MODERATOR, Role.REVIEWER, Role.EDITOR)
    return CheckedClient(app).login(person)


def test_its_links_open_and_its_anchors_exist(client: CheckedClient, manager: CheckedClient) -> None:
    pages = {slug: (everybody_reads(client, slug).page, everybody_reads(manager, slug).page) for slug in SLUGS}
    addresses = {str(a["href"]) for _, page in pages.values() for a in page.select("main .guide a[href]")}
    asked = {a for a in addresses if not a.startswith("#") and not a.startswith("/aide/")}
    assert {"/moderation", "/a-decider", "/relais", "/propositions/mes-propositions"} <= asked
    for address in sorted(asked):
        assert manager.http.get(address, follow_redirects=True).status_code == 200, address
    for slug, (page, _) in pages.items():
        for link in page.select("main a[href]"):
            where, _, anchor = str(link["href"]).partition("#")
            target = page if not where else pages.get(where.removeprefix("/aide/"), (None,))[0]
            if anchor and target is not None:
                assert target.find(id=anchor), f"{slug}: {link['href']}"


def test_a_visitor_gets_no_link_that_would_be_refused(client: CheckedClient) -> None:
    assert "À décider" in everybody_reads(client, "comite")
    assert not everybody_reads(client, "comite").select('main .guide a[href^="/a-decider"]')


def test_each_screen_with_help_leads_to_a_question_of_the_guide(app: Flask, client: CheckedClient) -> None:
    pages: dict[str, BeautifulSoup] = {slug: everybody_reads(client, slug).page for slug in SLUGS}
    assert set(guide.HELP) <= set(app.view_functions), "help for screens that are no more"
    for endpoint, place in guide.HELP.items():
        heading = pages[place.slug].find("h2", id=place.anchor)
        assert heading is not None, f"{endpoint}: no {place.anchor} in {place.slug}"
        assert place.anchor in {str(a["href"])[1:] for a in pages[place.slug].select(".guide-questions a")}


def test_a_screen_shows_the_way_to_its_help(client: CheckedClient, manager: CheckedClient) -> None:
    for reader, path, address in (
        (client, "/connexion", "/aide/agent#entrer"),
        (manager, "/a-decider", "/aide/comite#preparer"),
        (manager, "/reglages/personnes/importer", "/aide/gestion#importer"),
    ):
        shown = reader.get(path).select(".page-help a")
        assert [str(a["href"]) for a in shown] == [address]
    assert not client.get("/accessibilite").select(".page-help")


def test_pictures_are_there_light_and_described(app: Flask, client: CheckedClient) -> None:
    files = {path.stem: path.stat().st_size for path in guide.PICTURES.glob("*.webp")}
    assert sum(files.values()) < WEIGHT
    used = {text_of(one, 0) for slug in SLUGS for one in called(app, slug, "picture")}
    assert used == set(files) == set(guide.picture_sizes()), "taken for nothing, or not taken: make screenshots"
    for slug in SLUGS:
        for image in everybody_reads(client, slug).select("main img"):
            assert len(str(image["alt"])) > 40
            assert image["loading"] == "lazy"
            assert int(str(image["width"])) > 300
            with closing(client.http.get(str(image["src"]))) as answer:
                assert answer.mimetype == "image/webp"


def test_it_speaks_with_the_words_of_the_town(client: CheckedClient, writing: Any) -> None:
    with writing():
        make.programme()
        make.add(Setting(key="labels", value={"group": ["cellule projet", "cellules projet"]}))
    answer = everybody_reads(client, "groupe")
    assert "la page de votre cellule projet" in re.sub(r"\s+", " ", answer.words)
    assert "votre groupe" not in answer.words


def test_on_an_english_screen_the_guide_says_that_it_is_french_and_quotes_the_screen(app: Flask, writing: Any) -> None:
    with writing():
        reader = make.user(locale="en")
    page = CheckedClient(app).login(reader).get("/aide/groupe").page
    assert page.select_one("html")["lang"] == "en"  # type: ignore[index]
    assert "your own screens" in page.select_one("main > p").get_text()  # type: ignore[union-attr]
    assert {str(one["lang"]) for one in page.select(".guide-text, .guide-questions ul")} == {"fr"}
    quoted = {one.get_text() for one in page.select(".guide-text .on-screen")}
    assert {str(one["lang"]) for one in page.select(".guide-text .on-screen")} == {"en"}
    assert "Publier ce point" not in quoted


class TestContact:
    """Whom to ask."""

    @pytest.fixture
    def site(self, writing: Any) -> Site:
        with writing():
            make.programme()
            make.add(Setting(key="contact", value="Mme Martin, poste 4512"))
            place = make.add(Site(slug="depot", name="Dépôt des Granges", address="12 rue Basse"))
            assert isinstance(place, Site)
        return place

    def relay(self, site: Site, name: str, **values: Any) -> None:
        person = make.user(
            first_name=name.capitalize(),
            last_name="Relais",
            email=f"{name}@exemple.fr",
            is_active=values.pop("active", True),
        )
        dates = {"starts_on": date(2025, 1, 1), **values}
        make.add(RoleGrant(user_id=person.id, role=Role.RELAY, site_id=site.id, **dates))

    def test_a_person_reads_the_relais_of_their_site(self, app: Flask, writing: Any, site: Site) -> None:
        with writing():
            elsewhere = make.add(Site(slug="mairie", name="Mairie"))
            self.relay(site, "zoe")
            self.relay(elsewhere, "yves")
            reader = make.user(site_id=site.id)
        for path in ("/aide", "/aide/agent", "/activer", "/mot-de-passe-oublie"):
            answer = CheckedClient(app).login(reader).get(path)
            assert "Zoe Relais" in answer
            assert "Dépôt des Granges" in answer
            assert "12 rue Basse" in answer
            assert "Mme Martin, poste 4512" in answer
            assert "Yves" not in answer.text
            assert "zoe@" not in answer.text

    def test_one_whose_role_is_over_or_who_left_is_not_shown(self, app: Flask, writing: Any, site: Site) -> None:
        with writing():
            self.relay(site, "past", starts_on=date(2025, 1, 1), ends_on=date(2026, 3, 15))
            self.relay(site, "future", starts_on=date(2026, 3, 17))
            self.relay(site, "gone", active=False)
            reader = make.user(site_id=site.id)
        answer = CheckedClient(app).login(reader).get("/aide")
        assert "Relais" not in answer.words
        assert "n'a pas de relais en ce moment" in answer

    def test_a_visitor_reads_the_towns_contact_and_no_name(
        self, client: CheckedClient, writing: Any, site: Site
    ) -> None:
        with writing():
            self.relay(site, "zoe")
        for path in ("/aide", "/connexion", "/activer", "/mot-de-passe-oublie"):
            answer = client.get(path)
            assert "Mme Martin, poste 4512" in answer
            assert "Zoe" not in answer.text

    def test_a_person_without_site_reads_the_contact(self, app: Flask, writing: Any, site: Site) -> None:
        with writing():
            reader = make.user()
        answer = CheckedClient(app).login(reader).get("/aide")
        assert not answer.select(".own-relay")
        assert "Mme Martin, poste 4512" in answer


@pytest.mark.parametrize(
    ("slug", "question", "act"),
    [
        ("gestion", "codes", "Un lot de feuilles perdu ?"),
        ("gestion", "donnees", "Enregistrer une demande sur ses données, reçue par écrit"),
        ("relais", "papier", "Relire avant d'envoyer"),
        ("relais", "papier", "Retirer, écrite par erreur"),
    ],
)
def test_what_repairs_a_mistake_or_comes_on_paper_is_told(
    client: CheckedClient, slug: str, question: str, act: str
) -> None:
    heading = everybody_reads(client, slug).page.find("h2", id=question)
    assert heading is not None
    told = []
    for part in heading.find_next_siblings():
        if part.name == "h2":
            break
        told.append(part.get_text(" ", strip=True))
    assert act in " ".join(told)
