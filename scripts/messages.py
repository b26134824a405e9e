"""The catalogue of English words: gather every message of the source, and say which have no English yet.

    make messages            bring messages.po up to date with the source, compile messages.mo, list what is missing

The French sentence is the message id. A new one enters the catalogue empty: write its English in
tracker/translations/en/LC_MESSAGES/messages.po (its head is a glossary), then run this again. Sentences that are gone
leave it. tests/test_english.py calls the same functions and changes nothing.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

SOURCE = Path(__file__).resolve().parent.parent / "tracker"
WORDS = SOURCE / "translations" / "en" / "LC_MESSAGES" / "messages.po"
COMPILED = WORDS.with_suffix(".mo")
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
# `N_` (tracker/wording.py) marks a message of a table, looked up when it is shown
KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "lazy_pgettext": DEFAULT_KEYWORDS["pgettext"], "N_": None}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")


def extracted() -> Catalog:
    """Every message of the source."""
    found = Catalog(locale="en")
    for _file, _line, message, _comments, context in extract_from_dir(
        SOURCE, METHODS, {"templates/**.html": {"newstyle_gettext": "true"}}, KEYWORDS
    ):
        if message not in ("", None):
            found.add(message, None, context=context)
    return found


def written() -> Catalog:
    """The catalogue as it stands in the repository."""
    with WORDS.open("rb") as file:
        return read_po(file, locale="en")


def said(message: Message) -> tuple[str, ...]:
    """The English of a message, one for each number; empty strings when there is none."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def untranslated(source: Catalog, words: Catalog) -> Iterator[str]:
    """The messages of the source without an English of their own; a guess ("fuzzy") is none."""
    for message in source:
        if message.id:
            known = words.get(message.id, message.context)
            if known is None or known.fuzzy or ids(known) != ids(message) or not all(said(known)):
                yield ids(message)[0]


def misplaced(words: Catalog) -> Iterator[str]:
    """The messages whose English does not have the placeholders of the French, each."""
    for message in words:
        if message.id and all(said(message)):
            wanted = {frozenset(PLACEHOLDER.findall(text)) for text in ids(message)}
            most = frozenset().union(*wanted)
            # one thing may go without its number ("one name"), several may not
            *first, last = (frozenset(PLACEHOLDER.findall(text)) for text in said(message))
            if last != most or not all(text <= most for text in first):
                yield ids(message)[0]


def compiled(words: Catalog) -> bytes:
    """What the application reads, of a catalogue."""
    file = io.BytesIO()
    write_mo(file, words)
    return file.getvalue()


def main() -> int:
    words = written()
    source = extracted()
    made = words.creation_date
    words.update(source, no_fuzzy_matching=True)
    words.creation_date = made  # nothing new, nothing changed
    file = io.BytesIO()
    write_po(file, words, no_location=True, sort_output=True, ignore_obsolete=True, include_previous=False, width=120)
    WORDS.write_bytes(file.getvalue())
    words = written()
    COMPILED.write_bytes(compiled(words))
    missing, wrong = list(untranslated(source, words)), list(misplaced(words))
    for title, found in (("without English", missing), ("with other placeholders than the French", wrong)):
        if found:
            sys.stdout.write(f"{len(found)} {title}:\n" + "".join(f"  {text!r}\n" for text in found))
    sys.stdout.write(f"{len(list(source)) - 1} messages in {WORDS.name}\n")
    return 1 if missing or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
