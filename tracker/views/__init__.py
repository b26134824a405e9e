"""URLs: read the request, ask services and queries, answer with a page. One module per noun."""

from __future__ import annotations

from flask import Flask

from tracker.views import accounts, auth, errors, frame, health, help_pages, home, settings

BLUEPRINTS = (
    auth.bp,
    accounts.bp,
    home.bp,
    health.bp,
    help_pages.bp,
    settings.bp,
)


def init_app(app: Flask) -> None:
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.init_app(app)
    frame.init_app(app)
