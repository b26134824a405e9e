"""Writes what `tracker.imports` read, once: a source row is known by (source, its own id) ever after.

`prepare` reads the files and may take its time; `write` runs in the caller's write transaction, flushes, and never
commits, so that a dry run is the same work, rolled back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask_babel import gettext as _

from tracker.extensions import begin_write
from tracker.imports.actions import ActionImport, read_actions
from tracker.imports.csvfile import read_csv
from tracker.imports.issues import ImportIssue, Issues, count_errors
from tracker.imports.mapfile import read_mapping
from tracker.imports.mapping import Mapping
from tracker.imports.proposals import ProposalImport, read_proposals
from tracker.records import Actor, paris_day
from tracker.services.importing.actions import import_actions
from tracker.services.importing.proposals import import_proposals
from tracker.services.importing.results import ImportResult

__all__ = ["ImportResult", "Prepared", "Report", "import_actions", "import_proposals", "prepare", "run_import", "write"]

KINDS = ("actions", "proposals")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file read through its mapping, before anything is written; without mapping when it cannot serve."""

    mapping: Mapping | None
    actions: tuple[ActionImport, ...]
    proposals: tuple[ProposalImport, ...]
    issues: tuple[ImportIssue, ...]

    @property
    def errors(self) -> int:
        return count_errors(self.issues)

    @property
    def read(self) -> int:
        return len(self.actions) + len(self.proposals)


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, or would do. With errors nothing was written, and nothing may be committed."""

    read: int
    created: int
    changed: int
    unchanged: int
    issues: tuple[ImportIssue, ...]

    @property
    def errors(self) -> int:
        return count_errors(self.issues)

    @property
    def may_commit(self) -> bool:
        return self.errors == 0

    def sentence(self) -> str:
        return str(
            _(
                "Lignes lues : %(read)s · nouvelles : %(created)s · modifiées : %(changed)s · "
                "inchangées : %(unchanged)s · erreurs : %(errors)s · remarques : %(warnings)s",
                read=self.read,
                created=self.created,
                changed=self.changed,
                unchanged=self.unchanged,
                errors=self.errors,
                warnings=len(self.issues) - self.errors,
            )
        )


def prepare(kind: str, path: Path, map_path: Path, *, now: datetime) -> Prepared:
    """Read both files. Their faults are among the issues; nothing is raised for what they contain."""
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}: it must be one of {', '.join(KINDS)}")
    issues = Issues()
    mapping = read_mapping(map_path.read_bytes(), kind=kind, today=paris_day(now), issues=issues)
    if mapping is None:
        return Prepared(None, (), (), issues.sorted())
    table = read_csv(path.read_bytes(), encoding=mapping.encoding, delimiter=mapping.delimiter)
    issues.extend(table.issues)
    actions = read_actions(table, mapping, issues) if kind == "actions" else ()
    proposals = read_proposals(table, mapping, issues) if kind == "proposals" else ()
    return Prepared(mapping, actions, proposals, issues.sorted())


def write(prepared: Prepared, *, actor: Actor | None, now: datetime) -> Report:
    """Write what was prepared, in the caller's transaction; a file with errors writes nothing."""
    if prepared.mapping is None or prepared.errors:
        return Report(prepared.read, 0, 0, 0, prepared.issues)
    if prepared.mapping.kind == "actions":
        result = import_actions(prepared.actions, mapping=prepared.mapping, actor=actor, now=now)
    else:
        result = import_proposals(prepared.proposals, mapping=prepared.mapping, actor=actor, now=now)
    issues = tuple(sorted({*prepared.issues, *result.issues}))
    return Report(prepared.read, result.created, result.changed, result.unchanged, issues)


def run_import(kind: str, path: Path, map_path: Path, *, now: datetime, actor: Actor | None = None) -> Report:
    """Read, then begin a write transaction and write in it. The caller ends it: commit only if `may_commit`."""
    prepared = prepare(kind, path, map_path, now=now)
    if not prepared.errors:
        begin_write()
    return write(prepared, actor=actor, now=now)
