"""People in the settings: found, edited, given roles, deactivated; the register imported from the browser."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests import factories
from tests.client import CheckedClient
from tests.conftest import NOON, Clock
from tests.register import as_csv
from tracker import jobs
from tracker.enums import Role, RunState
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Event, Matricule, RegisterRun, RoleGrant, User
from tracker.queries import people
from tracker.services import register

ROOT = "/reglages/personnes"


class Town:
    def __init__(self) -> None:
        self.city = factories.entity(name="Ville", short_name="Ville", slug="ville")
        self.project = factories.programme(entities=[self.city])
        self.group = factories.group(self.project)
        self.boss = factories.user(Role.ADMIN, first_name="Jeanne", last_name="Gérante")
        self.person = factories.user(first_name="Éloïse", last_name="Lévêque", entity_id=self.city.id)


@pytest.fixture
def town(app: Flask, writing: Any) -> Town:
    with writing():
        return Town()


@pytest.fixture
def boss(town: Town, client: CheckedClient) -> CheckedClient:
    return client.login(town.boss)


def test_people_are_found_without_their_accents(boss: CheckedClient) -> None:
    assert "Éloïse Lévêque" in boss.get(f"{ROOT}?q=leveque+eloise")
    assert "Éloïse Lévêque" not in boss.get(f"{ROOT}?q=martin")


def test_the_list_costs_the_same_whatever_its_length(boss: CheckedClient, writing: Any, count_sql: Any) -> None:
    with writing():
        for _ in range(60):
            factories.user()
    with count_sql() as statements:
        boss.get(ROOT)
    assert len(statements) <= 8


def test_a_person_added_has_a_login_and_no_password(boss: CheckedClient) -> None:
    boss.post(f"{ROOT}/nouvelle", {"first_name": "Zoé", "last_name": "Le Gall"})
    found = db.session.scalars(select(User).where(User.login == "zoe.le-gall")).one()
    assert found.password_hash is None


def people_kept() -> int:
    end_transaction(commit=False)
    return len(db.session.scalars(select(User.id)).all())


def test_the_same_person_sent_again_is_told_as_added_before(boss: CheckedClient, clock: Clock) -> None:
    fields = {"first_name": "Zoé", "last_name": "Le Gall"}
    told = [str(boss.submit(f"{ROOT}/nouvelle", fields).text)]
    before = people_kept()
    clock.advance(seconds=20)
    told.append(str(boss.submit(f"{ROOT}/nouvelle", fields).text))
    assert people_kept() == before
    assert ["Personne ajoutée" in page for page in told] == [True, False]
    assert "déjà été ajoutée il y a un instant" in told[1], "a namesake is not told that it is added"
    boss.submit(f"{ROOT}/nouvelle", {**fields, "email": "zoe.le-gall.2@exemple.fr"})
    assert people_kept() == before + 1


def test_an_edit_is_traced_and_an_address_has_one_owner(boss: CheckedClient, town: Town) -> None:
    path, person_id, taken = f"{ROOT}/{town.person.id}/modifier", town.person.id, town.boss.email
    boss.post(path, {"first_name": "Éloïse", "last_name": "Durand"})
    event = db.session.scalars(select(Event).where(Event.verb == "user:edit", Event.subject_id == person_id)).one()
    assert event.changes["last_name"] == ["Lévêque", "Durand"]
    answer = boss.post(path, {"first_name": "Éloïse", "last_name": "Durand", "email": taken}, expected=422)
    assert "autre personne" in answer


def test_an_edit_does_not_undo_what_somebody_else_wrote_meanwhile(boss: CheckedClient, town: Town) -> None:
    path, person_id = f"{ROOT}/{town.person.id}/modifier", town.person.id
    opened = {
        str(one["name"]): str(one.get("value", ""))
        for one in boss.get(path).select("main form input[name]:not([type=checkbox])")
    }
    boss.post(path, {**opened, "last_name": "Durand"})
    answer = boss.post(path, {**opened, "first_name": "Élo"}, expected=409)
    assert "La version enregistrée entre-temps" in answer
    assert "Durand" in answer
    assert db.session.get_one(User, person_id).name == "Éloïse Durand"
    again = {"first_name": "Élo", "last_name": "Durand", "seen": answer.select("#seen")[0]["value"]}
    boss.post(path, again)
    db.session.expire_all()
    assert db.session.get_one(User, person_id).name == "Élo Durand"


def test_a_page_leads_to_the_slip_of_its_person(boss: CheckedClient, town: Town) -> None:
    (link,) = boss.get(f"{ROOT}/{town.person.id}").select("main a[href*='/reglages/codes']")
    assert "Éloïse Lévêque" in boss.get(str(link["href"]))


def test_a_role_is_never_held_twice_at_once(boss: CheckedClient, town: Town) -> None:
    path = f"{ROOT}/{town.person.id}/roles"
    lead = {
        "role": "group_lead",
        "where": f"groupe-{town.group.id}",
        "starts_on": "2026-01-01",
        "ends_on": "2026-06-30",
    }
    boss.post(path, lead)
    assert "déjà ce rôle" in boss.post(path, {**lead, "starts_on": "2026-06-30", "ends_on": ""}, expected=422)
    boss.post(path, {**lead, "starts_on": "2026-07-01", "ends_on": ""})
    assert "Choisissez le groupe" in boss.post(path, {**lead, "where": ""}, expected=422)


def test_the_last_manager_stays(boss: CheckedClient, town: Town) -> None:
    grant = db.session.scalars(select(RoleGrant.id).where(RoleGrant.user_id == town.boss.id)).one()
    path = f"{ROOT}/{town.boss.id}"
    assert "seule personne" in boss.submit(f"{path}/roles/{grant}/fin", {"confirmed": "yes"}).text
    assert "votre propre compte" in boss.submit(f"{path}/presence", {"confirmed": "yes"}).text
    assert db.session.get_one(RoleGrant, grant).ends_on is None


def test_a_role_ends_after_a_question(boss: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        grant = factories.add(RoleGrant(user_id=town.person.id, role=Role.MODERATOR, starts_on=factories.FIRST_DAY)).id
    path = f"{ROOT}/{town.person.id}/roles/{grant}/fin"
    boss.post(path, expected=200)
    assert db.session.get_one(RoleGrant, grant).ends_on is None
    boss.post(path, {"confirmed": "yes"})
    db.session.expire_all()
    assert db.session.get_one(RoleGrant, grant).ends_on == date(2026, 3, 15)


def test_a_deactivated_person_is_logged_out_until_taken_back(boss: CheckedClient, app: Flask, town: Town) -> None:
    other, path, key = CheckedClient(app).login(town.person), f"{ROOT}/{town.person.id}/presence", town.person.id
    boss.post(path, expected=200)
    other.get("/")
    boss.post(path, {"confirmed": "yes"})
    other.get("/", expected=302)
    assert db.session.get_one(User, key).left_on == date(2026, 3, 16)
    boss.post(path, {"presente": "oui"})
    db.session.expire_all()
    assert db.session.get_one(User, key).is_active


def upload(boss: CheckedClient, rows: list[list[str]]) -> str:
    """Read, map and preview; gives the address of the run."""
    data = as_csv(rows, header=("Matricule", "Nom", "Prénom"))
    columns = boss.post(f"{ROOT}/importer", {"file": (io.BytesIO(data), "agents.csv")}).location
    assert "Par exemple" in boss.get(columns)
    entity = boss.get(columns).select("#default_employer option[selected]")[0]["value"]
    chosen = {"number": "Matricule", "last_name": "Nom", "first_name": "Prénom", "default_employer": entity}
    return boss.post(columns, chosen).location


def test_a_small_register_is_written_at_once_after_its_preview(boss: CheckedClient) -> None:
    run = upload(boss, [["1", "MARTIN", "Zoé"], ["2", "", "Paul"]])
    page = boss.get(run)
    assert "Zoé Martin" in page
    assert "À créer (1)" in page
    assert "Ce texte est nécessaire" in boss.get(f"{run}?liste=refused")
    assert boss.get(f"{run}/liste.csv?liste=created").text.splitlines()[1] == "2;Zoé Martin;"
    assert db.session.scalar(select(User.id).where(User.login == "zoe.martin")) is None
    assert "Import terminé" in boss.submit(f"{run}/confirmer")
    assert db.session.scalar(select(User.id).where(User.login == "zoe.martin")) is not None
    boss.post(f"{run}/confirmer")
    run = upload(boss, [["1", "MARTIN", "Zoé"]])
    page = boss.get(run)
    assert "Inchangées 1" in page
    assert "Ce fichier ne change rien" in page
    assert not page.select("form[action$=confirmer]")
    assert "Rien n'a été écrit" in boss.submit(f"{run}/confirmer")
    # the others are absent from a file that names nobody new: to deactivate them is all there is to do
    run = upload(boss, [["2", "PETIT", "Léa"]])
    boss.post(f"{run}/confirmer")
    page = boss.get(upload(boss, [["2", "PETIT", "Léa"]]))
    assert "sans cette case, il n'y a rien à importer" in page
    assert page.select("form[action$=confirmer] input[name=absent_leave]")


def test_a_namesake_is_said_to_be_the_person_known_and_later_imports_know(boss: CheckedClient, writing: Any) -> None:
    with writing():
        known = factories.user(first_name="Zoé", last_name="Martin", login="zm").id
        factories.user(first_name="Zoé", last_name="Martin", login="autre.zm")
    register_file = [["1", "MARTIN", "Zoé"], ["2", "PETIT", "Léa"]]
    run = upload(boss, register_file)
    page = boss.get(f"{run}?liste=ambiguous")
    assert "C'est bien zm" in page
    assert "C'est bien autre.zm" in page
    for wrong in ({"ligne": "3", "personne": str(known)}, {"ligne": "2", "personne": "1"}, {}):
        assert "n'est plus en doute" in boss.submit(f"{run}/reconnaitre", wrong)
    told = boss.submit(f"{run}/reconnaitre", {"ligne": "2", "personne": str(known)})
    assert "Ligne 2 : c'est zm" in told
    assert "À modifier 1" in told
    trace = db.session.scalars(select(Event).where(Event.verb == "register:recognise")).one()
    assert (trace.subject_id, trace.changes["number"]) == (known, ["", "1"])
    db.session.rollback()
    boss.post(f"{run}/confirmer")
    assert "déjà confirmé" in boss.submit(f"{run}/reconnaitre", {"ligne": "2", "personne": str(known)})
    assert "Inchangées 2" in boss.get(upload(boss, register_file))


def test_an_import_is_abandoned_until_it_is_written(
    boss: CheckedClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "AT_ONCE", 1)
    uploads = Path(app.config["INSTANCE_FOLDER"]) / "uploads"
    before = set(uploads.glob("register-*"))
    waiting, dropped = upload(boss, [["1", "MARTIN", "Zoé"]]), upload(boss, [["2", "PETIT", "Léa"]])
    boss.post(f"{waiting}/confirmer")
    for run in (waiting, dropped):
        assert "Abandonner cet import" in boss.get(run)
        boss.post(f"{run}/abandonner", expected=200)
        assert "rien n'a été écrit" in boss.submit(f"{run}/abandonner", {"confirmed": "yes"})
        assert "a été abandonné le 16 mars 2026" in boss.get(run)
    assert set(uploads.glob("register-*")) == before
    assert register.due(now=NOON) == []
    assert "déjà confirmé" in boss.submit(f"{dropped}/confirmer")
    assert "ne peut plus être abandonné" in boss.submit(f"{dropped}/abandonner", {"confirmed": "yes"})


def test_a_large_register_waits_for_the_job(boss: CheckedClient, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "AT_ONCE", 1)
    address = boss.post(upload(boss, [["1", "MARTIN", "Zoé"]]) + "/confirmer").location
    assert "d'ici quelques minutes" in boss.get(address)
    assert db.session.scalars(select(RegisterRun.state)).one() is RunState.WAITING
    db.session.rollback()
    for state, told in ((RunState.RUNNING, "L'import est en cours. Fait : 0 sur 1."), (RunState.WAITING, "d'ici")):
        with write_transaction():
            db.session.execute(update(RegisterRun).values(state=state))
        assert told in boss.get(address)
    said: list[str] = []
    assert jobs.run(clock(), say=said.append)
    assert "personnes importées : 1" in said


def test_a_file_that_is_no_register_is_refused_with_a_sentence(boss: CheckedClient) -> None:
    file = (io.BytesIO(b"PK\x03\x04 not a workbook"), "agents.xlsx")
    assert "ne peut pas être lu" in boss.post(f"{ROOT}/importer", {"file": file}, expected=422)


def test_the_command_tries_first_and_writes_when_told(app: Flask, town: Town, tmp_path: Path) -> None:
    file = tmp_path / "agents.csv"
    file.write_bytes(as_csv([["1", "MARTIN", "Zoé"]], header=("Matricule", "Nom", "Prénom")))
    tried = app.test_cli_runner().invoke(args=["users", "import", str(file)])
    assert "à créer : 1" in tried.output
    assert db.session.scalar(select(User.id).where(User.login == "zoe.martin")) is None
    db.session.rollback()
    done = app.test_cli_runner().invoke(args=["users", "import", str(file), "--commit"])
    assert (done.exit_code, "Enregistré : 1" in done.output) == (0, True), done.output
    again = app.test_cli_runner().invoke(args=["users", "import", str(file), "--commit"])
    assert "inchangées : 1" in again.output


def test_a_line_in_doubt_is_settled_by_a_number_on_the_right_page(boss: CheckedClient, town: Town) -> None:
    """A namesake is left aside until the manager writes the number on the page of who bears it, or adds somebody."""
    known, other = ["7", "LÉVÊQUE", "Éloïse"], ["8", "LÉVÊQUE", "Éloïse"]
    doubt = boss.get(upload(boss, [known]))
    assert "En doute, laissées de côté 1" in doubt
    assert doubt.select(f"main a[href='{ROOT}/nouvelle']")
    person_id, city = town.person.id, str(town.city.id)
    page = f"{ROOT}/{person_id}/modifier"
    boss.post(page, {"first_name": "Éloïse", "last_name": "Lévêque", "number": " 7", "entity_id": city})
    assert "Inchangées 1" in boss.get(upload(boss, [known]))
    boss.post(f"{ROOT}/nouvelle", {"first_name": "Éloïse", "last_name": "Lévêque", "number": "8", "entity_id": city})
    assert "Inchangées 2" in boss.get(upload(boss, [known, other]))
    (done,) = boss.submit(upload(boss, [known, ["9", "PETIT", "Léa"]]) + "/confirmer").select(".notice-success")
    assert done.select("a[href='/reglages/codes']"), "what comes after an import is not said"


def test_a_number_has_one_bearer_at_an_employer_and_may_be_taken_out(
    boss: CheckedClient, town: Town, writing: Any
) -> None:
    with writing():
        twin = factories.user(entity_id=town.city.id)
        elsewhere = str(factories.entity().id)
        factories.add(Matricule(entity_id=town.city.id, number="T1", user_id=twin.id))
    path, city, person_id = f"{ROOT}/{town.person.id}/modifier", str(town.city.id), town.person.id

    def typed(number: str, at: str, expected: int = 303) -> Any:
        said = {"first_name": "Éloïse", "last_name": "Lévêque", "number": number, "entity_id": at}
        return boss.post(path, said, expected=expected)

    def numbers() -> list[tuple[str, str]]:
        rows = db.session.execute(select(Matricule.number, Matricule.entity_id).where(Matricule.user_id == person_id))
        return [(number, str(at)) for number, at in rows]

    assert "autre personne" in typed("t1", city, 422)
    assert "chez quel employeur" in typed("A 2", "", 422)
    typed("a 2", city)
    assert numbers() == [("A2", city)]
    assert boss.get(path).select("#number")[0]["value"] == "A2"
    typed("A2", elsewhere)
    assert numbers() == [("A2", city)], "a number says nothing of another employer"
    typed("A2", city)
    typed("A3", city)
    assert numbers() == [("A3", city)]
    typed("", city)
    assert numbers() == []


def test_roles_come_in_the_order_in_which_they_were_given(town: Town, writing: Any) -> None:
    """On PostgreSQL a row that is changed moves behind the others."""
    roles = (Role.EDITOR, Role.MODERATOR, Role.REVIEWER)
    with writing():
        person = factories.user(*roles, programme=town.project)
        first = db.session.scalars(
            select(RoleGrant).where(RoleGrant.user_id == person.id).order_by(RoleGrant.id)
        ).first()
        first.ends_on = date(2030, 1, 1)
        login = person.login
    found = people.actor_by_login(login, now=NOON)
    assert found is not None
    assert tuple(grant.role for grant in found.grants) == roles
