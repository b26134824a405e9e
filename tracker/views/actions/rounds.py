"""Rounds: many actions in one form, one row each, one save. Used by a group's page and by a pilote's own actions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from tracker.enums import UpdateKind
from tracker.extensions import begin_write, end_transaction
from tracker.forms.actions import RoundRowForm, round_row
from tracker.permissions import Permission
from tracker.progress import ActionState, Timeline, live_rows, state_at
from tracker.queries import action_pages, actions, groups, log
from tracker.queries.action_pages import UpdateDetail
from tracker.records import ActionRecord, paris_day
from tracker.security import acting, current_time, requires
from tracker.security.addresses import here
from tracker.services import updates
from tracker.services.updates import RoundRefused, RoundResult, Statement
from tracker.views.actions.blueprint import bp, latest_id, sent_token
from tracker.views.frame import page_frame, today
from tracker.views.shared import fragment


@dataclass(frozen=True, slots=True)
class Row:
    """One action of a round: where it stands, what was last said, its part of the form."""

    state: ActionState
    last: UpdateDetail | None
    form: RoundRowForm
    record: ActionRecord

    @property
    def said_today(self) -> int | None:
        """The point in force when it was written today: it is corrected rather than said again."""
        last = live_rows(self.record)[-1]
        written = last.kind is not UpdateKind.OPENING and paris_day(last.recorded_at) == today()
        return last.id if written else None


def rows_of(ids: tuple[int, ...], over: Collection[int] = (), *, as_sent: bool = False) -> list[Row]:
    """The open actions among these, by need, those of `over` last, in four statements.

    `as_sent`: each form is read against what its own page showed.
    """
    records = {record.id: record for record in (log.load_actions(ids=ids) if ids else ())}
    day = max([today(), *(live_rows(record)[0].effective_on for record in records.values())], default=today())
    states = Timeline.build(records.values()).states(day)
    still = actions.to_tell((state for state in states if not state.status.is_closed), over=over)
    notes = action_pages.last_notes(groups.last_said([records[state.action.id] for state in still]))
    rows = []
    for state in still:
        record = records[state.action.id]
        token = sent_token(f"a{record.number}-") if as_sent else None
        older = record if token is None else record.up_to(token)
        shown = (state_at(older, as_of=day) or state) if older.updates != record.updates else state
        form = round_row(shown, token=latest_id(record))
        rows.append(Row(state, notes.get(record.id), form, record))
    return rows


def run(
    ids: tuple[int, ...],
    *,
    back_url: str,
    back_label: str,
    heading: str,
    empty_advice: str,
    over: Collection[int] = (),
) -> ResponseReturnValue:
    """Show a round, or save it: nothing chosen is skipped, an error keeps everything typed.

    `over`: the actions of projects that have ended, shown last.
    """
    rows = rows_of(ids, over, as_sent=request.method == "POST")
    page = {"heading": heading, "back_url": back_url, "back_label": back_label, "empty_advice": empty_advice}
    if request.method != "POST":
        return _show(rows, **page)
    valid = [row.form.validate() for row in rows]
    if not all(valid):
        return _show(rows, **page), 422
    intents = {row.state.action.id: row.form.intent() for row in rows}
    statements: dict[int, Statement | None] = {
        key: intent for key, intent in intents.items() if intent is None or isinstance(intent, Statement)
    }
    gone = _closed_meanwhile(rows)
    if not statements:
        flash(gone or gettext("Rien n'était choisi : rien n'a été enregistré."), "warning" if gone else "info")
        return redirect(here(), 303)
    forms = {row.state.action.id: row.form for row in rows}
    try:
        begin_write()
        result = updates.post_round(
            statements=statements, expected={key: forms[key].token_id for key in statements}, actor=acting(),
            now=current_time(),
        )  # fmt: skip
    except RoundRefused as refusal:
        end_transaction(commit=False)
        for key, reason in refusal.rows.items():
            forms[key].refuse(reason)
        return _show(rows, **page), 422
    if gone:
        flash(gone, "warning")
    if not result.conflicts:
        flash(told(result), "success")
        return redirect(back_url, 303)
    return _show_conflicts(result, ids, page)


def _show_conflicts(result: RoundResult, ids: tuple[int, ...], page: dict[str, str]) -> ResponseReturnValue:
    """What could be saved is; the rows that moved meanwhile stay, with what was typed and where the action is now."""
    written = result.confirmed + result.changed
    end_transaction(commit=written > 0)
    rows = [row for row in rows_of(ids) if row.state.action.id in result.conflicts]
    for row in rows:
        row.form.validate()
        row.form.token.data = str(latest_id(row.record))
        row.form.refuse(result.conflicts[row.state.action.id])
    if written:
        flash(told(result), "success")
    return _show(rows, **page), 200 if written else 409


def _closed_meanwhile(rows: list[Row]) -> str:
    """A sentence when the form carried a row whose action was closed since: it is not in the round any more."""
    shown = {f"a{row.state.action.number}-" for row in rows}
    sent = {name.removesuffix("choice"): value for name, value in request.form.items() if name.endswith("-choice")}
    gone = sorted(prefix[1:-1] for prefix, choice in sent.items() if choice and prefix not in shown)
    if not gone:
        return ""
    return gettext(
        "Action n° %(numbers)s : elle a été close entre-temps, rien n'y a été changé.", numbers=", ".join(gone)
    )


def told(result: RoundResult) -> str:
    """ "3 actions confirmées, 2 changées." """
    parts = []
    if result.confirmed:
        parts.append(ngettext("%(num)s action confirmée", "%(num)s actions confirmées", result.confirmed))
    if result.changed:
        parts.append(ngettext("%(num)s action mise à jour", "%(num)s actions mises à jour", result.changed))
    return gettext("Merci : %(parts)s.", parts=", ".join(parts))


def _show(rows: list[Row], **page: str) -> str:
    return render_template("actions/round.html", rows=rows, refused=[r for r in rows if r.form.errors], **page)


@bp.route("/mon-tour", methods=["GET", "POST"])
@requires(Permission.ACTION_POST)
def my_round() -> ResponseReturnValue:
    """The open actions that the person pilots or whose group they lead, in every project: those of the first page."""
    asked = fragment("charges", make=groups.charges).of(acting())
    ended = {project.id for project in page_frame().projects if project.ends_on < today()}
    return run(
        tuple(asked),
        over={key for key, project_id in asked.items() if project_id in ended},
        back_url=url_for("actions.my_round"),
        back_label=gettext("Retour à mes actions"),
        heading=gettext("Où en sont mes actions ?"),
        empty_advice=gettext("Vous ne pilotez et n'animez aucune action ouverte : rien ne vous est demandé."),
    )
