"""Answers of the steering committee: taken, changed until they are published, published, their conditions met.

A decision counts from its publication, for everybody (design 4.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext
from sqlalchemy import select

from tracker import filters, validation, workflow
from tracker.enums import ConditionKind, Motive, Outcome
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db
from tracker.models import Decision, DecisionCondition, Meeting, Proposal
from tracker.permissions import Permission, require
from tracker.queries import decisions as queries
from tracker.records import Actor, paris_day
from tracker.services import history, transitions


@dataclass(frozen=True, slots=True)
class AnswerInput:
    """What the committee says. The day is the meeting's when there is one."""

    outcome: Outcome
    motive: Motive
    reason: str
    conditions: tuple[tuple[ConditionKind, str], ...] = ()
    review_on: date | None = None
    redirected_to: str = ""
    meeting_id: int | None = None
    taken_on: date | None = None


def check_answer(answer: AnswerInput, *, taken_on: date, today: date, proposed_on: date | None) -> AnswerInput:
    """The same, cleaned; pure. Raises Refused naming the field.

    Nothing typed is dropped in silence: what does not go with the outcome is refused.
    """
    outcome = answer.outcome
    validation.project_date(taken_on, field="taken_on")
    if taken_on > today:
        raise Refused(gettext("Cette date est à venir : une décision se note une fois prise."), field="taken_on")
    if proposed_on is not None and taken_on < proposed_on:
        raise Refused(
            gettext("La proposition n'a été publiée que le %(day)s.", day=filters.day(proposed_on)), field="taken_on"
        )
    reason = validation.reason(answer.reason)
    conditions = tuple((kind, validation.label(label, field="conditions")) for kind, label in answer.conditions)
    if conditions and outcome is not Outcome.RETAINED:
        raise Refused(gettext("Des conditions ne vont qu'avec « retenue » : effacez-les."), field="conditions")
    redirected_to = validation.text(
        answer.redirected_to, field="redirected_to", limit=validation.LABEL_MAX, required=False, multiline=False
    )
    if outcome is Outcome.REDIRECTED and not redirected_to:
        raise Refused(gettext("Dites vers qui elle est orientée."), field="redirected_to")
    if redirected_to and outcome is not Outcome.REDIRECTED:
        raise Refused(gettext("Ceci ne va qu'avec « orientée » : effacez-le."), field="redirected_to")
    _check_review(answer, taken_on=taken_on)
    return AnswerInput(
        outcome=outcome, motive=answer.motive, reason=reason, conditions=conditions, review_on=answer.review_on,
        redirected_to=redirected_to, meeting_id=answer.meeting_id, taken_on=taken_on,
    )  # fmt: skip


def _check_review(answer: AnswerInput, *, taken_on: date) -> None:
    if answer.outcome is not Outcome.DEFERRED:
        if answer.review_on is not None:
            raise Refused(gettext("Cette date ne va qu'avec « reportée » : effacez-la."), field="review_on")
        return
    if answer.review_on is None:
        raise Refused(gettext("Dites quand elle sera revue."), field="review_on")
    validation.project_date(answer.review_on, field="review_on")
    if answer.review_on <= taken_on:
        raise Refused(gettext("Cette date doit suivre la décision."), field="review_on")


def take(*, proposal_id: int, answer: AnswerInput, actor: Actor, now: datetime) -> Decision:
    """Note a decision; the proposal stays as it is until the publication. Said again word for word, it is the same one.

    Raises Forbidden, Refused, IllegalTransition, Conflict when one already waits to be published.
    """
    proposal = db.session.get(Proposal, proposal_id, with_for_update=True)
    if proposal is None:
        raise NotFound(gettext("Cette proposition n'existe pas."))
    require(actor, Permission.DECISION_TAKE, proposal)
    waiting = _waiting(proposal.id)
    if waiting is not None:
        present = db.session.get_one(Decision, waiting)
        if _said(present) == _checked(answer, proposal, now):
            return present
        raise Conflict(gettext("Une décision est déjà prise pour cette proposition, et pas encore publiée."))
    checked = _checked(answer, proposal, now)
    decision = Decision(proposal_id=proposal.id, recorded_at=now)
    _fill(decision, checked)
    db.session.add(decision)
    db.session.flush()
    history.record(
        actor=actor, now=now, verb="decision:take", subject="decision", subject_id=decision.id,
        programme_id=proposal.programme_id,
        changes={"proposal": proposal.number, "outcome": [None, decision.outcome.value]},
    )  # fmt: skip
    db.session.flush()
    return decision


def edit(*, decision_id: int, answer: AnswerInput, seen: str, actor: Actor, now: datetime) -> Decision:
    """Change a decision that is not published yet; `seen` is the digest of what was being edited.

    Raises Forbidden, Refused, Conflict when it is published or was changed meanwhile.
    """
    decision = _unpublished(decision_id, actor)
    checked = _checked(answer, decision.proposal, now)
    if _said(decision) == checked:
        return decision
    if _digests([decision.id]).get(decision.id) != seen:
        raise Conflict(gettext("Quelqu'un a changé cette décision entre-temps : relisez-la avant d'écrire par-dessus."))
    before = _plain(decision)
    for condition in list(decision.conditions):
        db.session.delete(condition)
    decision.conditions = []
    _fill(decision, checked)
    db.session.flush()
    after = _plain(decision)
    changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    history.record(
        actor=actor, now=now, verb="decision:edit", subject="decision", subject_id=decision.id,
        programme_id=decision.proposal.programme_id, changes={"proposal": decision.proposal.number, **changes},
    )  # fmt: skip
    db.session.flush()
    return decision


def discard(*, decision_id: int, actor: Actor, now: datetime, seen: str | None = None) -> None:
    """Forget a decision that was never published; `seen` is the digest of the one that was read.

    Raises Forbidden, NotFound, Conflict.
    """
    decision = _unpublished(decision_id, actor)
    if seen and _digests([decision.id]).get(decision.id) != seen:
        raise Conflict(gettext("Quelqu'un a changé cette décision entre-temps : relisez-la avant de la supprimer."))
    _forget(decision, actor=actor, now=now)


def discard_with_proposal(proposal: Proposal, *, now: datetime) -> None:
    """Forget the decision that waits on a proposal its author takes back: it would never be published.

    The trace names nobody: the one who acts is the author, and the name may not be displayed.
    """
    waiting = _waiting(proposal.id)
    if waiting is not None:
        _forget(db.session.get_one(Decision, waiting, with_for_update=True), actor=None, now=now)


def _forget(decision: Decision, *, actor: Actor | None, now: datetime) -> None:
    proposal = decision.proposal
    history.record(
        actor=actor, now=now, verb="decision:discard", subject="decision", subject_id=decision.id,
        programme_id=proposal.programme_id,
        changes={"proposal": proposal.number, "outcome": [decision.outcome.value, None]},
    )  # fmt: skip
    for condition in list(decision.conditions):
        db.session.delete(condition)
    db.session.flush()
    db.session.delete(decision)
    db.session.flush()


def publish(*, seen: Mapping[int, str], actor: Actor, now: datetime) -> list[Decision]:
    """Publish several decisions by one act, each exactly as previewed: `seen` gives id → digest. All or none.

    Published a moment ago, they are told again. Raises Refused when none is chosen, Forbidden, Conflict,
    IllegalTransition.
    """
    if not seen:
        raise Refused(gettext("Choisissez au moins une décision à publier."), field="decision")
    if set(seen) <= set(db.session.scalars(history.just_made("decision:publish", actor=actor, now=now))):
        return [db.session.get_one(Decision, key) for key in sorted(seen)]
    decisions = [_unpublished(key, actor, Permission.DECISION_PUBLISH) for key in sorted(seen)]
    digests = _digests(seen)
    day = paris_day(now)
    for decision in decisions:
        proposal = decision.proposal
        if digests.get(decision.id) != seen[decision.id]:
            raise Conflict(
                gettext(
                    "La décision sur la n° %(number)s a changé depuis l'aperçu : relisez-le.", number=proposal.number
                )
            )
        before = proposal.state
        transitions.move(proposal, decision.outcome.state, effective_on=day, now=now, decision=decision)
        decision.published_on = day
        decision.published_at = now
        history.record(
            actor=actor, now=now, verb="decision:publish", subject="decision", subject_id=decision.id,
            programme_id=proposal.programme_id,
            changes={"proposal": proposal.number, "state": [before.value, proposal.state.value]},
        )  # fmt: skip
    db.session.flush()
    return decisions


def meet_condition(*, condition_id: int, met_on: date | None, actor: Actor, now: datetime) -> DecisionCondition:
    """Say on which day a condition was met, or that it is not met after all (None).

    Raises Forbidden, NotFound, Refused (field `met_on`).
    """
    condition = db.session.get(DecisionCondition, condition_id, with_for_update=True)
    decision = db.session.get(Decision, condition.decision_id) if condition is not None else None
    if condition is None or decision is None:
        raise NotFound(gettext("Cette condition n'existe pas."))
    require(actor, Permission.DECISION_TAKE, decision.proposal)
    if decision.published_on is None:
        raise Refused(gettext("Cette décision n'est pas publiée : modifiez-la plutôt."), field="met_on")
    if met_on is not None:
        validation.project_date(met_on, field="met_on")
        if met_on > paris_day(now):
            raise Refused(gettext("Cette date est à venir : notez-la une fois la condition remplie."), field="met_on")
    before = condition.met_on
    if before == met_on:
        return condition
    condition.met_on = met_on
    history.record(
        actor=actor, now=now, verb="decision:condition", subject="decision", subject_id=decision.id,
        programme_id=decision.proposal.programme_id,
        changes={
            "proposal": decision.proposal.number,
            "condition": condition.id,
            "met_on": [before.isoformat() if before else None, met_on.isoformat() if met_on else None],
        },
    )  # fmt: skip
    db.session.flush()
    return condition


def _waiting(proposal_id: int) -> int | None:
    return db.session.scalar(
        select(Decision.id).where(Decision.proposal_id == proposal_id, Decision.published_on.is_(None)).limit(1)
    )


def _unpublished(decision_id: int, actor: Actor, permission: Permission = Permission.DECISION_TAKE) -> Decision:
    """A decision that may still change. Raises NotFound, Forbidden, Conflict when it is published."""
    decision = db.session.get(Decision, decision_id, with_for_update=True)
    if decision is None:
        raise NotFound(gettext("Cette décision n'existe plus."))
    require(actor, permission, decision.proposal)
    if decision.published_on is not None:
        raise Conflict(
            gettext(
                "La décision sur la n° %(number)s est déjà publiée : une nouvelle décision peut la suivre.",
                number=decision.proposal.number,
            )
        )
    return decision


def _checked(answer: AnswerInput, proposal: Proposal, now: datetime) -> AnswerInput:
    """The answer with its day, acceptable for this proposal today. Raises Refused, IllegalTransition."""
    workflow.check_proposal_move(proposal.state, answer.outcome.state)
    today = paris_day(now)
    taken_on = answer.taken_on
    if answer.meeting_id is not None:
        meeting = db.session.get(Meeting, answer.meeting_id)
        if meeting is None or meeting.programme_id != proposal.programme_id:
            raise Refused(gettext("Choisissez une réunion de ce projet."), field="meeting_id")
        if meeting.held_on > today:
            raise Refused(gettext("Cette réunion n'a pas encore eu lieu."), field="meeting_id")
        if proposal.published_on is not None and meeting.held_on < proposal.published_on:
            raise Refused(gettext("Cette réunion est avant la publication de la proposition."), field="meeting_id")
        taken_on = meeting.held_on
    if taken_on is None:
        raise Refused(gettext("Donnez la réunion, ou la date de la décision."), field="taken_on")
    return check_answer(answer, taken_on=taken_on, today=today, proposed_on=proposal.published_on)


def _fill(decision: Decision, answer: AnswerInput) -> None:
    if answer.taken_on is None:
        raise ValueError("an answer is checked, hence dated, before it is written")
    decision.outcome = answer.outcome
    decision.motive = answer.motive
    decision.reason = answer.reason
    decision.review_on = answer.review_on
    decision.redirected_to = answer.redirected_to or None
    decision.meeting_id = answer.meeting_id
    decision.taken_on = answer.taken_on
    decision.conditions = [DecisionCondition(kind=kind, label=label) for kind, label in answer.conditions]


def _said(decision: Decision) -> AnswerInput:
    """What a decision says, as it would be typed."""
    return AnswerInput(
        outcome=decision.outcome, motive=decision.motive, reason=decision.reason, review_on=decision.review_on,
        redirected_to=decision.redirected_to or "", meeting_id=decision.meeting_id, taken_on=decision.taken_on,
        conditions=tuple((one.kind, one.label) for one in sorted(decision.conditions, key=lambda one: one.id)),
    )  # fmt: skip


def _plain(decision: Decision) -> dict[str, object]:
    """What the trace keeps of a decision: its values, not its text (texts may have to be withdrawn one day)."""
    return {
        "outcome": decision.outcome.value,
        "motive": decision.motive.value,
        "taken_on": decision.taken_on.isoformat(),
        "review_on": decision.review_on.isoformat() if decision.review_on else None,
        "meeting": decision.meeting_id,
        "conditions": sorted(condition.kind.value for condition in decision.conditions),
    }


def _digests(keys: Mapping[int, str] | list[int]) -> dict[int, str]:
    """The present digest of each decision, from the rows as they are in this transaction."""
    db.session.flush()
    return {record.id: record.digest for record in queries.by_ids(list(keys))}
