"""What an event says, in words: the act, what it was done to, and each change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask_babel import gettext

from tracker.enums import (
    ActionStatus,
    Health,
    Labelled,
    LetterState,
    Motive,
    Origin,
    Outcome,
    ProposalState,
    RequestKind,
    RequestState,
    ReviewAdvice,
    Role,
)
from tracker.filters import day, moment
from tracker.wording import N_

ACTS = {
    "account:activate": N_("compte ouvert par un code ou un lien"),
    "account:bind": N_("compte relié à la connexion unique"),
    "account:release": N_("compte détaché de la connexion unique"),
    "action:cancel": N_("action créée par erreur, annulée"),
    "action:confirm": N_("« Rien n'a changé » publié sur une action"),
    "action:correct": N_("point d'une action corrigé"),
    "action:create": N_("action créée"),
    "action:edit": N_("action modifiée"),
    "action:import": N_("action importée"),
    "action:post": N_("point publié sur une action"),
    "action:retract": N_("point d'une action retiré"),
    "activation:attempts": N_("nombreux codes faux tapés"),
    "baseline:change": N_("dates de départ d'une action changées"),
    "campaign:close_votes": N_("vote d'une consultation clos"),
    "campaign:create": N_("consultation créée"),
    "campaign:edit": N_("consultation modifiée"),
    "campaign:remove": N_("consultation supprimée"),
    "code:invite": N_("invitation par courriel"),
    "code:mail": N_("lien envoyé pour choisir un mot de passe"),
    "code:print": N_("codes d'accès imprimés"),
    "code:replace": N_("codes d'accès d'un lot perdu remplacés"),
    "decision:condition": N_("condition d'une réponse notée"),
    "decision:discard": N_("réponse non publiée abandonnée"),
    "decision:edit": N_("réponse non publiée modifiée"),
    "decision:publish": N_("réponse publiée"),
    "decision:take": N_("réponse préparée"),
    "department:add": N_("service ajouté"),
    "department:edit": N_("service modifié"),
    "department:remove": N_("service supprimé"),
    "employer:create": N_("employeur ajouté"),
    "employer:edit": N_("employeur modifié"),
    "employer:remove": N_("employeur supprimé"),
    "group:add": N_("groupe de travail ajouté"),
    "group:edit": N_("groupe de travail modifié"),
    "group:remove": N_("groupe de travail supprimé"),
    "language:choose": N_("langue choisie"),
    "letter:access": N_("lettre ouverte à tous ou réservée"),
    "letter:add": N_("partie ajoutée à une lettre"),
    "letter:approve": N_("bon à tirer d'une lettre donné"),
    "letter:build": N_("lettre composée"),
    "letter:hand_over": N_("relecture d'une lettre transmise"),
    "letter:hide": N_("partie d'une lettre masquée"),
    "letter:move": N_("partie d'une lettre déplacée"),
    "letter:proofread": N_("lettre donnée à relire"),
    "letter:publish": N_("lettre publiée"),
    "letter:refresh": N_("lettre actualisée"),
    "letter:remark": N_("remarque sur une lettre"),
    "letter:remove": N_("partie d'une lettre supprimée"),
    "letter:reopen": N_("lettre remise en brouillon"),
    "letter:show": N_("partie d'une lettre montrée"),
    "letter:write": N_("lettre écrite"),
    "meeting:create": N_("réunion ajoutée"),
    "meeting:edit": N_("réunion modifiée"),
    "password:change": N_("mot de passe changé"),
    "password:replace": N_("mot de passe remplacé par un code ou un lien"),
    "project:close": N_("projet clos"),
    "project:create": N_("projet créé"),
    "project:edit": N_("projet modifié"),
    "project:reopen": N_("projet rouvert"),
    "proposal:discard": N_("brouillon supprimé"),
    "proposal:draft": N_("brouillon enregistré"),
    "proposal:follow": N_("proposition suivie"),
    "proposal:import": N_("proposition importée"),
    "proposal:merge": N_("proposition regroupée avec une autre"),
    "proposal:name": N_("choix du nom changé"),
    "proposal:publish": N_("proposition publiée"),
    "proposal:return": N_("proposition renvoyée à son auteur·rice"),
    "proposal:rewrite": N_("texte d'une proposition récrit"),
    "proposal:submit": N_("proposition envoyée"),
    "proposal:take_back": N_("proposition écrite par erreur, reprise"),
    "proposal:transcribe": N_("proposition dite sur papier, écrite"),
    "proposal:unfollow": N_("proposition qui n'est plus suivie"),
    "proposal:unmerge": N_("proposition séparée d'une autre"),
    "proposal:withdraw": N_("proposition retirée"),
    "redaction:agree": N_("retrait d'un texte accepté"),
    "redaction:ask": N_("retrait d'un texte demandé"),
    "redaction:refuse": N_("retrait d'un texte refusé"),
    "register:abandon": N_("import du personnel abandonné"),
    "register:confirm": N_("import du personnel confirmé"),
    "register:done": N_("import du personnel terminé"),
    "register:read": N_("fichier du personnel lu"),
    "register:recognise": N_("ligne d'un import reconnue comme une personne connue"),
    "request:answer": N_("réponse à une demande sur les données"),
    "request:make": N_("demande sur les données"),
    "request:record": N_("demande sur les données, reçue par écrit"),
    "review:hand_over": N_("étude d'une proposition transmise"),
    "review:take": N_("étude d'une proposition commencée"),
    "review:write": N_("avis sur une proposition rendu"),
    "role:end": N_("rôle terminé"),
    "role:grant": N_("rôle donné"),
    "second_factor:codes": N_("codes de secours renouvelés"),
    "second_factor:off": N_("second code retiré"),
    "second_factor:on": N_("second code mis en place"),
    "second_factor:required": N_("second code demandé à certains rôles, ou non"),
    "second_factor:reset": N_("second code retiré par le gestionnaire"),
    "setting:change": N_("réglage changé"),
    "site:add": N_("site ajouté"),
    "site:edit": N_("site modifié"),
    "site:remove": N_("site supprimé"),
    "theme:add": N_("thème ajouté"),
    "theme:edit": N_("thème modifié"),
    "theme:remove": N_("thème supprimé"),
    "user:activate": N_("compte réactivé"),
    "user:create": N_("personne ajoutée"),
    "user:deactivate": N_("compte désactivé"),
    "user:edit": N_("fiche d'une personne modifiée"),
    "user:erase": N_("personne effacée"),
    "user:hand_over": N_("ce que tenait une personne, transmis"),
    "user:merge": N_("deux fiches réunies"),
    "user:take_names": N_("noms d'ateliers donnés à une personne"),
}
SUBJECTS = {
    "action": N_("action"),
    "campaign": N_("consultation"),
    "data_request": N_("demande sur les données"),
    "decision": N_("réponse"),
    "department": N_("service"),
    "entity": N_("employeur"),
    "instance": N_("l'outil"),
    "letter": N_("lettre"),
    "meeting": N_("réunion"),
    "programme": N_("projet"),
    "proposal": N_("proposition"),
    "register_run": N_("import du personnel"),
    "setting": N_("réglage"),
    "site": N_("site"),
    "theme": N_("thème"),
    "user": N_("personne"),
    "working_group": N_("groupe de travail"),
    # texts withdrawn
    "comment": N_("commentaire"),
    "event": N_("trace"),
    "review": N_("avis"),
    "update": N_("point"),
}
FIELDS = {
    "advice": N_("avis"),
    "declared_progress": N_("avancement déclaré"),
    "department_id": N_("service (repère)"),
    "due_on": N_("échéance"),
    "effective_on": N_("pour le"),
    "email": N_("adresse"),
    "ends_on": N_("fin"),
    "entity_id": N_("employeur (repère)"),
    "first_name": N_("prénom"),
    "health": N_("météo"),
    "is_active": N_("présence"),
    "is_manager": N_("encadrant·e"),
    "kind": N_("genre"),
    "last_name": N_("nom"),
    "locale": N_("langue"),
    "login": N_("identifiant"),
    "motive": N_("pourquoi"),
    "name": N_("nom"),
    "number": N_("matricule"),
    "origin": N_("origine"),
    "outcome": N_("réponse"),
    "people": N_("personnes"),
    "proposal": N_("proposition n°"),
    "quarter": N_("trimestre"),
    "register_run": N_("import n°"),
    "role": N_("rôle"),
    "site_id": N_("site (repère)"),
    "starts_on": N_("début"),
    "state": N_("état"),
    "status": N_("état"),
    "title": N_("titre"),
    "update": N_("point (repère)"),
}
VALUES: dict[str, tuple[type[Labelled], ...]] = {
    "advice": (ReviewAdvice,),
    "health": (Health,),
    "kind": (RequestKind,),
    "motive": (Motive,),
    "origin": (Origin,),
    "outcome": (Outcome,),
    "role": (Role,),
    "state": (ProposalState, LetterState, RequestState, ActionStatus),
    "status": (ActionStatus,),
}


def act(verb: str) -> str:
    return gettext(ACTS[verb]) if verb in ACTS else verb


def subject(table: str) -> str:
    return gettext(SUBJECTS[table]) if table in SUBJECTS else table


def changes(told: Mapping[str, Any]) -> str:
    """Each change as "field : old → new", on one line; "" when there is none."""
    return gettext(" ; ").join(
        gettext("%(field)s : %(value)s", field=gettext(FIELDS.get(key, key)), value=_change(key, value))
        for key, value in told.items()
    )


def _change(key: str, value: Any) -> str:
    if isinstance(value, list) and len(value) == 2:
        return " → ".join(_value(key, one) for one in value)
    return _value(key, value)


def _value(key: str, value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return gettext("oui") if value else gettext("non")
    if isinstance(value, Mapping):
        return changes(value)
    if isinstance(value, list):
        return ", ".join(_value(key, one) for one in value)
    return _text(key, str(value))


def _text(key: str, value: str) -> str:
    for values in VALUES.get(key, ()):
        if value in {one.value for one in values}:
            return values(value).label
    if value[:4].isdigit() and value[4:5] == "-":
        try:
            return day(date.fromisoformat(value)) if len(value) == 10 else moment(datetime.fromisoformat(value))
        except ValueError:
            return value
    return value
