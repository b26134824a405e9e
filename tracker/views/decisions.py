"""What the committee settles, and how its answers reach the agents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from tracker import filters
from tracker.errors import Conflict, NotFound
from tracker.forms.decisions import ConditionMetForm, DecisionForm, MergeForm
from tracker.permissions import Permission, require
from tracker.queries import decisions, projects, reviews, settling, supports
from tracker.queries.decisions import AnswerRecord
from tracker.queries.reviews import StudiedProposal
from tracker.queries.settling import MeetingChoice, SettleBucket, SettleFilter, SettleItem, SettleSort
from tracker.security import acting, current_time, requires
from tracker.services import decisions as service
from tracker.services import lineage
from tracker.validation import as_id
from tracker.views.attempts import Attempt
from tracker.views.frame import (
    LinkedPage,
    ask,
    check_open,
    chosen_project,
    confirmed,
    may,
    page_number,
    project_args,
    today,
    with_args,
)
from tracker.views.lists import chosen, sorts, theme_options
from tracker.views.reviews import join, separate, studied_or_404
from tracker.workflow import DECIDABLE

bp = Blueprint("decisions", __name__)
# the printed list, as app.css sets it: lines on two sides, those of a proposal besides its texts, letters on a line
PAPER_LINES, PAPER_LINES_OF_ITEM, PAPER_LINE = 284, 4.5, 66


@bp.get("/a-decider")
@requires(Permission.DECISION_PREPARE)
def index() -> str:
    project = chosen_project()
    require(acting(), Permission.DECISION_PREPARE, project)
    wanted = SettleFilter(
        bucket=chosen(SettleBucket, "raison"),
        theme=request.args.get("theme", ""),
        q=request.args.get("q", "")[:200],
        sort=chosen(SettleSort, "tri") or SettleSort.NEED,
    )
    counts = settling.settle_counts(project.id, wanted, today=today())
    total = counts.of(wanted.bucket)
    printing = request.args.get("imprimer") == "1"
    page = settling.settle_page(
        project.id, wanted, today=today(), page=1 if printing else page_number(), total=total,
        size=max(total, 1) if printing else settling.PAGE_SIZE,
    )  # fmt: skip
    return render_template(
        "decisions/paper.html" if printing else "decisions/index.html",
        page=LinkedPage(page),
        wanted=wanted,
        cut=_cut_on_paper(page.items) if printing else 0,
        project=project,
        print_url=with_args(imprimer=1, page=None),
        screen_url=with_args(imprimer=None),
        next_meeting=settling.next_meeting(project.id, today=today()) if printing else None,
        counts=counts,
        buckets=_buckets(counts),
        theme_options=theme_options(projects.themes(project.id)),
        sorts=sorts(_sorts(), wanted.sort),
        united=supports.united(item.id for item in page.items),
        unpublished=decisions.unpublished_count_of_project(project.id),
        filtered=bool(wanted.bucket or wanted.theme or wanted.q),
        reset_url=url_for("decisions.index", **project_args()),
    )


def _cut_on_paper(items: Sequence[SettleItem]) -> int:
    """Where texts are cut so that the list holds on two sides of A4; 0: nowhere."""
    texts = [filters.plain_text(text) for item in items for text in (item.body, item.opinion) if text]
    room = int((PAPER_LINES - PAPER_LINES_OF_ITEM * len(items)) * PAPER_LINE)
    return filters.shared_length([len(text) for text in texts], room=room, least=2 * PAPER_LINE)


def _sorts() -> list[tuple[SettleSort, str]]:
    return [
        (SettleSort.NEED, gettext("avis prêt d'abord")),
        (SettleSort.SUPPORTED, gettext("les plus soutenues")),
        (SettleSort.OLDEST, gettext("les plus anciennes")),
        (SettleSort.NUMBER, gettext("numéro")),
    ]


def _buckets(counts: Any) -> list[tuple[str, str]]:
    labels = [
        (None, gettext("Toutes")),
        (SettleBucket.READY, gettext("Avis prêt")),
        (SettleBucket.WITHOUT_OPINION, gettext("Sans avis")),
        (SettleBucket.REVISIT, gettext("Reportées, à revoir")),
    ]
    return [(bucket.value if bucket else "", f"{label} ({counts.of(bucket)})") for bucket, label in labels]


@bp.route("/a-decider/<int:number>", methods=["GET", "POST"])
@requires(Permission.DECISION_TAKE)
def decide(number: int) -> ResponseReturnValue:
    proposal = studied_or_404(number, Permission.DECISION_TAKE)
    given = decisions.decisions_on(proposal.id)
    meetings = _meetings(proposal, given)
    first = _first_values(given) if request.method == "GET" else None  # a post says all there is to say
    form = DecisionForm(meetings=meetings, data=first)
    if form.validate_on_submit():
        with Attempt(form):
            _write(proposal, form)
            flash(
                gettext("Décision notée sur la n° %(number)s. Elle n'est pas encore publiée.", number=number), "success"
            )
            return redirect(url_for("decisions.index", **project_args()), 303)
        given = decisions.decisions_on(proposal.id)
        if form.answer_status == Conflict.status:
            form.read_again("seen", _seen(given))  # once the other text is read, sending again replaces it
    return _decide_page(proposal, given, form, MergeForm()), form.answer_status


def _write(proposal: StudiedProposal, form: DecisionForm) -> None:
    """Note a decision, or change the one that was shown. Raises as the service."""
    key, _colon, digest = (form.seen.data or "").partition(":")
    if not key:
        service.take(proposal_id=proposal.id, answer=form.answer(), actor=acting(), now=current_time())
        return
    decision_id = as_id(key)
    if decision_id is None or decision_id not in {d.id for d in decisions.decisions_on(proposal.id)}:
        raise Conflict(gettext("Cette décision a été supprimée entre-temps."))
    service.edit(decision_id=decision_id, answer=form.answer(), seen=digest, actor=acting(), now=current_time())


def _waiting(given: tuple[AnswerRecord, ...]) -> AnswerRecord | None:
    return next((answer for answer in given if answer.published_on is None), None)


def _seen(given: tuple[AnswerRecord, ...]) -> str:
    waiting = _waiting(given)
    return "" if waiting is None else f"{waiting.id}:{waiting.digest}"


def _meetings(proposal: StudiedProposal, given: tuple[AnswerRecord, ...]) -> tuple[MeetingChoice, ...]:
    waiting = _waiting(given)
    return settling.meeting_choices(
        proposal.programme_id, today=today(), keep=waiting.meeting_id if waiting is not None else None
    )


def _first_values(given: tuple[AnswerRecord, ...]) -> dict[str, Any]:
    """What the form shows at first: the decision to change, or today and no meeting."""
    waiting = _waiting(given)
    if waiting is not None:
        return DecisionForm.values_of(waiting)
    return {"taken_on": today()}


def _decide_page(
    proposal: StudiedProposal, given: tuple[AnswerRecord, ...], form: DecisionForm, merge_form: MergeForm
) -> str:
    return render_template(
        "decisions/decide.html",
        proposal=proposal,
        united=supports.united([proposal.id]),
        opinions=reviews.opinions(proposal.id),
        answers=[answer for answer in given if answer.published_on is not None],
        waiting=_waiting(given),
        form=form,
        merge_form=merge_form,
        decidable=proposal.state in DECIDABLE,
        mergeable=proposal.state in lineage.MERGEABLE and _waiting(given) is None,
    )


@bp.post("/a-decider/<int:number>/abandonner")
@requires(Permission.DECISION_TAKE)
def discard(number: int) -> ResponseReturnValue:
    proposal = studied_or_404(number, Permission.DECISION_TAKE)
    given = decisions.decisions_on(proposal.id)
    waiting = _waiting(given)
    if waiting is None:
        raise Conflict(gettext("Il n'y a plus de décision à supprimer ici."))
    key, _colon, digest = request.form.get("seen", "").partition(":")
    if not confirmed() and digest in {"", waiting.digest}:
        return ask(
            gettext("Supprimer cette décision ?"),
            gettext("Les agents ne l'ont pas lue. Ce qui est écrit pour la n° %(number)s sera perdu.", number=number),
            gettext("Supprimer cette décision"),
            url_for("decisions.decide", number=number),
        )
    with (attempt := Attempt()):
        if as_id(key) not in {None, waiting.id}:
            raise Conflict(gettext("Cette décision a été supprimée entre-temps."))
        service.discard(decision_id=waiting.id, seen=digest, actor=acting(), now=current_time())
        flash(gettext("La décision sur la n° %(number)s est supprimée.", number=number), "success")
        return redirect(url_for("decisions.decide", number=number), 303)
    form = DecisionForm(formdata=None, meetings=_meetings(proposal, given), data=_first_values(given))
    attempt.say(form)
    return _decide_page(proposal, given, form, MergeForm()), attempt.status


@bp.post("/a-decider/<int:number>/regrouper")
@requires(Permission.DECISION_TAKE)
def merge(number: int) -> ResponseReturnValue:
    proposal = studied_or_404(number, Permission.DECISION_TAKE)
    merge_form = MergeForm()
    if join(proposal, merge_form):
        return redirect(url_for("decisions.decide", number=number), 303)
    given = decisions.decisions_on(proposal.id)
    form = DecisionForm(formdata=None, meetings=_meetings(proposal, given), data=_first_values(given))
    return _decide_page(proposal, given, form, merge_form), merge_form.answer_status


@bp.post("/a-decider/<int:number>/separer")
@requires(Permission.DECISION_TAKE)
def undo_merge(number: int) -> ResponseReturnValue:
    separate(studied_or_404(number, Permission.DECISION_TAKE))
    return redirect(url_for("decisions.decide", number=number), 303)


@bp.route("/a-decider/publier", methods=["GET", "POST"])
@requires(Permission.DECISION_PUBLISH)
def publish() -> ResponseReturnValue:
    """Choose (GET), read what agents will read (GET with `apercu`), publish (POST)."""
    project = chosen_project()
    require(acting(), Permission.DECISION_PUBLISH, project)
    check_open()
    attempt = Attempt()
    if request.method == "POST":
        seen = _previewed(request.form.getlist("decision"))
        with attempt:
            published = service.publish(seen=seen, actor=acting(), now=current_time())
            text = ngettext(
                "%(num)s réponse publiée. Les agents la lisent dès maintenant.",
                "%(num)s réponses publiées. Les agents les lisent dès maintenant.",
                len(published),
            )
            flash(text, "success")
            return redirect(url_for("decisions.publish", **project_args()), 303)
    error = attempt.refusal.message if attempt.refusal else ""
    waiting = decisions.unpublished(project.id, page=page_number())
    picked = decisions.unpublished_among(project.id, _previewed(request.values.getlist("decision")))
    return (
        render_template(
            "decisions/preview.html" if picked and _previews() else "decisions/publish.html",
            page=LinkedPage(waiting),
            picked=picked,
            published_on=today(),
            error=error or (gettext("Choisissez au moins une décision.") if _previews() and not picked else ""),
            retained=settling.retained_without_action(project.id),
            may_create=may(Permission.ACTION_CREATE, project) and "actions.create" in current_app.view_functions,
        ),
        409 if error else 200,
    )


def _previews() -> bool:
    return request.method == "POST" or request.args.get("apercu") == "1"


def _previewed(parts: list[str]) -> dict[int, str]:
    """id → digest of the preview ("" while choosing), from the fields; anything else is no choice."""
    seen = {}
    for part in parts:
        key, _colon, digest = part.partition(":")
        if (decision_id := as_id(key)) is not None:
            seen[decision_id] = digest
    return seen


@bp.get("/reponses/conditions")
@requires(Permission.DECISION_TAKE)
def conditions() -> str:
    return _conditions_page(None, None)


@bp.post("/reponses/conditions/<int:condition_id>")
@requires(Permission.DECISION_TAKE)
def meet_condition(condition_id: int) -> ResponseReturnValue:
    require(acting(), Permission.DECISION_TAKE, chosen_project())
    form = ConditionMetForm()
    if form.validate():
        with Attempt(form) as attempt:
            condition = service.meet_condition(
                condition_id=condition_id, met_on=form.met_on.data, actor=acting(), now=current_time()
            )
            if condition.met_on is None:
                flash(gettext("La condition est de nouveau attendue."), "success")
            else:
                flash(gettext("Condition remplie le %(day)s.", day=filters.day(condition.met_on)), "success")
            return redirect(url_for("decisions.conditions", **_kept_args()), 303)
        if isinstance(attempt.refusal, NotFound):
            raise attempt.refusal
    return _conditions_page(condition_id, form), 422


def _kept_args() -> dict[str, Any]:
    """Where the list stood, so that one comes back to it."""
    return {name: value for name, value in request.args.items() if name in {"etat", "q", "page", "projet"}}


def _conditions_page(failed_id: int | None, failed: ConditionMetForm | None) -> str:
    project = chosen_project()
    require(acting(), Permission.DECISION_TAKE, project)
    met = request.args.get("etat") == "remplies"
    q = request.args.get("q", "")[:200]
    awaited_count, met_count = settling.condition_counts(project.id, q=q)
    page = settling.condition_page(
        project.id, met=met, q=q, page=page_number(), total=met_count if met else awaited_count
    )
    forms = {
        line.id: failed if failed is not None and line.id == failed_id else _condition_form(line.met_on)
        for line in page.items
    }
    return render_template(
        "decisions/conditions.html",
        page=LinkedPage(page),
        forms=forms,
        failed=failed,
        met=met,
        q=q,
        awaited_count=awaited_count,
        met_count=met_count,
        args=_kept_args(),
    )


def _condition_form(met_on: date | None) -> ConditionMetForm:
    return ConditionMetForm(formdata=None, data={"met_on": met_on})
