"""Printed codes, and invitations by mail: the manager's for everybody, the relais's for the people of one site.

A code exists in clear in the PDF that answers, and nowhere else. The PDF is made first, then its codes are kept: when
it cannot be made, older codes go on working.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from tracker.enums import CodeChannel
from tracker.exports import qr
from tracker.extensions import FRENCH, begin_write, end_transaction, speaking
from tracker.filters import number
from tracker.permissions import Permission, sites_of
from tracker.queries import activation as people
from tracker.queries.activation import CodeFilter, SlipPerson, Wanted
from tracker.records import paris_day
from tracker.security import acting, current_time, requires
from tracker.services import activation, invitations
from tracker.validation import as_id
from tracker.views import papers
from tracker.views.activation import mails_leave
from tracker.views.frame import ALL, LinkedPage, ask, confirmed, contact, page_number, today, with_args

bp = Blueprint("slips", __name__)

PER_SHEET, PER_PRINT = 8, 160  # some seven seconds of work


@bp.route("/relais", methods=["GET", "POST"])
@requires(Permission.CODE_PRINT)
def relay() -> ResponseReturnValue:
    return _codes()


@bp.route("/reglages/codes", methods=["GET", "POST"])
@requires(Permission.SETTINGS_EDIT)
def codes() -> ResponseReturnValue:
    return _codes()


def _codes() -> ResponseReturnValue:
    reach = sites_of(acting(), Permission.CODE_PRINT)
    filters = _filters(reach)
    if request.method == "POST" and request.form.get("act") == "invite":
        return _invite(filters, back=with_args())
    if request.method == "POST" and request.form.get("batch"):
        return _replace(reach)
    if request.method == "POST":
        return _print(reach)
    found = people.people(filters, page=page_number(), now=current_time())
    sites, departments = people.sites(reach), people.departments(reach)
    return render_template(
        "slips/index.html",
        page=LinkedPage(found),
        filters=filters,
        may_print_all=filters.wanted is Wanted.WITHOUT_CODE and found.total > 0,
        printed=min(found.total, PER_PRINT),
        sites=[("", gettext("Tous les sites")), *((str(s.id), s.name) for s in sites)],
        departments=[("", gettext("Tous les services")), *((str(d.id), d.name) for d in departments)],
        wanted=[
            (Wanted.WITHOUT_CODE.value, gettext("Sans compte ni code valable")),
            (Wanted.WITHOUT_ACCOUNT.value, gettext("Sans compte")),
            (Wanted.ALL.value, gettext("Tout le monde")),
        ],
        addresses=[
            ("sans", gettext("Sans adresse électronique")),
            (ALL, gettext("Tout le monde")),
        ],
        mails=mails_leave(),
        batches=people.batches(sites=reach, now=current_time()),
        to_invite=people.count_invitable(filters, now=current_time()) if mails_leave() else 0,
        own_sites=[] if reach is None else [s.name for s in sites],
        everywhere=reach is None,
        reset_url=url_for(str(request.endpoint)),
    )


def _filters(reach: frozenset[int] | None) -> CodeFilter:
    """What the address asks for: paper is first for those whom no mail reaches, and for all while none leaves."""
    asked, q = request.args.get("etat", ""), request.args.get("q", "").strip()[:100]
    reached = request.args.get("adresse", "sans" if mails_leave() else ALL)
    return CodeFilter(
        sites=reach,
        site_id=as_id(request.args.get("site", "")),
        department_id=as_id(request.args.get("service", "")),
        wanted=Wanted(asked) if asked in set(Wanted) else Wanted.WITHOUT_CODE,
        only_without_address=reached != ALL and not q,  # somebody looked for by name is found
        q=q,
    )


@bp.post("/reglages/personnes/<int:person_id>/invitation")
@requires(Permission.PERSON_EDIT)
def invite(person_id: int) -> ResponseReturnValue:
    """One person, from their page."""
    one = CodeFilter(sites=sites_of(acting(), Permission.CODE_PRINT), person_id=person_id)
    if people.person(person_id, sites=one.sites, now=current_time()) is None:
        abort(404, gettext("Cette personne n'existe pas."))
    return _invite(one, back=url_for("people.show", person_id=person_id))


def _invite(filters: CodeFilter, *, back: str) -> ResponseReturnValue:
    """Those of these places who have an address and no account, after a question that tells how many."""
    now = current_time()
    if not mails_leave():
        abort(409, gettext("Cet outil n'envoie pas encore de courriels : donnez un code imprimé."))
    found = people.invitable(filters, now=now)
    if not found:
        flash(gettext("Personne à inviter : un compte ouvert, pas d'adresse, ou un lien déjà envoyé."), "info")
        return redirect(back, 303)
    if not confirmed():
        question = ngettext(
            "%(n)s personne recevra un courriel. L'inviter ?",
            "%(n)s personnes recevront un courriel. Les inviter ?",
            len(found),
            n=number(len(found)),
        )
        advice = gettext(
            "Le courriel dit ce qu'est cet outil et donne un lien, qui vaut %(days)s jours et sert une fois, pour "
            "choisir un mot de passe. Un code déjà imprimé reste bon.",
            days=invitations.LIFE.days,
        )
        return ask(question, advice, gettext("Inviter par courriel"), back)
    actor = acting()
    end_transaction(commit=False)
    links = invitations.prepare(found)
    begin_write()
    sent = invitations.send(links, actor=actor, now=now)
    end_transaction(commit=True)
    flash(
        ngettext(
            "%(n)s personne invitée : son courriel part dans quelques minutes.",
            "%(n)s personnes invitées : leurs courriels partent dans les minutes qui viennent.",
            sent,
            n=number(sent),
        ),
        "success",
    )
    return redirect(back, 303)


def _print(reach: frozenset[int] | None) -> ResponseReturnValue:
    """One person's code, or those of everybody listed who has none, after a question."""
    now = current_time()
    asked = request.form.get("person", "")
    if asked:
        key = as_id(asked)
        one = people.person(key, sites=reach, now=now) if key else None
        if one is None:
            abort(404, gettext("Cette personne n'est pas de votre site, ou n'est plus là."))
        found: tuple[SlipPerson, ...] = (one,)
    else:
        filters = _filters(reach)
        if filters.wanted is not Wanted.WITHOUT_CODE:
            abort(422, gettext("Choisissez une personne, ou la liste des personnes sans compte ni code valable."))
        found = people.first_people(filters, limit=PER_PRINT, now=now)
        if not found:
            abort(409, gettext("Tout le monde ici a déjà un compte ou un code valable."))
    if not confirmed():
        return _ask(found)
    return _printed(found)


def _replace(reach: frozenset[int] | None) -> ResponseReturnValue:
    """A batch of slips was lost: new codes for those who have not used theirs, after a question."""
    code_id = as_id(request.form.get("batch", "")) or 0
    found = people.people_of_batch(code_id, sites=reach, now=current_time())
    if not found:
        abort(409, gettext("Plus aucun code de ce lot n'ouvre quelque chose : il n'y a rien à remplacer."))
    if confirmed():
        return _printed(found, replacing=True)
    question = ngettext("Remplacer %(num)s code perdu ?", "Remplacer %(num)s codes perdus ?", len(found))
    advice = gettext(
        "Les codes de ce lot qui n'ont pas servi n'ouvriront plus rien, où qu'ils soient. Les nouveaux ne se lisent "
        "que dans le fichier qui vient : imprimez-le, puis effacez-le de cet appareil. L'historique garde ce "
        "remplacement."
    )
    return ask(question, advice, gettext("Remplacer et imprimer"), with_args(), gives_file=True)


def _ask(found: tuple[SlipPerson, ...]) -> str:
    if len(found) == 1:
        question = gettext("Imprimer un nouveau code pour %(name)s ?", name=found[0].name)
        advice = gettext(
            "Un code imprimé avant pour cette personne n'ouvrira plus rien. Le nouveau ne se lit que dans le fichier "
            "qui vient : imprimez-le, puis effacez-le de cet appareil. Le code vaut 30 jours et sert une fois."
        )
    else:
        question = ngettext("Imprimer %(num)s code ?", "Imprimer %(num)s codes ?", len(found))
        advice = gettext(
            "Les codes imprimés avant pour ces personnes n'ouvriront plus rien. Les nouveaux ne se lisent que dans le "
            "fichier qui vient : imprimez-le, puis effacez-le de cet appareil. Chacun vaut 30 jours et sert une fois."
        )
    return ask(question, advice, gettext("Imprimer"), with_args(), gives_file=True)


def _printed(found: tuple[SlipPerson, ...], *, replacing: bool = False) -> Response:
    actor, now = acting(), current_time()
    made_for = {person.id: activation.new_code() for person in found}
    with speaking(FRENCH):  # given to others, who have chosen no language yet
        page = _sheets(found, made_for)
    data = papers.made(page)
    begin_write()
    activation.keep_printed(made_for, actor=actor, now=now, replacing=replacing)
    end_transaction(commit=True)
    return papers.answer(data, f"codes-{today().isoformat()}", kept=False)


def _sheets(found: tuple[SlipPerson, ...], made_for: dict[int, str]) -> str:
    page = current_app.config["BASE_URL"] + url_for("activation.activate").removeprefix(request.script_root)
    relays = people.relays(current_time())
    title = gettext("Adresse à ouvrir avec un téléphone")
    slips: list[dict[str, Any]] = [
        {
            "person": person,
            "code": activation.grouped(made_for[person.id]),
            "qr": qr.svg(f"{page}#{made_for[person.id]}", title=title),
            "relays": [name for name in relays.get(person.site_id or 0, []) if name != person.name],
        }
        for person in found
    ]
    return render_template(
        "slips/sheets.html",
        sheets=[slips[start : start + PER_SHEET] for start in range(0, len(slips), PER_SHEET)],
        count=len(slips),
        address=page.split("://")[-1],
        until=paris_day(current_time() + activation.LIFE[CodeChannel.SLIP]),
        contact=contact(),
    )
