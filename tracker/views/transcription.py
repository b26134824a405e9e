"""Typing a proposal that somebody told on paper, or that a workshop made."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.forms.proposals import HIDDEN, SHOWN
from tracker.forms.transcription import PaperForm
from tracker.permissions import Permission
from tracker.queries import campaigns, projects, workshops
from tracker.security import acting, current_time, requires
from tracker.services import proposals, transcription
from tracker.views.attempts import Attempt
from tracker.views.frame import page_frame, show_project
from tracker.views.proposals import bp


@bp.route("/papier", methods=["GET", "POST"])
@requires(Permission.PROPOSAL_TRANSCRIBE)
def paper() -> ResponseReturnValue:
    """The form; when several consultations are open, first the choice of one."""
    now = current_time()
    opened = campaigns.open_for_submission(now)
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
    form = PaperForm(
        themes=projects.themes(campaign.programme_id, with_unknown=False),
        workshops=workshops.latest(campaign.programme_id),
        data={"key": proposals.new_key()},
    )
    if form.validate_on_submit() and (source := form.told_by()) is not None:
        with Attempt(form):
            transcription.write_down(
                actor=acting(),
                key=form.key.data or "",
                campaign_id=campaign.id,
                text=form.text(),
                source=source,
                now=now,
            )
            flash(gettext("La proposition est envoyée à la modération. Vous pouvez en écrire une autre."), "success")
            return redirect(url_for("proposals.paper", consultation=campaign.id), 303)
    page = render_template(
        "proposals/paper.html", form=form, campaign=campaign, hidden_choice=HIDDEN, shown_choice=SHOWN
    )
    return page, 422 if form.is_submitted() else 200
