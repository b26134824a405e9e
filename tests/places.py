"""Every address of the tool with real objects of the demonstration, and who may enter: written by hand, not computed.

`ENTRIES` is the expectation: nothing in it comes from `permissions.py`. An entry is an address within the reach of the
roles it names; the same endpoint stands twice where what one person may touch, another of the same role may not.
`tests/world.py` finds the objects in braces.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask

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
    Entry("accounts.language", "/compte/langue", EVERYBODY),
    Entry("activation.activate", "/activer", EVERYBODY),
    Entry("activation.forgotten", "/mot-de-passe-oublie", EVERYBODY),
    Entry("auth.login", "/connexion", EVERYBODY),
    Entry("auth.logout", "/deconnexion", EVERYBODY),
    Entry("auth.resume_visit", "/reprise", EVERYBODY),
    Entry("health.healthz", "/healthz", EVERYBODY),
    Entry("metrics.show", "/metrics", EVERYBODY),  # from this machine, without a proxy
    Entry("help_pages.index", "/aide", EVERYBODY),
    Entry("help_pages.guide", "/aide/comite", EVERYBODY),
    Entry("help_pages.permissions", "/aide/qui-peut-quoi", EVERYBODY),
    Entry("help_pages.accessibility", "/accessibilite", EVERYBODY),
    Entry("help_pages.privacy", "/donnees-personnelles", EVERYBODY),
    Entry("slips.relay", "/relais", only("admin")),
    Entry("slips.codes", "/reglages/codes", only("admin")),
    Entry("second_factor.login", "/connexion/code", EVERYBODY),
    Entry("second_factor.mine", "/mon-compte/second-facteur", PEOPLE),
    Entry("second_factor.settings", "/reglages/second-facteur", only("admin")),
    Entry("settings.single_sign_on", "/reglages/connexion-unique", only("admin")),
    Entry("single_sign_on.start", "/connexion/unique", EVERYBODY),  # 404: the demonstration has no provider
    Entry("single_sign_on.back", "/connexion/unique/retour", EVERYBODY),
    Entry("single_sign_on.enter", "/connexion/unique/entrer", EVERYBODY),
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
    Entry("slips.invite", "/reglages/personnes/{person}/invitation", only("admin")),
    Entry("people.presence", "/reglages/personnes/{person}/presence", only("admin")),
    Entry("people.grant", "/reglages/personnes/{person}/roles", only("admin")),
    Entry("people.end_grant", "/reglages/personnes/{person}/roles/{grant}/fin", only("admin")),
    Entry("handover.show", "/reglages/personnes/{person}/transmettre", only("admin")),
    Entry("merging.choose", "/reglages/personnes/{person}/reunir", only("admin")),
    Entry("merging.names", "/reglages/personnes/{person}/reunir-des-noms", only("admin")),
    Entry("merging.merge", "/reglages/personnes/{person}/reunir/{leaver}", only("admin")),
    Entry("register.upload", "/reglages/personnes/importer", only("admin")),
    Entry("register.columns", "/reglages/personnes/importer/{register_run}/colonnes", only("admin")),
    Entry("register.show", "/reglages/personnes/importer/{register_run}", only("admin")),
    Entry("register.table", "/reglages/personnes/importer/{register_run}/liste.csv?liste=created", only("admin")),
    Entry("register.abandon", "/reglages/personnes/importer/{register_run}/abandonner", only("admin")),
    Entry("register.recognise", "/reglages/personnes/importer/{register_run}/reconnaitre", only("admin")),
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
    Entry("duties.record_request", "/reglages/personnes/{leaver}/demande", only("admin")),
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


def methods_of(app: Flask) -> dict[str, set[str]]:
    """GET and POST as each endpoint takes them."""
    found: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        found.setdefault(rule.endpoint, set()).update((rule.methods or set()) & {"GET", "POST"})
    return found
