"""What the manager of the tool sees first: what is missing or failing, and where to mend it."""

from __future__ import annotations

from flask import current_app, render_template, url_for

from tracker.permissions import Permission
from tracker.queries import checks, readiness
from tracker.queries.findings import Finding
from tracker.security import current_time, requires
from tracker.views.settings.blueprint import bp, menu


def _where(finding: Finding) -> str:
    """The page that mends what was found; "" when it is not on a page."""
    return url_for(finding.endpoint, **dict(finding.part)) if finding.endpoint in current_app.view_functions else ""


@bp.get("")
@requires(Permission.SETTINGS_VIEW)
def index() -> str:
    findings = [(finding, _where(finding)) for finding in checks.setup()]
    findings.sort(key=lambda pair: (pair[0].is_right, pair[0].optional))
    return render_template("settings/index.html", findings=findings, menu=menu())


@bp.get("/premiers-pas")
@requires(Permission.SETTINGS_EDIT)
def first_steps() -> str:
    """The first steps of a town in order: what is done, what is missing, and the one next thing."""
    found = list(readiness.findings(current_time()))
    steps = [(finding, _where(finding)) for finding in found if finding.step]
    missing = [pair for pair in steps if not pair[0].is_right and not pair[0].optional]
    after = [(finding, _where(finding)) for finding in found if not finding.step and finding.endpoint]
    return render_template(
        "settings/first_steps.html",
        steps=steps,
        following=missing[0] if missing else next((pair for pair in after if not pair[0].is_right), None),
        done=not missing,
        after=after,
        mails=bool(current_app.config["SMTP_URL"]),
    )
