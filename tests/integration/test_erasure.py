"""A person erased leaves no trace of who it was; figures and hashes stay; texts go by two people only."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests import databases, factories
from tests.client import CheckedClient
from tests.integration.erasure_scene import ODILE, actor_of, known_author, snapshot
from tests.integration.letter_scene import Scene
from tracker.enums import OutboxState, Role, TextKind
from tracker.errors import Conflict, Forbidden, Refused
from tracker.extensions import db, end_transaction, speaking
from tracker.models import (
    ActionUpdate,
    Authorship,
    Decision,
    Event,
    Follow,
    Frozen,
    Matricule,
    OutboxMessage,
    Programme,
    Proposal,
    RoleGrant,
    User,
)
from tracker.queries import checks, traces
from tracker.queries.checks import Level
from tracker.services import copies, erasure, redactions

WHY = "Ce texte nomme une personne qui a quitté la ville."


@pytest.fixture
def town(drafted: Scene, writing: Any, clock: Any) -> Scene:
    return known_author(drafted, writing, clock)


def erase(town: Scene, writing: Any, clock: Any) -> tuple[traces.Mention, ...]:
    with writing():
        return erasure.erase(
            town.author.id, typed_login="odile.martin-brume", actor=actor_of("gestion", clock), now=clock.now
        )


def everything() -> str:
    """All that the database holds, as one folded text."""
    rows = databases.rows()
    return traces.fold("\n".join(rows).encode().decode("unicode_escape", "ignore") + "\n".join(rows))


def withdraw(mention: traces.Mention, writing: Any, clock: Any) -> None:
    assert mention.kind is not None, mention
    with writing():
        row = redactions.ask(
            mention.kind, mention.target_id, mention.part, WHY, actor=actor_of("gestion", clock), now=clock.now
        )
        key = row.id
    with writing():
        redactions.agree(key, actor=actor_of("moderation", clock), now=clock.now)


def copied(url: str, target: Path) -> bytes:
    """A copy of the database, as it can be read, in lower case."""
    copies.backup(url, target)
    if databases.ON_POSTGRESQL:
        told = subprocess.run(["pg_restore", "--file=-", str(target)], check=True, capture_output=True)
        return told.stdout.lower()
    return target.read_bytes().lower()


def test_nothing_tells_who_it_was_once_erased_and_their_mentions_withdrawn(
    town: Scene, writing: Any, clock: Any, app: Any, tmp_path: Path
) -> None:
    before = snapshot(town)
    left = erase(town, writing, clock)
    assert {mention.kind for mention in left} == {TextKind.UPDATE, TextKind.DECISION, TextKind.LETTER}
    for mention in left:
        withdraw(mention, writing, clock)
    assert snapshot(town) == before, "figures moved"
    held = everything()
    end_transaction(commit=False)
    raw = copied(app.config["SQLALCHEMY_DATABASE_URI"], tmp_path / "copie")
    for trace in ("martin-brume", "odile", ODILE[2], ODILE[3].lower()):
        assert trace not in held, trace
        assert trace.encode() not in raw, f"{trace} is still in a free page"
    assert [finding for finding in checks.deep() if finding.level is Level.ERROR] == []
    frozen = db.session.scalars(select(Frozen)).one()
    assert frozen.original_sha256 is not None
    assert frozen.original_sha256 != frozen.sha256


def test_figures_and_hashes_do_not_move_by_erasing(town: Scene, writing: Any, clock: Any) -> None:
    before = snapshot(town)
    hashed = db.session.scalars(select(Frozen.sha256)).one()
    erase(town, writing, clock)
    assert snapshot(town) == before
    row = db.session.scalars(select(Frozen)).one()
    assert (row.sha256, row.original_sha256) == (hashed, None)


def test_the_row_stays_as_a_number(town: Scene, writing: Any, clock: Any) -> None:
    erase(town, writing, clock)
    person = db.session.get_one(User, town.author.id)
    assert (person.name, person.login) == ("Personne effacée", f"efface-{person.id}")
    assert (person.email, person.password_hash, person.is_active) == (None, None, False)
    assert db.session.scalars(select(Matricule)).all() == []
    assert db.session.scalars(select(Follow)).all() == []
    message = db.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "test")).one()
    assert (message.address, message.params, message.state) == ("", {}, OutboxState.CANCELLED)
    event = db.session.scalars(select(Event).where(Event.verb == "user:edit")).one()
    assert (event.actor_label, event.changes) == ("", {"email": [None, ""], "n": 3})


@pytest.mark.parametrize("login", ["", "Odile", "odile.martin"])
def test_nothing_is_erased_without_the_login_typed(town: Scene, writing: Any, clock: Any, login: str) -> None:
    with pytest.raises(Refused), writing():
        erasure.erase(town.author.id, typed_login=login, actor=actor_of("gestion", clock), now=clock.now)
    assert db.session.get_one(User, town.author.id).erased_at is None


@pytest.mark.parametrize("who", ["moderation", "copil", "odile.martin-brume"])
def test_managers_alone_erase(town: Scene, writing: Any, clock: Any, who: str) -> None:
    with pytest.raises(Forbidden), writing():
        erasure.erase(town.author.id, typed_login="odile.martin-brume", actor=actor_of(who, clock), now=clock.now)


def test_nobody_is_erased_twice_and_no_manager_by_themselves(town: Scene, writing: Any, clock: Any) -> None:
    manager = actor_of("gestion", clock)
    with pytest.raises(Refused, match="vous effacer"), writing():
        erasure.erase(manager.id, typed_login="gestion", actor=manager, now=clock.now)
    erase(town, writing, clock)
    with pytest.raises(Conflict), writing():
        erasure.erase(town.author.id, typed_login=f"efface-{town.author.id}", actor=manager, now=clock.now)


def test_who_manages_for_a_time_does_not_erase_the_one_who_manages_for_good(
    town: Scene, writing: Any, clock: Any
) -> None:
    with writing():
        only = db.session.scalars(select(User).where(User.login == "gestion")).one().id
        db.session.add(RoleGrant(user_id=town.agent.id, role=Role.ADMIN, starts_on=date(2026, 1, 1),
                                 ends_on=date(2026, 3, 31)))  # fmt: skip
        passing = town.agent.login
    with pytest.raises(Refused, match="seule personne qui gère"), writing():
        erasure.erase(only, typed_login="gestion", actor=actor_of(passing, clock), now=clock.now)


def test_a_text_is_withdrawn_by_two_people_and_stays_withdrawn_everywhere(
    town: Scene, writing: Any, clock: Any, app: Any
) -> None:
    point = db.session.scalars(select(ActionUpdate).where(ActionUpdate.note.contains("Odile"))).one()
    key, number = point.id, point.action.number
    reader = CheckedClient(app).login(town.agent)
    assert "Le matériel commandé" in reader.get(f"/actions/{number}")
    with writing():
        asked = redactions.ask(TextKind.UPDATE, key, "", WHY, actor=actor_of("moderation", clock), now=clock.now).id
    with pytest.raises(Refused, match="une autre personne"), writing():
        redactions.agree(asked, actor=actor_of("moderation", clock), now=clock.now)
    with pytest.raises(Forbidden), writing():
        redactions.agree(asked, actor=actor_of("gestion", clock), now=clock.now)
    assert "Le matériel commandé" in reader.get(f"/actions/{number}")
    with writing():
        redactions.agree(asked, actor=actor_of("copil", clock), now=clock.now)
    for page in (f"/actions/{number}", "/lettres/1", "/lettres/1/courriel"):
        told = reader.get(page)
        assert "Le matériel commandé" not in told, page
        assert "Texte retiré" in told, page
    with pytest.raises(Conflict), writing():
        redactions.ask(TextKind.UPDATE, key, "", WHY, actor=actor_of("gestion", clock), now=clock.now)


def test_the_title_left_to_a_withdrawn_proposal_is_kept_in_french(town: Scene, writing: Any, clock: Any) -> None:
    row = db.session.scalars(select(Proposal).where(Proposal.title == "Un café commun")).one()
    key, number = row.id, row.number
    with writing():
        asked = redactions.ask(TextKind.PROPOSAL, key, "", WHY, actor=actor_of("gestion", clock), now=clock.now).id
    with speaking("en"), writing():
        redactions.agree(asked, actor=actor_of("moderation", clock), now=clock.now)
    assert db.session.get_one(Proposal, key).title == f"Proposition n° {number}"


def test_a_refused_withdrawal_leaves_the_text_and_may_be_asked_again(town: Scene, writing: Any, clock: Any) -> None:
    key = db.session.scalars(select(Decision.id).where(Decision.reason.contains("MARTIN"))).one()
    for _round in range(2):
        with writing():
            row = redactions.ask(TextKind.DECISION, key, "", WHY, actor=actor_of("gestion", clock), now=clock.now)
            asked = row.id
        with pytest.raises(Conflict), writing():
            redactions.ask(TextKind.DECISION, key, "", f"{WHY} Vite.", actor=actor_of("gestion", clock), now=clock.now)
        with writing():
            redactions.refuse(asked, actor=actor_of("copil", clock), now=clock.now)
    assert "MARTIN" in db.session.get_one(Decision, key).reason


def test_a_proposal_loses_its_text_in_every_version_and_in_search(
    town: Scene, writing: Any, clock: Any, app: Any
) -> None:
    proposal = db.session.scalars(select(Proposal).where(Proposal.title == "Un café commun")).one()
    mention = traces.Mention(TextKind.PROPOSAL, proposal.id, "", "")
    number = proposal.number
    reader = CheckedClient(app).login(town.agent)
    assert "Un café commun" in reader.get("/propositions?q=cafe+commun")
    withdraw(mention, writing, clock)
    assert "Un café commun" not in reader.get("/propositions?q=cafe+commun")
    assert "Un café commun" not in reader.get(f"/propositions/{number}/historique")
    assert "Un café commun" not in reader.get("/lettres/1")
    content = json.loads(db.session.scalars(select(Frozen.content)).one())
    assert "Un café commun" not in str(content)


# --- By its pages ------------------------------------------------------------------------------------------------


def test_the_link_to_ask_stands_beside_each_text_for_those_who_may(town: Scene, app: Any) -> None:
    agent = CheckedClient(app).login(town.agent)
    moderator = CheckedClient(app).login(db.session.scalars(select(User).where(User.login == "moderation")).one())
    number = db.session.scalars(select(Proposal.number).where(Proposal.title == "Un café commun")).one()
    link = "a[href*='/reglages/retraits/demander']"
    for page in ("/actions/2", f"/propositions/{number}", "/lettres/1"):
        offered = moderator.get(page).select(link)
        assert offered, page
        for one in offered:
            assert "Pourquoi retirer ce texte" in moderator.get(str(one["href"])), one["href"]
        assert not agent.get(page).select(link), page


def test_a_text_that_is_corrected_by_hand_has_the_link_of_its_page(town: Scene, app: Any, writing: Any) -> None:
    with writing():
        project = db.session.get_one(Programme, town.programme_id)
        group = factories.group(project, mandate="Suivre ce que dit Odile Martin-Brume.")
        action = factories.action(project, title="L'atelier d'Odile Martin-Brume")
        hidden = factories.proposal(project)
        factories.add(
            Authorship(proposal_id=hidden.id, name="Odile Martin-Brume (Voirie)", sealed=True,
                       accepted_at=town.now())
        )  # fmt: skip
        group_id, number, hidden_number = group.id, action.number, hidden.number
    manager = CheckedClient(app).login(db.session.scalars(select(User).where(User.login == "gestion")).one())
    page = manager.get(f"/reglages/personnes/{town.author.id}/effacer")
    links = {str(one["href"]) for one in page.select("main li a")}
    assert f"/reglages/groupes/{group_id}" in links
    assert f"/actions/{number}" in links
    assert "(mandat)" in page
    assert f"/propositions/{hidden_number}" not in links, "it would tell whose it is"


def test_two_people_withdraw_the_words_of_a_letter_by_its_pages(town: Scene, app: Any) -> None:
    visit = {
        login: CheckedClient(app).login(db.session.scalars(select(User).where(User.login == login)).one())
        for login in ("moderation", "copil")
    }
    assert "Merci à Odile" in visit["copil"].get("/lettres/1")
    (asked,) = visit["moderation"].get("/lettres/1").select("a[href*='type=letter']")
    page = visit["moderation"].submit(str(asked["href"]), {"reason": WHY})
    here = str(page.select("main li a[href*='/reglages/retraits/']")[0]["href"])
    assert "Retirer le texte" not in visit["moderation"].get(here)
    assert "Retirer ce texte ?" in visit["copil"].post(here, {"answer": "agree"}, expected=200)
    assert "Texte retiré." in visit["copil"].submit(here, {"answer": "agree", "confirmed": "yes"})
    told = visit["copil"].get("/lettres/1")
    assert "Merci à Odile" not in told
    assert "Texte retiré le 16 mars 2026." in told
    assert [finding for finding in checks.deep() if finding.level is Level.ERROR] == []


def test_a_person_is_erased_from_the_page_of_their_request(town: Scene, app: Any) -> None:
    manager = CheckedClient(app).login(db.session.scalars(select(User).where(User.login == "gestion")).one())
    page = f"/reglages/personnes/{town.author.id}/effacer"
    seen = manager.get(page)
    assert "odile.martin-brume" in seen
    assert len(seen.select("main a[href*='/reglages/retraits/demander']")) == 3
    assert "rien n'a été effacé" in manager.post(page, {"login": "odile"}, expected=422)
    done = manager.post(page, {"login": "odile.martin-brume"}, expected=200)
    assert len(done.select("main a[href*='/reglages/retraits/demander']")) == 3
    manager.get(page, 409)


def test_a_login_that_is_a_plain_word_is_not_looked_for(app: Any, writing: Any) -> None:
    with writing():
        plain = factories.user(login="agente", first_name="Lise", last_name="Aubry")
        dotted = factories.user(login="lise.aubry2", first_name="Lise", last_name="Aubry")
        assert "agente" not in traces.names_of(plain).exact
        assert "lise.aubry2" in traces.names_of(dotted).exact


def test_somebody_of_whom_no_name_can_be_looked_for_takes_nothing_with_them(
    town: Scene, writing: Any, clock: Any
) -> None:
    with writing():
        key = factories.user(login="yz", email=None, first_name="Y", last_name="Z").id
    person = db.session.get_one(User, key)
    assert traces.names_of(person).all() == ()
    before = {event.id: event.changes for event in db.session.scalars(select(Event))}
    with writing():
        left = erasure.erase(key, typed_login="yz", actor=actor_of("gestion", clock), now=clock.now)
    assert left == ()
    end_transaction(commit=False)
    after = db.session.scalars(select(Event).where(Event.id.in_(before)))
    assert {event.id: event.changes for event in after} == before
