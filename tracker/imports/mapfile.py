"""Reads a mapping file (TOML) and names every fault in it, so that a misspelt key is never silently ignored."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _

from tracker import validation
from tracker.enums import ActionStatus, Health, Origin, ProposalState, TallyChoice
from tracker.errors import Refused
from tracker.imports.issues import Issues
from tracker.imports.mapping import (
    DateRules,
    Filter,
    Mapping,
    ProjectRef,
    Step,
    Stop,
    Tallies,
    Template,
    folded,
    template,
)

FIELDS = {
    "actions": frozenset(
        [
            "title",
            "summary",
            "theme",
            "group",
            "entities",
            "status",
            "status_on",
            "opened_on",
            "planned_start",
            "planned_end",
            "progress",
            "weight",
            "health",
            "note",
        ]
    ),
    "proposals": frozenset(["title", "body", "theme", "entities", "author", "sent_on", "state", "origin"]),
}
REQUIRED = {"actions": ("title", "status"), "proposals": ("title", "body", "sent_on")}
CREATABLE = frozenset({"project", "themes", "groups", "entities"})
ENUMS: dict[tuple[str, str], type[StrEnum]] = {
    ("actions", "status"): ActionStatus,
    ("actions", "health"): Health,
    ("proposals", "state"): ProposalState,
    ("proposals", "origin"): Origin,
}
# What may be brought in without its decision, its merge or its workshop.
STATES = frozenset({ProposalState.PUBLISHED, ProposalState.WITHDRAWN})
ORIGINS = frozenset({Origin.AGENT, Origin.PAPER})
ALLOWED: dict[str, frozenset[Any]] = {"state": STATES, "origin": ORIGINS}
_COMMON = {
    "kind", "source", "key", "as_of", "file", "project", "filter", "fields", "values", "defaults", "dates", "create",
}  # fmt: skip
_SECTIONS = {
    "actions": frozenset({*_COMMON, "step", "reached", "stop"}),
    "proposals": frozenset({*_COMMON, "body", "tallies"}),
}


def read_mapping(data: bytes, *, kind: str, today: date, issues: Issues) -> Mapping | None:
    """Check a mapping file; None, with every fault among `issues`, when it cannot serve."""
    try:
        raw = tomllib.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        issues.error(_("Le fichier de correspondance n'est pas du TOML en UTF-8."), value=str(error))
        return None
    found = Issues()
    mapping = _Reader(raw, kind, found).mapping(today)
    issues.extend(found.sorted())
    return None if found.errors else mapping


class _Reader:
    """Takes values out of the TOML, noting each that is missing, misspelt or of the wrong kind."""

    def __init__(self, raw: dict[str, Any], kind: str, issues: Issues) -> None:
        self.raw = raw
        self.kind = kind
        self.issues = issues

    def mapping(self, today: date) -> Mapping:
        raw = self.raw
        if raw.get("kind") != self.kind:
            self.fault("kind", _("Cette correspondance n'est pas faite pour « %(k)s ».", k=self.kind))
        self.known(raw, _SECTIONS[self.kind], "")
        file = self.table("file", {"encoding", "delimiter"})
        steps = self.steps()
        mapping = Mapping(
            kind=self.kind,
            source=self.slug(self.text(raw, "source", "source"), "source"),
            key=self.text(raw, "key", "key"),
            as_of=self.day(raw, "as_of", "as_of") or today,
            encoding=self.text(file, "encoding", "file.encoding", "") or None,
            delimiter=self.text(file, "delimiter", "file.delimiter", "") or None,
            project=self.project(),
            create=self.create(),
            filters=self.filters(),
            fields=self.fields(),
            values=self.values(),
            defaults=self.defaults(),
            dates=self.dates(),
            steps=steps,
            reached=self.reached(steps),
            stop=self.stop(),
            html_body=self.body_is_html(),
            tallies=self.tallies(),
        )
        if mapping.as_of > today:
            self.fault("as_of", _("Cette date est à venir."))
        return mapping

    def fault(self, where: str, message: str) -> None:
        self.issues.error(message, column=where)

    def known(self, table: dict[str, Any], names: frozenset[str] | set[str], where: str) -> None:
        for name in table.keys() - names:
            self.fault(f"{where}.{name}".strip("."), _("Cette clé n'existe pas : est-elle bien écrite ?"))

    def table(self, name: str, names: frozenset[str] | set[str] | None = None) -> dict[str, Any]:
        found = self.raw.get(name, {})
        if not isinstance(found, dict):
            self.fault(name, _("Une section est attendue ici."))
            return {}
        if names is not None:
            self.known(found, names, name)
        return found

    def tables(self, name: str, names: set[str]) -> list[dict[str, Any]]:
        found = self.raw.get(name, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            self.fault(name, _("Une liste de sections [[%(name)s]] est attendue.", name=name))
            return []
        for one in found:
            self.known(one, names, name)
        return found

    def text(self, table: dict[str, Any], name: str, where: str, default: str | None = None) -> str:
        found = table.get(name, default)
        if found is None:
            self.fault(where, _("Cette clé est nécessaire."))
            return ""
        if not isinstance(found, str):
            self.fault(where, _("Un texte entre guillemets est attendu."))
            return ""
        return found

    def day(self, table: dict[str, Any], name: str, where: str) -> date | None:
        found = table.get(name)
        if found is None:
            return None
        if not isinstance(found, date) or isinstance(found, datetime):
            self.fault(where, _("Une date est attendue, sans guillemets : 2017-06-30."))
            return None
        return found

    def slug(self, value: str, where: str) -> str:
        try:
            return validation.slug(value)
        except Refused as refused:
            self.fault(where, refused.message)
            return ""

    def texts(self, table: dict[str, Any], where: str) -> dict[str, str]:
        return {name: self.text(table, name, f"{where}.{name}") for name in table}

    def project(self) -> ProjectRef:
        table = self.table("project", {"slug", "title", "starts_on", "ends_on"})
        starts_on = self.day(table, "starts_on", "project.starts_on")
        ends_on = self.day(table, "ends_on", "project.ends_on")
        try:
            validation.date_range(starts_on, ends_on)
        except Refused as refused:
            self.fault("project", refused.message)
        slug = self.slug(self.text(table, "slug", "project.slug"), "project.slug")
        title = self.text(table, "title", "project.title", "")
        return ProjectRef(slug, title, starts_on, ends_on)

    def create(self) -> frozenset[str]:
        table = self.table("create", CREATABLE)
        for name, value in table.items():
            if not isinstance(value, bool):
                self.fault(f"create.{name}", _("true ou false est attendu."))
        asked = frozenset(name for name, value in table.items() if value is True)
        project = self.raw.get("project")
        complete = isinstance(project, dict) and {"title", "starts_on", "ends_on"} <= project.keys()
        if "project" in asked and not complete:
            self.fault("project", _("Pour créer le projet, donnez title, starts_on et ends_on."))
        return asked

    def filters(self) -> tuple[Filter, ...]:
        found = []
        for one in self.tables("filter", {"column", "in", "from", "to"}):
            values = one.get("in", [])
            bounds = [one.get("from"), one.get("to")]
            numbers = all(bound is None or isinstance(bound, int | float) for bound in bounds)
            if not isinstance(values, list) or not numbers:
                self.fault("filter", _("Un filtre a une liste « in », ou des nombres « from » et « to »."))
                continue
            column = self.text(one, "column", "filter.column")
            found.append(Filter(column, frozenset(map(str, values)), *bounds))
        return tuple(found)

    def fields(self) -> dict[str, Template]:
        table = self.table("fields", FIELDS[self.kind])
        for name in REQUIRED[self.kind]:
            if name not in table:
                self.fault(f"fields.{name}", _("Cette clé est nécessaire."))
        return {name: template(text) for name, text in self.texts(table, "fields").items()}

    def values(self) -> dict[str, dict[str, str]]:
        found = {}
        for name, words in self.table("values", FIELDS[self.kind]).items():
            if not isinstance(words, dict):
                self.fault(f"values.{name}", _("Une section est attendue ici."))
                continue
            found[name] = self.texts(words, f"values.{name}")
            for word in found[name].values():
                self.enum_word(name, word, f"values.{name}")
        return found

    def defaults(self) -> dict[str, str]:
        found = self.texts(self.table("defaults", FIELDS[self.kind]), "defaults")
        for name, word in found.items():
            self.enum_word(name, word, f"defaults.{name}")
        return found

    def enum_word(self, field: str, word: str, where: str) -> None:
        members = ENUMS.get((self.kind, field))
        if members is not None:
            self.member(members, word, where, ALLOWED.get(field))

    def member(self, members: type[StrEnum], word: str, where: str, allowed: frozenset[Any] | None = None) -> Any:
        choices = [one.value for one in members if allowed is None or one in allowed]
        if word in choices:
            return members(word)
        self.fault(
            where,
            _("« %(word)s » n'est pas prévu ici : %(all)s.", word=word, all=", ".join(choices)),
        )
        return None

    def dates(self) -> DateRules:
        table = self.table("dates", {"formats", "nothing"})
        formats = self.words(table, "formats", "dates.formats")
        for one in formats:
            if one != "iso" and "%Y" not in one and "%y" not in one:
                self.fault("dates.formats", _("Un format de date contient %%Y, par exemple %%d/%%m/%%Y."))
        nothing = self.words(table, "nothing", "dates.nothing")
        return DateRules(formats or ("iso", "%d/%m/%Y"), frozenset(map(folded, nothing)))

    def words(self, table: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
        found = table.get(name, [])
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            self.fault(where, _("Une liste de textes est attendue."))
            return ()
        return tuple(found)

    def steps(self) -> tuple[Step, ...]:
        found: list[Step] = []
        for one in self.tables("step", {"key", "label", "on", "states", "day", "after"}):
            key = self.text(one, "key", "step.key")
            where = f"step.{key}"
            states = self.member(ActionStatus, self.text(one, "states", where, "in_progress"), where)
            after = self.text(one, "after", where, "")
            day = self.text(one, "day", where, "first")
            if day not in {"first", "last"}:
                self.fault(where, _("« day » vaut first ou last."))
            if after and after not in {step.key for step in found}:
                self.fault(where, _("« after » nomme une étape donnée plus haut."))
            if key in {step.key for step in found}:
                self.fault(where, _("Deux étapes portent la même clé."))
            label = self.text(one, "label", where)
            on = template(self.text(one, "on", where))
            state = states or ActionStatus.IN_PROGRESS
            found.append(Step(key, label, on, state, day == "last", after))
        return tuple(found)

    def reached(self, steps: tuple[Step, ...]) -> dict[str, tuple[str, ...]]:
        keys = {step.key for step in steps}
        table = self.table("reached")
        found = {word: self.words(table, word, f"reached.{word}") for word in table}
        for word, named in found.items():
            if not keys.issuperset(named):
                self.fault(f"reached.{word}", _("Une de ces étapes n'est pas définie."))
        return found

    def stop(self) -> Stop | None:
        table = self.table("stop", {"on", "note"})
        on = self.day(table, "on", "stop.on")
        if on is None:
            return None
        return Stop(on, self.text(table, "note", "stop.note", ""))

    def body_is_html(self) -> bool:
        written = self.text(self.table("body", {"format"}), "format", "body.format", "text")
        if written not in {"text", "html"}:
            self.fault("body.format", _("« format » vaut text ou html."))
        return written == "html"

    def tallies(self) -> Tallies | None:
        table = self.table("tallies", {"source", "total", *(one.value for one in TallyChoice)})
        if not table:
            return None
        columns = tuple(
            (one, self.text(table, one.value, f"tallies.{one.value}")) for one in TallyChoice if one.value in table
        )
        source = self.text(table, "source", "tallies.source")
        return Tallies(source, columns, self.text(table, "total", "tallies.total", ""))
