"""Imports of the staff register: each preview exact, nothing done twice, nobody deactivated unless asked."""

from __future__ import annotations

import resource
import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.conftest import Clock
from tests.effort import THOROUGH
from tests.register import NAMES, as_csv, people
from tracker.enums import CodeChannel, Role, RunState
from tracker.errors import Refused
from tracker.extensions import db, write_transaction
from tracker.imports.people import guess_columns, read_sheet
from tracker.imports.plan import Plan
from tracker.models import ActivationCode, Department, Event, Matricule, RegisterRun, User, UserSession
from tracker.records import paris_day
from tracker.services import register

needs_names = pytest.mark.skipif(not NAMES.is_dir(), reason=f"real data not found in {NAMES}")
COLUMNS = ("number", "last_name", "first_name", "email", "employer", "department", "site", "manager", "key")
HEADER = ("Matricule", "Nom", "Prénom", "Courriel", "Employeur", "Service", "Site", "Encadrant", "Identifiant")


class Town:
    """Three employers, and imports as the pages make them."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        for name in ("Ville", "Agglo", "CIAS"):
            factories.entity(name=name, short_name=name, slug=name.lower())

    def prepare(self, rows: list[list[str]], *, header: tuple[str, ...] = HEADER) -> tuple[int, Plan]:
        """Read and preview a file."""
        data = as_csv(rows, header=header)
        key = register.put_aside(data)
        sheet = read_sheet(data)
        with write_transaction():
            run = register.begin(key=key, file_name="agents.csv", sheet=sheet, actor=None, now=self.clock())
            run_id = run.id
        columns = guess_columns(sheet.columns)
        plan = register.plan_of(key, {"columns": columns}, today=paris_day(self.clock()), asked_by=None)
        register.keep_lines(key, plan)
        with write_transaction():
            nobody: Any = None
            register.keep_preview(
                run_id=run_id, columns=columns, employer_id=None, plan=plan, actor=nobody, now=self.clock()
            )
        return run_id, plan

    def bring(self, rows: list[list[str]], *, absent_leave: bool = False, **options: Any) -> Plan:
        run_id, plan = self.prepare(rows, **options)
        with write_transaction():
            register.confirm(run_id=run_id, absent_leave=absent_leave, actor=None, now=self.clock())
        register.apply(run_id, clock=self.clock)
        return plan


@pytest.fixture
def town(app: Flask, writing: Any, clock: Clock) -> Town:
    with writing():
        return Town(clock)


def line(number: str, last: str, first: str, email: str = "", employer: str = "Ville", **more: str) -> list[str]:
    rest = [more.get(name, "") for name in ("service", "site", "manager", "key")]
    return [number, last, first, email, employer, *rest]


def told(plan: Plan) -> dict[str, int]:
    return {name: count for name, count in plan.counts().items() if count}


def person(login: str) -> User:
    return db.session.scalars(select(User).where(User.login == login)).one()


# --- Who is who ---------------------------------------------------------------------------------------------------


def test_a_person_is_created_with_a_login_of_the_name_and_no_password(town: Town) -> None:
    assert told(town.bring([line("12", "LE GALL", "Éloïse", "E@v.fr", service="Voirie", manager="oui")])) == {
        "created": 1, "departments": 1,
    }  # fmt: skip
    found = person("eloise.le-gall")
    assert (found.name, found.email, found.is_manager, found.password_hash) == ("Éloïse Le Gall", "e@v.fr", True, None)
    assert found.department is not None
    assert found.department.name == "Voirie"
    assert [entity.slug for entity in found.department.entities] == ["ville"]


def test_a_second_import_changes_nothing(town: Town) -> None:
    rows = [line("1", "Martin", "Zoé", service="Voirie", site="Dépôt"), line("2", "MARTIN", "Luc", manager="non")]
    assert told(town.bring(rows)) == {"created": 2, "departments": 1, "sites": 1}
    events = db.session.scalar(select(func.count()).select_from(Event).where(Event.subject == "user"))
    assert told(town.bring(rows)) == {"unchanged": 2}
    assert db.session.scalar(select(func.count()).select_from(Event).where(Event.subject == "user")) == events


def test_a_change_says_old_and_new_and_keeps_the_login(town: Town) -> None:
    town.bring([line("1", "Martin", "Zoé", service="Voirie")])
    plan = town.bring([line("1", "Durand", "Zoé", "z@v.fr", service="Écoles")])
    assert plan.changed[0].words == (
        ("nom", "Martin", "Durand"), ("adresse", "", "z@v.fr"), ("service", "Voirie", "Écoles"),
    )  # fmt: skip
    found = person("zoe.martin")
    assert (found.last_name, found.email) == ("Durand", "z@v.fr")
    event = db.session.scalars(select(Event).where(Event.verb == "user:edit")).one()
    assert event.changes["nom"] == ["Martin", "Durand"]


def test_an_empty_cell_takes_nothing_away(town: Town) -> None:
    town.bring([line("1", "Martin", "Zoé", "z@v.fr", service="Voirie", manager="oui")])
    assert told(town.bring([line("1", "Martin", "Zoé")], header=HEADER)) in ({"unchanged": 1}, {"changed": 1})
    assert person("zoe.martin").email == "z@v.fr"
    assert db.session.scalar(select(func.count()).select_from(Department)) == 1


def test_capitals_do_not_take_accents_away(town: Town) -> None:
    town.bring([line("1", "Lévêque", "Zoé")])
    assert told(town.bring([line("1", "LEVEQUE", "ZOE")])) == {"unchanged": 1}
    assert told(town.bring([line("1", "Leveque", "Zoé")])) == {"changed": 1}


@pytest.mark.parametrize("more", [{"email": "z@v.fr"}, {"key": "AG-1"}])
def test_a_person_at_two_employers_is_one_when_address_or_identifier_says_so(town: Town, more: dict[str, str]) -> None:
    rows = [line("1", "Martin", "Zoé", **more), line("77", "Martin", "Zoé", employer="CIAS", **more)]
    assert told(town.bring(rows)) == {"created": 1}
    pairs = db.session.execute(select(Matricule.number).where(Matricule.user_id == person("zoe.martin").id))
    assert sorted(pairs.scalars()) == ["1", "77"]
    assert told(town.bring(rows)) == {"unchanged": 1}


def test_homonyms_at_two_employers_are_left_alone(town: Town) -> None:
    rows = [line("1", "Martin", "Zoé"), line("77", "MARTIN", "ZOÉ", employer="CIAS"), line("3", "Autre", "Anne")]
    plan = town.bring(rows)
    assert told(plan) == {"created": 1, "ambiguous": 2}
    assert "ligne 3" in plan.ambiguous[0].why


def test_homonyms_of_one_employer_with_two_numbers_are_two_people(town: Town) -> None:
    assert told(town.bring([line("1", "Martin", "Zoé"), line("2", "Martin", "Zoé")])) == {"created": 2}
    assert person("zoe.martin").id != person("zoe.martin2").id


def test_an_identifier_tells_homonyms_apart(town: Town) -> None:
    rows = [line("1", "Martin", "Zoé", key="A"), line("1", "Martin", "Zoé", employer="CIAS", key="B")]
    assert told(town.bring(rows)) == {"created": 2}


def test_a_namesake_already_known_without_number_is_a_question(town: Town, writing: Any) -> None:
    with writing():
        factories.user(first_name="Zoé", last_name="Martin", login="zm")
    plan = town.bring([line("1", "Martin", "Zoé")])
    assert told(plan) == {"ambiguous": 1}
    assert "zm" in plan.ambiguous[0].why


def test_a_number_given_to_somebody_else_is_a_question(town: Town) -> None:
    town.bring([line("1", "Martin", "Zoé")])
    assert told(town.bring([line("1", "Durand", "Paul")])) == {"ambiguous": 1}


def test_a_number_and_an_address_of_two_people_are_a_question(town: Town) -> None:
    town.bring([line("1", "Martin", "Zoé"), line("2", "Durand", "Paul", "p@v.fr")])
    assert told(town.bring([line("1", "Martin", "Zoé", "p@v.fr")])) == {"ambiguous": 1}


def test_one_number_for_two_names_refuses_both_lines(town: Town) -> None:
    plan = town.bring([line("1", "Martin", "Zoé"), line("1", "Durand", "Paul"), line("2", "Autre", "Anne")])
    assert told(plan) == {"created": 1, "refused": 2}
    assert "ligne 3" in plan.refused[0].why


def test_the_same_line_twice_is_one_person(town: Town) -> None:
    assert told(town.bring([line("1", "Martin", "Zoé"), line("1", "MARTIN", "Zoé")])) == {"created": 1}


def test_an_unknown_employer_refuses_the_line(town: Town) -> None:
    assert told(town.bring([line("1", "Martin", "Zoé", employer="Région")])) == {"refused": 1}


# --- Who is no longer there ---------------------------------------------------------------------------------------


def test_absent_people_leave_only_when_asked(town: Town, writing: Any, clock: Clock) -> None:
    town.bring([line("1", "Martin", "Zoé"), line("2", "Durand", "Paul")])
    with writing():
        gone = person("paul.durand").id
        db.session.add_all(
            [
                UserSession(
                    token_hash="t", user_id=gone, created_at=clock(), expires_at=clock() + timedelta(days=1)
                ),
                ActivationCode(
                    user_id=gone, code_hash="c", channel=CodeChannel.SLIP, made_at=clock(),
                    expires_at=clock() + timedelta(days=1),
                ),
            ]
        )  # fmt: skip
    assert told(town.bring([line("1", "Martin", "Zoé")])) == {"unchanged": 1, "absent": 1}
    assert person("paul.durand").is_active
    town.bring([line("1", "Martin", "Zoé")], absent_leave=True)
    db.session.expire_all()
    found = person("paul.durand")
    assert (found.is_active, found.left_on) == (False, paris_day(clock()))
    assert db.session.scalars(select(UserSession.ended_at)).one() is not None
    assert db.session.scalars(select(ActivationCode.revoked_at)).one() is not None
    assert told(town.bring([line("1", "Martin", "Zoé")], absent_leave=True)) == {"unchanged": 1}
    plan = town.bring([line("1", "Martin", "Zoé"), line("2", "Durand", "Paul")])
    assert [words[0] for words in plan.changed[0].words] == ["présence"]
    assert person("paul.durand").left_on is None


def test_nobody_is_absent_of_a_file_that_leaves_out_the_employer(town: Town) -> None:
    town.bring([line("1", "Martin", "Zoé"), line("2", "Durand", "Paul", employer="CIAS")])
    assert told(town.bring([line("1", "Martin", "Zoé")])) == {"unchanged": 1}


def test_a_refused_or_ambiguous_line_makes_nobody_absent(town: Town) -> None:
    town.bring([line("1", "Martin", "Zoé"), line("2", "Durand", "Paul"), line("3", "Petit", "Ève")])
    rows = [line("1", "Martin", "Zoé"), line("2", "Autre", "Jean"), line("9", "Petit", "Ève", "non")]
    assert told(town.bring(rows, absent_leave=True)) == {"unchanged": 1, "ambiguous": 1, "refused": 1}


def test_a_manager_of_the_tool_never_leaves_by_an_import(town: Town, writing: Any) -> None:
    town.bring([line("1", "Martin", "Zoé"), line("2", "Durand", "Paul")])
    with writing():
        factories.add(
            factories.RoleGrant(user_id=person("zoe.martin").id, role=Role.ADMIN, starts_on=factories.FIRST_DAY)
        )
    assert told(town.bring([line("2", "Durand", "Paul")], absent_leave=True)) == {"unchanged": 1}


# --- The run ------------------------------------------------------------------------------------------------------


def test_a_run_killed_in_the_middle_goes_on(town: Town, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "BATCH", 2)
    rows = [line(str(n), f"Nom{chr(65 + n)}", "Zoé") for n in range(7)]
    run_id, _plan = town.prepare(rows)
    with write_transaction():
        register.confirm(run_id=run_id, absent_leave=False, actor=None, now=clock())
    written = register.write_batch
    calls = []

    def killed(batch: Any, **options: Any) -> None:
        calls.append(len(batch))
        if len(calls) == 3:
            raise KeyboardInterrupt
        written(batch, **options)

    monkeypatch.setattr(register, "write_batch", killed)
    with pytest.raises(KeyboardInterrupt):
        register.apply(run_id, clock=clock)
    monkeypatch.setattr(register, "write_batch", written)
    run = db.session.get_one(RegisterRun, run_id)
    assert (run.state, run.done, run.total) == (RunState.RUNNING, 4, 7)
    assert register.apply(run_id, clock=clock) == 0, "another writer may still be at it"
    clock.advance(minutes=6)
    assert register.due(now=clock()) == [run_id]
    db.session.rollback()
    assert register.apply(run_id, clock=clock) == 3
    db.session.expire_all()
    run = db.session.get_one(RegisterRun, run_id)
    assert (run.state, run.done, run.total) == (RunState.DONE, 7, 7)
    assert db.session.scalar(select(func.count()).select_from(User)) == 7


def test_who_lost_the_run_to_another_writer_does_not_give_it_up(town: Town, clock: Clock, monkeypatch: Any) -> None:
    run_id, _plan = town.prepare([line("1", "Martin", "Zoé")])
    with write_transaction():
        register.confirm(run_id=run_id, absent_leave=False, actor=None, now=clock())
    planned = register.plan_of

    def overtaken(*_given: Any, **_more: Any) -> Plan:
        monkeypatch.setattr(register, "plan_of", planned)
        clock.advance(minutes=6)
        assert register.apply(run_id, clock=clock) == 1, "the other one writes it all"
        raise Refused("Ce fichier n'est plus gardé.")

    monkeypatch.setattr(register, "plan_of", overtaken)
    with pytest.raises(Refused):
        register.apply(run_id, clock=clock)
    assert db.session.scalars(select(RegisterRun.state)).all() == [RunState.DONE]


def test_the_file_is_private_and_removed_once_done_or_after_a_week(town: Town, clock: Clock) -> None:
    run_id, _plan = town.prepare([line("1", "Martin", "Zoé")])
    folder = register._folder()
    files = list(folder.glob("register-*"))
    assert len(files) >= 2
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    with write_transaction():
        register.confirm(run_id=run_id, absent_leave=False, actor=None, now=clock())
    key = db.session.get_one(RegisterRun, run_id).mapping["key"]
    db.session.rollback()
    register.apply(run_id, clock=clock)
    assert not list(folder.glob(f"register-{key}*"))
    register.put_aside(b"x")
    assert register.remove_old_files(now=clock() + timedelta(days=4000)) >= 1
    assert not list(folder.glob("register-*"))


# --- A whole town -------------------------------------------------------------------------------------------------


@needs_names
def test_a_register_of_thousands_of_people(town: Town) -> None:
    """Homonyms, two employers, doubled lines, accents: import, same again, changed; each preview exact."""
    size = 20_000 if THOROUGH else 3_000
    rows = [[*row, ""] for row in people(size)]
    both = [[f"D{n}", *row[1:4], "CIAS" if row[4] != "CIAS" else "Ville", *row[5:8], ""]
            for n, row in enumerate(r for r in rows if r[3]) if n < 300]  # fmt: skip
    doubled = [list(row) for row in rows[2_000:2_100]]
    lonely = [row for row in rows if not row[3]]
    doubtful = [[f"H{n}", *row[1:3], "", "CIAS" if row[4] != "CIAS" else "Ville", *row[5:8], ""]
                for n, row in enumerate(lonely[:50])]  # fmt: skip
    bad = [["", "Sans", f"Rien{n}", "", "Ville", "", "", "non", ""] for n in range(5)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    plan = town.bring([*rows, *both, *doubled, *doubtful, *bad])
    seconds = time.perf_counter() - started
    swollen = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # kilobytes on Linux
    assert told(plan) == {
        "created": size - 50, "ambiguous": 100, "refused": 5, "departments": 40, "sites": 12,
    }  # fmt: skip
    assert db.session.scalar(select(func.count()).select_from(User)) == size - 50
    assert db.session.scalar(select(func.count()).select_from(Matricule)) == size - 50 + 300
    assert told(town.bring([*rows, *both, *doubled, *doubtful, *bad])) == {
        "unchanged": size - 50, "ambiguous": 100, "refused": 5,
    }  # fmt: skip
    ambiguous = {row[0] for row in lonely[:50]}
    changed = [row for row in rows if row[0] not in ambiguous]
    for row in changed[:700]:
        row[5] = "Direction nouvelle"
    left_out = {row[3] for row in changed[1_000:1_200]}
    both = [row for row in both if row[3] not in left_out]
    plan = town.bring([*changed[:1_000], *changed[1_200:], *both], absent_leave=True)
    assert told(plan) == {
        "changed": 700, "unchanged": size - 50 - 900, "absent": 200, "departments": 1,
    }  # fmt: skip
    assert db.session.scalar(select(func.count()).select_from(User).where(User.is_active.is_(False))) == 200
    assert seconds < 60, seconds
    assert swollen < 300_000, swollen
