"""Two accounts of one person made one: everything follows, nothing that is hidden shows, and what is left is empty."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import NOON
from tests.integration.town_scene import actor
from tracker.enums import CodeChannel, OutboxState, ProposalState, RequestKind, ReviewAdvice, Role, TextKind
from tracker.errors import Conflict, Forbidden, NotFound, Refused
from tracker.extensions import db, end_transaction
from tracker.models import (
    ActivationCode,
    Authorship,
    Comment,
    DataRequest,
    Event,
    Follow,
    Letter,
    Matricule,
    OutboxMessage,
    Proofreading,
    RecoveryCode,
    Redaction,
    RegisterRun,
    Review,
    RoleGrant,
    SecondFactor,
    User,
    UserSession,
    Workshop,
)
from tracker.queries import checks, letters
from tracker.queries.checks import Level
from tracker.services import erasure, merging, vote_merging
from tracker.services.accounts import open_session

ROOT = "/reglages/personnes"


class Town:
    """The same person twice: `kept` has the open account, `dropped` came again with another register."""

    def __init__(self) -> None:
        self.city = factories.entity(short_name="Ville")
        self.agglo = factories.entity(short_name="Agglo")
        self.project = factories.programme(entities=[self.city, self.agglo])
        self.group = factories.group(self.project)
        self.boss = factories.user(Role.ADMIN, login="gestion")
        self.kept = factories.user(
            first_name="Odile", last_name="Petit", login="odile.petit", entity_id=self.city.id, password_hash="x",
            email=None,
        )  # fmt: skip
        self.dropped = factories.user(
            first_name="Odile", last_name="Petit-Roy", login="odile.petit2", entity_id=self.agglo.id,
            email="odile@exemple.fr",
        )  # fmt: skip
        self.kept_id, self.dropped_id = self.kept.id, self.dropped.id


def merge(
    town: Town, writing: Any, *, kept: int = 0, dropped: int = 0, said: bool = False, by: str = "gestion",
    seen: str | None = None,
) -> None:  # fmt: skip
    who, keys = actor(by), vote_merging.read_keys()
    kept, dropped = kept or town.kept_id, dropped or town.dropped_id
    if seen is None:
        found = merging.preview(kept_id=kept, dropped_id=dropped, keys=keys, actor=who, now=NOON)
        seen = found.mark
    end_transaction(commit=False)
    with writing():
        merging.merge(kept_id=kept, dropped_id=dropped, keys=keys, seen=seen, management_said=said, actor=who, now=NOON)


def test_every_foreign_key_to_a_person_is_handled() -> None:
    found = {
        f"{column.table.name}.{column.name}"
        for table in db.metadata.sorted_tables
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name == "user"
    }
    moved = {f"{column.class_.__tablename__}.{column.key}" for column in merging.MOVED}
    assert found == moved | merging.SPECIAL, "say in services/merging.py what becomes of it"
    assert not moved & merging.SPECIAL


def fill(town: Town) -> None:
    """A row in every table that names the one who goes, and doubles of some."""
    kept, gone = town.kept_id, town.dropped_id
    action = factories.action(town.project, pilot_id=gone)
    factories.update(action, date(2026, 2, 2), author_id=gone)
    idea = factories.proposal(town.project, author=town.dropped)
    both = factories.proposal(town.project, author=town.dropped)
    factories.add(Authorship(proposal_id=both.id, user_id=kept, sealed=True))
    letter = factories.add(
        Letter(programme_id=town.project.id, quarter="2026-T1", title="Lettre", as_of=date(2026, 3, 16), known_at=NOON)
    )
    at = {"recorded_at": NOON}
    rows = [
        Matricule(entity_id=town.agglo.id, number="77", user_id=gone),
        ActivationCode(user_id=gone, code_hash="c", channel=CodeChannel.SLIP, made_at=NOON,
                       expires_at=NOON + timedelta(days=9)),
        ActivationCode(user_id=town.boss.id, code_hash="d", channel=CodeChannel.SLIP, made_at=NOON, made_by_id=gone,
                       expires_at=NOON + timedelta(days=9)),
        SecondFactor(user_id=gone, secret="s"),
        RecoveryCode(user_id=gone, code_hash="r"),
        Comment(proposal_id=idea.id, author_id=gone, body="Oui.", **at),
        Review(proposal_id=idea.id, reviewer_id=gone, advice=ReviewAdvice.FAVOURABLE, text="Oui.",
               effective_on=date(2026, 3, 3), **at),
        Follow(proposal_id=idea.id, user_id=gone, created_on=date(2026, 3, 3)),
        Follow(action_id=action.id, user_id=gone, created_on=date(2026, 3, 3)),
        Follow(action_id=action.id, user_id=kept, created_on=date(2026, 3, 4)),
        Proofreading(letter_id=letter.id, user_id=gone, asked_at=NOON, answered_at=NOON, remark="Bien."),
        Proofreading(letter_id=letter.id, user_id=kept, asked_at=NOON),
        Event(at=NOON, actor_id=gone, actor_label="Odile", verb="x", subject="user", subject_id=gone),
        Redaction(kind=TextKind.UPDATE, target_id=1, reason="?", asked_by_id=gone, asked_at=NOON),
        Redaction(kind=TextKind.UPDATE, target_id=2, reason="?", asked_by_id=town.boss.id, asked_at=NOON,
                  agreed_by_id=gone, agreed_at=NOON),
        DataRequest(user_id=gone, kind=RequestKind.CORRECTION, made_at=NOON, due_on=date(2026, 4, 1)),
        RegisterRun(file_name="f", sha256="0", asked_by_id=gone, asked_at=NOON),
        OutboxMessage(dedupe_key="1", user_id=gone, address="odile@exemple.fr", kind="x", not_before=NOON,
                      queued_at=NOON),
        RoleGrant(user_id=gone, role=Role.MODERATOR, starts_on=date(2026, 1, 1)),
        RoleGrant(user_id=kept, role=Role.MODERATOR, starts_on=date(2025, 1, 1), ends_on=date(2026, 2, 1)),
        RoleGrant(user_id=gone, role=Role.GROUP_LEAD, group_id=town.group.id, starts_on=date(2025, 6, 1)),
    ]  # fmt: skip
    for row in rows:
        factories.add(row)


def still_named(user_id: int) -> set[str]:
    return {
        f"{table.name}.{column.name}"
        for table in db.metadata.sorted_tables
        for column in table.columns
        if any(key.column.table.name == "user" for key in column.foreign_keys)
        and db.session.scalar(select(func.count()).select_from(table).where(column == user_id))
    }


def test_nothing_names_the_account_that_goes_and_what_is_left_of_it_is_empty(
    town: Town, writing: Any, app: Flask
) -> None:
    with writing():
        fill(town)
        open_session(user_id=town.dropped_id, shared=False, now=NOON)
    merge(town, writing)
    assert still_named(town.dropped_id) == set()
    left = db.session.get_one(User, town.dropped_id)
    assert (left.merged_into_id, left.login, left.email, left.password_hash, left.is_active) == (
        town.kept_id, f"reunie-{left.id}", None, None, False,
    )  # fmt: skip
    assert "Petit" not in left.name
    kept = db.session.get_one(User, town.kept_id)
    assert (kept.login, kept.email, kept.entity_id) == ("odile.petit", "odile@exemple.fr", town.city.id)
    assert db.session.scalars(select(UserSession.ended_at)).all() == [NOON]
    assert db.session.scalars(select(ActivationCode.code_hash)).all() == ["d"]
    assert db.session.scalar(select(func.count()).select_from(Follow)) == 2
    reading = db.session.scalars(select(Proofreading)).one()
    assert (reading.remark, reading.answered_at) == ("Bien.", NOON)
    assert db.session.scalars(select(Event.subject_id).where(Event.verb == "x")).one() == town.kept_id
    assert [finding for finding in checks.deep() if finding.level is Level.ERROR] == []


def test_erasing_who_was_merged_looks_for_the_name_of_the_account_that_went(town: Town, writing: Any) -> None:
    with writing():
        idea = factories.proposal(town.project, title="Une idée d'Odile Petit-Roy")
        factories.add(Authorship(proposal_id=idea.id, name="Petit-Roy Odile", accepted_at=NOON))
        idea_id = idea.id
    merge(town, writing)
    found = {mention.target_id for mention in erasure.preview(town.kept_id, actor=actor()).mentions}
    end_transaction(commit=False)
    assert found == {idea_id}, "by the name that the account kept does not have"
    login = db.session.get_one(User, town.kept_id).login
    end_transaction(commit=False)
    who = actor()
    with writing():
        left = erasure.erase(town.kept_id, typed_login=login, actor=who, now=NOON)
        assert [mention.target_id for mention in left] == [idea_id], "a text is corrected by two people"
    assert db.session.scalars(select(Authorship.name)).all() == [f"{erasure.NO_NAME} {town.kept_id}"]
    assert db.session.scalars(select(User.merged_names)).all() == [[], [], []]


def test_a_role_held_twice_is_held_once_over_both_times(town: Town, writing: Any) -> None:
    with writing():
        fill(town)
    merge(town, writing)
    rows = db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == town.kept_id).order_by(RoleGrant.role)).all()
    assert [(row.role, row.starts_on, row.ends_on) for row in rows] == [
        (Role.GROUP_LEAD, date(2025, 6, 1), None), (Role.MODERATOR, date(2025, 1, 1), None),
    ]  # fmt: skip


def test_the_account_that_opens_stays_the_one_that_opens(town: Town, writing: Any) -> None:
    """Kept or not, the row that has a password brings its login, its second factor and its identity."""
    with writing():
        kept, gone = db.session.get_one(User, town.kept_id), db.session.get_one(User, town.dropped_id)
        kept.password_hash, gone.password_hash = None, "theirs"
        gone.issuer, gone.subject = "https://id.exemple.fr", "42"
        factories.add(SecondFactor(user_id=gone.id, secret="s"))
    merge(town, writing)
    kept = db.session.get_one(User, town.kept_id)
    assert (kept.login, kept.password_hash, kept.subject) == ("odile.petit2", "theirs", "42")
    assert db.session.scalars(select(SecondFactor.user_id)).all() == [town.kept_id]


def test_two_acts_of_two_people_stay_told_apart(town: Town, writing: Any) -> None:
    with writing():
        factories.add(
            Redaction(
                kind=TextKind.UPDATE, target_id=1, reason="?", asked_by_id=town.kept_id, asked_at=NOON,
                agreed_by_id=town.dropped_id, agreed_at=NOON,
            )
        )  # fmt: skip
    merge(town, writing)
    assert db.session.scalars(select(Redaction.agreed_by_id)).one() == town.dropped_id


def test_a_mail_that_waits_goes_to_the_address_kept(town: Town, writing: Any) -> None:
    with writing():
        db.session.get_one(User, town.kept_id).email = "petit@exemple.fr"
        for key, user_id, source in (("1", town.dropped_id, 5), ("2", town.dropped_id, 6), ("3", town.kept_id, 6)):
            factories.add(
                OutboxMessage(
                    dedupe_key=key, user_id=user_id, address="a@exemple.fr", kind="x", source_id=source,
                    not_before=NOON, queued_at=NOON,
                )
            )  # fmt: skip
    merge(town, writing)
    rows = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
    assert [row.state for row in rows] == [OutboxState.PENDING, OutboxState.CANCELLED, OutboxState.PENDING]
    assert rows[0].address == "petit@exemple.fr"


def test_a_mail_that_waits_keeps_its_address_when_nobody_has_one(town: Town, writing: Any) -> None:
    with writing():
        db.session.get_one(User, town.dropped_id).email = None
        factories.add(
            OutboxMessage(
                dedupe_key="1", user_id=town.dropped_id, address="a@exemple.fr", kind="x", not_before=NOON,
                queued_at=NOON,
            )
        )  # fmt: skip
    merge(town, writing)
    assert db.session.scalars(select(OutboxMessage.address)).one() == "a@exemple.fr"


def test_nobody_merges_themselves_nor_what_is_gone_nor_without_the_right(town: Town, writing: Any) -> None:
    boss_id = town.boss.id
    for ids in ((boss_id, town.kept_id), (town.kept_id, boss_id), (town.kept_id, town.kept_id)):
        with pytest.raises(Refused):
            merge(town, writing, kept=ids[0], dropped=ids[1])
    with pytest.raises(Forbidden):
        merge(town, writing, by="odile.petit")
    with pytest.raises(Refused, match="propre compte"), writing():
        merging.give_names(user_id=boss_id, authorship_ids={1}, actor=actor(), now=NOON)
    merge(town, writing)
    with pytest.raises(NotFound):
        merge(town, writing)


@pytest.mark.parametrize("manager", ["kept_id", "dropped_id"])
def test_management_is_never_given_without_its_being_said(town: Town, writing: Any, manager: str) -> None:
    with writing():
        factories.add(RoleGrant(user_id=getattr(town, manager), role=Role.ADMIN, starts_on=date(2027, 1, 1)))
    with pytest.raises(Refused, match="gère l'outil"):
        merge(town, writing)
    assert db.session.get_one(User, town.dropped_id).merged_into_id is None
    merge(town, writing, said=True)
    assert db.session.get_one(User, town.dropped_id).merged_into_id == town.kept_id


def test_what_changed_since_the_preview_is_read_again(town: Town, writing: Any) -> None:
    with pytest.raises(Conflict, match="relisez"):
        merge(town, writing, seen="of another time")


def test_a_second_merge_leads_every_row_to_the_last_one(town: Town, writing: Any) -> None:
    with writing():
        third = factories.user().id
    merge(town, writing)
    merge(town, writing, kept=third, dropped=town.kept_id)
    rows = db.session.scalars(select(User.merged_into_id).where(User.id.in_([town.kept_id, town.dropped_id])))
    assert list(rows) == [third, third]


# --- The pages -------------------------------------------------------------------------------------------------


@pytest.fixture
def boss(town: Town, client: CheckedClient) -> CheckedClient:
    return client.login(town.boss)


def test_a_manager_merges_two_accounts_by_the_pages(boss: CheckedClient, town: Town, count_sql: Any) -> None:
    found = boss.get(f"{ROOT}/{town.kept_id}/reunir?q=odile")
    (link,) = found.select("#fiches a")
    path = str(link["href"])
    with count_sql() as statements:
        page = boss.get(path)
    assert len(statements) <= 8
    assert "L'adresse odile@exemple.fr passe à la fiche gardée." in page
    assert "Cela ne s'annule pas" in boss.post(path, expected=200)
    assert "n'en font plus qu'une" in boss.submit(path, {"confirmed": "yes", "seen": page.select("#seen")[0]["value"]})
    assert boss.get(f"{ROOT}/{town.dropped_id}", expected=303).location.endswith(f"/{town.kept_id}")
    assert boss.get(f"{ROOT}/{town.dropped_id}/modifier", expected=303).location.endswith(f"/{town.kept_id}")
    assert boss.post(path, {"confirmed": "yes"}).location.endswith(f"/{town.kept_id}"), "the button pressed twice"
    assert boss.get(f"{ROOT}?q=odile&etat=toutes").text.count("odile.petit") == 1


def test_the_preview_says_nothing_of_names_that_are_not_displayed(
    boss: CheckedClient, town: Town, writing: Any
) -> None:
    """The page is the same, word for word, whether the person proposed without being named or not."""
    path = f"{ROOT}/{town.kept_id}/reunir/{town.dropped_id}"
    before = boss.get(path).words
    with writing():
        factories.proposal(town.project, author=town.dropped, sealed=True)
        factories.proposal(town.project, author=town.dropped, state=ProposalState.DRAFT)
    assert boss.get(path).words == before


def test_a_name_of_a_workshop_is_given_to_an_account(boss: CheckedClient, town: Town, writing: Any) -> None:
    with writing():
        shop = factories.add(Workshop(programme_id=town.project.id, title="Atelier", held_on=date(2026, 3, 2)))
        ideas = [
            factories.proposal(town.project, origin="workshop", workshop_id=shop.id) for _turn in range(4)
        ]  # fmt: skip
        named = [
            factories.add(Authorship(proposal_id=idea.id, name=name, sealed=sealed)).id
            for idea, name, sealed in zip(
                ideas, ("Odile PETIT", "Odile Petit", "Odile Petit", "Odile Petit"), (False, False, True, False),
                strict=True,
            )
        ]  # fmt: skip
        factories.add(Authorship(proposal_id=ideas[3].id, user_id=town.kept_id, sealed=True))
    page = boss.get(f"{ROOT}/{town.kept_id}/reunir")
    offered = [str(one["value"]) for one in page.select("#noms input[name=names]")]
    assert sorted(offered, key=int) == [str(named[0]), str(named[1]), str(named[3])], (
        "what is not displayed is not offered"
    )
    path = f"{ROOT}/{town.kept_id}/reunir-des-noms"
    typed = {"q": "Odile Petit", "names": offered}
    assert "homonyme" in boss.post(path, typed, expected=200)
    assert "portent maintenant le compte" in boss.submit(path, {**typed, "confirmed": "yes"})
    rows = {row.id: (row.user_id, row.name) for row in db.session.scalars(select(Authorship))}
    assert rows[named[0]] == rows[named[1]] == (town.kept_id, None)
    assert rows[named[2]] == rows[named[3]] == (None, "Odile Petit"), "who hides their name there is not told"


def test_a_frozen_letter_names_the_account_that_stays(town: Town, writing: Any) -> None:
    merge(town, writing)
    refs = {"authorship": (), "user": (town.dropped_id,), "decision": (), "update": ()}
    assert letters.resolve(refs).users == {town.dropped_id: "Odile Petit"}
