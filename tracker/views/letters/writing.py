"""Writing: the letter as it will look, each block editable in place, with its source beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.errors import Conflict, TrackerError
from tracker.forms import BaseForm
from tracker.forms.letters import ApprovalForm, BlockForm, FreeBlockForm, ReadersForm
from tracker.letters import Section, canonical, digest, document, markdown_of, references
from tracker.letters.compose import EDITORIAL, FREE, LEADS
from tracker.permissions import Permission
from tracker.queries import letter_drafts, letters
from tracker.queries.letter_drafts import BlockRecord, DraftLetter
from tracker.security import acting, current_time, requires
from tracker.services import letters as service
from tracker.services.letters.blocks import seen_of
from tracker.views.attempts import Attempt
from tracker.views.frame import ask, chosen_project, confirmed, project_args, today
from tracker.views.letters import bp, forms_of
from tracker.views.letters.drafts import draft_or_404, writable_draft

STEPS = {"up": -1, "down": 1}


@dataclass(frozen=True, slots=True)
class Editable:
    """A block on the editor's page: what it shows, its form, and what its source says."""

    block: BlockRecord
    section: Section
    form: BaseForm
    open: bool
    rewritten: bool
    outdated: bool
    leads: bool
    theirs: str | None = None


def _form_of(draft: DraftLetter, block: BlockRecord, section: Section) -> BaseForm:
    values: dict[str, Any] = {
        "text": markdown_of(section),
        "title": block.data.get("title", ""),
        "revision": draft.revision,
        "seen": seen_of(title=str(block.data.get("title", "")), text=block.edited_text),
    }
    kind = FreeBlockForm if block.kind == FREE else BlockForm
    return kind(formdata=None, prefix=f"{block.key}-", data=values)


def _editable(
    draft: DraftLetter, block: BlockRecord, section: Section, typed: BaseForm | None, theirs: str | None
) -> Editable:
    rewritten = bool(block.edited_text) and block.kind not in {EDITORIAL, FREE}
    over = block.source.get("rewritten_over")
    return Editable(
        block=block,
        section=section,
        form=typed or _form_of(draft, block, section),
        open=typed is not None,
        rewritten=rewritten,
        outdated=rewritten and over is not None and over != digest(canonical(block.data)),
        leads=block.kind in LEADS,
        theirs=theirs,
    )


def page(
    draft: DraftLetter,
    *,
    status: int = 200,
    typed: tuple[str, BaseForm] | None = None,
    theirs: str | None = None,
    free: BaseForm | None = None,
    readers: ReadersForm | None = None,
    approval: ApprovalForm | None = None,
    refused: TrackerError | None = None,
) -> ResponseReturnValue:
    """The editor's page, with what was just typed in the form it came from."""
    project = chosen_project()
    content = draft.content(project)
    shown = document(content, letters.resolve(references(content)), with_hidden=True)
    wanted = " ".join(request.args.get("lecteur", "")[:80].split())
    people = letter_drafts.possible_readers(project.id, today=today(), q=wanted)
    blocks = [
        _editable(
            draft,
            block,
            section,
            typed[1] if typed and typed[0] == block.key else None,
            theirs if typed and typed[0] == block.key else None,
        )
        for block, section in zip(draft.blocks, shown.sections, strict=True)
    ]
    return render_template(
        "letters/write.html",
        draft=draft,
        letter=shown,
        blocks=blocks,
        free=free or FreeBlockForm(formdata=None, prefix="nouveau-"),
        free_open=free is not None,
        readers=readers or ReadersForm(formdata=None, people=people),
        readers_open=readers is not None or bool(wanted),
        wanted=wanted,
        approval=approval or ApprovalForm(formdata=None, data={"on": today(), "revision": draft.revision}),
        approval_open=approval is not None,
        refusal=refused.message if refused else "",
        target=forms_of.page_address,
    ), refused.status if refused else status


def back(quarter: str, anchor: str = "") -> ResponseReturnValue:
    return redirect(url_for("letters.write", quarter=quarter, _anchor=anchor or None, **project_args()), 303)


@bp.get("/brouillons/<string:quarter>")
@requires(Permission.LETTER_EDIT)
def write(quarter: str) -> ResponseReturnValue:
    return page(writable_draft(quarter))


@bp.post("/brouillons/<string:quarter>/blocs/<string:key>")
@requires(Permission.LETTER_EDIT)
def block(quarter: str, key: str) -> ResponseReturnValue:
    """One form per block and several buttons: write, give its words back, move, hide, show, take out."""
    draft = writable_draft(quarter)
    present = draft.block(key)
    act = request.form.get("act", "")
    if present is not None and act == "write":
        return _write_block(draft, present)
    if act not in {*STEPS, "hide", "show", "restore", "remove"}:
        abort(400, gettext("Ce bouton n'est pas connu : rien n'a été changé."))
    if present is not None and not confirmed() and (question := _question(present, act)):
        return ask(*question, url_for("letters.write", quarter=quarter, _anchor=f"bloc-{key}", **project_args()))
    with Attempt() as attempt:
        letter = service.locked(draft.id)
        who: dict[str, Any] = {"actor": acting(), "now": current_time()}
        if act in STEPS:
            service.move_block(letter, key, STEPS[act], **who)
        elif act in {"hide", "show"}:
            service.set_hidden(letter, key, act == "hide", **who)
        elif act == "restore":
            service.restore_block(letter, key, **who)
        else:
            service.remove_block(letter, key, **who)
            key = ""
        return back(quarter, f"bloc-{key}" if key else "")
    return page(draft_or_404(quarter), refused=attempt.refusal)


def _question(present: BlockRecord, act: str) -> tuple[str, str, str] | None:
    """What to ask before a text is lost: question, advice, label of the button."""
    if act == "remove" and present.kind == FREE:
        title = present.data.get("title", "")
        advice = gettext("Le texte de « %(t)s » sera perdu pour de bon.", t=title)
        return gettext("Supprimer ce passage ?"), advice, gettext("Supprimer ce passage")
    if act == "restore" and present.edited_text and present.kind not in {EDITORIAL, FREE}:
        advice = gettext("Votre texte sera perdu pour de bon ; celui des données prendra sa place.")
        return gettext("Reprendre le texte des données ?"), advice, gettext("Reprendre le texte des données")
    return None


def _write_block(draft: DraftLetter, present: BlockRecord) -> ResponseReturnValue:
    kind = FreeBlockForm if present.kind == FREE else BlockForm
    form = kind(prefix=f"{present.key}-")
    theirs: str | None = None
    status = 422
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            service.edit_block(
                service.locked(draft.id), present.key, text=form.text.data or "", revision=form.revision.data,
                title=form.title.data if isinstance(form, FreeBlockForm) else None, seen=form.seen.data or None,
                actor=acting(), now=current_time(),
            )  # fmt: skip
            flash(gettext("Passage enregistré."), "success")
            return back(draft.quarter, f"bloc-{present.key}")
        status = attempt.status
        draft = draft_or_404(draft.quarter)
        present = draft.block(present.key) or present
        if isinstance(attempt.refusal, Conflict):
            theirs = present.edited_text or ""
            form.read_again("revision", draft.revision)
            form.read_again("seen", seen_of(title=str(present.data.get("title", "")), text=present.edited_text))
    return page(draft, status=status, typed=(present.key, form), theirs=theirs)


@bp.post("/brouillons/<string:quarter>/ajouter")
@requires(Permission.LETTER_EDIT)
def add(quarter: str) -> ResponseReturnValue:
    """Add a block of free text."""
    draft = writable_draft(quarter)
    form = FreeBlockForm(prefix="nouveau-")
    status = 422
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            row = service.add_block(
                service.locked(draft.id), title=form.title.data or "", text=form.text.data or "", actor=acting(),
                now=current_time(),
            )  # fmt: skip
            flash(gettext("Passage ajouté à la fin : remontez-le où vous voulez."), "success")
            return back(quarter, f"bloc-{row.key}")
        status, draft = attempt.status, draft_or_404(quarter)
    return page(draft, status=status, free=form)


@bp.post("/brouillons/<string:quarter>/actualiser")
@requires(Permission.LETTER_EDIT)
def refresh(quarter: str) -> ResponseReturnValue:
    """Read the data again; what the editor wrote stays."""
    draft = writable_draft(quarter)
    with Attempt() as attempt:
        service.build(draft.programme_id, draft.quarter, actor=acting(), now=current_time())
        flash(gettext("Données relues. Vos textes, votre ordre et vos passages sont restés."), "success")
        return back(quarter)
    return page(draft_or_404(quarter), refused=attempt.refusal)
