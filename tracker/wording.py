"""The words that a town may say otherwise: « groupe de travail », « animateur·rice »… (design part 2).

The French sentences of the product stay as they are written; what a town calls otherwise is put in their place once
the sentence is found, elisions and contractions included: « l'animateur·rice » becomes « le ou la référent·e ». What
people typed is never touched: it enters a sentence afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache


def N_(message: str) -> str:
    """Mark a message that is looked up later, when it is shown: the extraction of messages sees this name."""
    return message


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the product: its key, how it is written, and the gender its sentences are built for."""

    key: str
    one: str
    many: str
    gender: str  # "m", "f", or "mf" for a word that says a woman as well as a man
    also: tuple[str, str] | None = None  # a shorter way in which sentences say it


TERMS = (
    Term("group", "groupe de travail", "groupes de travail", "m", ("groupe", "groupes")),
    Term("lead", "animateur·rice", "animateur·rices", "mf"),
    Term("pilot", "pilote", "pilotes", "mf"),
    Term("steering", "comité de pilotage", "comités de pilotage", "m"),
    Term("theme", "thème", "thèmes", "m"),
    Term("proposal", "proposition", "propositions", "f"),
)
Labels = tuple[tuple[str, str, str], ...]  # key, one, many; sorted
NONE: Labels = ()
# a word of a label: letters, and what holds them together; never a mark of a sentence or of a format
PLAIN = re.compile(r"[^\W\d_]+(?:[ ’'·-][^\W\d_]+)*")
_MUTE = re.compile("[aeiouyhàâäéèêëîïôöùûüœæ]", re.IGNORECASE)
# what stands before a word that begins with a consonant, and with a vowel
_BEFORE = {
    "m": (("le", "l'"), ("du", "de l'"), ("au", "à l'"), ("ce", "cet"), ("de", "d'"), ("que", "qu'"), ("beau", "bel")),
    "f": (("la", "l'"), ("de", "d'"), ("ma", "mon"), ("sa", "son"), ("ta", "ton"), ("que", "qu'")),
    "mf": (
        ("au ou à la", "à l'"), ("du ou de la", "de l'"), ("le ou la", "l'"), ("le", "l'"), ("la", "l'"), ("de", "d'"),
        ("que", "qu'"),
    ),
}  # fmt: skip


def labels_of(kept: Mapping[str, object] | None) -> Labels:
    """The labels as they are kept in the settings: {key: [one, many]}."""
    known = {term.key for term in TERMS}
    pairs = [(key, *value) for key, value in (kept or {}).items() if key in known and isinstance(value, list)]
    return tuple(sorted((str(key), str(one), str(many)) for key, one, many in pairs))


def reworded(text: str, labels: Labels) -> str:
    """A sentence of the product in the town's words."""
    for pattern, words, gender in _rules(labels):
        text = pattern.sub(lambda found, w=words, g=gender: _put(found, w, g), text)  # type: ignore[misc]
    return text


@lru_cache(maxsize=16)
def _rules(labels: Labels) -> tuple[tuple[re.Pattern[str], dict[str, str], str], ...]:
    terms = {term.key: term for term in TERMS}
    rules = []
    for key, one, many in labels:
        term = terms[key]
        words = {term.one: one, term.many: many}
        if term.also is not None:
            words |= {term.also[0]: one, term.also[1]: many}
        spelt = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
        before = sorted({part for pair in _BEFORE[term.gender] for part in pair}, key=len, reverse=True)
        openings = "|".join(part if part.endswith("'") else f"{part} " for part in before)
        pattern = re.compile(rf"(?<![\w(])(?P<before>{openings})?(?P<word>{spelt})(?!\w)", re.IGNORECASE)
        rules.append((pattern, words, term.gender))
    return tuple(rules)


def _put(found: re.Match[str], words: Mapping[str, str], gender: str) -> str:
    word, before = found["word"], found["before"] or ""
    new = words[word.lower()]
    if before:
        before = _agreed(before, word, new, gender)
    elif word[0].isupper():
        new = new[0].upper() + new[1:]
    return before + new


def _agreed(before: str, old: str, new: str, gender: str) -> str:
    """What stands before a word, as the new word wants it."""
    said = before.strip().lower()
    was_mute, is_mute = bool(_MUTE.match(old)), bool(_MUTE.match(new))
    if was_mute == is_mute:
        return before
    for plain, mute in _BEFORE[gender]:
        old_form, new_form = (mute, plain) if was_mute else (plain, mute)
        if said == old_form:
            new_form = new_form if new_form.endswith("'") else f"{new_form} "
            return new_form[0].upper() + new_form[1:] if before[0].isupper() else new_form
    return before
