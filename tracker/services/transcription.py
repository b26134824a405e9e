"""Proposals told on paper, or in a workshop, and typed by a relais or a moderator (design 4.4, 4.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext
from sqlalchemy import select

from tracker import validation
from tracker.enums import Origin, ProposalState
from tracker.errors import Forbidden, Refused
from tracker.extensions import db
from tracker.models import Authorship, Proposal, ProposalVersion, Theme, User, Workshop
from tracker.permissions import Permission, can, can_within, require, sites_of
from tracker.queries import campaigns, people
from tracker.records import Actor, paris_day
from tracker.services import history, transitions
from tracker.services.proposals import KEY, Text, made_title


@dataclass(frozen=True, slots=True)
class Teller:
    """The person who said it: how they are found, and what they chose."""

    identifier: str
    agreed: bool
    sealed: bool
    thanks_consent: bool = False


@dataclass(frozen=True, slots=True)
class Gathering:
    """The workshop where it was said; `known_id` for one already written down."""

    known_id: int | None = None
    title: str = ""
    held_on: date | None = None
    place: str = ""
    declared_count: int | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """What permissions are asked of: the project, and the site of the person."""

    programme_id: int
    site_id: int | None


def write_down(
    *, actor: Actor, key: str, campaign_id: int, text: Text, source: Teller | Gathering, now: datetime
) -> Proposal:
    """Send a proposal to the moderation in somebody's name, or in that of a workshop; the same key twice makes one.

    Raises Refused, Forbidden. The person finds it among their own, and may withdraw it or change the choice of the
    name.
    """
    require(actor, Permission.PROPOSAL_TRANSCRIBE)
    if not KEY.fullmatch(key):
        raise Refused(gettext("Rouvrez la page : ce formulaire est abîmé."))
    known: Proposal | None = db.session.scalar(select(Proposal).where(Proposal.draft_key == key))
    if known is not None:
        if known.origin is Origin.AGENT:
            raise Refused(gettext("Rouvrez la page : ce formulaire est abîmé."))
        return known
    campaign = campaigns.by_id(campaign_id)
    if campaign is None or not campaign.allows_submission(now):
        raise Refused(gettext("Cette consultation ne reçoit pas de propositions en ce moment."))
    if not can_within(actor, Permission.PROPOSAL_TRANSCRIBE, campaign.programme_id):
        raise Forbidden(gettext("Vous n'avez pas le droit de faire cela ici."))
    body = validation.body(text.body)
    typed = validation.clean_text(text.title, multiline=False)
    title = validation.title(typed) if typed else made_title(body)
    person = _person(source, campaign.programme_id, actor) if isinstance(source, Teller) else None
    workshop = _workshop(source, campaign.programme_id, now) if isinstance(source, Gathering) else None
    today = paris_day(now)
    proposal = Proposal(
        programme_id=campaign.programme_id, campaign_id=campaign.id, draft_key=key, title=title, body=body,
        theme_id=_theme(text.theme_id, campaign.programme_id), origin=Origin.PAPER if person else Origin.WORKSHOP,
        workshop_id=workshop.id if workshop else None, created_on=today, state=ProposalState.DRAFT,
    )  # fmt: skip
    sealed = isinstance(source, Teller) and source.sealed
    if person is not None and isinstance(source, Teller):
        proposal.authorships.append(
            Authorship(
                user_id=person.id, sealed=sealed, thanks_consent=source.thanks_consent and not sealed,
                entity_id=person.entity_id, accepted_at=now,
            )
        )  # fmt: skip
    db.session.add(proposal)
    db.session.flush()
    db.session.add(ProposalVersion(proposal_id=proposal.id, position=1, title=title, body=body, recorded_at=now))
    transitions.move(proposal, ProposalState.SUBMITTED, effective_on=today, now=now)
    proposal.submitted_on = today
    # of a name that is not displayed, even who typed could tell: their site is known
    history.record(
        actor=actor, now=now, verb="proposal:transcribe", subject="proposal", subject_id=proposal.id,
        programme_id=proposal.programme_id, changes={"origin": proposal.origin.value}, sealed=sealed,
    )  # fmt: skip
    db.session.flush()
    return proposal


def _person(teller: Teller, programme_id: int, actor: Actor) -> User:
    """The active person of that login, e-mail or number, within reach of who types."""
    if not teller.agreed:
        raise Refused(
            gettext("Cochez cette case : on n'écrit rien au nom de quelqu'un qui ne l'a pas demandé."), field="agreed"
        )
    found = people.credentials(teller.identifier)
    person = db.session.get(User, found.user_id) if found else None
    told = _Told(programme_id, person.site_id if person else None)
    # the same sentence for nobody and for somebody of another site: it tells nothing of who exists
    if person is None or not can(actor, Permission.PROPOSAL_TRANSCRIBE, told):
        everywhere = sites_of(actor, Permission.PROPOSAL_TRANSCRIBE) is None
        raise Refused(
            gettext("Personne n'a cet identifiant, cette adresse ou ce matricule.")
            if everywhere
            else gettext("Personne de votre site n'a cet identifiant, cette adresse ou ce matricule."),
            field="identifier",
        )
    return person


def _workshop(gathering: Gathering, programme_id: int, now: datetime) -> Workshop:
    """The one chosen, or a new one."""
    if gathering.known_id is not None:
        known = db.session.get(Workshop, gathering.known_id)
        if known is None or known.programme_id != programme_id:
            raise Refused(gettext("Choisissez un atelier de la liste."), field="workshop")
        return known
    if gathering.held_on is None or gathering.held_on > paris_day(now):
        raise Refused(gettext("Donnez le jour où l'atelier a eu lieu."), field="held_on")
    if gathering.declared_count is None or gathering.declared_count < 1:
        raise Refused(gettext("Dites combien de personnes y ont contribué."), field="declared_count")
    workshop = Workshop(
        programme_id=programme_id,
        title=validation.text(gathering.title, field="workshop_title", limit=validation.TITLE_MAX, multiline=False),
        held_on=validation.project_date(gathering.held_on, field="held_on"),
        place=validation.text(
            gathering.place, field="place", limit=validation.NAME_MAX, required=False, multiline=False
        ),
        declared_count=gathering.declared_count,
    )
    db.session.add(workshop)
    db.session.flush()
    return workshop


def _theme(theme_id: int | None, programme_id: int) -> int | None:
    themes = select(Theme.id).where(Theme.programme_id == programme_id)
    if theme_id is None:
        return db.session.scalar(themes.where(Theme.is_unknown.is_(True)).order_by(Theme.id).limit(1))
    if db.session.scalar(themes.where(Theme.id == theme_id)) is None:
        raise Refused(gettext("Choisissez un thème de la liste."), field="theme")
    return theme_id
