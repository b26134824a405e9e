"""Closed lists of the domain. Members are English, stored by value; the French label stands beside them.

Labels are message ids of gettext: French needs no catalogue. `label` is translated when it is shown,
never at import time.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from flask_babel import gettext

from tracker.wording import N_


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
    DRAFT = "draft", N_("brouillon")
    SUBMITTED = "submitted", N_("envoyée")
    PUBLISHED = "published", N_("publiée")
    UNDER_REVIEW = "under_review", N_("à l'étude")
    RETAINED = "retained", N_("retenue")
    DECLINED = "declined", N_("non retenue")
    DEFERRED = "deferred", N_("reportée")
    REDIRECTED = "redirected", N_("orientée")
    MERGED = "merged", N_("regroupée")
    WITHDRAWN = "withdrawn", N_("retirée par son auteur·rice")


class Outcome(Labelled):
    """What a decision says; each has the proposal state it leads to under the same value."""

    RETAINED = "retained", N_("retenue")
    DECLINED = "declined", N_("non retenue")
    DEFERRED = "deferred", N_("reportée")
    REDIRECTED = "redirected", N_("orientée")

    @property
    def state(self) -> ProposalState:
        return ProposalState(self.value)


class Motive(Labelled):
    SIMPLIFICATION = "simplification", N_("simplification")
    IMMEDIATE = "immediate", N_("effet immédiat, sans coût")
    FEASIBLE = "feasible", N_("faisable en l'état")
    PARTLY_FEASIBLE = "partly_feasible", N_("faisable pour une partie")
    LEGAL_WAIT = "legal_wait", N_("cadre juridique attendu")
    COST = "cost", N_("coût et calendrier")
    ALREADY_DONE = "already_done", N_("déjà en place ou en cours")
    OUT_OF_SCOPE = "out_of_scope", N_("hors du projet d'administration")
    OTHER_OWNER = "other_owner", N_("relève d'un autre interlocuteur")
    SAFETY = "safety", N_("santé et sécurité")
    FAIRNESS = "fairness", N_("équité entre agents")
    NEEDS_STUDY = "needs_study", N_("étude à mener")


class ConditionKind(Labelled):
    OPINION_CT = "opinion_ct", N_("avis du comité technique ou social territorial")
    DELIBERATION = "deliberation", N_("délibération")
    ORDER = "order", N_("arrêté")
    CREDITS = "credits", N_("crédits votés")


class ReviewAdvice(Labelled):
    """What the person in charge of the study would do."""

    FAVOURABLE = "favourable", N_("favorable")
    FAVOURABLE_IF = "favourable_if", N_("favorable sous conditions")
    UNFAVOURABLE = "unfavourable", N_("défavorable")
    TO_COMPLETE = "to_complete", N_("à compléter")


class Origin(Labelled):
    AGENT = "agent", N_("en ligne")
    WORKSHOP = "workshop", N_("atelier")
    PAPER = "paper", N_("papier")


class PhaseKind(Labelled):
    PROPOSING = "proposing", N_("dépôt et soutien des propositions")
    VOTING = "voting", N_("soutien des propositions")
    REVIEWING = "reviewing", N_("étude et réponses")
    PAUSE = "pause", N_("pause")

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
    FOR = "for", N_("pour")
    AGAINST = "against", N_("contre")
    ABSTAIN = "abstain", N_("abstention")


class TallyChoice(Labelled):
    """Choices of counts brought from elsewhere; their own list, never mixed with votes."""

    FOR = "for", N_("pour")
    AGAINST = "against", N_("contre")
    MIXED = "mixed", N_("mitigé")
    ABSTAIN = "abstain", N_("abstention")


class AuthorRole(Labelled):
    AUTHOR = "author", N_("auteur·rice")
    COAUTHOR = "coauthor", N_("coauteur·rice")


class LineageKind(Labelled):
    MERGED = "merged", N_("regroupée avec")
    SPLIT = "split", N_("issue de")
    REPLACES = "replaces", N_("remplace")


class ActionStatus(Labelled):
    TO_START = "to_start", N_("à lancer")
    IN_PROGRESS = "in_progress", N_("en cours")
    SUSPENDED = "suspended", N_("suspendue")
    DONE = "done", N_("réalisée")
    STOPPED = "stopped", N_("arrêtée")

    @property
    def is_closed(self) -> bool:
        """True when nothing more is expected: neither late nor silent any more."""
        return self in {ActionStatus.DONE, ActionStatus.STOPPED}


class Health(Labelled):
    """Declared confidence ("météo selon le pilote")."""

    SUN = "sun", N_("soleil")
    VEILED = "veiled", N_("voilé")
    CLOUDY = "cloudy", N_("nuageux")
    STORM = "storm", N_("orage")
    UNKNOWN = "unknown", N_("non renseignée")
    NOT_APPLICABLE = "not_applicable", N_("sans objet")

    @property
    def needs_sentence(self) -> bool:
        return self in {Health.CLOUDY, Health.STORM}

    @property
    def meaning(self) -> str:
        return gettext(HEALTH_MEANINGS[self])


HEALTH_MEANINGS = {
    Health.SUN: N_("tout est sur les rails"),
    Health.VEILED: N_("à surveiller, tenable"),
    Health.CLOUDY: N_("besoin d'un appui"),
    Health.STORM: N_("bloqué, décision attendue"),
    Health.UNKNOWN: N_("pas encore dite"),
    Health.NOT_APPLICABLE: N_("l'action est terminée ou arrêtée"),
}


class UpdateKind(Labelled):
    OPENING = "opening", N_("ouverture")
    STATEMENT = "statement", N_("point")
    CONFIRMATION = "confirmation", N_("rien n'a changé")
    CORRECTION = "correction", N_("correction")
    RETRACTION = "retraction", N_("retrait")


class UpdateSource(Labelled):
    FORM = "form", N_("saisi en ligne")
    LINK = "link", N_("par lien")
    IMPORT = "import", N_("importé")
    MEETING = "meeting", N_("dit en réunion")


class MarkKind(Labelled):
    ADDED = "added", N_("ajouté")
    DONE = "done", N_("fait")
    REOPENED = "reopened", N_("rouvert")
    DUE = "due", N_("échéance déplacée")
    WEIGHT = "weight", N_("poids")
    DROPPED = "dropped", N_("abandonné")


class ToCheck(Labelled):
    """Why an action is "à vérifier"; computed, never stored."""

    SUN_BUT_LATE = "sun_but_late", N_("soleil alors que l'action est en retard ou prend du retard")
    DONE_OPEN_MILESTONES = "done_open_milestones", N_("réalisée avec des jalons ouverts")
    COMPLETE_NOT_DONE = "complete_not_done", N_("100 % déclarés mais pas réalisée")
    STARTED_WITHOUT_START = "started_without_start", N_("en cours sans date de début")
    HEALTH_WITHOUT_SENTENCE = "health_without_sentence", N_("météo nuageuse ou orageuse sans phrase")


class MeetingKind(Labelled):
    STEERING = "steering", N_("réunion du comité de pilotage")
    MANAGEMENT = "management", N_("réunion d'encadrement")
    SEMINAR = "seminar", N_("séminaire")
    GROUP = "group", N_("réunion de groupe")


class LetterState(Labelled):
    DRAFT = "draft", N_("brouillon")
    TO_APPROVE = "to_approve", N_("en relecture")
    APPROVED = "approved", N_("bon à tirer donné")
    SCHEDULED = "scheduled", N_("programmée")
    SENDING = "sending", N_("en cours d'envoi")
    SENT = "sent", N_("envoyée")


class FrozenKind(Labelled):
    LETTER = "letter", N_("lettre")
    MEETING = "meeting", N_("réunion")


class OutboxState(Labelled):
    PENDING = "pending", N_("en attente")
    SENDING = "sending", N_("en cours")
    SENT = "sent", N_("envoyé")
    FAILED = "failed", N_("échec")
    CANCELLED = "cancelled", N_("annulé")


class Role(Labelled):
    GROUP_LEAD = "group_lead", N_("animateur·rice")
    GROUP_MEMBER = "group_member", N_("membre du groupe")
    REVIEWER = "reviewer", N_("chargé·e de l'étude")
    MODERATOR = "moderator", N_("modération")
    EDITOR = "editor", N_("rédaction")
    STEERING = "steering", N_("comité de pilotage")
    ADMIN = "admin", N_("gestionnaire de l'outil")
    RELAY = "relay", N_("relais")


class CodeChannel(Labelled):
    """How an activation code reaches the person."""

    SLIP = "slip", N_("code imprimé")
    MAIL = "mail", N_("lien par courriel")


class RequestKind(Labelled):
    """What a person may ask of the data kept about them."""

    ACCESS = "access", N_("accès aux données")
    ERASURE = "erasure", N_("effacement")
    CORRECTION = "correction", N_("rectification")


class RequestState(Labelled):
    OPEN = "open", N_("à traiter")
    DONE = "done", N_("traitée")
    REFUSED = "refused", N_("refusée")


class RunState(Labelled):
    """Where an import of the staff register stands."""

    READ = "read", N_("à confirmer")
    WAITING = "waiting", N_("en attente")
    RUNNING = "running", N_("en cours")
    DONE = "done", N_("terminé")
    FAILED = "failed", N_("interrompu")
    ABANDONED = "abandoned", N_("abandonné")


class TextKind(Labelled):
    """Texts that two people may redact (design 4.10)."""

    UPDATE = "update", N_("point")
    DECISION = "decision", N_("réponse")
    COMMENT = "comment", N_("commentaire")
    EVENT = "event", N_("trace")
    LETTER = "letter", N_("texte d'une lettre")
    PROPOSAL = "proposal", N_("proposition")
    REVIEW = "review", N_("avis")
    MEETING = "meeting", N_("compte rendu")
