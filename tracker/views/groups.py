"""Working groups: the list, one page each, and the round of their actions."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.enums import ActionStatus
from tracker.filters import count_sentence
from tracker.permissions import Permission, require
from tracker.progress import by_group, summarise
from tracker.queries import actions, groups
from tracker.queries.groups import GroupRecord
from tracker.security import acting, requires
from tracker.views.actions.rounds import run
from tracker.views.conditional import conditional
from tracker.views.frame import check_open, chosen_project, may, show_project, today
from tracker.views.lists import word
from tracker.views.shared import shared_page

bp = Blueprint("groups", __name__, url_prefix="/groupes")


@bp.get("")
@requires(Permission.GROUP_VIEW)
@conditional
@shared_page
def index() -> ResponseReturnValue:
    project = chosen_project()
    as_of = project.last_day(today())
    states = actions.states(project, as_of=as_of)
    counts = by_group(states)
    return render_template(
        "groups/index.html",
        project=project,
        as_of=as_of,
        groups=groups.of_project(project.id),
        counts=counts,
        orphans=counts.get(None),
        sentence=count_sentence,
        summary=summarise(states),
        DONE=ActionStatus.DONE,
    )


def _load(slug: str) -> GroupRecord:
    group = groups.by_slug(slug)
    if group is None:
        abort(404)
    show_project(group.programme_id)
    return group


@bp.get("/<slug>")
@requires(Permission.GROUP_VIEW)
@conditional
@shared_page
def show(slug: str) -> ResponseReturnValue:
    group = _load(slug)
    project = show_project(group.programme_id)
    as_of = project.last_day(today())
    states = actions.by_need(s for s in actions.states(project, as_of=as_of) if s.action.group_id == group.id)
    summary = summarise(states)
    return render_template(
        "groups/show.html",
        group=group,
        project=project,
        as_of=as_of,
        states=states,
        summary=summary,
        sentence=count_sentence(summary),
        leads=group.leads(as_of),
        members=group.members(as_of),
        former=group.former(as_of),
        milestones=groups.next_milestones(states),
        word=word,
        may_round=may(Permission.GROUP_ROUND, group),
        may_create=may(Permission.ACTION_CREATE, group),
        alone=may(Permission.DECISION_TAKE, group),
    )


@bp.route("/<slug>/tour", methods=["GET", "POST"])
@requires(Permission.GROUP_ROUND)
def round(slug: str) -> ResponseReturnValue:
    group = _load(slug)
    require(acting(), Permission.GROUP_ROUND, group)
    check_open()
    return run(
        groups.action_ids_of_group(group.id),
        back_url=url_for("groups.show", slug=slug),
        back_label=gettext("Retour au groupe %(name)s", name=group.name),
        heading=gettext("Où en sont les actions du groupe %(name)s ?", name=group.name),
        empty_advice=gettext("Ce groupe n'a pas d'action ouverte : rien n'est à dire pour le moment."),
    )
