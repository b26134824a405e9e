"""Undoing a creation made by mistake."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.permissions import Permission
from tracker.security import acting, current_time, requires
from tracker.services import corrections
from tracker.views.actions.blueprint import bp, load
from tracker.views.attempts import Attempt
from tracker.views.frame import ask, confirmed


@bp.post("/<int:number>/annuler-la-creation")
@requires(Permission.ACTION_CREATE)
def cancel(number: int) -> ResponseReturnValue:
    action = load(number, Permission.ACTION_CREATE)
    here = url_for("actions.show", number=number)
    if not confirmed():
        return ask(
            gettext("Annuler la création ?"),
            gettext(
                "« %(title)s » sera « arrêtée », créée par erreur : elle ne compte plus, et ses propositions attendent "
                "une autre action. Son numéro reste pris.",
                title=action.title,
            ),
            gettext("Annuler la création"),
            here,
        )
    with Attempt() as attempt:
        corrections.cancel_creation(action_id=action.id, actor=acting(), now=current_time())
        flash(gettext("La création est annulée : l'action n° %(number)s est arrêtée.", number=number), "success")
    if attempt.refusal is not None:
        flash(attempt.refusal.message, "warning")
    return redirect(here, 303)
