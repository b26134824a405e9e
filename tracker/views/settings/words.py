"""Whom to ask for help, and the words that a town says otherwise."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.forms.settings import ContactForm, LabelsForm
from tracker.permissions import Permission
from tracker.queries import projects, town
from tracker.security import acting, current_time, requires
from tracker.services.settings import words as service
from tracker.views.attempts import Attempt
from tracker.views.frame import labels as town_labels
from tracker.views.frame import page_frame
from tracker.views.settings.blueprint import after, bp
from tracker.wording import TERMS


@bp.route("/contact", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def contact() -> ResponseReturnValue:
    form = ContactForm(data={"contact": page_frame().contact, "seen": town.settings_mark([projects.CONTACT])})
    theirs: list[tuple[str, str]] = []
    if form.validate_on_submit():
        with Attempt(form):
            service.set_contact(form.contact.data or "", seen=form.seen.data, actor=acting(), now=current_time())
            flash(gettext("Contact enregistré."), "success")
            return redirect(after("settings.contact"), 303)
        theirs = form.compare(town.settings_mark([projects.CONTACT]), {"contact": page_frame().contact})
    page = render_template("settings/contact.html", form=form, usual=projects.usual_contact(), theirs=theirs)
    return page, form.answer_status


@bp.route("/mots", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def labels() -> ResponseReturnValue:
    present = {key: (one, many) for key, one, many in town_labels()}
    values = {}
    for term in TERMS:
        values[f"{term.key}_one"], values[f"{term.key}_many"] = present.get(term.key, ("", ""))
    form = LabelsForm(data=values | {"seen": town.settings_mark([projects.LABELS])})
    theirs: list[tuple[str, str]] = []
    if form.validate_on_submit():
        with Attempt(form):
            service.set_labels(form.words(), seen=form.seen.data, actor=acting(), now=current_time())
            flash(gettext("Mots enregistrés : toutes les pages les emploient dès maintenant."), "success")
            return redirect(url_for("settings.labels"), 303)
        theirs = form.compare(town.settings_mark([projects.LABELS]), values)
    rows = [(term, form[f"{term.key}_one"], form[f"{term.key}_many"]) for term in TERMS]
    return render_template("settings/labels.html", form=form, rows=rows, theirs=theirs), form.answer_status
