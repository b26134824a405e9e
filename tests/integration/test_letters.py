"""Letters: composed from the data, edited, proofread, approved, published once, frozen for ever."""

from __future__ import annotations

import email
from dataclasses import replace
from datetime import date, timedelta
from email.policy import default

import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import NOON
from tests.integration.letter_scene import PRIVATE, QUARTER, approve, content, publish_next
from tracker.enums import ActionStatus, LetterState, UpdateKind
from tracker.errors import Conflict, Forbidden, IllegalTransition, Refused
from tracker.extensions import db
from tracker.letters import digest
from tracker.models import Authorship, Event, Frozen, Programme
from tracker.queries import figures, letter_drafts, projects
from tracker.services import letters

# --- Composing ------------------------------------------------------------------------------------------------


def test_a_letter_tells_answers_actions_and_dates_of_its_period(published, client) -> None:
    page = client.login(published.agent).get("/lettres/1")
    for said in (
        "La lettre du projet n° 1", "bien rempli", "Un café commun", "C'est simple et cela rassemble.",
        "Trop cher.", "Le premier café a eu lieu.", "Le matériel n'est pas arrivé.", "Comité d'avril",
        "Odile Martin", "Ouvert jusqu'au 30 avril 2026", "1 action réalisée sur 2, 1 en retard",
    ):  # fmt: skip
        assert said in page.words.replace("\u00a0", " "), said
    assert "Pas publiée encore." not in page


def test_figures_of_a_quarter_not_over_are_provisional_and_stop_today(drafted) -> None:
    letter = drafted.letter()
    assert letter.provisional
    assert letter.as_of == date(2026, 3, 16)


def test_figures_of_a_quarter_that_is_over_stop_at_its_last_day(scene, writing, clock) -> None:
    clock.advance(days=30)
    with writing():
        letter = letters.build(scene.programme_id, QUARTER, actor=scene.actor, now=clock.now)
        assert not letter.provisional
        assert letter.as_of == date(2026, 3, 31)


@pytest.mark.parametrize("quarter", ["2026-T2", "2024-T1", "2031-T1", "printemps"])
def test_a_quarter_to_come_outside_the_project_or_misspelt_is_refused(scene, writing, quarter) -> None:
    with writing(), pytest.raises(Refused):
        letters.build(scene.programme_id, quarter, actor=scene.actor, now=scene.now())


def test_refreshing_keeps_texts_order_hidden_and_free_blocks(drafted, writing) -> None:
    who = {"actor": drafted.actor, "now": drafted.now()}
    with writing():
        letter = drafted.letter()
        letters.write_editorial(letter, "Mon éditorial.", **who)
        letters.edit_block(letter, "answers", text="Mes mots.", **who)
        letters.set_hidden(letter, "late", True, **who)
        letters.move_block(letter, "answers", -1, **who)
        letters.add_block(letter, title="Un mot du groupe", text="Bravo.", **who)
    with writing():
        factories.action(db.session.get(Programme, drafted.programme_id), opened_on=date(2026, 3, 10))
    before = {b.key: (b.position, b.edited_text, b.hidden) for b in drafted.letter().blocks}
    with writing():
        letters.build(drafted.programme_id, QUARTER, **who)
    after = {b.key: (b.position, b.edited_text, b.hidden) for b in drafted.letter().blocks}
    assert before == after
    counts = next(b for b in drafted.letter().blocks if b.key == "counts")
    assert counts.data["closing"]["actions"] == 3


def test_notes_for_the_committee_never_enter_a_letter(published, client) -> None:
    assert PRIVATE not in db.session.scalars(select(Frozen.content)).one()
    client.login(published.agent)
    for path in ("", "/courriel", "/imprimer", ".txt", ".eml"):
        assert PRIVATE not in client.http.get(f"/lettres/1{path}").get_data(as_text=True)


# --- Names ----------------------------------------------------------------------------------------------------


def test_a_sealed_name_is_nowhere(published, client) -> None:
    """The client greps every answer; here the parts of the message are decoded first."""
    client.login(published.agent)
    for path in ("", "/courriel", "/imprimer", ".txt"):
        client.get(f"/lettres/1{path}")
    mail = email.message_from_bytes(client.get("/lettres/1.eml").response.get_data(), policy=default)
    for part in mail.walk():
        if not part.is_multipart():
            assert published.sealed.last_name not in part.get_content()
    assert published.sealed.last_name not in db.session.scalars(select(Frozen.content)).one()


def test_sealing_later_blanks_the_name_and_the_hash_stands(published, writing, client) -> None:
    assert "Odile Martin" in client.login(published.agent).get("/lettres/1")
    frozen = db.session.scalars(select(Frozen)).one()
    sha256 = frozen.sha256
    with writing():
        row = db.session.scalars(select(Authorship).where(Authorship.user_id == published.author.id)).one()
        row.sealed, row.thanks_consent = True, False
    assert "Odile Martin" not in client.get("/lettres/1")
    frozen = db.session.scalars(select(Frozen)).one()
    assert frozen.sha256 == sha256 == digest(frozen.content)


def test_without_consent_nobody_is_thanked_by_name(drafted, writing, client) -> None:
    with writing():
        row = db.session.scalars(select(Authorship).where(Authorship.user_id == drafted.author.id)).one()
        row.thanks_consent = False
    publish_next(drafted, writing, QUARTER)
    assert "Odile Martin" not in client.login(drafted.agent).get("/lettres/1")


# --- Publication ----------------------------------------------------------------------------------------------


def test_publication_gives_a_number_freezes_and_closes_the_draft(published) -> None:
    letter = published.letter()
    frozen = db.session.scalars(select(Frozen)).one()
    assert (letter.number, letter.frozen_id, letter.published_at) == (1, frozen.id, NOON)
    assert letter.blocks == []
    assert frozen.sha256 == digest(frozen.content)
    assert frozen.schema_version == content()["schema_version"] == 1
    assert " : " not in frozen.content[:200]
    assert letter_drafts.draft(published.programme_id, QUARTER) is None


def test_a_published_letter_refuses_every_change(published, writing) -> None:
    who = {"actor": published.actor, "now": published.now()}
    for change in (
        lambda one: letters.build(published.programme_id, QUARTER, **who),
        lambda one: letters.write_editorial(one, "Autre", **who),
        lambda one: letters.add_block(one, title="Autre", text="Autre", **who),
        lambda one: letters.ask_proofreading(one, [published.reader.id], **who),
        lambda one: letters.leave_remark(one, "Trop tard", **who),
        lambda one: letters.approve(one, "Jeanne Petit", date(2026, 3, 16), **who),
        lambda one: letters.reopen(one, **who),
        lambda one: letters.publish(one, **who),
    ):
        with writing(), pytest.raises(Conflict):
            change(published.letter())
    assert len(db.session.scalars(select(Frozen)).all()) == 1


def test_without_bon_a_tirer_nothing_is_published(drafted, writing) -> None:
    with writing(), pytest.raises(IllegalTransition):
        letters.publish(drafted.letter(), actor=drafted.actor, now=drafted.now())


def test_an_approved_letter_must_be_taken_back_before_it_is_changed(drafted, writing) -> None:
    who = {"actor": drafted.actor, "now": drafted.now()}
    with writing():
        approve(drafted, drafted.letter())
    with writing(), pytest.raises(Conflict):
        letters.write_editorial(drafted.letter(), "Autre", **who)
    with writing():
        letters.reopen(drafted.letter(), **who)
        assert drafted.letter().state is LetterState.DRAFT
        assert drafted.letter().approved_by == ""
        letters.write_editorial(drafted.letter(), "Autre", **who)


def test_letters_are_published_in_the_order_of_their_quarters(published, writing) -> None:
    with writing(), pytest.raises(Refused, match="1ᵉʳ trimestre 2026"):
        letters.build(published.programme_id, "2025-T4", actor=published.actor, now=published.now())


def test_an_older_draft_can_no_more_be_published_once_a_later_one_is(scene, writing) -> None:
    with writing():
        letter = letters.build(scene.programme_id, "2025-T4", actor=scene.actor, now=scene.now())
        approve(scene, letter)
    publish_next(scene, writing, QUARTER)
    with writing(), pytest.raises(Refused):
        letters.publish(letters.get(scene.programme_id, "2025-T4"), actor=scene.actor, now=scene.now())  # type: ignore[arg-type]


def test_each_closing_is_the_next_opening_and_corrections_are_told_apart(published, writing, clock, client) -> None:
    first = content(1)["counters"]
    with writing():
        action = db.session.get(factories.Action, published.late_id)
        row = action.updates[-1]
        clock.advance(days=20)
        factories.update(
            action, row.effective_on, kind=UpdateKind.CORRECTION, supersedes_id=row.id, rank_at=row.rank_at,
            status=ActionStatus.SUSPENDED, planned_end=date(2026, 12, 1), recorded_at=clock.now,
        )  # fmt: skip
    clock.advance(days=90)
    publish_next(published, writing, "2026-T2")
    second = content(2)["counters"]
    assert second["opening"] == first["closing"]
    assert second["corrections"]["actions_suspended"] == 1
    assert second["corrections"]["late"] == -1
    for key, closing in second["closing"].items():
        assert second["opening"][key] + second["corrections"][key] + second["changes"][key] == closing
    assert "Corrections" in client.login(published.agent).get("/lettres/2")


def test_a_correction_recorded_later_changes_figures_known_now_not_the_frozen_ones(published, writing, clock) -> None:
    project = projects.frame().principal
    assert project is not None
    shown = content()["counters"]["closing"]
    clock.advance(days=1)
    with writing():
        action = db.session.get(factories.Action, published.done_id)
        row = action.updates[-1]
        factories.update(
            action, row.effective_on, kind=UpdateKind.CORRECTION, supersedes_id=row.id, rank_at=row.rank_at,
            recorded_at=clock.now,
        )  # fmt: skip
    now = figures.snapshot(project, as_of=date(2026, 3, 16)).counters
    then = figures.snapshot(project, as_of=date(2026, 3, 16), known_at=NOON).counters
    assert (shown["actions_done"], then["actions_done"], now["actions_done"]) == (1, 1, 0)
    assert then == shown == content()["counters"]["closing"]


# --- Rights and trace ---------------------------------------------------------------------------------------


def test_the_services_ask_too(drafted, writing) -> None:
    stranger = replace(drafted.actor, id=drafted.agent.id, grants=())
    for change in (
        lambda one: letters.build(drafted.programme_id, QUARTER, actor=stranger, now=drafted.now()),
        lambda one: letters.write_editorial(one, "x", actor=stranger, now=drafted.now()),
        lambda one: letters.publish(one, actor=stranger, now=drafted.now()),
        lambda one: letters.set_public(one, True, actor=stranger, now=drafted.now()),
        lambda one: letters.leave_remark(one, "x", actor=stranger, now=drafted.now()),
    ):
        with writing(), pytest.raises(Forbidden):
            change(drafted.letter())


def test_every_write_leaves_a_trace_without_texts(published) -> None:
    events = db.session.scalars(select(Event).where(Event.subject == "letter").order_by(Event.id)).all()
    assert [event.verb for event in events] == [
        "letter:build", "letter:write", "letter:proofread", "letter:approve", "letter:publish",
    ]  # fmt: skip
    assert "bien rempli" not in str([event.changes for event in events])


def test_what_the_period_says_is_what_became_effective_in_it(published, writing, clock) -> None:
    """A decision published the day after the closing belongs to the next letter."""
    with writing():
        programme = db.session.get(Programme, published.programme_id)
        next_day = factories.proposal(programme, author=published.agent, sent_on=date(2026, 3, 2))
        factories.decision(next_day, taken_on=date(2026, 3, 17))
        number = next_day.number
    clock.set(NOON + timedelta(days=120))
    publish_next(published, writing, "2026-T2")
    told = {one["proposal"] for block in content(2)["blocks"] for one in block["data"].get("answers", ())}
    assert told == {number}
