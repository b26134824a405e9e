"""Where texts name a person: every text column of every table is looked at, those to come included."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext
from sqlalchemy import JSON, String, Table, cast, false, or_, select
from sqlalchemy.sql.elements import ColumnElement

from tracker.enums import TextKind
from tracker.extensions import db
from tracker.models import Matricule, User
from tracker.queries import trace_pages
from tracker.search import fold

# what erasing a person empties by itself
EMPTIED = frozenset({"user", "matricule", "outbox_message", "event", "data_request", "vote", "roll_entry"})
KINDS = {
    "action_update": TextKind.UPDATE,
    "decision": TextKind.DECISION,
    "comment": TextKind.COMMENT,
    "review": TextKind.REVIEW,
    "proposal": TextKind.PROPOSAL,
    "proposal_version": TextKind.PROPOSAL,
    "meeting": TextKind.MEETING,
    "frozen": TextKind.LETTER,
}
EXACT_MIN = 4  # shorter logins and register numbers are also words and figures


@dataclass(frozen=True, slots=True)
class Names:
    """By what a text may tell a person: exactly (name, address, login, number), or by the last name alone.

    Names of accounts merged into theirs are theirs too. `whole`: first and last name, in both orders.
    """

    exact: tuple[str, ...]
    last: tuple[str, ...]
    whole: tuple[str, ...]

    def all(self) -> tuple[str, ...]:
        return (*self.exact, *self.last)


@dataclass(frozen=True, slots=True)
class Mention:
    """A text that names the person; without kind, whoever may edit it corrects it."""

    kind: TextKind | None
    target_id: int
    part: str
    where: str
    table: str = ""
    page: Mapping[str, Any] | None = None  # what the address of the page takes where it is corrected, if there is one


def names_of(person: User) -> Names:
    """What to look for, read before the person is erased."""
    numbers = db.session.scalars(select(Matricule.number).where(Matricule.user_id == person.id))
    now = {"first_name": person.first_name, "last_name": person.last_name, "login": person.login}
    accounts = [{**now, "email": person.email or ""}, *person.merged_names]
    whole: list[str] = []
    others: list[str] = []
    for one in accounts:
        first, last, login = (one.get(name, "").strip() for name in ("first_name", "last_name", "login"))
        whole += [f"{first} {last}".strip(), f"{last} {first}".strip()]
        # a login of letters alone may be a plain word ("agent"): it tells nobody
        others += [one.get("email", ""), "" if login.isalpha() else login]
    lasts = [one.get("last_name", "").strip() for one in accounts]
    return Names(
        tuple(dict.fromkeys(one for one in (*whole, *others, *numbers) if len(one.strip()) >= EXACT_MIN)),
        tuple(dict.fromkeys(last for last in lasts if len(last) > 1)),
        tuple(dict.fromkeys(one for one in whole if one)),
    )


def names_oneself(user_id: int, *texts: str) -> bool:
    """Whether a person says in a text of theirs who they are; a last name alone counts with its capital only."""
    person = db.session.get(User, user_id)
    if person is None:
        return False
    names, text = names_of(person), "\n".join(texts)
    capitals = re.sub(r"\w+", lambda word: word[0] if word[0][0].isupper() else "-", text)
    told = (
        finder(names.exact).search(fold(text)),
        finder(names.last).search(fold(capitals)),
    )
    return any(told)


def finder(names: Iterable[str]) -> re.Pattern[str]:
    """What finds these as whole words in a folded text; nothing at all when there are none."""
    folded = [r"\s+".join(re.escape(word) for word in fold(name).split()) for name in names]
    told = "|".join(one for one in folded if one) or "(?!)"
    return re.compile(rf"(?<!\w)(?:{told})(?!\w)")


def spellings(name: str) -> set[str]:
    """How a name may stand in a column that is compared without regard to the case of ASCII letters only."""
    plain = {name, name.lower(), name.upper(), name.title(), fold(name)}
    return plain | {json.dumps(one)[1:-1] for one in plain}


def columns(table: Table) -> list[Any]:
    """The columns of a table that hold text."""
    return [c for c in table.columns if isinstance(c.type, (String, JSON)) and not _is_closed(c)]


def _is_closed(column: Any) -> bool:
    """Lists of values, hashes and keys hold no typed text."""
    return hasattr(column.type, "enums") or bool(column.foreign_keys) or column.name in {"sha256", "storage_key"}


def naming(column: Any, names: Iterable[str]) -> ColumnElement[bool]:
    """A rough condition: the text may hold one of these; to be looked at again by `finder`."""
    # the longest word of each: between the words of a name anything may stand
    words = {max(name.split(), key=len) for name in names if name.split()}
    told = {spelling for word in words for spelling in spellings(word)}
    return or_(false(), *(cast(column, String).icontains(one, autoescape=True) for one in sorted(told)))


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) if value is not None else ""


def mentions(names: Names) -> tuple[Mention, ...]:
    """The texts that name a person, each once."""
    found: dict[tuple[Any, int, str], Mention] = {}
    pattern = finder(names.all())
    for table in db.metadata.sorted_tables:
        if table.name in EMPTIED or not columns(table):
            continue
        for mention in _in_table(table, names, pattern):
            found.setdefault((mention.kind or mention.where, mention.target_id, mention.part), mention)
    corrected = [(one.table, one.target_id) for one in found.values() if one.kind is None]
    pages = trace_pages.args_of(corrected)
    return tuple(replace(one, page=pages.get((one.table, one.target_id))) for one in found.values())


def _in_table(table: Table, names: Names, pattern: re.Pattern[str]) -> Iterator[Mention]:
    texts = columns(table)
    key = table.c.proposal_id if table.name == "proposal_version" else next(iter(table.primary_key.columns))
    rows = db.session.execute(select(key, *texts).where(or_(*(naming(c, names.all()) for c in texts))))
    for key_value, *values in rows:
        for column, value in zip(texts, values, strict=True):
            if not pattern.search(fold(text_of(value))):
                continue
            kind = KINDS.get(table.name)
            target = key_value if isinstance(key_value, int) else 0
            if table.name == "frozen":
                parts = _blocks(value, pattern) if column.name == "content" else []
                yield from (Mention(kind, target, part, where(kind, target, part)) for part in parts)
            else:
                yield Mention(
                    kind, target, "", where(kind, target, "", f"{table.name}.{column.name}"), table=table.name
                )


def _blocks(content: str, pattern: re.Pattern[str]) -> list[str]:
    """The blocks of a frozen letter whose written text names the person; the rest follows its source."""
    return [
        block["id"]
        for block in json.loads(content).get("blocks", ())
        if pattern.search(fold(block.get("edited_text") or ""))
    ]


def where(kind: TextKind | None, target_id: int, part: str, column: str = "") -> str:
    """Said to the manager, without the text: it may be one that they may not read."""
    if kind is None:
        table, _dot, name = column.partition(".")
        return gettext(
            "%(place)s %(id)s (%(column)s) : à corriger là où cela se modifie", place=_place(table), id=target_id,
            column=_what(name),
        )  # fmt: skip
    if part:
        return gettext("%(kind)s, partie « %(part)s »", kind=kind.label, part=part)
    return gettext("%(kind)s (repère %(id)s)", kind=kind.label, id=target_id)


def _what(column: str) -> str:
    """Which part of it, in words."""
    words = {
        "address": gettext("adresse"),
        "edited_text": gettext("texte"),
        "elsewhere": gettext("vers qui se tourner"),
        "introduction": gettext("introduction"),
        "label": gettext("intitulé"),
        "mandate": gettext("mandat"),
        "name": gettext("nom"),
        "place": gettext("lieu"),
        "reason": gettext("raison"),
        "remark": gettext("remarque"),
        "short_name": gettext("nom court"),
        "summary": gettext("résumé"),
        "title": gettext("titre"),
        "value": gettext("texte"),
    }
    return words.get(column, column)


def _place(table: str) -> str:
    """What a table holds, in words; its own name for what nobody types."""
    words = {
        "action": gettext("fiche action"),
        "department": gettext("service"),
        "entity": gettext("employeur"),
        "site": gettext("site"),
        "theme": gettext("thème"),
        "milestone": gettext("jalon"),
        "working_group": gettext("groupe de travail"),
        "campaign": gettext("consultation"),
        "programme": gettext("projet"),
        "letter": gettext("lettre"),
        "letter_block": gettext("lettre en cours d'écriture, partie"),
        "authorship": gettext("nom d'un atelier"),
        "workshop": gettext("atelier"),
        "proofreading": gettext("remarque de relecture, lettre"),
        "redaction": gettext("raison d'un retrait"),
        "setting": gettext("réglage"),
        "proposal_transition": gettext("raison d'un renvoi"),
        "decision_condition": gettext("condition d'une réponse"),
    }
    return words.get(table, table)
