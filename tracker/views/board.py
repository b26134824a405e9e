"""The board: the figures of a project as of any of its days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, current_app, make_response, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user

from tracker import charts
from tracker.charts import Figure, Scope
from tracker.enums import ActionStatus, Health
from tracker.exports.tables import csv_bytes
from tracker.permissions import Permission, can
from tracker.queries import actions, board
from tracker.queries.actions import Choices
from tracker.queries.board import WITHOUT, Board
from tracker.queries.figures import NONE, Filters
from tracker.queries.projects import Choice, ProjectRecord
from tracker.security import requires
from tracker.views.conditional import conditional
from tracker.views.frame import chosen_project, project_args, today
from tracker.views.lists import employer_options, options, theme_options, word
from tracker.views.moment import Moment, chosen_moment
from tracker.views.shared import markup, shared_page

bp = Blueprint("board", __name__, url_prefix="/tableau-de-bord")

FILTERS = ("employeur", "theme", "groupe")


class Shared(NamedTuple):
    """What every reader of the same board sees, ready to be put in the page."""

    lead: str
    body: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """The filters of the address that name something of the project; unknown ones are ignored."""

    args: dict[str, str]
    filters: Filters
    words: tuple[str, ...]


def _chosen(choices: Choices) -> Chosen:
    args: dict[str, str] = {}
    ids: dict[str, int] = {}
    words: list[str] = []
    offered = {"employeur": choices.entities, "theme": choices.themes, "groupe": choices.groups}
    without = {
        "employeur": gettext("sans employeur"),
        "theme": gettext("sans thème"),
        "groupe": gettext("sans groupe"),
    }
    for name in FILTERS:
        slug = request.args.get(name, "")
        found = Choice(NONE, WITHOUT, without[name]) if slug == WITHOUT else _by_slug(offered[name], slug)
        if found is not None:
            args[name], ids[name] = slug, found.id
            words.append(found.name)
    return Chosen(
        args,
        Filters(entity_id=ids.get("employeur"), theme_id=ids.get("theme"), group_id=ids.get("groupe")),
        tuple(words),
    )


def _by_slug(offered: tuple[Choice, ...], slug: str) -> Choice | None:
    return next((one for one in offered if one.slug == slug), None) if slug else None


@dataclass(frozen=True, slots=True)
class BoardLinks:
    """Addresses with the filters and the day of this board; None for a day that lists show anyway."""

    kept: dict[str, str]
    on: date | None
    known_on: date | None = None
    bases: dict[str, str] = field(default_factory=dict)

    def _to(self, endpoint: str, args: dict[str, str]) -> str:
        if endpoint not in self.bases:
            known = endpoint in current_app.view_functions
            self.bases[endpoint] = url_for(endpoint) if known else ""
        base = self.bases[endpoint]
        return f"{base}?{urlencode(args)}" if base and args else base

    def actions(self, **chosen: str) -> str:
        day_args = {} if self.on is None else {"au": self.on.isoformat()}
        # in the words of the list's own filters
        for name, members in (("statut", ActionStatus), ("meteo", Health)):
            if name in chosen:
                chosen[name] = word(members(chosen[name]))
        return self._to("actions.index", {**self.kept, **day_args, **chosen})

    def action(self, number: int) -> str:
        known = "actions.show" in current_app.view_functions
        return url_for("actions.show", number=number) if known else ""

    def proposals(self, **chosen: str) -> str:
        args = {name: value for name, value in self.kept.items() if name != "groupe"}
        return self._to("proposals.index", {**args, **chosen})

    def _days(self) -> dict[str, str]:
        days = {"au": self.on, "connu": self.known_on}
        return {name: on.isoformat() for name, on in days.items() if on is not None}

    def unfiltered(self) -> str:
        """The same board of the same day, without its filters."""
        return self._to("board.show", {n: v for n, v in self.kept.items() if n not in FILTERS} | self._days())

    def table(self, figure_id: str) -> str:
        args: dict[str, Any] = self.kept | self._days()
        return url_for("board.table", figure_id=figure_id, **args)


def _drawn(figures: Board, scope: Scope) -> dict[str, Callable[[], Figure]]:
    """How each figure is drawn, in their order; those without anything to draw are left out."""
    snapshot, curves = figures.snapshot, figures.curves
    if curves is None:
        return {}
    return {
        "statuts-par-mois": lambda: charts.status_by_month(figures.statuses, snapshot.actions, scope),
        "avancement": lambda: charts.progress(curves, snapshot.actions, scope),
        "statuts-par-groupe": lambda: charts.status_by_group(figures.groups, scope),
        "calendrier": lambda: charts.schedule(figures.lines, scope),
        "de-l-idee-au-resultat": lambda: charts.from_people_to_results(
            contributors=snapshot.contributors,
            published=snapshot.published,
            retained=snapshot.retained,
            summary=snapshot.actions,
            scope=scope,
        ),
        "meteo-par-mois": lambda: charts.health_by_month(figures.skies, scope),
    }


FIRST = ("statuts-par-mois", "avancement", "statuts-par-groupe")  # the others are folded below


def _read(project: ProjectRecord, moment: Moment) -> tuple[Board, Choices, Chosen, Scope]:
    choices = actions.choices(project.id)
    chosen = _chosen(choices)
    figures = board.board(
        project,
        as_of=moment.as_of,
        known_at=moment.known_at,
        filters=chosen.filters,
        choices=choices,
        without_group=gettext("sans groupe"),
    )
    links = BoardLinks(
        {**project_args(), **chosen.args},
        None if moment.as_of == project.last_day(today()) else moment.as_of,
        moment.known_on,
    )
    scope = Scope(moment.as_of, figures.snapshot.actions.total, links, chosen.words)
    return figures, choices, chosen, scope


def _quarter(on: date) -> str:
    return f"{on.year}-T{(on.month + 2) // 3}"


def _render(project: ProjectRecord, moment: Moment) -> Shared:
    figures, choices, chosen, scope = _read(project, moment)
    # one bar alone says nothing that the sentence does not
    alone = {"statuts-par-groupe"} if chosen.filters.group_id is not None else set()
    drawn = {key: draw() for key, draw in _drawn(figures, scope).items() if key not in alone}
    quarter = _quarter(moment.as_of)
    number = board.published_letter(project.id, quarter)
    body = markup(
        "board/_figures.html",
        project=project,
        moment=moment,
        last_day=project.last_day(today()),
        choices=choices,
        group_options=options(choices.groups, gettext("Tous les groupes"), gettext("Sans groupe")),
        theme_options=theme_options(choices.themes),
        entity_options=employer_options(choices.entities),
        chosen=chosen,
        board=figures,
        links=scope.links,
        measured=charts.measured(figures.snapshot.actions),
        status_words=[
            (status, charts.status_count(status, figures.snapshot.actions.by_status[status]))
            for status in charts.STATUS_LOOK
        ],
        figures=[figure for key, figure in drawn.items() if key in FIRST],
        folded=[figure for key, figure in drawn.items() if key not in FIRST],
        quarter=quarter,
        letter_url=url_for("letters.show", number=number)
        if number is not None and "letters.show" in current_app.view_functions
        else "",
        reset_url=url_for("board.show", **project_args()),
    )
    return Shared(charts.sentence(figures.snapshot.actions, chosen.words), body)


@bp.get("")
@requires(Permission.BOARD_VIEW)
@conditional
@shared_page
def show() -> str:
    project = chosen_project()
    moment = chosen_moment(project)
    shared = _render(project, moment)
    unpublished = (
        board.unpublished_decisions(project.id) if can(current_user, Permission.DECISION_PREPARE, project) else 0
    )
    return render_template("board/show.html", shared=shared, moment=moment, unpublished=unpublished)


@bp.get("/<figure_id>.csv")
@requires(Permission.BOARD_VIEW)
@conditional
def table(figure_id: str) -> Response:
    """The table of one figure, under the same filters."""
    project = chosen_project()
    moment = chosen_moment(project)
    figures, _, _, scope = _read(project, moment)
    draw = _drawn(figures, scope).get(figure_id)
    if draw is None:
        abort(404, gettext("Cette figure n'existe pas, ou n'a rien à montrer à cette date."))
    figure = draw()
    response = make_response(csv_bytes(figure.columns, figure.rows))
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    name = f"{figure_id}-{moment.as_of.isoformat()}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
