"""What the addresses of lists say, the same for every noun: a member of an enum, a theme, a sort."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TypeVar

from flask import request
from flask_babel import gettext

from tracker.queries.projects import Choice
from tracker.validation import slugify
from tracker.views.frame import Link, with_args

E = TypeVar("E", bound=StrEnum)
WITHOUT = "sans"  # the bucket of what is missing


def chosen(members: Iterable[E], name: str) -> E | None:
    """The member whose value an argument of the address gives, or None."""
    value = request.args.get(name, "")
    return next((member for member in members if member.value == value), None)


def word(member: StrEnum) -> str:
    """The French word of a choice, as addresses carry it."""
    return slugify(getattr(member, "message", member.value))


def member(kind: type[E], text: str) -> E | None:
    """The choice of that French word, or of that value."""
    return next((one for one in kind if text in {word(one), one.value, one.value.replace("_", "-")}), None)


def options(choices: Iterable[Choice], every: str, none: str) -> list[tuple[str, str]]:
    """The choices of a filter, between no filter and what has none."""
    return [("", every), *((one.slug, one.name) for one in choices), (WITHOUT, none)]


def theme_options(themes: Iterable[Choice]) -> list[tuple[str, str]]:
    return options(themes, gettext("Tous les thèmes"), gettext("Sans thème"))


def employer_options(employers: Iterable[Choice]) -> list[tuple[str, str]]:
    return options(employers, gettext("Tous les employeurs"), gettext("Sans employeur"))


def sorts(labels: Sequence[tuple[str, str]], current: str) -> list[Link]:
    """The links that sort a list; the first is the default and needs no argument."""
    default = labels[0][0]
    return [Link(with_args(tri=None if key == default else str(key)), label, key == current) for key, label in labels]
