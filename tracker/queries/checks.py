"""What is missing, failing or contradictory: the findings of `flask check` and of the settings page.

The deep ones compare every cache with what it is derived from (design 4.4, 4.6, 4.8).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime

from flask import current_app
from flask_babel import gettext, ngettext
from sqlalchemy import and_, func, or_, select, text

from tracker.enums import OutboxState, ProposalState, RequestState, UpdateKind, VoteChoice
from tracker.extensions import db
from tracker.models import (
    Action,
    ActionUpdate,
    Campaign,
    DataRequest,
    Frozen,
    OutboxMessage,
    Proposal,
    ProposalTransition,
    ProposalVersion,
    RollEntry,
    Vote,
)
from tracker.queries import activation, holdings, notices, readiness, single_sign_on
from tracker.queries.findings import Finding, Level
from tracker.queries.holdings import LeftBehind
from tracker.records import PARIS, paris_day

__all__ = ["DEEP", "Finding", "Level", "deep", "setup"]


def setup() -> Iterator[Finding]:
    """What an instance needs before people come."""
    now = current_app.config["CLOCK"]()
    yield from readiness.findings(now)
    yield from single_sign_on.findings()
    waiting = select(func.count()).where(DataRequest.state == RequestState.OPEN)
    late = waiting.where(DataRequest.due_on < paris_day(now))
    attempts, asked, requests = db.session.execute(
        select(activation.last_alarm(now).scalar_subquery(), waiting.scalar_subquery(), late.scalar_subquery())
    ).one()
    yield from _attempts(attempts)
    yield from _duties(paris_day(now), requests, asked - requests)
    yield from _left_behind(paris_day(now))


def _duties(today: date, late: int, waiting: int) -> Iterator[Finding]:
    """A statement of accessibility to make again, answers due; says nothing when there is neither."""
    found = notices.accessibility()
    if found.expires_on is not None and found.has_expired(today):
        yield Finding(
            Level.WARNING,
            gettext("La déclaration d'accessibilité a plus de trois ans"),
            gettext("Faites refaire l'audit, puis enregistrez sa date."),
            endpoint="duties.accessibility",
        )
    if late:
        yield Finding(
            Level.WARNING,
            ngettext(
                "%(num)s demande sur les données est en retard", "%(num)s demandes sur les données sont en retard", late
            ),
            gettext("La réponse était due dans le mois."),
            endpoint="duties.data_requests_list",
        )
    if waiting:
        yield Finding(
            Level.WARNING,
            ngettext(
                "%(num)s demande sur les données attend sa réponse",
                "%(num)s demandes sur les données attendent leur réponse",
                waiting,
            ),
            gettext("La réponse est due dans le mois."),
            endpoint="duties.data_requests_list",
        )


def _left_behind(today: date) -> Iterator[Finding]:
    """What people who left still hold; says nothing when they hold nothing."""
    actions, groups = holdings.left_behind(today)
    if actions.count:
        message = ngettext(
            "%(num)s action a pour pilote une personne qui est partie",
            "%(num)s actions ont pour pilote une personne qui est partie",
            actions.count,
        )
        yield _to_hand_over(message, actions)
    if groups.count:
        message = ngettext(
            "%(num)s groupe est animé par une personne qui est partie",
            "%(num)s groupes sont animés par une personne qui est partie",
            groups.count,
        )
        yield _to_hand_over(message, groups)


def _to_hand_over(message: str, found: LeftBehind) -> Finding:
    """The page is that of the first person; once they hold nothing more, that of the next."""
    names = ", ".join(name for _key, name in found.people[:5])
    advice = gettext("À transmettre à quelqu'un qui est là, depuis la fiche de qui est parti : %(names)s", names=names)
    return Finding(
        Level.WARNING,
        message,
        advice,
        endpoint="handover.show",
        part=(("person_id", found.people[0][0]),),
        topic=gettext("Les départs"),
    )


def _attempts(at: datetime | None) -> Iterator[Finding]:
    """Whether somebody tried many activation codes these days; says nothing when nobody did."""
    if at is not None:
        yield Finding(
            Level.WARNING,
            gettext("beaucoup de codes faux ont été essayés le %(at)s", at=f"{at.astimezone(PARIS):%d/%m/%Y, %H:%M}"),
            gettext("Les essais sont ralentis d'eux-mêmes. Si personne n'en a distribué ce jour-là, prévenez la DSI."),
        )


def deep() -> Iterator[Finding]:
    """Every cache and invariant compared with its source; slow on large bases."""
    for title, broken in DEEP:
        wrong = broken()
        advice = gettext("En défaut : %(ids)s", ids=", ".join(map(str, wrong[:20]))) if wrong else ""
        if wrong and broken is _unsent:
            advice += gettext(". La cause levée, relancez-les : flask jobs retry-mail")
        yield Finding(Level.ERROR if wrong else Level.OK, title, advice)


def _states() -> list[int]:
    """Proposals whose cached state is not their last move's."""
    rank = func.row_number().over(
        partition_by=ProposalTransition.proposal_id,
        order_by=(
            ProposalTransition.effective_on.desc(),
            ProposalTransition.recorded_at.desc(),
            ProposalTransition.id.desc(),
        ),
    )
    moves = select(ProposalTransition.proposal_id, ProposalTransition.to_state, rank.label("rank")).subquery()
    last = select(moves.c.proposal_id, moves.c.to_state).where(moves.c.rank == 1).subquery()
    rows = db.session.scalars(
        select(Proposal.id)
        .outerjoin(last, last.c.proposal_id == Proposal.id)
        .where(func.coalesce(last.c.to_state, "draft") != Proposal.state)
    )
    return list(rows)


def _texts() -> list[int]:
    """Proposals whose text is not their last version's; a draft has none, or that of what was returned."""
    latest = (
        select(ProposalVersion.proposal_id, func.max(ProposalVersion.position).label("position"))
        .group_by(ProposalVersion.proposal_id)
        .subquery()
    )
    rows = db.session.scalars(
        select(Proposal.id)
        .outerjoin(latest, latest.c.proposal_id == Proposal.id)
        .outerjoin(
            ProposalVersion,
            and_(ProposalVersion.proposal_id == Proposal.id, ProposalVersion.position == latest.c.position),
        )
        .where(
            Proposal.state != ProposalState.DRAFT,
            or_(
                ProposalVersion.id.is_(None),
                ProposalVersion.title != Proposal.title,
                ProposalVersion.body != Proposal.body,
            ),
        )
    )
    return list(rows)


def wrong_supports() -> list[int]:
    """Proposals whose count of supports is not the number of votes for them."""
    votes = (
        select(Vote.proposal_id, func.count().label("n"))
        .where(Vote.choice == VoteChoice.FOR)
        .group_by(Vote.proposal_id)
    )
    counted = votes.subquery()
    rows = db.session.scalars(
        select(Proposal.id)
        .outerjoin(counted, counted.c.proposal_id == Proposal.id)
        .where(func.coalesce(counted.c.n, 0) != Proposal.support_count)
    )
    return list(rows)


def _roll() -> list[int]:
    """Consultations in which electors who took part are not as many as distinct tags."""
    tags = select(Vote.campaign_id, func.count(func.distinct(Vote.tag)).label("n")).group_by(Vote.campaign_id)
    seen = tags.subquery()
    took = (
        select(RollEntry.campaign_id, func.count().label("n"))
        .where(RollEntry.took_part.is_(True))
        .group_by(RollEntry.campaign_id)
        .subquery()
    )
    rows = db.session.scalars(
        select(Campaign.id)
        .outerjoin(seen, seen.c.campaign_id == Campaign.id)
        .outerjoin(took, took.c.campaign_id == Campaign.id)
        .where(func.coalesce(seen.c.n, 0) != func.coalesce(took.c.n, 0))
    )
    return list(rows)


def _openings() -> list[int]:
    """Actions without exactly one opening, or with a row in force before it, or before what corrects it."""
    row = ActionUpdate
    rows = db.session.execute(
        select(row.action_id, row.id, row.kind, row.effective_on, row.supersedes_id).order_by(row.id)
    ).all()
    superseded = {row.supersedes_id for row in rows}
    openings: dict[int, int] = {}  # action by row that opens it, or corrects what does
    count: Counter[int] = Counter()
    days: dict[int, date] = {}
    for action_id, key, kind, day, supersedes_id in rows:
        count[action_id] += kind is UpdateKind.OPENING
        if kind is UpdateKind.OPENING or supersedes_id in openings:
            openings[key] = action_id
            days[action_id] = day
    early = {
        row.action_id
        for row in rows
        if row.id not in superseded and row.kind is not UpdateKind.RETRACTION
        and row.effective_on < days.get(row.action_id, date.max)
    }  # fmt: skip
    return [key for key in db.session.scalars(select(Action.id)) if count[key] != 1 or key in early]


def _future() -> list[int]:
    """Rows of the log that say a day after the one they were written on."""
    rows = db.session.execute(select(ActionUpdate.id, ActionUpdate.effective_on, ActionUpdate.recorded_at))
    return [key for key, effective_on, recorded_at in rows if effective_on > paris_day(recorded_at)]


def _hashes() -> list[int]:
    """Frozen contents that no longer have their hash."""
    rows = db.session.execute(select(Frozen.id, Frozen.content, Frozen.sha256))
    return [key for key, content, sha256 in rows if hashlib.sha256(content.encode()).hexdigest() != sha256]


def _integrity() -> list[str]:
    """The database's own checks, where it has some."""
    if db.engine.dialect.name != "sqlite":
        return []
    problems = [str(row[0]) for row in db.session.execute(text("PRAGMA integrity_check")) if row[0] != "ok"]
    return problems + [str(tuple(row)) for row in db.session.execute(text("PRAGMA foreign_key_check"))]


def _unsent() -> list[int]:
    """Mails that the server refused until their last attempt: their subject must be told otherwise."""
    return list(db.session.scalars(select(OutboxMessage.id).where(OutboxMessage.state == OutboxState.FAILED)))


DEEP: tuple[tuple[str, Callable[[], list[int] | list[str]]], ...] = (
    ("base de données : intégrité et clés étrangères", _integrity),
    ("propositions : état égal à la dernière étape", _states),
    ("propositions : texte égal à la dernière version", _texts),
    ("soutiens : compte égal aux votes", wrong_supports),
    ("participation : votants égaux aux marques distinctes", _roll),
    ("actions : une ouverture, et rien avant elle", _openings),
    ("points : aucun jour dans le futur de leur saisie", _future),
    ("contenus figés : empreinte exacte", _hashes),
    ("courriels : aucun abandonné", _unsent),
)
