"""URLs: read the request, ask services and queries, answer with a page. One module per noun."""

from __future__ import annotations

from flask import Flask

from tracker.views import (
    accounts,
    auth,
    board,
    decisions,
    errors,
    frame,
    health,
    help_pages,
    home,
    meetings,
    reviews,
    settings,
)

BLUEPRINTS = (
    auth.bp,
    accounts.bp,
    home.bp,
    board.bp,
    health.bp,
    help_pages.bp,
    settings.bp,
    reviews.bp,
    decisions.bp,
    meetings.bp,
)


def init_app(app: Flask) -> None:
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.init_app(app)
    frame.init_app(app)
