"""A consultation: its steps, what came in, and who took part once it is over."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, get_template_attribute, render_template
from flask_babel import gettext, ngettext

from tracker.permissions import Permission
from tracker.queries import consultations
from tracker.security import current_time, requires
from tracker.views import voting
from tracker.views.frame import show_project
from tracker.views.shared import filler, shared_by

bp = Blueprint("consultations", __name__, url_prefix="/consultations")


@bp.get("/<int:campaign_id>")
@requires(Permission.PROPOSAL_VIEW)
def show(campaign_id: int) -> str:
    campaign = voting.consultation(campaign_id)
    if campaign is None:
        abort(404, gettext("Cette consultation n'existe pas."))
    project = show_project(campaign.programme_id)
    now = current_time()

    def make() -> str:
        without = gettext("sans employeur")
        return render_template(
            "consultations/show.html",
            campaign=campaign,
            project=project,
            now=now,
            published=consultations.published(campaign.id),
            participation=consultations.participation(campaign.id, without=without) if campaign.votes_closed else None,
        )

    page: str = shared_by(tuple((step.starts_at <= now, step.ends_at <= now) for step in campaign.phases), make=make)
    return page


@filler("consultation_supports")
def _supports(campaign_id: int) -> str:
    macro: Any = get_template_attribute("components/layout.html", "key_number")
    count = consultations.supports(campaign_id)
    return str(macro(count, ngettext("soutien", "soutiens", count)))
