"""Creating an action from proposals, and changing what is known of it."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.errors import Refused
from tracker.forms.actions import ActionForm, BaselineForm, CreateForm, EditForm
from tracker.permissions import Permission, can
from tracker.queries import actions, groups
from tracker.queries.action_pages import ActionHead
from tracker.queries.actions import Choices, SourceProposal
from tracker.queries.projects import ProjectRecord
from tracker.security import acting, current_time, requires
from tracker.services import actions as action_services
from tracker.services.actions import Place
from tracker.validation import as_id
from tracker.views.actions.blueprint import bp, load
from tracker.views.attempts import Attempt
from tracker.views.frame import check_open, chosen_project, show_project, today


def _asked_numbers() -> list[int]:
    """The `proposition` arguments; what is no number is ignored."""
    found = [as_id(text) for text in request.args.getlist("proposition")[:20]]
    return list(dict.fromkeys(number for number in found if number))


def _pilot(form: ActionForm) -> int | None:
    """The person typed, by login, address or full name. Raises Refused."""
    found = groups.find_people(form.pilot.data or "")
    if not (form.pilot.data or "").strip():
        return None
    if len(found) != 1:
        raise Refused(
            gettext("Plusieurs personnes portent ce nom : donnez l'identifiant ou l'adresse.")
            if found
            else gettext("Personne ne répond à ce nom : donnez le prénom et le nom, l'identifiant ou l'adresse."),
            field="pilot",
        )
    return found[0][0]


def _choices(form: ActionForm, project: ProjectRecord, permission: Permission) -> Choices:
    """Offer the groups in which the person has the right; none of them is a choice for the committee."""
    choices = actions.choices(project.id)
    allowed = [one for one in choices.groups if can(acting(), permission, Place(project.id, one.id))]
    form.offer(allowed, choices.themes, choices.entities, no_group=can(acting(), permission, Place(project.id, None)))
    return choices


def _values(form: ActionForm) -> dict[str, Any]:
    return {
        "title": form.title.data or "",
        "summary": form.summary.data or "",
        "group_id": form.group.data or None,
        "theme_id": form.theme.data or None,
        "entity_ids": form.entities.data or [],
        "pilot_id": _pilot(form),
    }


@bp.route("/nouvelle", methods=["GET", "POST"])
@requires(Permission.ACTION_CREATE)
def create() -> ResponseReturnValue:
    numbers = _asked_numbers()
    proposals = actions.proposals_by_number(numbers)
    if len(proposals) < len(numbers):
        abort(404, gettext("Une de ces propositions n'existe pas ou n'est pas publiée."))
    project = show_project(proposals[0].programme_id) if proposals else chosen_project()
    check_open()
    form = CreateForm(data=_first_values(proposals))
    choices = _choices(form, project, Permission.ACTION_CREATE)
    if not form.group.choices:
        abort(403)
    if request.method == "GET" and not form.entities.data:
        form.entities.data = [one.id for one in choices.entities]  # no proposal names one: those of the project
    status = 422 if request.method == "POST" else 200
    if form.validate_on_submit():
        with Attempt(form):
            values = _values(form)
            made = action_services.create_once(
                programme_id=project.id, proposal_ids=[one.id for one in proposals],
                planned_start=form.planned_start.data, planned_end=form.planned_end.data,
                opened_on=form.opened_on.data, milestones=form.milestones(),
                actor=acting(), now=current_time(), **values,
            )  # fmt: skip
            flash(gettext("Action n° %(number)s créée.", number=made.number), "success")
            return redirect(url_for("actions.show", number=made.number), 303)
    return (
        render_template(
            "actions/create.html", form=form, proposals=proposals, people=_people(project.id), choices=choices,
            alone=can(acting(), Permission.DECISION_TAKE, Place(project.id, None)),
        ),
        status,
    )  # fmt: skip


def _first_values(proposals: tuple[SourceProposal, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {"opened_on": today(), "theme": 0, "group": 0, "entities": []}
    if proposals:
        first = proposals[0]
        values |= {
            "theme": first.theme_id or 0,
            "entities": sorted({key for one in proposals for key in one.entity_ids}),
        }
    return values


def _people(programme_id: int) -> list[str]:
    """Names to choose from while typing: those of the project's groups."""
    day = today()
    found = {p.name for g in groups.of_project(programme_id) for p in g.people if p.is_there(day)}
    return sorted(found)[:200]


@bp.route("/<int:number>/modifier", methods=["GET", "POST"])
@requires(Permission.ACTION_EDIT)
def edit(number: int) -> ResponseReturnValue:
    action = load(number, Permission.ACTION_EDIT)
    project = show_project(action.programme_id)
    form = EditForm(data=_shown_values(action) | {"seen": action.mark})
    theirs: list[tuple[str, str]] = []
    _choices(form, project, Permission.ACTION_EDIT)
    if form.validate_on_submit():
        with Attempt(form):
            values = _values_kept(form, action.pilot_name, action.pilot_id)
            action_services.edit_action(
                action_id=action.id, weight=form.weight.data, rhythm_months=form.rhythm_months.data,
                seen=form.seen.data, actor=acting(), now=current_time(), **values,
            )  # fmt: skip
            flash(gettext("Action modifiée. L'ancienne version est gardée dans la trace."), "success")
            return redirect(url_for("actions.show", number=number), 303)
        action = load(number, Permission.ACTION_EDIT)
        theirs = form.compare(action.mark, _shown_values(action))
    people = _people(project.id)
    return render_template(
        "actions/edit.html", action=action, form=form, people=people, theirs=theirs
    ), form.answer_status


def _shown_values(action: ActionHead) -> dict[str, Any]:
    """What the form shows of an action."""
    return {
        "title": action.title, "summary": action.summary, "group": action.group_id or 0, "theme": action.theme_id or 0,
        "entities": [key for key, _name in action.entities], "pilot": action.pilot_name or "",
        "weight": action.weight, "rhythm_months": action.rhythm_months,
    }  # fmt: skip


def _values_kept(form: EditForm, pilot_name: str | None, pilot_id: int | None) -> dict[str, Any]:
    """The values typed; a pilote left as shown is the same person, whoever else bears the name."""
    if pilot_name and form.pilot.data == pilot_name:
        form.pilot.data = ""
        values = _values(form) | {"pilot_id": pilot_id}
        form.pilot.data = pilot_name
        return values
    return _values(form)


@bp.route("/<int:number>/dates-de-depart", methods=["GET", "POST"])
@requires(Permission.BASELINE_CHANGE)
def baseline(number: int) -> ResponseReturnValue:
    action = load(number, Permission.BASELINE_CHANGE)
    form = BaselineForm(data=_first_dates(action) | {"seen": action.baseline_mark})
    theirs: list[tuple[str, str]] = []
    if form.validate_on_submit():
        with Attempt(form):
            action_services.change_baseline(
                action_id=action.id, start=form.baseline_start.data, end=form.baseline_end.data,
                reason=form.reason.data or "", seen=form.seen.data, actor=acting(), now=current_time(),
            )  # fmt: skip
            flash(gettext("Dates prévues au départ changées. L'explication est gardée."), "success")
            return redirect(url_for("actions.show", number=number), 303)
        action = load(number, Permission.BASELINE_CHANGE)
        theirs = form.compare(action.baseline_mark, _first_dates(action))
    return render_template("actions/baseline.html", action=action, form=form, theirs=theirs), form.answer_status


def _first_dates(action: ActionHead) -> dict[str, Any]:
    return {"baseline_start": action.baseline_start, "baseline_end": action.baseline_end}
