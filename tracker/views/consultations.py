"""A consultation: its steps, what came in, and who took part once it is over."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from flask_babel import gettext

from tracker.permissions import Permission
from tracker.queries import campaigns, consultations
from tracker.security import current_time, requires
from tracker.views.frame import show_project

bp = Blueprint("consultations", __name__, url_prefix="/consultations")


@bp.get("/<int:campaign_id>")
@requires(Permission.PROPOSAL_VIEW)
def show(campaign_id: int) -> str:
    campaign = campaigns.by_id(campaign_id)
    if campaign is None:
        abort(404, gettext("Cette consultation n'existe pas."))
    project = show_project(campaign.programme_id)
    now = current_time()
    return render_template(
        "consultations/show.html",
        campaign=campaign,
        project=project,
        now=now,
        present=campaign.phase_at(now),
        intake=consultations.intake(campaign.id),
        participation=consultations.participation(campaign.id, without=gettext("sans employeur"))
        if campaign.votes_closed
        else None,
    )
