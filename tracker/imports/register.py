"""What a register would change: its lines put beside the people known, without touching anything.

Several lines are one person when they share a register number, an address, or an identifier of their own, under the
same names. People of the same names that nothing tells apart are left alone: a wrong guess would give one person the
account of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from tracker.imports.issues import Issues
from tracker.imports.people import PersonRow, Register, folded_name
from tracker.imports.plan import Change, Creation, Directory, Doubt, KnownPerson, Pair, Plan


@dataclass(slots=True, eq=False)
class Group:
    """The lines of one person."""

    rows: list[PersonRow]
    places: list[int]  # the employer of each line

    @property
    def line(self) -> int:
        return self.rows[0].line

    @property
    def name(self) -> str:
        return self.rows[0].name

    @property
    def pairs(self) -> list[Pair]:
        found = [(place, row.number) for place, row in zip(self.places, self.rows, strict=True) if row.number]
        return list(dict.fromkeys(found))

    @property
    def keys(self) -> set[str]:
        return {folded_name(row.key) for row in self.rows if row.key}

    def first(self, name: str, *, place: int | None = None) -> Any:
        """The first thing said of it, at that employer before elsewhere."""
        order = sorted(range(len(self.rows)), key=lambda at: self.places[at] != place) if place else None
        rows = [self.rows[at] for at in order] if order else self.rows
        return next((said for row in rows if (said := getattr(row, name)) not in ("", None)), None)


def compare(register: Register, known: Directory, *, employer_id: int | None = None) -> Plan:
    """The plan. `employer_id`: the employer of the lines that name none."""
    return _Comparison(register, known, employer_id).run()


class _Comparison:
    def __init__(self, register: Register, known: Directory, employer_id: int | None) -> None:
        self.register = register
        self.known = known
        self.employer_id = employer_id
        self.plan = Plan()
        self.issues = Issues()
        self.issues.extend(register.issues)
        self.by_pair = {pair: person for person in known.people for pair in person.numbers}
        self.by_email = {person.email: person for person in known.people if person.email}
        self.by_name: dict[tuple[str, str], list[KnownPerson]] = {}
        for person in known.people:
            if not person.erased:
                self.by_name.setdefault((folded_name(person.last_name), folded_name(person.first_name)), []).append(
                    person
                )

    def run(self) -> Plan:
        groups = self._grouped()
        matched = self._match(groups)
        self._separate(groups, matched)
        self._find_absent(groups, matched)
        messages: dict[int, str] = {}
        for issue in self.issues.sorted():
            if issue.severity.value == "error":
                messages.setdefault(issue.line, f"{issue.column} : {issue.message}" if issue.column else issue.message)
        said = dict(self.register.refused) | {doubt.line: doubt.name for doubt in self.plan.refused}
        self.plan.refused = [Doubt(line, said[line], messages.get(line, "")) for line in sorted(said)]
        self.plan.ambiguous.sort(key=lambda doubt: doubt.line)
        self.plan.issues = self.issues.sorted()
        return self.plan

    # --- Lines to people ------------------------------------------------------------------------------------

    def _place(self, row: PersonRow) -> int | None:
        if not row.employer:
            if self.employer_id is None:
                self.issues.error(_("L'employeur n'est pas dit."), line=row.line)
            return self.employer_id
        found = self.known.employers.get(folded_name(row.employer))
        if found is None:
            self.issues.error(_("Cet employeur n'est pas dans les réglages."), line=row.line, value=row.employer)
        return found

    def _grouped(self) -> list[Group]:
        seen: dict[tuple[Any, ...], Group] = {}
        bad: dict[int, str] = {}
        groups: dict[int, Group] = {}
        names: dict[int, tuple[str, str]] = {}
        for row in self.register.rows:
            place = self._place(row)
            if place is None:
                bad[row.line] = row.name
                continue
            group, names[row.line] = Group([row], [place]), row.folded_name
            for mark in _marks(row, place):
                other = seen.get(mark)
                if other is None or other is group:
                    seen[mark] = group
                elif names[other.line] != names[row.line]:
                    bad |= self._clash(mark, row, other)
                else:
                    group = _united(other, group, seen, groups)
                    names.setdefault(group.line, row.folded_name)
            groups[id(group)] = group
        self.plan.refused = [Doubt(line, name, "") for line, name in bad.items()]
        kept: list[Group] = []
        for group in groups.values():
            if any(row.line in bad for row in group.rows):
                self._refuse_whole(group, bad)
            else:
                kept.append(group)
        return sorted(kept, key=lambda group: group.line)

    def _refuse_whole(self, group: Group, bad: dict[int, str]) -> None:
        for row in group.rows:
            if row.line not in bad:
                self.issues.error(_("Une autre ligne de cette personne est refusée."), line=row.line)
                self.plan.refused.append(Doubt(row.line, row.name, ""))

    def _clash(self, mark: tuple[Any, ...], row: PersonRow, other: Group) -> dict[int, str]:
        what = {
            "number": _("ce matricule"),
            "email": _("cette adresse"),
            "key": _("cet identifiant"),
        }[mark[0]]
        first = other.rows[0]
        for one, another in ((row, first), (first, row)):
            self.issues.error(
                _("Sous un autre nom, %(what)s est aussi à la ligne %(n)s.", what=what, n=another.line), line=one.line
            )
        return {row.line: row.name, first.line: first.name}

    # --- People to those known ------------------------------------------------------------------------------

    def _candidates(self, group: Group) -> dict[int, KnownPerson]:
        found = [self.by_pair.get(pair) for pair in group.pairs]
        found += [self.by_email.get(row.email) for row in group.rows if row.email]
        return {person.id: person for person in found if person is not None}

    def _doubt(self, group: Group, why: str) -> None:
        self.plan.ambiguous.extend(Doubt(row.line, row.name, why) for row in group.rows)

    def _match(self, groups: Sequence[Group]) -> dict[int, KnownPerson | None]:
        """By line of the group: the person known, or None; groups in doubt are left out."""
        found: dict[int, KnownPerson | None] = {}
        taken: dict[int, Group] = {}
        for group in groups:
            candidates = list(self._candidates(group).values())
            if len(candidates) > 1:
                names = ", ".join(f"{one.name} ({one.login})" for one in candidates)
                self._doubt(group, _("Matricule et adresse désignent plusieurs personnes : %(names)s.", names=names))
                continue
            person = candidates[0] if candidates else None
            if person is not None and (person.erased or not _shares_a_name(group, person)):
                self._doubt(group, _("Ce matricule ou cette adresse est à %(name)s.", name=person.name or person.login))
            elif person is not None and person.id in taken:
                other = taken[person.id]
                why = _("Deux personnes du fichier répondent à %(name)s.", name=person.name)
                self._doubt(group, why)
                if found.pop(other.line, None) is not None:
                    self._doubt(other, why)
            else:
                found[group.line] = person
                if person is not None:
                    taken[person.id] = group
        return found

    def _separate(self, groups: Sequence[Group], matched: dict[int, KnownPerson | None]) -> None:
        """Write the plan of each group that is known, or that no person of the same names can be taken for."""
        namesakes: dict[tuple[str, str], list[Group]] = {}
        for group in groups:
            namesakes.setdefault(group.rows[0].folded_name, []).append(group)
        known_ids = {person.id for person in matched.values() if person is not None}
        for group in groups:
            if group.line not in matched:
                continue
            person = matched[group.line]
            if person is not None:
                self._compare(group, person)
                continue
            name = group.rows[0].folded_name
            strangers = [one for one in self.by_name.get(name, ()) if one.id not in known_ids]
            doubles = [one for one in namesakes[name] if one is not group and not _told_apart(one, group)]
            if strangers:
                self._doubt_of_name(group, strangers)
            elif doubles:
                lines = ", ".join(str(one.line) for one in doubles)
                self._doubt(group, _("Même nom qu'à la ligne %(lines)s : est-ce la même personne ?", lines=lines))
            else:
                self._create(group)

    def _doubt_of_name(self, group: Group, strangers: Sequence[KnownPerson]) -> None:
        """Nothing but the name says that it could be one of these: somebody who knows them may say so."""
        logins = ", ".join(one.login for one in strangers)
        why = _("Même nom qu'une personne déjà connue (%(logins)s) : est-ce elle ?", logins=logins)
        who = tuple((one.id, self._in_words(one)) for one in strangers)
        numbers, email = tuple(group.pairs), group.first("email") or ""
        self.plan.ambiguous.extend(Doubt(row.line, row.name, why, who, numbers, email) for row in group.rows)

    def _in_words(self, person: KnownPerson) -> str:
        """What tells somebody from their namesakes."""
        names = self.known.employer_names
        said = [person.login, names.get(person.entity_id or 0, ""), self.known.departments.get(person.department, "")]
        said += [_("matricule %(number)s (%(employer)s)", number=n, employer=names[e]) for e, n in person.numbers]
        return " · ".join(one for one in (*said, "" if person.active else _("partie")) if one)

    def _create(self, group: Group) -> None:
        row, place = group.rows[0], group.places[0]
        values = {
            "last_name": row.last_name, "first_name": row.first_name, "email": group.first("email"),
            "entity_id": place, "department": self._department(group, place), "site": self._site(group),
            "is_manager": bool(group.first("manager")),
        }  # fmt: skip
        self.plan.created.append(Creation(group.line, group.name, values, tuple(group.pairs)))

    def _department(self, group: Group, place: int) -> str:
        """The folded name of the service, noted as one to make when nobody knows it."""
        said = group.first("department", place=place) or ""
        key = folded_name(said)
        if key and key not in self.known.departments:
            self.plan.departments.setdefault(key, (said, set()))[1].add(place)
        return key

    def _site(self, group: Group) -> str:
        said = group.first("site") or ""
        key = folded_name(said)
        if key and key not in self.known.sites:
            self.plan.sites.setdefault(key, said)
        return key

    def _compare(self, group: Group, person: KnownPerson) -> None:
        row = group.rows[0]
        place = person.entity_id if person.entity_id in group.places else group.places[0]
        values: dict[str, Any] = {}
        words: list[tuple[str, str, str]] = []

        def note(name: str, label: str, old: object, new: object, *, shown: tuple[str, str] | None = None) -> None:
            if new not in ("", None) and new != old:
                values[name] = new
                words.append((label, *(shown or (str(old or ""), str(new)))))

        for name, label in (("last_name", _("nom")), ("first_name", _("prénom"))):
            old, new = getattr(person, name), getattr(row, name)
            if not (row.shouted and folded_name(old) == folded_name(new)):
                note(name, label, old, new)
        note("email", _("adresse"), person.email, group.first("email"))
        names = self.known.employer_names
        note("entity_id", _("employeur"), person.entity_id, place,
             shown=(names.get(person.entity_id or 0, ""), names[place]))  # fmt: skip
        key = self._department(group, place)
        note(
            "department",
            _("service"),
            person.department,
            key,
            shown=_both_names(self.known.departments, person.department, key, self.plan.departments.get(key, ("",))[0]),
        )
        key = self._site(group)
        note(
            "site",
            _("site"),
            person.site,
            key,
            shown=_both_names(self.known.sites, person.site, key, self.plan.sites.get(key, "")),
        )
        manager, yes_no = group.first("manager"), (_("non"), _("oui"))
        note("is_manager", _("encadrant·e"), person.manager, manager,
             shown=(yes_no[person.manager], yes_no[bool(manager)]))  # fmt: skip
        if not person.active:
            note("is_active", _("présence"), False, True, shown=(_("partie"), _("présente")))
        added = tuple(pair for pair in group.pairs if pair not in person.numbers)
        words += [(_("matricule"), "", f"{number} ({names[place]})") for place, number in added]
        if values or added:
            self.plan.changed.append(Change(person.id, group.line, group.name, values, tuple(words), added))
        else:
            self.plan.unchanged += 1

    # --- Who is not there -----------------------------------------------------------------------------------

    def _find_absent(self, groups: Iterable[Group], matched: dict[int, KnownPerson | None]) -> None:
        """People of the register's employers that no line names, not even one in doubt or refused."""
        present = {person.id for person in matched.values() if person is not None}
        covered: set[int] = set()
        for group in groups:
            covered.update(group.places)
            if group.line not in matched:
                present.update(self._candidates(group))
        spoken = {folded_name(name) for _line, name in self.register.refused if name}
        spoken |= {folded_name(doubt.name) for doubt in (*self.plan.refused, *self.plan.ambiguous)}
        self.plan.absent = [
            person
            for person in self.known.people
            if person.active
            and not person.kept
            and person.numbers
            and person.id not in present
            and all(entity_id in covered for entity_id, _number in person.numbers)
            and folded_name(person.name) not in spoken
        ]


def _marks(row: PersonRow, place: int) -> list[tuple[Any, ...]]:
    """What makes two lines one person."""
    found: list[tuple[Any, ...]] = []
    if row.number:
        found.append(("number", place, row.number))
    if row.email:
        found.append(("email", row.email))
    if row.key:
        found.append(("key", folded_name(row.key)))
    return found


def _united(into: Group, group: Group, seen: dict[tuple[Any, ...], Group], groups: dict[int, Group]) -> Group:
    """Two groups made one, in the order of their lines."""
    for row, place in zip(group.rows, group.places, strict=True):
        into.rows.append(row)
        into.places.append(place)
        for mark in _marks(row, place):
            if seen.get(mark) in (None, group):
                seen[mark] = into
    order = sorted(range(len(into.rows)), key=lambda at: into.rows[at].line)
    into.rows[:], into.places[:] = [into.rows[at] for at in order], [into.places[at] for at in order]
    groups.pop(id(group), None)
    return into


def _both_names(names: dict[str, str], old: str, new: str, made: str) -> tuple[str, str]:
    return names.get(old, ""), names.get(new, made)


def _shares_a_name(group: Group, person: KnownPerson) -> bool:
    last, first = group.rows[0].folded_name
    return last == folded_name(person.last_name) or first == folded_name(person.first_name)


def _told_apart(one: Group, other: Group) -> bool:
    """Whether the file itself says that two people of the same names are two."""
    if one.keys and other.keys:
        return one.keys.isdisjoint(other.keys)
    shared = {place for place, _number in one.pairs} & {place for place, _number in other.pairs}
    return bool(shared)
