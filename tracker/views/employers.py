"""Employers: the stylesheet of each one's colour."""

from __future__ import annotations

from flask import Blueprint, Response, abort, url_for
from markupsafe import Markup

from tracker.exports.stylesheet import stylesheet
from tracker.queries import projects
from tracker.records import Actor
from tracker.security import public

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


def stylesheet_link(person: Actor) -> Markup:
    """What the head of a page asks for: nothing when the person's employer has no colour of its own."""
    sheet = stylesheet(person.employer_colour) if person.employer else None
    if sheet is None:
        return Markup()
    address = url_for("employers.colours", slug=person.employer, key=sheet.key)
    return Markup('<link rel="stylesheet" href="{}">').format(address)
