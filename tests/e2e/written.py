"""The pages that are always looked at, with who opens them; the crawl adds what is not written here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.e2e.site import Site

NOW = "mieux-travailler-ensemble"


@dataclass(frozen=True)
class Written:
    """A page; `{}` in the path is what the query finds in the demonstration."""

    role: str | None
    path: str
    find: str = ""
    values: tuple[Any, ...] = ()

    def url(self, site: Site) -> str:
        return self.path.format(site.one(self.find, *self.values)) if self.find else self.path

    def __str__(self) -> str:
        return f"{self.path} ({self.role or 'visitor'})"


OF_STATE = "SELECT number FROM proposal WHERE state = ? AND number IS NOT NULL ORDER BY number LIMIT 1"
MINE = (
    "SELECT p.number FROM proposal p JOIN authorship a ON a.proposal_id = p.id JOIN user u ON u.id = a.user_id"
    " WHERE u.login = 'agent' AND p.state = ? AND p.number IS NOT NULL ORDER BY p.number LIMIT 1"
)
DRAFT = (
    "SELECT p.draft_key FROM proposal p JOIN authorship a ON a.proposal_id = p.id JOIN user u ON u.id = a.user_id"
    " WHERE u.login = 'agent' AND p.state = 'draft' LIMIT 1"
)
OF_PILOT = (
    "SELECT a.number FROM action a JOIN user u ON u.id = a.pilot_id JOIN programme p ON p.id = a.programme_id"
    " WHERE u.login = 'pilote' AND p.slug = ? ORDER BY a.number LIMIT 1"
)
LED = (
    "SELECT g.slug FROM working_group g JOIN role_grant r ON r.group_id = g.id JOIN user u ON u.id = r.user_id"
    " JOIN programme p ON p.id = g.programme_id WHERE u.login = 'pilote'"
    " AND r.role = 'group_lead' AND p.slug = ? LIMIT 1"
)
LATE = (
    "SELECT a.number FROM action a JOIN action_update u ON u.action_id = a.id WHERE u.kind = ?"
    " ORDER BY a.number DESC LIMIT 1"
)
MET_AT = "SELECT m.id FROM meeting m JOIN decision d ON d.meeting_id = m.id WHERE d.published_on IS NOT NULL LIMIT 1"

PAGES = (
    Written(None, "/connexion"),
    Written(None, "/activer#%"),  # a spoilt address
    Written(None, "/mot-de-passe-oublie"),
    Written(None, "/aide"),
    Written("agent", "/aide/qui-peut-quoi"),
    Written(None, "/accessibilite"),
    Written(None, "/donnees-personnelles"),
    Written("agent", "/compte/mot-de-passe"),
    Written("agent", "/"),
    Written("pilote", "/"),
    Written("copil", "/"),
    Written("agent", "/propositions"),
    Written("agent", f"/propositions?projet={NOW}"),
    Written("agent", "/propositions?q=zzzzintrouvable"),
    Written("agent", "/propositions/{}", OF_STATE, ("retained",)),
    Written("agent", "/propositions/{}", OF_STATE, ("declined",)),
    Written("copil", "/propositions/{}", OF_STATE, ("under_review",)),
    Written("agent", "/propositions/{}", MINE, ("published",)),
    Written("agent", "/propositions/{}/texte", MINE, ("published",)),
    Written("agent", "/propositions/nouvelle"),
    Written("agent", "/propositions/brouillons/{}", DRAFT),
    Written("agent", "/propositions/brouillons/{}/apercu", DRAFT),
    Written("agent", "/propositions/mes-propositions"),
    Written("moderation", "/moderation"),
    Written(
        "moderation", "/moderation/{}", "SELECT id FROM proposal WHERE state = 'submitted' ORDER BY id DESC LIMIT 1"
    ),
    Written("etude", "/etudes"),
    Written("etude", "/etudes/{}", OF_STATE, ("under_review",)),
    Written("copil", f"/a-decider?projet={NOW}"),
    Written("copil", "/a-decider/{}", OF_STATE, ("under_review",)),
    Written("copil", f"/a-decider/publier?projet={NOW}"),
    Written("copil", "/reponses/conditions"),
    Written("agent", "/reunions"),
    Written("agent", "/reunions/{}", MET_AT),
    Written("copil", "/reunions/nouvelle"),
    Written("agent", "/groupes"),
    Written("agent", "/groupes/{}", LED, ("projet-2015-2020",)),
    Written("pilote", "/groupes/{}/tour", LED, (NOW,)),
    Written("pilote", "/actions/mon-tour"),
    Written("agent", "/actions"),
    Written("agent", f"/actions?projet={NOW}&retard=1"),
    Written("agent", "/actions/{}", LATE, ("correction",)),
    Written("copil", "/actions/{}", LATE, ("retraction",)),
    Written("pilote", "/actions/{}/point", OF_PILOT, (NOW,)),
    Written("copil", "/actions/nouvelle?proposition={}", OF_STATE, ("retained",)),
    Written("agent", "/tableau-de-bord?au=2018-06-30"),
    Written("copil", f"/tableau-de-bord?projet={NOW}"),
    Written("agent", "/lettres"),
    Written("agent", "/lettres/9"),
    Written("redaction", f"/lettres?projet={NOW}"),
    Written("admin", "/reglages"),
)
# of each family of pages, one where the colours of each element are judged: a list, a form, and the rest
EACH_ELEMENT = {
    "/connexion", f"/propositions?projet={NOW}", "/propositions/nouvelle", "/actions/{}", "/groupes/{}", "/lettres/9",
    "/reglages",
}  # fmt: skip
