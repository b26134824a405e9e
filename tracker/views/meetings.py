"""Meetings: what is coming, what was said, what was decided there."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from tracker.enums import MeetingKind
from tracker.forms.meetings import MeetingForm
from tracker.permissions import Permission, can, require
from tracker.queries import decisions, meetings, projects
from tracker.queries.meetings import MeetingFilter, MeetingRecord
from tracker.security import acting, current_time, requires
from tracker.services import meetings as service
from tracker.validation import as_id
from tracker.views.attempts import Attempt
from tracker.views.conditional import conditional
from tracker.views.frame import (
    LinkedPage,
    check_open,
    chosen_project,
    may,
    page_number,
    project_args,
    show_project,
    today,
)
from tracker.views.lists import chosen
from tracker.views.shared import shared_page

bp = Blueprint("meetings", __name__, url_prefix="/reunions")


@bp.get("")
@requires(Permission.MEETING_VIEW)
@conditional
@shared_page
def index() -> str:
    project = chosen_project()
    year = request.args.get("annee", "")
    wanted = MeetingFilter(
        kind=chosen(MeetingKind, "type"),
        year=as_id(year),
        q=request.args.get("q", "")[:200],
    )
    found = meetings.listing(project.id, wanted, today=today(), page=page_number())
    return render_template(
        "meetings/index.html",
        found=found,
        page=LinkedPage(found.held),
        wanted=wanted,
        kinds=[("", gettext("Tous les types"))] + [(k.value, k.label[:1].upper() + k.label[1:]) for k in MeetingKind],
        years=[("", gettext("Toutes les années"))] + [(str(y), str(y)) for y in found.years],
        may_edit=may(Permission.MEETING_EDIT, project),
        filtered=bool(wanted.kind or wanted.year or wanted.q),
        reset_url=url_for("meetings.index", **project_args()),
    )


def _one_or_404(meeting_id: int) -> MeetingRecord:
    meeting = meetings.one(meeting_id)
    if meeting is None:
        abort(404, gettext("Cette réunion n'existe pas."))
    show_project(meeting.programme_id)
    return meeting


@bp.get("/<int:meeting_id>")
@requires(Permission.MEETING_VIEW)
@conditional
@shared_page
def show(meeting_id: int) -> str:
    meeting = _one_or_404(meeting_id)
    prepares = can(current_user, Permission.DECISION_PREPARE, meeting)
    return render_template(
        "meetings/show.html",
        meeting=meeting,
        answers=decisions.answers_of_meeting(meeting.id),
        unpublished=decisions.unpublished_count_of_meeting(meeting.id) if prepares else 0,
        points=meetings.points_told(meeting.id),
        may_edit=may(Permission.MEETING_EDIT, meeting),
    )


@bp.route("/nouvelle", methods=["GET", "POST"])
@requires(Permission.MEETING_EDIT)
def create() -> ResponseReturnValue:
    project = chosen_project()
    require(acting(), Permission.MEETING_EDIT, project)
    check_open()
    form = MeetingForm(groups=projects.groups(project.id), data={"kind": MeetingKind.STEERING.value})
    if form.validate_on_submit():
        with Attempt(form):
            row = service.create(programme_id=project.id, meeting=form.meeting(), actor=acting(), now=current_time())
            flash(gettext("Réunion ajoutée."), "success")
            return redirect(url_for("meetings.show", meeting_id=row.id), 303)
    heading = gettext("Ajouter une réunion")
    return render_template("meetings/edit.html", form=form, meeting=None, heading=heading), form.answer_status


@bp.route("/<int:meeting_id>/modifier", methods=["GET", "POST"])
@requires(Permission.MEETING_EDIT)
def edit(meeting_id: int) -> ResponseReturnValue:
    meeting = _one_or_404(meeting_id)
    require(acting(), Permission.MEETING_EDIT, meeting)
    check_open()
    form = MeetingForm(groups=projects.groups(meeting.programme_id), data=_values(meeting) | {"seen": meeting.mark})
    theirs: list[tuple[str, str]] = []
    if form.validate_on_submit():
        with Attempt(form):
            service.edit(
                meeting_id=meeting.id, meeting=form.meeting(), seen=form.seen.data, actor=acting(), now=current_time()
            )
            flash(gettext("Réunion enregistrée."), "success")
            return redirect(url_for("meetings.show", meeting_id=meeting.id), 303)
        meeting = _one_or_404(meeting_id)
        theirs = form.compare(meeting.mark, _values(meeting))
    heading = gettext("Modifier la réunion")
    page = render_template("meetings/edit.html", form=form, meeting=meeting, heading=heading, theirs=theirs)
    return page, form.answer_status


def _values(meeting: MeetingRecord) -> dict[str, Any]:
    return {
        "title": meeting.title,
        "kind": meeting.kind.value,
        "group_id": str(meeting.group_id or ""),
        "held_on": meeting.held_on,
        "place": meeting.place,
        "agenda": meeting.agenda,
        "minutes": meeting.minutes,
    }
