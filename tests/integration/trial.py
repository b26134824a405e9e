"""A small application with views that misbehave on purpose, in a mode where failures get their pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, redirect, request

from tests.conftest import SECRET, Clock
from tracker import create_app
from tracker.errors import Conflict, Forbidden, Refused
from tracker.extensions import begin_write, db
from tracker.models import Setting
from tracker.permissions import Permission
from tracker.security import public, requires

bp = Blueprint("trial", __name__, url_prefix="/essai")


@bp.post("/note")
@requires(Permission.PROPOSAL_CREATE)
def note() -> Any:
    """Writes a row, then answers with the status asked for."""
    status = request.args.get("statut", 303, type=int)
    begin_write()
    db.session.add(Setting(key=request.form["cle"], value=request.form.get("texte", "")))
    if status == 500:
        db.session.flush()
        raise RuntimeError("broken on purpose")
    if status == 303:
        return redirect("/aide", 303)
    if request.args.get("forme") == "tuple":
        return "<!doctype html><title>x</title>", f"{status} OUI", {"X-Essai": "1"}
    return Response(f"statut {status}", status=status, mimetype="text/plain")


@bp.get("/ecrit")
@public
def writing_get() -> str:
    begin_write()
    return "jamais"


@bp.route("/perdu", methods=["GET", "POST"])
@public
def stray() -> str:
    db.session.add(Setting(key="perdu", value=1))
    db.session.flush()
    return "jamais"


@bp.get("/casse")
@public
def broken() -> str:
    raise RuntimeError("broken on purpose")


@bp.route("/refus/<int:code>", methods=["GET", "POST"])
@public
def refused(code: int) -> str:
    ours = {
        403: Forbidden("Réservé au comité."),
        409: Conflict("Quelqu'un a répondu avant vous."),
        422: Refused("Date impossible."),
    }
    if "phrase" in request.args and code in ours:
        raise ours[code]
    abort(code)


@bp.get("/sans-marque")
def unmarked() -> str:
    return "jamais"


def trial_app(
    folder: Path, *, clock: Clock, mode: str = "demo", config: dict[str, Any] | None = None, **environ: str
) -> Flask:
    """An application of its own, whose database is `folder`/trial.db."""
    app = create_app(
        environ={
            "TRACKER_MODE": mode, "TRACKER_SECRET_KEY": SECRET, "TRACKER_INSTANCE": str(folder),
            "DATABASE_URL": f"sqlite:///{folder / 'trial.db'}", **environ,
        },
        config={"CLOCK": clock, **(config or {})},
    )  # fmt: skip
    app.register_blueprint(bp)
    return app
