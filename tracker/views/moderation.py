"""Submissions read before they are published: the queue, one of them, publish or return."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from tracker.errors import Conflict
from tracker.forms.proposals import ReturnForm
from tracker.permissions import Permission, can, require
from tracker.queries import moderation, proposals
from tracker.queries.moderation import WaitingProposal
from tracker.security import acting, current_time, requires
from tracker.services import proposals as service
from tracker.views.attempts import Attempt
from tracker.views.frame import LinkedPage, check_open, page_frame, page_number, show_project

bp = Blueprint("moderation", __name__, url_prefix="/moderation")


@bp.get("")
@requires(Permission.PROPOSAL_MODERATE)
def index() -> str:
    running = [p for p in page_frame().projects if not p.closed]
    reached = [p.id for p in running if can(current_user, Permission.PROPOSAL_MODERATE, p)]
    waiting = LinkedPage(moderation.waiting(reached, actor=acting(), page=page_number()))
    return render_template("moderation/index.html", waiting=waiting, several=len(page_frame().projects) > 1)


def _load(proposal_id: int) -> WaitingProposal | None:
    """The submission; None when it waits no more."""
    page = moderation.waiting_one(proposal_id, actor=acting())
    if page is not None:
        require(acting(), Permission.PROPOSAL_MODERATE, page)
        show_project(page.programme_id)
        check_open()
    return page


@bp.get("/<int:proposal_id>")
@requires(Permission.PROPOSAL_MODERATE)
def show(proposal_id: int) -> ResponseReturnValue:
    page = _load(proposal_id)
    if page is None:
        abort(404, gettext("Cette proposition n'attend pas, ou plus, de publication."))
    return _page(page, ReturnForm(), 200)


def _page(page: WaitingProposal, form: ReturnForm, status: int) -> ResponseReturnValue:
    alike = proposals.resembling(f"{page.title} {page.body}", programme_id=page.programme_id)
    return render_template("moderation/show.html", page=page, form=form, alike=alike), status


def _gone() -> ResponseReturnValue:
    flash(gettext("Quelqu'un d'autre s'en est déjà occupé : cette proposition n'attend plus."), "warning")
    return redirect(url_for("moderation.index"), 303)


@bp.post("/<int:proposal_id>/publication")
@requires(Permission.PROPOSAL_MODERATE)
def publish(proposal_id: int) -> ResponseReturnValue:
    page = _load(proposal_id)
    if page is None:
        return _gone()
    with Attempt():
        number = service.publish(actor=acting(), proposal_id=page.id, now=current_time()).number
        flash(gettext("Publiée sous le n° %(number)s. Tous les agents peuvent la lire.", number=number), "success")
        return redirect(url_for("moderation.index"), 303)
    return _gone()


@bp.post("/<int:proposal_id>/renvoi")
@requires(Permission.PROPOSAL_MODERATE)
def send_back(proposal_id: int) -> ResponseReturnValue:
    page = _load(proposal_id)
    if page is None:
        return _gone()
    form = ReturnForm()
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            service.send_back(actor=acting(), proposal_id=page.id, reason=form.reason.data or "", now=current_time())
            flash(gettext("Renvoyée en privé, avec votre explication."), "success")
            return redirect(url_for("moderation.index"), 303)
        if isinstance(attempt.refusal, Conflict):
            return _gone()
    return _page(page, form, 422)
