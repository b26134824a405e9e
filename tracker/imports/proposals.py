"""Rows of somebody's consultation to proposals, with the counts brought from there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from flask_babel import gettext as _

from tracker import validation
from tracker.enums import Origin, ProposalState, TallyChoice
from tracker.errors import Refused
from tracker.imports.cells import Cells, rows_of
from tracker.imports.csvfile import CsvTable
from tracker.imports.htmltext import escape_markdown, html_to_markdown
from tracker.imports.issues import Issues
from tracker.imports.mapfile import ORIGINS, STATES
from tracker.imports.mapping import Mapping

E = TypeVar("E", bound=StrEnum)
TITLE_SHORTENED = "title_shortened"
BODY_SHORTENED = "body_shortened"
BODY_EMPTY = "body_empty"
# "u00412", "auteur-12", "12": a sign or a word, then the number that alone is kept
_REFERENCE = re.compile(r"(?:[a-z]{1,8}[-_ ]?)?(\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ProposalImport:
    """One proposal; its author is a number at the source, never a name."""

    line: int
    source_id: str
    title: str
    body: str
    theme: str
    entities: tuple[str, ...]
    author: int | None
    sent_on: date
    state: ProposalState
    origin: Origin
    tallies: tuple[tuple[TallyChoice, int], ...]
    flags: tuple[str, ...]


def read_proposals(table: CsvTable, mapping: Mapping, issues: Issues) -> tuple[ProposalImport, ...]:
    """Make the proposals of a file; rows at fault are left out, each fault among `issues`."""
    found = (_Reader(cells).proposal() for cells in rows_of(table, mapping, issues))
    return tuple(proposal for proposal in found if proposal is not None)


class _Reader:
    """Makes one proposal of one row."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.mapping = cells.mapping
        self.flags: list[str] = []

    def proposal(self) -> ProposalImport | None:
        cells = self.cells
        title, full_title = self.title()
        body = self.body(full_title)
        theme = cells.name(cells.text("theme"), "theme")
        entities = cells.names("entities")
        author, sent_on = self.author(), self.sent_on()
        state, origin, tallies = self.state(), self.origin(), self.tallies()
        if cells.failed or sent_on is None:
            return None
        return ProposalImport(
            line=cells.line,
            source_id=cells.source_id(),
            title=title,
            body=body,
            theme=theme,
            entities=entities,
            author=author,
            sent_on=sent_on,
            state=state,
            origin=origin,
            tallies=tallies,
            flags=tuple(self.flags),
        )

    def title(self) -> tuple[str, str]:
        """The title, and the whole of it when it had to be shortened."""
        cells = self.cells
        whole = validation.clean_text(cells.text("title"), multiline=False)
        if len(whole) <= validation.TITLE_MAX:
            try:
                return validation.title(whole), ""
            except Refused as refused:
                cells.error(refused.message, cells.column("title"), whole)
                return "", ""
        cut = whole[: validation.TITLE_MAX - 1]
        cut = cut[: cut.rindex(" ")] if " " in cut[80:] else cut
        self.flags.append(TITLE_SHORTENED)
        message = _(
            "Titre de plus de %(n)s caractères : abrégé, et repris en entier en tête du texte.",
            n=validation.TITLE_MAX,
        )
        cells.warn(message, cells.column("title"), whole)
        return cut.rstrip(" ,;:–-") + "…", whole

    def body(self, full_title: str) -> str:
        cells = self.cells
        said = cells.text("body")
        body = html_to_markdown(said) if self.mapping.html_body else validation.clean_text(said)
        if not body:
            self.flags.append(BODY_EMPTY)
            cells.warn(_("Texte vide : le titre en tient lieu."), cells.column("body"), said)
            return escape_markdown(full_title or cells.text("title"))
        if full_title:
            body = f"**{escape_markdown(full_title)}**\n\n{body}"
        if len(body) <= validation.BODY_MAX:
            return body
        self.flags.append(BODY_SHORTENED)
        message = _("Texte de plus de %(n)s caractères : coupé.", n=validation.BODY_MAX)
        cells.warn(message, cells.column("body"), str(len(body)))
        cut = body[: validation.BODY_MAX - 10]
        # a paragraph that is nearly the whole text is cut in its middle
        return cut[: cut.rindex("\n")].rstrip() + "\n\n[…]" if "\n" in cut[len(cut) // 2 :] else cut + " […]"

    def author(self) -> int | None:
        """The number of the author; a value that may be a name is refused without being repeated."""
        said = self.cells.text("author")
        if not said:
            return None
        if match := _REFERENCE.fullmatch(said):
            return int(match.group(1))
        message = _("L'auteur doit être un numéro, jamais un nom : remplacez la colonne.")
        self.cells.error(message, self.cells.column("author"))
        return None

    def sent_on(self) -> date | None:
        cells = self.cells
        found = cells.day("sent_on")
        if found is None and not cells.failed:
            cells.error(_("La date d'envoi est nécessaire."), cells.column("sent_on"), cells.raw("sent_on"))
        elif found is not None and found > self.mapping.as_of:
            cells.error(_("Cette date est à venir."), cells.column("sent_on"), cells.raw("sent_on"))
        return found

    def state(self) -> ProposalState:
        word = self.cells.text("state") or ProposalState.PUBLISHED.value
        found = self.cells.member(ProposalState, "state", word)
        return self.allowed(found, STATES, "state") or ProposalState.PUBLISHED

    def origin(self) -> Origin:
        word = self.cells.text("origin") or Origin.AGENT.value
        found = self.cells.member(Origin, "origin", word)
        return self.allowed(found, ORIGINS, "origin") or Origin.AGENT

    def allowed(self, found: E | None, members: frozenset[E], field: str) -> E | None:
        """None, with a fault, for what cannot be brought in without its decision or its workshop."""
        if found is not None and found not in members:
            message = _("Un import ne peut pas apporter « %(word)s ».", word=found.value)
            self.cells.error(message, self.cells.column(field), self.cells.raw(field))
            return None
        return found

    def tallies(self) -> tuple[tuple[TallyChoice, int], ...]:
        tallies = self.mapping.tallies
        if tallies is None:
            return ()
        counts = [(choice, self.cells.whole_number(column)) for choice, column in tallies.columns]
        found = tuple((choice, count) for choice, count in counts if count is not None)
        if tallies.total and not self.cells.failed:
            total = self.cells.whole_number(tallies.total)
            added = sum(count for _choice, count in found)
            if total is not None and total != added:
                message = _("Le total ne vaut pas la somme des comptes, %(added)s.", added=added)
                self.cells.warn(message, tallies.total, str(total))
        return found
