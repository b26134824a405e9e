"""The consultations and their steps."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.forms.settings import CampaignForm, campaign_values
from tracker.permissions import Permission
from tracker.queries import campaigns
from tracker.queries.campaigns import CampaignRecord
from tracker.security import acting, current_time, requires
from tracker.services.settings import consultations as service
from tracker.views.attempts import Attempt
from tracker.views.frame import (
    ask,
    check_open,
    chosen_project,
    confirmed,
    contact,
    page_frame,
    project_args,
    show_project,
)
from tracker.views.settings.blueprint import REMOVE, after, bp, removes


@bp.get("/consultations")
@requires(Permission.SETTINGS_EDIT)
def campaigns_list() -> str:
    project = chosen_project()
    found = campaigns.of_projects([project.id])
    return render_template("settings/campaigns.html", campaigns=found, project=project, now=current_time())


@bp.route("/consultations/nouvelle", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def campaign_create() -> ResponseReturnValue:
    project = chosen_project()
    check_open()
    form = CampaignForm(data=campaign_values(None, elsewhere=_elsewhere()))
    if form.validate_on_submit():
        with Attempt(form):
            service.create(programme_id=project.id, campaign=form.campaign(), actor=acting(), now=current_time())
            flash(gettext("Consultation créée : ses étapes s'ouvrent et se ferment d'elles-mêmes."), "success")
            return redirect(after("settings.campaigns_list", **project_args()), 303)
    page = render_template("settings/campaign.html", form=form, campaign=None, begun=0, closed=False)
    return page, form.answer_status


@bp.route("/consultations/<int:campaign_id>", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def campaign_edit(campaign_id: int) -> ResponseReturnValue:
    campaign = _one_or_404(campaign_id)
    show_project(campaign.programme_id)
    if removes():
        return _remove(campaign)
    now = current_time()
    form = CampaignForm(data=campaign_values(campaign) | {"seen": service.mark_of(campaign, campaign.phases)})
    theirs: list[tuple[str, str]] = []
    if form.validate_on_submit():
        with Attempt(form):
            service.edit(
                campaign_id=campaign_id, campaign=form.campaign(), seen=form.seen.data, actor=acting(), now=now
            )
            flash(gettext("Consultation enregistrée."), "success")
            return redirect(url_for("settings.campaigns_list", **project_args()), 303)
        campaign = _one_or_404(campaign_id)
        theirs = form.compare(service.mark_of(campaign, campaign.phases), campaign_values(campaign))
    ends_at = campaign.support_ends_at
    page = render_template(
        "settings/campaign.html",
        form=form,
        campaign=campaign,
        begun=sum(step.starts_at <= now for step in campaign.phases),
        closed=campaign.votes_closed or (ends_at is not None and ends_at <= now),
        remove=REMOVE,
        theirs=theirs,
    )
    return page, form.answer_status


def _one_or_404(campaign_id: int) -> CampaignRecord:
    campaign = campaigns.by_id(campaign_id)
    if campaign is None or campaign.programme_id not in {project.id for project in page_frame().projects}:
        abort(404, gettext("Cette consultation n'existe pas."))
    return campaign


def _remove(campaign: CampaignRecord) -> ResponseReturnValue:
    own = url_for("settings.campaign_edit", campaign_id=campaign.id)
    if not confirmed():
        question = gettext("Supprimer la consultation « %(title)s » ?", title=campaign.title)
        advice = gettext("Cela ne se peut que si elle n'a reçu aucune proposition.")
        return ask(question, advice, gettext("Supprimer"), own)
    attempt = Attempt()
    with attempt:
        service.remove(campaign_id=campaign.id, actor=acting(), now=current_time())
        flash(gettext("Consultation supprimée."), "success")
        return redirect(url_for("settings.campaigns_list", **project_args()), 303)
    flash(attempt.refusal.message if attempt.refusal else "", "error")
    return redirect(own, 303)


def _elsewhere() -> str:
    """What a new consultation says at first of what does not belong in it."""
    return gettext(
        "Une panne, un danger ou un dossier personnel se traitent ailleurs : prévenez votre encadrant·e ou "
        "%(contact)s.\n\nViolences, harcèlement, discrimination : n'écrivez rien ici, adressez-vous au dispositif de "
        "signalement, au médecin du travail ou à un représentant du personnel.",
        contact=contact(),
    )
