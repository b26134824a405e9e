"""From the facts of a quarter to the blocks of its letter: plain JSON values, and no sentence but what people typed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from flask_babel import get_locale, gettext

from tracker import filters
from tracker.enums import Outcome
from tracker.letters.facts import ActionFact, AnswerFact, Facts

EDITORIAL = "editorial"
FREE = "text"
# what a rewriting does to a block: it stands before what the data says (figures and names stay), or in its place
LEADS = frozenset({"counts", "figure", "thanks"})
ORDER = (
    "editorial", "counts", "figure", "answers", "finished", "started", "late", "stopped", "thanks", "open", "dates",
)  # fmt: skip


# a list too long for anybody to read is told by its beginning, with how many are left: the rest of the actions is in
# their list, while people are thanked nowhere else than here
LONG, WHOLE, TOLD = 100, 1_000, 25
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Block:
    """One block: where its data comes from, the data, and what the editor made of it."""

    key: str
    kind: str
    source: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    edited_text: str | None = None
    hidden: bool = False
    audience: str = "all"


def letter_title(name: str, number: int | None, quarter: str) -> str:
    """La lettre du projet n° 9 · 3ᵉ trimestre 2017."""
    shown = name or gettext("La lettre du projet")
    if number is not None:
        shown = gettext("%(name)s n° %(number)s", name=shown, number=number)
    return f"{shown} · {filters.quarter_words(quarter)}"


_KEPT = re.compile(r"(?P<name>.+?)(?: n° (?P<number>\d+))? · (?P<rank>[1-4])\S+ trimestre (?P<year>\d{4})")


def told_title(title: str) -> str:
    """The title of a letter, which is kept in French, as the reader's language has it."""
    found = None if str(get_locale()) == "fr" else _KEPT.fullmatch(title)
    if found is None:
        return title
    name = gettext("La lettre du projet") if found["name"] == "La lettre du projet" else found["name"]
    return letter_title(name, int(found["number"]) if found["number"] else None, f"{found['year']}-T{found['rank']}")


def iso(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def instant(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat()


def compose(facts: Facts) -> tuple[Block, ...]:
    """The blocks of a letter in their usual order, the editorial first and empty."""
    return tuple(
        Block(key, "editorial" if key == EDITORIAL else KINDS[key], _source(facts, key), DATA[key](facts))
        for key in ORDER
    )


def _source(facts: Facts, key: str) -> dict[str, Any]:
    """Where the data of a block comes from, so that anybody can ask the same question again."""
    if key == EDITORIAL:
        return {}
    period = facts.period
    return {
        "query": f"letters.{key}",
        "params": {"project": facts.project, "quarter": period.quarter, "after": iso(period.after)},
        "as_of": iso(period.until),
        "known_at": instant(period.known_at),
    }


def _counts(facts: Facts) -> dict[str, Any]:
    figures, period = facts.figures, facts.period
    return {
        "after": iso(period.after),
        "until": iso(period.until),
        "previous": period.previous_number,
        "previous_known_at": instant(period.previous_known_at),
        "opening": {key: figures.opening.get(key, 0) for key in figures.closing},
        "corrections": figures.corrections,
        "changes": figures.changes,
        "closing": dict(figures.closing),
        "people_consulted": figures.people_consulted,
        "progress": None if figures.progress is None else round(figures.progress, 1),
        "used": figures.used,
        "left_out": figures.left_out,
        "missing": figures.missing,
    }


def _answer(answer: AnswerFact, until: date) -> dict[str, Any]:
    return {
        "decision": answer.decision_id,
        "proposal": answer.number,
        "title": answer.title,
        "outcome": answer.outcome.value,
        "motive": answer.motive.value,
        "reason": answer.reason,
        "taken_on": iso(answer.taken_on),
        "published_on": iso(answer.published_on),
        "meeting": {"id": answer.meeting_id, "on": iso(answer.meeting_on)} if answer.meeting_id else None,
        "conditions": [
            {
                "kind": condition.kind.value,
                "label": condition.label,
                "met_on": iso(condition.met_on) if condition.met_on and condition.met_on <= until else None,
            }
            for condition in answer.conditions
        ],
        "review_on": iso(answer.review_on),
        "redirected_to": answer.redirected_to,
    }


def _action(action: ActionFact) -> dict[str, Any]:
    return {
        "action": action.number,
        "title": action.title,
        "group": action.group,
        "status": action.status.value,
        "before": action.before.value if action.before else None,
        "on": iso(action.on),
        "planned_end": iso(action.planned_end),
        "first_end": iso(action.first_end),
        "newly": action.newly,
        "why": action.why,
        "update": action.update_id,
        "proposals": [{"proposal": number, "title": title} for number, title in action.proposals],
    }


def _told(name: str, found: Sequence[T], tell: Callable[[T], dict[str, Any]], *, long: int = WHOLE) -> dict[str, Any]:
    shown = found[:TOLD] if len(found) > long else found
    told: dict[str, Any] = {name: [tell(one) for one in shown]}
    return told if len(shown) == len(found) else {**told, "more": len(found) - len(shown)}


def kept_first(outcome: Outcome, number: int) -> tuple[int, int]:
    """What is retained first, then in the order of the list of outcomes and of numbers."""
    order = (Outcome.RETAINED, Outcome.DEFERRED, Outcome.REDIRECTED, Outcome.DECLINED)
    return order.index(outcome), number


def _answers(facts: Facts) -> dict[str, Any]:
    until, found = facts.period.until, facts.answers
    if len(found) <= WHOLE:
        return _told("answers", found, lambda one: _answer(one, until))
    found = tuple(sorted(found, key=lambda one: kept_first(one.outcome, one.number)))
    outcomes = Counter(one.outcome.value for one in found)
    return {**_told("answers", found, lambda one: _answer(one, until)), "outcomes": dict(outcomes)}


def _actions(name: str) -> Callable[[Facts], dict[str, Any]]:
    def data(facts: Facts) -> dict[str, Any]:
        return {**_told("actions", getattr(facts, name), _action, long=LONG), "until": iso(facts.period.until)}

    return data


def _figure(facts: Facts) -> dict[str, Any]:
    return {
        "until": iso(facts.period.until),
        "points": [
            {"on": iso(point.on), "counts": {status.value: n for status, n in point.counts.items()}}
            for point in facts.points
        ],
    }


def _thanks(facts: Facts) -> dict[str, Any]:
    groups = _told(
        "groups", facts.groups,
        lambda one: {"slug": one.slug, "name": one.name, "started": one.started, "done": one.done},
    )  # fmt: skip
    people = _told(
        "people", facts.thanks,
        lambda one: {"person": {"authorship": one.authorship_id}, "proposal": one.number},
    )  # fmt: skip
    return {**groups, **people}


def _dates(facts: Facts) -> dict[str, Any]:
    return {
        "meetings": [
            {"meeting": one.meeting_id, "title": one.title, "on": iso(one.on), "place": one.place}
            for one in facts.meetings
        ],
        "ends": [
            {"action": one.number, "title": one.title, "group": one.group, "on": iso(one.planned_end)}
            for one in facts.ends
        ],
    }


def _open(facts: Facts) -> dict[str, Any]:
    return {
        "steps": [
            {
                "campaign": step.campaign_id, "title": step.title, "kind": step.kind.value,
                "first_day": iso(step.first_day), "last_day": iso(step.last_day), "open": step.open,
            }
            for step in facts.steps
        ]
    }  # fmt: skip


DATA: dict[str, Callable[[Facts], dict[str, Any]]] = {
    EDITORIAL: lambda _facts: {},
    "counts": _counts,
    "answers": _answers,
    "finished": _actions("finished"),
    "started": _actions("started"),
    "late": _actions("late"),
    "stopped": _actions("stopped"),
    "figure": _figure,
    "thanks": _thanks,
    "open": _open,
    "dates": _dates,
}
KINDS = {
    key: "actions" if key in {"finished", "started", "late", "stopped"} else key for key in ORDER if key != EDITORIAL
}
