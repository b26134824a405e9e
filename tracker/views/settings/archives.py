"""The end of a project: close it, open it again, prepare its archive."""

from __future__ import annotations

from tempfile import TemporaryFile
from weakref import finalize

from flask import Response, abort, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.forms.closing import ReopenForm
from tracker.permissions import Permission
from tracker.queries.closing import closing_of
from tracker.queries.projects import ProjectRecord
from tracker.security import acting, current_time, requires
from tracker.services import archive as archive_service
from tracker.services import closing
from tracker.views.attempts import Attempt
from tracker.views.frame import ask, confirmed, page_frame
from tracker.views.settings.blueprint import bp


def _one_or_404(project_id: int) -> ProjectRecord:
    project = next((one for one in page_frame().projects if one.id == project_id), None)
    if project is None:
        abort(404, gettext("Ce projet n'existe pas."))
    return project


@bp.get("/archives")
@requires(Permission.ARCHIVE_MAKE)
def archives_list() -> str:
    return render_template("settings/archives.html", projects=page_frame().projects)


@bp.get("/archives/<int:project_id>")
@requires(Permission.ARCHIVE_MAKE)
def archive(project_id: int) -> str:
    return _page(_one_or_404(project_id), ReopenForm())


def _page(project: ProjectRecord, form: ReopenForm) -> str:
    found = None if project.closed else closing_of(project, now=current_time())
    return render_template("settings/archive.html", project=project, closing=found, form=form)


@bp.post("/archives/<int:project_id>/cloture")
@requires(Permission.ARCHIVE_MAKE)
def close(project_id: int) -> ResponseReturnValue:
    project = _one_or_404(project_id)
    back = url_for("settings.archive", project_id=project.id)
    if not confirmed():
        return ask(
            gettext("Clore le projet « %(title)s » ?", title=project.title),
            gettext(
                "Personne ne pourra plus y proposer, soutenir, répondre, publier un point, tenir une réunion ni écrire "
                "une lettre. Tout reste lisible. Vous pourrez le rouvrir, en disant pourquoi."
            ),
            gettext("Clore ce projet"),
            back,
        )
    form = ReopenForm()
    with Attempt(form) as attempt:
        closing.close(project_id=project.id, actor=acting(), now=current_time())
        flash(gettext("Ce projet est clos : il se lit, mais rien n'y change plus."), "success")
        return redirect(back, 303)
    return _page(project, form), attempt.status


@bp.post("/archives/<int:project_id>/reouverture")
@requires(Permission.ARCHIVE_MAKE)
def reopen(project_id: int) -> ResponseReturnValue:
    project = _one_or_404(project_id)
    form, status = ReopenForm(), 422
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            closing.reopen(project_id=project.id, reason=form.reason.data or "", actor=acting(), now=current_time())
            flash(gettext("Ce projet est rouvert : on peut y écrire de nouveau."), "success")
            return redirect(url_for("settings.archive", project_id=project.id), 303)
        status = attempt.status
    return _page(project, form), status


@bp.get("/archives/<int:project_id>/fichier")
@requires(Permission.ARCHIVE_MAKE)
def archive_file(project_id: int) -> Response:
    """The archive as it stands now, made aside and sent piece by piece."""
    project = _one_or_404(project_id)
    pseudonyms = request.args.get("noms") == "remplaces"
    made = TemporaryFile()  # noqa: SIM115 - closed, hence gone, with the answer
    archive_service.write(project, made, pseudonyms=pseudonyms, now=current_time())
    made.seek(0)
    name = archive_service.file_name(project, pseudonyms=pseudonyms, now=current_time())
    answer = send_file(made, mimetype="application/zip", as_attachment=True, download_name=name, etag=False)
    finalize(answer.response, made.close)  # who goes away before the end leaves nothing open
    answer.headers["Cache-Control"] = "no-store"
    return answer
