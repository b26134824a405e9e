""" "Où en est-on ?": publish a point, say that nothing has changed, correct or retract."""

from __future__ import annotations

from datetime import date

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.enums import ActionStatus, MarkKind, UpdateKind
from tracker.errors import Forbidden
from tracker.extensions import end_transaction
from tracker.filters import day as french_day
from tracker.filters import short_day
from tracker.forms.actions import CorrectForm, PostForm, RetractForm, post_form
from tracker.permissions import Permission
from tracker.progress import ActionState, state_at
from tracker.progress.steps import health_of, status_of
from tracker.queries import action_pages, groups
from tracker.queries.action_pages import ActionHead, UpdateDetail
from tracker.records import ActionRecord, UpdateRecord
from tracker.security import acting, current_time, requires
from tracker.services import corrections, updates
from tracker.services.corrections import may_supersede
from tracker.services.updates import Statement
from tracker.validation import as_id
from tracker.views.actions.blueprint import bp, latest_id, load, present_state, sent_token
from tracker.views.attempts import Attempt
from tracker.views.frame import confirmed, today


def surprises(state: ActionState, statement: Statement, *, day: date) -> list[str]:
    """What a point would change that its writer may not have in mind; empty: it is published at once."""
    said = []
    if day < state.stated_on:
        said.append(
            gettext(
                "Ce point date du %(day)s, avant le dernier point (%(last)s) : il complète l'historique, "
                "le statut et les dates d'aujourd'hui ne changent pas.",
                day=french_day(day), last=french_day(state.stated_on),
            )
        )  # fmt: skip
    still = [one.label for one in state.milestones if one.is_open and one.id not in statement.done | statement.dropped]
    if statement.status is ActionStatus.DONE and still:
        said.append(
            gettext(
                "L'action sera « réalisée » et comptée pour 100 %%, alors que des jalons restent ouverts : %(labels)s. "
                "Elle sera « à vérifier » tant qu'ils ne sont pas faits ou abandonnés.",
                labels=", ".join(still),
            )
        )
    if statement.status is ActionStatus.STOPPED:
        said.append(gettext("L'action sera « arrêtée » : elle ne comptera plus dans l'avancement."))
    for new, old, label in (
        (statement.planned_start, state.planned_start, gettext("Le début prévu")),
        (statement.planned_end, state.planned_end, gettext("La fin prévue")),
    ):
        if old is not None and new is not updates.KEEP and new != old:
            after = gettext("sans date") if new is None else short_day(new)
            said.append(
                gettext("%(what)s passe du %(old)s au %(new)s.", what=label, old=short_day(old), new=after)
                if new is not None
                else gettext("%(what)s, le %(old)s, est effacé.", what=label, old=short_day(old))
            )
    return said


def _typed() -> list[tuple[str, str]]:
    """What the preview carries on, hidden."""
    return [(k, v) for k, v in request.form.items(multi=True) if k not in {"csrf_token", "confirmed", "again"}]


@bp.route("/<int:number>/point", methods=["GET", "POST"])
@requires(Permission.ACTION_POST)
def post_update(number: int) -> ResponseReturnValue:
    action = load(number, Permission.ACTION_POST)
    record, state, form = _post_page(action, shown=sent_token())
    status = 200
    if request.method == "POST" and "again" not in request.form:
        status = 422
        if form.validate():
            statement, day = form.statement(today=today()), form.effective_on.data or today()
            with Attempt() as attempt:
                updates.post_update(
                    action_id=action.id, statement=statement, effective_on=day, actor=acting(), now=current_time(),
                    expected_update_id=form.token_id,
                )  # fmt: skip
                expected = surprises(state, statement, day=day)
                if expected and not confirmed():
                    end_transaction(commit=False)
                    return render_template("actions/preview.html", action=action, expected=expected, typed=_typed())
                flash(gettext("Point publié. Merci : tout le monde sait maintenant où en est l'action."), "success")
                return redirect(url_for("actions.show", number=number), 303)
            status = attempt.status
            record, state, form = _post_page(action)
            form.validate()
            form.token.data = str(latest_id(record))
            attempt.say(form)
    return _show_post(action, record, state, form), status


def _post_page(action: ActionHead, *, shown: int | None = None) -> tuple[ActionRecord, ActionState, PostForm]:
    """The form of the action now, or as it was on the page that was sent: `shown` was the last row of its log."""
    record = action_pages.records(action)[0]
    state = present_state(record if shown is None else record.up_to(shown))
    return record, state, post_form(state, token=latest_id(record), today=today())


def _show_post(action: ActionHead, record: ActionRecord, state: ActionState, form: PostForm) -> str:
    last = action_pages.last_notes(groups.last_said([record])).get(action.id)
    return render_template(
        "actions/post.html",
        action=action,
        state=state,
        form=form,
        token=latest_id(record),
        last=last,
    )


@bp.post("/<int:number>/rien-n-a-change")
@requires(Permission.ACTION_POST)
def confirm(number: int) -> ResponseReturnValue:
    action = load(number, Permission.ACTION_POST)
    token = request.form.get("token", "")
    expected = as_id(token) or 0
    with Attempt() as attempt:
        updates.confirm(action_id=action.id, actor=acting(), now=current_time(), expected_update_id=expected)
        flash(gettext("C'est noté : rien n'a changé, et l'action a de vos nouvelles."), "success")
    if attempt.refusal is not None:
        flash(attempt.refusal.message, "warning")
    return redirect(url_for("actions.show", number=number), 303)


def _target(number: int, update_id: int) -> tuple[ActionHead, ActionRecord, UpdateDetail]:
    """The action and the row to replace; 404 and 403 before anything else."""
    action = load(number, Permission.ACTION_POST)
    record = action_pages.records(action)[0]
    rows = {row.id: row for row in action_pages.updates(record, private=True)}
    row = rows.get(update_id)
    if row is None or row.kind is UpdateKind.RETRACTION:
        abort(404)
    if not may_supersede(acting(), action, author_id=row.author_id):
        raise Forbidden(
            gettext("Un point se corrige par la personne qui l'a publié, l'animateur·rice du groupe ou le comité.")
        )
    return action, record, row


def _state_of_row(record: ActionRecord, row: UpdateRecord) -> ActionState:
    """The row's own values with the milestones of its day, as the form that corrects it shows them."""
    base = state_at(record, as_of=max(today(), row.effective_on))
    if base is None:  # pragma: no cover - an action has its opening
        abort(404)
    status = status_of(row)
    return base._replace(
        status=status, declared_progress=row.declared_progress, health=health_of(row, status),
        health_on=row.health_on, planned_start=row.planned_start, planned_end=row.planned_end,
        stated_on=row.effective_on,
    )  # fmt: skip


@bp.route("/<int:number>/points/<int:update_id>/corriger", methods=["GET", "POST"])
@requires(Permission.ACTION_POST)
def correct(number: int, update_id: int) -> ResponseReturnValue:
    action, record, row = _target(number, update_id)
    marks = action_pages.marks_of(update_id)
    form = _correct_form(record, row, marks)
    status = 422 if request.method == "POST" else 200
    if form.validate_on_submit():
        kept = set(form.kept_marks.data or ()) if "kept_marks" in form._fields else None
        with Attempt(form) as attempt:
            corrections.correct(
                update_id=update_id, statement=form.statement(today=row.effective_on),
                effective_on=form.effective_on.data or row.effective_on, kept_marks=kept, actor=acting(),
                now=current_time(),
            )  # fmt: skip
            flash(gettext("Point corrigé. L'ancien reste dans l'historique, barré."), "success")
            return redirect(url_for("actions.show", number=number), 303)
        status = attempt.status
    return render_template("actions/correct.html", action=action, row=row, form=form), status


def _correct_form(
    record: ActionRecord, row: UpdateDetail, marks: tuple[tuple[int, str, MarkKind, date | None], ...]
) -> CorrectForm:
    kept = next(one for one in record.updates if one.id == row.id)
    state = _state_of_row(record, kept)
    form = post_form(
        state, token=latest_id(record), today=row.effective_on, form=CorrectForm, note=row.note,
        private_note=row.private_note, move_reason=row.move_reason, kept_marks=[mark[0] for mark in marks],
    )  # fmt: skip
    if not isinstance(form, CorrectForm):  # pragma: no cover - for the type checker
        raise TypeError
    if marks:
        form.kept_marks.choices = [
            (
                key,
                gettext("%(what)s : %(words)s", what=label, words=kind.label) + (f" ({short_day(due)})" if due else ""),
            )
            for key, label, kind, due in marks
        ]
    else:
        del form.kept_marks
    return form


@bp.route("/<int:number>/points/<int:update_id>/retirer", methods=["GET", "POST"])
@requires(Permission.ACTION_POST)
def retract(number: int, update_id: int) -> ResponseReturnValue:
    action, _record, row = _target(number, update_id)
    form = RetractForm()
    status = 422 if request.method == "POST" else 200
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            corrections.retract(update_id=update_id, reason=form.reason.data or "", actor=acting(), now=current_time())
            flash(gettext("Point retiré. Il reste dans l'historique, barré, avec votre explication."), "success")
            return redirect(url_for("actions.show", number=number), 303)
        status = attempt.status
    return render_template("actions/retract.html", action=action, row=row, form=form), status
