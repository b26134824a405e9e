"""People in the settings: the list, each person's page, and the roles they hold."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from tracker.enums import Role
from tracker.forms.people import GrantForm, PersonForm
from tracker.permissions import Permission, can
from tracker.queries import directory, holdings
from tracker.queries.directory import PeopleFilter, PersonRecord
from tracker.security import acting, current_time, requires
from tracker.services import people as service
from tracker.validation import as_id
from tracker.views.activation import mails_leave
from tracker.views.attempts import Attempt
from tracker.views.frame import LinkedPage, ask, confirmed, page_number, today
from tracker.views.lists import chosen

bp = Blueprint("people", __name__, url_prefix="/reglages/personnes")


@bp.get("")
@requires(Permission.PERSON_EDIT)
def index() -> str:
    args = request.args
    state = args.get("etat", "")
    filters = PeopleFilter(
        q=args.get("q", "")[:100],
        entity_id=as_id(args.get("employeur", "")),
        department_id=as_id(args.get("service", "")),
        site_id=as_id(args.get("site", "")),
        state=state if state in {"toutes", "parties", "sans-compte"} else "presentes",
        role=chosen(Role, "role"),
    )
    places = directory.places()
    return render_template(
        "people/index.html",
        page=LinkedPage(directory.people(filters, today=today(), page=page_number())),
        filters=filters,
        employers=[("", gettext("Tous les employeurs")), *places.employers],
        departments=[("", gettext("Tous les services")), *places.departments],
        sites=[("", gettext("Tous les sites")), *places.sites],
        roles=[("", gettext("Tous les rôles")), *((role.value, role.label) for role in Role)],
        states=[
            ("presentes", gettext("Présentes")),
            ("sans-compte", gettext("Présentes, sans compte ouvert")),
            ("parties", gettext("Parties")),
            ("toutes", gettext("Toutes")),
        ],
        reset_url=url_for("people.index"),
    )


def one_or_404(person_id: int, *, whole: bool = True) -> PersonRecord:
    """The person; whoever asks for an account merged into another is led to that one."""
    person = directory.person(person_id, whole=whole)
    if person is not None and person.merged_into_id is not None:
        abort(redirect(url_for("people.show", person_id=person.merged_into_id), 303))
    if person is None or person.erased:
        abort(404, gettext("Cette personne n'existe pas."))
    return person


@bp.get("/<int:person_id>")
@requires(Permission.PERSON_EDIT)
def show(person_id: int) -> ResponseReturnValue:
    return _page(one_or_404(person_id))


def _page(person: PersonRecord, form: GrantForm | None = None) -> ResponseReturnValue:
    where = directory.where_roles_are_held()
    shown = form or GrantForm(formdata=None, where=where, data={"starts_on": today()})
    page = render_template(
        "people/show.html", person=person, form=shown, day=today(), mails=mails_leave(),
        may_erase=can(current_user, Permission.PERSON_ERASE),
    )  # fmt: skip
    return page, 422 if form is not None else 200


@bp.route("/nouvelle", methods=["GET", "POST"])
@requires(Permission.PERSON_EDIT)
def create() -> ResponseReturnValue:
    form = PersonForm(places=directory.places())
    if form.validate_on_submit():
        with Attempt(form):
            now = current_time()
            row = service.add(form.person(), actor=acting(), now=now)
            flash(_added() if row.created_at == now else _added_before(), "success")
            return redirect(url_for("people.show", person_id=row.id), 303)
    page = render_template("people/edit.html", form=form, person=None, heading=gettext("Ajouter une personne"))
    return page, form.answer_status


def _added() -> str:
    return gettext("Personne ajoutée. Un code imprimé ou un lien lui ouvrira son compte.")


def _added_before() -> str:
    return gettext(
        "Cette personne a déjà été ajoutée il y a un instant : elle n'a pas été ajoutée deux fois. Pour ajouter une "
        "autre personne du même nom, donnez son matricule ou son adresse."
    )


@bp.route("/<int:person_id>/modifier", methods=["GET", "POST"])
@requires(Permission.PERSON_EDIT)
def edit(person_id: int) -> ResponseReturnValue:
    person = one_or_404(person_id)
    form = PersonForm(places=directory.places(), data=_values(person) | {"seen": person.mark})
    theirs: list[tuple[str, str]] = []
    if form.validate_on_submit():
        with Attempt(form):
            service.edit(
                user_id=person_id, person=form.person(), seen=form.seen.data, actor=acting(), now=current_time()
            )
            flash(gettext("Fiche enregistrée."), "success")
            return redirect(url_for("people.show", person_id=person_id), 303)
        person = one_or_404(person_id)
        theirs = form.compare(person.mark, _values(person))
    heading = gettext("Modifier la fiche de %(name)s", name=person.name)
    page = render_template("people/edit.html", form=form, person=person, heading=heading, theirs=theirs)
    return page, form.answer_status


def _values(person: PersonRecord) -> dict[str, Any]:
    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "entity_id": str(person.entity_id or ""),
        "department_id": str(person.department_id or ""),
        "site_id": str(person.site_id or ""),
        "is_manager": person.is_manager,
        "number": person.number,
    }


@bp.post("/<int:person_id>/presence")
@requires(Permission.PERSON_EDIT)
def presence(person_id: int) -> ResponseReturnValue:
    """Deactivate, or take back: what the page offered, not the contrary of what is now."""
    person = one_or_404(person_id)
    back = url_for("people.show", person_id=person_id)
    active = request.form.get("presente") == "oui"
    if not active and not confirmed():
        if person.active and holdings.of_person(person_id, today=today()):
            flash(gettext("Dites d'abord qui reprend ce que tient cette personne."), "info")
            return redirect(url_for("handover.show", person_id=person_id, depart="oui"), 303)
        return ask(
            gettext("%(name)s ne travaille plus ici ?", name=person.name),
            gettext(
                "Ses visites prennent fin et ses codes n'ouvrent plus rien. Ce que la personne a écrit reste ; vous "
                "pourrez la réactiver."
            ),
            gettext("Désactiver le compte"),
            back,
        )
    with (attempt := Attempt()):
        service.set_active(user_id=person_id, active=active, actor=acting(), now=current_time())
        flash(gettext("Compte réactivé.") if active else gettext("Compte désactivé."), "success")
    if attempt.refusal is not None:
        flash(attempt.refusal.message, "error")
    return redirect(back, 303)


@bp.post("/<int:person_id>/roles")
@requires(Permission.PERSON_EDIT)
def grant(person_id: int) -> ResponseReturnValue:
    person = one_or_404(person_id)
    form = GrantForm(where=directory.where_roles_are_held())
    if form.validate_on_submit():
        with Attempt(form):
            service.grant(user_id=person_id, given=form.grant(), actor=acting(), now=current_time())
            flash(gettext("Rôle donné."), "success")
            return redirect(url_for("people.show", person_id=person_id), 303)
    return _page(person, form)


@bp.post("/<int:person_id>/roles/<int:grant_id>/fin")
@requires(Permission.PERSON_EDIT)
def end_grant(person_id: int, grant_id: int) -> ResponseReturnValue:
    person = one_or_404(person_id)
    back = url_for("people.show", person_id=person_id)
    held = next((one for one in person.grants if one.id == grant_id), None)
    if held is None:
        abort(404, gettext("Ce rôle n'existe pas."))
    if not confirmed():
        return ask(
            gettext("Mettre fin au rôle « %(role)s » de %(name)s ?", role=held.role.label, name=person.name),
            gettext("La personne ne le tiendra plus dès maintenant. L'historique garde la période."),
            gettext("Mettre fin au rôle"),
            back,
        )
    with (attempt := Attempt()):
        service.end_grant(user_id=person_id, grant_id=grant_id, actor=acting(), now=current_time())
        flash(gettext("Ce rôle a pris fin."), "success")
    if attempt.refusal is not None:
        flash(attempt.refusal.message, "error")
    return redirect(back, 303)
