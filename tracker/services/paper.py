"""Before and after a proposal told on paper is written down: what it will look like, and the one typed by mistake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from tracker import search
from tracker.enums import ProposalState
from tracker.errors import Conflict, Forbidden, NotFound
from tracker.extensions import db
from tracker.models import Proposal, Theme, User, Workshop
from tracker.permissions import Permission, require
from tracker.queries import transcriptions
from tracker.records import Actor, paris_day
from tracker.services import decisions, history, transitions
from tracker.services.proposals import Text
from tracker.services.transcription import Gathering, Teller, write_down


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The proposal as it will be read; `teller` is "" where the name is not displayed."""

    title: str
    body: str
    theme: str
    teller: str
    sealed: bool
    workshop: str
    declared_count: int | None


def rehearse(
    *, actor: Actor, key: str, campaign_id: int, text: Text, source: Teller | Gathering, now: datetime
) -> Rehearsal:
    """What `write_down` would make, by doing it: the caller then ends the transaction without keeping anything.

    Raises what `write_down` raises.
    """
    row = write_down(actor=actor, key=key, campaign_id=campaign_id, text=text, source=source, now=now)
    theme = db.session.get(Theme, row.theme_id) if row.theme_id else None
    workshop = db.session.get(Workshop, row.workshop_id) if row.workshop_id else None
    author = next((one for one in row.authorships if one.user_id), None)
    person = db.session.get(User, author.user_id) if author is not None and not author.sealed else None
    return Rehearsal(
        row.title, row.body, theme.name if theme and not theme.is_unknown else "", person.name if person else "",
        author is not None and author.sealed, workshop.title if workshop else "",
        workshop.declared_count if workshop else None,
    )  # fmt: skip


def take_back(proposal_id: int, *, actor: Actor, now: datetime) -> Proposal:
    """Withdraw what one wrote down by mistake, on the same day, while nobody supports it.

    Raises Forbidden, NotFound, Conflict.
    """
    require(actor, Permission.PROPOSAL_TRANSCRIBE)
    row = db.session.get(Proposal, proposal_id, populate_existing=True)
    if row is None or row.origin not in transcriptions.ORIGINS:
        raise NotFound(gettext("Cette proposition n'existe pas."))
    if not transcriptions.by_me_today(proposal_id, user_id=actor.id, now=now):
        raise Forbidden(gettext("Seule la personne qui l'a écrite aujourd'hui peut la reprendre."))
    if row.state not in {ProposalState.SUBMITTED, ProposalState.PUBLISHED}:
        raise Conflict(gettext("Cette proposition a déjà suivi son cours : elle ne se reprend plus."))
    if row.support_count:
        raise Conflict(gettext("Quelqu'un soutient déjà cette proposition : elle ne se reprend plus."))
    transitions.move(row, ProposalState.WITHDRAWN, effective_on=paris_day(now), now=now)
    decisions.discard_with_proposal(row, now=now)
    search.remove_proposal(row.id)
    history.record(
        actor=actor, now=now, verb="proposal:take_back", subject="proposal", subject_id=row.id,
        programme_id=row.programme_id, changes={"state": row.state.value},
    )  # fmt: skip
    db.session.flush()
    return row
