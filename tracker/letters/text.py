"""A letter as plain text, and a block as the Markdown that an editor starts rewriting from."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable

from flask_babel import gettext

from tracker import filters
from tracker.letters import words
from tracker.letters.chart import STACK
from tracker.letters.parts import Document, Entry, Section

WIDTH = 72
Address = Callable[[str, int | str], str]


def text_of(letter: Document, address: Address) -> str:
    """The letter for readers of plain text; `address` gives the full address of ("letter", 9), ("proposal", 48)…"""
    parts = [_banner(letter)]
    parts += [_section(section, letter) for section in letter.sections]
    if letter.number is not None:
        parts.append(_wrapped(gettext("Lire cette lettre en ligne :")) + "\n" + address("letter", letter.number))
    return "\n\n\n".join(parts) + "\n"


def _wrapped(text: str, indent: str = "") -> str:
    """Folded at 72 columns, paragraph by paragraph; addresses are never cut."""
    folded = [
        textwrap.fill(
            " ".join(part.split()), WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False,
            break_on_hyphens=False,
        )
        for part in text.split("\n\n")
        if part.strip()
    ]  # fmt: skip
    return "\n\n".join(folded)


def _markdown(text: str) -> str:
    """What a person typed, its lines kept: Markdown is made to be read as it is."""
    return "\n".join(_wrapped(line) if len(line) > WIDTH else line for line in text.splitlines())


def _banner(letter: Document) -> str:
    return "\n".join([letter.title.upper(), letter.project, letter.figures_day, "=" * WIDTH])


def _section(section: Section, letter: Document) -> str:
    parts = [section.title + "\n" + "-" * min(WIDTH, len(section.title))]
    if section.written:
        parts.append(_markdown(section.written))
    if section.reading:
        parts.append(_wrapped(section.reading))
    if section.counts:
        parts.append(_counts(section, letter))
    if section.points:
        parts.append(_last_point(section))
    parts += [_entry(entry) for entry in section.entries]
    if section.people:
        parts.append(_wrapped(_people(section)))
    if section.more:
        parts.append(_wrapped(section.more))
    return "\n\n".join(parts)


def _people(section: Section) -> str:
    named = (f"{one.name} ({', '.join(link.label for link in one.proposals)})" for one in section.people)
    return gettext("À l'origine de ce qui vient d'être retenu ou réalisé : %(names)s.", names=", ".join(named))


def _counts(section: Section, letter: Document) -> str:
    lines = []
    for row in section.counts:
        label = ("  " if row.part else "") + row.label
        moved = f"({words.signed(row.changes)})"
        if row.corrections:
            moved = gettext("(%(moved)s, correction %(corrected)s)", moved=words.signed(row.changes),
                            corrected=words.signed(row.corrections))  # fmt: skip
        lines.append(f"{label:.<44} {filters.number(row.closing):>6}  {moved}")
    note = gettext("Entre parenthèses : depuis le %(day)s.", day=filters.day(letter.after))
    return "\n".join([*lines, "", _wrapped(note)])


def _last_point(section: Section) -> str:
    last = section.points[-1]
    total = max(1, last.total)
    return "\n".join(
        f"{words.status_plural(status):<12} {'#' * max(1, round(40 * count / total))} {count}"
        for status in STACK
        if (count := last.counts.get(status, 0))
    )


def _entry(entry: Entry) -> str:
    head = f"* {entry.title}"
    if entry.on is not None and not entry.tag:
        head = "* " + gettext("%(what)s : %(words)s", what=filters.day(entry.on), words=entry.title)
    details = [entry.link.label] if entry.link is not None and entry.link.label else []
    if entry.tag:
        details.append(entry.tag)
    parts = [textwrap.fill(head, WIDTH, subsequent_indent="  ", break_on_hyphens=False)]
    if details:
        parts.append(_wrapped(" · ".join(details), "  "))
    if entry.text:
        parts.append(_wrapped(entry.text, "  "))
    if entry.origins:
        parts.append(_wrapped(_origins(entry), "  "))
    if entry.notes:
        parts.append(_wrapped(" ".join(entry.notes), "  "))
    return "\n".join(parts)


def _origins(entry: Entry) -> str:
    return gettext("Née de la proposition %(which)s.", which=gettext(" ; ").join(link.label for link in entry.origins))


def markdown_of(section: Section) -> str:
    """What the data says of a block, as Markdown: where an editor's rewriting begins."""
    if section.written:
        return section.written
    lines = [section.reading] if section.reading else []
    if section.kind in {"counts", "figure", "thanks"}:
        return "\n".join(lines)  # figures and names stay beside the text: only the sentence is rewritten
    told = [*(_entry_markdown(entry) for entry in section.entries), section.more]
    return "\n\n".join(filter(None, [*lines, *told]))


def _entry_markdown(entry: Entry) -> str:
    head = f"**{entry.title}**"
    details: Iterable[str] = filter(None, [entry.link.label if entry.link else "", entry.tag])
    tail = ", ".join(details)
    if entry.on is not None and not entry.tag:
        tail = ", ".join(filter(None, [filters.day(entry.on), tail]))
    said = " ".join(filter(None, [entry.text.strip(), _origins(entry) if entry.origins else "", *entry.notes]))
    return f"- {head} ({tail}). {said}".rstrip() if tail else f"- {head}. {said}".rstrip()
