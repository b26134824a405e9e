"""Reading: the archive by year, and a published letter as it was frozen."""

from __future__ import annotations

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from flask_login import current_user

from tracker.extensions import FRENCH, begin_write, speaking
from tracker.forms.letters import BuildForm
from tracker.letters import Quarter
from tracker.permissions import Permission, require
from tracker.queries import letters
from tracker.queries.letters import LetterLine, PublishedLetter
from tracker.security import acting, current_time, public, requires
from tracker.security.addresses import here
from tracker.services import letters as service
from tracker.views.attempts import Attempt
from tracker.views.conditional import conditional
from tracker.views.frame import chosen_project, may, project_args, show_project, today
from tracker.views.letters import bp, forms_of
from tracker.views.letters.forms_of import Readable
from tracker.views.shared import shared_by, shared_page

QUARTERS_OFFERED = 8


def login_first() -> ResponseReturnValue:
    return redirect(url_for("auth.login", suite=here()))


def _by_year(lines: tuple[LetterLine, ...]) -> dict[int, list[LetterLine]]:
    years: dict[int, list[LetterLine]] = {}
    for line in lines:
        years.setdefault(Quarter.parse(line.quarter).year, []).append(line)
    return years


@bp.get("")
@public
@conditional
def index() -> ResponseReturnValue:
    visitor = not current_user.is_authenticated
    if visitor and not letters.any_public():
        return login_first()
    project = chosen_project()
    may_edit = may(Permission.LETTER_EDIT, project)
    to_read = () if visitor or may_edit else letters.to_proofread(current_user.id)

    def page() -> str:
        archive = letters.archive(project.id, public_only=visitor)
        drafts = letters.drafts(project.id) if may_edit else ()
        return render_template(
            "letters/index.html",
            years=_by_year(archive),
            total=len(archive),
            drafts=drafts,
            to_read=to_read,
            may_edit=may_edit,
            form=BuildForm(quarters=offered(archive, drafts)) if may_edit else None,
        )

    answer: ResponseReturnValue = page() if to_read else shared_by(make=page)
    return answer


def offered(archive: tuple[LetterLine, ...], drafts: tuple[LetterLine, ...]) -> list[tuple[str, str]]:
    """The quarters for which a letter may be composed now, the last first."""
    from tracker.filters import quarter_words

    project = chosen_project()
    last = max((line.quarter for line in archive), default="")
    written = {line.quarter for line in drafts}
    found = [
        str(quarter)
        for quarter in Quarter.range(project.starts_on, min(today(), project.ends_on))
        if str(quarter) > last and str(quarter) not in written
    ]
    return [(name, quarter_words(name)) for name in reversed(found[-QUARTERS_OFFERED:])]


@bp.post("/composer")
@requires(Permission.LETTER_EDIT)
def build() -> ResponseReturnValue:
    """Compose the letter of a quarter, then write it."""
    project = chosen_project()
    require(acting(), Permission.LETTER_EDIT, project)
    quarter = request.form.get("quarter", "")
    with Attempt() as attempt:
        letter = service.build(project.id, quarter, actor=acting(), now=current_time())
        flash(
            gettext("Lettre composée à partir des données. Il vous reste l'éditorial, et ce que vous voulez changer."),
            "success",
        )
        return redirect(url_for("letters.write", quarter=letter.quarter, **project_args()), 303)
    archive, drafts = letters.archive(project.id, public_only=False), letters.drafts(project.id)
    form = BuildForm(quarters=offered(archive, drafts))
    attempt.say(form)
    page = render_template(
        "letters/index.html", years=_by_year(archive), total=len(archive), drafts=drafts, to_read=(),
        may_edit=True, form=form,
    )  # fmt: skip
    return page, attempt.status


def _published_or_404(number: int) -> PublishedLetter:
    letter = letters.published(number)
    if letter is None:
        abort(404, gettext("Cette lettre n'existe pas ou n'est pas encore publiée."))
    return letter


def readable_letter(number: int, *, language: str = "") -> Readable | None:
    """The letter for this reader, in their language unless told; None for a visitor who must log in first.

    A visitor is not told whether the letter exists.
    """
    visitor = not current_user.is_authenticated
    letter = letters.published(number)
    if visitor and (letter is None or not letter.is_public):
        return None
    if letter is None:
        abort(404, gettext("Cette lettre n'existe pas ou n'est pas encore publiée."))
    show_project(letter.programme_id)
    people = letters.resolve(letter.references)
    with speaking(language or str(get_locale())):
        return forms_of.readable(letter, people, visitor=visitor)


@bp.get("/<int:number>")
@public
@conditional
@shared_page
def show(number: int) -> ResponseReturnValue:
    found = readable_letter(number)
    if found is None:
        return login_first()
    return render_template(
        "letters/show.html",
        record=found.record,
        letter=found.page,
        body=forms_of.body_of(found),
        may_publish=may(Permission.LETTER_PUBLISH, found.record),
    )


@bp.get("/<int:number>.txt")
@public
def text(number: int) -> ResponseReturnValue:
    found = readable_letter(number)
    return login_first() if found is None else forms_of.as_text(found.page)


@bp.get("/<int:number>.eml")
@public
def message(number: int) -> ResponseReturnValue:
    found = readable_letter(number, language=FRENCH)
    if found is None:
        return login_first()
    return forms_of.as_message(found.page, seed=found.record.sha256, sent_at=found.record.published_at)


@bp.get("/<int:number>/courriel")
@public
def mail(number: int) -> ResponseReturnValue:
    found = readable_letter(number, language=FRENCH)
    return login_first() if found is None else forms_of.as_mail(found.page)


@bp.get("/<int:number>/imprimer")
@public
@conditional
def paper(number: int) -> ResponseReturnValue:
    found = readable_letter(number)
    return login_first() if found is None else forms_of.as_paper(found.page)


@bp.post("/<int:number>/acces")
@requires(Permission.LETTER_PUBLISH)
def access(number: int) -> Response | ResponseReturnValue:
    """Open a letter to visitors without account, or close it to them."""
    letter = _published_or_404(number)
    require(acting(), Permission.LETTER_PUBLISH, letter)
    is_public = request.form.get("ouverte") == "1"
    begin_write()
    service.set_public(service.locked(letter.id), is_public, actor=acting(), now=current_time())
    flash(
        gettext("Cette lettre se lit maintenant sans se connecter.")
        if is_public
        else gettext("Cette lettre se lit maintenant après connexion."),
        "success",
    )
    return redirect(url_for("letters.show", number=number), 303)
