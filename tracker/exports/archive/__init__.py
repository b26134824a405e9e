"""The archive of a project: plain pages, tables and proofs, made from records alone.

    records --pages, tables--> files --pack--> one zip with its manifest

Pure: templates come in as a function; no request, no database, no clock.
"""

from tracker.exports.archive.names import Names
from tracker.exports.archive.pack import Stamp, pack
from tracker.exports.archive.pages import files
from tracker.exports.archive.records import (
    ActionItem,
    AnswerItem,
    ArchiveData,
    AuthorItem,
    GroupItem,
    LetterItem,
    Link,
    MeetingItem,
    Member,
    PersonRef,
    PointItem,
    ProjectItem,
    ProposalItem,
    TableItem,
)

__all__ = [
    "ActionItem", "AnswerItem", "ArchiveData", "AuthorItem", "GroupItem", "LetterItem", "Link", "MeetingItem",
    "Member", "Names", "PersonRef", "PointItem", "ProjectItem", "ProposalItem", "Stamp", "TableItem", "files", "pack",
]  # fmt: skip
