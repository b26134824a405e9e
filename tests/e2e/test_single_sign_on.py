"""A town whose agents have an account elsewhere: from an empty database to a support, without a password of this tool.

The production server in production mode, and a provider of OpenID Connect over TLS in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import expect

from tests import demonstration
from tests.e2e.inspector import Inspector
from tests.e2e.site import Site
from tests.e2e.test_town_starts import look, opens_the_first_account
from tests.openid_provider import Provider
from tracker import create_app
from tracker.enums import PhaseKind, Role
from tracker.extensions import db, end_transaction, write_transaction
from tracker.queries import people as directory
from tracker.queries.campaigns import PhaseRecord
from tracker.records import paris_day
from tracker.services import people, proposals
from tracker.services.settings import consultations, employers, projects

Visit = Callable[..., Inspector]

TITLE = "Un four à micro-ondes au dépôt"
REGISTER = "Matricule;Nom;Prénom;Adresse électronique;Employeur\n1003;BEN ALI;FATIMA;f.benali@ville.exemple;Ville\n"


def a_consultation(site: Site, folder: Path) -> None:
    """What other tests show by the screens: project, employer, open consultation, register, a published proposal."""
    app = create_app(environ=demonstration.environment(site.folder, **site.settings))
    with app.app_context():
        now = app.config["CLOCK"]()
        today = paris_day(now)
        manager = directory.actor_by_login("c.martin", now=now)
        assert manager
        end_transaction(commit=False)
        with write_transaction():
            plan = projects.ProjectInput("Mieux travailler ensemble", today, today + timedelta(days=900))
            project_id = projects.create(project=plan, actor=manager, now=now).id
            employers.create(employer=employers.EmployerInput("Ville de Blois", "Ville"), actor=manager, now=now)
            step = PhaseRecord(PhaseKind.PROPOSING, now - timedelta(hours=1), now + timedelta(days=60))
            campaign = consultations.create(
                programme_id=project_id, campaign=consultations.CampaignInput("Vos idées", steps=(step,)),
                actor=manager, now=now,
            )  # fmt: skip
            given = people.GrantInput(Role.MODERATOR, starts_on=today)
            people.grant(user_id=manager.id, given=given, actor=manager, now=now)
            moderator = directory.actor_by_login("c.martin", now=now)
            assert moderator
            key, text = proposals.new_key(), proposals.Text(TITLE, "Manger chaud entre deux chantiers.", sealed=False)
            proposals.save_draft(actor=moderator, key=key, campaign_id=campaign.id, text=text, now=now)
            sent = proposals.submit(actor=moderator, key=key, now=now)
            proposals.publish(actor=moderator, proposal_id=sent.id, now=now)
        db.session.remove()
        db.engine.dispose()
    file = folder / "agents.csv"
    file.write_text(REGISTER, "utf-8")
    site.flask("users", "import", str(file), "--commit")


def chooses_the_rule(manager: Inspector) -> None:
    page = manager.page
    manager.open("/reglages").press("La connexion unique est prête, mais aucune règle ne dit qui entre")
    look(manager, "the rule")
    page.get_by_label("Nom du fournisseur").fill("ProConnect")
    page.get_by_label("La personne de la liste du personnel qui a la même adresse électronique").check()
    manager.press("Enregistrer la règle")
    expect(page.locator("#messages")).to_contain_text("C'est enregistré")


def comes_by_the_provider(person: Inspector, provider: Provider, sub: str, *, expected: int = 200) -> None:
    """The button of the login page, the provider's own page, and back."""
    page = person.page
    person.elsewhere = provider.issuer
    page.get_by_role("button", name="Se connecter avec ProConnect").click()
    page.wait_for_url(lambda url: url.startswith(provider.issuer))
    page.get_by_placeholder("sub").fill(sub)
    person.expected = expected
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url("**/connexion/unique/entrer")


def test_an_agent_of_the_register_comes_in_by_the_provider_and_supports(
    joined_server: Site, joined_visit: Visit, provider: Provider, tmp_path: Path
) -> None:
    manager = joined_visit()
    opens_the_first_account(manager, joined_server)
    a_consultation(joined_server, tmp_path)
    chooses_the_rule(manager)
    provider.knows("sub-fatima", email="F.BenAli@ville.exemple", email_verified=True)
    provider.knows("sub-visitor", email="quelquun@ailleurs.exemple", email_verified=True)

    agent = joined_visit(width=375, ignore_https_errors=True)
    agent.open("/propositions/1")
    look(agent, "the login page")
    comes_by_the_provider(agent, provider, "sub-fatima")
    expect(agent.page.locator("main")).to_contain_text("Vous êtes Fatima Ben Ali, Ville de Blois.")
    look(agent, "recognised")
    agent.press("Entrer")
    expect(agent.page.get_by_role("heading", level=1)).to_contain_text(TITLE)
    agent.page.locator("form.support").get_by_role("button", name="Je soutiens").click()
    expect(agent.page.locator(".support-count")).to_contain_text("1 soutien")
    assert joined_server.sql("SELECT number, support_count FROM proposal") == [(1, 1)]

    agent.page.locator("header details.user-menu summary").click()
    agent.page.get_by_role("button", name="Se déconnecter").click()
    agent.page.wait_for_url(lambda url: url.startswith(provider.issuer))
    agent.open("/propositions/1")
    expect(agent.page.get_by_role("heading", level=1)).to_have_text("Se connecter")

    # somebody whom the register does not know, in a browser without JavaScript
    stranger = joined_visit(ignore_https_errors=True, java_script_enabled=False)
    stranger.open("/connexion")
    comes_by_the_provider(stranger, provider, "sub-visitor", expected=403)
    main = stranger.page.locator("main")
    expect(main).to_contain_text("pas été retrouvé dans la liste du personnel")
    expect(main).to_contain_text("quelquun@ailleurs.exemple")
    assert joined_server.one("SELECT count(*) FROM user") == 2, "nobody was created"
