"""Proposals written, sent, published or returned, rewritten, withdrawn, followed (design 4.4, 4.7).

Events never tell who wrote a draft, nor who sent a proposal whose author's name is not displayed.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext
from sqlalchemy import delete, func, select, update

from tracker import search, validation
from tracker.enums import Origin, ProposalState
from tracker.errors import Conflict, Forbidden, IllegalTransition, NotFound, Refused
from tracker.extensions import FRENCH, db, speaking
from tracker.models import (
    Authorship,
    Event,
    Follow,
    Proposal,
    ProposalTransition,
    ProposalVersion,
    Theme,
)
from tracker.permissions import Permission, require
from tracker.queries import campaigns
from tracker.queries.campaigns import CampaignRecord
from tracker.records import Actor, paris_day
from tracker.services import counters, decisions, history, transitions
from tracker.workflow import VISIBLE

TITLE_WORDS = 80  # characters of a title made from the first words of the idea
SENT = frozenset({ProposalState.SUBMITTED, ProposalState.PUBLISHED})  # and nothing more has become of it
KEY = re.compile(r"[A-Za-z0-9_-]{43}")
_END = re.compile(r"(?<=[.!?])\s")


@dataclass(frozen=True, slots=True)
class Text:
    """What an author typed."""

    title: str
    body: str
    theme_id: int | None = None
    sealed: bool | None = False  # None: not chosen yet
    thanks_consent: bool = True


def new_key() -> str:
    """The address of a draft, that nobody can guess."""
    return secrets.token_urlsafe(32)


def title_from(body: str) -> str:
    """The first words of an idea, when its author gave no title."""
    line = next((line for line in body.splitlines() if line.strip()), "").lstrip("#>*- ").strip()
    sentence = _END.split(line, maxsplit=1)[0].rstrip(" .;:,")
    if len(sentence) > TITLE_WORDS:
        sentence = sentence[:TITLE_WORDS].rsplit(" ", 1)[0].rstrip(" .;:,") + "…"
    with speaking(FRENCH):  # a title is kept, and read by all
        return sentence or gettext("Sans titre")


def _title(text: Text) -> str:
    typed = validation.clean_text(text.title, multiline=False)
    if typed:
        return validation.title(typed)
    return made_title(text.body)


def made_title(body: str) -> str:
    """The title a proposal takes when its author gives none."""
    made = title_from(validation.clean_text(body))
    with speaking(FRENCH):
        return made if len(made) >= validation.TITLE_MIN else gettext("Idée : %(words)s", words=made)


def _load(proposal_id: int) -> Proposal:
    proposal = db.session.get(Proposal, proposal_id, with_for_update=True, populate_existing=True)
    if proposal is None:
        raise NotFound(gettext("Cette proposition n'existe pas."))
    return proposal


def _by_key(key: str) -> Proposal | None:
    found: Proposal | None = db.session.scalar(select(Proposal).where(Proposal.draft_key == key).with_for_update())
    return found


def _draft(key: str) -> Proposal:
    proposal = _by_key(key)
    if proposal is None:
        raise NotFound(gettext("Ce brouillon n'existe pas."))
    return proposal


def _own_authorship(proposal: Proposal, actor: Actor) -> Authorship:
    found = next((a for a in proposal.authorships if a.user_id == actor.id), None)
    if found is None:
        raise Forbidden(gettext("Seules les personnes qui ont écrit cette proposition peuvent faire cela."))
    return found


def _theme(text: Text, programme_id: int) -> int | None:
    """The theme chosen, or "Je ne sais pas"; one of another project is refused."""
    themes = select(Theme.id).where(Theme.programme_id == programme_id)
    if text.theme_id is None:
        return db.session.scalar(themes.where(Theme.is_unknown.is_(True)).order_by(Theme.id).limit(1))
    if db.session.scalar(themes.where(Theme.id == text.theme_id)) is None:
        raise Refused(gettext("Choisissez un thème de la liste."), field="theme")
    return text.theme_id


def _sealed(proposal: Proposal) -> bool:
    """Whether the trace must be silent: one author's name at least is not displayed."""
    return any(author.sealed for author in proposal.authorships)


def _record(
    proposal: Proposal,
    verb: str,
    *,
    actor: Actor,
    now: datetime,
    sealed: bool,
    state: bool = True,
    though_closed: bool = False,
    private: bool = False,
) -> None:
    history.record(
        actor=actor, now=now, verb=f"proposal:{verb}", subject="proposal", subject_id=proposal.id,
        programme_id=proposal.programme_id, changes={"state": proposal.state.value} if state else None, sealed=sealed,
        though_closed=though_closed, private=private,
    )  # fmt: skip


# --- Writing and sending --------------------------------------------------------------------------------------


def save_draft(*, actor: Actor, key: str, campaign_id: int, text: Text, now: datetime) -> Proposal:
    """Write a draft down, new or again; the same key twice makes one draft. Raises Refused when there is no idea."""
    require(actor, Permission.PROPOSAL_CREATE)
    body = validation.body(text.body)
    title = _title(text)
    sealed = text.sealed is not False  # no name is shown before the choice
    thanks = text.thanks_consent and not sealed
    proposal = _by_key(key) or _begin(actor, key, campaign_id, now)
    author = _own_authorship(proposal, actor)
    if proposal.state is not ProposalState.DRAFT:
        kept = proposal.title, proposal.body, proposal.theme_id, author.sealed, author.thanks_consent
        if proposal.state in SENT and kept == (title, body, _theme(text, proposal.programme_id), sealed, thanks):
            return proposal  # the button that sends it, pressed twice or again because no answer came
        raise Conflict(gettext("Cette proposition est déjà envoyée : elle ne se modifie plus ici."))
    proposal.title, proposal.body = title, body
    proposal.theme_id = _theme(text, proposal.programme_id)
    author.name_choice_made = text.sealed is not None
    author.sealed, author.thanks_consent = sealed, thanks
    author.entity_id = actor.entity_id
    if sealed:
        _silence(proposal, actor)
    # who writes a draft is nobody's affair: they may yet choose not to be named
    _record(proposal, "draft", actor=actor, now=now, sealed=True, private=True)
    db.session.flush()
    return proposal


def _begin(actor: Actor, key: str, campaign_id: int, now: datetime) -> Proposal:
    if not KEY.fullmatch(key):
        raise NotFound(gettext("Ce brouillon n'existe pas."))
    campaign = _open_campaign(campaign_id, now)
    proposal = Proposal(
        programme_id=campaign.programme_id, campaign_id=campaign.id, draft_key=key, title="", body="",
        origin=Origin.AGENT, created_on=paris_day(now), state=ProposalState.DRAFT,
    )  # fmt: skip
    proposal.authorships.append(Authorship(user_id=actor.id, accepted_at=now))
    db.session.add(proposal)
    db.session.flush()
    return proposal


def _open_campaign(campaign_id: int | None, now: datetime) -> CampaignRecord:
    campaign = campaigns.by_id(campaign_id) if campaign_id is not None else None
    if campaign is None or not campaign.allows_submission(now):
        raise Refused(gettext("Cette consultation ne reçoit pas de propositions en ce moment."))
    return campaign


def submit(*, actor: Actor, key: str, now: datetime) -> Proposal:
    """Send a draft to the moderation; sent twice, it stays sent once."""
    proposal = _draft(key)
    author = _own_authorship(proposal, actor)
    if proposal.state in SENT:
        return proposal
    if proposal.state is not ProposalState.DRAFT:
        raise Conflict(gettext("Cette proposition est déjà envoyée."))
    _open_campaign(proposal.campaign_id, now)
    if not author.name_choice_made:
        raise Refused(gettext("Choisissez si votre nom est affiché ou non."), field="name")
    validation.body(proposal.body)
    validation.title(proposal.title)
    author.accepted_at = now
    author.entity_id = actor.entity_id
    # texts returned before any publication are nobody's to read: the first version is the one sent last
    db.session.execute(delete(ProposalVersion).where(ProposalVersion.proposal_id == proposal.id))
    db.session.add(_version(proposal, 1, now))
    transitions.move(proposal, ProposalState.SUBMITTED, effective_on=paris_day(now), now=now)
    proposal.submitted_on = paris_day(now)
    _record(proposal, "submit", actor=actor, now=now, sealed=_sealed(proposal))
    db.session.flush()
    return proposal


def _version(proposal: Proposal, position: int, now: datetime) -> ProposalVersion:
    return ProposalVersion(
        proposal_id=proposal.id, position=position, title=proposal.title, body=proposal.body, recorded_at=now
    )


def withdraw(*, actor: Actor, proposal_id: int, now: datetime) -> Proposal:
    """Take one's own proposal back, before or after publication, until it is answered.

    A decision taken and not published goes with it: nobody could publish it any more.
    """
    proposal = _load(proposal_id)
    require(actor, Permission.PROPOSAL_WITHDRAW, proposal)
    transitions.move(proposal, ProposalState.WITHDRAWN, effective_on=paris_day(now), now=now)
    decisions.discard_with_proposal(proposal, now=now)
    search.remove_proposal(proposal.id)
    _record(proposal, "withdraw", actor=actor, now=now, sealed=_sealed(proposal))
    db.session.flush()
    return proposal


def discard_draft(*, actor: Actor, key: str, now: datetime) -> None:
    """Erase a draft that was never sent. Raises Refused for one that was: it has a history."""
    proposal = _draft(key)
    _own_authorship(proposal, actor)
    sent = select(func.count()).where(ProposalTransition.proposal_id == proposal.id)
    if proposal.state is not ProposalState.DRAFT or db.session.scalar(sent):
        raise Refused(gettext("Cette proposition a déjà été envoyée : son brouillon ne s'efface plus."))
    # what nobody but its author ever read is theirs to erase, whatever became of the project
    _record(proposal, "discard", actor=actor, now=now, sealed=True, state=False, though_closed=True, private=True)
    for rows in (Authorship, ProposalVersion):
        db.session.execute(delete(rows).where(rows.proposal_id == proposal.id))
    db.session.execute(delete(Proposal).where(Proposal.id == proposal.id))
    db.session.expire_all()


def rewrite(*, actor: Actor, proposal_id: int, title: str, body: str, base_version: int, now: datetime) -> Proposal:
    """A new text for one's published proposal, while its consultation still receives proposals.

    `base_version`: the version the author started from; another one meanwhile is a Conflict.
    """
    proposal = _load(proposal_id)
    require(actor, Permission.PROPOSAL_EDIT, proposal)
    new_title, new_body = validation.title(title), validation.body(body)
    if not may_be_rewritten(proposal.state, proposal.campaign_id, now):
        raise IllegalTransition(gettext("Le texte ne se modifie plus : la consultation ou l'étude a suivi son cours."))
    last = db.session.scalar(
        select(func.max(ProposalVersion.position)).where(ProposalVersion.proposal_id == proposal.id)
    )
    if (new_title, new_body) == (proposal.title, proposal.body):
        return proposal
    if (last or 0) != base_version:
        raise Conflict(gettext("Le texte a été modifié pendant que vous écriviez : comparez les versions."))
    proposal.title, proposal.body = new_title, new_body
    db.session.add(_version(proposal, (last or 0) + 1, now))
    search.index_proposal(proposal.id, title=new_title, body=new_body)
    _record(proposal, "rewrite", actor=actor, now=now, sealed=_sealed(proposal), state=False)
    db.session.flush()
    return proposal


def may_be_rewritten(state: ProposalState, campaign_id: int | None, now: datetime) -> bool:
    """Only while the consultation receives proposals, and before the study begins."""
    campaign = campaigns.by_id(campaign_id) if campaign_id is not None else None
    return state is ProposalState.PUBLISHED and campaign is not None and campaign.allows_submission(now)


# --- The name -------------------------------------------------------------------------------------------------


def choose_name(*, actor: Actor, proposal_id: int, sealed: bool, now: datetime) -> Proposal:
    """Display one's own name, or display it no more; the choice is each author's alone."""
    proposal = _load(proposal_id)
    author = _own_authorship(proposal, actor)
    if author.name_choice_made and author.sealed == sealed:
        return proposal
    author.sealed, author.name_choice_made = sealed, True
    if sealed:
        author.thanks_consent = False
        _silence(proposal, actor)
    # to be named no more stays everybody's right
    _record(proposal, "name", actor=actor, now=now, sealed=True, state=False, though_closed=sealed)
    db.session.flush()
    return proposal


def _silence(proposal: Proposal, actor: Actor) -> None:
    """Earlier traces of this proposal name its author no more; those of other persons stay."""
    db.session.execute(
        update(Event)
        .where(Event.subject == "proposal", Event.subject_id == proposal.id, Event.actor_id == actor.id)
        .values(actor_id=None, actor_label=history.SEALED_LABEL)
    )


# --- Moderation -----------------------------------------------------------------------------------------------


def publish(*, actor: Actor, proposal_id: int, now: datetime) -> Proposal:
    """Publish a submission: it takes its number and everybody may read it."""
    proposal = _moderated(actor, proposal_id)
    proposal.number = counters.next_number("proposal")
    proposal.published_on = paris_day(now)
    transitions.move(proposal, ProposalState.PUBLISHED, effective_on=paris_day(now), now=now)
    search.index_proposal(proposal.id, title=proposal.title, body=proposal.body)
    _record(proposal, "publish", actor=actor, now=now, sealed=False)
    db.session.flush()
    return proposal


def send_back(*, actor: Actor, proposal_id: int, reason: str, now: datetime) -> Proposal:
    """Return a submission to its author, privately, with a reason."""
    proposal = _moderated(actor, proposal_id)
    said = validation.reason(reason)
    transitions.move(proposal, ProposalState.DRAFT, effective_on=paris_day(now), now=now, reason=said)
    # the reason is read by the authors and the moderators only: not kept in the trace
    _record(proposal, "return", actor=actor, now=now, sealed=False)
    db.session.flush()
    return proposal


def _moderated(actor: Actor, proposal_id: int) -> Proposal:
    proposal = _load(proposal_id)
    require(actor, Permission.PROPOSAL_MODERATE, proposal)
    if proposal.state is not ProposalState.SUBMITTED:
        raise Conflict(gettext("Cette proposition n'attend plus : elle est « %(state)s ».", state=proposal.state.label))
    return proposal


# --- Following ------------------------------------------------------------------------------------------------


def follow(*, actor: Actor, proposal_id: int, now: datetime) -> bool:
    """Ask to be told of what becomes of a proposal; False when it was asked already."""
    proposal = _followed(actor, proposal_id)
    if _follow_id(actor, proposal.id) is not None:
        return False
    db.session.add(Follow(proposal_id=proposal.id, user_id=actor.id, created_on=paris_day(now)))
    _record(proposal, "follow", actor=actor, now=now, sealed=True, state=False)
    db.session.flush()
    return True


def unfollow(*, actor: Actor, proposal_id: int, now: datetime) -> bool:
    """Ask no more; False when it was not asked."""
    proposal = _followed(actor, proposal_id)
    found = _follow_id(actor, proposal.id)
    if found is None:
        return False
    db.session.execute(delete(Follow).where(Follow.id == found))
    _record(proposal, "unfollow", actor=actor, now=now, sealed=True, state=False)
    db.session.flush()
    return True


def _followed(actor: Actor, proposal_id: int) -> Proposal:
    proposal = _load(proposal_id)
    require(actor, Permission.PROPOSAL_FOLLOW, proposal)
    if proposal.state not in VISIBLE:
        raise Refused(gettext("Cette proposition ne se suit pas."))
    return proposal


def _follow_id(actor: Actor, proposal_id: int) -> int | None:
    return db.session.scalar(select(Follow.id).where(Follow.user_id == actor.id, Follow.proposal_id == proposal_id))
