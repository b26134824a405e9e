"""What the demonstration holds none of, made by the services on the served copy so that its pages are looked at."""

from __future__ import annotations

import io
from datetime import datetime

from PIL import Image
from sqlalchemy import select

from tests import demonstration
from tests.e2e.site import Site
from tracker import create_app
from tracker.enums import RequestKind, TextKind, UpdateKind
from tracker.extensions import db, end_transaction, write_transaction
from tracker.imports import pictures
from tracker.imports.people import read_sheet
from tracker.models import ActionUpdate, Entity, User
from tracker.queries import people
from tracker.records import Actor, paris_day
from tracker.services import data_requests, redactions, register, uploads
from tracker.services.settings import lists

# one person to create, one whom nobody can tell from somebody known, one line without a name
REGISTER = "Matricule;Nom;Prénom;Service\nZ-1;Nouvelle;Zoé;Un service tout neuf\nZ-2;{known};\nZ-3;;Sans nom;\n"


def make(site: Site) -> None:
    """Two imports of the register (one whose columns are to be said), a request, a text to withdraw, a site, a logo."""
    app = create_app(environ=demonstration.environment(site.folder, **site.settings))
    with app.app_context():
        now = app.config["CLOCK"]()
        admin, agent = (people.actor_by_login(login, now=now) for login in ("admin", "agent"))
        assert admin, "the demonstration has its accounts"
        assert agent, "the demonstration has its accounts"
        _rows(admin, agent, now)
        _imports(admin, now)
        db.session.remove()
        db.engine.dispose()


def _rows(admin: Actor, agent: Actor, now: datetime) -> None:
    point = db.session.scalar(
        select(ActionUpdate.id).where(ActionUpdate.kind == UpdateKind.STATEMENT).order_by(ActionUpdate.id).limit(1)
    )
    assert point, "the demonstration has points"
    picture = io.BytesIO()
    Image.new("RGB", (600, 200), (120, 60, 0)).save(picture, "PNG")
    end_transaction(commit=False)
    logo = uploads.keep_logo(pictures.logo(picture.getvalue()))
    with write_transaction():
        data_requests.ask(RequestKind.CORRECTION, "Mon nom a changé en septembre.", actor=agent, now=now)
        redactions.ask(TextKind.UPDATE, point, "", "Ce texte nomme une personne absente.", actor=admin, now=now)
        lists.add(lists.SITES, ["Dépôt des Sables"], programme_id=None, entity_ids=(), actor=admin, now=now)
        for employer in db.session.scalars(select(Entity)):
            employer.logo = logo


def _imports(admin: Actor, now: datetime) -> None:
    known = db.session.execute(select(User.last_name, User.first_name).where(User.login == "agent")).one()
    employer = db.session.scalar(select(Entity.id).order_by(Entity.id).limit(1))
    data = REGISTER.format(known=";".join(known)).encode()
    for previewed in (False, True):
        end_transaction(commit=False)
        sheet, key = read_sheet(data), register.put_aside(data)
        with write_transaction():
            run = register.begin(key=key, file_name="agents.csv", sheet=sheet, actor=admin, now=now)
            run_id, columns = run.id, dict(run.mapping["columns"])
        if previewed:
            mapping = {"columns": columns, "employer": employer}
            plan = register.plan_of(key, mapping, today=paris_day(now), asked_by=admin.id)
            register.keep_lines(key, plan)
            with write_transaction():
                register.keep_preview(
                    run_id=run_id, columns=columns, employer_id=employer, plan=plan, actor=admin, now=now
                )
