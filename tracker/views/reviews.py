"""Proposals to study: who looks at what, and with which opinion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.enums import ReviewAdvice
from tracker.extensions import begin_write
from tracker.forms.decisions import MergeForm
from tracker.forms.reviews import ReviewForm
from tracker.permissions import Permission, require
from tracker.queries import decisions, projects, reviews, supports
from tracker.queries.reviews import OpinionRecord, StudiedProposal, StudyBucket, StudyFilter, StudySort
from tracker.security import acting, current_time, requires
from tracker.services import lineage
from tracker.services import reviews as service
from tracker.views.attempts import Attempt
from tracker.views.frame import LinkedPage, check_open, chosen_project, page_number, project_args, show_project
from tracker.views.lists import chosen, sorts, theme_options
from tracker.workflow import PENDING

bp = Blueprint("reviews", __name__, url_prefix="/etudes")
NO_OPINION = "aucun"  # the mark of a page that showed none


@bp.get("")
@requires(Permission.PROPOSAL_REVIEW)
def index() -> str:
    project = chosen_project()
    require(acting(), Permission.PROPOSAL_REVIEW, project)
    mine = request.args.get("mes") == "1"
    wanted = StudyFilter(
        bucket=chosen(StudyBucket, "etape"),
        theme=request.args.get("theme", ""),
        mine_of=acting().id if mine else None,
        q=request.args.get("q", "")[:200],
        sort=chosen(StudySort, "tri") or StudySort.NEED,
    )
    counts = reviews.study_counts(project.id, wanted)
    page = reviews.study_page(project.id, wanted, page=page_number(), total=counts.of(wanted.bucket))
    return render_template(
        "reviews/index.html",
        page=LinkedPage(page),
        wanted=wanted,
        counts=counts,
        mine=mine,
        buckets=_buckets(counts),
        theme_options=theme_options(projects.themes(project.id)),
        sorts=sorts(_sorts(), wanted.sort),
        filtered=bool(wanted.bucket or wanted.theme or mine or wanted.q),
        reset_url=url_for("reviews.index", **project_args()),
    )


def _sorts() -> list[tuple[StudySort, str]]:
    return [
        (StudySort.NEED, gettext("sans avis d'abord")),
        (StudySort.OLDEST, gettext("les plus anciennes")),
        (StudySort.SUPPORTED, gettext("les plus soutenues")),
        (StudySort.NUMBER, gettext("numéro")),
    ]


def _buckets(counts: Any) -> list[tuple[str, str]]:
    labels = [
        (None, gettext("Toutes")),
        (StudyBucket.TO_TAKE, gettext("À prendre")),
        (StudyBucket.WITHOUT_OPINION, gettext("À l'étude, sans avis")),
        (StudyBucket.WITH_OPINION, gettext("Avec un avis")),
    ]
    return [(bucket.value if bucket else "", f"{label} ({counts.of(bucket)})") for bucket, label in labels]


def studied_or_404(number: int, permission: Permission) -> StudiedProposal:
    """The numbered proposal, for somebody who may; its project becomes the page's."""
    proposal = reviews.studied(number)
    if proposal is None:
        abort(404, gettext("Aucune proposition ne porte ce numéro."))
    require(acting(), permission, proposal)
    show_project(proposal.programme_id)
    check_open()
    return proposal


@bp.route("/<int:number>", methods=["GET", "POST"])
@requires(Permission.PROPOSAL_REVIEW)
def show(number: int) -> ResponseReturnValue:
    proposal = studied_or_404(number, Permission.PROPOSAL_REVIEW)
    opinions = reviews.opinions(proposal.id)
    form = ReviewForm(data={"seen": _latest(opinions)})
    if form.validate_on_submit():
        with Attempt(form):
            service.write(
                proposal_id=proposal.id,
                advice=ReviewAdvice(form.advice.data),
                text=form.text.data or "",
                seen=form.seen.data,
                actor=acting(),
                now=current_time(),
            )
            flash(
                gettext("Avis enregistré sur la n° %(number)s. Le comité de pilotage le lit.", number=number), "success"
            )
            return redirect(url_for("reviews.show", number=number), 303)
        opinions = reviews.opinions(proposal.id)
        form.read_again("seen", _latest(opinions))  # once the other opinion is read, sending again adds this one
    return _study_page(proposal, opinions, form, MergeForm()), form.answer_status


def _latest(opinions: Sequence[OpinionRecord]) -> str:
    """Names the opinion that counts."""
    return str(opinions[-1].id) if opinions else NO_OPINION


def _study_page(
    proposal: StudiedProposal, opinions: Sequence[OpinionRecord], form: ReviewForm, merge_form: MergeForm
) -> str:
    return render_template(
        "reviews/show.html",
        proposal=proposal,
        united=supports.united([proposal.id]),
        opinions=opinions,
        answers=decisions.published_answers(proposal.id),
        form=form,
        merge_form=merge_form,
        pending=proposal.state in PENDING,
        mergeable=proposal.state in lineage.MERGEABLE,
    )


@bp.post("/<int:number>/prendre")
@requires(Permission.PROPOSAL_REVIEW)
def take(number: int) -> ResponseReturnValue:
    proposal = studied_or_404(number, Permission.PROPOSAL_REVIEW)
    begin_write()
    service.take(proposal_id=proposal.id, actor=acting(), now=current_time())
    flash(gettext("La n° %(number)s est à l'étude : vous en êtes chargé·e.", number=number), "success")
    return redirect(url_for("reviews.show", number=number), 303)


@bp.post("/<int:number>/regrouper")
@requires(Permission.PROPOSAL_REVIEW)
def merge(number: int) -> ResponseReturnValue:
    proposal = studied_or_404(number, Permission.PROPOSAL_REVIEW)
    merge_form = MergeForm()
    if join(proposal, merge_form):
        return redirect(url_for("reviews.show", number=number), 303)
    opinions = reviews.opinions(proposal.id)
    form = ReviewForm(formdata=None, data={"seen": _latest(opinions)})
    return _study_page(proposal, opinions, form, merge_form), merge_form.answer_status


@bp.post("/<int:number>/separer")
@requires(Permission.PROPOSAL_REVIEW)
def undo_merge(number: int) -> ResponseReturnValue:
    separate(studied_or_404(number, Permission.PROPOSAL_REVIEW))
    return redirect(url_for("reviews.show", number=number), 303)


def join(proposal: StudiedProposal, form: MergeForm) -> bool:
    """Set the proposal aside with the one typed; on a refusal the form says why."""
    if not form.validate():
        return False
    with Attempt(form):
        lineage.merge(proposal_id=proposal.id, into_number=form.into.data, actor=acting(), now=current_time())
        flash(gettext("La n° %(a)s est regroupée avec la n° %(b)s.", a=proposal.number, b=form.into.data), "success")
        return True
    return False


def separate(proposal: StudiedProposal) -> None:
    """Undo `join`; raises IllegalTransition when there is nothing to undo."""
    begin_write()
    lineage.undo_merge(proposal_id=proposal.id, actor=acting(), now=current_time())
    flash(gettext("La n° %(number)s a de nouveau sa propre vie.", number=proposal.number), "success")
