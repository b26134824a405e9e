"""On which page a text that names a person is read or corrected: by its table, what the page's address takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Select, select

from tracker.extensions import db
from tracker.models import (
    Action,
    Authorship,
    Decision,
    DecisionCondition,
    Letter,
    LetterBlock,
    Milestone,
    Programme,
    Proofreading,
    Proposal,
    ProposalTransition,
)

Key = tuple[str, int]  # a table, the id of a row
Args = Mapping[str, Any]

# pages known by the id of the row itself: the argument that holds it
OWN = {
    "campaign": "campaign_id",
    "department": "row_id",
    "entity": "entity_id",
    "programme": "project_id",
    "redaction": "redaction_id",
    "site": "row_id",
    "theme": "row_id",
    "working_group": "row_id",
}


def _letters(column: Any, *joined: Any) -> Select[Any]:
    found = select(column, Letter.quarter, Programme.slug).select_from(column.class_)
    for one in joined:
        found = found.join(one)
    return found.join(Programme, Programme.id == Letter.programme_id).where(Letter.number.is_(None))


# pages known by something else: the row, then what their address takes
_OTHERS: dict[str, tuple[tuple[str, ...], Any]] = {
    "action": (("number",), select(Action.id, Action.number)),
    "milestone": (("number",), select(Milestone.id, Action.number).join(Action, Action.id == Milestone.action_id)),
    # a name typed that is not displayed leads to no proposal: it would tell whose it is
    "authorship": (
        ("number",),
        select(Authorship.id, Proposal.number)
        .join(Proposal, Proposal.id == Authorship.proposal_id)
        .where(Authorship.sealed.is_(False), Proposal.number.is_not(None)),
    ),
    "proposal_transition": (
        ("number",),
        select(ProposalTransition.id, Proposal.number)
        .join(Proposal, Proposal.id == ProposalTransition.proposal_id)
        .where(Proposal.number.is_not(None)),
    ),
    "decision_condition": (
        ("number",),
        select(DecisionCondition.id, Proposal.number)
        .join(Decision, Decision.id == DecisionCondition.decision_id)
        .join(Proposal, Proposal.id == Decision.proposal_id)
        .where(Proposal.number.is_not(None)),
    ),
    "letter": (("quarter", "projet"), _letters(Letter.id)),
    "letter_block": (("quarter", "projet"), _letters(LetterBlock.id, Letter)),
    "proofreading": (("quarter", "projet"), _letters(Proofreading.letter_id, Letter)),
}


def args_of(keys: Iterable[Key]) -> dict[Key, Args]:
    """What the addresses take, for those that have a page: a statement for each table."""
    found: dict[Key, Args] = {}
    wanted: dict[str, set[int]] = {}
    for table, row_id in keys:
        if table in OWN:
            found[table, row_id] = {OWN[table]: row_id}
        elif table == "setting":
            found[table, row_id] = {}
        elif table in _OTHERS:
            wanted.setdefault(table, set()).add(row_id)
    for table, ids in wanted.items():
        names, query = _OTHERS[table]
        column = query.selected_columns[0]
        for row_id, *values in db.session.execute(query.where(column.in_(ids))):
            found[table, row_id] = dict(zip(names, values, strict=True))
    return found
