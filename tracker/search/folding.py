"""What of a text is indexed and sought, whatever the database: words without case, accents or ligatures."""

from __future__ import annotations

import re
import unicodedata

LIGATURES = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "ß": "ss"})
Text = tuple[int, str, str]  # id, title and body of a proposal
RESEMBLING_MIN, RESEMBLING_WORDS = 4, 40
_WORD = re.compile(r"\w+")
# plural and feminine endings that a prefix search does not cover by itself
_ENDINGS = re.compile(r"(?:aux|s|x)$")


def fold(value: str) -> str:
    """Lower case, without ligatures or accents: the form that is indexed and sought."""
    bare = unicodedata.normalize("NFKD", value.translate(LIGATURES))
    return "".join(c for c in bare if not unicodedata.combining(c)).lower()


def words(query: str) -> list[str]:
    """The words of what a person typed; one-letter elisions ("s'engage") are left out when others remain."""
    found = _WORD.findall(fold(query))[:12]
    return [word for word in found if len(word) > 1] or found


def stem(word: str) -> str:
    """What a text must have a word beginning with."""
    return _ENDINGS.sub("", word) if len(word) > 4 else word


def telling_stems(text_typed: str) -> list[str]:
    """The beginnings of the longer words of a text, each once, in order; of a very long text, some."""
    stems = {_ENDINGS.sub("", word) for word in _WORD.findall(fold(text_typed)) if len(word) > RESEMBLING_MIN}
    return sorted(stems)[:RESEMBLING_WORDS]
