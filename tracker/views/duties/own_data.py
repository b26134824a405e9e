"""One's own data: to read, to download, to have corrected or erased."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.enums import RequestKind
from tracker.filters import day, moment
from tracker.forms.own_data import RequestForm
from tracker.permissions import Permission
from tracker.queries import data_requests as queries
from tracker.queries import personal_data
from tracker.queries.personal_data import Part
from tracker.security import acting, current_time, requires
from tracker.services import data_requests, votes
from tracker.views.attempts import Attempt
from tracker.views.duties.blueprint import ACCOUNT, bp
from tracker.views.frame import today


@bp.route(f"{ACCOUNT}/donnees", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_OWN)
def show_own_data() -> ResponseReturnValue:
    """What may be asked, and what became of it."""
    form = RequestForm()
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            with Attempt(form) as attempt:
                kind = RequestKind(form.kind.data)
                row = data_requests.ask(kind, form.text.data or "", actor=acting(), now=current_time())
                due = day(row.due_on)
                flash(gettext("Demande enregistrée : réponse le %(day)s au plus tard.", day=due), "success")
                return redirect(url_for("duties.show_own_data"), 303)
            status = attempt.status
    page = render_template("duties/own_data.html", form=form, requests=queries.of_person(acting().id), today=today())
    return page, status


def _parts() -> tuple[Part, ...]:
    return personal_data.of_person(acting().id, votes.supported_by(actor=acting()))


def _said(value: Any) -> Any:
    """A value as a person reads it."""
    if isinstance(value, bool):
        return gettext("oui") if value else gettext("non")
    if isinstance(value, datetime):
        return moment(value)
    return day(value) if isinstance(value, date) else value


def _private(response: Response, name: str) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@bp.get(f"{ACCOUNT}/donnees.json")
@requires(Permission.ACCOUNT_OWN)
def own_data_json() -> Response:
    told = {"lu le": current_time().isoformat(), **{part.key: list(part.rows) for part in _parts()}}
    text = json.dumps(told, ensure_ascii=False, indent=2, default=lambda value: value.isoformat())
    return _private(Response(text, mimetype="application/json"), "mes-donnees.json")


@bp.get(f"{ACCOUNT}/donnees.html")
@requires(Permission.ACCOUNT_OWN)
def own_data_page() -> Response:
    """A page that reads without this application."""
    page = render_template("duties/own_data_file.html", parts=_parts(), today=today(), said=_said)
    return _private(Response(page), "mes-donnees.html")
