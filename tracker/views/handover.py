"""What somebody holds, and who takes it over: one page, one act."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from tracker.errors import TrackerError
from tracker.forms.handover import HandOverForm, hand_over_form
from tracker.permissions import Permission
from tracker.queries import groups, holdings
from tracker.queries.directory import PersonRecord
from tracker.security import acting, current_time, requires
from tracker.services import handover as service
from tracker.services.handover import HandOver
from tracker.views.attempts import Attempt
from tracker.views.frame import ask, confirmed, today
from tracker.views.people import one_or_404

bp = Blueprint("handover", __name__, url_prefix="/reglages/personnes")


@bp.route("/<int:person_id>/transmettre", methods=["GET", "POST"])
@requires(Permission.PERSON_EDIT)
def show(person_id: int) -> ResponseReturnValue:
    person = one_or_404(person_id, whole=False)
    held = holdings.of_person(person_id, today=today())
    mark = holdings.mark_of(held)
    leaving = person.active and request.args.get("depart") == "oui"
    form = hand_over_form(held, data={"day": today(), "leaving": leaving, "seen": mark})
    if not person.active:
        del form.leaving
    if form.validate_on_submit() and (wanted := _wanted(person, form)) is not None:
        if not confirmed():
            return _ask(person, wanted)
        with Attempt(form):
            service.hand_over(wanted, actor=acting(), now=current_time())
            flash(gettext("C'est transmis.") if held else gettext("Compte désactivé."), "success")
            return redirect(url_for("people.show", person_id=person_id), 303)
    form.read_again("seen", mark)
    page = render_template("people/hand_over.html", person=person, form=form, held=held)
    return page, form.answer_status


def _wanted(person: PersonRecord, form: HandOverForm) -> HandOver | None:
    """What was typed; None when a name tells nobody, which the form then says."""
    leaving = person.active and bool(form.leaving.data)
    try:
        taken = form.successors(groups.find_people)
    except TrackerError as refusal:
        form.refuse(refusal)
        return None
    return HandOver(person.id, form.day.data or today(), taken, leaving, form.seen.data or "")


def _ask(person: PersonRecord, wanted: HandOver) -> str:
    given = sum(1 for taker in wanted.successors.values() if taker is not None)
    left = len(wanted.successors) - given
    told = []
    if given:
        told.append(ngettext("%(num)s chose change de mains.", "%(num)s choses changent de mains.", given))
    if left:
        told.append(ngettext("%(num)s n'a plus personne.", "%(num)s n'ont plus personne.", left))
    if wanted.leaving:
        told.append(gettext("Le compte est désactivé : ses visites prennent fin et ses codes n'ouvrent plus rien."))
    return ask(
        gettext("Transmettre ce que tient %(name)s ?", name=person.name),
        " ".join(told),
        gettext("Transmettre"),
        url_for("handover.show", person_id=person.id),
    )
