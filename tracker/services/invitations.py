"""Inviting people who have an e-mail address to open their account, by a link that expires.

One mail each: whoever already has a link that works gets no second one, whoever asks.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext
from sqlalchemy import Row, func, insert, select

from tracker.enums import CodeChannel
from tracker.errors import Forbidden
from tracker.extensions import db
from tracker.models import ActivationCode, Instance, OutboxMessage, User
from tracker.permissions import Permission, sites_of
from tracker.queries import projects
from tracker.queries.activation import INVITABLE, has_live_link
from tracker.records import Actor, paris_day
from tracker.services import history
from tracker.services.activation import code_hash, code_in_mail, grouped

LIFE = timedelta(days=7)  # nobody waits for it, unlike a link asked for: it is read when they next open their mail
MAIL_KIND = "invitation"
AT_ONCE = 500  # people in one statement


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the outbox keeps of a link, and the hash of its code."""

    seed: str
    code_hash: str


def prepare(user_ids: Iterable[int]) -> dict[int, Prepared]:
    """A link for each of them, made before anything is written."""
    seeds = {key: secrets.token_hex(16) for key in user_ids}
    return {key: Prepared(seed, code_hash(code_in_mail(seed))) for key, seed in seeds.items()}


def send(links: Mapping[int, Prepared], *, actor: Actor, now: datetime) -> int:
    """Queue one mail for each of these people who may still be invited; how many. Raises Forbidden.

    The trace says how many people. A printed code that waits in a drawer stays good.
    """
    db.session.execute(select(Instance.id).with_for_update())  # of two managers at once, the second finds it done
    reach, keys, sent = sites_of(actor, Permission.CODE_PRINT), sorted(links), []
    for start in range(0, len(keys), AT_ONCE):
        found = _still_invitable(keys[start : start + AT_ONCE], now)
        if reach is not None and any(person.site_id not in reach for person in found):
            raise Forbidden(gettext("Vous n'avez pas le droit de faire cela ici."))
        if found:
            _queue(found, links, actor=actor, now=now)
        sent += [person.id for person in found]
    if sent:
        one = sent[0] if len(sent) == 1 else None
        history.record(
            actor=actor, now=now, verb="code:invite", subject="user" if one else "instance", subject_id=one or 1,
            programme_id=None, changes={"people": len(sent)},
        )  # fmt: skip
    db.session.flush()
    return len(sent)


def _still_invitable(keys: list[int], now: datetime) -> list[Row[Any]]:
    earlier = (
        select(func.max(ActivationCode.id))
        .where(ActivationCode.user_id == User.id, ActivationCode.channel == CodeChannel.MAIL)
        .correlate(User)
        .scalar_subquery()
    )
    return list(
        db.session.execute(
            select(User.id, User.email, User.site_id, earlier.label("earlier"))
            .where(User.id.in_(keys), *INVITABLE, ~has_live_link(now))
            .order_by(User.id)
        )
    )


def _queue(people: list[Row[Any]], links: Mapping[int, Prepared], *, actor: Actor, now: datetime) -> None:
    codes = [
        {
            "user_id": person.id, "code_hash": links[person.id].code_hash, "channel": CodeChannel.MAIL,
            "made_at": now, "made_by_id": actor.id, "expires_at": now + LIFE,
        }
        for person in people
    ]  # fmt: skip
    made = db.session.execute(insert(ActivationCode).returning(ActivationCode.user_id, ActivationCode.id), codes)
    code_of = {row.user_id: row.id for row in made}
    mails = [
        {
            # the day too: keys of codes deleted since may come back
            "dedupe_key": f"{MAIL_KIND}:{person.id}:{person.earlier or 0}:{paris_day(now).isoformat()}",
            "user_id": person.id, "address": person.email, "kind": MAIL_KIND, "source_id": code_of[person.id],
            "params": {"seed": links[person.id].seed}, "not_before": now, "queued_at": now,
        }
        for person in people
    ]  # fmt: skip
    db.session.execute(insert(OutboxMessage), mails)


def mail(row: OutboxMessage) -> tuple[str, str] | None:
    """Subject and text of an invitation; None once its link was used, replaced or is over, or an account is open."""
    code = db.session.get(ActivationCode, row.source_id)
    person = db.session.get(User, row.user_id)
    now: datetime = current_app.config["CLOCK"]()
    if code is None or person is None or not person.is_active or person.password_hash or person.subject:
        return None
    if code.used_at or code.revoked_at or code.expires_at <= now or "seed" not in row.params:
        return None
    typed = code_in_mail(str(row.params["seed"]))
    base, urls = current_app.config["BASE_URL"], current_app.url_map.bind("")
    site = current_app.config["SITE_NAME"]
    text = gettext(
        "Bonjour %(name)s,\n\n"
        "Un compte vous attend dans l'outil « %(site)s » : on y propose des idées pour mieux travailler, on soutient "
        "celles des autres, et on voit ce qui en est fait. Personne n'a choisi de mot de passe pour vous.\n\n"
        "Pour choisir le vôtre, ouvrez cette adresse dans les %(days)s jours ; elle sert une fois :\n\n"
        "%(address)s\n\n"
        "Si le code ne s'inscrit pas tout seul dans la page, recopiez-le : %(code)s\n\n"
        "Votre identifiant : %(login)s\n\n"
        "Les %(days)s jours sont passés ? Demandez vous-même un autre lien : %(again)s\n\n"
        "Une question ? Adressez-vous au relais de votre site, ou à qui aide chacun ici : %(contact)s.\n\n"
        "%(site)s\n",
        name=person.first_name, address=f"{base}{urls.build('activation.activate')}#{typed}", code=grouped(typed),
        login=person.login, again=f"{base}{urls.build('activation.forgotten')}", days=LIFE.days, site=site,
        contact=projects.frame().contact or projects.usual_contact(),
    )  # fmt: skip
    return gettext("Ouvrir votre compte : %(site)s", site=site), text
