"""Requests of people about their data: answered within a month; and a person erased."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.enums import RequestKind
from tracker.errors import TrackerError
from tracker.filters import day
from tracker.forms.own_data import AnswerForm, EraseForm, PaperRequestForm
from tracker.permissions import Permission
from tracker.queries import data_requests as queries
from tracker.queries import traces
from tracker.security import acting, current_time, requires
from tracker.services import data_requests, erasure
from tracker.views.attempts import Attempt
from tracker.views.duties.blueprint import SETTINGS, bp
from tracker.views.frame import today
from tracker.views.people import one_or_404


@bp.get(f"{SETTINGS}/demandes")
@requires(Permission.PERSON_ERASE)
def data_requests_list() -> str:
    return render_template("duties/data_requests.html", requests=queries.listing(), today=today())


@bp.route(f"{SETTINGS}/demandes/<int:request_id>", methods=["GET", "POST"])
@requires(Permission.PERSON_ERASE)
def data_request(request_id: int) -> ResponseReturnValue:
    """One request, and its answer."""
    found = queries.one(request_id)
    if found is None:
        abort(404, gettext("Cette demande n'existe pas."))
    form = AnswerForm()
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            with Attempt(form) as attempt:
                granted = form.outcome.data == "done"
                data_requests.answer(
                    request_id, form.answer.data or "", granted=granted, actor=acting(), now=current_time()
                )
                if found.received_on:
                    flash(gettext("Réponse enregistrée : envoyez-la aussi à la personne, par écrit."), "success")
                else:
                    flash(gettext("Réponse enregistrée : la personne la lit sur sa page « Mes données »."), "success")
                return redirect(url_for("duties.data_requests_list"), 303)
            status = attempt.status
    return render_template("duties/data_request.html", one=found, form=form, today=today()), status


@bp.route(f"{SETTINGS}/personnes/<int:user_id>/demande", methods=["GET", "POST"])
@requires(Permission.PERSON_ERASE)
def record_request(user_id: int) -> ResponseReturnValue:
    """What somebody asked on paper, or after having left."""
    person = one_or_404(user_id, whole=False)
    form = PaperRequestForm()
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate() and form.received_on.data:
            with Attempt(form) as attempt:
                row = data_requests.record(
                    user_id, RequestKind(form.kind.data), form.text.data or "", received_on=form.received_on.data,
                    actor=acting(), now=current_time(),
                )  # fmt: skip
                due = day(row.due_on)
                flash(gettext("Demande enregistrée : réponse le %(day)s au plus tard.", day=due), "success")
                return redirect(url_for("duties.data_request", request_id=row.id), 303)
            status = attempt.status
    return render_template("duties/record_request.html", person=person, form=form), status


@bp.route(f"{SETTINGS}/personnes/<int:user_id>/effacer", methods=["GET", "POST"])
@requires(Permission.PERSON_ERASE)
def erase_person(user_id: int) -> ResponseReturnValue:
    """What will be erased, then the login typed to do it; afterwards, the texts that still name the person."""
    form = EraseForm()
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            with Attempt(form) as attempt:
                left = erasure.erase(user_id, typed_login=form.login.data or "", actor=acting(), now=current_time())
                return _erased_page("duties/erased.html", mentions_left=left), 200
            status = attempt.status
    try:
        found = erasure.preview(user_id, actor=acting())
    except TrackerError as refusal:
        abort(refusal.status, refusal.message)
    return _erased_page("duties/erase.html", found=found, form=form), status


def _erased_page(template: str, **told: Any) -> str:
    return render_template(template, redaction_address=redaction_address, page_address=page_address, **told)


# where what names a person is read or corrected, by its table
PAGES = {
    "action": "actions.show",
    "authorship": "proposals.show",
    "campaign": "settings.campaign_edit",
    "decision_condition": "proposals.show",
    "department": "settings.departments_edit",
    "entity": "settings.employer_edit",
    "letter": "letters.write",
    "letter_block": "letters.write",
    "milestone": "actions.show",
    "programme": "settings.project_edit",
    "proofreading": "letters.write",
    "proposal_transition": "proposals.history",
    "redaction": "duties.redaction",
    "setting": "settings.index",
    "site": "settings.sites_edit",
    "theme": "settings.themes_edit",
    "working_group": "settings.groups_edit",
}


def page_address(mention: traces.Mention) -> str:
    """Where that text is corrected, or read by who will have it corrected; "" without such a page."""
    if mention.page is None or mention.table not in PAGES:
        return ""
    return url_for(PAGES[mention.table], **mention.page)


def redaction_address(mention: traces.Mention) -> str:
    """Where the withdrawal of that text is asked; "" when it is corrected where it is edited."""
    if mention.kind is None:
        return ""
    return url_for("duties.ask_redaction", type=mention.kind.value, de=mention.target_id, partie=mention.part or None)
