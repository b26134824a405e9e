"""Every address of the tool with real objects of the demonstration, and who may enter: written by hand, not computed.

`ENTRIES` is the expectation: nothing in it comes from `permissions.py`. An entry is an address within the reach of the
roles it names; the same endpoint stands twice where what one person may touch, another of the same role may not.
"""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from tests.client import Answer, CheckedClient, check_page
from tests.conftest import Clock
from tracker.exports.stylesheet import stylesheet
from tracker.extensions import db
from tracker.models import User
from tracker.queries import kept

ROLES = ("agent", "pilote", "etude", "moderation", "copil", "redaction", "admin")
VISITOR = "visiteur"
PROJECT = "mieux-travailler-ensemble"  # the current project of the demonstration
QUARTER = "2026-T1"

EVERYBODY = frozenset({*ROLES, VISITOR})
PEOPLE = frozenset(ROLES)


def only(*roles: str) -> frozenset[str]:
    assert set(roles) <= PEOPLE
    return frozenset(roles)


@dataclass(frozen=True)
class Entry:
    """An address, who may enter, and what the others are told: 403, or 404 where they may not even know."""

    endpoint: str
    path: str
    roles: frozenset[str]
    refusal: int = 403
    posts: frozenset[str] | None = None  # who may write there, when fewer than those who may look

    @property
    def name(self) -> str:
        return f"{self.endpoint} {self.path}"

    def allowed(self, method: str) -> frozenset[str]:
        return self.roles if method == "GET" or self.posts is None else self.posts


LEADS = only("pilote", "copil")  # who may write on what the group of `pilote` carries
BOARD = f"/tableau-de-bord/statuts-par-groupe.csv?projet={PROJECT}"
DRAFT = f"/lettres/brouillons/{QUARTER}"
IN_PROJECT = f"?projet={PROJECT}"

ENTRIES = (
    Entry("home.index", "/", PEOPLE),
    Entry("employers.colours", "/employeur/agglo/{colours}.css", EVERYBODY),
    Entry("employers.logo", "/employeur/agglo/{colours}.png", EVERYBODY),  # 404: it has none
    Entry("first_account.create", "/premier-compte/plus-jamais", EVERYBODY),  # 404: there are accounts
    Entry("accounts.password", "/compte/mot-de-passe", PEOPLE),
    Entry("activation.activate", "/activer", EVERYBODY),
    Entry("activation.forgotten", "/mot-de-passe-oublie", EVERYBODY),
    Entry("auth.login", "/connexion", EVERYBODY),
    Entry("auth.logout", "/deconnexion", EVERYBODY),
    Entry("auth.resume_visit", "/reprise", EVERYBODY),
    Entry("health.healthz", "/healthz", EVERYBODY),
    Entry("help_pages.index", "/aide", EVERYBODY),
    Entry("help_pages.permissions", "/aide/qui-peut-quoi", EVERYBODY),
    Entry("help_pages.accessibility", "/accessibilite", EVERYBODY),
    Entry("help_pages.privacy", "/donnees-personnelles", EVERYBODY),
    Entry("slips.relay", "/relais", only("admin")),
    Entry("slips.codes", "/reglages/codes", only("admin")),
    Entry("second_factor.login", "/connexion/code", EVERYBODY),
    Entry("second_factor.mine", "/mon-compte/second-facteur", PEOPLE),
    Entry("second_factor.settings", "/reglages/second-facteur", only("admin")),
    Entry("settings.index", "/reglages", only("admin")),
    Entry("settings.first_steps", "/reglages/premiers-pas", only("admin")),
    Entry("settings.projects_list", "/reglages/projets", only("admin")),
    Entry("settings.project_create", "/reglages/projets/nouveau", only("admin")),
    Entry("settings.project_edit", "/reglages/projets/{project}", only("admin")),
    Entry("settings.employers_list", "/reglages/employeurs", only("admin")),
    Entry("settings.employer_create", "/reglages/employeurs/nouveau", only("admin")),
    Entry("settings.employer_edit", "/reglages/employeurs/{employer}", only("admin")),
    Entry("settings.departments", "/reglages/services", only("admin")),
    Entry("settings.departments_edit", "/reglages/services/{department}", only("admin")),
    Entry("settings.sites", "/reglages/sites", only("admin")),
    Entry("settings.sites_edit", "/reglages/sites/{site}", only("admin")),
    Entry("settings.themes", "/reglages/themes" + IN_PROJECT, only("admin")),
    Entry("settings.themes_edit", "/reglages/themes/{theme}", only("admin")),
    Entry("settings.groups", "/reglages/groupes" + IN_PROJECT, only("admin")),
    Entry("settings.groups_edit", "/reglages/groupes/{group_id}", only("admin")),
    Entry("settings.campaigns_list", "/reglages/consultations" + IN_PROJECT, only("admin")),
    Entry("settings.campaign_create", "/reglages/consultations/nouvelle" + IN_PROJECT, only("admin")),
    Entry("settings.campaign_edit", "/reglages/consultations/{campaign}", only("admin")),
    Entry("people.index", "/reglages/personnes", only("admin")),
    Entry("people.create", "/reglages/personnes/nouvelle", only("admin")),
    Entry("people.show", "/reglages/personnes/{person}", only("admin")),
    Entry("people.edit", "/reglages/personnes/{person}/modifier", only("admin")),
    Entry("people.presence", "/reglages/personnes/{person}/presence", only("admin")),
    Entry("people.grant", "/reglages/personnes/{person}/roles", only("admin")),
    Entry("people.end_grant", "/reglages/personnes/{person}/roles/{grant}/fin", only("admin")),
    Entry("register.upload", "/reglages/personnes/importer", only("admin")),
    Entry("register.columns", "/reglages/personnes/importer/{register_run}/colonnes", only("admin")),
    Entry("register.show", "/reglages/personnes/importer/{register_run}", only("admin")),
    Entry("register.table", "/reglages/personnes/importer/{register_run}/liste.csv?liste=created", only("admin")),
    Entry("register.confirm", "/reglages/personnes/importer/{register_run}/confirmer", only("admin")),
    Entry("settings.contact", "/reglages/contact", only("admin")),
    Entry("settings.labels", "/reglages/mots", only("admin")),
    Entry("settings.archives_list", "/reglages/archives", only("admin")),
    Entry("settings.archive", "/reglages/archives/{project}", only("admin")),
    Entry("settings.close", "/reglages/archives/{project}/cloture", only("admin")),
    Entry("settings.reopen", "/reglages/archives/{project}/reouverture", only("admin")),
    Entry("settings.archive_file", "/reglages/archives/{project}/fichier", only("admin")),
    # rights and duties
    Entry("duties.show_own_data", "/mon-compte/donnees", PEOPLE),
    Entry("duties.own_data_page", "/mon-compte/donnees.html", PEOPLE),
    Entry("duties.own_data_json", "/mon-compte/donnees.json", PEOPLE),
    Entry("duties.privacy", "/reglages/donnees-personnelles", only("admin")),
    Entry("duties.accessibility", "/reglages/accessibilite", only("admin")),
    Entry("duties.data_requests_list", "/reglages/demandes", only("admin")),
    Entry("duties.data_request", "/reglages/demandes/{asked}", only("admin")),
    Entry("duties.erase_person", "/reglages/personnes/{leaver}/effacer", only("admin")),
    Entry("duties.redactions_list", "/reglages/retraits", only("admin", "moderation", "copil")),
    Entry(
        "duties.ask_redaction", "/reglages/retraits/demander?type=update&de={led_point}",
        only("admin", "moderation"),
    ),
    Entry(
        "duties.redaction", "/reglages/retraits/{withdrawn}", only("admin", "moderation", "copil"),
        posts=only("moderation", "copil"),
    ),
    # actions and groups
    Entry("actions.index", "/actions" + IN_PROJECT, PEOPLE),
    Entry("actions.show", "/actions/{led}", PEOPLE),
    Entry("actions.show", "/actions/{other}", PEOPLE),
    Entry("actions.create", "/actions/nouvelle" + IN_PROJECT, LEADS),
    Entry("actions.create", "/actions/nouvelle?proposition={retained}", LEADS),
    Entry("actions.edit", "/actions/{led}/modifier", LEADS),
    Entry("actions.edit", "/actions/{other}/modifier", only("copil")),
    Entry("actions.baseline", "/actions/{led}/dates-de-depart", only("copil")),
    Entry("actions.baseline", "/actions/{other}/dates-de-depart", only("copil")),
    Entry("actions.confirm", "/actions/{led}/rien-n-a-change", LEADS),
    Entry("actions.confirm", "/actions/{other}/rien-n-a-change", only("copil")),
    Entry("actions.post_update", "/actions/{led}/point", LEADS),
    Entry("actions.post_update", "/actions/{other}/point", only("copil")),
    Entry("actions.correct", "/actions/{led}/points/{led_point}/corriger", LEADS),
    Entry("actions.correct", "/actions/{other}/points/{other_point}/corriger", only("copil")),
    Entry("actions.retract", "/actions/{led}/points/{led_point}/retirer", LEADS),
    Entry("actions.retract", "/actions/{other}/points/{other_point}/retirer", only("copil")),
    Entry("actions.cancel", "/actions/{led}/annuler-la-creation", LEADS),
    Entry("actions.cancel", "/actions/{other}/annuler-la-creation", only("copil")),
    Entry("actions.my_round", "/actions/mon-tour", PEOPLE),
    Entry("groups.index", "/groupes" + IN_PROJECT, PEOPLE),
    Entry("groups.show", "/groupes/{led_group}", PEOPLE),
    Entry("groups.show", "/groupes/{other_group}", PEOPLE),
    Entry("groups.round", "/groupes/{led_group}/tour", LEADS),
    Entry("groups.round", "/groupes/{other_group}/tour", only("copil")),
    # board, consultations, meetings
    Entry("board.show", "/tableau-de-bord" + IN_PROJECT, PEOPLE),
    Entry("board.table", BOARD, PEOPLE),
    Entry("consultations.show", "/consultations/{campaign}", PEOPLE),
    Entry("consultations.poster", "/consultations/{campaign}/affiche.pdf", PEOPLE),
    Entry("meetings.index", "/reunions" + IN_PROJECT, PEOPLE),
    Entry("meetings.show", "/reunions/{meeting}", PEOPLE),
    Entry("meetings.create", "/reunions/nouvelle" + IN_PROJECT, only("copil", "redaction")),
    Entry("meetings.edit", "/reunions/{meeting}/modifier", only("copil", "redaction")),
    # what the committee settles
    Entry("decisions.index", "/a-decider" + IN_PROJECT, only("copil")),
    Entry("decisions.decide", "/a-decider/{published}", only("copil")),
    Entry("decisions.decide", "/a-decider/{decided}", only("copil")),
    Entry("decisions.discard", "/a-decider/{decided}/abandonner", only("copil")),
    Entry("decisions.merge", "/a-decider/{published}/regrouper", only("copil")),
    Entry("decisions.undo_merge", "/a-decider/{merged}/separer", only("copil")),
    Entry("decisions.publish", "/a-decider/publier" + IN_PROJECT, only("copil")),
    Entry("decisions.conditions", "/reponses/conditions" + IN_PROJECT, only("copil")),
    Entry("decisions.meet_condition", "/reponses/conditions/{condition}" + IN_PROJECT, only("copil")),
    # study and moderation
    Entry("reviews.index", "/etudes" + IN_PROJECT, only("etude")),
    Entry("reviews.show", "/etudes/{published}", only("etude")),
    Entry("reviews.take", "/etudes/{published}/prendre", only("etude")),
    Entry("reviews.merge", "/etudes/{published}/regrouper", only("etude")),
    Entry("reviews.undo_merge", "/etudes/{merged}/separer", only("etude")),
    Entry("moderation.index", "/moderation", only("moderation")),
    Entry("moderation.show", "/moderation/{submitted}", only("moderation")),
    Entry("moderation.publish", "/moderation/{submitted}/publication", only("moderation")),
    Entry("moderation.send_back", "/moderation/{submitted}/renvoi", only("moderation")),
    # proposals: {mine} and {draft} are those of `agent`
    Entry("proposals.index", "/propositions" + IN_PROJECT, PEOPLE),
    Entry("proposals.mine", "/propositions/mes-propositions", PEOPLE),
    Entry("proposals.new", "/propositions/nouvelle", PEOPLE),
    Entry("proposals.paper", "/propositions/papier", only("moderation")),
    Entry("proposals.show", "/propositions/{published}", PEOPLE),
    Entry("proposals.history", "/propositions/{published}/historique", PEOPLE),
    Entry("proposals.follow", "/propositions/{published}/suivi", PEOPLE),
    Entry("proposals.support", "/propositions/{published}/soutien", PEOPLE),
    Entry("proposals.withdraw_support", "/propositions/{published}/retrait-soutien", PEOPLE),
    Entry("proposals.name", "/propositions/{mine}/nom", only("agent")),
    Entry("proposals.rewrite", "/propositions/{mine}/texte", only("agent")),
    Entry("proposals.draft", "/propositions/brouillons/{draft}", only("agent"), 404),
    Entry("proposals.preview", "/propositions/brouillons/{draft}/apercu", only("agent"), 404),
    Entry("proposals.send", "/propositions/brouillons/{draft}/envoi", only("agent"), 404),
    Entry("proposals.discard", "/propositions/brouillons/{draft}/suppression", only("agent"), 404),
    Entry("proposals.withdraw", "/propositions/brouillons/{mine_key}/retrait", only("agent"), 404),
    # letters
    Entry("letters.index", "/lettres", PEOPLE),
    Entry("letters.show", "/lettres/{letter}", PEOPLE),
    Entry("letters.text", "/lettres/{letter}.txt", PEOPLE),
    Entry("letters.message", "/lettres/{letter}.eml", PEOPLE),
    Entry("letters.mail", "/lettres/{letter}/courriel", PEOPLE),
    Entry("letters.paper", "/lettres/{letter}/imprimer", PEOPLE),
    Entry("letters.pdf_file", "/lettres/{letter}.pdf", PEOPLE),
    Entry("letters.access", "/lettres/{letter}/acces", only("redaction")),
    Entry("letters.build", "/lettres/composer" + IN_PROJECT, only("redaction")),
    Entry("letters.write", DRAFT + IN_PROJECT, only("redaction")),
    Entry("letters.add", DRAFT + "/ajouter" + IN_PROJECT, only("redaction")),
    Entry("letters.block", DRAFT + "/blocs/editorial" + IN_PROJECT, only("redaction")),
    Entry("letters.ask", DRAFT + "/relecteurs" + IN_PROJECT, only("redaction")),
    Entry("letters.approve", DRAFT + "/bon-a-tirer" + IN_PROJECT, only("redaction")),
    Entry("letters.refresh", DRAFT + "/actualiser" + IN_PROJECT, only("redaction")),
    Entry("letters.reopen", DRAFT + "/reprendre" + IN_PROJECT, only("redaction")),
    Entry("letters.publish", DRAFT + "/publier" + IN_PROJECT, only("redaction")),
    # nobody has been asked to read the draft yet
    Entry("letters.proofread", DRAFT + "/relecture" + IN_PROJECT, only("redaction"), posts=only()),
    Entry("letters.draft_mail", DRAFT + "/courriel" + IN_PROJECT, only("redaction")),
    Entry("letters.draft_text", DRAFT + "/texte" + IN_PROJECT, only("redaction")),
    Entry("letters.draft_paper", DRAFT + "/imprimer" + IN_PROJECT, only("redaction")),
    Entry("letters.draft_pdf", DRAFT + "/pdf" + IN_PROJECT, only("redaction")),
)  # fmt: skip

OBJECTS = {
    "person": "SELECT id FROM user WHERE login = 'etude'",
    "grant": "SELECT min(r.id) FROM role_grant r JOIN user u ON u.id = r.user_id WHERE u.login = 'etude'",
    "register_run": "SELECT max(id) FROM register_run",
    "led": "SELECT a.number FROM action a JOIN working_group g ON g.id = a.group_id WHERE g.slug = :led_group "
    "ORDER BY a.number LIMIT 1",
    "other": "SELECT a.number FROM action a JOIN working_group g ON g.id = a.group_id WHERE g.slug = :other_group "
    "AND a.pilot_id IS NOT (SELECT id FROM user WHERE login = 'pilote') ORDER BY a.number LIMIT 1",
    "led_point": "SELECT max(u.id) FROM action_update u JOIN action a ON a.id = u.action_id WHERE a.number = :led "
    "AND u.kind = 'statement'",
    "other_point": "SELECT max(u.id) FROM action_update u JOIN action a ON a.id = u.action_id "
    "WHERE a.number = :other AND u.kind = 'statement'",
    "campaign": "SELECT max(id) FROM campaign WHERE programme_id = :project",
    "meeting": "SELECT max(id) FROM meeting WHERE programme_id = :project",
    "published": "SELECT min(number) FROM proposal WHERE programme_id = :project AND state = 'published' AND "
    "campaign_id = :campaign AND id NOT IN (SELECT proposal_id FROM authorship WHERE user_id IN (SELECT id FROM user "
    "WHERE login IN ('agent', 'pilote', 'etude', 'moderation', 'copil', 'redaction', 'admin')))",
    "retained": "SELECT min(number) FROM proposal WHERE programme_id = :project AND state = 'retained'",
    "merged": "SELECT min(number) FROM proposal WHERE state = 'merged'",
    "submitted": "SELECT min(id) FROM proposal WHERE programme_id = :project AND state = 'submitted'",
    "decided": "SELECT p.number FROM decision d JOIN proposal p ON p.id = d.proposal_id WHERE d.published_on IS NULL",
    "decision": "SELECT min(d.id) FROM decision d JOIN proposal p ON p.id = d.proposal_id WHERE d.published_on IS NULL "
    "AND p.programme_id = :project",
    "condition": "SELECT c.id FROM decision_condition c JOIN decision d ON d.id = c.decision_id "
    "JOIN proposal p ON p.id = d.proposal_id WHERE p.programme_id = :project AND d.published_on IS NOT NULL",
    "mine": "SELECT p.number FROM proposal p JOIN authorship a ON a.proposal_id = p.id JOIN user u ON u.id = a.user_id "
    "WHERE u.login = 'agent' AND p.programme_id = :project AND p.state = 'published'",
    "mine_key": "SELECT draft_key FROM proposal WHERE number = :mine",
    "draft": "SELECT p.draft_key FROM proposal p JOIN authorship a ON a.proposal_id = p.id JOIN user u ON u.id = "
    "a.user_id WHERE u.login = 'agent' AND p.state = 'draft'",
    "letter": "SELECT max(number) FROM letter",
    "asked": "SELECT max(id) FROM data_request",
    "withdrawn": "SELECT max(id) FROM redaction",
    "leaver": "SELECT max(id) FROM user WHERE erased_at IS NULL AND login NOT IN ('agent', 'pilote', 'etude', "
    "'moderation', 'copil', 'redaction', 'admin') AND id NOT IN (SELECT user_id FROM authorship WHERE user_id IS "
    "NOT NULL AND sealed)",
    "employer": "SELECT max(id) FROM entity",
    "ended": "SELECT min(id) FROM programme WHERE ends_on < '2026-03-16'",
    "site": "SELECT max(id) FROM site",
    "department": "SELECT max(id) FROM department",
    "theme": "SELECT max(id) FROM theme WHERE programme_id = :project AND NOT is_unknown",
    "group_id": "SELECT max(id) FROM working_group WHERE programme_id = :project",
}  # fmt: skip


class World:
    """The demonstration with one visit per role, a letter being written, and a way back after each write."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.folder = Path(app.config["DEMO_FOLDER"])
        self.clock = Clock()
        app.config["CLOCK"] = self.clock
        self.clients: dict[str, CheckedClient] = {}
        self.seen: set[tuple[str, str, int]] = set()
        self._watch: sqlite3.Connection | None = None
        self._restore("loaded.db", "loaded-keys")
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
        with sqlite3.connect(self.folder / "demo.db") as connection:
            (point,) = connection.execute("SELECT min(id) FROM action_update WHERE kind = 'statement'").fetchone()
        withdrawn = f"/reglages/retraits/demander?type=update&de={point}"
        sent = self.open("admin", "POST", withdrawn, {"reason": "Ce texte nomme une personne absente."})
        assert sent.status == 303, sent.words[:300]
        added = self.open("admin", "POST", "/reglages/sites", {"names": "Centre technique"})
        assert added.status == 303, added.words[:300]
        file = (io.BytesIO("Matricule;Nom;Prénom\n9001;Essai;Zoé\n".encode()), "agents.csv")
        read = self.open("admin", "POST", "/reglages/personnes/importer", {"file": file})
        assert read.status == 303, read.words[:300]

    def _find_objects(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        with sqlite3.connect(self.folder / "demo.db") as connection:
            found["project"] = connection.execute("SELECT id FROM programme WHERE slug = ?", (PROJECT,)).fetchone()[0]
            groups = connection.execute(
                "SELECT g.slug, max(u.login = 'pilote') AS his FROM working_group g JOIN role_grant r ON r.group_id = "
                "g.id JOIN user u ON u.id = r.user_id WHERE g.programme_id = ? GROUP BY g.slug ORDER BY his DESC, g.id",
                (found["project"],),
            ).fetchall()
            found["led_group"], found["other_group"] = groups[0][0], groups[-1][0]
            assert [his for _slug, his in (groups[0], groups[-1])] == [1, 0]
            for name, query in OBJECTS.items():
                row = connection.execute(query, found).fetchone()
                assert row is not None, f"the demonstration has no {name}"
                assert row[0] is not None, f"the demonstration has no {name}"
                found[name] = row[0]
            (colour,) = connection.execute("SELECT colour FROM entity WHERE slug = 'agglo'").fetchone()
            sheet = stylesheet(colour)
            assert sheet is not None, "the demonstration's employers have no colours"
            found["colours"] = sheet.key
        connection.close()
        return found

    # --- The way back ---------------------------------------------------------------------------------------

    def keep(self) -> None:
        self._let_go()
        with sqlite3.connect(self.folder / "demo.db") as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        shutil.copy(self.folder / "demo.db", self.folder / "world.db")
        shutil.rmtree(self.folder / "world-keys", ignore_errors=True)
        shutil.copytree(self.folder / "instance" / "vote-keys", self.folder / "world-keys")

    def put_back(self) -> None:
        """As it was before the last write."""
        self._restore("world.db", "world-keys")

    def leave(self) -> None:
        """As it was loaded, for other tests."""
        self._restore("loaded.db", "loaded-keys")
        self._let_go()

    def _let_go(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def _restore(self, rows: str, keys: str) -> None:
        self._let_go()
        for suffix in ("-wal", "-shm"):
            (self.folder / f"demo.db{suffix}").unlink(missing_ok=True)
        shutil.copy(self.folder / rows, self.folder / "next.db")
        os.replace(self.folder / "next.db", self.folder / "demo.db")
        shutil.rmtree(self.folder / "instance" / "vote-keys", ignore_errors=True)
        shutil.copytree(self.folder / keys, self.folder / "instance" / "vote-keys")
        kept.forget()

    def version(self) -> int:
        """Changes when anything is committed by anybody."""
        if self._watch is None:
            self._watch = sqlite3.connect(self.folder / "demo.db")
        return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def nothing_written(self, what: str) -> Iterator[None]:
        before = self.version()
        yield
        if self.version() != before:
            self.put_back()
            raise AssertionError(f"rows changed: {what}")

    # --- Requests -------------------------------------------------------------------------------------------

    def _cookie(self, role: str) -> str | None:
        found = self.clients[role].http.get_cookie(self.app.config["SESSION_COOKIE_NAME"])
        return found.value if found else None

    def id_of(self, login: str) -> int:
        with sqlite3.connect(self.folder / "demo.db") as connection:
            return int(connection.execute("SELECT id FROM user WHERE login = ?", (login,)).fetchone()[0])

    def path(self, entry: Entry) -> str:
        return entry.path.format(**self.objects)

    def open(
        self, role: str, method: str, path: str, typed: dict[str, Any] | None = None, *, token: bool = True,
        check: bool = True, **options: Any,
    ) -> Answer:  # fmt: skip
        """One request as that person; the first answer of each kind is checked as a page."""
        client = self.clients[role]
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


def methods_of(app: Flask) -> dict[str, set[str]]:
    """GET and POST as each endpoint takes them."""
    found: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        found.setdefault(rule.endpoint, set()).update((rule.methods or set()) & {"GET", "POST"})
    return found


@contextmanager
def demonstration(app: Flask) -> Iterator[World]:
    """A world for the tests of one file; the demonstration is put back afterwards."""
    world = World(app)
    try:
        yield world
    finally:
        world.leave()
