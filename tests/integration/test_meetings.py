"""Meetings: agenda, what was said and decided there, minutes; written by those who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from tests import factories
from tests.client import CheckedClient
from tests.conftest import NOON
from tests.integration.test_decisions import CONDITION, WHY, YES, Committee, one
from tests.integration.test_reviews import count
from tracker.enums import ActionStatus, MeetingKind, ProposalState, Role
from tracker.errors import Conflict, Forbidden, Refused
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import Event, Meeting, Programme, Proposal, User
from tracker.services import meetings as service
from tracker.services.meetings import MeetingInput

S = ProposalState
STEERING = MeetingInput(title="Comité de pilotage", kind=MeetingKind.STEERING, held_on=date(2026, 3, 24))
FORM = {
    "title": "Comité de pilotage de printemps", "kind": "steering", "group_id": "", "held_on": "2026-03-24",
    "place": "Salle des mariages", "agenda": "- Réponses aux propositions", "minutes": "",
}  # fmt: skip


def user_named(login: str) -> User:
    end_transaction(commit=False)
    user = db.session.scalar(select(User).where(User.login == login))
    assert user is not None
    return user


@pytest.mark.usefixtures("app")
class TestRules:
    @pytest.mark.parametrize("name", ["copil", "redaction"])
    def test_the_committee_and_the_editors_write_meetings(self, name: str) -> None:
        case = Committee(S.PUBLISHED)
        row = case.do(service.create, programme_id=case.project_id, meeting=STEERING, actor=case.actor(name))
        assert row.title == "Comité de pilotage"
        assert db.session.scalars(select(Event.verb)).all() == ["meeting:create"]

    @pytest.mark.parametrize("name", ["agent", "etude", "moderation", "admin"])
    def test_nobody_else_does(self, name: str) -> None:
        case = Committee(S.PUBLISHED)
        before = count(Meeting)
        with pytest.raises(Forbidden):
            case.do(service.create, programme_id=case.project_id, meeting=STEERING, actor=case.actor(name))
        with pytest.raises(Forbidden):
            case.do(service.edit, meeting_id=case.meeting_id, meeting=STEERING, actor=case.actor(name))
        assert count(Meeting) == before

    def test_a_group_meets_for_itself(self) -> None:
        case = Committee(S.PUBLISHED)
        with write_transaction():
            group = factories.group(db.session.get_one(Programme, case.project_id)).id
            elsewhere = factories.group(factories.programme()).id
        actor = case.actor("copil")
        wrong = [
            replace(STEERING, kind=MeetingKind.GROUP),
            replace(STEERING, group_id=group),
            replace(STEERING, kind=MeetingKind.GROUP, group_id=elsewhere),
        ]
        for meeting in wrong:
            with pytest.raises(Refused):
                case.do(service.create, programme_id=case.project_id, meeting=meeting, actor=actor)
        right = replace(STEERING, kind=MeetingKind.GROUP, group_id=group)
        assert case.do(service.create, programme_id=case.project_id, meeting=right, actor=actor).group_id == group

    def test_minutes_follow_the_meeting(self) -> None:
        case = Committee(S.PUBLISHED)
        with pytest.raises(Refused) as refusal:
            case.do(
                service.create, programme_id=case.project_id, actor=case.actor("copil"),
                meeting=replace(STEERING, minutes="Tout le monde était d'accord."),
            )  # fmt: skip
        assert refusal.value.field == "minutes"

    def test_the_day_of_a_meeting_stands_once_its_answers_are_published(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take(answer=replace(YES, meeting_id=case.meeting_id))
        actor = case.actor("copil")
        moved = replace(STEERING, held_on=date(2026, 3, 11))
        case.do(service.edit, meeting_id=case.meeting_id, meeting=moved, actor=actor)
        assert one(key).taken_on == date(2026, 3, 11)
        with pytest.raises(Refused):
            case.do(service.edit, meeting_id=case.meeting_id, meeting=STEERING, actor=actor)
        case.publish(key)
        with pytest.raises(Conflict):
            case.do(
                service.edit, meeting_id=case.meeting_id, actor=actor,
                meeting=replace(STEERING, held_on=date(2026, 3, 10)),
            )  # fmt: skip
        case.do(
            service.edit, meeting_id=case.meeting_id, actor=actor,
            meeting=replace(moved, minutes="Une réponse a été donnée."),
        )  # fmt: skip

    def test_a_meeting_moves_no_decision_before_its_proposal_was_published(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        with write_transaction():
            db.session.get_one(Proposal, case.ids[0]).published_on = date(2026, 3, 10)
        key = case.take(answer=replace(YES, meeting_id=case.meeting_id))
        actor = case.actor("copil")
        with pytest.raises(Refused) as refusal:
            case.do(
                service.edit, meeting_id=case.meeting_id, actor=actor,
                meeting=replace(STEERING, held_on=date(2026, 3, 9)),
            )  # fmt: skip
        assert refusal.value.field == "held_on"
        assert one(key).taken_on == date(2026, 3, 12)
        case.do(
            service.edit, meeting_id=case.meeting_id, actor=actor, meeting=replace(STEERING, held_on=date(2026, 3, 10))
        )
        assert one(key).taken_on == date(2026, 3, 10)

    def test_the_trace_of_a_meeting_that_moves_names_the_decisions_moved_with_it(self) -> None:
        case = Committee(S.UNDER_REVIEW)
        key = case.take(answer=replace(YES, meeting_id=case.meeting_id))
        case.do(
            service.edit, meeting_id=case.meeting_id, actor=case.actor("copil"),
            meeting=replace(STEERING, held_on=date(2026, 3, 11)),
        )  # fmt: skip
        event = db.session.scalars(select(Event).where(Event.verb == "meeting:edit")).one()
        assert event.changes["held_on"] == ["2026-03-12", "2026-03-11"]
        assert event.changes["decisions"] == [key]

    def test_a_change_says_old_and_new_and_no_change_says_nothing(self) -> None:
        case = Committee(S.PUBLISHED)
        actor = case.actor("copil")
        case.do(service.edit, meeting_id=case.meeting_id, meeting=replace(STEERING, place="Mairie"), actor=actor)
        case.do(service.edit, meeting_id=case.meeting_id, meeting=replace(STEERING, place="Mairie"), actor=actor)
        events = db.session.scalars(select(Event)).all()
        assert len(events) == 1
        assert events[0].changes["place"] == ["", "Mairie"]


class TestPages:
    def test_the_list_has_what_comes_first_then_the_years(self, client: CheckedClient) -> None:
        case = Committee(S.PUBLISHED)
        with write_transaction():
            project = db.session.get_one(Programme, case.project_id)
            for day, title in (
                (date(2026, 5, 4), "Séminaire de mai"), (date(2026, 3, 24), "Prochain comité"),
                (date(2025, 11, 3), "Comité d'automne"),
            ):  # fmt: skip
                factories.meeting(project, day, title=title)
        page = client.login(case.user("agent")).get("/reunions")
        titles = [tag.get_text(strip=True) for tag in page.select(".meeting-title")]
        assert titles == ["Prochain comité", "Séminaire de mai", "Comité de mars", "Comité d'automne"]
        assert [tag.get_text(strip=True) for tag in page.select(".section-head h2")] == ["À venir", "2026", "2025"]
        assert "Ajouter une réunion" not in page

    def test_the_filters_of_the_list(self, client: CheckedClient) -> None:
        case = Committee(S.PUBLISHED)
        with write_transaction():
            project = db.session.get_one(Programme, case.project_id)
            factories.meeting(project, date(2025, 6, 2), title="Séminaire d'été", kind=MeetingKind.SEMINAR)
        client.login(case.user("agent"))
        assert len(client.get("/reunions?type=seminar").select(".meeting-title")) == 1
        assert len(client.get("/reunions?annee=2025").select(".meeting-title")) == 1
        assert len(client.get("/reunions?q=seminaire ete").select(".meeting-title")) == 1
        assert "Aucune réunion ne répond" in client.get("/reunions?q=rien de tel")
        for odd in ("type=x", "annee=abc", "annee=99999", "page=0", "page=500", "q=%22"):
            client.get(f"/reunions?{odd}")

    def test_no_meeting_says_so(self, client: CheckedClient, writing: Any) -> None:
        with writing():
            login = factories.user(programme=factories.programme()).login
        assert "Aucune réunion pour le moment" in client.login(user_named(login)).get("/reunions")

    def test_a_meeting_shows_its_agenda_answers_points_and_minutes(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW)
        case.publish(case.take(answer=replace(YES, meeting_id=case.meeting_id, conditions=(CONDITION,))))
        with write_transaction():
            row = db.session.get_one(Meeting, case.meeting_id)
            row.agenda, row.minutes = "- Réponses\n- Calendrier", "La séance est levée à **midi**."
            action = factories.action(db.session.get_one(Programme, case.project_id), title="Fiche de circuit")
            factories.update(action, row.held_on, meeting_id=row.id, note="Le circuit est prêt.", private_note="Secret")
            title = action.title
        page = client.login(case.user("agent")).get(f"/reunions/{case.meeting_id}")
        for words in ("12 mars 2026", "Réponses", "Calendrier", "midi", WHY, "Retenue sous réserve", title, "prêt"):
            assert words in page, words
        assert "Secret" not in page.text
        assert "Modifier" not in page

    def test_a_point_corrected_since_says_so_and_its_text_is_gone(self, client: CheckedClient) -> None:
        case = Committee(S.PUBLISHED)
        with write_transaction():
            row = db.session.get_one(Meeting, case.meeting_id)
            action = factories.action(db.session.get_one(Programme, case.project_id))
            told = factories.update(action, row.held_on, meeting_id=row.id, note="Le circuit est prêt.")
            factories.update(
                action, row.held_on, kind="correction", supersedes_id=told.id, recorded_at=NOON,
                status=ActionStatus.SUSPENDED,
            )  # fmt: skip
            withdrawn = factories.action(db.session.get_one(Programme, case.project_id))
            factories.update(withdrawn, row.held_on, meeting_id=row.id, note="À ne plus lire.", redacted_at=NOON)
        page = client.login(case.user("agent")).get(f"/reunions/{case.meeting_id}")
        assert "corrigé depuis" in page
        assert "prêt" not in page
        assert "Texte retiré le 16 mars 2026." in page
        assert "À ne plus lire" not in page.text

    def test_the_committee_alone_sees_how_many_decisions_are_not_published(self, client: CheckedClient) -> None:
        case = Committee(S.UNDER_REVIEW)
        case.take(answer=replace(YES, meeting_id=case.meeting_id))
        path = f"/reunions/{case.meeting_id}"
        assert "1 décision prise dans cette réunion, non publiée" in client.login(case.user("copil")).get(path)
        for name in ("agent", "etude", "moderation", "redaction", "admin"):
            page = client.login(case.user(name)).get(path)
            assert "non publiée" not in page.text
            assert WHY not in page.text

    def test_writing_a_meeting_by_the_pages(self, client: CheckedClient) -> None:
        case = Committee(S.PUBLISHED)
        client.login(case.user("redaction"))
        page = client.submit("/reunions/nouvelle", FORM)
        assert "Comité de pilotage de printemps" in page
        assert "Salle des mariages" in page
        path = page.select("a[href$='/modifier']")[0]["href"]
        assert client.get(str(path)).select("input[name=place]")[0]["value"] == "Salle des mariages"
        assert "Hôtel de ville" in client.submit(str(path), {**FORM, "place": "Hôtel de ville"})

    @pytest.mark.parametrize(
        "wrong",
        [
            {"title": ""},
            {"title": "x" * 500},
            {"kind": "fete"},
            {"kind": "group"},
            {"held_on": ""},
            {"held_on": "24 mars"},
            {"held_on": "0026-03-24"},
            {"minutes": "Tout est dit avant la réunion."},
            {"group_id": "4242"},
        ],
    )
    def test_a_refusal_keeps_all_that_was_typed(self, client: CheckedClient, wrong: dict[str, str]) -> None:
        case = Committee(S.PUBLISHED)
        before = count(Meeting)
        client.login(case.user("copil"))
        fields = {**FORM, **wrong}
        for path in ("/reunions/nouvelle", f"/reunions/{case.meeting_id}/modifier"):
            page = client.post(path, fields, expected=422)
            assert page.select(".error-summary li")
            for name in ("title", "held_on", "place"):
                assert page.select(f"input[name={name}]")[0]["value"] == fields[name]
            for name in ("agenda", "minutes"):
                assert page.select(f"textarea[name={name}]")[0].get_text().strip() == fields[name]
        assert count(Meeting) == before

    @pytest.mark.parametrize("name", ["agent", "etude", "moderation", "admin"])
    def test_writing_is_reserved(self, client: CheckedClient, name: str) -> None:
        case = Committee(S.PUBLISHED)
        before = count(Meeting)
        client.login(case.user(name))
        client.get("/reunions")
        client.get(f"/reunions/{case.meeting_id}")
        for path in ("/reunions/nouvelle", f"/reunions/{case.meeting_id}/modifier"):
            client.get(path, expected=403)
            client.post(path, FORM, expected=403)
        assert count(Meeting) == before

    def test_a_role_in_another_project_writes_nothing_here(self, client: CheckedClient) -> None:
        case = Committee(S.PUBLISHED)
        with write_transaction():
            login = factories.user(Role.EDITOR, programme=factories.programme(is_principal=False)).login
        client.login(user_named(login))
        client.post("/reunions/nouvelle", FORM, expected=403)
        client.post(f"/reunions/{case.meeting_id}/modifier", FORM, expected=403)

    def test_unknown_and_huge_numbers_are_not_found(self, client: CheckedClient) -> None:
        case = Committee(S.PUBLISHED)
        client.login(case.user("copil"))
        for key in ("4242", "0", "99999999999999999999"):
            client.get(f"/reunions/{key}", expected=404)
            client.get(f"/reunions/{key}/modifier", expected=404)
