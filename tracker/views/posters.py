"""The poster of a consultation, for the walls of the depots: a QR code, a date, whom to ask."""

from __future__ import annotations

from flask import abort, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.exports import qr
from tracker.extensions import FRENCH, speaking
from tracker.permissions import Permission
from tracker.security import current_time, requires
from tracker.views import papers, voting
from tracker.views.consultations import bp
from tracker.views.frame import contact, show_project

SIZES = ("a4", "a3")


@bp.get("/<int:campaign_id>/affiche.pdf")
@requires(Permission.PROPOSAL_VIEW)
def poster(campaign_id: int) -> ResponseReturnValue:
    campaign = voting.consultation(campaign_id)
    if campaign is None:
        abort(404, gettext("Cette consultation n'existe pas."))
    asked = request.args.get("format", SIZES[0])
    size = asked if asked in SIZES else SIZES[0]
    path = url_for("consultations.show", campaign_id=campaign.id).removeprefix(request.script_root)
    activate = url_for("activation.activate").removeprefix(request.script_root)
    base = current_app.config["BASE_URL"]
    with speaking(FRENCH):  # it hangs on a wall, for everybody
        page = render_template(
            "consultations/poster.html",
            campaign=campaign,
            project=show_project(campaign.programme_id),
            size=size,
            last_day=campaign.submission_last_day(current_time()),
            qr=qr.svg(base + path, title=gettext("Code vers la page de la consultation")),
            address=(base + path).split("://")[-1],
            activate=(base + activate).split("://")[-1],
            contact=contact(),
        )
    return papers.answer(papers.made(page), f"affiche-{campaign.id}-{size}")
