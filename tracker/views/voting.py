"""What the clock allows and what is the reader's own on pages of proposals: consultations, supports, follows.

Pages are shared (views/shared.py); a vote moves no revision, so the count and the button stand in holes. A page says
first which proposals it shows, `hole("standings", ids)`, and all are then read in one statement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from flask import g, get_template_attribute, url_for
from flask_babel import ngettext
from markupsafe import Markup

from tracker.queries import campaigns, supports
from tracker.queries.campaigns import CampaignRecord
from tracker.queries.proposals import AuthorLine
from tracker.queries.supports import Standing
from tracker.security import acting, current_time
from tracker.services import votes
from tracker.views.shared import filler, fragment, lasting


def consultations(programme_ids: Collection[int] | None = None) -> tuple[CampaignRecord, ...]:
    """The consultations of these projects, or all; whether a roll is open is not to be asked of them."""
    every = fragment("consultations", make=campaigns.every)
    return tuple(one for one in every if programme_ids is None or one.programme_id in programme_ids)


def consultation(key: int | None) -> CampaignRecord | None:
    return next((one for one in consultations() if one.id == key), None)


def own_tags(asked: Iterable[CampaignRecord] | None = None) -> dict[int, str]:
    """The reader's tag in each of these consultations (all when None) whose key lives, read once per request."""
    if "own_tags" not in g:
        among = consultations() if asked is None else asked
        g.own_tags = votes.living_tags(acting(), not_closed={one.id for one in among if not one.votes_closed})
    tags: dict[int, str] = g.own_tags
    return tags


def allowed() -> tuple[tuple[bool, bool], ...]:
    """What each consultation allows now, as a part of the key of a shared page."""
    now = current_time()
    return tuple((one.allows_support(now), one.allows_submission(now)) for one in consultations())


def standings(ids: Collection[int], *, gathering: int = 0) -> dict[int, Standing]:
    """Where each proposal stands for this reader, read at once for all that a page shows.

    `gathering`: the proposal of a page into which others are regrouped.
    """
    found: dict[int, Standing] = g.setdefault("standings", {})
    missing = [key for key in ids if key not in found]
    if missing:
        found.update(supports.standings(missing, reader=acting().id, tags=own_tags(), gathering=gathering))
    return found


def support_action(number: int, *, supported: bool, back: str = "") -> str:
    """Where the button posts: to take back when there is a support, to give it otherwise."""
    endpoint = "proposals.withdraw_support" if supported else "proposals.support"
    return url_for(endpoint, number=number, retour=back or None)


@filler("standings")
def _read(ids: tuple[int, ...]) -> str:
    standings(ids)
    return ""


@filler("support")
def _support(key: int, number: int, title: str, votes_open: bool, back: str) -> str:
    standing = standings([key])[key]
    count = standing.support_count
    if not votes_open:  # so many supports are said in the same words everywhere
        return lasting("supports", count, make=lambda: _button("", False, count, "", False))
    action = support_action(number, supported=standing.supported, back=back)
    return _button(action, standing.supported, count, title, votes_open)


def _button(*said: Any) -> str:
    macro: Any = get_template_attribute("components/support.html", "support")
    return str(macro(*said))


@filler("authors")
def _authors(key: int, lines: tuple[AuthorLine, ...], shown: str) -> str:
    """The authors as everybody reads them, `shown`; with their own name said to be theirs, for who is one of them."""
    standing = standings([key])[key]
    if not standing.mine:
        return shown
    macro: Any = get_template_attribute("proposals/_parts.html", "authors")
    return str(macro(standing.seen_by(acting().name, lines)))


@filler("united")
def _united(key: int) -> str:
    """How many people support a proposal or those regrouped into it, when they are more than its own."""
    standing = standings([key])[key]
    count = standing.united_count
    if count <= standing.support_count:
        return ""
    said = ngettext(
        "%(num)s personne avec les propositions regroupées ici.",
        "%(num)s personnes avec les propositions regroupées ici.",
        count,
    )
    return Markup('<p class="form-text">{}</p>').format(said)


@filler("follow")
def _follow(key: int, number: int) -> str:
    macro: Any = get_template_attribute("proposals/_parts.html", "follow_form")
    return str(macro(number, standings([key])[key].followed))
