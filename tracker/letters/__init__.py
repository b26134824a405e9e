"""The letter of a quarter: composed from plain facts, frozen as canonical JSON, turned into one document.

Pure: no request, no database, no clock.

    facts --compose--> blocks --freeze--> canonical JSON --document--> web page, mail, text, paper
"""

from tracker.letters.compose import Block, compose, letter_title
from tracker.letters.document import document
from tracker.letters.facts import Facts, Figures, Period
from tracker.letters.freeze import SCHEMA_VERSION, References, canonical, content_of, digest, references
from tracker.letters.parts import Document, Entry, Link, Resolved, Section
from tracker.letters.quarters import Quarter
from tracker.letters.text import markdown_of, text_of

__all__ = [
    "SCHEMA_VERSION", "Block", "Document", "Entry", "Facts", "Figures", "Link", "Period", "Quarter", "References",
    "Resolved", "Section", "canonical", "compose", "content_of", "digest", "document", "letter_title", "markdown_of",
    "references", "text_of",
]  # fmt: skip
