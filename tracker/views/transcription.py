"""Typing a proposal that somebody told on paper, or that a workshop made."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.extensions import end_transaction
from tracker.forms.proposals import HIDDEN, SHOWN
from tracker.forms.transcription import PaperForm
from tracker.permissions import Permission, can_within
from tracker.queries import campaigns, projects, transcriptions, workshops
from tracker.queries.campaigns import CampaignRecord
from tracker.security import acting, current_time, requires
from tracker.services import paper as paper_service
from tracker.services import proposals, transcription
from tracker.validation import as_id
from tracker.views.attempts import Attempt
from tracker.views.frame import ask, confirmed, page_frame, show_project
from tracker.views.proposals import bp


@bp.route("/papier", methods=["GET", "POST"])
@requires(Permission.PROPOSAL_TRANSCRIBE)
def paper() -> ResponseReturnValue:
    """The form; when several consultations are open, first the choice of one."""
    now = current_time()
    opened = [
        one
        for one in campaigns.open_for_submission(now)
        if can_within(acting(), Permission.PROPOSAL_TRANSCRIBE, one.programme_id)
    ]
    asked = request.args.get("consultation", "")
    campaign = next((c for c in opened if str(c.id) == asked), opened[0] if len(opened) == 1 and not asked else None)
    if campaign is None:
        # a post must not lose what was typed: the error page carries it
        if request.method == "POST":
            abort(409, gettext("Cette consultation ne reçoit pas de propositions en ce moment."))
        titles = {p.id: p.title for p in page_frame().projects}
        return render_template(
            "proposals/paper_choose.html", choices=[(c, titles.get(c.programme_id, "")) for c in opened]
        )
    show_project(campaign.programme_id)
    if request.form.get("geste") == "reprendre":
        return _take_back(campaign)
    return _write(campaign)


def _write(campaign: CampaignRecord) -> ResponseReturnValue:
    """Read again, then send; or go back to the form with what was typed."""
    now, act = current_time(), request.form.get("geste", "envoyer")
    form = PaperForm(
        themes=projects.themes(campaign.programme_id, with_unknown=False),
        workshops=workshops.latest(campaign.programme_id),
        data={"key": proposals.new_key()},
    )
    correcting = act == "corriger"
    if not correcting and form.validate_on_submit() and (source := form.told_by()) is not None:
        told: dict[str, Any] = {
            "actor": acting(), "key": form.key.data or "", "campaign_id": campaign.id, "text": form.text(),
            "source": source, "now": now,
        }  # fmt: skip
        with Attempt(form):
            if act == "apercu":
                seen = paper_service.rehearse(**told)
                end_transaction(commit=False)
                return _preview(seen, campaign)
            transcription.write_down(**told)
            flash(gettext("La proposition est envoyée à la modération. Vous pouvez en écrire une autre."), "success")
            return redirect(url_for("proposals.paper", consultation=campaign.id), 303)
    page = render_template(
        "proposals/paper.html",
        form=form,
        campaign=campaign,
        hidden_choice=HIDDEN,
        shown_choice=SHOWN,
        typed_today=transcriptions.typed_today(user_id=acting().id, campaign_id=campaign.id, now=now),
    )
    return page, 200 if correcting else form.answer_status


def _preview(seen: paper_service.Rehearsal, campaign: CampaignRecord) -> str:
    kept = [(name, value) for name, value in request.form.items(multi=True) if name not in {"csrf_token", "geste"}]
    return render_template(
        "proposals/paper_preview.html",
        seen=seen,
        campaign=campaign,
        fields=kept,
        identifier=request.form.get("identifier", ""),
        here=url_for("proposals.paper", consultation=campaign.id),
    )


def _take_back(campaign: CampaignRecord) -> ResponseReturnValue:
    here = url_for("proposals.paper", consultation=campaign.id)
    if not confirmed():
        return ask(
            gettext("Retirer cette proposition, écrite par erreur ?"),
            gettext("Elle ne sera plus lue ni étudiée. L'historique garde que vous l'avez reprise."),
            gettext("Retirer la proposition"),
            here,
        )
    with (attempt := Attempt()):
        proposal_id = as_id(request.form.get("proposition", "")) or 0
        paper_service.take_back(proposal_id, actor=acting(), now=current_time())
        flash(gettext("La proposition est retirée."), "success")
    if attempt.refusal is not None:
        flash(attempt.refusal.message, "error")
    return redirect(here, 303)
