"""Imports of the staff register: the file put aside, its preview, then its writing in batches that can be resumed.

What is written is always computed again from the file and the people of that moment: a second import of the same file
changes nothing, and one that was stopped in the middle goes on with what is left.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import current_app
from flask_babel import gettext
from sqlalchemy import or_, select, update

from tracker.enums import Role, RunState
from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db, end_transaction, write_transaction
from tracker.imports.people import Sheet, folded_name, guess_columns, read_register, read_sheet
from tracker.imports.plan import Change, Creation, Directory, KnownPerson, Plan
from tracker.imports.register import compare
from tracker.models import Department, Entity, Matricule, RegisterRun, RoleGrant, Setting, Site, User
from tracker.records import Actor, paris_day
from tracker.services import history
from tracker.services.register_rows import make_places, write_batch
from tracker.validation import clean_text

REMEMBERED = "register.columns"
AT_ONCE = 500  # fewer people than this are written before the page answers
BATCH = 500
LEASE = timedelta(minutes=5)
KEEP_FILES = timedelta(days=7)


# --- The file, beside the database --------------------------------------------------------------------------------


def _folder() -> Path:
    folder = Path(current_app.config["INSTANCE_FOLDER"]) / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _paths(key: str) -> tuple[Path, Path]:
    """The file as it came, and the lines of its preview."""
    return _folder() / f"register-{key}", _folder() / f"register-{key}.lines"


def put_aside(data: bytes) -> str:
    """Keep the bytes; gives the key under which they are found. Call it outside any transaction."""
    key = secrets.token_hex(16)
    _write(_paths(key)[0], data)
    return key


def remove_files(key: str) -> None:
    """Forget the file and its preview; call it outside any transaction."""
    for path in _paths(key):
        path.unlink(missing_ok=True)


def sheet_of(key: str) -> Sheet:
    """Raises Refused when the file is no longer kept."""
    try:
        data = _paths(key)[0].read_bytes()
    except FileNotFoundError as error:
        raise Refused(gettext("Ce fichier n'est plus gardé : recommencez l'import."), field="file") from error
    return read_sheet(data)


def preview_lines(key: str, wanted: str) -> list[dict[str, Any]]:
    """The lines of one list of the preview; none when they are no longer kept."""
    with contextlib.suppress(FileNotFoundError), _paths(key)[1].open(encoding="utf-8") as lines:
        return [line for text in lines if (line := json.loads(text))["list"] == wanted]
    return []


def remove_old_files(*, now: datetime) -> int:
    """Remove what was put aside more than a week ago; how many files."""
    folder = Path(current_app.config["INSTANCE_FOLDER"]) / "uploads"
    limit = (now - KEEP_FILES).timestamp()
    old = [path for path in folder.glob("register-*") if path.stat().st_mtime < limit] if folder.is_dir() else []
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


# --- What is known ------------------------------------------------------------------------------------------------


def remembered_columns() -> dict[str, str]:
    value = db.session.scalar(select(Setting.value).where(Setting.key == REMEMBERED))
    return value if isinstance(value, dict) else {}


def directory(*, today: Any, asked_by: int | None) -> Directory:
    """Everything that a register is compared with, in six statements."""
    employers: dict[str, int] = {}
    names: dict[int, str] = {}
    for key, *words in db.session.execute(select(Entity.id, Entity.slug, Entity.name, Entity.short_name)):
        names[key] = words[2]
        employers |= {folded_name(word): key for word in words}
    departments = dict(db.session.execute(select(Department.id, Department.name)).all())
    sites = dict(db.session.execute(select(Site.id, Site.name)).all())
    numbers: dict[int, list[tuple[int, str]]] = {}
    for user_id, entity_id, number in db.session.execute(
        select(Matricule.user_id, Matricule.entity_id, Matricule.number)
    ):
        numbers.setdefault(user_id, []).append((entity_id, number))
    kept = set(
        db.session.scalars(
            select(RoleGrant.user_id).where(
                RoleGrant.role == Role.ADMIN, or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= today)
            )
        )
    )
    people = db.session.execute(
        select(
            User.id, User.login, User.last_name, User.first_name, User.email, User.entity_id, User.department_id,
            User.site_id, User.is_manager, User.is_active, User.erased_at,
        ).order_by(User.last_name, User.first_name, User.id)
    )  # fmt: skip
    return Directory(
        people=tuple(
            KnownPerson(
                id=row.id, login=row.login, last_name=row.last_name, first_name=row.first_name,
                email=row.email or "", entity_id=row.entity_id,
                department=folded_name(departments.get(row.department_id, "")),
                site=folded_name(sites.get(row.site_id, "")),
                manager=row.is_manager, active=row.is_active, erased=row.erased_at is not None,
                kept=row.id in kept or row.id == asked_by, numbers=tuple(numbers.get(row.id, ())),
            )
            for row in people
        ),
        employers=employers,
        employer_names=names,
        departments={folded_name(name): name for name in departments.values()},
        sites={folded_name(name): name for name in sites.values()},
    )  # fmt: skip


def plan_of(key: str, mapping: Mapping[str, Any], *, today: Any, asked_by: int | None) -> Plan:
    """Read the file, then the people, and compare. Ends the transaction: nothing is held while the file is read."""
    end_transaction(commit=False)
    register = read_register(sheet_of(key), mapping["columns"])
    known = directory(today=today, asked_by=asked_by)
    end_transaction(commit=False)
    return compare(register, known, employer_id=mapping.get("employer"))


# --- The steps of a run -------------------------------------------------------------------------------------------


def begin(*, key: str, file_name: str, sheet: Sheet, actor: Actor | None, now: datetime) -> RegisterRun:
    """Note the file that was put aside, with the columns as they are guessed."""
    run = RegisterRun(
        file_name=clean_text(file_name, multiline=False)[:160] or "registre",
        sha256=hashlib.sha256(_paths(key)[0].read_bytes()).hexdigest(),
        mapping={"key": key, "columns": guess_columns(sheet.columns, remembered_columns()), "employer": None},
        report={},
        asked_by_id=actor.id if actor else None,
        asked_at=now,
    )
    db.session.add(run)
    db.session.flush()
    return run


def _run(run_id: int) -> RegisterRun:
    run = db.session.get(RegisterRun, run_id, populate_existing=True)
    if run is None:
        raise NotFound(gettext("Cet import n'existe pas."))
    return run


def _unconfirmed(run_id: int) -> RegisterRun:
    run = _run(run_id)
    if run.state is not RunState.READ:
        raise Conflict(gettext("Cet import est déjà confirmé."))
    return run


def keep_lines(key: str, plan: Plan) -> None:
    """Put the lists of the preview beside the file; call it outside any transaction."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in _lines(plan))
    _write(_paths(key)[1], text.encode())


def _lines(plan: Plan) -> Iterator[dict[str, Any]]:
    for one in plan.created:
        yield {"list": "created", "line": one.line, "name": one.name, "detail": one.values["email"] or ""}
    for change in plan.changed:
        words = "; ".join(f"{label} : {old or '–'} → {new}" for label, old, new in change.words)
        yield {"list": "changed", "line": change.line, "name": change.name, "detail": words}
    for person in plan.absent:
        yield {"list": "absent", "line": 0, "name": person.name, "detail": person.login}
    for name, doubts in (("ambiguous", plan.ambiguous), ("refused", plan.refused)):
        for doubt in doubts:
            yield {"list": name, "line": doubt.line, "name": doubt.name, "detail": doubt.why} | (
                {"namesakes": doubt.namesakes, "numbers": doubt.numbers, "email": doubt.email}
                if doubt.namesakes
                else {}
            )


def keep_preview(
    *, run_id: int, columns: Mapping[str, str], employer_id: int | None, plan: Plan, actor: Actor | None, now: datetime
) -> None:
    """Note what the columns mean, here and for the next time, and what would change."""
    run = _unconfirmed(run_id)
    run.mapping = {**run.mapping, "columns": dict(columns), "employer": employer_id}
    run.report = plan.counts()
    setting = db.session.get(Setting, REMEMBERED)
    if setting is None:
        db.session.add(Setting(key=REMEMBERED, value=dict(columns)))
    else:
        setting.value = dict(columns)
    history.record(
        actor=actor, now=now, verb="register:read", subject="register_run", subject_id=run.id, programme_id=None,
        changes=plan.counts(),
    )  # fmt: skip
    db.session.flush()


def confirm(*, run_id: int, absent_leave: bool, actor: Actor | None, now: datetime) -> int:
    """Have the run wait for the job; gives how many people it will write."""
    run = _unconfirmed(run_id)
    if not run.report:
        raise Refused(gettext("Dites d'abord ce que contiennent les colonnes."))
    run.state, run.absent_leave = RunState.WAITING, absent_leave
    run.total = run.report["created"] + run.report["changed"] + (run.report["absent"] if absent_leave else 0)
    history.record(
        actor=actor, now=now, verb="register:confirm", subject="register_run", subject_id=run.id, programme_id=None,
        changes={"total": run.total, "absent_leave": absent_leave},
    )  # fmt: skip
    db.session.flush()
    return run.total


def abandon(*, run_id: int, actor: Actor, now: datetime) -> str:
    """Give up a run that nothing was written of; the key of its files, for `remove_files`. Raises Conflict."""
    run = _run(run_id)
    if run.state not in {RunState.READ, RunState.WAITING}:
        raise Conflict(gettext("Cet import a déjà commencé ou est terminé : il ne peut plus être abandonné."))
    run.state, run.finished_at = RunState.ABANDONED, now
    history.record(
        actor=actor, now=now, verb="register:abandon", subject="register_run", subject_id=run.id, programme_id=None
    )  # fmt: skip
    db.session.flush()
    return str(run.mapping["key"])


# --- Writing ------------------------------------------------------------------------------------------------------


def due(*, now: datetime) -> list[int]:
    """The runs that wait, and those whose writer stopped on the way."""
    return list(
        db.session.scalars(
            select(RegisterRun.id)
            .where(
                or_(
                    RegisterRun.state == RunState.WAITING,
                    (RegisterRun.state == RunState.RUNNING) & (RegisterRun.lease_until <= now),
                )
            )
            .order_by(RegisterRun.id)
        )
    )


def _claim(run_id: int, now: datetime) -> bool:
    taken = db.session.execute(
        update(RegisterRun)
        .where(
            RegisterRun.id == run_id,
            or_(
                RegisterRun.state == RunState.WAITING,
                (RegisterRun.state == RunState.RUNNING) & (RegisterRun.lease_until <= now),
            ),
        )
        .values(state=RunState.RUNNING, lease_until=now + LEASE)
    )
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def _renew(run: RegisterRun, held_until: datetime, now: datetime) -> datetime:
    """Raises Conflict when another writer took over."""
    if run.state is not RunState.RUNNING or run.lease_until != held_until:
        raise Conflict(gettext("Un autre passage a repris cet import."))
    run.lease_until = now + LEASE
    return run.lease_until


def apply(run_id: int, *, clock: Callable[[], datetime]) -> int:
    """Write a confirmed run, each batch in a transaction of its own; how many people. Nothing when another does it."""
    now = clock()
    with write_transaction():
        if not _claim(run_id, now):
            return 0
        run = _run(run_id)
        key, mapping, asked_by, leave = run.mapping["key"], dict(run.mapping), run.asked_by_id, run.absent_leave
        held = now + LEASE
        author = db.session.get(User, asked_by) if asked_by else None
        actor = Actor(id=author.id, login=author.login, name=author.name) if author else None
    try:
        plan = plan_of(key, mapping, today=paris_day(now), asked_by=asked_by)
    except Refused as refusal:
        _give_up(run_id, held, refusal.message, clock())
        raise
    operations: list[Creation | Change | KnownPerson] = [*plan.created, *plan.changed, *(plan.absent if leave else ())]
    with write_transaction():
        run = _run(run_id)
        held = _renew(run, held, clock())
        run.total = max(run.total, len(operations))
        run.done = run.total - len(operations)
        make_places(plan)
    for start in range(0, len(operations), BATCH):
        batch = operations[start : start + BATCH]
        with write_transaction():
            run = _run(run_id)
            held = _renew(run, held, clock())
            write_batch(batch, run_id=run_id, actor=actor, now=clock())
            run.done += len(batch)
    _finish(run_id, held, actor, clock())
    remove_files(key)
    folded_name.cache_clear()  # tens of thousands of names, which who stands by for months need not keep
    return len(operations)


def _give_up(run_id: int, held_until: datetime, why: str, now: datetime) -> None:
    """End the run, unless another writer took it over meanwhile: its own end is the one that counts."""
    with write_transaction():
        run = _run(run_id)
        if run.state is not RunState.RUNNING or run.lease_until != held_until:
            return
        run.state, run.finished_at, run.lease_until = RunState.FAILED, now, None
        run.report = {**run.report, "error": why}


def _finish(run_id: int, held: datetime, actor: Actor | None, now: datetime) -> None:
    with write_transaction():
        run = _run(run_id)
        _renew(run, held, now)
        run.state, run.finished_at, run.lease_until = RunState.DONE, now, None
        history.record(
            actor=actor, now=now, verb="register:done", subject="register_run", subject_id=run.id, programme_id=None,
            changes={"total": run.total},
        )  # fmt: skip
