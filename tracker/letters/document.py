"""One document for all the forms of a letter: sections made of entries, counts, names and a figure.

Web page, mail, text and paper show this and nothing else, so that they cannot differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext, ngettext

from tracker import filters
from tracker.enums import ActionStatus, ConditionKind, Motive, Outcome, PhaseKind
from tracker.letters import words
from tracker.letters.chart import STACK, Point, status_chart
from tracker.letters.compose import EDITORIAL, FREE, LEADS, kept_first, told_title
from tracker.letters.parts import CountRow, Document, Entry, KeyNumber, Link, Resolved, Section, Thanked
from tracker.letters.quarters import Quarter
from tracker.wording import N_

WITHDRAWN = N_("Texte retiré.")
# the first screen: what came of ideas, what came of work, where it hurts
KEYS = ("contributors", "retained", "actions_done", "actions_in_progress", "late", "silent")


def day_of(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def document(
    content: Mapping[str, Any], people: Resolved, *, public: bool = False, with_hidden: bool = False
) -> Document:
    """The document of a letter's content, frozen or not.

    `public`: for a visitor without account. `with_hidden`: for the editor, who also sees what is left out.
    """
    head = content["letter"]
    sections = [
        _section(block, people, head)
        for block in sorted(content["blocks"], key=lambda block: block["order"])
        if (with_hidden or not block["hidden"]) and not (public and block["audience"] != "all")
    ]
    closing: dict[str, int] = next(
        (b["data"].get("closing", {}) for b in content["blocks"] if b["kind"] == "counts"), {}
    )
    known_at = datetime.fromisoformat(head["known_at"])
    as_of = day_of(head["as_of"])
    return Document(
        title=told_title(head["title"]),
        name=head["name"] or gettext("La lettre du projet"),
        number=head["number"],
        quarter=head["quarter"],
        project=head["project"]["title"],
        project_slug=head["project"]["slug"],
        after=day_of(head["after"]),
        as_of=as_of or known_at.date(),
        known_at=known_at,
        provisional=head["provisional"],
        first=head["previous"] is None,
        sections=tuple(section for section in sections if with_hidden or not section.empty),
        closing=closing,
    )


def _section(block: Mapping[str, Any], people: Resolved, head: Mapping[str, Any]) -> Section:
    key, kind, data = block["id"], block["kind"], block["data"]
    written = block["edited_text"] or ""
    shared: dict[str, Any] = {
        "key": key, "kind": kind, "written": written, "hidden": block["hidden"], "source": block["source"],
    }  # fmt: skip
    if kind in {EDITORIAL, FREE}:
        return Section(title=words.list_title(kind if kind == EDITORIAL else key, data), **shared)
    if kind == "counts":
        return _counts(data, head, shared)
    if kind == "figure":
        return _figure(data, key, shared)
    if kind == "thanks":
        return _thanks(data, people, shared)
    entries, title, reading = _entries(kind, key, data, people)
    if written and kind not in LEADS:
        return Section(title=title, **shared)
    return Section(title=title, entries=entries, reading=reading, more=words.more(kind, data), **shared)


def _entries(kind: str, key: str, data: Mapping[str, Any], people: Resolved) -> tuple[tuple[Entry, ...], str, str]:
    """Entries, title and the sentence said when there is none."""
    if kind == "answers":
        found = tuple(_answer(one, people) for one in sorted(data["answers"], key=_kept_first))
        title = words.answers_title(data.get("outcomes") or Counter(one["outcome"] for one in data["answers"]))
        return found, title, "" if found else gettext("Aucune réponse n'a été publiée pendant cette période.")
    if kind == "actions":
        found = tuple(_action(key, one, people) for one in data["actions"])
        return found, words.list_title(key, dict(data)), _no_action(key) if not found else ""
    if kind == "dates":
        return _dates(data), words.list_title(key, dict(data)), ""
    return _steps(data), words.list_title(key, dict(data)), ""


def _no_action(key: str) -> str:
    return gettext("Toutes les actions tiennent leur date.") if key == "late" else ""


def _proposal(number: int, title: str = "") -> Link:
    label = gettext("n° %(n)s", n=number)
    return Link("proposal", number, f"{label}, {title}" if title else label)


def _answer(one: Mapping[str, Any], people: Resolved) -> Entry:
    outcome = Outcome(one["outcome"])
    unmet = [c for c in one["conditions"] if not c["met_on"]]
    notes = []
    if one["conditions"]:
        notes.append(_conditions(one["conditions"]))
    if outcome is Outcome.DEFERRED and one["review_on"]:
        notes.append(gettext("Revue le %(day)s.", day=filters.day(day_of(one["review_on"]))))
    if outcome is Outcome.REDIRECTED and one["redirected_to"]:
        notes.append(gettext("Orientée vers : %(where)s.", where=one["redirected_to"].rstrip(".")))
    if one["meeting"]:
        notes.append(gettext("Réunion du %(day)s.", day=filters.day(day_of(one["meeting"]["on"]))))
    tag = outcome.label
    if outcome is Outcome.RETAINED and unmet:
        tag = gettext("retenue sous réserve")
    return Entry(
        title=one["title"],
        link=Link("proposal", one["proposal"], gettext("Proposition n° %(n)s", n=one["proposal"])),
        tag=tag,
        css=outcome.css,
        text=gettext(WITHDRAWN) if one["decision"] in people.withdrawn_decisions else one["reason"],
        notes=(gettext("Motif : %(motive)s.", motive=Motive(one["motive"]).label), *notes),
        on=day_of(one["published_on"]),
    )


def _kept_first(one: Mapping[str, Any]) -> tuple[int, int]:
    return kept_first(Outcome(one["outcome"]), one["proposal"])


def _conditions(conditions: list[Mapping[str, Any]]) -> str:
    told = []
    for condition in conditions:
        words_of = condition["label"] or ConditionKind(condition["kind"]).label
        met = day_of(condition["met_on"])
        told.append(gettext("%(what)s (fait le %(day)s)", what=words_of, day=filters.day(met)) if met else words_of)
    return gettext("Sous réserve de : %(what)s.", what=gettext(" ; ").join(told))


def _action(key: str, one: Mapping[str, Any], people: Resolved) -> Entry:
    status = ActionStatus(one["status"])
    tag, css = status.label, status.css
    end, first_end = day_of(one["planned_end"]), day_of(one["first_end"])
    notes = [gettext("Groupe : %(name)s.", name=one["group"])] if one["group"] else []
    on = day_of(one["on"])
    if key == "late":
        tag, css = (gettext("nouveau retard") if one["newly"] else gettext("en retard")), "late"
        notes.append(gettext("Fin prévue le %(day)s.", day=filters.day(end)))
        if first_end and end and first_end != end:
            notes.append(gettext("Date prévue au départ : %(day)s.", day=filters.day(first_end)))
        on = None
    elif key == "started":
        if one["before"] not in {None, ActionStatus.TO_START.value}:
            tag = gettext("reprise")
        if end:
            notes.append(gettext("Fin prévue le %(day)s.", day=filters.day(end)))
    elif key == "finished":
        tag = gettext("réalisée le %(day)s", day=filters.day(on))
    text = one["why"]
    if text and one["update"] in people.withdrawn_updates:
        text = gettext(WITHDRAWN)
    if not text and key in {"late", "stopped"}:
        text = gettext("Le pilote n'a pas encore dit pourquoi.")
    return Entry(
        title=one["title"],
        link=Link("action", one["action"], gettext("Action n° %(n)s", n=one["action"])),
        tag=tag,
        css=css,
        text=text,
        notes=tuple(notes),
        origins=tuple(_proposal(p["proposal"], p["title"]) for p in one["proposals"]),
        on=on,
    )


def _dates(data: Mapping[str, Any]) -> tuple[Entry, ...]:
    found = [
        Entry(
            title=one["title"],
            link=Link("meeting", one["meeting"], gettext("Réunion")),
            text=one["place"],
            on=day_of(one["on"]),
        )
        for one in data["meetings"]
    ]
    found += [
        Entry(
            title=one["title"],
            link=Link("action", one["action"], gettext("Fin prévue de l'action n° %(n)s", n=one["action"])),
            on=day_of(one["on"]),
        )
        for one in data["ends"]
    ]
    return tuple(sorted(found, key=lambda entry: entry.on or date.max))


def _steps(data: Mapping[str, Any]) -> tuple[Entry, ...]:
    found = []
    for one in data["steps"]:
        kind = PhaseKind(one["kind"])
        first, last = filters.day(day_of(one["first_day"])), filters.day(day_of(one["last_day"]))
        when = (
            gettext("Ouvert jusqu'au %(last)s.", last=last)
            if one["open"]
            else gettext("Du %(first)s au %(last)s.", first=first, last=last)
        )
        found.append(
            Entry(
                title=one["title"],
                link=Link("campaign", one["campaign"], gettext("Consultation")),
                tag=kind.label,
                text=when,
            )
        )
    return tuple(found)


def _counts(data: Mapping[str, Any], head: Mapping[str, Any], shared: Mapping[str, Any]) -> Section:
    rows = tuple(
        CountRow(
            key, words.counter_label(key), data["opening"].get(key, 0), data["corrections"].get(key, 0),
            data["changes"].get(key, 0), data["closing"][key],
        )
        for key, _ in words.COUNTERS
        if key in data["closing"]
        and any(data[part].get(key, 0) for part in ("opening", "corrections", "changes", "closing"))
    )  # fmt: skip
    after = day_of(head["after"])
    whole = after is not None and after + timedelta(days=1) == Quarter.parse(head["quarter"]).first_day
    since = gettext("ce trimestre") if whole else gettext("depuis le %(day)s", day=filters.day(after))
    return Section(
        title=words.list_title("counts", {}),
        counts=rows,
        keys=tuple(_key(data, key, since=since) for key in KEYS if data["closing"].get(key)),
        has_corrections=any(row.corrections for row in rows),
        reading=words.counts_sentence(data["closing"]),
        **shared,
    )


def _key(data: Mapping[str, Any], key: str, *, since: str) -> KeyNumber:
    """What moved is told without the corrections: those have their column in the table."""
    value, moved = data["closing"][key], data["changes"].get(key, 0)
    note = f"{words.signed(moved)} {since}" if moved else gettext("comme avant")
    if key == "actions_done":
        note = gettext("sur %(n)s, %(note)s", n=filters.number(data["closing"].get("actions", 0)), note=note)
    return KeyNumber(value, words.key_label(key, value), note)


def _figure(data: Mapping[str, Any], key: str, shared: Mapping[str, Any]) -> Section:
    points = []
    for one in data["points"]:
        on = day_of(one["on"])
        if on is None:
            continue
        counts = {ActionStatus(name): n for name, n in one["counts"].items()}
        points.append(Point(on, f"{on:%m/%Y}", counts))
    last = points[-1] if points else None
    reading = ""
    if last is not None and last.total:
        told = [
            f"{filters.number(count)} {words.status_plural(status, count)}"
            for status in STACK
            if (count := last.counts.get(status, 0))
        ]
        reading = gettext(
            "Au %(day)s, %(actions)s : %(told)s.",
            day=filters.day(last.on),
            actions=ngettext("%(n)s action", "%(n)s actions", last.total, n=filters.number(last.total)),
            told=", ".join(told),
        )
    title = words.list_title("figure", {})
    chart = status_chart(points, reading=f"{title}. {reading}", label=words.status_plural, key=f"figure-{key}")
    return Section(title=title, points=tuple(points) if chart else (), chart=chart, reading=reading, **shared)


def _thanks(data: Mapping[str, Any], people: Resolved, shared: Mapping[str, Any]) -> Section:
    """Groups, then each person once; those who asked not to be named any more are simply not there."""
    entries = []
    for group in data["groups"]:
        told = []
        if group["done"]:
            n = group["done"]
            told.append(ngettext("%(n)s action réalisée", "%(n)s actions réalisées", n, n=n))
        if group["started"]:
            n = group["started"]
            told.append(ngettext("%(n)s action lancée", "%(n)s actions lancées", n, n=n))
        entries.append(Entry(title=group["name"], link=Link("group", group["slug"], ""), text=", ".join(told)))
    named: dict[tuple[int | None, str], list[int]] = {}
    for one in data["people"]:
        found = people.authorships.get(one["person"]["authorship"])
        if found is not None:
            named.setdefault(found, []).append(one["proposal"])
    thanked = tuple(
        Thanked(name, tuple(_proposal(number) for number in sorted(set(numbers))))
        for (_, name), numbers in sorted(named.items(), key=lambda item: (item[0][1].split()[-1].lower(), item[0][1]))
    )
    more = words.more("thanks", data)
    return Section(title=words.list_title("thanks", {}), entries=tuple(entries), people=thanked, more=more, **shared)
