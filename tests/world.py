"""The demonstration as the walks over every address need it: a visit per role, real objects, a way back after each."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select, text

from tests import databases, drawing
from tests.client import Answer, CheckedClient, check_page
from tests.conftest import Clock
from tests.databases import Base, Watch
from tests.places import IN_PROJECT, PROJECT, QUARTER, ROLES, VISITOR, Entry
from tracker.exports.stylesheet import stylesheet
from tracker.extensions import db
from tracker.models import User
from tracker.queries import kept

# What stands in the braces of `places.ENTRIES`; later ones may use earlier ones.
OBJECTS = {
    "person": "SELECT id FROM \"user\" WHERE login = 'etude'",
    "grant": "SELECT min(r.id) FROM role_grant r JOIN \"user\" u ON u.id = r.user_id WHERE u.login = 'etude'",
    "register_run": "SELECT max(id) FROM register_run",
    "led": "SELECT a.number FROM action a JOIN working_group g ON g.id = a.group_id WHERE g.slug = :led_group "
    "ORDER BY a.number LIMIT 1",
    "other": "SELECT a.number FROM action a JOIN working_group g ON g.id = a.group_id WHERE g.slug = :other_group "
    "AND a.pilot_id IS DISTINCT FROM (SELECT id FROM \"user\" WHERE login = 'pilote') ORDER BY a.number LIMIT 1",
    "led_point": "SELECT max(u.id) FROM action_update u JOIN action a ON a.id = u.action_id WHERE a.number = :led "
    "AND u.kind = 'statement'",
    "other_point": "SELECT max(u.id) FROM action_update u JOIN action a ON a.id = u.action_id "
    "WHERE a.number = :other AND u.kind = 'statement'",
    "campaign": "SELECT max(id) FROM campaign WHERE programme_id = :project",
    "meeting": "SELECT max(id) FROM meeting WHERE programme_id = :project",
    "published": "SELECT min(number) FROM proposal WHERE programme_id = :project AND state = 'published' AND "
    "campaign_id = :campaign AND id NOT IN (SELECT proposal_id FROM authorship WHERE user_id IN (SELECT id FROM "
    "\"user\" WHERE login IN ('agent', 'pilote', 'etude', 'moderation', 'copil', 'redaction', 'admin')))",
    "retained": "SELECT min(number) FROM proposal WHERE programme_id = :project AND state = 'retained'",
    "merged": "SELECT min(number) FROM proposal WHERE state = 'merged'",
    "submitted": "SELECT min(id) FROM proposal WHERE programme_id = :project AND state = 'submitted'",
    "decided": "SELECT p.number FROM decision d JOIN proposal p ON p.id = d.proposal_id WHERE d.published_on IS NULL",
    "decision": "SELECT min(d.id) FROM decision d JOIN proposal p ON p.id = d.proposal_id WHERE d.published_on IS NULL "
    "AND p.programme_id = :project",
    "condition": "SELECT c.id FROM decision_condition c JOIN decision d ON d.id = c.decision_id "
    "JOIN proposal p ON p.id = d.proposal_id WHERE p.programme_id = :project AND d.published_on IS NOT NULL",
    "mine": "SELECT p.number FROM proposal p JOIN authorship a ON a.proposal_id = p.id JOIN \"user\" u ON u.id = "
    "a.user_id WHERE u.login = 'agent' AND p.programme_id = :project AND p.state = 'published'",
    "mine_key": "SELECT draft_key FROM proposal WHERE number = :mine",
    "draft": "SELECT p.draft_key FROM proposal p JOIN authorship a ON a.proposal_id = p.id JOIN \"user\" u ON u.id = "
    "a.user_id WHERE u.login = 'agent' AND p.state = 'draft'",
    "letter": "SELECT max(number) FROM letter",
    "asked": "SELECT max(id) FROM data_request",
    "withdrawn": "SELECT max(id) FROM redaction",
    "leaver": "SELECT max(id) FROM \"user\" WHERE erased_at IS NULL AND login NOT IN ('agent', 'pilote', 'etude', "
    "'moderation', 'copil', 'redaction', 'admin') AND id NOT IN (SELECT user_id FROM authorship WHERE user_id IS "
    "NOT NULL AND sealed)",
    "employer": "SELECT max(id) FROM entity",
    "ended": "SELECT min(id) FROM programme WHERE ends_on < '2026-03-16'",
    "site": "SELECT max(id) FROM site",
    "department": "SELECT max(id) FROM department",
    "theme": "SELECT max(id) FROM theme WHERE programme_id = :project AND NOT is_unknown",
    "group_id": "SELECT max(id) FROM working_group WHERE programme_id = :project",
}  # fmt: skip


GROUPS = (
    "SELECT g.slug, max(CASE WHEN u.login = 'pilote' THEN 1 ELSE 0 END) AS his FROM working_group g JOIN role_grant r "
    'ON r.group_id = g.id JOIN "user" u ON u.id = r.user_id WHERE g.programme_id = :project GROUP BY g.slug, g.id '
    "ORDER BY his DESC, g.id"
)


class World:
    """The demonstration with one visit per role, a letter being written, and a way back after each write."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.folder = Path(app.config["DEMO_FOLDER"])
        self.clock = Clock()
        app.config["CLOCK"] = self.clock
        self.clients: dict[str, CheckedClient] = {}
        self.seen: set[tuple[str, str, int]] = set()
        self.base: Base = app.config["BASE"]
        self._watch: Watch | None = None
        self._still: kept.Held | None = None  # what the process kept of the world before anything was written to it
        self._restore("loaded", "loaded-keys")
        self._prepare()
        self.objects = self._find_objects()
        self.keep()

    def _prepare(self) -> None:
        """Log everybody in, and begin the letter of the running quarter."""
        for role in ROLES:
            with self.app.app_context():
                user = db.session.scalar(select(User).where(User.login == role))
                assert user is not None, role
                self.clients[role] = CheckedClient(self.app).login(user)
        self.clients[VISITOR] = CheckedClient(self.app)
        self._fresh_cookies = {role: self._cookie(role) for role in self.clients}
        built = self.open("redaction", "POST", "/lettres/composer" + IN_PROJECT, {"quarter": QUARTER})
        assert built.status == 303, built.words[:300]
        asked = self.open("agent", "POST", "/mon-compte/donnees", {"kind": "correction", "text": "Mon nom a changé."})
        assert asked.status == 303, asked.words[:300]
        (point,) = self.one("SELECT min(id) FROM action_update WHERE kind = 'statement'")
        names = self.one("SELECT last_name, first_name FROM \"user\" WHERE login = 'agent'")
        withdrawn = f"/reglages/retraits/demander?type=update&de={point}"
        sent = self.open("admin", "POST", withdrawn, {"reason": "Ce texte nomme une personne absente."})
        assert sent.status == 303, sent.words[:300]
        added = self.open("admin", "POST", "/reglages/sites", {"names": "Centre technique"})
        assert added.status == 303, added.words[:300]
        lines = f"Matricule;Nom;Prénom\n9001;Essai;Zoé\n9002;{';'.join(names)}\n"  # the second: a namesake to recognise
        file = (io.BytesIO(lines.encode()), "agents.csv")
        read = self.open("admin", "POST", "/reglages/personnes/importer", {"file": file})
        assert read.status == 303, read.words[:300]

    def _find_objects(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        found["project"] = self.one("SELECT id FROM programme WHERE slug = :slug", slug=PROJECT)[0]
        groups = self.rows(GROUPS, **found)
        found["led_group"], found["other_group"] = groups[0][0], groups[-1][0]
        assert [his for _slug, his in (groups[0], groups[-1])] == [1, 0]
        for name, query in OBJECTS.items():
            row = self.one(query, **found)
            assert row[0] is not None, f"the demonstration has no {name}"
            found[name] = row[0]
        (colour,) = self.one("SELECT colour FROM entity WHERE slug = 'agglo'")
        sheet = stylesheet(colour)
        assert sheet is not None, "the demonstration's employers have no colours"
        found["colours"] = sheet.key
        return found

    # --- The way back ---------------------------------------------------------------------------------------

    def keep(self) -> None:
        self._let_go()
        self.base.keep("world")
        shutil.rmtree(self.folder / "world-keys", ignore_errors=True)
        shutil.copytree(self.folder / "instance" / "vote-keys", self.folder / "world-keys")
        kept.forget()
        self._still = kept.held()
        self._moment = self.watch.now()

    def put_back(self) -> None:
        """As it was before the last write; what was kept before it is true again, revisions included."""
        self._restore("world", "world-keys", self._still)
        self._moment = self.watch.now()

    def leave(self) -> None:
        """As it was loaded, for other tests."""
        self._restore("loaded", "loaded-keys")
        self._let_go()

    def _let_go(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        databases.let_go(self.app)

    def _restore(self, rows: str, keys: str, still: kept.Held | None = None) -> None:
        self._let_go()
        self.base.put_back(rows)
        shutil.rmtree(self.folder / "instance" / "vote-keys", ignore_errors=True)
        shutil.copytree(self.folder / keys, self.folder / "instance" / "vote-keys")
        kept.forget(but=still)

    @property
    def watch(self) -> Watch:
        if self._watch is None:
            self._watch = self.base.watch()
        return self._watch

    @contextmanager
    def nothing_written(self, what: str) -> Iterator[None]:
        before = self.watch.now()
        yield
        if self.watch.written_since(before):
            self.put_back()
            raise AssertionError(f"rows changed: {what}")

    # --- Requests -------------------------------------------------------------------------------------------

    def _cookie(self, role: str) -> str | None:
        found = self.clients[role].http.get_cookie(self.app.config["SESSION_COOKIE_NAME"])
        return found.value if found else None

    def id_of(self, login: str) -> int:
        return int(self.one('SELECT id FROM "user" WHERE login = :login', login=login)[0])

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """What plain SQL finds."""
        with self.app.app_context():
            return [tuple(row) for row in db.session.execute(text(query), values)]

    def one(self, query: str, **values: Any) -> tuple[Any, ...]:
        found = self.rows(query, **values)
        assert found, query
        return found[0]

    def path(self, entry: Entry) -> str:
        return entry.path.format(**self.objects)

    def open(
        self, role: str, method: str, path: str, typed: dict[str, Any] | None = None, *, token: bool = True,
        check: bool = True, **options: Any,
    ) -> Answer:  # fmt: skip
        """One request as that person; the first answer of each kind is checked as a page."""
        client = self.clients[role]
        if method != "GET" and self._still is not None and not self.watch.written_since(self._moment):
            self._still = kept.held()
        if method == "POST" and "data" not in options:
            fields = {"csrf_token": client.csrf_token()} if token else {}
            options["data"] = {**fields, **(typed or {})}
        response = client.http.open(path, method=method, **options)
        answer = Answer(response)
        assert "Content-Security-Policy" in response.headers, path
        client._check_sealed(answer)
        kind = (method, path, answer.status)
        if check and response.mimetype == "text/html" and answer.text and answer.status not in {301, 302, 303}:
            if kind not in self.seen and "courriel" not in path:
                check_page(answer)
            self.seen.add(kind)
        self._keep_cookie(role, client)
        return answer

    def as_person(self, login: str, path: str) -> Answer:
        """A page as somebody who is no demo account; their visit is taken back."""
        with self.app.app_context():
            user = db.session.scalar(select(User).where(User.login == login))
            assert user is not None, login
            client = CheckedClient(self.app).login(user)
        answer = Answer(client.http.get(path))
        client._check_sealed(answer)
        self.put_back()
        return answer

    def _keep_cookie(self, role: str, client: CheckedClient) -> None:
        """A message left in the cookie, or a visit that ended, is no business of the next request."""
        fresh = getattr(self, "_fresh_cookies", {}).get(role)
        name = self.app.config["SESSION_COOKIE_NAME"]
        if fresh is not None:
            client.http.set_cookie(name, fresh)
        else:
            client.http.delete_cookie(name)


@contextmanager
def demonstration(app: Flask) -> Iterator[World]:
    """A world for the tests of one file, where no PDF is drawn; the demonstration is put back afterwards."""
    with drawing.handed_back():
        world = World(app)
        try:
            yield world
        finally:
            world.leave()
