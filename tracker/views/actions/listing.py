"""The list of actions and the page of one."""

from __future__ import annotations

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.enums import ActionStatus, Health
from tracker.filters import count_sentence
from tracker.permissions import Permission, can
from tracker.progress import Summary, live_rows
from tracker.queries import action_pages, actions
from tracker.queries.actions import ActionFilters, Choices
from tracker.queries.projects import Choice
from tracker.security import acting, requires
from tracker.services.corrections import may_supersede
from tracker.views.actions.blueprint import bp, day_shown, latest_id, load
from tracker.views.conditional import conditional
from tracker.views.frame import (
    Link,
    LinkedPage,
    chosen_project,
    may,
    page_number,
    project_args,
    show_project,
    today,
    with_args,
)
from tracker.views.lists import WITHOUT, employer_options, member, options, sorts, theme_options, word
from tracker.views.moment import chosen_moment
from tracker.views.shared import fragment, shared_by, shared_page


def _id(choices: tuple[Choice, ...], slug: str) -> int | None:
    if slug == WITHOUT:
        return actions.NONE
    return next((one.id for one in choices if one.slug == slug), None)


def read_filters(choices: Choices) -> ActionFilters:
    """What the address asks for; what it does not know is ignored."""
    args = request.args
    return ActionFilters(
        group_id=_id(choices.groups, args.get("groupe", "")),
        theme_id=_id(choices.themes, args.get("theme", "")),
        entity_id=_id(choices.entities, args.get("employeur", "")),
        status=member(ActionStatus, args.get("statut", "")),
        health=member(Health, args.get("meteo", "")),
        late=args.get("retard") == "1",
        late_any=args.get("retard") == "depart",
        silent=args.get("sans_nouvelles") == "1",
        to_check=args.get("a_verifier") == "1",
        unpiloted=args.get("sans_pilote") == "1",
        q=" ".join(args.get("q", "").split())[:200],
    )


def _sorts() -> list[tuple[str, str]]:
    return [
        ("besoin", gettext("ce qui demande attention")),
        ("numero", gettext("numéro")),
        ("echeance", gettext("échéance")),
        ("avancement", gettext("avancement")),
    ]


def _status_links(filters: ActionFilters, summary: Summary) -> list[tuple[Link, int]]:
    """Counts per status, each a link that keeps the other filters."""
    every = [(Link(with_args(statut=""), gettext("toutes"), filters.status is None), summary.total)]
    return every + [
        (Link(with_args(statut=word(status)), status.label, filters.status is status), count)
        for status, count in summary.by_status.items()
    ]


def _active(filters: ActionFilters, choices: Choices) -> list[dict[str, str]]:
    def name(found: tuple[Choice, ...], key: int | None, none: str) -> str:
        return none if key == actions.NONE else next((one.name for one in found if one.id == key), "")

    shown = [
        ("q", gettext("« %(words)s »", words=filters.q) if filters.q else ""),
        ("groupe", name(choices.groups, filters.group_id, gettext("sans groupe"))),
        ("theme", name(choices.themes, filters.theme_id, gettext("sans thème"))),
        ("employeur", name(choices.entities, filters.entity_id, gettext("sans employeur"))),
        ("statut", filters.status.label if filters.status else ""),
        ("meteo", filters.health.label if filters.health else ""),
        ("retard", gettext("en retard") if filters.late else ""),
        ("retard", gettext("en retard ou partant en retard") if filters.late_any else ""),
        ("sans_nouvelles", gettext("sans nouvelles") if filters.silent else ""),
        ("a_verifier", gettext("à vérifier") if filters.to_check else ""),
        ("sans_pilote", gettext("sans pilote") if filters.unpiloted else ""),
    ]
    return [{"label": label, "remove_url": with_args(**{key: ""})} for key, label in shown if label]


@bp.get("")
@requires(Permission.ACTION_VIEW)
@conditional
@shared_page
def index() -> ResponseReturnValue:
    project = chosen_project()
    as_of = chosen_moment(project).as_of
    choices = actions.choices(project.id)
    filters = read_filters(choices)
    sort = request.args.get("tri", "")
    sort = sort if sort in actions.SORTS else "besoin"
    found = actions.action_list(
        project, as_of=as_of, filters=filters, unpiloted=choices.unpiloted, sort=sort, number=page_number()
    )
    active = _active(filters, choices)
    return render_template(
        "actions/index.html",
        project=project,
        as_of=as_of,
        now_url="" if as_of == project.last_day(today()) else with_args(au=""),
        page=LinkedPage(found.page),
        summary=found.summary,
        sentence=count_sentence(found.summary),
        status_links=_status_links(filters, found.summary),
        sorts=sorts(_sorts(), sort),
        sort="" if sort == "besoin" else sort,
        choices=choices,
        filters=filters,
        active=active,
        reset_url=url_for("actions.index", **project_args()) if active else "",
        group_options=options(choices.groups, gettext("Tous les groupes"), gettext("Sans groupe")),
        theme_options=theme_options(choices.themes),
        entity_options=employer_options(choices.entities),
        status_options=[("", gettext("Tous les statuts")), *((word(s), s.label) for s in ActionStatus)],
        health_options=[("", gettext("Toutes les météos")), *((word(h), h.label) for h in Health)],
        may_create=can(acting(), Permission.ACTION_CREATE, None) and not project.closed,
    )


@bp.get("/<int:number>")
@requires(Permission.ACTION_VIEW)
@conditional
def show(number: int) -> ResponseReturnValue:
    """The page is the same for all who have nothing to do with the action but what their roles say."""
    me = acting().id
    involved = fragment("involved", number, make=lambda: action_pages.involved(number))
    page: ResponseReturnValue = shared_by(me if me in involved else 0, make=lambda: _page(number))
    return page


def _page(number: int) -> str:
    action = load(number)
    project = show_project(action.programme_id)
    actor = acting()
    family = action_pages.records(action)
    record = family[0]
    as_of = day_shown(record, project.last_day(today()))
    state = action_pages.state_of(family, as_of=as_of)
    if state is None:  # pragma: no cover - day_shown is never before the opening
        abort(404)
    private = can(actor, Permission.PRIVATE_NOTE_READ, action)
    rows = action_pages.updates(record, private=private)
    live = [row.id for row in live_rows(record)]
    by_id = {row.id: row for row in rows}
    told = [by_id[key] for key in reversed(live) if by_id[key].note or by_id[key].redacted_on]
    children = sorted((one for one in family[1:]), key=lambda one: one.number)
    return render_template(
        "actions/show.html",
        action=action,
        state=state,
        as_of=as_of,
        over=as_of < today(),
        rows=rows,
        by_id=by_id,
        last=told[0] if told else None,
        latest=by_id[live[-1]],
        origins=action_pages.origins(action.id, reader_id=actor.id),
        children=children,
        token=latest_id(record),
        may_post=may(Permission.ACTION_POST, action),
        may_edit=may(Permission.ACTION_EDIT, action),
        may_change_baseline=may(Permission.BASELINE_CHANGE, action),
        may_read_private=private,
        may_supersede=lambda row: (
            row.superseded_by is None and row.kind.value != "retraction"
            and may_supersede(actor, action, author_id=row.author_id)
        ),
        opening_ids=_opening_ids(rows),
    )  # fmt: skip


def _opening_ids(rows: tuple[action_pages.UpdateDetail, ...]) -> frozenset[int]:
    """The opening and the rows that correct it: they are never retracted."""
    found = {row.id for row in rows if row.kind.value == "opening"}
    for row in sorted(rows, key=lambda one: one.id):
        if row.supersedes_id in found:
            found.add(row.id)
    return frozenset(found)
