"""Writing a proposal: the draft, its preview, sending, taking back, a new text. Same addresses' root as the list."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from itertools import pairwise

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.enums import ProposalState
from tracker.extensions import begin_write
from tracker.forms.proposals import HIDDEN, SHOWN, ProposalForm, RewriteForm
from tracker.permissions import Permission, require
from tracker.queries import campaigns, notices, projects, proposal_pages, proposals, traces
from tracker.queries.campaigns import CampaignRecord
from tracker.queries.proposal_pages import DraftPage
from tracker.records import paris_day
from tracker.security import acting, current_time, requires
from tracker.services import proposals as service
from tracker.validation import as_id
from tracker.views.attempts import Attempt
from tracker.views.frame import ask, check_open, confirmed, page_frame, show_project
from tracker.views.proposals import bp, load

S = ProposalState
ALL_THE_SAME = "envoyer-quand-meme"  # the button shown once the form has said that a name stands in the text
_PIECES = re.compile(r"\s*\S+")


def _form(programme_id: int, **values: object) -> ProposalForm:
    return ProposalForm(themes=projects.themes(programme_id, with_unknown=False), data=values)


@bp.route("/nouvelle", methods=["GET", "POST"])
@requires(Permission.PROPOSAL_CREATE)
def new() -> ResponseReturnValue:
    """The form; when several consultations are open, first the choice of one."""
    opened = campaigns.open_for_submission(current_time())
    asked = request.values.get("consultation", "")
    chosen = next((c for c in opened if str(c.id) == asked), None)
    if chosen is None and len(opened) == 1 and (not asked or request.method == "GET"):
        chosen = opened[0]
    if chosen is None:
        # a post must not lose what was typed: the error page carries it
        if request.method == "POST":
            abort(409, gettext("Cette consultation ne reçoit pas de propositions en ce moment."))
        return _choose(opened)
    show_project(chosen.programme_id)
    form = _form(chosen.programme_id, key=service.new_key())
    return _write(form, chosen, None)


def _choose(opened: tuple[CampaignRecord, ...]) -> ResponseReturnValue:
    titles = {p.id: p.title for p in page_frame().projects}
    now = current_time()
    choices = [(c, titles.get(c.programme_id, ""), c.submission_last_day(now)) for c in opened]
    return render_template("proposals/choose.html", choices=choices)


def _write(form: ProposalForm, campaign: CampaignRecord | None, page: DraftPage | None) -> ResponseReturnValue:
    """Save, then preview or send as the button pressed says; else show the form."""
    asked = request.form.get("geste", "brouillon")
    intent = "envoyer" if asked == ALL_THE_SAME else asked
    named = False
    if form.validate_on_submit() and form.name_chosen_for(intent):
        named = asked == "envoyer" and form.name.data == HIDDEN and _names_oneself(form)
    if form.is_submitted() and not form.errors and not named:
        key = page.key if page else form.key.data or ""
        campaign_id = campaign.id if campaign else 0
        with Attempt(form):
            service.save_draft(actor=acting(), key=key, campaign_id=campaign_id, text=form.text(), now=current_time())
            if intent == "envoyer":
                service.submit(actor=acting(), key=key, now=current_time())
                flash(gettext("Votre proposition est envoyée."), "success")
            elif intent == "apercu":
                return redirect(url_for("proposals.preview", key=key), 303)
            else:
                flash(gettext("Brouillon enregistré. Vous le retrouvez dans « Mes propositions »."), "success")
            return redirect(url_for("proposals.draft", key=key), 303)
    return (
        render_template(
            "proposals/form.html",
            form=form,
            campaign=campaign,
            page=page,
            named=named,
            all_the_same=ALL_THE_SAME,
            last_day=campaign.submission_last_day(current_time()) if campaign else None,
            sendable=campaign is not None and campaign.allows_submission(current_time()),
            hidden_choice=HIDDEN,
            shown_choice=SHOWN,
            kept_until=notices.draft_kept_until(page.id) if page and not page.returned_on else None,
        ),
        200 if named else form.answer_status,
    )


def _names_oneself(form: ProposalForm | RewriteForm) -> bool:
    """Whether what was typed tells who its author is."""
    return traces.names_oneself(acting().id, form.title.data or "", form.body.data or "")


def _draft(key: str) -> DraftPage:
    """The reader's own proposal of that key, or 404: nobody else knows of it."""
    page = proposal_pages.draft(key, actor=acting()) if len(key) <= 43 else None
    if page is None:
        abort(404, gettext("Il n'y a pas de brouillon à cette adresse, ou ce n'est pas le vôtre."))
    show_project(page.programme_id)
    return page


def _campaign(page: DraftPage) -> CampaignRecord | None:
    return campaigns.by_id(page.campaign_id) if page.campaign_id is not None else None


@bp.route("/brouillons/<key>", methods=["GET", "POST"])
@requires(Permission.PROPOSAL_CREATE)
def draft(key: str) -> ResponseReturnValue:
    """A draft to go on with; once sent, what happens next; once numbered, its page."""
    page = _draft(key)
    if page.number is not None:
        return redirect(url_for("proposals.show", number=page.number), 303)
    campaign = _campaign(page)
    if page.state is not S.DRAFT:
        if request.form.get("nom") and page.state is S.SUBMITTED:
            return _choose_name(page)
        if request.method == "POST":
            flash(gettext("Cette proposition est déjà envoyée : elle ne se modifie plus ici."), "warning")
            return redirect(url_for("proposals.draft", key=key), 303)
        return render_template(
            "proposals/sent.html",
            page=page,
            campaign=campaign,
            publish_by=campaign.publish_by(page.submitted_on) if campaign and page.submitted_on else None,
        )
    form = _form(
        page.programme_id,
        key=page.key,
        title="" if page.title == service.made_title(page.body) else page.title,
        body=page.body,
        theme=str(page.theme_id or ""),
        name=None if not page.name_choice_made else HIDDEN if page.sealed else SHOWN,
        thanks=page.thanks_consent,
    )
    return _write(form, campaign, page)


def _choose_name(page: DraftPage) -> ResponseReturnValue:
    """Change one's mind while the moderation has not published yet."""
    sealed = request.form.get("nom") != SHOWN
    here = url_for("proposals.draft", key=page.key)
    if not confirmed():
        return _ask_to_hide(here) if sealed else _ask_to_show(page.title, here)
    begin_write()
    service.choose_name(actor=acting(), proposal_id=page.id, sealed=sealed, now=current_time())
    flash(gettext("Votre nom ne sera pas affiché.") if sealed else gettext("Votre nom sera affiché."), "success")
    return redirect(here, 303)


def _ask_to_show(title: str, back: str) -> str:
    return ask(
        gettext("Afficher votre nom ?"),
        gettext("Tous les agents connectés le verront à côté de « %(title)s ».", title=title),
        gettext("Afficher mon nom"),
        back,
    )


def _ask_to_hide(back: str) -> str:
    return ask(
        gettext("Ne plus afficher votre nom ?"),
        gettext("Il ne sera montré à personne, et la lettre ne vous remerciera pas par votre nom."),
        gettext("Ne plus afficher mon nom"),
        back,
    )


@bp.get("/brouillons/<key>/apercu")
@requires(Permission.PROPOSAL_CREATE)
def preview(key: str) -> ResponseReturnValue:
    """The proposal as it will be read, and those that may say the same already."""
    page = _draft(key)
    if page.state is not S.DRAFT or not page.name_choice_made:
        return redirect(url_for("proposals.draft", key=key), 303)
    campaign = _campaign(page)
    now = current_time()
    return render_template(
        "proposals/preview.html",
        page=page,
        campaign=campaign,
        author_name=acting().name,
        named=page.sealed and traces.names_oneself(acting().id, page.title, page.body),
        sendable=campaign is not None and campaign.allows_submission(now),
        publish_by=campaign.publish_by(paris_day(now)) if campaign else None,
        alike=proposals.resembling(f"{page.title} {page.body}", programme_id=page.programme_id),
    )


@bp.post("/brouillons/<key>/envoi")
@requires(Permission.PROPOSAL_CREATE)
def send(key: str) -> ResponseReturnValue:
    _draft(key)
    begin_write()
    service.submit(actor=acting(), key=key, now=current_time())
    flash(gettext("Votre proposition est envoyée."), "success")
    return redirect(url_for("proposals.draft", key=key), 303)


@bp.post("/brouillons/<key>/suppression")
@requires(Permission.PROPOSAL_CREATE)
def discard(key: str) -> ResponseReturnValue:
    page = _draft(key)
    if not confirmed():
        return ask(
            gettext("Effacer ce brouillon ?"),
            gettext("« %(title)s » sera effacé pour de bon.", title=page.title),
            gettext("Effacer le brouillon"),
            url_for("proposals.draft", key=key),
        )
    begin_write()
    service.discard_draft(actor=acting(), key=key, now=current_time())
    flash(gettext("Brouillon effacé."), "success")
    return redirect(url_for("proposals.mine"), 303)


@bp.post("/brouillons/<key>/retrait")
@requires(Permission.PROPOSAL_WITHDRAW)
def withdraw(key: str) -> ResponseReturnValue:
    """Take one's proposal back, published or not."""
    page = _draft(key)
    here = url_for("proposals.draft", key=key)
    if not confirmed():
        return ask(
            gettext("Retirer votre proposition ?"),
            gettext("« %(title)s » ne sera plus lue ni étudiée. Cela ne se défait pas.", title=page.title),
            gettext("Retirer ma proposition"),
            here,
        )
    begin_write()
    service.withdraw(actor=acting(), proposal_id=page.id, now=current_time())
    flash(gettext("Votre proposition est retirée."), "success")
    return redirect(here, 303)


# --- A published proposal -------------------------------------------------------------------------------------


@bp.route("/<int:number>/texte", methods=["GET", "POST"])
@requires(Permission.PROPOSAL_EDIT)
def rewrite(number: int) -> ResponseReturnValue:
    """A new text of one's published proposal; the earlier ones stay readable."""
    page, _project = load(number)
    if not page.mine:
        abort(403, gettext("Seules les personnes qui ont écrit cette proposition peuvent faire cela."))
    check_open()
    form = RewriteForm(data={"title": page.title, "body": page.body, "base_version": page.versions})
    theirs: list[tuple[str, str]] = []
    sealed = any(author.mine and author.sealed for author in page.authors)
    named = False
    if form.validate_on_submit():
        named = sealed and request.form.get("geste") != ALL_THE_SAME and _names_oneself(form)
    if form.is_submitted() and not form.errors and not named:
        base = as_id(str(form.base_version.data))
        with Attempt(form):
            service.rewrite(
                actor=acting(), proposal_id=page.id, title=form.title.data or "", body=form.body.data or "",
                base_version=-1 if base is None else base, now=current_time(),
            )  # fmt: skip
            flash(gettext("Texte modifié. L'ancien reste lisible dans l'historique."), "success")
            return redirect(url_for("proposals.show", number=number), 303)
        page, _project = load(number)
        if base != page.versions:
            theirs = form.other_version({"title": page.title, "body": page.body})
            form.read_again("base_version", page.versions)
    shown = render_template(
        "proposals/rewrite.html", form=form, page=page, named=named, all_the_same=ALL_THE_SAME, theirs=theirs
    )
    return shown, 200 if named else form.answer_status


@bp.post("/<int:number>/nom")
@requires(Permission.PROPOSAL_EDIT)
def name(number: int) -> ResponseReturnValue:
    """Display one's name (`nom=affiche`) or display it no more."""
    page, _project = load(number)
    here = url_for("proposals.show", number=number)
    sealed = request.form.get("nom") != SHOWN
    if not sealed and not confirmed():
        return _ask_to_show(page.title, here)
    begin_write()
    service.choose_name(actor=acting(), proposal_id=page.id, sealed=sealed, now=current_time())
    flash(gettext("Votre nom n'est plus affiché.") if sealed else gettext("Votre nom est affiché."), "success")
    return redirect(here, 303)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words: kept ("="), added ("+") or taken out ("-")."""

    sign: str
    text: str


def word_diff(old: str, new: str) -> list[Piece]:
    """The new text with what was taken out of the old one, word by word."""
    before, after = _PIECES.findall(old), _PIECES.findall(new)
    pieces: list[Piece] = []
    for operation, a, b, c, d in difflib.SequenceMatcher(None, before, after).get_opcodes():
        if operation == "equal":
            pieces.append(Piece("=", "".join(before[a:b])))
            continue
        if a < b:
            pieces.append(Piece("-", "".join(before[a:b])))
        if c < d:
            pieces.append(Piece("+", "".join(after[c:d])))
    return pieces


@bp.get("/<int:number>/historique")
@requires(Permission.PROPOSAL_VIEW)
def history(number: int) -> ResponseReturnValue:
    """The texts a proposal has had, each with what changed."""
    page, _project = load(number)
    if page.state is S.WITHDRAWN and not page.mine:
        abort(404)
    require(acting(), Permission.PROPOSAL_VIEW, page)
    texts = proposal_pages.versions(page.id)
    changes = [
        (new, paris_day(new.on), word_diff(f"{old.title}\n\n{old.body}", f"{new.title}\n\n{new.body}"))
        for old, new in pairwise(texts)
    ]
    first = (texts[0], paris_day(texts[0].on)) if texts else None
    return render_template("proposals/history.html", page=page, first=first, changes=list(reversed(changes)))
