"""One-time codes that let a person choose a password: printed on a slip, or sent as a link.

A code is kept as an HMAC-SHA256 under the secret of this instance. A slow hash is of use against guesses at what people
choose; 12 characters drawn by a machine among 31 are 59 bits, which nobody goes through, with the database in hand
or without. A code in a mail is longer still, and made again from a seed and the secret at sending: the outbox never
holds it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import gettext
from sqlalchemy import func, select, update

from tracker.enums import CodeChannel
from tracker.errors import Forbidden, Refused, TooManyAttempts
from tracker.extensions import db
from tracker.models import ActivationCode, Event, LoginFailure, OutboxMessage, User, UserSession
from tracker.permissions import Permission, require
from tracker.queries import projects
from tracker.queries.activation import ALARM_VERB
from tracker.records import Actor
from tracker.services import history

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without 0 O, 1 I L
LENGTH, LENGTH_IN_MAIL, GROUP = 12, 24, 4
LIFE = {CodeChannel.SLIP: timedelta(days=30), CodeChannel.MAIL: timedelta(hours=24)}
WINDOW = timedelta(minutes=15)
LIMIT_ADDRESS = 60  # a town hall is one address, and people mistype
LIMIT_TOTAL = 600
ALARM = 100  # wrong codes within WINDOW of which the manager is told
MAILS_PER_HOUR = 3
MAIL_KIND = "activation"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose code it is."""

    code_id: int
    user_id: int
    login: str
    first_name: str
    has_account: bool


# --- Codes -----------------------------------------------------------------------------------------------------


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def grouped(code: str) -> str:
    """As it is printed, and may be typed: in groups of four."""
    return " ".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def plain(typed: str) -> str:
    """What was typed, without spaces, hyphens and case."""
    return "".join(letter for letter in typed.upper() if letter.isascii() and letter.isalnum())


def _keyed(purpose: str, value: str) -> bytes:
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, f"{purpose}:{value}".encode(), hashlib.sha256).digest()


def code_hash(code: str) -> str:
    return _keyed("activation-code", plain(code)).hex()


def code_in_mail(seed: str) -> str:
    """The code of a link, from what the outbox keeps of it."""
    number, letters = int.from_bytes(_keyed("activation-mail", seed)), []
    for _ in range(LENGTH_IN_MAIL):
        number, rest = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return "".join(letters)


# --- Typing one ------------------------------------------------------------------------------------------------


def _keys(address: str) -> tuple[str, str]:
    return _keyed("activation-total", "").hex(), _keyed("activation-address", address).hex()


def check_throttle(*, address: str, now: datetime) -> None:
    """Raise TooManyAttempts when too many wrong codes came lately, from this address or from all."""
    for key, limit in zip(_keys(address), (LIMIT_TOTAL, LIMIT_ADDRESS), strict=True):
        if _failures(key, now) >= limit:
            minutes = int(WINDOW.total_seconds() // 60)
            raise TooManyAttempts(
                gettext("Trop d'essais. Attendez %(minutes)s minutes, puis recommencez.", minutes=minutes),
                retry_after=int(WINDOW.total_seconds()),
            )


def _failures(key: str, now: datetime) -> int:
    counted = select(func.count()).where(LoginFailure.key == key, LoginFailure.at > now - WINDOW)
    return db.session.scalar(counted) or 0


def note_failure(*, address: str, now: datetime) -> None:
    """Count a code that is nobody's, and tell the manager once when there are many; the caller commits it alone."""
    total, here = _keys(address)
    db.session.add_all([LoginFailure(key=total, at=now), LoginFailure(key=here, at=now)])
    db.session.flush()
    failures = _failures(total, now)
    told = select(Event.id).where(Event.verb == ALARM_VERB, Event.at > now - WINDOW).limit(1)
    if failures >= ALARM and db.session.scalar(told) is None:
        history.record(
            actor=None, now=now, verb=ALARM_VERB, subject="instance", subject_id=1, programme_id=None,
            changes={"failures": failures},
        )  # fmt: skip
        db.session.flush()


def find(typed: str, *, now: datetime) -> Holder | None:
    """Whose code this is; None for nobody's, which counts as a guess. Raises Refused (`code`) for one that is over."""
    row = db.session.execute(
        select(ActivationCode, User)
        .join(User, User.id == ActivationCode.user_id)
        .where(ActivationCode.code_hash == code_hash(typed))
    ).first()
    if row is None:
        return None
    code, user = row
    if code.used_at is not None:
        raise Refused(
            gettext(
                "Ce code a déjà servi. Si ce n'était pas vous, ou pour en avoir un autre : %(whom)s.", whom=_whom()
            ),
            field="code",
        )
    if code.revoked_at is not None or not user.is_active:
        raise Refused(
            gettext(
                "Ce code a été remplacé par un autre et n'ouvre plus rien. Pour en avoir un : %(whom)s.", whom=_whom()
            ),
            field="code",
        )
    if code.expires_at <= now:
        raise Refused(
            gettext("Ce code est trop ancien. Pour en avoir un autre : %(whom)s.", whom=_whom()), field="code"
        )
    return Holder(code.id, user.id, user.login, user.first_name, user.password_hash is not None)


def _whom() -> str:
    contact = projects.frame().contact or projects.usual_contact()
    return gettext("le relais de votre site, ou %(contact)s", contact=contact)


def redeem(holder: Holder, *, new_hash: str, now: datetime) -> None:
    """Give the password that a code allows, once: of two at the same time, one finds it used. Raises Refused."""
    taken = db.session.execute(
        update(ActivationCode)
        .where(
            ActivationCode.id == holder.code_id,
            ActivationCode.used_at.is_(None),
            ActivationCode.revoked_at.is_(None),
            ActivationCode.expires_at > now,
        )
        .values(used_at=now)
    )
    person = db.session.get(User, holder.user_id, populate_existing=True)
    if taken.rowcount != 1 or person is None or not person.is_active:  # type: ignore[attr-defined]
        raise Refused(
            gettext("Ce code vient de servir, ou d'être remplacé. Pour en avoir un autre : %(whom)s.", whom=_whom()),
            field="code",
        )
    first = person.password_hash is None
    person.password_hash, person.password_changed_at = new_hash, now
    revoke([person.id], now=now)
    db.session.execute(
        update(UserSession).where(UserSession.user_id == person.id, UserSession.ended_at.is_(None)).values(ended_at=now)
    )
    history.record(
        actor=Actor(id=person.id, login=person.login, name=person.name), now=now, subject="user",
        subject_id=person.id, verb="account:activate" if first else "password:replace", programme_id=None,
    )  # fmt: skip
    db.session.flush()


# --- Making them -----------------------------------------------------------------------------------------------


def revoke(user_ids: Iterable[int], *, now: datetime, channel: CodeChannel | None = None) -> None:
    """Have the live codes of these people open nothing any more."""
    live = update(ActivationCode).where(
        ActivationCode.user_id.in_(list(user_ids)),
        ActivationCode.used_at.is_(None),
        ActivationCode.revoked_at.is_(None),
    )
    if channel is not None:
        live = live.where(ActivationCode.channel == channel)
    db.session.execute(live.values(revoked_at=now))


def keep_printed(codes: dict[int, str], *, actor: Actor, now: datetime, replacing: bool = False) -> None:
    """Have codes that are on paper open something, each for its person; older ones stop. Raises Forbidden.

    The trace says how many people, and whether a lost batch was replaced, never the codes.
    """
    people = list(db.session.scalars(select(User).where(User.id.in_(codes), User.is_active.is_(True))))
    for person in people:
        require(actor, Permission.CODE_PRINT, person)
    if len(people) != len(codes):
        raise Forbidden(gettext("Une de ces personnes n'est plus là : rouvrez la page, puis recommencez."))
    revoke(codes, now=now)
    db.session.add_all(
        ActivationCode(
            user_id=key, code_hash=code_hash(code), channel=CodeChannel.SLIP, made_at=now, made_by_id=actor.id,
            expires_at=now + LIFE[CodeChannel.SLIP],
        )
        for key, code in codes.items()
    )  # fmt: skip
    one = people[0].id if len(people) == 1 else None
    history.record(
        actor=actor, now=now, verb="code:replace" if replacing else "code:print",
        subject="user" if one else "instance", subject_id=one or 1,
        programme_id=None, changes={"people": len(people)},
    )  # fmt: skip
    db.session.flush()


def send_link(user_id: int, *, now: datetime) -> bool:
    """Queue a link for a person who has an e-mail; False when there is none, or when enough were asked for lately.

    A slip that waits in a drawer stays good: whoever types somebody's name here must not spoil it.
    """
    person = db.session.get(User, user_id, populate_existing=True)
    lately = select(func.count()).where(
        ActivationCode.user_id == user_id,
        ActivationCode.channel == CodeChannel.MAIL,
        ActivationCode.made_at > now - timedelta(hours=1),
    )
    if person is None or not person.is_active or not person.email:
        return False
    if (db.session.scalar(lately) or 0) >= MAILS_PER_HOUR:
        return False
    revoke([user_id], now=now, channel=CodeChannel.MAIL)
    seed = secrets.token_hex(16)
    code = ActivationCode(
        user_id=user_id, code_hash=code_hash(code_in_mail(seed)), channel=CodeChannel.MAIL, made_at=now,
        expires_at=now + LIFE[CodeChannel.MAIL],
    )  # fmt: skip
    db.session.add(code)
    db.session.flush()
    db.session.add(
        OutboxMessage(
            dedupe_key=f"{MAIL_KIND}:{code.id}", user_id=user_id, address=person.email, kind=MAIL_KIND,
            source_id=code.id, params={"seed": seed}, not_before=now, queued_at=now,
        )
    )  # fmt: skip
    history.record(actor=None, now=now, verb="code:mail", subject="user", subject_id=user_id, programme_id=None)
    db.session.flush()
    return True


def link_mail(row: OutboxMessage) -> tuple[str, str] | None:
    """Subject and text of the link; None once its code was used, replaced or is over."""
    code = db.session.get(ActivationCode, row.source_id)
    person = db.session.get(User, row.user_id)
    now: datetime = current_app.config["CLOCK"]()
    if code is None or person is None or not person.is_active or code.used_at or code.revoked_at:
        return None
    if code.expires_at <= now or "seed" not in row.params:
        return None
    typed = code_in_mail(str(row.params["seed"]))
    page = current_app.config["BASE_URL"] + current_app.url_map.bind("").build("activation.activate")
    text = gettext(
        "Bonjour,\n\n"
        "On a demandé pour vous de quoi choisir un mot de passe. Ouvrez cette adresse dans les 24 heures :\n\n"
        "%(address)s\n\n"
        "Si le code ne s'inscrit pas tout seul dans la page, recopiez-le : %(code)s\n\n"
        "Vous n'avez rien demandé ? Ne faites rien : votre mot de passe reste le même.\n\n"
        "%(site)s\n",
        address=f"{page}#{typed}", code=grouped(typed), site=current_app.config["SITE_NAME"],
    )  # fmt: skip
    if person.password_hash is None:
        return gettext("Ouvrir votre compte"), text
    return gettext("Choisir un nouveau mot de passe"), text
