"""The employers: names, colour, logo."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.errors import Refused
from tracker.exports.stylesheet import DARK_GROUNDS, LIGHT_GROUNDS, contrast, ground_of, parsed, text_of
from tracker.extensions import end_transaction
from tracker.forms.settings import EmployerForm
from tracker.imports import pictures
from tracker.permissions import Permission
from tracker.queries import town
from tracker.queries.town import Employer
from tracker.security import acting, current_time, requires
from tracker.services import uploads
from tracker.services.settings import employers as service
from tracker.views.attempts import Attempt
from tracker.views.frame import ask, confirmed
from tracker.views.settings.blueprint import REMOVE, after, bp, removes

WHITE = (255, 255, 255)


@bp.get("/employeurs")
@requires(Permission.SETTINGS_EDIT)
def employers_list() -> str:
    return render_template("settings/employers.html", employers=town.employers())


@bp.route("/employeurs/nouveau", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def employer_create() -> ResponseReturnValue:
    form = EmployerForm(data={"position": len(town.employers()) + 1})
    logo, right = _logo(form)
    if right:
        with Attempt(form):
            service.create(employer=form.employer(logo), actor=acting(), now=current_time())
            flash(gettext("Employeur ajouté."), "success")
            return redirect(after("settings.employers_list"), 303)
    return render_template("settings/employer.html", form=form, employer=None, checks=[]), form.answer_status


@bp.route("/employeurs/<int:entity_id>", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def employer_edit(entity_id: int) -> ResponseReturnValue:
    employer = _one_or_404(entity_id)
    if removes():
        return _remove(employer)
    form = EmployerForm(data=_values(employer) | {"seen": employer.mark})
    theirs: list[tuple[str, str]] = []
    logo, right = _logo(form)
    if right:
        with Attempt(form):
            service.edit(
                entity_id=entity_id, employer=form.employer(logo), seen=form.seen.data, actor=acting(),
                now=current_time(),
            )  # fmt: skip
            flash(gettext("Employeur enregistré."), "success")
            return redirect(url_for("settings.employer_edit", entity_id=entity_id), 303)
        employer = _one_or_404(entity_id)
        theirs = form.compare(employer.mark, _values(employer))
    page = render_template(
        "settings/employer.html", form=form, employer=employer, checks=_contrasts(employer.colour), remove=REMOVE,
        theirs=theirs,
    )  # fmt: skip
    return page, form.answer_status


def _one_or_404(entity_id: int) -> Employer:
    employer = town.employer(entity_id)
    if employer is None:
        abort(404, gettext("Cet employeur n'existe pas."))
    return employer


def _values(employer: Employer) -> dict[str, Any]:
    return {
        "name": employer.name,
        "short_name": employer.short_name,
        "colour": employer.colour,
        "position": employer.position,
    }


def _remove(employer: Employer) -> ResponseReturnValue:
    back = url_for("settings.employer_edit", entity_id=employer.id)
    if not confirmed():
        question = gettext("Supprimer l'employeur « %(name)s » ?", name=employer.name)
        return ask(question, gettext("Cela ne se peut que si rien n'en relève encore."), gettext("Supprimer"), back)
    attempt = Attempt()
    with attempt:
        service.remove(entity_id=employer.id, actor=acting(), now=current_time())
        flash(gettext("Employeur supprimé."), "success")
        return redirect(url_for("settings.employers_list"), 303)
    flash(attempt.refusal.message if attempt.refusal else "", "error")
    return redirect(back, 303)


def _logo(form: EmployerForm) -> tuple[str | None, bool]:
    """The key of the picture sent, kept outside any write transaction, and whether the form may be saved."""
    if not form.validate_on_submit():
        return None, False
    sent = request.files.get("logo")
    if sent is None or not sent.filename:
        return None, True
    end_transaction(commit=False)
    try:
        return uploads.keep_logo(pictures.logo(sent.read(pictures.BYTES_MAX + 1))), True
    except Refused as refusal:
        form.refuse(refusal)
        return None, False


def _contrasts(colour: str) -> list[tuple[str, str, str]]:
    """Where the colour stands, the shade used there, and its contrast."""
    own = parsed(colour)
    if own is None:
        return []
    ground = ground_of(own)
    light = text_of(own, LIGHT_GROUNDS, towards=(0, 0, 0))
    dark = text_of(own, DARK_GROUNDS, towards=WHITE)
    paper, night = parsed("#ffffff") or WHITE, parsed(DARK_GROUNDS[0]) or (0, 0, 0)
    return [
        (
            gettext("En-tête, sous un texte blanc"),
            "#{:02x}{:02x}{:02x}".format(*ground),
            _ratio(contrast(WHITE, ground)),
        ),
        (gettext("Liens, sur fond clair"), "#{:02x}{:02x}{:02x}".format(*light), _ratio(contrast(light, paper))),
        (gettext("Liens, sur fond sombre"), "#{:02x}{:02x}{:02x}".format(*dark), _ratio(contrast(dark, night))),
    ]


def _ratio(value: float) -> str:
    return f"{value:.1f}".replace(".", ",")
