"""Values turned into text for people: dates, numbers, Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache

import nh3
from flask import Flask, current_app
from flask_babel import format_date, format_datetime, format_decimal, get_locale, gettext, ngettext
from markdown_it import MarkdownIt
from markupsafe import Markup

from tracker.enums import ActionStatus
from tracker.progress import Summary
from tracker.records import PARIS, paris_day

LINK_SCHEMES = {"https", "mailto"}
_SCHEME = re.compile("([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_BREAKABLE = re.compile("[^\\S\\u00a0\\u202f]+")  # the spaces at which a line may be broken


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """What is refused here stays text: its reader still sees the address."""
        found = _SCHEME.match(url.strip())
        return found is None or found[1].lower() in LINK_SCHEMES


_markdown = _Markdown("commonmark", {"html": False, "linkify": False, "breaks": True}).enable("table")
ALLOWED_TAGS = {
    "p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "code", "pre", "a", "hr",
    "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
# a reader's heading must stay below the page's own h1 and h2
_HEADINGS = (("<h2", "<h4"), ("</h2", "</h4"), ("<h1", "<h3"), ("</h1", "</h3"))


SHORT = 2_000  # letters: what is kept of texts stays within some 20 MB, whatever people send


def markdown_html(text: str) -> Markup:
    """Sanitised HTML of a text that a person typed: no raw HTML; links to our own pages, https and mailto."""
    return _short(text) if len(text) <= SHORT else _long(text)


def _html(text: str) -> Markup:
    rendered = _markdown.render(text)
    for old, new in _HEADINGS:
        rendered = rendered.replace(old, new)
    clean = nh3.clean(
        rendered,
        tags=ALLOWED_TAGS,
        attributes={"a": {"href"}},
        url_schemes=LINK_SCHEMES,
        link_rel="nofollow noopener noreferrer",
    )
    return Markup(clean)  # noqa: S704 - cleaned by nh3 just above


_short, _long = lru_cache(maxsize=4096)(_html), lru_cache(maxsize=128)(_html)


def plain_text(text: str, length: int = 0) -> str:
    """The text without Markdown signs, cut at a word when longer than `length` characters (0: never)."""
    bare = nh3.clean(_markdown.render(text), tags=set()).strip()
    words = _BREAKABLE.sub(" ", html.unescape(bare)).strip()
    if not length or len(words) <= length:
        return words
    return words[:length].rsplit(" ", 1)[0].rstrip(" \u00a0\u202f,;:") + " …"


def shared_length(lengths: Iterable[int], *, room: int, least: int) -> int:
    """Where to cut texts that must hold in `room` characters together; 0: nowhere, never under `least`.

    The short ones stay whole, what they leave is shared by the long ones.
    """
    waiting = sorted(lengths)
    for before, length in enumerate(waiting):
        share = room // (len(waiting) - before)
        if length > share:
            return max(share, least)
        room -= length
    return 0


def _first(text: str) -> str:
    """French says 1er."""
    return text.replace("1 ", "1er ", 1) if text.startswith("1 ") and str(get_locale()) == "fr" else text


@lru_cache(maxsize=8192)
def _long_day(value: date, locale: str) -> str:
    return _first(format_date(value, "d MMMM y", rebase=False))


def day(value: date | None) -> str:
    """12 mars 2015."""
    return "" if value is None else _long_day(value, str(get_locale()))


def short_day(value: date | None) -> str:
    """12/03/2015, for tables."""
    return "" if value is None else value.strftime("%d/%m/%Y")


def month(value: date | None) -> str:
    """mars 2015."""
    return "" if value is None else format_date(value, "MMMM y", rebase=False)


def moment(value: datetime | None) -> str:
    """12 mars 2015 à 14 h 05, Paris time."""
    if value is None:
        return ""
    local = value.astimezone(PARIS)
    pattern = gettext("'à' HH 'h' mm")
    return f"{day(local.date())} {format_datetime(local, pattern, rebase=False)}"


def today() -> date:
    """The day in Paris, now."""
    return paris_day(current_app.config["CLOCK"]())


def day_relative(value: date | None) -> str:
    """dans 3 jours, demain, hier, il y a 2 mois…"""
    if value is None:
        return ""
    days = (value - today()).days
    if days == 0:
        return gettext("aujourd'hui")
    if days == 1:
        return gettext("demain")
    if days == -1:
        return gettext("hier")
    count, unit = abs(days), "day"
    if count >= 730:
        count, unit = count // 365, "year"
    elif count >= 61:
        count, unit = count // 30, "month"
    span = {
        "day": ngettext("%(num)s jour", "%(num)s jours", count),
        "month": ngettext("%(num)s mois", "%(num)s mois", count),
        "year": ngettext("%(num)s an", "%(num)s ans", count),
    }[unit]
    return gettext("dans %(span)s", span=span) if days > 0 else gettext("il y a %(span)s", span=span)


def number(value: float | None, digits: int = 0) -> str:
    """1 234,5 with no more digits than asked."""
    if value is None:
        return "–"
    if not digits and 0 <= value < 999:  # written the same in every language, and most of what pages count
        return str(round(value))
    text: str = format_decimal(round(value, digits) if digits else round(value))
    return text


def percent(value: float | None) -> str:
    """A percentage given as 0–100, without decimals."""
    return gettext("pas encore mesurable") if value is None else gettext("%(number)s %%", number=number(value))


def quarter_words(quarter: str) -> str:
    """2017-T3 → 3ᵉ trimestre 2017."""
    year, rank = quarter.split("-T")
    ordinal = {"1": gettext("1ᵉʳ"), "2": gettext("2ᵉ"), "3": gettext("3ᵉ"), "4": gettext("4ᵉ")}[rank]
    return gettext("%(ordinal)s trimestre %(year)s", ordinal=ordinal, year=year)


def count_sentence(summary: Summary) -> str:
    """ "71 actions réalisées sur 148, 9 en retard, 12 sans nouvelles." """
    if not summary.total:
        return gettext("Aucune action pour le moment.")
    done = summary.by_status[ActionStatus.DONE]
    parts = [
        ngettext(
            "%(n)s action réalisée sur %(total)s",
            "%(n)s actions réalisées sur %(total)s",
            done,
            n=number(done),
            total=number(summary.total),
        )
    ]
    if summary.late:
        parts.append(gettext("%(n)s en retard", n=number(summary.late)))
    if summary.late_start:
        parts.append(gettext("%(n)s partant en retard", n=number(summary.late_start)))
    if summary.silent:
        parts.append(gettext("%(n)s sans nouvelles", n=number(summary.silent)))
    if summary.to_check:
        parts.append(gettext("%(n)s à vérifier", n=number(summary.to_check)))
    return ", ".join(parts) + "."


def contracted(words: str) -> str:
    """French after "à": a town writes « le service informatique », a reader expects « au service informatique ».

    The message keeps being safe or not as it was: `Markup.replace` stays Markup.
    """
    return words.replace(" à le ", " au ").replace(" à les ", " aux ")


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(
        {
            "day": day,
            "short_day": short_day,
            "month": month,
            "datetime": moment,
            "day_relative": day_relative,
            "number": number,
            "percent": percent,
            "markdown": markdown_html,
            "plain": plain_text,
            "quarter": quarter_words,
            "contracted": contracted,
        }
    )
