"""Proposals brought from elsewhere, with their counts."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update

from tracker import search
from tracker.enums import ProposalState, TallyChoice
from tracker.extensions import db
from tracker.imports.issues import Issues
from tracker.imports.mapping import Mapping
from tracker.imports.proposals import ProposalImport
from tracker.models import (
    Authorship,
    ExternalRef,
    ImportedTally,
    Proposal,
    ProposalTransition,
    ProposalVersion,
    proposal_entity,
)
from tracker.records import Actor
from tracker.services import history
from tracker.services.bulk import insert_all
from tracker.services.importing.places import Places
from tracker.services.importing.results import (
    ImportResult,
    Known,
    batches,
    digest_of,
    insert_origins,
    known_rows,
    reserve_numbers,
)

DRAFT, SUBMITTED, PUBLISHED = ProposalState.DRAFT, ProposalState.SUBMITTED, ProposalState.PUBLISHED


def import_proposals(
    records: Sequence[ProposalImport], *, mapping: Mapping, actor: Actor | None, now: datetime
) -> ImportResult:
    """Write proposals that are new or say something new; flushes, never commits."""
    issues = Issues()
    known = known_rows(mapping.source, of_actions=False, issues=issues)
    fresh = sorted((one for one in records if one.source_id not in known), key=lambda one: (one.sent_on, one.line))
    moved = [one for one in records if one.source_id in known and known[one.source_id].digest != digest_of(one)]
    if not fresh and not moved and not issues.errors:
        return ImportResult(0, 0, len(records), ())
    places = Places(mapping, issues)
    if issues.errors or not places.find(records):
        return ImportResult(0, 0, 0, issues.sorted())
    writer = _Writer(mapping, places, actor, now, issues)
    for batch in batches(fresh):
        writer.create(batch)
    for record in moved:
        writer.change(record, known[record.source_id])
    if fresh or moved:
        history.bump(places.programme_id)
    db.session.flush()
    unchanged = len(records) - len(fresh) - len(moved)
    return ImportResult(len(fresh), len(moved), unchanged, issues.sorted())


class _Writer:
    def __init__(self, mapping: Mapping, places: Places, actor: Actor | None, now: datetime, issues: Issues) -> None:
        self.mapping = mapping
        self.places = places
        self.actor = actor
        self.now = now
        self.issues = issues

    def create(self, records: Sequence[ProposalImport]) -> None:
        """Many proposals in a dozen statements."""
        published = [one for one in records if one.state is PUBLISHED]
        taken = iter(reserve_numbers("proposal", len(published)) if published else ())
        rows = [self._row(one, next(taken) if one.state is PUBLISHED else None) for one in records]
        insert_all(Proposal, rows)
        keys = [row["draft_key"] for row in rows]
        by_key = dict(
            db.session.execute(select(Proposal.draft_key, Proposal.id).where(Proposal.draft_key.in_(keys))).all()
        )
        made = [(by_key[key], one) for key, one in zip(keys, records, strict=True)]
        insert_all(ProposalVersion, [self._version(key, one, 1) for key, one in made])
        insert_all(ProposalTransition, [step for key, one in made for step in self._steps(key, one)])
        insert_all(
            Authorship,
            [{"proposal_id": key, "number": one.author} for key, one in made if one.author is not None],
        )
        insert_all(
            proposal_entity,
            [
                {"proposal_id": key, "entity_id": entity_id}
                for key, one in made
                for entity_id in self.places.entity_ids(one.entities)
            ],
        )
        insert_all(ImportedTally, [row for key, one in made for row in self._tallies(key, one)])
        insert_origins(
            made, source=self.mapping.source, subject="proposal", programme_id=self.places.programme_id,
            actor=self.actor, now=self.now,
        )  # fmt: skip
        search.index_many([(key, one.title, one.body) for key, one in made if one.state is PUBLISHED])

    def _row(self, record: ProposalImport, number: int | None) -> dict[str, Any]:
        return {
            "programme_id": self.places.programme_id,
            "number": number,
            "draft_key": secrets.token_urlsafe(32),
            "theme_id": self.places.theme(record.theme),
            "title": record.title,
            "body": record.body,
            "state": record.state,
            "origin": record.origin,
            "created_on": record.sent_on,
            "submitted_on": record.sent_on,
            "published_on": record.sent_on if number is not None else None,
        }

    def _version(self, proposal_id: int, record: ProposalImport, position: int) -> dict[str, Any]:
        return {
            "proposal_id": proposal_id,
            "position": position,
            "title": record.title,
            "body": record.body,
            "recorded_at": self.now,
        }

    def _steps(self, proposal_id: int, record: ProposalImport) -> list[dict[str, Any]]:
        """Sent and published on the same day; what the source put aside was never published here."""
        reason = None if record.state is PUBLISHED else _("Mise de côté à la source (%(s)s).", s=self.mapping.source)
        moves = ((DRAFT, SUBMITTED, None), (SUBMITTED, record.state, reason))
        return [
            {
                "proposal_id": proposal_id,
                "from_state": before,
                "to_state": after,
                "effective_on": record.sent_on,
                "recorded_at": self.now,
                "reason": why,
            }
            for before, after, why in moves
        ]

    def _tallies(self, proposal_id: int, record: ProposalImport) -> list[dict[str, Any]]:
        tallies = self.mapping.tallies
        if tallies is None:
            return []
        return [
            {"proposal_id": proposal_id, "source": tallies.source, "choice": choice, "count": count}
            for choice, count in record.tallies
        ]

    def change(self, record: ProposalImport, known: Known) -> None:
        """Bring a proposal to what the source now says: a new version of its text, its theme, its counts."""
        proposal = db.session.get_one(Proposal, known.target_id)
        changes: dict[str, Any] = {}
        if (proposal.title, proposal.body) != (record.title, record.body):
            changes["title"] = [proposal.title, record.title]
            last = select(func.max(ProposalVersion.position)).where(ProposalVersion.proposal_id == proposal.id)
            position = (db.session.scalar(last) or 0) + 1
            insert_all(ProposalVersion, [self._version(proposal.id, record, position)])
            proposal.title, proposal.body = record.title, record.body
            if proposal.number is not None:
                search.index_proposal(proposal.id, title=record.title, body=record.body)
        theme_id = self.places.theme(record.theme)
        if proposal.theme_id != theme_id:
            changes["theme_id"] = [proposal.theme_id, theme_id]
            proposal.theme_id = theme_id
        if record.state is not PUBLISHED and proposal.state is PUBLISHED:
            self.issues.warn(
                _("La source l'a mise de côté depuis : elle reste publiée ici, la modération décide."),
                line=record.line,
                value=record.source_id,
            )
        counts = self._change_tallies(proposal.id, record)
        if counts:
            changes["tallies"] = counts
        db.session.execute(
            update(ExternalRef)
            .where(ExternalRef.id == known.ref_id)
            .values(digest=digest_of(record), flags=list(record.flags))
        )
        history.record(
            actor=self.actor, now=self.now, verb="proposal:import", subject="proposal", subject_id=proposal.id,
            programme_id=proposal.programme_id, changes=changes,
        )  # fmt: skip

    def _change_tallies(self, proposal_id: int, record: ProposalImport) -> list[Any]:
        if self.mapping.tallies is None:
            return []
        same_source = (ImportedTally.proposal_id == proposal_id, ImportedTally.source == self.mapping.tallies.source)
        rows = db.session.execute(select(ImportedTally.choice, ImportedTally.count).where(*same_source))
        before: dict[TallyChoice, int] = dict(rows.all())
        after = dict(record.tallies)
        if before == after:
            return []
        db.session.execute(delete(ImportedTally).where(*same_source))
        insert_all(ImportedTally, self._tallies(proposal_id, record))
        return [{one.value: count for one, count in counts.items()} for counts in (before, after)]
