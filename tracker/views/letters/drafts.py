"""From the draft to the publication: previews, proofreading, bon à tirer, publication."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user

from tracker.errors import ContentMoved, Forbidden, Refused
from tracker.extensions import FRENCH, begin_write, speaking
from tracker.forms.letters import ApprovalForm, PublishForm, ReadersForm, RemarkForm
from tracker.letters import Document, Quarter, Resolved, document, letter_title, references
from tracker.letters.words import counter_label
from tracker.permissions import Permission, can, require
from tracker.queries import letter_drafts, letters
from tracker.queries.letter_drafts import DraftLetter
from tracker.security import acting, current_time, requires
from tracker.services import letters as service
from tracker.views.attempts import Attempt
from tracker.views.frame import ask as ask_first
from tracker.views.frame import check_open, chosen_project, confirmed, project_args, today
from tracker.views.letters import bp, forms_of


def _quarter_or_404(quarter: str) -> str:
    try:
        return str(Quarter.parse(quarter))
    except Refused:
        abort(404, gettext("Un trimestre s'écrit comme « 2017-T3 »."))


def draft_or_404(quarter: str) -> DraftLetter:
    """The draft of a quarter of the chosen project; 404 when there is none, or when it is published."""
    draft = letter_drafts.draft(chosen_project().id, _quarter_or_404(quarter))
    if draft is None:
        abort(404, gettext("Il n'y a pas de lettre en cours d'écriture pour ce trimestre."))
    return draft


def writable_draft(quarter: str) -> DraftLetter:
    """The same for those who write it."""
    draft = draft_or_404(quarter)
    require(acting(), Permission.LETTER_EDIT, draft)
    check_open()
    return draft


def readable_draft(quarter: str) -> DraftLetter:
    """The same for those who write it and those asked to read it."""
    draft = draft_or_404(quarter)
    if not can(current_user, Permission.LETTER_EDIT, draft) and draft.asked(current_user.id) is None:
        raise Forbidden(gettext("Cette lettre ne vous a pas été donnée à relire."))
    return draft


def shown_draft(draft: DraftLetter) -> Document:
    content = draft.content(chosen_project())
    return document(content, letters.resolve(references(content)))


@bp.route("/brouillons/<string:quarter>/relecture", methods=["GET", "POST"])
@requires(Permission.LETTER_PROOFREAD)
def proofread(quarter: str) -> ResponseReturnValue:
    """The draft for those asked to read it, and their remark."""
    draft = readable_draft(quarter)
    mine = draft.asked(current_user.id)
    form = RemarkForm(data={"remark": mine.remark if mine else ""})
    status = 200
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            service.leave_remark(service.locked(draft.id), form.remark.data or "", actor=acting(), now=current_time())
            flash(gettext("Merci. Votre relecture est transmise à la rédaction."), "success")
            return redirect(url_for("letters.proofread", quarter=draft.quarter, **project_args()), 303)
        status = attempt.status
    elif form.is_submitted():
        status = 422
    return render_template(
        "letters/proofread.html",
        draft=draft,
        letter=shown_draft(draft),
        mine=mine,
        form=form,
        target=forms_of.page_address,
    ), status


@bp.get("/brouillons/<string:quarter>/courriel")
@requires(Permission.LETTER_PROOFREAD)
def draft_mail(quarter: str) -> ResponseReturnValue:
    draft = readable_draft(quarter)
    with speaking(FRENCH):
        return forms_of.as_mail(shown_draft(draft))


@bp.get("/brouillons/<string:quarter>/texte")
@requires(Permission.LETTER_PROOFREAD)
def draft_text(quarter: str) -> ResponseReturnValue:
    return forms_of.as_text(shown_draft(readable_draft(quarter)))


@bp.get("/brouillons/<string:quarter>/imprimer")
@requires(Permission.LETTER_PROOFREAD)
def draft_paper(quarter: str) -> ResponseReturnValue:
    return forms_of.as_paper(shown_draft(readable_draft(quarter)))


@bp.post("/brouillons/<string:quarter>/relecteurs")
@requires(Permission.LETTER_EDIT)
def ask(quarter: str) -> ResponseReturnValue:
    """Send the draft to people by name."""
    from tracker.views.letters.writing import back, page

    draft = writable_draft(quarter)
    wanted = " ".join(request.args.get("lecteur", "")[:80].split())
    people = letter_drafts.possible_readers(draft.programme_id, today=today(), q=wanted)
    form = ReadersForm(people=people)
    status = 422
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            rows = service.ask_proofreading(
                service.locked(draft.id), form.readers.data or [], actor=acting(), now=current_time()
            )
            flash(
                ngettext(
                    "Lettre donnée à relire à %(num)s personne.",
                    "Lettre donnée à relire à %(num)s personnes.",
                    len(rows),
                ),
                "success",
            )
            return back(quarter, "relecture")
        status, draft = attempt.status, draft_or_404(quarter)
    return page(draft, status=status, readers=form)


@bp.post("/brouillons/<string:quarter>/bon-a-tirer")
@requires(Permission.LETTER_EDIT)
def approve(quarter: str) -> ResponseReturnValue:
    """Note who gave the bon à tirer."""
    from tracker.views.letters.writing import back, page

    draft = writable_draft(quarter)
    form = ApprovalForm()
    status = 422
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            service.approve(
                service.locked(draft.id), form.name.data or "", form.on.data, revision=form.revision.data,
                actor=acting(), now=current_time(),
            )  # fmt: skip
            flash(gettext("Bon à tirer noté. La lettre peut être publiée."), "success")
            return back(quarter, "etapes")
        status, draft = attempt.status, draft_or_404(quarter)
        form.read_again("revision", draft.revision)
    return page(draft, status=status, approval=form)


@bp.post("/brouillons/<string:quarter>/reprendre")
@requires(Permission.LETTER_EDIT)
def reopen(quarter: str) -> ResponseReturnValue:
    """Take the letter back to the draft; the bon à tirer is withdrawn."""
    from tracker.views.letters.writing import back, page

    draft = writable_draft(quarter)
    if draft.approved_on and not confirmed():
        return ask_first(
            gettext("Reprendre la lettre ?"),
            gettext("Le bon à tirer donné par %(name)s sera retiré : il en faudra un autre.", name=draft.approved_by),
            gettext("Reprendre la lettre"),
            url_for("letters.write", quarter=draft.quarter, **project_args()),
        )
    with Attempt() as attempt:
        service.reopen(service.locked(draft.id), actor=acting(), now=current_time())
        flash(gettext("La lettre est de nouveau un brouillon."), "success")
        return back(quarter, "etapes")
    return page(draft_or_404(quarter), refused=attempt.refusal)


def _read_again(draft: DraftLetter, refusal: ContentMoved) -> ResponseReturnValue:
    """Refresh the letter, send it back to reading, and list what changed since the bon à tirer."""
    from tracker.views.letters.writing import back

    begin_write()
    service.back_to_reading(service.locked(draft.id), actor=acting(), now=current_time())
    fresh = draft_or_404(draft.quarter)
    flash(
        gettext(
            "%(refusal)s Elle est actualisée et revient en relecture ; notez un nouveau bon à tirer. "
            "Ce qui a changé : %(changes)s.",
            refusal=refusal.message, changes=gettext(" ; ").join(_changes(draft, fresh, refusal.keys)),
        ),
        "warning",
    )  # fmt: skip
    return back(draft.quarter, "etapes")


def _changes(old: DraftLetter, new: DraftLetter, keys: tuple[str, ...]) -> list[str]:
    """Each counter with both values, then the title of each other block that reads otherwise."""
    was, now = (block.data.get("closing", {}) if block else {} for block in (old.block("counts"), new.block("counts")))
    found = [
        gettext("%(what)s : %(words)s", what=counter_label(key), words=f"{was.get(key, 0)} → {value}")
        for key, value in now.items()
        if was.get(key, 0) != value
    ]
    project = chosen_project()
    before, after = (document(one.content(project), Resolved()) for one in (old, new))
    for key in keys:
        first, last = before.section(key), after.section(key)
        titles = list(dict.fromkeys(part.title for part in (first, last) if part is not None))
        if titles and not (key == "counts" and found):
            found.append(" → ".join(gettext("« %(words)s »", words=title) for title in titles))
    return found or [gettext("le détail de la lettre")]


def _to_published(number: int) -> ResponseReturnValue:
    flash(gettext("La lettre n° %(n)s est publiée. Elle ne changera plus.", n=number), "success")
    return redirect(url_for("letters.show", number=number), 303)


def _already(quarter: str) -> ResponseReturnValue | None:
    """The button that publishes was pressed twice, or again because no answer came: the letter itself answers."""
    number = letter_drafts.published_number(chosen_project().id, _quarter_or_404(quarter))
    return None if number is None else _to_published(number)


@bp.route("/brouillons/<string:quarter>/publier", methods=["GET", "POST"])
@requires(Permission.LETTER_PUBLISH)
def publish(quarter: str) -> ResponseReturnValue:
    """The confirmation says number, day of the figures and order; then nothing changes any more."""
    require(acting(), Permission.LETTER_PUBLISH, chosen_project())
    if request.method == "POST" and (published := _already(quarter)):
        return published
    draft = draft_or_404(quarter)
    check_open()
    form = PublishForm(data={"is_public": draft.is_public, "revision": draft.revision})
    status = 200
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            letter = service.publish(
                service.locked(draft.id), is_public=bool(form.is_public.data), revision=form.revision.data,
                actor=acting(), now=current_time(),
            )  # fmt: skip
            return _to_published(letter.number or 0)
        if published := _already(quarter):
            return published
        if isinstance(attempt.refusal, ContentMoved):
            return _read_again(draft, attempt.refusal)
        status, draft = attempt.status, draft_or_404(quarter)
        form.read_again("revision", draft.revision)
    elif form.is_submitted():
        status = 422
    project = chosen_project()
    number = draft.next_number
    counts = draft.block("counts")
    return render_template(
        "letters/publish.html",
        draft=draft,
        form=form,
        number=number,
        title=letter_title(project.letter_name, number, draft.quarter),
        until=min(Quarter.parse(draft.quarter).last_day, today()),
        provisional=today() < Quarter.parse(draft.quarter).last_day,
        previous=counts.data.get("previous") if counts else None,
        moved=letter_drafts.moved_since(draft, project, today=today()),
        counter_label=counter_label,
    ), status
