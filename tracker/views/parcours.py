"""The parcours of a proposal, from the idea to the result: what happened by day, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext, ngettext

from tracker import filters
from tracker.enums import ActionStatus, Origin, ProposalState
from tracker.progress import ActionState
from tracker.queries.decisions import AnswerRecord
from tracker.queries.proposal_pages import LinkedAction, ProposalPage
from tracker.workflow import PENDING

S = ProposalState


@dataclass(frozen=True, slots=True)
class Step:
    """One dated item of the line; `kind` names what the template shows, `of` is what it is about."""

    kind: str
    on: date | None
    title: str
    state: str = ""
    of: Any = None
    next: bool = False


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """An action born from the proposal, as of today; `state` is None before its opening."""

    action: LinkedAction
    state: ActionState | None

    @property
    def opened_on(self) -> date | None:
        return min((row.effective_on for row in self.state.action.updates), default=None) if self.state else None

    @property
    def is_done(self) -> bool:
        return self.state is not None and self.state.status is ActionStatus.DONE


def carried_out(page: ProposalPage, states: dict[int, ActionState]) -> tuple[CarriedOut, ...]:
    return tuple(CarriedOut(action, states.get(action.id)) for action in page.actions)


def _moved_on(page: ProposalPage, *states: ProposalState) -> date | None:
    """The day of the last move to one of these states."""
    return next((move.on for move in reversed(page.moves) if move.to_state in states), None)


def sentence(
    page: ProposalPage, answers: tuple[AnswerRecord, ...], actions: tuple[CarriedOut, ...], today: date
) -> str:
    """The state in one sentence: "Retenue le 12 mars 2015 · 2 actions, 1 réalisée"."""
    parts = [_state_words(page, answers, today)]
    if actions:
        parts.append(_actions_words(actions))
    elif page.state is S.RETAINED:
        parts.append(gettext("l'action reste à lancer"))
    elif page.state in PENDING and page.campaign is not None and page.campaign.answer_by is not None:
        parts.append(gettext("réponse attendue avant le %(day)s", day=filters.day(page.campaign.answer_by)))
    return " · ".join(parts)


def _state_words(page: ProposalPage, answers: tuple[AnswerRecord, ...], today: date) -> str:
    day = filters.day
    if page.state is S.MERGED:
        into = page.merged_into
        if into is None:
            return gettext("Regroupée avec une autre proposition")
        return gettext("Regroupée avec la n° %(number)s le %(day)s", number=into.number, day=day(into.on))
    if page.state is S.WITHDRAWN:
        return gettext("Retirée par son auteur·rice le %(day)s", day=day(_moved_on(page, S.WITHDRAWN)))
    if page.state is S.UNDER_REVIEW:
        return gettext("À l'étude depuis le %(day)s", day=day(_moved_on(page, S.UNDER_REVIEW)))
    if page.state is S.PUBLISHED or not answers:
        return gettext("Publiée le %(day)s", day=day(page.published_on))
    last = answers[-1]
    on = day(last.published_on)
    said = last.words(today)
    if page.state in {S.RETAINED, S.DECLINED}:
        return gettext("%(answer)s le %(day)s", answer=said, day=on)
    return gettext("%(answer)s (réponse du %(day)s)", answer=said, day=on)


def _actions_words(actions: tuple[CarriedOut, ...]) -> str:
    words = [ngettext("%(num)s action", "%(num)s actions", len(actions))]
    done = sum(one.is_done for one in actions)
    going = sum(one.state is not None and one.state.status is ActionStatus.IN_PROGRESS for one in actions)
    if done:
        words.append(ngettext("%(num)s réalisée", "%(num)s réalisées", done))
    if going:
        words.append(gettext("%(num)s en cours", num=going))
    return ", ".join(words)


def steps(
    page: ProposalPage, answers: tuple[AnswerRecord, ...], actions: tuple[CarriedOut, ...], *, reads_opinions: bool
) -> list[Step]:
    """What happened, the earliest first, then what is awaited."""
    found: list[tuple[int, Step]] = [*_before_the_answer(page, reads_opinions=reads_opinions)]
    found += [
        (4, Step("answer", answer.published_on, gettext("Réponse du comité de pilotage"), answer.outcome.css, answer))
        for answer in answers
    ]
    found += [(5, Step("into", tie.on, gettext("Regroupée"), "", tie)) for tie in page.ties if tie.outward]
    found += [
        (5, Step("from", tie.on, gettext("Une autre la rejoint"), "", tie)) for tie in page.ties if not tie.outward
    ]
    for one in actions:
        title = gettext("Action n° %(number)s : %(title)s", number=one.action.number, title=one.action.title)
        found.append((6, Step("action", one.opened_on, title, "retained", one)))
        if one.is_done and one.state is not None:
            found.append((7, Step("result", one.state.stated_on, gettext("Résultat"), "retained", one)))
    if page.state is S.WITHDRAWN:
        on = _moved_on(page, S.WITHDRAWN)
        found.append((8, Step("withdrawn", on, gettext("Retirée par son auteur·rice"), "withdrawn")))
    found.sort(key=lambda pair: (pair[1].on or date.max, pair[0]))
    return [step for _, step in found] + _awaited(page, actions)


def _before_the_answer(page: ProposalPage, *, reads_opinions: bool) -> list[tuple[int, Step]]:
    found: list[tuple[int, Step]] = []
    if page.origin is Origin.WORKSHOP and page.workshop_on is not None:
        found.append((0, Step("workshop", page.workshop_on, gettext("Dite en atelier"), "submitted", page)))
    elif page.submitted_on is not None:
        heard = gettext("Reçue sur papier") if page.origin is Origin.PAPER else gettext("Envoyée")
        found.append((0, Step("sent", page.submitted_on, heard, "submitted", page)))
    if page.published_on is not None:
        title = gettext("Publiée sous le n° %(number)s", number=page.number)
        found.append((1, Step("published", page.published_on, title, "published", page)))
    found += [
        (2, Step("study", move.on, gettext("Mise à l'étude"), "under-review"))
        for move in page.moves
        if move.to_state is S.UNDER_REVIEW
    ]
    opinions = page.opinions if reads_opinions else page.opinions[-1:]
    found += [(3, Step("opinion", one.on, gettext("Étudiée"), "under-review", one)) for one in opinions]
    return found


def _awaited(page: ProposalPage, actions: tuple[CarriedOut, ...]) -> list[Step]:
    if page.state in PENDING:
        by = page.campaign.answer_by if page.campaign else None
        return [Step("awaited-answer", by, gettext("Réponse du comité de pilotage, attendue"), next=True)]
    if page.state is S.RETAINED and not actions:
        return [Step("awaited-action", None, gettext("Une action à lancer"), next=True)]
    if page.state is S.RETAINED and not all(one.is_done for one in actions):
        return [Step("awaited-result", None, gettext("Le résultat, à venir"), next=True)]
    return []
