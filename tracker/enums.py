"""Closed lists of the domain. Members are English, stored by value; the French label stands beside them.

Labels are message ids of gettext: French needs no catalogue. `label` is translated when it is shown,
never at import time.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from flask_babel import gettext


class Labelled(StrEnum):
    """A text enum whose members carry the sentence shown on screen."""

    message: str
    css: str

    def __new__(cls, value: str, message: str = "", css: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.message = message or value
        member.css = css or value.replace("_", "-")
        return member

    @property
    def label(self) -> str:
        """The label in the reader's language."""
        return gettext(self.message)


class ProposalState(Labelled):
    DRAFT = "draft", "brouillon"
    SUBMITTED = "submitted", "envoyée"
    PUBLISHED = "published", "publiée"
    UNDER_REVIEW = "under_review", "à l'étude"
    RETAINED = "retained", "retenue"
    DECLINED = "declined", "non retenue"
    DEFERRED = "deferred", "reportée"
    REDIRECTED = "redirected", "orientée"
    MERGED = "merged", "regroupée"
    WITHDRAWN = "withdrawn", "retirée par son auteur·rice"


class Outcome(Labelled):
    """What a decision says; each has the proposal state it leads to under the same value."""

    RETAINED = "retained", "retenue"
    DECLINED = "declined", "non retenue"
    DEFERRED = "deferred", "reportée"
    REDIRECTED = "redirected", "orientée"

    @property
    def state(self) -> ProposalState:
        return ProposalState(self.value)


class Motive(Labelled):
    SIMPLIFICATION = "simplification", "simplification"
    IMMEDIATE = "immediate", "effet immédiat, sans coût"
    FEASIBLE = "feasible", "faisable en l'état"
    PARTLY_FEASIBLE = "partly_feasible", "faisable pour une partie"
    LEGAL_WAIT = "legal_wait", "cadre juridique attendu"
    COST = "cost", "coût et calendrier"
    ALREADY_DONE = "already_done", "déjà en place ou en cours"
    OUT_OF_SCOPE = "out_of_scope", "hors du projet d'administration"
    OTHER_OWNER = "other_owner", "relève d'un autre interlocuteur"
    SAFETY = "safety", "santé et sécurité"
    FAIRNESS = "fairness", "équité entre agents"
    NEEDS_STUDY = "needs_study", "étude à mener"


class ConditionKind(Labelled):
    OPINION_CT = "opinion_ct", "avis du comité technique ou social territorial"
    DELIBERATION = "deliberation", "délibération"
    ORDER = "order", "arrêté"
    CREDITS = "credits", "crédits votés"


class ReviewAdvice(Labelled):
    """What the person in charge of the study would do."""

    FAVOURABLE = "favourable", "favorable"
    FAVOURABLE_IF = "favourable_if", "favorable sous conditions"
    UNFAVOURABLE = "unfavourable", "défavorable"
    TO_COMPLETE = "to_complete", "à compléter"


class Origin(Labelled):
    AGENT = "agent", "en ligne"
    WORKSHOP = "workshop", "atelier"
    PAPER = "paper", "papier"


class PhaseKind(Labelled):
    PROPOSING = "proposing", "dépôt et soutien des propositions"
    VOTING = "voting", "soutien des propositions"
    REVIEWING = "reviewing", "étude et réponses"
    PAUSE = "pause", "pause"

    @property
    def allows_submission(self) -> bool:
        return self is PhaseKind.PROPOSING

    @property
    def allows_support(self) -> bool:
        return self in {PhaseKind.PROPOSING, PhaseKind.VOTING}

    @property
    def allows_comment(self) -> bool:
        return self is not PhaseKind.PAUSE


class VoteChoice(Labelled):
    FOR = "for", "pour"
    AGAINST = "against", "contre"
    ABSTAIN = "abstain", "abstention"


class TallyChoice(Labelled):
    """Choices of counts brought from elsewhere; their own list, never mixed with votes."""

    FOR = "for", "pour"
    AGAINST = "against", "contre"
    MIXED = "mixed", "mitigé"
    ABSTAIN = "abstain", "abstention"


class AuthorRole(Labelled):
    AUTHOR = "author", "auteur·rice"
    COAUTHOR = "coauthor", "coauteur·rice"


class LineageKind(Labelled):
    MERGED = "merged", "regroupée avec"
    SPLIT = "split", "issue de"
    REPLACES = "replaces", "remplace"


class ActionStatus(Labelled):
    TO_START = "to_start", "à lancer"
    IN_PROGRESS = "in_progress", "en cours"
    SUSPENDED = "suspended", "suspendue"
    DONE = "done", "réalisée"
    STOPPED = "stopped", "arrêtée"

    @property
    def is_closed(self) -> bool:
        """True when nothing more is expected: neither late nor silent any more."""
        return self in {ActionStatus.DONE, ActionStatus.STOPPED}


class Health(Labelled):
    """Declared confidence ("météo selon le pilote")."""

    SUN = "sun", "soleil"
    VEILED = "veiled", "voilé"
    CLOUDY = "cloudy", "nuageux"
    STORM = "storm", "orage"
    UNKNOWN = "unknown", "non renseignée"
    NOT_APPLICABLE = "not_applicable", "sans objet"

    @property
    def needs_sentence(self) -> bool:
        return self in {Health.CLOUDY, Health.STORM}

    @property
    def meaning(self) -> str:
        return gettext(HEALTH_MEANINGS[self])


HEALTH_MEANINGS = {
    Health.SUN: "tout est sur les rails",
    Health.VEILED: "à surveiller, tenable",
    Health.CLOUDY: "besoin d'un appui",
    Health.STORM: "bloqué, décision attendue",
    Health.UNKNOWN: "pas encore dite",
    Health.NOT_APPLICABLE: "l'action est terminée ou arrêtée",
}


class UpdateKind(Labelled):
    OPENING = "opening", "ouverture"
    STATEMENT = "statement", "point"
    CONFIRMATION = "confirmation", "rien n'a changé"
    CORRECTION = "correction", "correction"
    RETRACTION = "retraction", "retrait"


class UpdateSource(Labelled):
    FORM = "form", "saisi en ligne"
    LINK = "link", "par lien"
    IMPORT = "import", "importé"
    MEETING = "meeting", "dit en réunion"


class MarkKind(Labelled):
    ADDED = "added", "ajouté"
    DONE = "done", "fait"
    REOPENED = "reopened", "rouvert"
    DUE = "due", "échéance déplacée"
    WEIGHT = "weight", "poids"
    DROPPED = "dropped", "abandonné"


class ToCheck(Labelled):
    """Why an action is "à vérifier"; computed, never stored."""

    SUN_BUT_LATE = "sun_but_late", "soleil alors que l'action est en retard ou prend du retard"
    DONE_OPEN_MILESTONES = "done_open_milestones", "réalisée avec des jalons ouverts"
    COMPLETE_NOT_DONE = "complete_not_done", "100 % déclarés mais pas réalisée"
    STARTED_WITHOUT_START = "started_without_start", "en cours sans date de début"
    HEALTH_WITHOUT_SENTENCE = "health_without_sentence", "météo nuageuse ou orageuse sans phrase"


class MeetingKind(Labelled):
    STEERING = "steering", "réunion du comité de pilotage"
    MANAGEMENT = "management", "réunion d'encadrement"
    SEMINAR = "seminar", "séminaire"
    GROUP = "group", "réunion de groupe"


class LetterState(Labelled):
    DRAFT = "draft", "brouillon"
    TO_APPROVE = "to_approve", "en relecture"
    APPROVED = "approved", "bon à tirer donné"
    SCHEDULED = "scheduled", "programmée"
    SENDING = "sending", "en cours d'envoi"
    SENT = "sent", "envoyée"


class FrozenKind(Labelled):
    LETTER = "letter", "lettre"
    MEETING = "meeting", "réunion"


class OutboxState(Labelled):
    PENDING = "pending", "en attente"
    SENDING = "sending", "en cours"
    SENT = "sent", "envoyé"
    FAILED = "failed", "échec"
    CANCELLED = "cancelled", "annulé"


class Role(Labelled):
    GROUP_LEAD = "group_lead", "animateur·rice"
    GROUP_MEMBER = "group_member", "membre du groupe"
    REVIEWER = "reviewer", "chargé·e de l'étude"
    MODERATOR = "moderator", "modération"
    EDITOR = "editor", "rédaction"
    STEERING = "steering", "comité de pilotage"
    ADMIN = "admin", "gestionnaire de l'outil"
    RELAY = "relay", "relais"


class CodeChannel(Labelled):
    """How an activation code reaches the person."""

    SLIP = "slip", "code imprimé"
    MAIL = "mail", "lien par courriel"


class RequestKind(Labelled):
    """What a person may ask of the data kept about them."""

    ERASURE = "erasure", "effacement"
    CORRECTION = "correction", "rectification"


class RequestState(Labelled):
    OPEN = "open", "à traiter"
    DONE = "done", "traitée"
    REFUSED = "refused", "refusée"


class RunState(Labelled):
    """Where an import of the staff register stands."""

    READ = "read", "à confirmer"
    WAITING = "waiting", "en attente"
    RUNNING = "running", "en cours"
    DONE = "done", "terminé"
    FAILED = "failed", "interrompu"
    ABANDONED = "abandoned", "abandonné"


class TextKind(Labelled):
    """Texts that two people may redact (design 4.10)."""

    UPDATE = "update", "point"
    DECISION = "decision", "réponse"
    COMMENT = "comment", "commentaire"
    EVENT = "event", "trace"
    LETTER = "letter", "texte d'une lettre"
    PROPOSAL = "proposal", "proposition"
    REVIEW = "review", "avis"
    MEETING = "meeting", "compte rendu"
