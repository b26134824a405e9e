"""The user guide: a page for each role, in French whatever the language of the screens, and where the help of each
screen stands in it.

The text is in `templates/help/guide/`, outside gettext. What it quotes of the screens goes through `label`, which says
it as the reader's screens do; tests/integration/test_guide.py knows when a screen no longer says it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask, abort, current_app, render_template, request, url_for
from flask_babel import get_locale, gettext, ngettext
from flask_login import current_user
from markupsafe import Markup, escape

from tracker.permissions import can
from tracker.queries import activation
from tracker.queries.activation import Desk
from tracker.security import current_time, mark_of, public
from tracker.views.frame import contact, labels
from tracker.views.help_pages import bp
from tracker.views.shared import markup
from tracker.wording import reworded


class Guide(NamedTuple):
    """One page of it: its address, whose it is, and what it answers."""

    slug: str
    title: str
    about: str


class Place(NamedTuple):
    """Where the help of a screen stands: a page of the guide, and the question there."""

    slug: str
    anchor: str


HELP: dict[str, Place] = {
    "accounts.password": Place("agent", "mot-de-passe"),
    "actions.baseline": Place("comite", "dates"),
    "actions.correct": Place("groupe", "erreur"),
    "actions.create": Place("groupe", "creer"),
    "actions.edit": Place("groupe", "creer"),
    "actions.my_round": Place("groupe", "tour"),
    "actions.post_update": Place("groupe", "point"),
    "actions.retract": Place("groupe", "erreur"),
    "activation.activate": Place("agent", "entrer"),
    "activation.forgotten": Place("agent", "mot-de-passe"),
    "auth.login": Place("agent", "entrer"),
    "board.show": Place("comite", "chiffres"),
    "consultations.show": Place("agent", "proposer"),
    "decisions.conditions": Place("comite", "conditions"),
    "decisions.decide": Place("comite", "repondre"),
    "decisions.index": Place("comite", "preparer"),
    "decisions.publish": Place("comite", "publier"),
    "duties.accessibility": Place("gestion", "mentions"),
    "duties.ask_redaction": Place("moderation", "retrait"),
    "duties.data_request": Place("gestion", "donnees"),
    "duties.data_requests_list": Place("gestion", "donnees"),
    "duties.privacy": Place("gestion", "mentions"),
    "duties.record_request": Place("gestion", "donnees"),
    "duties.redaction": Place("moderation", "retrait"),
    "duties.redactions_list": Place("moderation", "retrait"),
    "duties.show_own_data": Place("agent", "donnees"),
    "groups.round": Place("groupe", "tour"),
    "handover.show": Place("gestion", "depart"),
    "letters.proofread": Place("lettre", "relire"),
    "letters.publish": Place("lettre", "publier"),
    "letters.write": Place("lettre", "ecrire"),
    "meetings.create": Place("comite", "reunion"),
    "meetings.edit": Place("comite", "reunion"),
    "merging.choose": Place("gestion", "deux-fois"),
    "merging.merge": Place("gestion", "deux-fois"),
    "moderation.index": Place("moderation", "publier"),
    "moderation.show": Place("moderation", "publier"),
    "people.create": Place("gestion", "personnes"),
    "people.edit": Place("gestion", "personnes"),
    "people.index": Place("gestion", "personnes"),
    "people.show": Place("gestion", "roles"),
    "proposals.draft": Place("agent", "proposer"),
    "proposals.index": Place("agent", "soutenir"),
    "proposals.mine": Place("agent", "devenir"),
    "proposals.new": Place("agent", "proposer"),
    "proposals.paper": Place("relais", "papier"),
    "proposals.preview": Place("agent", "nom"),
    "proposals.rewrite": Place("agent", "modifier"),
    "register.columns": Place("gestion", "importer"),
    "register.show": Place("gestion", "importer"),
    "register.upload": Place("gestion", "importer"),
    "reviews.index": Place("etude", "choisir"),
    "reviews.show": Place("etude", "avis"),
    "second_factor.mine": Place("agent", "second-code"),
    "second_factor.settings": Place("gestion", "second-code"),
    "settings.archive": Place("gestion", "clore"),
    "settings.archives_list": Place("gestion", "clore"),
    "settings.campaign_create": Place("gestion", "consultation"),
    "settings.campaign_edit": Place("gestion", "consultation"),
    "settings.campaigns_list": Place("gestion", "consultation"),
    "settings.contact": Place("gestion", "commencer"),
    "settings.departments": Place("gestion", "commencer"),
    "settings.departments_edit": Place("gestion", "commencer"),
    "settings.employer_create": Place("gestion", "commencer"),
    "settings.employer_edit": Place("gestion", "commencer"),
    "settings.employers_list": Place("gestion", "commencer"),
    "settings.first_steps": Place("gestion", "commencer"),
    "settings.groups": Place("gestion", "commencer"),
    "settings.groups_edit": Place("gestion", "commencer"),
    "settings.index": Place("gestion", "verifier"),
    "settings.labels": Place("gestion", "mots"),
    "settings.project_create": Place("gestion", "commencer"),
    "settings.project_edit": Place("gestion", "commencer"),
    "settings.projects_list": Place("gestion", "commencer"),
    "settings.single_sign_on": Place("gestion", "connexion-unique"),
    "settings.sites": Place("gestion", "commencer"),
    "settings.sites_edit": Place("gestion", "commencer"),
    "settings.themes": Place("gestion", "commencer"),
    "settings.themes_edit": Place("gestion", "commencer"),
    "slips.codes": Place("gestion", "codes"),
    "slips.relay": Place("relais", "imprimer"),
}
PICTURES = Path(__file__).parents[1] / "static" / "guide"
_QUESTION = re.compile(r'<h2 id="([a-z0-9-]+)">(.*?)</h2>', re.DOTALL)
# the words of the screens, which are right as they are, and the tags
_KEPT = re.compile(r'(<b class="on-screen".*?</b>|<[^>]*>)', re.DOTALL)
_BEFORE, _AFTER = re.compile(r" (?=[?!:;»%])"), re.compile(r"(?<=[«°]) ")
NO_BREAK = "\N{NO-BREAK SPACE}"


def guides() -> tuple[Guide, ...]:
    """Its pages, from those of everybody to those of a few."""
    return (
        Guide(
            "agent",
            gettext("Je suis agent"),
            gettext("Entrer, proposer une idée, soutenir celles des autres, savoir ce que devient la vôtre."),
        ),
        Guide(
            "groupe",
            gettext("J'anime un groupe, je pilote une action"),
            gettext("Dire où en sont les actions en quelques minutes, corriger un point, créer une action."),
        ),
        Guide(
            "etude",
            gettext("J'étudie des propositions"),
            gettext("Prendre une proposition à l'étude, écrire un avis, regrouper deux propositions."),
        ),
        Guide(
            "moderation",
            gettext("Je modère"),
            gettext("Publier une proposition, la renvoyer en privé, faire retirer un texte."),
        ),
        Guide(
            "comite",
            gettext("Je siège au comité de pilotage"),
            gettext("Préparer la réunion, répondre aux propositions, publier les réponses, lire les chiffres."),
        ),
        Guide(
            "lettre",
            gettext("Je fais la lettre"),
            gettext("Composer la lettre du trimestre, l'écrire, la faire relire, la publier, l'envoyer."),
        ),
        Guide(
            "gestion",
            gettext("Je gère l'outil"),
            gettext("Les premiers pas, le personnel et ses accès, les rôles, les consultations, les demandes."),
        ),
        Guide(
            "relais",
            gettext("Je suis relais"),
            gettext("Remettre un code d'accès, aider sans rien voir, écrire une idée dite sur papier."),
        ),
    )


# --- What its text may call -------------------------------------------------------------------------------------------


def _label(text: str, **values: Any) -> Markup:
    """The words of a button, a link or a field, as the reader's screens write them."""
    locale = str(get_locale() or "fr")
    spoken = "" if locale == "fr" else f' lang="{escape(locale)}"'
    said = gettext(text, **values)
    if said == text:  # the words of a button that counts stand with their plural
        said = ngettext(text, text, 1, **values)
    return Markup(f'<b class="on-screen"{spoken}>{escape(said)}</b>')  # noqa: S704 - escaped


def _screen(endpoint: str, text: str, **values: Any) -> Markup:
    """The words of a page, and the way there for those who may open it."""
    mark = mark_of(endpoint)
    shown = _label(text)
    if mark is None or (mark != "public" and not can(current_user, mark)):  # type: ignore[arg-type]
        return shown
    return Markup(f'<a href="{escape(url_for(endpoint, **values))}">{shown}</a>')  # noqa: S704 - escaped


@cache
def picture_sizes() -> dict[str, tuple[int, int]]:
    """Width and height of each picture, written by the command that takes them."""
    found: dict[str, list[int]] = json.loads((PICTURES / "sizes.json").read_text("utf-8"))
    return {name: (width, height) for name, (width, height) in found.items()}


def _picture(name: str, says: str) -> Markup:
    """A picture of the demonstration; `says`: what is to be seen on it."""
    width, height = picture_sizes()[name]
    source = current_app.jinja_env.globals["asset"](f"guide/{name}.webp")  # type: ignore[operator]
    return Markup(  # noqa: S704 - escaped
        f'<p class="guide-picture"><img src="{escape(source)}" width="{width}" height="{height}" '
        f'alt="{escape(says)}" loading="lazy"></p>'
    )


CALLS: dict[str, Callable[..., Markup]] = {"label": _label, "screen": _screen, "picture": _picture}


def _set_in_french(text: str) -> str:
    """The guide's own sentences: in the town's words, and with the spaces that never break a line."""
    words = labels()
    parts = _KEPT.split(text)
    for place in range(0, len(parts), 2):
        part = reworded(parts[place], words) if words else parts[place]
        parts[place] = _AFTER.sub(NO_BREAK, _BEFORE.sub(NO_BREAK, part))
    return "".join(parts)


# --- Its pages --------------------------------------------------------------------------------------------------------


@bp.get("/aide")
@public
def index() -> str:
    return render_template("help/index.html", contact=contact(), guides=guides())


@bp.get("/aide/<slug>")
@public
def guide(slug: str) -> str:
    found = next((one for one in guides() if one.slug == slug), None)
    if found is None:
        abort(404, gettext("Il n'y a pas de page d'aide à cette adresse."))
    body = _set_in_french(markup(f"help/guide/_{slug}.html", **CALLS))
    return render_template(
        "help/guide.html",
        guide=found,
        body=Markup(body),  # noqa: S704 - a template of ours, escaped by itself
        questions=[(anchor, Markup(words)) for anchor, words in _QUESTION.findall(body)],  # noqa: S704
        others=[one for one in guides() if one is not found and one.slug != slug],
        contact=contact(),
    )


def page_help() -> str:
    """The address of the help on the page at hand; "" when it has none of its own."""
    place = HELP.get(request.endpoint or "")
    return "" if place is None else url_for("help_pages.guide", slug=place.slug, _anchor=place.anchor)


def own_desk() -> Desk | None:
    """The site of who is logged in, and its relais; None for visitors, and for people without a site."""
    if not current_user.is_authenticated:
        return None
    return activation.desk_of(current_user.id, current_time())


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(page_help=page_help, own_desk=own_desk)
