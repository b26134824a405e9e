"""Two accounts of one person, or a name typed and an account: found, previewed, made one."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.errors import TrackerError
from tracker.forms.merging import MergeForm, NamesForm
from tracker.permissions import Permission
from tracker.queries import directory, merging
from tracker.queries.directory import PeopleFilter
from tracker.security import acting, current_time, requires
from tracker.services import merging as service
from tracker.services import vote_merging
from tracker.services.merging import Preview
from tracker.views.attempts import Attempt
from tracker.views.frame import ask, confirmed, today
from tracker.views.people import one_or_404

bp = Blueprint("merging", __name__, url_prefix="/reglages/personnes")


@bp.get("/<int:person_id>/reunir")
@requires(Permission.PERSON_EDIT)
def choose(person_id: int) -> str:
    person = one_or_404(person_id, whole=False)
    try:
        service.check_not_oneself(acting(), person.id)
    except TrackerError as refusal:
        abort(refusal.status, refusal.message)
    q = request.args.get("q", person.last_name or person.login)[:100]
    others = directory.people(PeopleFilter(q=q, state="toutes"), today=today(), page=1)
    found = merging.typed_names(q)
    return render_template(
        "people/merge_choose.html",
        person=person,
        q=q,
        others=[one for one in others.items if one.id not in {person.id, acting().id}],
        more=others.total > len(others.items),
        names=found,
        form=NamesForm(formdata=None, found=found),
    )


@bp.post("/<int:person_id>/reunir-des-noms")
@requires(Permission.PERSON_EDIT)
def names(person_id: int) -> ResponseReturnValue:
    person = one_or_404(person_id, whole=False)
    back = url_for("merging.choose", person_id=person_id, q=request.form.get("q", "")[:100])
    form = NamesForm(found=merging.typed_names(request.form.get("q", "")))
    if form.names.data and not confirmed():
        return ask(
            gettext("Ces noms sont ceux de %(name)s ?", name=person.name),
            gettext(
                "Cela ne s'annule pas : un homonyme perdrait ce qui est à lui. Le nom affiché reste celui du compte."
            ),
            gettext("Donner ces propositions à ce compte"),
            back,
        )
    with (attempt := Attempt()):
        service.give_names(
            user_id=person_id, authorship_ids=set(form.names.data or ()), actor=acting(), now=current_time()
        )
        flash(gettext("Ces propositions portent maintenant le compte de %(name)s.", name=person.name), "success")
    if attempt.refusal is not None:
        flash(attempt.refusal.message, "error")
        return redirect(back, 303)
    return redirect(url_for("people.show", person_id=person_id), 303)


@bp.route("/<int:person_id>/reunir/<int:other_id>", methods=["GET", "POST"])
@requires(Permission.PERSON_EDIT)
def merge(person_id: int, other_id: int) -> ResponseReturnValue:
    """`person_id` is kept; the other's page then leads to it."""
    keys = vote_merging.read_keys()
    try:
        found = service.preview(kept_id=person_id, dropped_id=other_id, keys=keys, actor=acting(), now=current_time())
    except TrackerError as refusal:
        for user_id in (other_id, person_id):  # merged already: their page is that of the account kept
            one_or_404(user_id, whole=False)
        abort(refusal.status, refusal.message)
    form = MergeForm(data={"seen": found.mark})
    if form.validate_on_submit() and _is_said(found, form):
        if not confirmed():
            return _ask(found)
        with Attempt(form):
            service.merge(
                kept_id=person_id, dropped_id=other_id, keys=keys, seen=form.seen.data or "",
                management_said=bool(form.management_said.data), actor=acting(), now=current_time(),
            )  # fmt: skip
            flash(gettext("Les deux fiches n'en font plus qu'une."), "success")
            return redirect(url_for("people.show", person_id=person_id), 303)
    form.read_again("seen", found.mark)
    page = render_template("people/merge.html", found=found, form=form)
    return page, form.answer_status


def _is_said(found: Preview, form: MergeForm) -> bool:
    try:
        service.check_said(found, bool(form.management_said.data))
    except TrackerError as refusal:
        form.refuse(refusal)
        return False
    return True


def _ask(found: Preview) -> str:
    return ask(
        gettext("Réunir les deux fiches de %(name)s ?", name=found.kept.name),
        gettext(
            "Cela ne s'annule pas. La fiche « %(login)s » disparaît : ce qu'elle portait passe à la fiche gardée, et "
            "ses visites prennent fin.",
            login=found.dropped.login,
        ),
        gettext("Réunir les deux fiches"),
        url_for("merging.merge", person_id=found.kept.id, other_id=found.dropped.id),
    )
