"""What a town sets: each rule, what is refused keeps what was typed, and each change is in the history."""

from __future__ import annotations

import warnings
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from tests import factories
from tests.conftest import NOON
from tests.integration import settings_scene
from tests.integration.settings_scene import last_event
from tracker.enums import Role
from tracker.errors import Refused
from tracker.extensions import db
from tracker.imports import pictures
from tracker.models import Department, Entity, Programme, RoleGrant, Site, Theme, User, WorkingGroup

project = settings_scene.project  # the fixture
manager = settings_scene.manager  # the fixture


# --- Projects and employers ---------------------------------------------------------------------------------------


def test_a_project_changes_its_dates_not_its_address(manager, project) -> None:
    slug, key = project.slug, project.id
    manager.post(f"/reglages/projets/{key}", {
        "title": "Mieux encore", "starts_on": "2025-01-01", "ends_on": "2028-12-31", "letter_name": "La feuille",
        "letters_public": "y", "is_principal": "y", "entities": [str(e.id) for e in project.entities],
    })  # fmt: skip
    row = db.session.get(Programme, key)
    assert (row.slug, row.title, row.letter_name, row.letters_public, row.is_principal) == (
        slug, "Mieux encore", "La feuille", True, True
    )  # fmt: skip
    assert last_event().changes["title"] == ["Mieux travailler", "Mieux encore"]
    assert "entities" not in last_event().changes


def test_dates_the_wrong_way_round_are_refused_and_kept(manager, project) -> None:
    page = manager.post(
        f"/reglages/projets/{project.id}",
        {"title": "Des mots gardés", "starts_on": "2027-01-01", "ends_on": "2026-01-01"},
        expected=422,
    )
    assert "La fin vient avant le début" in page
    assert page.select('input[name="title"]')[0]["value"] == "Des mots gardés"


def test_one_project_is_the_principal_one(manager, project) -> None:
    manager.post("/reglages/projets/nouveau", {
        "title": "Un autre", "starts_on": "2026-01-01", "ends_on": "2026-12-31", "is_principal": "y",
    })  # fmt: skip
    rows = db.session.execute(select(Programme.title, Programme.is_principal).order_by(Programme.id)).all()
    assert [tuple(row) for row in rows] == [("Mieux travailler", False), ("Un autre", True)]


def test_an_archived_project_does_not_change(manager, project, writing) -> None:
    with writing():
        db.session.get(Programme, project.id).closed_at = NOON
    data = {"title": "Trop tard", "starts_on": "2025-01-01", "ends_on": "2028-12-31"}
    page = manager.post(f"/reglages/projets/{project.id}", data, expected=422)
    assert "Ce projet est clos" in page


def picture(kind: str = "PNG", size: tuple[int, int] = (600, 300)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "#8a3b5c").save(out, kind)
    return out.getvalue()


def employer_form(**changed: object) -> dict[str, object]:
    return {"name": "Ville de Blois", "short_name": "Ville", "colour": "#8a3b5c", "position": "1", **changed}


def test_an_employer_joins_the_project_and_shows_its_logo(manager, project, app) -> None:
    manager.post(
        "/reglages/employeurs/nouveau",
        employer_form(logo=(BytesIO(picture("JPEG") + b"<script>"), "x.exe")), content_type="multipart/form-data",
    )  # fmt: skip
    row = db.session.scalars(select(Entity).where(Entity.name == "Ville de Blois")).one()
    assert row in db.session.get(Programme, project.id).entities
    answer = manager.get(f"/employeur/{row.slug}/{row.logo}.png")
    assert answer.response.mimetype == "image/png"
    assert answer.response.headers["X-Content-Type-Options"] == "nosniff"
    data = answer.response.get_data()
    assert b"<script>" not in data, "drawn again, not passed on"
    assert Image.open(BytesIO(data)).size == (320, 160)
    manager.get(f"/employeur/{row.slug}/{'0' * 16}.png", expected=404)
    page = manager.post(f"/reglages/employeurs/{row.id}", employer_form(without_logo="y"))
    assert page.status == 303
    db.session.expire_all()
    assert db.session.get(Entity, row.id).logo == ""


def test_the_logo_stands_before_login_for_an_employer_alone(manager, project, app, writing) -> None:
    from tests.client import CheckedClient

    (alone,) = project.entities
    data = employer_form(name=alone.name, logo=(BytesIO(picture()), "logo.png"))
    manager.post(f"/reglages/employeurs/{alone.id}", data, content_type="multipart/form-data")
    assert CheckedClient(app).get("/connexion").select("img.site-logo")
    with writing():
        person = factories.user(entity_id=alone.id)
        factories.add(Entity(slug="autre", name="Autre", short_name="Autre"))
    assert CheckedClient(app).login(person).get("/aide").select(f'img.site-logo[src^="/employeur/{alone.slug}/"]')
    assert not CheckedClient(app).get("/connexion").select("img.site-logo")


def bomb() -> bytes:
    """A small PNG that says it is 30,000 points wide."""
    data = bytearray(picture(size=(8, 8)))
    data[16:24] = (30_000).to_bytes(4, "big") * 2
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture("GIF"), picture()[:60], bomb(),
        picture(size=(4001, 2)), b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"x" * (pictures.BYTES_MAX + 1),
    ],
    ids=["nothing", "gif", "svg", "real gif", "cut", "bomb", "wide", "broken", "heavy"],
)  # fmt: skip
def test_a_hostile_picture_is_refused_by_a_sentence(data: bytes, app) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Refused) as refusal:
            pictures.logo(data)
    assert refusal.value.field == "logo"


def test_a_refused_logo_keeps_what_was_typed_and_writes_nothing(manager, project) -> None:
    data = employer_form(logo=(BytesIO(b"MZ"), "logo.png"))
    page = manager.post("/reglages/employeurs/nouveau", data, expected=422, content_type="multipart/form-data")
    assert "PNG ou JPEG" in page
    assert page.select('input[name="name"]')[0]["value"] == "Ville de Blois"
    assert db.session.scalar(select(func.count(Entity.id))) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"colour": "red"}, "#1f4e79"), ({"name": ""}, "Donnez le nom"), ({"position": "-1"}, "rang entre 0")],
)
def test_an_employer_is_refused_beside_its_field(manager, project, wrong, said) -> None:
    assert said in manager.post("/reglages/employeurs/nouveau", employer_form(**wrong), expected=422)


def test_the_contrast_of_a_colour_is_told(manager, project) -> None:
    key = project.entities[0].id
    manager.post(f"/reglages/employeurs/{key}", employer_form(colour="#ffee00"))
    cells = [cell.get_text() for cell in manager.get(f"/reglages/employeurs/{key}").select("tbody td:last-child")]
    assert len(cells) == 3
    assert all(float(cell.replace(",", ".")) >= 4.5 for cell in cells)


def test_an_employer_with_people_stays_and_an_idle_one_leaves_after_a_question(manager, project, writing) -> None:
    with writing():
        busy, idle = project.entities[0], factories.entity(name="Inutile")
        db.session.get(Programme, project.id).entities.append(idle)
        factories.add(Department(slug="d", name="D", entities=[idle]))
        factories.user(entity_id=busy.id)
    manager.post(f"/reglages/employeurs/{busy.id}", {"geste": "supprimer", "confirmed": "yes"})
    assert "relèvent de cet employeur" in manager.get("/aide").text
    assert "Supprimer l'employeur" in manager.post(f"/reglages/employeurs/{idle.id}", {"geste": "supprimer"}, 200)
    assert db.session.get(Entity, idle.id)
    manager.post(f"/reglages/employeurs/{idle.id}", {"geste": "supprimer", "confirmed": "yes"})
    assert db.session.scalars(select(Entity.id)).all() == [busy.id]


# --- Short lists ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "model"),
    [("services", Department), ("sites", Site), ("themes", Theme), ("groupes", WorkingGroup)],
)
def test_a_list_is_added_to_changed_and_taken_from(manager, project, path, model) -> None:
    added = manager.submit(f"/reglages/{path}", {"names": "Voirie\n\n Espaces   verts \nvoirie", "entities": []})
    assert "2 noms ajoutés" in added.text
    assert "y était déjà" in manager.submit(f"/reglages/{path}", {"names": "VOIRIE\nEau"}).text
    rows = db.session.scalars(select(model).order_by(model.id)).all()
    assert [row.name for row in rows if not getattr(row, "is_unknown", False)] == ["Voirie", "Espaces verts", "Eau"]
    row = rows[0]
    slug, key = row.slug, row.id
    same = manager.post(f"/reglages/{path}/{key}", {"name": "eau"}, expected=409)
    assert "déjà dans la liste" in same
    assert same.select('input[name="name"]')[0]["value"] == "eau"
    manager.post(f"/reglages/{path}/{key}", {"name": "Routes", "position": "7", "text": "Une phrase."})
    db.session.expire_all()
    changed = db.session.get(model, key)
    assert (changed.name, changed.slug) == ("Routes", slug)
    assert last_event().changes["name"] == ["Voirie", "Routes"]
    manager.post(f"/reglages/{path}/{key}", {"geste": "supprimer", "confirmed": "yes"})
    db.session.expire_all()
    assert db.session.get(model, key) is None
    manager.get(f"/reglages/{path}/{key}", expected=404)


def test_nothing_to_add_is_refused(manager, project) -> None:
    for nothing in ({"names": " \n "}, {}):
        assert "au moins un nom" in manager.post("/reglages/themes", nothing, expected=422)
    page = manager.post("/reglages/themes", {"names": "Locaux\n" + "x" * 200}, expected=422)
    assert "Locaux" in page.select("textarea")[0].get_text()


def test_a_theme_in_use_and_the_one_for_who_does_not_know_stay(manager, project, writing) -> None:
    with writing():
        used, unknown = factories.theme(project), factories.theme(project, is_unknown=True)
        factories.proposal(project, theme_id=used.id)
    for row, said in ((used, "portent ce thème"), (unknown, "Ce thème reste")):
        manager.post(f"/reglages/themes/{row.id}", {"geste": "supprimer", "confirmed": "yes"})
        assert said in manager.get("/aide").text
    assert db.session.scalar(select(func.count(Theme.id))) == 2


def test_a_service_is_shared_by_employers(manager, project, writing) -> None:
    with writing():
        other = factories.entity()
    keys = sorted([project.entities[0].id, other.id])
    manager.post("/reglages/services", {"names": "Informatique", "entities": [str(key) for key in keys]})
    row = db.session.scalars(select(Department)).one()
    assert sorted(entity.id for entity in row.entities) == keys


# --- Words ---------------------------------------------------------------------------------------------------------


def test_a_label_changes_every_page_at_once_and_can_be_given_back(manager, project, writing) -> None:
    with writing():
        revision = db.session.scalar(select(func.max(Programme.revision)))
    assert "Groupes" in manager.get("/").page.select("nav")[1].get_text()
    manager.post("/reglages/mots", {"group_one": "atelier", "group_many": "ateliers"})
    assert "Ateliers" in manager.get("/").page.select("nav")[1].get_text()
    assert db.session.scalar(select(func.max(Programme.revision))) == revision, "the instance's alone"
    manager.post("/reglages/mots", {"group_one": "", "group_many": ""})
    assert "Groupes" in manager.get("/").page.select("nav")[1].get_text()
    assert last_event().changes["labels"] == [{"group": ["atelier", "ateliers"]}, None]


@pytest.mark.parametrize("words", [("atelier", ""), ("100 %", "x"), ("<b>", "b"), ("x" * 41, "x")])
def test_a_label_that_is_no_word_is_refused_and_kept(manager, project, words) -> None:
    page = manager.post("/reglages/mots", {"group_one": words[0], "group_many": words[1]}, expected=422)
    assert page.select('input[name="group_one"]')[0]["value"] == words[0]


def test_the_contact_given_by_the_town_wins_and_can_be_taken_back(manager, project, app) -> None:
    manager.post("/reglages/contact", {"contact": "la DRH, poste 12"})
    assert "la DRH, poste 12" in manager.get("/aide")
    manager.post("/reglages/contact", {"contact": ""})
    assert app.config["CONTACT"] in manager.get("/aide")


def test_only_the_manager_changes_settings(client, project, writing) -> None:
    with writing():
        person = factories.user(Role.STEERING, Role.EDITOR, Role.MODERATOR)
    client.login(person)
    client.post("/reglages/themes", {"names": "Locaux"}, expected=403)
    assert db.session.scalar(select(func.count(Theme.id))) == 0


def test_the_settings_page_leads_from_what_is_missing_to_the_page_that_mends_it(manager, count_sql) -> None:
    with count_sql() as statements:
        page = manager.get("/reglages")
    assert len(statements) <= 8
    links = {a.get_text(): a["href"] for a in page.select("main li a")}
    assert links["Aucun projet"] == "/reglages/projets/nouveau"
    assert links["Le contact n'est pas donné"] == "/reglages/contact"
    legal = "Les mentions sur les données personnelles ne sont pas remplies"
    assert links[legal] == "/reglages/donnees-personnelles"


def test_the_moderation_counts_those_who_are_there_today(manager, writing) -> None:
    def held(ends_on: date | None, **values: Any) -> None:
        person = factories.user(Role.MODERATOR, **values)
        db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == person.id)).one().ends_on = ends_on

    with writing():
        held(date(2026, 3, 15))
        held(None, is_active=False)
    assert "0 personne à la modération" in manager.get("/reglages")
    with writing():
        held(date(2026, 12, 31))
    assert "1 personne à la modération" in manager.get("/reglages")


def test_no_manager_becomes_an_elector_by_setting_up(manager, project) -> None:
    assert db.session.scalars(select(User.entity_id)).all() == [None]
