"""A page takes as many SQL statements with ten rows as with many: at most 8, the board 15 (design, part 7).

Many are two hundred in `make test`, a thousand in `make torture`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table
from sqlalchemy.types import Integer

from tests import factories as make
from tests.client import CheckedClient
from tests.conftest import NOON, Clock, counting
from tests.effort import THOROUGH
from tests.places import ENTRIES, PROJECT, QUARTER, Entry, methods_of
from tests.world import drawing_once
from tracker import search
from tracker.enums import (
    ActionStatus,
    ConditionKind,
    LineageKind,
    Outcome,
    PhaseKind,
    ProposalState,
    RequestKind,
    ReviewAdvice,
    Role,
    TextKind,
)
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import (
    Authorship,
    DataRequest,
    DecisionCondition,
    Department,
    Event,
    Follow,
    ProposalLineage,
    ProposalVersion,
    Redaction,
    Review,
    Site,
    User,
)
from tracker.queries import kept
from tracker.queries.people import actor_by_login
from tracker.services import letters

TEN = 10
TIMES = 100 if THOROUGH else 20  # the rows of the small world, this many times
STEP = 1_000_000  # between the keys of one copy and the next
DAY = date(2026, 1, 12)

MORE = (
    Entry("proposals.index", "/propositions?q=idee&tri=soutenues", frozenset({"agent", "copil"})),
    Entry("proposals.index", "/propositions?mes=1", frozenset({"agent"})),
    Entry("proposals.index", "/propositions?soutien=1", frozenset({"agent"})),
    Entry("proposals.index", "/propositions?employeur=sans&theme=sans", frozenset({"agent"})),
    Entry("proposals.show", "/propositions/{retained}", frozenset({"agent", "copil", "etude"})),
    Entry("proposals.show", "/propositions/{mine}", frozenset({"agent"})),
    Entry("proposals.history", "/propositions/{retained}/historique", frozenset({"agent"})),
    Entry("reviews.show", "/etudes/{retained}", frozenset({"etude"})),
    Entry("decisions.decide", "/a-decider/{retained}", frozenset({"copil"})),
    Entry("decisions.publish", "/a-decider/publier?apercu=1&decision={decision}", frozenset({"copil"})),
    Entry("decisions.conditions", "/reponses/conditions?etat=remplies", frozenset({"copil"})),
    Entry("actions.index", "/actions?groupe={led_group}&retard=1&sans_nouvelles=1", frozenset({"agent", "pilote"})),
    Entry("actions.index", "/actions?au=2026-02-01&tri=avancement", frozenset({"agent"})),
    Entry("board.show", "/tableau-de-bord?au=2026-02-01&groupe={led_group}", frozenset({"agent", "copil"})),
    Entry("board.show", "/tableau-de-bord?au=2026-02-01&connu=2026-02-15", frozenset({"copil"})),
    Entry("letters.proofread", "/lettres/brouillons/" + QUARTER + "/relecture", frozenset({"agent"})),
)  # fmt: skip
ROLE_OF = {
    "agent": (), "pilote": (Role.GROUP_LEAD,), "etude": (Role.REVIEWER,), "moderation": (Role.MODERATOR,),
    "copil": (Role.STEERING,), "redaction": (Role.EDITOR,), "admin": (Role.ADMIN,),
}  # fmt: skip


# --- The small world: ten of everything, and rich pages ------------------------------------------------------------


class Small:
    """Ten rows of each kind, ten children under each page that is opened; `fixed` are those that are not copied."""

    def __init__(self) -> None:
        self.project = make.programme(slug=PROJECT, is_principal=True)
        self.fixed: dict[str, set[int]] = {}
        self.group = make.group(self.project)
        self.people = {
            role: make.user(*granted, group=self.group, login=role, entity_id=self.project.entities[0].id)
            for role, granted in ROLE_OF.items()
        }
        self.others = [make.user(entity_id=self.project.entities[0].id) for _ in range(TEN)]
        for one in self.others:
            make.add(make.RoleGrant(user_id=one.id, role=Role.GROUP_MEMBER, group_id=self.group.id, starts_on=DAY))
        self.themes = [make.theme(self.project) for _ in range(TEN)]
        self.groups = [make.group(self.project) for _ in range(TEN + 1)]
        self.campaign = make.campaign(
            self.project, (PhaseKind.PROPOSING, date(2026, 3, 1), date(2026, 4, 1)),
            (PhaseKind.VOTING, date(2026, 4, 1), date(2026, 5, 1)),
        )  # fmt: skip
        self.places = [
            make.add(kind(slug=f"lieu-{n}", name=f"Lieu {n}")) for kind in (Site, Department) for n in range(TEN)
        ]
        self._proposals()
        self._meetings_and_answers()
        self._actions()
        self._trace()
        self._letters()
        self.fixed |= {
            "user": {one.id for one in self.people.values()},
            "working_group": {self.group.id, self.groups[0].id},
            "proposal": {one.id for one in (self.rich, self.open, self.mine, self.merged, self.waiting, self.decided)},
            "action": {self.action.id, self.other.id},
            "meeting": {self.meeting.id},
            "letter": {self.draft_id},
        }

    def _proposals(self) -> None:
        def one(state: ProposalState, **values: Any) -> Any:
            return make.proposal(
                self.project, state=state, campaign_id=self.campaign.id, theme_id=self.themes[0].id, **values
            )

        for state in ProposalState:
            for n in range(TEN):
                one(state, author=self.people["agent"] if n % 2 else self.others[n])
        self.open = one(ProposalState.PUBLISHED, author=self.others[0])
        self.mine = one(ProposalState.PUBLISHED, author=self.people["agent"])
        self.rich = one(ProposalState.RETAINED, author=self.others[0])
        self.merged = one(ProposalState.MERGED, author=self.others[0])
        self.waiting = one(ProposalState.SUBMITTED, author=self.others[0])
        self.decided = one(ProposalState.UNDER_REVIEW, author=self.others[0])
        self.draft = one(ProposalState.DRAFT, author=self.people["agent"])
        joined = [one(ProposalState.MERGED, author=self.others[1]) for _ in range(TEN)]
        for page in (self.rich, self.open, self.mine):
            for n in range(TEN):
                make.add(
                    Review(
                        proposal_id=page.id, reviewer_id=self.people["etude"].id, advice=ReviewAdvice.FAVOURABLE,
                        text="À faire sans attendre.", recorded_at=NOON, effective_on=DAY,
                    )
                )  # fmt: skip
                make.add(ProposalVersion(proposal_id=page.id, position=2 + n, title=page.title, body=f"Texte {n}.",
                                         recorded_at=NOON))  # fmt: skip
                if n:
                    make.add(Authorship(proposal_id=page.id, user_id=self.others[n].id, accepted_at=NOON))
        for one_joined in [*joined, self.merged]:
            make.add(ProposalLineage(from_id=one_joined.id, to_id=self.rich.id, kind=LineageKind.MERGED,
                                     recorded_at=NOON, effective_on=DAY))  # fmt: skip

    def _meetings_and_answers(self) -> None:
        self.meeting = make.meeting(self.project)
        for n in range(TEN):
            make.meeting(self.project, held_on=DAY - timedelta(days=n))
            make.meeting(self.project, held_on=date(2026, 6, 1) + timedelta(days=n))
        for n in range(TEN):
            for published in (True, False):
                answered = make.proposal(
                    self.project,
                    state=ProposalState.RETAINED if published else ProposalState.UNDER_REVIEW,
                    author=self.others[n],
                )
                self._answer(answered, published=published)
            self._answer(self.rich, published=True)
        self.waiting_decision = self._answer(self.decided, published=False)

    def _answer(self, proposal: Any, *, published: bool) -> Any:
        made = make.decision(
            proposal, outcome=Outcome.RETAINED, published=published, meeting_id=self.meeting.id,
            taken_on=self.meeting.held_on,
        )  # fmt: skip
        for met_on in (None, DAY + timedelta(days=70)):
            make.add(DecisionCondition(decision_id=made.id, kind=ConditionKind.CREDITS, label="Crédits", met_on=met_on))
        return made

    def _actions(self) -> None:
        steps = (("Premier pas", date(2026, 2, 1)), ("Second pas", date(2026, 5, 1)))

        def one(group: Any, **values: Any) -> Any:
            return make.action(
                self.project, group_id=group.id, theme_id=self.themes[0].id, milestones=steps,
                proposals=(self.rich,), **values,
            )  # fmt: skip

        self.action = one(self.group, pilot_id=self.people["pilote"].id)
        self.other = one(self.groups[0], pilot_id=self.others[0].id)
        for n in range(TEN):
            mine = one(self.group, pilot_id=self.people["pilote"].id)
            make.update(mine, DAY + timedelta(days=n), note="Cela avance.", author_id=self.others[n].id)
            done = one(self.groups[n])
            make.update(done, DAY + timedelta(days=n), status=ActionStatus.DONE, note="C'est fait.")
        for page in (self.action, self.other):
            for n in range(TEN):
                last = make.update(page, DAY + timedelta(days=n), note="Cela avance.", meeting_id=self.meeting.id,
                                   author_id=self.others[n].id, move_reason="Retard de livraison.")  # fmt: skip
        self.point, self.other_point = self.action.updates[-1].id, last.id

    def _trace(self) -> None:
        for n in range(TEN):
            make.add(Event(at=NOON, programme_id=self.project.id, actor_id=self.others[n].id, actor_label="Quelqu'un",
                           verb="action:edit", subject="action", subject_id=self.action.id, changes={}))  # fmt: skip
            make.add(Follow(proposal_id=self.rich.id, user_id=self.others[n].id, created_on=DAY))
            self.asked = make.add(
                DataRequest(user_id=self.others[n].id, kind=RequestKind.ERASURE, made_at=NOON, due_on=DAY)
            ).id
            self.withdrawn = make.add(
                Redaction(kind=TextKind.UPDATE, target_id=self.point, reason="Un nom y est.", asked_at=NOON,
                          asked_by_id=self.others[n].id)
            ).id  # fmt: skip

    def _letters(self) -> None:
        editor = actor_by_login("redaction", now=NOON)
        for quarter in ("2025-T3", "2025-T4"):
            made = letters.build(self.project.id, quarter, actor=editor, now=NOON)
            letters.write_editorial(made, "Bonjour à tous.", actor=editor, now=NOON)
            letters.ask_proofreading(made, [self.people["agent"].id], actor=editor, now=NOON)
            letters.approve(made, "La directrice générale", NOON.date(), actor=editor, now=NOON)
            letters.publish(made, actor=editor, now=NOON)
        self.letter = made.number
        draft = letters.build(self.project.id, QUARTER, actor=editor, now=NOON)
        letters.ask_proofreading(
            draft, [self.people["agent"].id, *(one.id for one in self.others)], actor=editor, now=NOON
        )
        self.draft_id = draft.id

    def objects(self) -> dict[str, Any]:
        """The names that the addresses of `places` use."""
        return {
            "led": self.action.number, "other": self.other.number, "led_point": self.point,
            "other_point": self.other_point, "led_group": self.group.slug, "other_group": self.groups[0].slug,
            "campaign": self.campaign.id, "meeting": self.meeting.id, "published": self.open.number,
            "retained": self.rich.number, "merged": self.merged.number, "submitted": self.waiting.id,
            "decided": self.decided.number, "mine": self.mine.number, "mine_key": self.mine.draft_key,
            "draft": self.draft.draft_key, "letter": self.letter, "decision": self.waiting_decision.id,
            "asked": self.asked, "withdrawn": self.withdrawn, "leaver": self.others[1].id, "project": self.project.id,
            "employer": self.project.entities[0].id, "department": self.places[-1].id, "site": self.places[0].id,
            "theme": self.themes[0].id, "group_id": self.group.id, "person": self.others[0].id,
        }  # fmt: skip


# --- A hundred times as many ---------------------------------------------------------------------------------------

KEPT = {
    "instance", "setting", "counter", "programme", "programme_entity", "campaign", "phase", "entity", "department",
    "department_entity", "site", "user_session", "login_failure", "letter_block", "frozen", "vote", "outbox_message",
}  # fmt: skip


def _copied_value(table: Table, column: Any, fixed: dict[str, set[int]]) -> str:
    """What a column holds in the n-th copy of a row."""
    name = f"t.{column.name}"
    target = next((key.column.table.name for key in column.foreign_keys), None)
    if target is not None:
        kept = ", ".join(map(str, fixed.get(target, ()))) or "-1"
        return name if target in KEPT else f"CASE WHEN {name} IN ({kept}) THEN {name} ELSE {name} + n.i * {STEP} END"
    if column.name == "quarter":
        return f"(CAST(substr({name}, 1, 4) AS INTEGER) - n.i - 1) || substr({name}, 5)"
    single = column.unique or any(set(one.columns.keys()) == {column.name} for one in table.constraints if one.columns)
    if column.primary_key or (column.unique and isinstance(column.type, Integer)):
        return f"{name} + n.i * {STEP}" if isinstance(column.type, Integer) else f"{name} || '-' || n.i"
    if single and column.name in {"slug", "login", "email", "draft_key", "subject", "source_id"}:
        return f"{name} || '-' || n.i"
    return f"{name} || '-' || n.i" if column.name in {"slug", "number"} and not column.unique else name


def multiply(database: Path, fixed: dict[str, set[int]]) -> None:
    """Copy every row that is not fixed; what hung under a fixed row hangs under the same."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        numbers = (
            f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {TIMES - 1}) SELECT i FROM n)"
        )
        for table in db.metadata.sorted_tables:
            if table.name in KEPT:
                continue
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            values = ", ".join(_copied_value(table, column, fixed) for column in table.columns)
            own = fixed.get(table.name)
            where = f"WHERE t.id NOT IN ({', '.join(map(str, own))})" if own else ""
            copies = f'SELECT {values} FROM "{table.name}" t, {numbers} n {where}'
            connection.execute(f'INSERT OR IGNORE INTO "{table.name}" ({columns}) {copies}')
        connection.execute("COMMIT")


# --- Counting ------------------------------------------------------------------------------------------------------

# for machines, visitors, nobody yet; an import, which needs its file, is measured by tests of its own
APART = ("health.", "auth.", "employers.", "first_account.", "second_factor.login", "single_sign_on.", "register.")
# one's own data come from each table that may hold some, and what names a person is sought in every one
WHOLE = {"duties.own_data_page", "duties.own_data_json", "duties.erase_person", "settings.archive_file"}
PREFERRED = ("copil", "agent", "pilote", "etude", "moderation", "redaction", "admin")


def pages(app: Flask) -> list[tuple[str, str]]:
    """(role, address) of each page, as the roles that see the most of it; home as three of them."""
    found = []
    methods = methods_of(app)
    for entry in (*ENTRIES, *MORE):
        if entry.endpoint in WHOLE:
            continue
        if "GET" in methods[entry.endpoint] and not entry.endpoint.startswith(APART):
            roles = [role for role in PREFERRED if role in entry.roles]
            found += [(role, entry.path) for role in (roles[:3] if entry.endpoint == "home.index" else roles[:1])]
    return list(dict.fromkeys(page for page in found if "{other" not in page[1]))


def measure(
    app: Flask,
    clients: dict[str, CheckedClient],
    objects: dict[str, Any],
    few: dict[tuple[str, str], Any] | None = None,
) -> dict[tuple[str, str], Any]:
    """Statements of each page, cold then warm (once, for those that a cache did not change in the world of `few`)."""
    found: dict[tuple[str, str], Any] = {}
    for role, path in pages(app):
        address = path.format(**objects)
        sent = []
        cached = few is None or len(few[role, path]) == 2
        for cold in (True, False) if cached else (True,):
            if cold:
                kept.forget()
            with app.app_context(), counting() as statements, drawing_once():
                response = clients[role].http.get(address)
            assert response.status_code == 200, f"{role} {address}: {response.status_code}"
            sent.append(statements)
        same = len(sent) == 2 and len(sent[0]) == len(sent[1])
        found[role, path] = sent[:1] if same else sent
    return found


@pytest.fixture(scope="module")
def counted(shared_app: Flask, scratch: Path) -> Iterator[dict[int, dict[tuple[str, str], Any]]]:
    """Statements of every page, in the small world and in the large one."""
    database = scratch / "test.db"

    def fresh() -> None:
        with shared_app.app_context():
            end_transaction(commit=False)
            db.session.remove()
            db.engine.dispose()
        for suffix in ("-wal", "-shm"):
            (scratch / f"test.db{suffix}").unlink(missing_ok=True)

    fresh()
    shutil.copy(scratch / "empty.db", scratch / "next.db")
    os.replace(scratch / "next.db", database)
    shutil.rmtree(scratch / "instance" / "vote-keys", ignore_errors=True)
    shared_app.config["CLOCK"] = Clock()
    with shared_app.app_context():
        with write_transaction():
            small = Small()
            objects, fixed = small.objects(), small.fixed
            ids = {role: one.id for role, one in small.people.items()}
            objects["condition"] = 1
        clients = {role: CheckedClient(shared_app).login(db.session.get(User, key)) for role, key in ids.items()}
        clients["agent"].post(f"/propositions/{objects['published']}/soutien")  # so that there are a key and a roll
    found = {TEN: measure(shared_app, clients, objects)}
    fresh()
    multiply(database, fixed)
    with shared_app.app_context():
        with write_transaction():
            search.index_many(
                [tuple(row) for row in db.session.execute(db.text(
                    f"SELECT id, title, body FROM proposal WHERE number IS NOT NULL AND id > {STEP}"))]
            )  # fmt: skip
        for table in ("proposal", "action", "action_update", "meeting", "decision", "working_group", "user", "letter"):
            rows = db.session.execute(db.text(f'SELECT count(*) FROM "{table}"')).scalar_one()
            assert rows >= (2 if table == "letter" else TEN) * TIMES, f"{table}: {rows}"
        db.session.rollback()
    found[TEN * TIMES] = measure(shared_app, clients, objects, found[TEN])
    fresh()
    kept.forget()
    return found


def test_no_page_takes_more_statements_with_more_rows(counted: dict[int, dict[tuple[str, str], Any]]) -> None:
    few, many = counted[TEN], counted[TEN * TIMES]
    grown = {
        page: ([len(one) for one in few[page]], [len(one) for one in many[page]])
        for page in few
        # what a process keeps is bounded: a page too heavy to be kept is made anew the second time
        if len(few[page][0]) != len(many[page][0]) or len(many[page][-1]) > len(many[page][0])
    }
    assert not grown, grown


def test_each_page_keeps_to_its_budget(counted: dict[int, dict[tuple[str, str], Any]]) -> None:
    over = {}
    for (role, path), sent in counted[TEN * TIMES].items():
        budget = 15 if path.startswith("/tableau-de-bord") else 8
        if max(len(one) for one in sent) > budget:
            over[role, path] = [len(one) for one in sent]
    assert not over, over
