"""Services, sites, themes and working groups: a list to add to, and a page for each line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from tracker.forms.settings import AddForm, LineForm
from tracker.permissions import Permission
from tracker.queries import projects, town
from tracker.queries.town import Line
from tracker.security import acting, current_time, requires
from tracker.services.settings import lists as service
from tracker.services.settings.lists import DEPARTMENTS, GROUPS, SITES, THEMES, Listed
from tracker.views.attempts import Attempt
from tracker.views.frame import ask, chosen_project, confirmed, project_args, show_project
from tracker.views.settings.blueprint import REMOVE, bp, from_first_steps, removes


@dataclass(frozen=True)
class Words:
    """What the pages of a list say."""

    heading: str
    lead: str
    names_hint: str
    empty: str


def _words(kind: Listed) -> Words:
    line = gettext("Un nom par ligne.")
    return {
        "department": Words(
            gettext("Services"),
            gettext("Directions et services ; plusieurs employeurs peuvent se partager le même."),
            line,
            gettext("Aucun service encore. Ajoutez-les d'un coup, un par ligne, ou attendez l'import du personnel."),
        ),
        "site": Words(
            gettext("Sites"),
            gettext("Les lieux de travail, où les codes d'accès sont remis et où l'on trouve un relais."),
            line,
            gettext("Aucun site encore. Ajoutez-les d'un coup, un par ligne, ou attendez l'import du personnel."),
        ),
        "theme": Words(
            gettext("Thèmes"),
            gettext("Ce dont parlent les propositions. Cinq à dix suffisent ; « Je ne sais pas » est toujours offert."),
            line,
            gettext("Aucun thème encore. Ajoutez-les d'un coup, un par ligne."),
        ),
        "group": Words(
            gettext("Groupes de travail"),
            gettext("Ceux qui porteront les actions. Leurs membres se choisissent sur les pages des personnes."),
            line,
            gettext(
                "Aucun groupe de travail encore. Vous pouvez les ajouter plus tard, quand des idées sont retenues."
            ),
        ),
    }[kind.noun]


def _lines(kind: Listed, programme_id: int | None = None) -> tuple[Line, ...]:
    if kind is DEPARTMENTS:
        return town.departments()
    if kind is SITES:
        return town.sites()
    return town.themes(programme_id) if kind is THEMES else town.groups(programme_id)


def _listing(kind: Listed, endpoint: str) -> ResponseReturnValue:
    project = chosen_project() if kind.per_project else None
    programme_id = project.id if project else None
    entities = projects.all_entities() if kind.has_entities else ()
    form = AddForm(entities=entities, data={"entities": [str(entity.id) for entity in entities]})
    if form.validate_on_submit():
        with Attempt(form):
            names = service.names_of(form.names.data or "")
            added = service.add(
                kind, names, programme_id=programme_id, entity_ids=form.entity_ids, actor=acting(), now=current_time()
            )
            flash(_added(len(added), len(names) - len(added)), "success")
            return redirect(url_for(endpoint, **project_args(), **from_first_steps()), 303)
    page = render_template(
        "settings/list.html",
        form=form,
        words=_words(kind),
        lines=[(line, url_for(f"{endpoint}_edit", row_id=line.id)) for line in _lines(kind, programme_id)],
        entities={entity.id: entity.name for entity in entities},
        project=project,
        suite=from_first_steps(),
    )
    return page, form.answer_status


def _added(count: int, known: int) -> str:
    said = ngettext("%(num)s nom ajouté.", "%(num)s noms ajoutés.", count)
    if known:
        said += " " + ngettext("%(num)s y était déjà.", "%(num)s y étaient déjà.", known)
    return str(said)


def _line(kind: Listed, endpoint: str, row_id: int) -> ResponseReturnValue:
    line = _line_or_404(kind, row_id)
    if line.programme_id is not None:
        show_project(line.programme_id)
    back = url_for(endpoint, **project_args())
    if removes():
        return _remove(kind, endpoint, line)
    entities = projects.all_entities() if kind.has_entities else ()
    form = LineForm(kind=kind, entities=entities, data=_values(line) | {"seen": line.mark})
    theirs: list[tuple[str, str]] = []
    if form.validate_on_submit():
        with Attempt(form):
            service.edit(kind, row_id=row_id, line=form.line(), seen=form.seen.data, actor=acting(), now=current_time())
            flash(gettext("« %(name)s » est enregistré.", name=form.name.data), "success")
            return redirect(back, 303)
        line = _line_or_404(kind, row_id)
        theirs = form.compare(line.mark, {name: value for name, value in _values(line).items() if name in form})
    page = render_template(
        "settings/line.html", form=form, line=line, words=_words(kind), back=back, remove=REMOVE, kind=kind.noun,
        theirs=theirs,
    )  # fmt: skip
    return page, form.answer_status


def _line_or_404(kind: Listed, row_id: int) -> Line:
    line = town.find(_lines(kind), row_id)
    if line is None:
        abort(404, gettext("Cette ligne n'existe pas, ou plus."))
    return line


def _remove(kind: Listed, endpoint: str, line: Line) -> ResponseReturnValue:
    own = url_for(f"{endpoint}_edit", row_id=line.id)
    if not confirmed():
        question = gettext("Supprimer « %(name)s » ?", name=line.name)
        return ask(question, gettext("Cela ne se peut que si rien n'en relève encore."), gettext("Supprimer"), own)
    attempt = Attempt()
    with attempt:
        service.remove(kind, row_id=line.id, actor=acting(), now=current_time())
        flash(gettext("« %(name)s » est supprimé.", name=line.name), "success")
        return redirect(url_for(endpoint, **project_args()), 303)
    flash(attempt.refusal.message if attempt.refusal else "", "error")
    return redirect(own, 303)


def _values(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "position": line.position,
        "text": line.text,
        "entities": [str(key) for key in line.entity_ids],
    }


@bp.route("/services", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def departments() -> ResponseReturnValue:
    return _listing(DEPARTMENTS, "settings.departments")


@bp.route("/services/<int:row_id>", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def departments_edit(row_id: int) -> ResponseReturnValue:
    return _line(DEPARTMENTS, "settings.departments", row_id)


@bp.route("/sites", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def sites() -> ResponseReturnValue:
    return _listing(SITES, "settings.sites")


@bp.route("/sites/<int:row_id>", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def sites_edit(row_id: int) -> ResponseReturnValue:
    return _line(SITES, "settings.sites", row_id)


@bp.route("/themes", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def themes() -> ResponseReturnValue:
    return _listing(THEMES, "settings.themes")


@bp.route("/themes/<int:row_id>", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def themes_edit(row_id: int) -> ResponseReturnValue:
    return _line(THEMES, "settings.themes", row_id)


@bp.route("/groupes", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def groups() -> ResponseReturnValue:
    return _listing(GROUPS, "settings.groups")


@bp.route("/groupes/<int:row_id>", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def groups_edit(row_id: int) -> ResponseReturnValue:
    return _line(GROUPS, "settings.groups", row_id)
