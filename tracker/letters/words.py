"""How a letter names its counters and its lists, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, ngettext

from tracker.enums import ActionStatus
from tracker.filters import number
from tracker.wording import N_

# message ids; "to_check" and the like stand last
COUNTERS: tuple[tuple[str, str], ...] = (
    ("contributors", N_("personnes ayant contribué")),
    ("submitted", N_("propositions envoyées")),
    ("published", N_("publiées")),
    ("merged", N_("regroupées avec une autre")),
    ("withdrawn", N_("retirées")),
    ("answered", N_("propositions avec leur réponse")),
    ("retained", N_("retenues")),
    ("declined", N_("non retenues")),
    ("deferred", N_("reportées")),
    ("redirected", N_("orientées")),
    ("actions", N_("actions")),
    ("actions_to_start", N_("à lancer")),
    ("actions_in_progress", N_("en cours")),
    ("actions_suspended", N_("suspendues")),
    ("actions_done", N_("réalisées")),
    ("actions_stopped", N_("arrêtées")),
    ("late", N_("en retard")),
    ("late_start", N_("départ en retard")),
    ("silent", N_("sans nouvelles")),
    ("to_check", N_("à vérifier")),
)
PARTS = frozenset(
    {
        "published",
        "merged",
        "withdrawn",
        "retained",
        "declined",
        "deferred",
        "redirected",
        "late",
        "late_start",
        "silent",
        "to_check",
    }
    | {f"actions_{status.value}" for status in ActionStatus}
)
STATUS_PLURALS = {
    ActionStatus.TO_START: N_("à lancer"),
    ActionStatus.IN_PROGRESS: N_("en cours"),
    ActionStatus.SUSPENDED: N_("suspendues"),
    ActionStatus.DONE: N_("réalisées"),
    ActionStatus.STOPPED: N_("arrêtées"),
}


def counter_label(key: str) -> str:
    return gettext(dict(COUNTERS).get(key, key))


def key_label(key: str, count: int) -> str:
    """A counter in full words, for a number that stands alone."""
    return {
        "contributors": ngettext("personne a contribué", "personnes ont contribué", count),
        "retained": ngettext("proposition retenue", "propositions retenues", count),
        "actions_done": ngettext("action réalisée", "actions réalisées", count),
        "actions_in_progress": ngettext("action en cours", "actions en cours", count),
        "late": ngettext("action en retard", "actions en retard", count),
        "silent": ngettext("action sans nouvelles", "actions sans nouvelles", count),
    }[key]


def status_plural(status: ActionStatus, count: int = 2) -> str:
    """The status as said of several actions, or of one."""
    return gettext(STATUS_PLURALS[status]) if count > 1 else status.label


def signed(value: int) -> str:
    """+3, −2, =."""
    if value == 0:
        return "="
    return f"+{number(value)}" if value > 0 else f"−{number(-value)}"


def counts_sentence(closing: dict[str, int]) -> str:
    """71 actions réalisées sur 148, 9 en retard, 12 sans nouvelles."""
    total, done = closing.get("actions", 0), closing.get("actions_done", 0)
    if not total:
        answered = closing.get("answered", 0)
        published = closing.get("published", 0)
        return gettext(
            "%(published)s, %(answered)s ; aucune action n'est encore engagée.",
            published=ngettext("%(n)s proposition publiée", "%(n)s propositions publiées", published,
                               n=number(published)),
            answered=ngettext("%(n)s réponse donnée", "%(n)s réponses données", answered, n=number(answered)),
        )  # fmt: skip
    return gettext(
        "%(done)s sur %(total)s, %(late)s en retard, %(silent)s sans nouvelles.",
        done=ngettext("%(n)s action réalisée", "%(n)s actions réalisées", done, n=number(done)),
        total=number(total),
        late=number(closing.get("late", 0)),
        silent=number(closing.get("silent", 0)),
    )


def list_title(key: str, data: dict[str, Any]) -> str:
    """The title of a block made from data: the finding, in numbers."""
    n = len(data.get("actions", ())) + data.get("more", 0)
    if key == "finished":
        return ngettext("%(n)s action réalisée", "%(n)s actions réalisées", n, n=number(n))
    if key == "started":
        return ngettext("%(n)s action lancée", "%(n)s actions lancées", n, n=number(n))
    if key == "stopped":
        return ngettext(
            "%(n)s action arrêtée ou suspendue, et pourquoi", "%(n)s actions arrêtées ou suspendues, et pourquoi", n,
            n=number(n),
        )  # fmt: skip
    if key == "late":
        if not n:
            return gettext("Aucune action en retard")
        return ngettext("%(n)s action en retard, et pourquoi", "%(n)s actions en retard, et pourquoi", n, n=number(n))
    return {
        "counts": gettext("Le projet en chiffres"),
        "figure": gettext("Où en sont les actions"),
        "thanks": gettext("Merci à…"),
        "dates": gettext("Prochaines dates"),
        "open": gettext("Ce qui est ouvert en ce moment"),
        "editorial": gettext("Éditorial"),
    }.get(key, str(data.get("title", "")))


def more(kind: str, data: Mapping[str, Any]) -> str:
    """What is said of the rest of a list that is told by its beginning."""
    left = data.get("more", 0)
    if not left:
        return ""
    if kind == "thanks":
        return gettext("Et merci à toutes les autres personnes, à tous les autres groupes.")
    if kind == "answers":
        return gettext("Et %(n)s autres réponses, à lire dans la liste des propositions.", n=number(left))
    return gettext("Et %(n)s autres, à lire dans la liste des actions.", n=number(left))


def answers_title(outcomes: Mapping[str, int]) -> str:
    n, kept = sum(outcomes.values()), outcomes.get("retained", 0)
    if not n:
        return gettext("Réponses du comité de pilotage")
    return gettext(
        "%(answers)s du comité de pilotage, dont %(kept)s",
        answers=ngettext("%(n)s réponse", "%(n)s réponses", n, n=number(n)),
        kept=ngettext("%(n)s proposition retenue", "%(n)s propositions retenues", kept, n=number(kept)),
    )
