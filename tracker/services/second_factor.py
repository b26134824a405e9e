"""The second code of a login (TOTP, RFC 6238) and the codes that replace a lost device.

The secret must be read to compute a code, hence is kept as it is: whoever reads the database file has it, without the
password, which is hashed. Recovery codes are kept as an HMAC: ten characters drawn by a machine are 49 bits, and
guesses are throttled.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime

from flask import current_app
from flask_babel import gettext
from sqlalchemy import delete, or_, select, update

from tracker.errors import Conflict, NotFound, Refused
from tracker.extensions import db
from tracker.models import RecoveryCode, SecondFactor, Setting, User
from tracker.permissions import Permission, require
from tracker.queries import second_factor as factors
from tracker.records import Actor
from tracker.services import history
from tracker.services.activation import ALPHABET, plain

STEP_SECONDS, DIGITS = 30, 6
RECOVERY_CODES, RECOVERY_LENGTH = 8, 10


def _step_of(secret: str, typed: str, *, now: datetime) -> int | None:
    """Which half-minute's code was typed: this one, the one before or the one after."""
    import pyotp  # needed by those who have one only

    generator = pyotp.TOTP(secret)
    present = int(now.timestamp()) // STEP_SECONDS
    for step in (present, present - 1, present + 1):
        if hmac.compare_digest(generator.generate_otp(step), typed):
            return step
    return None


def address(secret: str, *, login: str) -> str:
    """What the QR code tells an authenticator."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=current_app.config["SITE_NAME"])


def _recovery_hash(user_id: int, code: str) -> str:
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, f"recovery:{user_id}:{plain(code)}".encode(), hashlib.sha256).hexdigest()


def begin(*, actor: Actor) -> None:
    """Draw a secret, which counts once a first code has been typed. Raises Conflict when there is one already."""
    import pyotp

    row = db.session.get(SecondFactor, actor.id, populate_existing=True)
    if row is not None and row.confirmed_at is not None:
        raise Conflict(gettext("Un second code est déjà demandé à chaque connexion."))
    if row is None:
        row = SecondFactor(user_id=actor.id, secret="")
        db.session.add(row)
    row.secret = pyotp.random_base32()
    db.session.flush()


def confirm(*, actor: Actor, typed: str, now: datetime) -> list[str]:
    """Ask the second code from now on; the recovery codes, which nobody can read again. Raises Refused (`code`)."""
    row = db.session.get(SecondFactor, actor.id, populate_existing=True)
    if row is None or row.confirmed_at is not None:
        raise Conflict(gettext("Il n'y a rien à confirmer : rouvrez la page."))
    step = _step_of(row.secret, plain(typed), now=now)
    if step is None:
        raise Refused(
            gettext("Ce n'est pas le code affiché en ce moment. Vérifiez l'heure de votre appareil, puis recommencez."),
            field="code",
        )
    row.confirmed_at, row.last_step = now, step
    history.record(
        actor=actor, now=now, verb="second_factor:on", subject="user", subject_id=actor.id, programme_id=None
    )
    return _new_recovery_codes(actor.id)


def _new_recovery_codes(user_id: int) -> list[str]:
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    db.session.add_all(RecoveryCode(user_id=user_id, code_hash=_recovery_hash(user_id, code)) for code in codes)
    db.session.flush()
    return [f"{code[:5]} {code[5:]}" for code in codes]


def renew_recovery_codes(*, actor: Actor, now: datetime) -> list[str]:
    """Other recovery codes; those of before serve no more. Raises Conflict without a second code."""
    if not factors.is_on(actor.id):
        raise Conflict(gettext("Aucun second code n'est demandé : rouvrez la page."))
    history.record(
        actor=actor, now=now, verb="second_factor:codes", subject="user", subject_id=actor.id, programme_id=None
    )
    return _new_recovery_codes(actor.id)


def verify(user_id: int, typed: str, *, now: datetime) -> bool:
    """Whether this is the second code of an active person; each code serves once, in a race too."""
    row = db.session.execute(
        select(SecondFactor.secret)
        .join(User, User.id == SecondFactor.user_id)
        .where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None), User.is_active.is_(True))
    ).first()
    code = plain(typed)
    if row is None:
        return False
    if len(code) == DIGITS and code.isdigit():
        step = _step_of(row.secret, code, now=now)
        if step is None:
            return False
        fresh = or_(SecondFactor.last_step.is_(None), SecondFactor.last_step < step)
        taken = db.session.execute(
            update(SecondFactor).where(SecondFactor.user_id == user_id, fresh).values(last_step=step)
        )
    else:
        taken = db.session.execute(
            update(RecoveryCode)
            .where(
                RecoveryCode.user_id == user_id,
                RecoveryCode.code_hash == _recovery_hash(user_id, code),
                RecoveryCode.used_at.is_(None),
            )
            .values(used_at=now)
        )
    return bool(taken.rowcount)  # type: ignore[attr-defined]


def remove(*, actor: Actor, now: datetime) -> None:
    """Ask no second code any more; the caller has checked the password. Raises Refused when a role asks for one."""
    if factors.must_have(actor.id, now=now):
        raise Refused(gettext("Votre rôle demande un second code : il ne se retire pas."))
    _forget(actor.id)
    history.record(
        actor=actor, now=now, verb="second_factor:off", subject="user", subject_id=actor.id, programme_id=None
    )
    db.session.flush()


def reset(*, actor: Actor, user_id: int, now: datetime) -> User:
    """Take away the second code of somebody who lost device and codes: they set up another one. Raises NotFound."""
    require(actor, Permission.SETTINGS_EDIT)
    person = db.session.get(User, user_id)
    if person is None or not factors.is_on(user_id):
        raise NotFound(gettext("Cette personne n'a pas de second code."))
    _forget(user_id)
    history.record(
        actor=actor, now=now, verb="second_factor:reset", subject="user", subject_id=user_id, programme_id=None
    )
    db.session.flush()
    return person


def _forget(user_id: int) -> None:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    db.session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))


def set_required(*, actor: Actor, required: bool, now: datetime) -> None:
    """Whether managers and committee must have a second code, from their next login on."""
    require(actor, Permission.SETTINGS_EDIT)
    before = factors.is_required()
    if before == required:
        return
    db.session.merge(Setting(key=factors.REQUIRED, value=required))
    history.record(
        actor=actor, now=now, verb="second_factor:required", subject="instance", subject_id=1, programme_id=None,
        changes={"required": [before, required]},
    )  # fmt: skip
    db.session.flush()
