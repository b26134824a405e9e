"""The projects of this instance."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.forms.settings import ProjectForm
from tracker.permissions import Permission
from tracker.queries import projects as frames
from tracker.queries import town
from tracker.queries.town import ProjectSettings
from tracker.security import acting, current_time, requires
from tracker.services.settings import projects as service
from tracker.views.attempts import Attempt
from tracker.views.frame import page_frame
from tracker.views.settings.blueprint import after, bp


@bp.get("/projets")
@requires(Permission.SETTINGS_EDIT)
def projects_list() -> str:
    return render_template("settings/projects.html", projects=page_frame().projects)


@bp.route("/projets/nouveau", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def project_create() -> ResponseReturnValue:
    entities = frames.all_entities()
    first = not page_frame().projects
    form = ProjectForm(entities=entities, data={"entities": [str(e.id) for e in entities], "is_principal": first})
    if form.validate_on_submit():
        with Attempt(form):
            service.create(project=form.project(), actor=acting(), now=current_time())
            flash(gettext("Projet créé."), "success")
            return redirect(after("settings.projects_list"), 303)
    return render_template("settings/project.html", form=form, project=None, alone=first), form.answer_status


@bp.route("/projets/<int:project_id>", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def project_edit(project_id: int) -> ResponseReturnValue:
    project = _one_or_404(project_id)
    form = ProjectForm(entities=frames.all_entities(), data=_values(project) | {"seen": project.mark})
    theirs: list[tuple[str, str]] = []
    if form.validate_on_submit():
        with Attempt(form):
            service.edit(
                project_id=project_id, project=form.project(), seen=form.seen.data, actor=acting(), now=current_time()
            )
            flash(gettext("Projet enregistré."), "success")
            return redirect(url_for("settings.projects_list"), 303)
        project = _one_or_404(project_id)
        theirs = form.compare(project.mark, {k: v for k, v in _values(project).items() if k != "is_principal"})
    page = render_template(
        "settings/project.html", form=form, project=project, alone=project.is_principal, theirs=theirs
    )
    return page, form.answer_status


def _one_or_404(project_id: int) -> ProjectSettings:
    project = town.project(project_id)
    if project is None:
        abort(404, gettext("Ce projet n'existe pas."))
    return project


def _values(project: ProjectSettings) -> dict[str, Any]:
    return {
        "title": project.title,
        "starts_on": project.starts_on,
        "ends_on": project.ends_on,
        "summary": project.summary,
        "people_consulted": project.people_consulted,
        "entities": [str(key) for key in project.entity_ids],
        "letter_name": project.letter_name,
        "letters_public": project.letters_public,
        "is_principal": project.is_principal,
    }
