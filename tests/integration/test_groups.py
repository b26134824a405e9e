"""Working groups: who they are, what is theirs, and the round of their actions."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from tests import factories
from tests.client import Answer, CheckedClient
from tracker.enums import ActionStatus, Health, Role, UpdateKind
from tracker.extensions import db
from tracker.models import Action, ActionUpdate, Programme, RoleGrant, User, WorkingGroup
from tracker.progress import state_at
from tracker.queries import kept, log

TODAY = date(2026, 3, 16)
PEOPLE = ("lead", "other_lead", "member", "pilot", "agent", "steering", "admin")
ROUND = "/groupes/vie-au-travail/tour"


@pytest.fixture(autouse=True)
def _fresh_log() -> None:
    kept.forget()


class Site:
    users: dict[str, User]
    project_id: int
    group_id: int
    numbers: list[int]
    ids: list[int]


@pytest.fixture
def site(app: Any, writing: Any) -> Site:
    site = Site()
    with writing():
        project = factories.programme()
        group = factories.group(project, name="Vie au travail", slug="vie-au-travail", mandate="Mieux **vivre** ici.")
        other = factories.group(project, name="Achats", slug="achats")
        site.users = {
            "lead": factories.user(Role.GROUP_LEAD, group=group, last_name="Animatrice"),
            "other_lead": factories.user(Role.GROUP_LEAD, group=other),
            "member": factories.user(Role.GROUP_MEMBER, group=group, last_name="Membre"),
            "pilot": factories.user(),
            "agent": factories.user(),
            "steering": factories.user(Role.STEERING, programme=project),
            "admin": factories.user(Role.ADMIN),
        }
        gone = factories.user(last_name="Partie")
        factories.add(
            RoleGrant(user_id=gone.id, role=Role.GROUP_LEAD, group_id=group.id, starts_on=date(2025, 1, 1),
                      ends_on=date(2025, 12, 31))
        )  # fmt: skip
        made = [
            factories.action(project, title=f"Action {letter}", group_id=group.id, pilot_id=site.users["pilot"].id,
                             milestones=((f"Jalon {letter}", date(2026, 4, day)),))
            for letter, day in (("A", 1), ("B", 2), ("C", 3))
        ]  # fmt: skip
        factories.action(project, title="Finie", group_id=group.id, status=ActionStatus.DONE)
        factories.action(project, title="Ailleurs", group_id=other.id)
        site.numbers, site.ids = [one.number for one in made], [one.id for one in made]
        site.project_id, site.group_id = project.id, group.id
    return site


def rows() -> int:
    return db.session.scalar(select(func.count()).select_from(ActionUpdate)) or 0


def state(action_id: int) -> Any:
    return state_at(log.load_actions(ids=(action_id,))[0], as_of=TODAY)


def filled(page: Answer) -> dict[str, Any]:
    """The round's form as a browser would send it untouched."""
    form: dict[str, Any] = {}
    for field in page.select("main form input, main form select, main form textarea"):
        name = field.get("name")
        if not name or name == "csrf_token":
            continue
        if field.name == "select":
            chosen = field.select("option[selected]") or field.select("option")
            form[str(name)] = chosen[0]["value"]
        elif field.name == "textarea":
            form[str(name)] = field.get_text().lstrip("\r\n")
        elif field.get("type") in {"radio", "checkbox"}:
            if field.has_attr("checked"):
                form[str(name)] = field["value"]
        else:
            form[str(name)] = field.get("value", "")
    return form


# --- The list and the page


def test_the_list_says_who_leads_and_how_each_group_is_doing(client: CheckedClient, site: Site) -> None:
    page = client.login(site.users["agent"]).get("/groupes")
    assert "2 groupes" in page
    assert "1 action réalisée sur 4" in page
    assert "Animatrice" in page


def test_the_page_tells_mandate_people_with_dates_counts_and_actions_by_need(
    client: CheckedClient, site: Site, writing: Any
) -> None:
    with writing():
        factories.update(db.session.get_one(Action, site.ids[2]), date(2026, 3, 1), planned_end=date(2026, 3, 10))
    page = client.login(site.users["agent"]).get("/groupes/vie-au-travail")
    for words in ("Mieux vivre ici.", "Animatrice", "Membre", "1er janvier 2025", "Partie", "31/12/2025", "Jalon A"):
        assert words in page, words
    titles = [row.select("a")[0].get_text() for row in page.select("#actions tbody tr")]
    assert titles[0] in {"Action A", "Action B", "Action C"}
    assert titles[-1] == "Finie"
    assert "Ailleurs" not in page


def test_an_unknown_group_is_not_found(client: CheckedClient, site: Site) -> None:
    client.login(site.users["agent"]).get("/groupes/nulle-part", expected=404)


def test_a_project_without_groups_says_what_to_do(client: CheckedClient, writing: Any) -> None:
    with writing():
        factories.programme()
        user = factories.user()
    assert "Pas encore de groupe" in client.login(user).get("/groupes")


def test_a_group_without_actions_says_so(client: CheckedClient, site: Site, writing: Any) -> None:
    with writing():
        factories.group(db.session.get_one(Programme, site.project_id), slug="vide", name="Vide")
    page = client.login(site.users["steering"]).get("/groupes/vide")
    assert "Pas encore d'action" in page
    assert "Rien à dire pour le moment" in client.get("/groupes/vide/tour")


# --- The round


def test_the_round_shows_the_open_actions_of_the_group_each_skipped_at_first(client: CheckedClient, site: Site) -> None:
    page = client.login(site.users["lead"]).get(ROUND)
    assert [row["id"] for row in page.select(".round-row")] == [f"action-{n}" for n in site.numbers]
    before = rows()
    answer = client.submit(ROUND, filled(page))
    assert "rien n'a été enregistré" in answer
    assert rows() == before


def test_one_save_confirms_some_changes_others_and_skips_the_rest(client: CheckedClient, site: Site) -> None:
    a, b, _c = site.numbers
    form = filled(client.login(site.users["lead"]).get(ROUND))
    milestone = state(site.ids[1]).milestones[0].id
    form |= {f"a{a}-choice": "same", f"a{b}-choice": "change", f"a{b}-status": "in_progress", f"a{b}-health": "cloudy",
             f"a{b}-note": "Il manque un accord.", f"a{b}-planned_end": "2026-08-31",
             f"a{b}-move_reason": "Accord tardif.",
             f"a{b}-done": str(milestone)}  # fmt: skip
    page = client.submit(ROUND, form)
    assert "1 action confirmée, 1 action mise à jour" in page
    assert (state(site.ids[0]).last_news_on, state(site.ids[2]).last_news_on) == (TODAY, date(2026, 1, 5))
    changed = state(site.ids[1])
    assert (changed.status, changed.health, changed.planned_end) == (
        ActionStatus.IN_PROGRESS, Health.CLOUDY, date(2026, 8, 31),
    )  # fmt: skip
    assert changed.milestones[0].done
    kinds = db.session.scalars(select(ActionUpdate.kind).order_by(ActionUpdate.id.desc()).limit(2)).all()
    assert set(kinds) == {UpdateKind.CONFIRMATION, UpdateKind.STATEMENT}


@pytest.mark.parametrize("choice", ["", "same"])
def test_a_row_passed_is_never_published_and_what_is_typed_in_it_comes_back(
    client: CheckedClient, site: Site, choice: str
) -> None:
    before = rows()
    form = filled(client.login(site.users["lead"]).get(ROUND))
    form |= {f"a{site.numbers[0]}-note": "Un mot sans cocher.", f"a{site.numbers[0]}-choice": choice}
    page = client.post(ROUND, form, expected=422)
    assert rows() == before
    assert "Un mot sans cocher." in page.text
    assert f"Action n° {site.numbers[0]}" in page.select(".error-summary")[0].get_text()
    assert "Pour cette action" not in page


def test_a_row_passed_stays_passed_when_somebody_else_wrote_meanwhile(
    client: CheckedClient, site: Site, writing: Any
) -> None:
    form = filled(client.login(site.users["lead"]).get(ROUND)) | {f"a{site.numbers[1]}-choice": "same"}
    with writing():
        factories.update(
            db.session.get_one(Action, site.ids[0]), date(2026, 3, 15), status=ActionStatus.IN_PROGRESS, note="Lancée."
        )
    before = rows()
    assert "1 action confirmée" in client.submit(ROUND, form)
    assert rows() == before + 1


def test_a_row_just_said_offers_to_correct_it(client: CheckedClient, site: Site) -> None:
    page = client.login(site.users["lead"]).get(ROUND)
    assert "Dit aujourd'hui" not in page
    client.post(ROUND, filled(page) | {f"a{site.numbers[0]}-choice": "same"})
    page = client.get(ROUND)
    said = page.select(f"#action-{site.numbers[0]} .round-said a")
    assert len(page.select(".round-said")) == 1
    client.get(said[0]["href"])


def test_errors_by_row_keep_everything_typed_and_write_nothing(client: CheckedClient, site: Site) -> None:
    a, b, c = site.numbers
    before = rows()
    form = filled(client.login(site.users["lead"]).get(ROUND))
    form |= {f"a{a}-choice": "same", f"a{b}-choice": "change", f"a{b}-health": "storm", f"a{c}-choice": "change",
             f"a{c}-status": "in_progress", f"a{c}-note": "Ce que j'ai écrit."}  # fmt: skip
    page = client.post(ROUND, form, expected=422)
    assert rows() == before
    assert f"Action n° {b}" in page.select(".error-summary")[0].get_text()
    assert "dites en une phrase" in page
    kept = filled(page)
    assert kept == form
    assert kept[f"a{c}-note"] == "Ce que j'ai écrit."


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"choice": "same", "note": "Mais si, un peu."}, "rien n'a changé, et vous changez"),
        ({"choice": "change"}, "Dites ce qui change"),
        ({"choice": "change", "planned_end": "bientôt"}, "Donnez la date en entier"),
        ({"choice": "change", "planned_end": "2026-09-01"}, "dites pourquoi"),
        ({"choice": "change", "status": "stopped"}, "dites pourquoi"),
        ({"choice": "autre"}, ""),
        ({"status": "inconnu"}, ""),
    ],
)
def test_a_row_that_contradicts_itself_is_told_so(
    client: CheckedClient, site: Site, said: dict[str, str], sentence: str
) -> None:
    form = filled(client.login(site.users["lead"]).get(ROUND))
    form |= {f"a{site.numbers[0]}-{name}": value for name, value in said.items()}
    page = client.post(ROUND, form, expected=422)
    assert sentence in page
    assert page.select(f"#action-{site.numbers[0]} .field-error")


def test_a_round_sent_twice_is_written_once_and_told_as_the_first_time(client: CheckedClient, site: Site) -> None:
    form = filled(client.login(site.users["lead"]).get(ROUND)) | {f"a{n}-choice": "same" for n in site.numbers}
    step, a = state(site.ids[0]).milestones[0].id, f"a{site.numbers[0]}-"
    form |= {
        f"{a}choice": "change", f"{a}status": "in_progress", f"{a}planned_end": "2026-09-01", f"{a}note": "En route.",
        f"{a}move_reason": "Le marché a pris du retard.", f"{a}done": str(step),
    }  # fmt: skip
    first = client.submit(ROUND, form)
    before = rows()
    again = client.submit(ROUND, form)
    assert rows() == before
    assert all("2 actions confirmées, 1 action mise à jour" in page for page in (first, again))
    other = client.post(ROUND, form | {f"{a}done": []}, expected=200)
    assert "a changé depuis" in other, "a tick taken away is not told as written"
    assert rows() == before


def test_a_row_that_moved_meanwhile_is_left_with_what_was_typed_the_others_are_saved(
    client: CheckedClient, site: Site, writing: Any
) -> None:
    a, b, _c = site.numbers
    form = filled(client.login(site.users["lead"]).get(ROUND))
    form |= {f"a{a}-choice": "change", f"a{a}-note": "Ma phrase à moi.", f"a{b}-choice": "same"}
    with writing():
        factories.update(db.session.get_one(Action, site.ids[0]), date(2026, 3, 15), note="Dit par quelqu'un d'autre.")
    page = client.post(ROUND, form, expected=200)
    assert "1 action confirmée" in page
    assert [row["id"] for row in page.select(".round-row")] == [f"action-{a}"]
    assert "Ma phrase à moi." in page.text
    assert "Dit par quelqu'un d'autre." in page
    assert state(site.ids[1]).last_news_on == TODAY
    again = filled(page)
    client.post(ROUND, again)
    assert state(site.ids[0]).last_news_on == TODAY


def test_a_row_closed_meanwhile_is_said_and_not_written(client: CheckedClient, site: Site, writing: Any) -> None:
    form = filled(client.login(site.users["lead"]).get(ROUND)) | {f"a{site.numbers[0]}-choice": "same"}
    with writing():
        factories.update(db.session.get_one(Action, site.ids[0]), date(2026, 3, 15), status=ActionStatus.DONE)
    before = rows()
    assert "close entre-temps" in client.submit(ROUND, form)
    assert rows() == before


@pytest.mark.parametrize("who", PEOPLE)
def test_who_may_do_the_round_of_a_group(client: CheckedClient, site: Site, who: str) -> None:
    allowed = who in {"lead", "steering"}
    before = rows()
    client.login(site.users[who]).get(ROUND, expected=200 if allowed else 403)
    form = {f"a{site.numbers[0]}-choice": "same", f"a{site.numbers[0]}-status": "to_start",
            f"a{site.numbers[0]}-health": "sun", f"a{site.numbers[0]}-planned_end": "2026-06-30",
            f"a{site.numbers[0]}-token": str(min(db.session.scalars(select(ActionUpdate.id))))}  # fmt: skip
    shown = (("choice", ""), ("status", "to_start"), ("health", "sun"), ("planned_end", "2026-06-30"))
    others = {f"a{n}-{name}": value for n in site.numbers[1:] for name, value in shown}
    client.post(ROUND, form | others, expected=303 if allowed else 403)
    assert rows() == before + allowed


def test_a_pilote_has_a_round_of_their_own_actions(client: CheckedClient, site: Site) -> None:
    page = client.login(site.users["pilot"]).get("/actions/mon-tour")
    assert len(page.select(".round-row")) == 3
    form = filled(page) | {f"a{n}-choice": "same" for n in site.numbers}
    assert "3 actions confirmées" in client.submit("/actions/mon-tour", form)
    assert {state(key).last_news_on for key in site.ids} == {TODAY}


def test_somebody_without_actions_is_told_that_nothing_is_asked(client: CheckedClient, site: Site) -> None:
    page = client.login(site.users["agent"]).get("/actions/mon-tour")
    assert "rien ne vous est demandé" in page


def test_another_projects_lead_date_does_not_count_after_its_end(
    client: CheckedClient, site: Site, writing: Any
) -> None:
    with writing():
        group = db.session.get_one(WorkingGroup, site.group_id)
        past = factories.user()
        factories.add(RoleGrant(user_id=past.id, role=Role.GROUP_LEAD, group_id=group.id, starts_on=date(2025, 1, 1),
                                ends_on=TODAY - timedelta(days=1)))  # fmt: skip
    client.login(past).get(ROUND, expected=403)
