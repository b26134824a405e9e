"""What every page shares: the project chosen, its day, and small helpers for lists and questions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

from flask import abort, g, render_template, request
from flask_babel import gettext
from flask_login import current_user

from tracker.permissions import Permission, can
from tracker.queries import projects
from tracker.queries.projects import Frame, ProjectRecord
from tracker.records import Page, paris_day
from tracker.security import current_time
from tracker.services.history import closed
from tracker.validation import as_id
from tracker.wording import Labels

T = TypeVar("T")
PAGE_MAX = 1_000_000
ALL = "tous"  # all projects at once, in the list of proposals; other lists then show the principal one


class NotOpenYet(Exception):
    """This instance has no project yet: nobody did anything wrong."""


@dataclass(frozen=True, slots=True)
class Link:
    href: str
    label: str
    current: bool = False


def today() -> date:
    """The day in Paris, by the application's clock."""
    return paris_day(current_time())


def page_frame() -> Frame:
    """The projects of this instance, read once per request."""
    if "frame" not in g:
        g.frame = projects.frame()
    frame: Frame = g.frame
    return frame


def labels() -> Labels:
    """The words that this town says otherwise."""
    return page_frame().labels


def contact() -> str:
    """Whom to ask for help."""
    return page_frame().contact or projects.usual_contact()


def chosen_project() -> ProjectRecord:
    """The project of `?projet=`, the page's own (set by `show_project`), or the principal one; 404 when none.

    Raises NotOpenYet while this instance has no project at all.
    """
    if "project" not in g:
        if not page_frame().projects:
            raise NotOpenYet
        slug = request.args.get("projet", "")
        project = page_frame().by_slug(slug) if slug and slug != ALL else page_frame().principal
        if project is None:
            abort(404, gettext("Ce projet n'existe pas ou n'est pas encore ouvert."))
        g.project = project
    chosen: ProjectRecord = g.project
    return chosen


def show_project(programme_id: int) -> ProjectRecord:
    """Say that this page belongs to a project, whatever the address says; menus follow."""
    g.project = page_frame().by_id(programme_id)
    project: ProjectRecord = g.project
    return project


def check_open() -> None:
    """Where something is about to be typed: raise ProjectClosed when the page's project takes it no more."""
    if g.project.closed:
        raise closed()


# what a closed project takes no more
CLOSED_TO = frozenset(
    {
        Permission.ACTION_CREATE,
        Permission.ACTION_EDIT,
        Permission.ACTION_POST,
        Permission.BASELINE_CHANGE,
        Permission.DECISION_PUBLISH,
        Permission.DECISION_TAKE,
        Permission.GROUP_ROUND,
        Permission.LETTER_EDIT,
        Permission.LETTER_PUBLISH,
        Permission.MEETING_EDIT,
        Permission.PROPOSAL_EDIT,
        Permission.PROPOSAL_MODERATE,
        Permission.PROPOSAL_REVIEW,
        Permission.PROPOSAL_WITHDRAW,
    }
)


def may(permission: Permission, obj: object = None) -> bool:
    """Whether a button is worth showing: the reader may, and the project is not closed."""
    closed = {project.id for project in page_frame().projects if project.closed}
    if permission in CLOSED_TO and getattr(obj, "programme_id", None) in closed:
        return False
    return can(current_user, permission, obj)


def project_args() -> dict[str, Any]:
    """The `projet` argument links must keep: none for the principal project."""
    project = g.get("project")
    return {} if project is None or project.is_principal else {"projet": project.slug}


def with_args(**changes: Any) -> str:
    """The address of this page with some arguments changed; None or "" takes one out, and the page number with it."""
    args: dict[str, Any] = request.args.to_dict(flat=False)
    args.pop("page", None)
    for name, value in changes.items():
        if value in (None, ""):
            args.pop(name, None)
        else:
            args[name] = value
    # not url_for: arguments come from the address, and some names (_external, _scheme…) are orders to it
    query = urlencode(args, doseq=True)
    path = quote(request.script_root + request.path)
    return f"{path}?{query}" if query else path


def page_number() -> int:
    """The `page` argument; anything that is no positive number counts as 1."""
    return min(as_id(request.args.get("page", "")) or 1, PAGE_MAX)


def confirmed() -> bool:
    """Whether the person said yes, in the browser's question or on the page that asks it."""
    return request.form.get("confirmed") == "yes"


def ask(question: str, advice: str, label: str, back: str, *, gives_file: bool = False) -> str:
    """The page that asks before something is lost, and posts the same fields again; `gives_file`: a file answers."""
    return render_template(
        "proposals/confirm.html",
        question=question,
        advice=advice,
        label=label,
        action=with_args(),
        fields=[(n, v) for n, v in request.form.items(multi=True) if n not in {"csrf_token", "confirmed"}],
        back=back,
        gives_file=gives_file,
    )


class LinkedPage(Generic[T]):
    """A page of a list with the addresses of its neighbours."""

    def __init__(self, page: Page[T]) -> None:
        self.items = page.items
        self.number, self.pages, self.total = page.number, page.pages, page.total
        self.first, self.last = page.first, page.last
        self.prev_url = with_args(page=page.number - 1) if page.number > 1 else ""
        self.next_url = with_args(page=page.number + 1) if page.number < page.pages else ""
