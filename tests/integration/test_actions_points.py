"""Pages of actions: saying where one is, and correcting what was said."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.client import CheckedClient
from tests.integration import action_scene
from tests.integration.action_scene import PEOPLE, Site, be, rows
from tracker.enums import ActionStatus
from tracker.extensions import db
from tracker.models import Action, ActionUpdate
from tracker.progress import state_at
from tracker.queries import log

fresh_log = action_scene.fresh_log  # the fixture
site = action_scene.site  # the fixture

TODAY = date(2026, 3, 16)


def token() -> str:
    return str(db.session.scalar(select(func.max(ActionUpdate.id))))


def typed(**values: Any) -> dict[str, Any]:
    """The form as the page shows it, with what a person changes."""
    return {
        "status": "to_start", "health": "sun", "planned_start": "2026-02-01", "planned_end": "2026-06-30",
        "effective_on": "2026-03-16", "token": token(), **values,
    }  # fmt: skip


def state(site: Site, on: date = TODAY) -> Any:
    return state_at(log.load_actions(ids=(site.action_id,))[0], as_of=on)


# --- Saying where it is


def test_a_point_is_published_in_one_post(client: CheckedClient, site: Site) -> None:
    be(client, site, "pilot").get(f"/actions/{site.number}/point")
    page = client.submit(f"/actions/{site.number}/point", typed(status="in_progress", note="Le marché est publié."))
    assert "Point publié" in page
    assert "Le marché est publié." in page
    assert state(site).status is ActionStatus.IN_PROGRESS
    assert state(site).health_on == TODAY


def test_nothing_has_changed_is_one_button(client: CheckedClient, site: Site) -> None:
    page = be(client, site, "pilot").get(f"/actions/{site.number}")
    sent = {i["name"]: i["value"] for i in page.select('form[action$="rien-n-a-change"] input') if i["name"] == "token"}
    page = client.submit(f"/actions/{site.number}/rien-n-a-change", sent)
    assert "rien n'a changé" in page
    assert state(site).last_news_on == TODAY
    assert "rien n'a changé" in client.submit(f"/actions/{site.number}/rien-n-a-change", sent), "pressed twice"
    page = be(client, site, "lead").submit(f"/actions/{site.number}/rien-n-a-change", sent)
    assert "a changé depuis que vous avez ouvert" in page
    assert rows() == 2


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"status": "done"}, "des jalons restent ouverts"),
        ({"status": "stopped", "note": "Le logiciel national le fait."}, "ne comptera plus"),
        ({"planned_end": "2026-09-30", "move_reason": "Travaux."}, "La fin prévue passe du 30/06/2026 au 30/09/2026"),
    ],
)
def test_what_surprises_is_said_before_it_is_published(
    client: CheckedClient, site: Site, said: dict[str, str], sentence: str
) -> None:
    be(client, site, "pilot")
    page = client.post(f"/actions/{site.number}/point", typed(**said), expected=200)
    assert sentence in page
    assert rows() == 1
    carried = {i["name"]: i["value"] for i in page.select("main form input[type=hidden]") if i["name"] != "csrf_token"}
    again = client.post(f"/actions/{site.number}/point", {**carried, "again": "yes"}, expected=200)
    assert again.select("input[name=token]")[0]["value"] == carried["token"]
    client.post(f"/actions/{site.number}/point", {**carried, "confirmed": "yes"})
    assert rows() == 2


def test_a_back_dated_point_says_that_today_does_not_change(client: CheckedClient, site: Site, writing: Any) -> None:
    with writing():
        factories.update(db.session.get_one(Action, site.action_id), date(2026, 3, 10),
                         planned_start=date(2026, 2, 1), planned_end=date(2026, 6, 30))  # fmt: skip
    page = be(client, site, "pilot").post(
        f"/actions/{site.number}/point", typed(status="in_progress", effective_on="2026-02-10", note="Raconté après."),
        expected=200,
    )  # fmt: skip
    assert "avant le dernier point" in page


@pytest.mark.parametrize(
    ("said", "where", "sentence"),
    [
        ({"health": "storm"}, "note", "dites en une phrase"),
        ({"planned_end": "2026-10-01"}, "move_reason", "dites pourquoi"),
        ({"effective_on": "2026-03-17"}, "effective_on", "à venir"),
        ({"effective_on": "2025-12-31"}, "effective_on", "avant l'ouverture"),
        ({"effective_on": "hier"}, "effective_on", "Donnez la date en entier"),
        ({"planned_end": "2026-01-01", "move_reason": "Oups."}, "planned_end", "La fin est avant le début"),
        ({"status": "fini"}, "status", ""),
        ({"status": ""}, "status", ""),
        ({"new_milestone_due": "2026-05-01"}, "new_milestone_due", "nom du nouveau jalon"),
        ({"done": "9999"}, "done", "n'existe plus"),
        ({"note": "x" * 2001}, "note", ""),
    ],
)
def test_a_refused_point_says_why_beside_the_field_and_keeps_everything(
    client: CheckedClient, site: Site, said: dict[str, str], where: str, sentence: str
) -> None:
    be(client, site, "pilot")
    form = typed(private_note="Pour vous seulement.", new_milestone="" if where == "new_milestone_due" else "Bilan")
    page = client.post(f"/actions/{site.number}/point", form | said, expected=422)
    assert page.select(".error-summary a")
    assert sentence in page
    assert "Pour vous seulement." in page.text
    assert rows() == 1
    name = "effective_on" if where == "effective_on" else None
    if name:
        assert page.select(f"input[name={name}]")[0]["value"] == said[name]


def test_a_point_sent_twice_is_one_and_so_is_nothing_has_changed(client: CheckedClient, site: Site) -> None:
    be(client, site, "pilot")
    form = whole(site, note="Deux fois le même clic.")
    for _ in range(2):
        assert "Point publié" in client.submit(f"/actions/{site.number}/point", form)
    assert rows() == 2
    same = {"token": token()}
    for _ in range(2):
        assert "rien n'a changé" in client.submit(f"/actions/{site.number}/rien-n-a-change", same)
    assert rows() == 3


def whole(site: Site, **values: Any) -> dict[str, Any]:
    """A point that says all that a point may say."""
    first, second = site.steps
    said = {
        "status": "in_progress", "note": "Un premier mot.", "done": str(first), f"due_{second}": "2026-07-01",
        "new_milestone": "Bilan", "new_milestone_due": "2026-12-01", "planned_end": "2026-07-15",
        "move_reason": "Le marché a pris du retard.", "confirmed": "yes",
    }  # fmt: skip
    return typed(**said | values)


CHANGES = {
    "another word": {"note": "Un autre mot."},
    "another status": {"status": "to_start"},
    "done removed": {"done": []},
    "another done": {"done": "{second}"},
    "done and dropped": {"dropped": "{second}"},
    "a day put back": {"due_{second}": "2026-06-01"},
    "other day": {"due_{second}": "2026-08-01"},
    "other day of what is added": {"new_milestone_due": "2026-11-01"},
    "nothing added": {"new_milestone": "", "new_milestone_due": ""},
    "the end put back": {"planned_end": "2026-06-30", "move_reason": ""},
    "other reason": {"move_reason": "Le prestataire a changé."},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_another_point_from_the_same_page_is_kept_from_writing_and_from_being_lost(
    client: CheckedClient, site: Site, change: dict[str, Any]
) -> None:
    be(client, site, "pilot")
    form = whole(site)
    client.post(f"/actions/{site.number}/point", form)
    steps = {"second": site.steps[1]}
    other = form | {k.format(**steps): v.format(**steps) if v else v for k, v in change.items()}
    page = client.post(f"/actions/{site.number}/point", other, expected=409)
    assert rows() == 2
    assert "a changé depuis" in page
    assert str(other["note"]) in page.select("textarea[name=note]")[0].get_text()
    assert page.select("input[name=token]")[-1]["value"] == token()


def test_a_milestone_is_ticked_moved_and_added_from_the_form(client: CheckedClient, site: Site) -> None:
    first, second = site.steps
    be(client, site, "pilot").post(
        f"/actions/{site.number}/point",
        typed(**{"done": str(first), f"due_{second}": "2026-07-01", "new_milestone": "Bilan",
                 "new_milestone_due": "2026-12-01"}),
    )  # fmt: skip
    assert [(m.label, m.due, m.done) for m in state(site).milestones] == [
        ("Cahier des charges", date(2026, 3, 1), True),
        ("Ouverture", date(2026, 7, 1), False),
        ("Bilan", date(2026, 12, 1), False),
    ]


POSTS = ["/actions/{n}/point", "/actions/{n}/rien-n-a-change"]


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("path", POSTS)
def test_who_may_say_where_an_action_is(client: CheckedClient, site: Site, who: str, path: str) -> None:
    allowed = who in {"pilot", "lead", "steering"}
    be(client, site, who).post(path.format(n=site.number), typed(note="Un mot."), expected=303 if allowed else 403)
    assert rows() == (2 if allowed else 1)


# --- Correcting


def test_a_point_is_corrected_from_its_own_values(client: CheckedClient, site: Site) -> None:
    be(client, site, "pilot").post(f"/actions/{site.number}/point", typed(status="in_progress", note="Premier jet.",
                                                                          done=str(site.steps[0])))  # fmt: skip
    path = f"/actions/{site.number}/points/{token()}/corriger"
    page = client.get(path)
    assert "Premier jet." in page.text
    kept = page.select("input[name=kept_marks]")[0]["value"]
    page = client.submit(path, typed(status="in_progress", note="Mieux dit.", kept_marks=kept))
    assert "Point corrigé" in page
    assert state(site).milestones[0].done
    client.post(path, typed(status="in_progress", note="Encore."), expected=409)
    assert rows() == 3


def test_a_point_is_retracted_with_a_reason(client: CheckedClient, site: Site) -> None:
    be(client, site, "pilot").post(f"/actions/{site.number}/point", typed(status="in_progress"))
    path = f"/actions/{site.number}/points/{token()}/retirer"
    client.get(path)
    client.post(path, {"reason": ""}, expected=422)
    assert "oups" in client.post(path, {"reason": "oups"}, expected=422).text
    page = client.submit(path, {"reason": "Saisi sur la mauvaise action."})
    assert "Saisi sur la mauvaise action." in page
    assert state(site).status is ActionStatus.TO_START
    client.post(path, {"reason": "Saisi sur la mauvaise action."}, expected=409)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("act", ["corriger", "retirer"])
def test_who_may_correct_a_point_of_the_lead(
    client: CheckedClient, site: Site, writing: Any, who: str, act: str
) -> None:
    with writing():
        one = db.session.get_one(Action, site.action_id)
        key = factories.update(one, date(2026, 3, 2), author_id=site.users["lead"].id).id
    allowed = who in {"lead", "steering"}
    path = f"/actions/{site.number}/points/{key}/{act}"
    be(client, site, who).get(path, expected=200 if allowed else 403)
    client.post(path, typed(status="in_progress", planned_start="", planned_end="", reason="Pas la bonne action."),
                expected=303 if allowed else 403)  # fmt: skip
    assert rows() == (3 if allowed else 2)


def test_a_row_of_another_action_is_not_found(client: CheckedClient, site: Site, writing: Any) -> None:
    with writing():
        other = factories.action(site.project)
        key = db.session.scalar(select(ActionUpdate.id).where(ActionUpdate.action_id == other.id))
    be(client, site, "steering").get(f"/actions/{site.number}/points/{key}/corriger", expected=404)
