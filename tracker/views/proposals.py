"""Published proposals: the list, the page of one with its parcours, support, following."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, flash, g, get_template_attribute, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user

from tracker.enums import ProposalState
from tracker.errors import TrackerError
from tracker.extensions import begin_write, end_transaction, write_transaction
from tracker.permissions import Permission, can, can_within, require
from tracker.progress import ActionState
from tracker.queries import campaigns, log, proposal_pages, proposals, supports
from tracker.queries.campaigns import CampaignRecord
from tracker.queries.decisions import published_answers
from tracker.queries.projects import ProjectRecord
from tracker.queries.proposal_pages import ProposalPage
from tracker.queries.proposals import NOBODY, ProposalFilters, Sort
from tracker.security import acting, current_time, requires
from tracker.security.addresses import here, safe_path
from tracker.services import proposals as service
from tracker.services import votes
from tracker.views import parcours, voting
from tracker.views.frame import (
    ALL,
    LinkedPage,
    chosen_project,
    page_frame,
    page_number,
    project_args,
    show_project,
    today,
    with_args,
)
from tracker.views.lists import employer_options, sorts, theme_options
from tracker.views.parcours import CarriedOut
from tracker.views.shared import fragment, shared_by
from tracker.workflow import SUPPORTABLE, VISIBLE

bp = Blueprint("proposals", __name__, url_prefix="/propositions")

QUERY_MAX = 200
SHOWN_STATES = [state for state in ProposalState if state in VISIBLE]


@bp.get("")
@requires(Permission.PROPOSAL_VIEW)
def index() -> str:
    project = chosen_project()
    titles = {p.id: p.title for p in page_frame().projects}
    everywhere = request.args.get("projet") == ALL and len(titles) > 1
    g.all_projects = everywhere
    filters = _filters(project.id)
    if everywhere:  # themes and employers are those of one project
        filters = replace(filters, everywhere=tuple(titles), theme="", entity="")
    asked = voting.consultations(titles if everywhere else [project.id])
    has_keys = any(c.id in voting.own_tags() for c in asked)

    def page() -> str:
        return _list(filters, project, titles if everywhere else {}, asked, has_keys=has_keys)

    if filters.mine or filters.supported or filters.sort is Sort.SUPPORTED:  # one's own, or what votes move
        return page()
    listed: str = shared_by(voting.allowed(), has_keys, make=page)
    return listed


def _list(
    filters: ProposalFilters,
    project: ProjectRecord,
    titles: dict[int, str],
    asked: tuple[CampaignRecord, ...],
    *,
    has_keys: bool,
) -> str:
    """The page of a list; `titles`: those of the projects when it covers all of them."""
    now = current_time()
    every = page_frame().projects
    found = proposals.listing(filters, reader=acting().id, tags=voting.own_tags(), number=page_number(), today=today())
    themes, employers = proposals.filter_choices(project.id)
    elsewhere = 0
    if filters.q and not titles and not found.page.total:
        elsewhere = proposals.count_matching(filters.q, [one.id for one in every if one.id != project.id])
    open_now = [c for c in asked if c.allows_support(now)]
    return render_template(
        "proposals/index.html",
        project=project,
        titles=titles,
        elsewhere=elsewhere,
        everywhere_url=url_for("proposals.index", projet=ALL, q=filters.q or None) if len(every) > 1 else "",
        project_url=url_for("proposals.index", q=filters.q or None, **project_args()),
        found=found,
        page=LinkedPage(found.page),
        filters=filters,
        states=SHOWN_STATES,
        theme_options=theme_options(themes),
        employer_options=employer_options(employers),
        sorts=sorts(_sorts(), filters.sort),
        active=_active(filters, {t.slug: t.name for t in themes}, {e.slug: e.name for e in employers}),
        voting={c.id for c in open_now},
        has_keys=has_keys,
        support_last_day=max((day for c in open_now if (day := c.support_last_day())), default=None),
        submitting=any(c.allows_submission(now) for c in asked),
        supportable=SUPPORTABLE,
        here=here(),
    )


def _filters(programme_id: int) -> ProposalFilters:
    """The filters of the address; what is unknown is ignored."""
    args = request.args
    state, sort = args.get("etat", ""), args.get("tri", "")
    return ProposalFilters(
        programme_id=programme_id,
        theme=args.get("theme", "")[:QUERY_MAX],
        state=next((s for s in SHOWN_STATES if s.value == state), None),
        entity=args.get("employeur", "")[:QUERY_MAX],
        mine=args.get("mes") == "1",
        supported=args.get("soutien") == "1",
        q=" ".join(args.get("q", "").replace("\0", " ").split())[:QUERY_MAX],
        sort=next((s for s in Sort if s.value == sort), Sort.RECENT),
    )


def _sorts() -> list[tuple[Sort, str]]:
    return [
        (Sort.RECENT, gettext("les plus récentes")),
        (Sort.SUPPORTED, gettext("les plus soutenues")),
        (Sort.NUMBER, gettext("numéro")),
    ]


def _active(filters: ProposalFilters, themes: dict[str, str], employers: dict[str, str]) -> list[dict[str, str]]:
    """The filters in place, each with the address without it."""
    none = {proposals.NONE: gettext("sans thème")}, {proposals.NONE: gettext("sans employeur")}
    said = [
        ("q", gettext("« %(words)s »", words=filters.q) if filters.q else ""),
        ("theme", {**themes, **none[0]}.get(filters.theme, filters.theme)),
        ("etat", filters.state.label if filters.state else ""),
        ("employeur", {**employers, **none[1]}.get(filters.entity, filters.entity)),
        ("mes", gettext("les miennes") if filters.mine else ""),
        ("soutien", gettext("soutenues par moi") if filters.supported else ""),
    ]
    return [{"label": label, "remove_url": with_args(**{name: None})} for name, label in said if label]


@bp.get("/mes-propositions")
@requires(Permission.PROPOSAL_CREATE)
def mine() -> str:
    return render_template(
        "proposals/mine.html", page=LinkedPage(proposals.mine(acting(), page=page_number(), today=today()))
    )


# --- One proposal ---------------------------------------------------------------------------------------------


def load(number: int) -> tuple[ProposalPage, ProjectRecord]:
    """The numbered proposal as who asks reads it, and its project; or 404."""
    page = proposal_pages.page(number, reader=acting().id, opinions_of=_projects_studied())
    if page is None:
        abort(404, gettext("Il n'y a pas de proposition n° %(number)s.", number=number))
    return page, show_project(page.programme_id)


def _projects_studied() -> set[int]:
    """The projects whose studies the reader may read in full."""
    wanted = (Permission.PROPOSAL_REVIEW, Permission.DECISION_PREPARE)
    return {p.id for p in page_frame().projects if any(can(current_user, permission, p) for permission in wanted)}


def _actions(page: ProposalPage, project: ProjectRecord) -> tuple[CarriedOut, ...]:
    """The actions born from the proposal, as of today."""
    states: dict[int, ActionState] = {}
    if page.actions:
        ids = {action.id for action in page.actions}
        timeline = log.timeline(project).select(lambda action: action.id in ids)
        states = {state.action.id: state for state in timeline.states(today())}
    return parcours.carried_out(page, states)


@bp.get("/<int:number>")
@requires(Permission.PROPOSAL_VIEW)
def show(number: int) -> str:
    studied = frozenset(_projects_studied())
    page = fragment(
        "proposal", number, studied,
        make=lambda: proposal_pages.page(number, reader=NOBODY, opinions_of=studied),
    )  # fmt: skip
    if page is None:
        abort(404, gettext("Il n'y a pas de proposition n° %(number)s.", number=number))
    project = show_project(page.programme_id)
    voting.own_tags([page.campaign] if page.campaign else [])
    standing = voting.standings([page.id], gathering=page.id if page.gathered else 0)[page.id]
    if standing.mine:
        return _page(replace(page, authors=standing.seen_by(acting().name, page.authors)), project)
    now, campaign = current_time(), page.campaign
    steps = campaign and (campaign.allows_support(now), campaign.allows_submission(now))
    shown: str = shared_by(steps, make=lambda: _page(page, project))
    return shown


def _page(page: ProposalPage, project: ProjectRecord) -> str:
    if page.state is ProposalState.WITHDRAWN and not page.mine:
        return render_template("proposals/withdrawn.html", page=page, sentence=parcours.sentence(page, (), (), today()))
    answers = published_answers(page.id)
    actions = _actions(page, project)
    studied = project.id in _projects_studied()
    now = current_time()
    campaign = page.campaign
    supportable = page.state in SUPPORTABLE
    return render_template(
        "proposals/show.html",
        page=page,
        project=project,
        sentence=parcours.sentence(page, answers, actions, today()),
        steps=parcours.steps(page, answers, actions, reads_opinions=studied),
        votes_open=supportable and campaign is not None and campaign.allows_support(now),
        support_last_day=campaign.support_last_day() if campaign and campaign.allows_support(now) else None,
        may_rewrite=page.mine
        and page.state is ProposalState.PUBLISHED
        and campaign is not None
        and campaign.allows_submission(now),
        may_withdraw=page.mine and supportable,
        reads_opinions=studied,
        retained=page.state is ProposalState.RETAINED,
        reserved=page.state is ProposalState.RETAINED and bool(answers) and answers[-1].has_reserve(today()),
        may_act=not project.closed and can_within(acting(), Permission.ACTION_CREATE, project.id),
    )


# --- Support: nothing is written but the vote (design 4.6) ------------------------------------------------------


@bp.post("/<int:number>/soutien")
@requires(Permission.PROPOSAL_SUPPORT)
def support(number: int) -> ResponseReturnValue:
    return _vote(number, votes.cast, supported=True)


@bp.post("/<int:number>/retrait-soutien")
@requires(Permission.PROPOSAL_SUPPORT)
def withdraw_support(number: int) -> ResponseReturnValue:
    return _vote(number, votes.withdraw, supported=False)


def _vote(number: int, act: Callable[..., bool], *, supported: bool) -> ResponseReturnValue:
    """Cast or take back, then answer with the button as it stands: in place when asked for JSON, else by a redirect."""
    in_place = request.accept_mimetypes.best == "application/json"
    back = safe_path(request.args.get("retour") or url_for("proposals.show", number=number))
    actor, now = acting(), current_time()
    ballot = supports.ballot(number)
    if ballot is None:
        abort(404)
    try:
        key = _key(ballot.campaign_id, now)
        begin_write()
        act(actor=actor, proposal_id=ballot.id, key=key, now=now)
    except TrackerError as refusal:
        end_transaction(commit=False)
        if in_place:
            raise  # the page then posts plainly, and shows the sentence
        flash(refusal.message, "error")
        return redirect(back, 303)
    if not in_place:
        return redirect(back, 303)
    return _button(number, ballot.title, supported=supported, back=back)


def _key(campaign_id: int | None, now: Any) -> votes.Key:
    """The key of the consultation, its roll being made before the vote's own transaction when it is not yet."""
    campaign = campaigns.by_id(campaign_id) if campaign_id is not None else None
    end_transaction(commit=False)
    if campaign is None or not campaign.allows_support(now):
        raise votes.closed()
    key = votes.prepare_key(campaign)
    if not campaign.roll_opened:
        with write_transaction():
            votes.open_roll(campaign_id=campaign.id, key=key, now=now)
    return key


def _button(number: int, title: str, *, supported: bool, back: str) -> ResponseReturnValue:
    counted = supports.ballot(number)
    count = counted.support_count if counted else 0
    action = voting.support_action(number, supported=supported, back=request.args.get("retour", ""))
    macro: Callable[..., str] = get_template_attribute("components/support.html", "support")
    said = ngettext("%(num)s soutien", "%(num)s soutiens", count)
    done = gettext("Votre soutien est enregistré.") if supported else gettext("Votre soutien est retiré.")
    return {
        "supported": supported,
        "count": count,
        "label": said,
        "html": macro(action, supported, count, title),
        "message": f"{done} {said}.",
    }


# --- Following ------------------------------------------------------------------------------------------------


@bp.post("/<int:number>/suivi")
@requires(Permission.PROPOSAL_FOLLOW)
def follow(number: int) -> ResponseReturnValue:
    """Follow with `suivre=1`, stop with `suivre=0`."""
    page, _project = load(number)
    require(acting(), Permission.PROPOSAL_FOLLOW, page)
    wanted = request.form.get("suivre") != "0"
    begin_write()
    (service.follow if wanted else service.unfollow)(actor=acting(), proposal_id=page.id, now=current_time())
    flash(
        gettext("Vous suivez cette proposition.") if wanted else gettext("Vous ne suivez plus cette proposition."),
        "success",
    )
    return redirect(url_for("proposals.show", number=number), 303)
