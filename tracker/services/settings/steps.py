"""The steps of a consultation: in order, without a hole, and never moved under the feet of who takes part.

Pure: what is already there, what is wanted, the time (design 4.4, 4.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from flask_babel import gettext

from tracker.enums import PhaseKind
from tracker.errors import Refused
from tracker.queries.campaigns import PhaseRecord
from tracker.records import paris_day, paris_instant

STEPS_MAX = 12


@dataclass(frozen=True, slots=True)
class Begun:
    """A step as it is typed: each lasts until the next one begins."""

    kind: PhaseKind
    starts_at: datetime


def chained(begun: Sequence[Begun], ends_at: datetime | None) -> tuple[PhaseRecord, ...]:
    """The steps, each until the next. Raises Refused on `steps` or `ends_on`."""
    if not begun:
        return ()
    if len(begun) > STEPS_MAX:
        raise Refused(gettext("%(n)s étapes au plus.", n=STEPS_MAX), field="steps")
    if ends_at is None:
        raise Refused(gettext("Dites quand la dernière étape se termine."), field="ends_on")
    if any(one.starts_at >= other.starts_at for one, other in pairwise(begun)):
        raise Refused(gettext("Chaque étape commence après celle qui précède : vérifiez les dates."), field="steps")
    if begun[-1].starts_at >= ends_at:
        raise Refused(gettext("La fin vient avant le début de la dernière étape."), field="ends_on")
    ends = [step.starts_at for step in begun[1:]] + [ends_at]
    return tuple(PhaseRecord(step.kind, step.starts_at, end) for step, end in zip(begun, ends, strict=True))


def check_steps(present: Sequence[PhaseRecord], wanted: Sequence[PhaseRecord], *, now: datetime, closed: bool) -> None:
    """Raise Refused when the wanted steps would change what has begun, or reopen a vote that is closed.

    `closed`: whether the voting was closed by the job, its key destroyed.
    """
    begun = [step for step in present if step.starts_at <= now]
    for at, step in enumerate(begun):
        kept = wanted[at] if at < len(wanted) else None
        if kept is None or kept.starts_at != step.starts_at:
            raise Refused(gettext("Une étape déjà commencée garde son début."), field="steps")
        if kept.kind is not step.kind:
            raise Refused(
                gettext("Une étape déjà commencée garde ce qu'elle permet : ajoutez-en une autre ensuite."),
                field="steps",
            )
        if kept.ends_at != step.ends_at and step.ends_at <= now:
            raise Refused(gettext("Une étape terminée ne change plus : ajoutez-en une autre ensuite."), field="steps")
        if kept.ends_at != step.ends_at and kept.ends_at < now:
            raise Refused(gettext("Une étape en cours se termine maintenant ou plus tard, pas avant."), field="steps")
    _check_support(present, wanted, now=now, closed=closed)
    _check_new_starts(present, wanted, len(begun), now)


def _check_support(
    present: Sequence[PhaseRecord], wanted: Sequence[PhaseRecord], *, now: datetime, closed: bool
) -> None:
    before = [step for step in present if step.kind.allows_support]
    over = closed or (bool(before) and max(step.ends_at for step in before) <= now)
    if over and [step for step in wanted if step.kind.allows_support] != before:
        raise Refused(
            gettext("Le vote est clos : aucune étape de soutien ne peut être ajoutée ni prolongée."), field="steps"
        )


def _check_new_starts(present: Sequence[PhaseRecord], wanted: Sequence[PhaseRecord], begun: int, now: datetime) -> None:
    """A step to come begins today at the earliest; one where nobody writes may follow at once what is over."""
    today = paris_instant(paris_day(now))
    for at, step in enumerate(wanted[begun:], start=begun):
        follows_what_is_over = at > 0 and at == begun and step.starts_at == present[-1].ends_at
        silent = not step.kind.allows_submission and not step.kind.allows_support
        if step.starts_at < today and not (follows_what_is_over and silent):
            raise Refused(gettext("Une étape à venir ne peut pas commencer avant aujourd'hui."), field="steps")
