"""Withdrawing a text: one asks with a reason, another agrees (design 4.10)."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.enums import TextKind
from tracker.forms.own_data import RedactionForm
from tracker.permissions import Permission, can, require
from tracker.queries import redactions as queries
from tracker.queries.redactions import RedactionLine, TextAt
from tracker.security import acting, current_time, requires
from tracker.services import redactions
from tracker.validation import as_id
from tracker.views.attempts import Attempt
from tracker.views.duties.blueprint import SETTINGS, bp
from tracker.views.frame import ask, confirmed


@bp.get(f"{SETTINGS}/retraits")
@requires(Permission.REDACTION_VIEW)
def redactions_list() -> str:
    lines = [line for line in queries.listing() if can(acting(), Permission.REDACTION_VIEW, line)]
    return render_template(
        "duties/redactions.html",
        waiting=[line for line in lines if line.is_open],
        answered=[line for line in lines if not line.is_open],
    )


def _asked_text() -> TextAt:
    """The text that the address names; 404 when there is none."""
    key = as_id(request.args.get("de", ""))
    kind = request.args.get("type", "")
    if key is None or kind not in {one.value for one in TextKind}:
        abort(404, gettext("Ce texte n'existe pas, ou n'est pas publié."))
    found = queries.find(TextKind(kind), key, request.args.get("partie", "")[:80])
    if found is None:
        abort(404, gettext("Ce texte n'existe pas, ou n'est pas publié."))
    return found


@bp.route(f"{SETTINGS}/retraits/demander", methods=["GET", "POST"])
@requires(Permission.REDACTION_ASK)
def ask_redaction() -> ResponseReturnValue:
    text = _asked_text()
    require(acting(), Permission.REDACTION_ASK, text)
    form = RedactionForm()
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            with Attempt(form) as attempt:
                redactions.ask(
                    text.kind, text.target_id, text.part, form.reason.data or "", actor=acting(), now=current_time()
                )
                flash(gettext("Demande enregistrée : une autre personne doit être d'accord."), "success")
                return redirect(url_for("duties.redactions_list"), 303)
            status = attempt.status
    return render_template("duties/ask_redaction.html", text=text, form=form), status


def _line(redaction_id: int) -> tuple[RedactionLine, TextAt]:
    line = queries.one(redaction_id)
    text = queries.find(line.kind, line.target_id, line.part) if line is not None else None
    if line is None or text is None:
        abort(404, gettext("Cette demande n'existe pas."))
    require(acting(), Permission.REDACTION_VIEW, line)
    return line, text


@bp.route(f"{SETTINGS}/retraits/<int:redaction_id>", methods=["GET", "POST"])
@requires(Permission.REDACTION_VIEW)
def redaction(redaction_id: int) -> ResponseReturnValue:
    """One request with its text; who may agree answers there."""
    line, text = _line(redaction_id)
    may_agree = can(acting(), Permission.REDACTION_AGREE, text) and acting().id != line.asked_by_id
    if request.method == "POST":
        require(acting(), Permission.REDACTION_AGREE, text)
        agreed = request.form.get("answer") == "agree"
        if agreed and not confirmed():
            return ask(
                gettext("Retirer ce texte ?"),
                gettext("Il disparaît partout, des lettres déjà publiées aussi, et ne se retrouve plus."),
                gettext("Retirer le texte"),
                url_for("duties.redaction", redaction_id=redaction_id),
            )
        with Attempt() as attempt:
            act = redactions.agree if agreed else redactions.refuse
            act(redaction_id, actor=acting(), now=current_time())
            flash(gettext("Texte retiré.") if agreed else gettext("Le texte reste comme il est."), "success")
            return redirect(url_for("duties.redactions_list"), 303)
        refused = attempt.refusal.message if attempt.refusal else ""
        page = render_template("duties/redaction.html", line=line, text=text, may_agree=may_agree, refused=refused)
        return page, attempt.status
    return render_template("duties/redaction.html", line=line, text=text, may_agree=may_agree, refused="")
