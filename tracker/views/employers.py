"""Employers: the stylesheet of each one's colour."""

from __future__ import annotations

from flask import Blueprint, Response, abort, url_for
from markupsafe import Markup

from tracker.exports.stylesheet import stylesheet
from tracker.queries import projects, town
from tracker.records import Actor
from tracker.security import public
from tracker.services import uploads

bp = Blueprint("employers", __name__, url_prefix="/employeur")

A_YEAR = 31_536_000


@bp.get("/<slug>/<key>.css")
@public
def colours(slug: str, key: str) -> Response:
    """Public, and the same for ever at this address: another colour has another `key`."""
    sheet = stylesheet(projects.employer_colour(slug))
    if sheet is None or sheet.key != key:
        abort(404)
    response = Response(sheet.text, mimetype="text/css")
    response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    return response


@bp.get("/<slug>/<key>.png")
@public
def logo(slug: str, key: str) -> Response:
    """Public, and the same for ever at this address: another picture has another `key`."""
    picture = uploads.logo(key) if projects.employer_logo(slug) == key else None
    if picture is None:
        abort(404)
    response = Response(picture, mimetype="image/png")
    response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    return response


def logo_image(person: Actor | None) -> Markup:
    """The logo of the person's employer; before login, of the one employer of a town that has no other."""
    if person is None:
        alone = town.only_employer()
        slug, key, name = (alone.slug, alone.logo, alone.name) if alone else ("", "", "")
    else:
        slug, key, name = person.employer, person.employer_logo, person.employer_name
    if not key:
        return Markup()
    address = url_for("employers.logo", slug=slug, key=key)
    return Markup('<img class="site-logo" src="{}" alt="{}">').format(address, name)


def stylesheet_link(person: Actor) -> Markup:
    """What the head of a page asks for: nothing when the person's employer has no colour of its own."""
    sheet = stylesheet(person.employer_colour) if person.employer else None
    if sheet is None:
        return Markup()
    address = url_for("employers.colours", slug=person.employer, key=sheet.key)
    return Markup('<link rel="stylesheet" href="{}">').format(address)
