"""URLs: read the request, ask services and queries, answer with a page. One module per noun."""

from __future__ import annotations

from flask import Flask

from tracker.views import (
    accounts,
    actions,
    activation,
    auth,
    board,
    consultations,
    decisions,
    drafts,  # noqa: F401 - adds its addresses to those of proposals
    duties,
    employers,
    errors,
    first_account,
    groups,
    guide,
    handover,
    health,
    help_pages,
    home,
    layout,
    letters,
    meetings,
    merging,
    metrics,
    moderation,
    people,
    posters,  # noqa: F401 - adds its address to those of consultations
    proposals,
    register,
    reviews,
    second_factor,
    settings,
    single_sign_on,
    slips,
    transcription,  # noqa: F401 - adds its address to those of proposals
)

BLUEPRINTS = (
    auth.bp,
    accounts.bp,
    activation.bp,
    home.bp,
    actions.bp,
    groups.bp,
    board.bp,
    consultations.bp,
    health.bp,
    metrics.bp,
    help_pages.bp,
    duties.bp,
    second_factor.bp,
    single_sign_on.bp,
    settings.bp,
    people.bp,
    merging.bp,
    handover.bp,
    register.bp,
    first_account.bp,
    slips.bp,
    reviews.bp,
    decisions.bp,
    meetings.bp,
    letters.bp,
    employers.bp,
    proposals.bp,
    moderation.bp,
)


def init_app(app: Flask) -> None:
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.init_app(app)
    layout.init_app(app)
    guide.init_app(app)
