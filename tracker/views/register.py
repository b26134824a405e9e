"""The import of the staff register: a file, what its columns mean, what would change, then the writing."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from tracker.enums import RunState
from tracker.errors import TrackerError
from tracker.exports.tables import csv_bytes
from tracker.extensions import end_transaction
from tracker.forms.people import ColumnsForm, ConfirmForm, RegisterFileForm
from tracker.imports.people import read_sheet
from tracker.permissions import Permission
from tracker.queries import directory
from tracker.queries.directory import RunRecord
from tracker.records import paris_day, window
from tracker.security import acting, current_time, requires
from tracker.services import register as service
from tracker.services import register_doubts
from tracker.validation import as_id
from tracker.views.attempts import Attempt
from tracker.views.frame import Link, LinkedPage, ask, confirmed, page_number, with_args

bp = Blueprint("register", __name__, url_prefix="/reglages/personnes/importer")
LINES = 50


@bp.route("", methods=["GET", "POST"])
@requires(Permission.PERSON_EDIT)
def upload() -> ResponseReturnValue:
    form = RegisterFileForm()
    if form.validate_on_submit():
        end_transaction(commit=False)
        try:
            data = form.file.data.read()
            sheet = read_sheet(data)
            key = service.put_aside(data)
        except TrackerError as refusal:
            form.refuse(refusal)
        else:
            with Attempt(form):
                run = service.begin(
                    key=key, file_name=form.file.data.filename, sheet=sheet, actor=acting(), now=current_time()
                )
                return redirect(url_for("register.columns", run_id=run.id), 303)
    page = render_template("people/import.html", form=form, runs=directory.runs())
    return page, form.answer_status


def _one_or_404(run_id: int) -> RunRecord:
    run = directory.run(run_id)
    if run is None:
        abort(404, gettext("Cet import n'existe pas."))
    return run


@bp.route("/<int:run_id>/colonnes", methods=["GET", "POST"])
@requires(Permission.PERSON_EDIT)
def columns(run_id: int) -> ResponseReturnValue:
    run = _one_or_404(run_id)
    if run.state is not RunState.READ:
        return redirect(url_for("register.show", run_id=run_id), 303)
    places = directory.places()
    try:
        sheet = service.sheet_of(run.mapping["key"])
    except TrackerError as refusal:
        flash(refusal.message, "error")
        return redirect(url_for("register.upload"), 303)
    known = {**run.mapping["columns"], "default_employer": str(run.mapping.get("employer") or "")}
    if len(places.employers) == 1 and not known["default_employer"]:
        known["default_employer"] = places.employers[0][0]
    form = ColumnsForm(sheet=sheet, places=places, data=known)
    if form.validate_on_submit():
        try:
            mapping = {"columns": form.columns(), "employer": form.employer_id()}
            plan = service.plan_of(run.mapping["key"], mapping, today=paris_day(current_time()), asked_by=acting().id)
            service.keep_lines(run.mapping["key"], plan)
        except TrackerError as refusal:
            form.refuse(refusal)
        else:
            with Attempt(form):
                service.keep_preview(
                    run_id=run_id, columns=form.columns(), employer_id=form.employer_id(), plan=plan, actor=acting(),
                    now=current_time(),
                )  # fmt: skip
                return redirect(url_for("register.show", run_id=run_id), 303)
    samples = {name: ", ".join(sheet.samples(name)) for name in sheet.columns}
    page = render_template("people/columns.html", form=form, run=run, samples=samples, rows=len(sheet.rows))
    return page, form.answer_status


def _titles() -> dict[str, str]:
    return {
        "created": gettext("à créer"),
        "changed": gettext("à modifier"),
        "absent": gettext("absentes du fichier"),
        "ambiguous": gettext("en doute, laissées de côté"),
        "refused": gettext("refusées"),
    }


@bp.get("/<int:run_id>")
@requires(Permission.PERSON_EDIT)
def show(run_id: int) -> ResponseReturnValue:
    run = _one_or_404(run_id)
    if run.state is RunState.READ and not run.report:
        return redirect(url_for("register.columns", run_id=run_id), 303)
    return _page(run)


def _page(run: RunRecord) -> str:
    titles = _titles()
    filled = [name for name in titles if run.report.get(name)]
    wanted = request.args.get("liste", "")
    wanted = wanted if wanted in filled else next(iter(filled), "")
    lines = service.preview_lines(run.mapping["key"], wanted) if wanted else []
    return render_template(
        "people/run.html",
        run=run,
        form=ConfirmForm(formdata=None),
        titles=titles,
        wanted=wanted,
        lists=[
            Link(with_args(liste=name), f"{titles[name].capitalize()} ({run.report[name]})", name == wanted)
            for name in filled
        ],
        page=LinkedPage(window(page_number(), size=LINES, total=len(lines)).of(lines)),
        to_write=_to_write(run),
    )


def _to_write(run: RunRecord) -> int:
    """How many rows the import writes, absent people apart."""
    return sum(run.report.get(what, 0) for what in ("created", "changed", "departments", "sites"))


@bp.get("/<int:run_id>/liste.csv")
@requires(Permission.PERSON_EDIT)
def table(run_id: int) -> Response:
    run = _one_or_404(run_id)
    wanted = request.args.get("liste", "")
    titles = _titles()
    if wanted not in titles:
        abort(404, gettext("Cette liste n'existe pas."))
    rows = [(line["line"] or None, line["name"], line["detail"]) for line in
            service.preview_lines(run.mapping["key"], wanted)]  # fmt: skip
    head = (gettext("Ligne"), gettext("Personne"), gettext("Détail"))
    response = Response(csv_bytes(head, rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="import-{run.id}-{wanted}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/<int:run_id>/reconnaitre")
@requires(Permission.PERSON_EDIT)
def recognise(run_id: int) -> ResponseReturnValue:
    """Somebody in doubt is a person known: noted for good, then the file is compared again."""
    run = _one_or_404(run_id)
    back = redirect(url_for("register.show", run_id=run_id, liste="ambiguous"), 303)
    line, person_id = (as_id(request.form.get(name, "")) or 0 for name in ("ligne", "personne"))
    with (attempt := Attempt()):
        person = register_doubts.recognise(
            run_id, line=line, user_id=person_id, actor=acting(), now=current_time()
        )  # fmt: skip
        login = person.login
    if attempt.refusal is not None:
        flash(attempt.refusal.message, "error")
        return back
    end_transaction(commit=True)
    columns, employer = run.mapping["columns"], run.mapping.get("employer")
    try:
        plan = service.plan_of(run.mapping["key"], run.mapping, today=paris_day(current_time()), asked_by=acting().id)
        service.keep_lines(run.mapping["key"], plan)
    except TrackerError as refusal:
        flash(refusal.message, "error")
        return back
    with (attempt := Attempt()):
        service.keep_preview(
            run_id=run_id, columns=columns, employer_id=employer, plan=plan, actor=acting(), now=current_time()
        )
    flash(gettext("Ligne %(n)s : c'est %(login)s. Les imports suivants le sauront.", n=line, login=login), "success")
    return back


@bp.post("/<int:run_id>/abandonner")
@requires(Permission.PERSON_EDIT)
def abandon(run_id: int) -> ResponseReturnValue:
    _one_or_404(run_id)
    back = url_for("register.show", run_id=run_id)
    if not confirmed():
        return ask(
            gettext("Abandonner cet import ?"),
            gettext("Rien n'en sera écrit, et le fichier n'est plus gardé. Vous pourrez l'importer de nouveau."),
            gettext("Abandonner l'import"),
            back,
        )
    with (attempt := Attempt()):
        key = service.abandon(run_id=run_id, actor=acting(), now=current_time())
    if attempt.refusal is not None:
        flash(attempt.refusal.message, "error")
        return redirect(back, 303)
    end_transaction(commit=True)
    service.remove_files(key)
    flash(gettext("Import abandonné : rien n'a été écrit."), "success")
    return redirect(url_for("register.upload"), 303)


@bp.post("/<int:run_id>/confirmer")
@requires(Permission.PERSON_EDIT)
def confirm(run_id: int) -> ResponseReturnValue:
    """Few people are written before the page answers; many wait for the next round of the job."""
    run = _one_or_404(run_id)
    back = url_for("register.show", run_id=run_id)
    form = ConfirmForm()
    leave = bool(form.absent_leave.data)
    if run.state is RunState.READ and not _to_write(run) and not (leave and run.report.get("absent")):
        flash(gettext("Rien n'a été écrit : ce fichier ne change rien."), "info")
        return redirect(back, 303)
    if leave and run.report.get("absent") and not confirmed():
        return ask(
            ngettext(
                "Désactiver %(n)s personne absente du fichier ?",
                "Désactiver %(n)s personnes absentes du fichier ?",
                run.report["absent"],
                n=run.report["absent"],
            ),
            gettext("Leurs visites prennent fin et leurs codes n'ouvrent plus rien. Ce qu'elles ont écrit reste."),
            gettext("Importer et désactiver"),
            back,
        )
    total = None
    with (attempt := Attempt()):
        total = service.confirm(run_id=run_id, absent_leave=leave, actor=acting(), now=current_time())
    if attempt.refusal is not None:
        flash(attempt.refusal.message, "error")
        return redirect(back, 303)
    end_transaction(commit=True)
    if total is not None and total < service.AT_ONCE:
        try:
            service.apply(run_id, clock=current_time)
            flash(gettext("Import terminé."), "success")
        except TrackerError as refusal:
            flash(refusal.message, "error")
    return redirect(back, 303)
