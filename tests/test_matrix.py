"""Who may enter where: every address, every role of the demonstration and none; every state in every step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests import factories
from tests.conftest import NOON
from tests.places import DRAFT, ENTRIES, EVERYBODY, IN_PROJECT, PEOPLE, QUARTER, ROLES, VISITOR, Entry, methods_of
from tests.world import World, demonstration
from tracker.enums import TextKind
from tracker.extensions import db, write_transaction
from tracker.models import Frozen, Redaction, RoleGrant, User
from tracker.queries import redactions

pytestmark = pytest.mark.demo
# known to be without a page of its own: the files of the product
UNWALKED = {"static"}


@pytest.fixture(scope="module")
def world(demo_app: Flask) -> Iterator[World]:
    with demonstration(demo_app) as made:
        yield made


def test_every_address_is_in_the_table(world: World) -> None:
    walked = {entry.endpoint for entry in ENTRIES} | UNWALKED
    assert set(methods_of(world.app)) == walked


def test_the_table_leads_where_it_says(world: World) -> None:
    adapter = world.app.url_map.bind("localhost")
    for entry in ENTRIES:
        methods = methods_of(world.app)[entry.endpoint]
        path = world.path(entry).partition("?")[0]
        endpoint, _args = adapter.match(path, method=min(methods))
        assert endpoint == entry.endpoint, path


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_who_may_enter(world: World, entry: Entry) -> None:
    for method in sorted(methods_of(world.app)[entry.endpoint]):
        for role in (*ROLES, VISITOR):
            _enter(world, entry, method, role)


def _enter(world: World, entry: Entry, method: str, role: str) -> None:
    path = world.path(entry)
    before = world.watch.now()
    answer = world.open(role, method, path)
    wrote = world.watch.written_since(before)
    if wrote:
        world.put_back()
    said = f"{role} {method} {path}: {answer.status}"
    assert not (wrote and method == "GET"), f"GET wrote: {said}"
    if role in entry.allowed(method):
        fits = answer.status < 500 and (answer.status not in {401, 403} or entry.endpoint == "auth.resume_visit")
        assert fits, said
        assert not _leads_to_login(answer.location) or entry.endpoint in {"auth.logout", "second_factor.login"}, said
        return
    assert not wrote, f"refused, yet rows changed: {said}"
    if role == VISITOR:
        if method == "GET":
            assert answer.status == 302, said
            assert _leads_to_login(answer.location), f"{said} leads to {answer.location}"
        else:
            assert answer.status in {400, 401}, said
    else:
        assert answer.status == entry.refusal, said


HELD_IN_A_PROJECT = ("moderation", "etude", "copil", "redaction")
# of no project: who may enter is asked of the person alone
OF_NO_PROJECT = {"moderation.index", "duties.redactions_list", "proposals.paper"}


def test_a_role_in_another_project_opens_nothing_of_this_one(world: World) -> None:
    """Every address that only a role opens, asked by who holds that role in a third project."""
    with world.app.app_context(), write_transaction():
        held = select(User.id).where(User.login.in_(HELD_IN_A_PROJECT))
        third = factories.programme().id
        db.session.execute(update(RoleGrant).where(RoleGrant.user_id.in_(held)).values(programme_id=third))
    try:
        before = world.watch.now()
        opened, asked = [], 0
        for entry in ENTRIES:
            if entry.endpoint in OF_NO_PROJECT:
                continue
            for method in sorted(methods_of(world.app)[entry.endpoint]):
                for role in sorted(
                    entry.roles.intersection(HELD_IN_A_PROJECT) if entry.roles not in (PEOPLE, EVERYBODY) else ()
                ):
                    asked += 1
                    answer = world.open(role, method, world.path(entry), check=False)
                    if answer.status not in {403, 404}:
                        opened.append(f"{role} {method} {world.path(entry)}: {answer.status} {answer.location}")
        assert not opened, "\n".join(opened)
        assert asked > 80
        assert not world.watch.written_since(before)
        for role in ("moderation", "copil"):
            assert "Ce texte nomme" not in world.open(role, "GET", "/reglages/retraits"), role
        assert not world.open("moderation", "GET", "/moderation").select("main a[href^='/moderation/']")
    finally:
        world.put_back()


TEXTS = {
    TextKind.UPDATE: "SELECT max(id) FROM action_update", TextKind.DECISION: "SELECT max(id) FROM decision",
    TextKind.EVENT: "SELECT max(id) FROM event WHERE programme_id IS NOT NULL",
    TextKind.LETTER: "SELECT max(frozen_id) FROM letter", TextKind.REVIEW: "SELECT max(id) FROM review",
    TextKind.PROPOSAL: "SELECT max(id) FROM proposal WHERE number IS NOT NULL",
    TextKind.MEETING: "SELECT max(id) FROM meeting",
}  # fmt: skip


def test_a_request_to_withdraw_a_text_is_of_the_project_of_that_text(world: World) -> None:
    try:
        for kind, query in TEXTS.items():
            (key,) = world.one(query)
            with world.app.test_request_context(), write_transaction():
                part = ""
                if kind is TextKind.LETTER:
                    content = json.loads(db.session.get_one(Frozen, key).content)
                    part = next(block["id"] for block in content["blocks"] if block.get("edited_text"))
                asked = Redaction(kind=kind, target_id=key, part=part, reason="Essai.", asked_by_id=1, asked_at=NOON)
                db.session.add(asked)
                db.session.flush()
                line, text = redactions.one(asked.id), redactions.find(kind, key, part)
                assert line is not None, kind
                assert text is not None, kind
                assert line.programme_id == text.programme_id is not None, kind
    finally:
        world.put_back()


def _leads_to_login(location: str) -> bool:
    return location.startswith("/connexion")


# --- What one may not know --------------------------------------------------------------------------------------


def _one(world: World, query: str) -> tuple[Any, ...]:
    return world.one(query, **world.objects)


def _readers(world: World, path: str, words: str) -> set[str]:
    """The roles to whom a page shows these words."""
    assert words
    return {role for role in ROLES if words in " ".join(world.open(role, "GET", path).words.split())}


def _plain(text: str, length: int = 40) -> str:
    """The first words of a text, as a page shows them."""
    first = text.split("\n")[0]
    return " ".join(first[:length].rsplit(" ", 1)[0].split())


NAMELESS = (
    "(SELECT id FROM \"user\" WHERE login IN ('agent','pilote','etude','moderation','copil','redaction','admin'))"
)


def test_a_draft_is_known_to_its_author_alone(world: World) -> None:
    key, title = _one(
        world,
        "SELECT p.draft_key, p.title FROM proposal p JOIN authorship a ON a.proposal_id = p.id "
        f"WHERE p.state = 'draft' AND a.user_id NOT IN {NAMELESS} ORDER BY p.id LIMIT 1",
    )
    for role in ROLES:
        for path in (f"/propositions/brouillons/{key}", f"/propositions/brouillons/{key}/apercu"):
            assert world.open(role, "GET", path).status == 404, (role, path)
        found = world.open(role, "GET", f"/propositions?q={quote(title)}")
        assert title not in [heading.get_text(" ", strip=True) for heading in found.select("main h2, main h3")]


def test_a_returned_proposal_and_its_reason_stay_between_author_and_moderation(world: World) -> None:
    key, reason, number, author = _one(
        world,
        "SELECT p.draft_key, t.reason, p.id, u.login FROM proposal p JOIN proposal_transition t ON t.proposal_id = "
        "p.id JOIN authorship a ON a.proposal_id = p.id JOIN \"user\" u ON u.id = a.user_id WHERE p.state = 'draft' "
        f"AND t.reason <> '' AND a.user_id NOT IN {NAMELESS} ORDER BY a.sealed, p.id LIMIT 1",
    )
    words = _plain(reason)
    for path in (f"/propositions/brouillons/{key}", f"/moderation/{number}", f"/propositions/brouillons/{key}/apercu"):
        for role in ROLES:
            answer = world.open(role, "GET", path)
            assert answer.status in {403, 404}, (role, path)
            assert words not in answer.text
    for path in ("/", "/propositions", "/propositions/mes-propositions"):
        assert not _readers(world, path, words)
    assert words in world.as_person(author, f"/propositions/brouillons/{key}").words


def test_a_submission_is_read_by_its_authors_and_the_moderation(world: World) -> None:
    key, title, body = _one(world, "SELECT draft_key, title, body FROM proposal WHERE id = :submitted")
    path = f"/moderation/{world.objects['submitted']}"
    assert _readers(world, path, _plain(body)) == {"moderation"}
    assert not _readers(world, f"/propositions/brouillons/{key}", _plain(body))
    for role in ROLES:
        found = world.open(role, "GET", f"/propositions?q={quote(title)}")
        assert title not in [heading.get_text(" ", strip=True) for heading in found.select("main h2, main h3")]


def test_a_private_note_is_read_by_committee_lead_and_pilote(world: World) -> None:
    query = (
        "SELECT a.number, u.private_note FROM action_update u JOIN action a ON a.id = u.action_id JOIN working_group g "
        "ON g.id = a.group_id WHERE u.private_note <> '' AND (a.pilot_id IS NULL OR a.pilot_id <> (SELECT id FROM "
        "\"user\" WHERE login = 'pilote')) AND g.id {} (SELECT group_id FROM role_grant WHERE role = 'group_lead' AND "
        "user_id = (SELECT id FROM \"user\" WHERE login = 'pilote')) ORDER BY u.id DESC LIMIT 1"
    )
    number, note = _one(world, query.format("NOT IN"))
    assert _readers(world, f"/actions/{number}", _plain(note)) == {"copil"}
    for own in world.rows(query.format("IN")):
        assert _readers(world, f"/actions/{own[0]}", _plain(own[1])) == {"copil", "pilote"}


def test_a_decision_not_published_is_known_to_the_committee_alone(world: World) -> None:
    number, reason, meeting = _one(
        world,
        "SELECT p.number, d.reason, d.meeting_id FROM decision d JOIN proposal p ON p.id = d.proposal_id "
        "WHERE d.published_on IS NULL",
    )
    words = _plain(reason)
    pages = (
        f"/propositions/{number}", f"/propositions/{number}/historique", f"/etudes/{number}", f"/a-decider/{number}",
        "/a-decider/publier" + IN_PROJECT, "/a-decider/publier" + IN_PROJECT + "&apercu=1&decision=1", "/",
        f"/reunions/{meeting}", "/propositions" + IN_PROJECT, "/tableau-de-bord" + IN_PROJECT,
    )  # fmt: skip
    for path in pages:
        assert _readers(world, path, words) <= {"copil"}, path
    assert _readers(world, f"/a-decider/{number}", words) == {"copil"}
    for role in set(ROLES) - {"copil"}:
        for path in (f"/propositions/{number}", f"/reunions/{meeting}", "/tableau-de-bord" + IN_PROJECT, "/"):
            assert "non publié" not in world.open(role, "GET", path).words, (role, path)


def test_a_letter_being_written_is_read_by_the_editor_and_those_asked(world: World) -> None:
    forms = [f"{DRAFT}/{form}{IN_PROJECT}" for form in ("relecture", "courriel", "texte", "imprimer", "pdf")]
    for role in ROLES:
        listed = f"/brouillons/{QUARTER}" in world.open(role, "GET", "/lettres" + IN_PROJECT).text
        assert listed == (role == "redaction"), role
    (reader,) = _one(world, "SELECT id FROM \"user\" WHERE login = 'etude'")
    asked = world.open("redaction", "POST", f"{DRAFT}/relecteurs{IN_PROJECT}", {"readers": str(reader)})
    try:
        assert asked.status == 303, asked.words[:300]
        for role in ROLES:
            for path in forms:
                wanted = 200 if role in {"etude", "redaction"} else 403
                assert world.open(role, "GET", path).status == wanted, (role, path)
        assert world.open("etude", "GET", DRAFT + IN_PROJECT).status == 403
        assert world.open("etude", "POST", forms[0], {"remark": "Rien à redire."}).status == 303
        for act in ("blocs/editorial", "bon-a-tirer", "publier", "ajouter", "actualiser"):
            assert world.open("etude", "POST", f"{DRAFT}/{act}{IN_PROJECT}").status == 403, act
    finally:
        world.put_back()


def test_a_visitor_reads_a_letter_only_once_it_is_open(world: World) -> None:
    number = world.objects["letter"]
    addresses = [f"/lettres/{number}{form}" for form in ("", ".txt", ".eml", "/courriel", "/imprimer", ".pdf")]
    for path in (*addresses, "/lettres", f"/lettres/{number + 1}"):
        assert _leads_to_login(world.open(VISITOR, "GET", path).location), path
    try:
        assert world.open("redaction", "POST", f"/lettres/{number}/acces", {"ouverte": "1"}).status == 303
        for path in (*addresses, "/lettres"):
            assert world.open(VISITOR, "GET", path).status == 200, path
        # nothing is said of the others
        for path in (f"/lettres/{number - 1}", f"/lettres/{number + 1}", f"/lettres/{number - 1}.eml"):
            assert _leads_to_login(world.open(VISITOR, "GET", path).location), path
    finally:
        world.put_back()
