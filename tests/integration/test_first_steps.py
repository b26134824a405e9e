"""From an empty database to an open consultation, by the pages alone; the first account; who comes too soon."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import NOON
from tracker.enums import ProposalState, Role
from tracker.extensions import db
from tracker.models import Campaign, Entity, Event, Programme, Proposal, RoleGrant, Setting, Theme, User
from tracker.services import first_account

PHRASE = "des tuiles bleues sous la pluie"


@pytest.fixture
def manager(client, writing):
    with writing():
        person = factories.user(Role.ADMIN, entity_id=None, password_hash="x")
    return client.login(person)


def add_campaign(manager, **changed: str) -> None:
    manager.post("/reglages/consultations/nouvelle", {
        "title": "Vos idées pour mieux travailler", "elsewhere": "Une panne : le 4512.", "moderation_days": "4",
        "phases-0-kind": "proposing", "phases-0-day": "2026-03-16", "phases-0-hour": "08:00",
        "phases-1-kind": "reviewing", "phases-1-day": "2026-04-16", "phases-1-hour": "",
        "ends_on": "2026-06-30", "ends_at": "18:00", **changed,
    })  # fmt: skip


def test_from_nothing_to_a_proposal_sent(manager, app, writing) -> None:
    assert manager.get("/", expected=302).location == "/reglages/premiers-pas"
    page = manager.get("/reglages/premiers-pas")
    assert "Maintenant : Le projet" in page
    assert page.select("a.btn-accent")[0]["href"] == "/reglages/projets/nouveau?suite=premiers-pas"
    done = manager.post(
        "/reglages/projets/nouveau?suite=premiers-pas",
        {"title": "Mieux travailler ensemble", "starts_on": "2026-01-01", "ends_on": "2028-12-31"},
    )
    assert done.location == "/reglages/premiers-pas"
    assert "Maintenant : Les employeurs" in manager.get(done.location)
    manager.post("/reglages/employeurs/nouveau", {"name": "Ville de Blois", "short_name": "Ville", "colour": "#ffcc00"})
    assert "Maintenant : Les thèmes" in manager.get("/reglages/premiers-pas")
    listed = manager.submit("/reglages/themes?suite=premiers-pas", {"names": "Locaux\nVie de l'équipe\nlocaux"})
    assert listed.select("main a[href='/reglages/premiers-pas']"), "the list leads back to the first steps"
    assert "Maintenant : Une consultation" in manager.get("/reglages/premiers-pas")
    add_campaign(manager)
    assert "Maintenant : Qui contacter" in manager.get("/reglages/premiers-pas")
    manager.post("/reglages/contact", {"contact": "Mme Martin, poste 4512."})
    page = manager.get("/reglages/premiers-pas")
    assert "L'essentiel est prêt" in page
    assert "Maintenant : Les personnes" in page
    manager.get("/")

    assert [t.name for t in db.session.scalars(select(Theme).order_by(Theme.position))] == [
        "Locaux", "Vie de l'équipe", "Je ne sais pas"
    ]  # fmt: skip
    with writing():
        agent = factories.user(entity_id=db.session.scalar(select(Entity.id)))
    them = CheckedClient(app).login(agent)
    form = them.get("/propositions/nouvelle")
    assert "Une panne : le 4512." in form
    key = form.select('input[name="key"]')[0]["value"]
    them.post("/propositions/nouvelle", {
        "key": key, "title": "Dire bonjour le matin", "body": "À chaque personne que l'on croise.", "name": "affiche",
        "geste": "envoyer", "consultation": str(db.session.scalar(select(Campaign.id))),
    })  # fmt: skip
    sent = db.session.scalars(select(Proposal)).one()
    assert sent.state is ProposalState.SUBMITTED
    assert {"project:create", "employer:create", "theme:add", "campaign:create", "setting:change"} <= set(
        db.session.scalars(select(Event.verb))
    )
    assert "Mme Martin, poste 4512" in CheckedClient(app).get("/connexion")


def test_whoever_comes_too_soon_reads_that_it_is_not_open(client, writing) -> None:
    with writing():
        person = factories.user(Role.STEERING, entity_id=None)
    client.login(person)
    for path in (
        "/",
        "/propositions",
        "/actions",
        "/groupes",
        "/tableau-de-bord",
        "/lettres",
        "/reunions",
        "/a-decider",
    ):
        assert "Le projet n'est pas encore ouvert" in client.get(path).text, path


# --- The first account ---------------------------------------------------------------------------------------------


def link(app) -> str:
    said = app.test_cli_runner().invoke(args=["users", "first-link"]).output
    found = re.search(r"(/premier-compte/\S+)", said)
    return found.group(1) if found else ""


def typed(**changed: str) -> dict[str, str]:
    return {
        "first_name": "Claude", "last_name": "Martin", "login": "c.martin", "new_password": PHRASE,
        "repeat_password": PHRASE, **changed,
    }  # fmt: skip


def test_the_first_account_is_made_by_a_link_that_serves_once(app, client) -> None:
    path = link(app)
    token = path.rpartition("/")[2]
    kept = db.session.get(Setting, first_account.KEY).value
    assert token not in str(kept), "only its hash is kept"
    client.get(path)
    client.post(path, typed())
    user = db.session.scalars(select(User)).one()
    assert db.session.scalars(select(RoleGrant.role).where(RoleGrant.user_id == user.id)).all() == [Role.ADMIN]
    assert db.session.get(Setting, first_account.KEY) is None
    assert "n'est plus valable" in client.get(path, expected=404)
    client.post(path, typed(login="autre"), expected=404)
    assert link(app) == "", "an account exists: no link is printed any more"
    assert "Il y a déjà un compte" in app.test_cli_runner().invoke(args=["users", "first-link"]).output
    page = client.submit("/connexion", {"login": "c.martin", "password": PHRASE, "suite": "/reglages/premiers-pas"})
    assert "Maintenant : Le projet" in page


def test_a_link_lasts_a_day_and_a_new_one_replaces_it(app, client, clock) -> None:
    first = link(app)
    second = link(app)
    client.get(first, expected=404)
    client.get(second)
    clock.set(NOON + timedelta(hours=24))
    client.get(second, expected=404)
    client.get("/premier-compte/" + "x" * 43, expected=404)


def test_a_link_opens_nothing_once_somebody_has_an_account_but_a_register_does_not_close_it(
    app, client, writing
) -> None:
    with writing():
        person = factories.user(entity_id=None)
    path = link(app)
    client.get(path)
    with writing():
        db.session.get(User, person.id).password_hash = "x"
    client.get(path, expected=404)
    client.post(path, typed(), expected=404)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"new_password": "court", "repeat_password": "court"}, "12 caractères"),
        ({"repeat_password": "autre chose de long"}, "différentes"),
        ({"login": "é à"}, "identifiant"),
        ({"first_name": ""}, "prénom"),
    ],
)
def test_a_first_account_refused_keeps_what_was_typed_but_the_password(app, client, wrong, said) -> None:
    page = client.post(link(app), typed(**wrong), expected=422)
    assert said in page
    assert page.select('input[name="last_name"]')[0]["value"] == "Martin"
    assert PHRASE not in page.text
    assert db.session.scalar(select(func.count(User.id))) == 0


def test_a_demonstration_opens_no_first_account(app, client, monkeypatch) -> None:
    path = link(app)
    monkeypatch.setitem(app.config, "DEMO", True)
    assert link(app) == ""
    client.get(path, expected=404)


def test_the_shell_makes_a_manager_too(app) -> None:
    asked = ["users", "create", "c.martin", "--first-name", "Claude", "--last-name", "Martin", "--admin"]
    done = app.test_cli_runner().invoke(args=asked, input=f"{PHRASE}\n{PHRASE}\n")
    assert done.exit_code == 0, done.output
    assert db.session.scalars(select(RoleGrant.role)).all() == [Role.ADMIN]
    assert db.session.scalar(select(func.count(Programme.id))) == 0


def test_a_server_whose_timer_is_missing_or_stopped_is_told(manager, app, clock) -> None:
    assert "Les tâches automatiques n'ont jamais tourné" in manager.get("/reglages")
    assert app.test_cli_runner().invoke(args=["jobs", "run"]).exit_code == 0
    assert "Les tâches automatiques tournent" in manager.get("/reglages")
    clock.advance(hours=2)
    assert "Les tâches automatiques n'ont pas tourné depuis" in manager.get("/reglages")
    assert app.test_cli_runner().invoke(args=["jobs", "run"]).exit_code == 0
    assert "Les tâches automatiques tournent" in manager.get("/reglages")
