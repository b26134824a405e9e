"""The tables of an archive, for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from flask_babel import gettext

from tracker.exports.archive.names import Names
from tracker.exports.archive.records import ActionItem, ArchiveData, AuthorItem, PointItem, ProposalItem
from tracker.exports.tables import Cell, csv_bytes

Rows = Iterable[Sequence[Cell]]


def titles() -> tuple[tuple[str, str], ...]:
    """Each table's place and what it holds."""
    return (
        ("donnees/propositions.csv", gettext("Propositions")),
        ("donnees/reponses.csv", gettext("Réponses aux propositions")),
        ("donnees/actions.csv", gettext("Actions")),
        ("donnees/points.csv", gettext("Points publiés sur les actions")),
        ("donnees/jalons.csv", gettext("Jalons des actions")),
        ("donnees/reunions.csv", gettext("Réunions")),
        ("donnees/lettres.csv", gettext("Lettres")),
        ("donnees/chiffres.csv", gettext("Chiffres du projet")),
    )


def files(data: ArchiveData, *, names: Names) -> Iterator[tuple[str, bytes]]:
    made = (
        _proposals(data, names), _answers(data), _actions(data, names), _points(data, names), _milestones(data),
        _meetings(data), _letters(data, names), _counts(data),
    )  # fmt: skip
    for (name, _title), (columns, rows) in zip(titles(), made, strict=True):
        yield name, csv_bytes(columns, rows)


def authors_words(authors: Iterable[AuthorItem], names: Names) -> str:
    """Who proposed, as everybody reads it."""
    return ", ".join(
        names.of(one.person)
        or (gettext("n° %(n)s", n=one.number) if one.number is not None else gettext("nom non affiché"))
        for one in authors
    )


def _proposals(data: ArchiveData, names: Names) -> tuple[Sequence[str], Rows]:
    columns = (
        gettext("Numéro"), gettext("Titre"), gettext("Texte"), gettext("Thème"), gettext("État"), gettext("Origine"),
        gettext("Proposée par"), gettext("Envoyée le"), gettext("Publiée le"), gettext("Soutiens"),
        gettext("Comptés ailleurs"), gettext("Regroupée avec"), gettext("Actions"),
    )  # fmt: skip
    return columns, (_proposal(one, names) for one in data.proposals)


def _proposal(one: ProposalItem, names: Names) -> Sequence[Cell]:
    return (
        one.number, one.title, one.body, one.theme, one.state.label, one.origin.label,
        authors_words(one.authors, names), one.sent_on, one.published_on, one.supports,
        ", ".join(f"{count} {choice.label} ({source})" for source, choice, count in one.tallies),
        ", ".join(str(tie.number) for tie in one.merged_into), ", ".join(str(tie.number) for tie in one.actions),
    )  # fmt: skip


def _answers(data: ArchiveData) -> tuple[Sequence[str], Rows]:
    columns = (
        gettext("Proposition"), gettext("Réponse"), gettext("Motif"), gettext("Pourquoi"), gettext("Conditions"),
        gettext("Signée"), gettext("Prise le"), gettext("Publiée le"),
    )  # fmt: skip
    rows = (
        (
            one.number, answer.words, answer.motive.label if answer.motive else "", answer.reason,
            " ; ".join(f"{label} ({met:%d/%m/%Y})" if met else label for label, met in answer.conditions),
            answer.signature, answer.taken_on, answer.published_on,
        )
        for one in data.proposals
        for answer in one.answers
    )  # fmt: skip
    return columns, rows


def _actions(data: ArchiveData, names: Names) -> tuple[Sequence[str], Rows]:
    columns = (
        gettext("Numéro"), gettext("Titre"), gettext("Description"), gettext("Groupe"), gettext("Thème"),
        gettext("Employeurs"), gettext("Pilote"), gettext("Où elle en est"), gettext("Avancement (%)"),
        gettext("Météo"), gettext("Début prévu"), gettext("Fin prévue"), gettext("Début prévu au départ"),
        gettext("Fin prévue au départ"), gettext("Propositions"),
    )  # fmt: skip
    return columns, (_action(one, names) for one in data.actions)


def _action(one: ActionItem, names: Names) -> Sequence[Cell]:
    state = one.state
    return (
        one.number, one.title, one.summary, one.group[1] if one.group else "", one.theme, ", ".join(one.employers),
        names.of(one.pilot), state.status.label if state else "",
        round(state.progress, 1) if state and state.progress is not None else None,
        state.health.label if state else "", state.planned_start if state else None,
        state.planned_end if state else None, one.baseline_start, one.baseline_end,
        ", ".join(str(link.number) for link in one.proposals),
    )  # fmt: skip


def _points(data: ArchiveData, names: Names) -> tuple[Sequence[str], Rows]:
    columns = (
        gettext("Action"), gettext("Du"), gettext("Saisi le"), gettext("Nature"), gettext("Par"), gettext("Réunion"),
        gettext("Où elle en est"), gettext("Avancement déclaré (%)"), gettext("Météo"), gettext("Début prévu"),
        gettext("Fin prévue"), gettext("Pourquoi la date change"), gettext("Note"), gettext("Remplacé"),
    )  # fmt: skip
    rows = (
        (
            one.number, point.on, point.recorded_on, point.kind.label, names.of(point.author), point.meeting_title,
            point.status.label if point.status else "", point.progress, point.health.label if point.health else "",
            point.planned_start, point.planned_end, point.move_reason,
            _note(point),
            gettext("oui") if point.replaced else "",
        )
        for one in data.actions
        for point in one.points
    )  # fmt: skip
    return columns, rows


def _note(point: PointItem) -> str:
    if point.redacted_on is None:
        return point.note
    return gettext("Texte retiré le %(day)s.", day=f"{point.redacted_on:%d/%m/%Y}")


def _milestones(data: ArchiveData) -> tuple[Sequence[str], Rows]:
    columns = (
        gettext("Action"), gettext("Jalon"), gettext("Échéance"), gettext("Poids"), gettext("Franchi le"),
        gettext("Abandonné"),
    )  # fmt: skip
    rows = (
        (one.number, m.label, m.due, m.weight, m.done_on if m.done else None, gettext("oui") if m.dropped else "")
        for one in data.actions
        if one.state
        for m in one.state.milestones
    )
    return columns, rows


def _meetings(data: ArchiveData) -> tuple[Sequence[str], Rows]:
    columns = (
        gettext("Date"), gettext("Type"), gettext("Titre"), gettext("Lieu"), gettext("Groupe"),
        gettext("Ordre du jour"), gettext("Compte rendu"),
    )  # fmt: skip
    rows = ((m.held_on, m.kind.label, m.title, m.place, m.group, m.agenda, m.minutes) for m in data.meetings)
    return columns, rows


def _letters(data: ArchiveData, names: Names) -> tuple[Sequence[str], Rows]:
    columns = (
        gettext("Numéro"), gettext("Trimestre"), gettext("Titre"), gettext("Publiée le"), gettext("Bon à tirer de"),
        gettext("Empreinte SHA-256 du contenu figé"),
    )  # fmt: skip
    rows = (
        (one.number, one.quarter, one.title, one.published_on, names.of(one.approved_by), one.sha256)
        for one in data.letters
    )
    return columns, rows


def _counts(data: ArchiveData) -> tuple[Sequence[str], Rows]:
    return (gettext("Ce que l'on compte"), gettext("Nombre")), data.counts
