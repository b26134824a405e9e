"""What the frame of every page shows: menus, the switch between projects, what templates may ask."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Flask, current_app, g, get_flashed_messages, request, url_for
from flask_babel import gettext
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from tracker.extensions import FRENCH, language
from tracker.letters.compose import told_title
from tracker.permissions import Permission, can
from tracker.queries import notices
from tracker.security import SAFE_METHODS
from tracker.security.addresses import here
from tracker.views.employers import logo_image, stylesheet_link
from tracker.views.frame import Link, may, page_frame, project_args, today, with_args
from tracker.views.shared import filler, fragment, hole, lasting, markup, rights

LANGUAGES = {"fr": "Français", "en": "English"}  # each in its own words
_SUITE = '"><input type="hidden" name="suite" value="'


class Pieces(NamedTuple):
    """The parts of the frame that do not depend on who reads, beyond what they may do."""

    head: Markup
    brand: Markup
    account: Markup
    menus: Markup
    foot: Markup
    tail: Markup
    home_url: str
    login_url: str
    logout_url: str


def _menu(kept: dict[str, Any]) -> list[Link]:
    blueprint = request.blueprint
    entries = [
        ("home.index", gettext("Accueil"), "home", Permission.PROPOSAL_VIEW, False),
        ("proposals.index", gettext("Propositions"), "proposals", Permission.PROPOSAL_VIEW, True),
        ("decisions.index", gettext("À décider"), "decisions", Permission.DECISION_PREPARE, True),
        ("groups.index", gettext("Groupes"), "groups", Permission.GROUP_VIEW, True),
        ("actions.index", gettext("Actions"), "actions", Permission.ACTION_VIEW, True),
        ("board.show", gettext("Tableau de bord"), "board", Permission.BOARD_VIEW, True),
        ("letters.index", gettext("Lettres"), "letters", Permission.LETTER_VIEW, True),
        ("meetings.index", gettext("Réunions"), "meetings", Permission.MEETING_VIEW, True),
    ]
    return [
        Link(url_for(endpoint, **(kept if keeps else {})), label, blueprint == name)
        for endpoint, label, name, permission, keeps in entries
        if endpoint in current_app.view_functions and can(current_user, permission)
    ]


def _account_links() -> list[Link]:
    links = [
        ("proposals.mine", gettext("Mes propositions")),
        ("moderation.index", gettext("Propositions à publier")),
        ("reviews.index", gettext("Propositions à étudier")),
        ("proposals.paper", gettext("Proposition sur papier")),
        ("slips.relay", gettext("Codes du site")),
        ("accounts.password", gettext("Mon mot de passe")),
        ("second_factor.mine", gettext("Second code")),
        ("duties.show_own_data", gettext("Mes données")),
        ("duties.redactions_list", gettext("Retraits de textes")),
        ("settings.index", gettext("Réglages")),
    ]
    shown = []
    for endpoint, label in links:
        permission = getattr(current_app.view_functions.get(endpoint), "permission", None)
        if permission is not None and can(current_user, permission):
            shown.append(Link(url_for(endpoint), label))
    return shown


def _accessibility() -> str:
    """What the law wants said on every page; as it is by default where the database cannot be asked."""
    audit = None if g.get("failing") else page_frame().audit
    found = notices.accessibility_of(audit or {})
    return gettext("Accessibilité : %(state)s", state=found.label)


def _pieces(signed_in: bool, accessibility: str) -> Pieces:
    kept = project_args()
    home_url = url_for("home.index")
    search_url = url_for("proposals.index") if signed_in and "proposals.index" in current_app.view_functions else ""
    context = {"site_name": current_app.config["SITE_NAME"], "home_url": home_url, "search_url": search_url}
    footer_links = [
        Link(url_for("help_pages.index"), gettext("Aide")),
        Link(url_for("help_pages.accessibility"), accessibility),
        Link(url_for("help_pages.privacy"), gettext("Données personnelles")),
    ]
    return Pieces(
        head=markup("frame/head.html"),
        brand=markup("frame/brand.html", demo_banner=current_app.config["DEMO"], **context),
        account=markup("frame/account.html", links=_account_links() if signed_in else []),
        menus=markup("frame/menus.html", navigation=_menu(kept) if signed_in else [], **context),
        foot=markup("frame/foot.html", footer_links=footer_links, **context),
        tail=markup("frame/tail.html"),
        home_url=home_url,
        login_url=url_for("auth.login"),
        logout_url=url_for("auth.logout"),
    )


def _switch() -> Markup:
    """The other projects of a page that one chooses with `?projet=`; nothing on a page of one project."""
    if "project" not in g or request.endpoint is None or request.view_args or len(page_frame().projects) < 2:
        return Markup()
    endpoint, shown = request.endpoint, None if g.get("all_projects", False) else g.project.id

    def make() -> Markup:
        links = [
            Link(
                url_for(endpoint) if project.is_principal else url_for(endpoint, projet=project.slug),
                project.title,
                project.id == shown,
            )
            for project in page_frame().projects
        ]
        return markup("frame/switch.html", links=links)

    return fragment("switch", endpoint, shown, make=make)


def _frame() -> Pieces:
    grants = rights()
    signed_in = grants is not None
    address = (request.blueprint, *project_args().values())
    said = _accessibility()
    return lasting("frame", grants, address, said, make=lambda: _pieces(signed_in, said))


def _context() -> dict[str, Any]:
    return {
        "lang": language(),
        "site_name": current_app.config["SITE_NAME"],
        "kept": project_args(),
        "today": today(),
        "closed_on": g.project.closed_on if "project" in g else None,
    }


def typed(value: Any = None, tag: str = "span") -> Markup:
    """What people typed, marked as French on a page that is not: for speech, hyphenation and quotation marks.

    `<p{{ typed() }}>` marks an element, `{{ title|typed }}` words, `{{ text|markdown|typed("div") }}` blocks.
    """
    mark = Markup("") if language() == FRENCH else Markup(' lang="fr"')
    if value is None:
        return mark
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(tag), mark, value) if mark else escape(value)  # noqa: S704 - ours


@filler("token")
def _token() -> str:
    return str(generate_csrf())


@filler("employer")
def _employer() -> str:
    person = current_user._get_current_object()
    if not person.is_authenticated:
        return ""
    return lasting("employer", person.employer, person.employer_colour, make=lambda: stylesheet_link(person))


@filler("logo")
def _logo() -> str:
    person = current_user._get_current_object()
    if not person.is_authenticated:
        return fragment("logo", make=lambda: logo_image(None))
    employer = (person.employer, person.employer_logo, person.employer_name)
    return lasting("logo", employer, make=lambda: logo_image(person))


@filler("name")
def _name() -> str:
    return escape(current_user.name)


@filler("body")
def _body() -> str:
    """What scripts must know: may drafts stay in this browser, and did what was just sent arrive."""
    person = current_user._get_current_object()
    private = person.is_authenticated and not person.shared_device
    received = bool(get_flashed_messages(category_filter=["success"]))
    return f' data-private-device="{"yes" if private else "no"}"' + (' data-received="yes"' if received else "")


def _switch_to(code: str) -> tuple[str, str]:
    """What stands before the token of the form that changes the language, and after the page to come back to."""
    address, words = escape(url_for("accounts.language")), LANGUAGES[code]
    button = (
        f'<button type="submit" class="btn btn-sm btn-link" name="langue" value="{code}" lang="{code}">{words}</button>'
    )
    return (
        f'<form class="language" method="post" action="{address}"><input type="hidden" name="csrf_token" value="',
        f'">{button}</form>',
    )


@filler("language")
def _language() -> str:
    """The button to the other language, in its own words; it comes back to this page, or home when that cannot be
    opened again. Written here: every page has it, for its reader alone."""
    other = next(code for code in LANGUAGES if code != language())
    target = here() if request.method == "GET" else url_for("home.index")
    before, after = lasting("language", make=lambda: _switch_to(other))
    return f"{before}{_token()}{_SUITE}{escape(target)}{after}"


@filler("messages")
def _messages() -> str:
    messages = get_flashed_messages(with_categories=True)
    return markup("frame/messages.html", messages=messages) if messages else ""


def _read_before_writing() -> None:
    """A write sees revisions and words that may be taken back with it: no page may be kept under those."""
    if request.method not in SAFE_METHODS:
        page_frame()


def init_app(app: Flask) -> None:
    app.before_request(_read_before_writing)
    app.context_processor(_context)
    app.jinja_env.filters.update({"letter_title": told_title, "typed": typed})
    app.jinja_env.globals.update(
        frame=_frame,
        project_switch=_switch,
        can=may,
        P=Permission,
        with_args=with_args,
        hole=hole,
        typed=typed,
        csrf_token=lambda: hole("token"),
    )
