"""What the machine and its configuration lack: findings of `flask check` alone, which whoever runs the server reads."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from smtplib import SMTPException
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url

from tracker import mail
from tracker.enums import Role
from tracker.extensions import db
from tracker.filters import moment
from tracker.models import Event, RoleGrant, User
from tracker.queries import instance, vote_keys
from tracker.queries.findings import Finding, Level
from tracker.queries.people import HAS_ACCOUNT, active_grant
from tracker.records import PARIS, paris_day

MEBIBYTE = 1024 * 1024
ROOM, LEAST_ROOM = 200 * MEBIBYTE, 50 * MEBIBYTE
CLOCKS_APART = timedelta(minutes=1)
OTHERS, ALL_BUT_OWNER = 0o007, 0o077


def schema() -> Finding:
    """Raises DatabaseTrouble."""
    fault = instance.present_schema_fault()
    if fault:
        return Finding(Level.ERROR, fault)
    return Finding(Level.OK, gettext("La base de données est celle de cette version"))


def findings(now: datetime, *, try_mail: bool) -> Iterator[Finding]:
    """All of it, on a database whose schema is right."""
    yield from _configuration()
    yield from _managers(now)
    yield from _rights()
    yield from _keys()
    yield from _room()
    yield from _clock(now)
    if try_mail:
        yield _mail()


def _configuration() -> Iterator[Finding]:
    config = current_app.config
    if config["DEMO"]:
        yield Finding(
            Level.WARNING,
            gettext("Mode démonstration : les mots de passe sont connus de tous"),
            gettext("Pour un usage réel : TRACKER_MODE=production"),
        )
        return
    base = urlsplit(config["BASE_URL"])
    if base.scheme != "https":
        yield Finding(
            Level.WARNING,
            gettext("TRACKER_BASE_URL est %(address)s", address=config["BASE_URL"]),
            gettext("Donnez l'adresse publique, en https : les lettres, les courriels et les codes QR y mènent."),
        )
    elif not config["TRUSTED_PROXIES"]:
        yield Finding(
            Level.WARNING,
            gettext("TRACKER_TRUSTED_PROXIES est 0, alors que l'adresse publique est en https"),
            gettext(
                "Donnez le nombre de serveurs placés devant (1 pour nginx seul) : sans lui, tous semblent venir de la "
                "même adresse, et les essais de mots de passe de l'un ralentissent les autres."
            ),
        )
    else:
        yield Finding(Level.OK, gettext("La configuration est complète"))


def _managers(now: datetime) -> Iterator[Finding]:
    held = select(func.count()).select_from(User).join(RoleGrant, RoleGrant.user_id == User.id)
    held = held.where(RoleGrant.role == Role.ADMIN, active_grant(paris_day(now)), User.is_active, HAS_ACCOUNT)
    if not db.session.scalar(held):
        yield Finding(
            Level.ERROR,
            gettext("Personne n'est gestionnaire de l'outil"),
            gettext(
                "Créez son compte : flask --app wsgi users create IDENTIFIANT --first-name PRÉNOM --last-name NOM "
                "--admin. Si personne n'a encore de compte : flask --app wsgi users first-link."
            ),
        )


# --- Files -------------------------------------------------------------------------------------------------------


def _open_to(path: Path, mask: int) -> bool:
    return path.exists() and bool(path.stat().st_mode & mask)


def _database_file() -> Path | None:
    url = make_url(current_app.config["SQLALCHEMY_DATABASE_URI"])
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def _rights() -> Iterator[Finding]:
    """Who may read and write the files of the instance."""
    folder: Path = current_app.config["INSTANCE_FOLDER"]
    copies: Path | None = current_app.config["BACKUP_FOLDER"]
    wrong = False
    for place in (folder, copies):
        if place is not None and place.exists() and not os.access(place, os.W_OK | os.X_OK):
            wrong = True
            yield Finding(
                Level.ERROR,
                gettext("On ne peut pas écrire dans %(path)s", path=place),
                gettext("Le dossier doit appartenir au compte qui fait tourner le serveur, et la commande aussi."),
            )
    if folder.stat().st_uid != os.geteuid():
        wrong = True
        yield Finding(
            Level.WARNING,
            gettext("%(path)s appartient à un autre compte que celui de cette commande", path=folder),
            gettext("Lancez les commandes par le compte du serveur (sudo -u) : ce qu'elles écrivent doit être à lui."),
        )
    keys = vote_keys.key_folder()
    private = [keys, folder / "secret-key", *keys.glob("*.key*")]
    looked_at = [(path, ALL_BUT_OWNER, Level.ERROR) for path in private]
    looked_at += [(path, ALL_BUT_OWNER, Level.WARNING) for path in (folder, folder / "uploads")]
    looked_at.append((_database_file() or folder, OTHERS, Level.WARNING))
    for path, mask, level in dict.fromkeys(looked_at):
        if _open_to(path, mask):
            wrong = True
            yield Finding(
                level,
                gettext("D'autres comptes de la machine peuvent lire %(path)s", path=path),
                gettext("chmod go-rwx %(path)s, et UMask=0077 dans l'unité systemd", path=path),
            )
    if not wrong:
        yield Finding(Level.OK, gettext("Les droits des fichiers sont bons"))


def _keys() -> Iterator[Finding]:
    """Whether each open vote has its key on this machine."""
    for key, sha256 in vote_keys.open_votes().items():
        try:
            held = vote_keys.print_of(vote_keys.key_path(key).read_bytes())
        except OSError:
            held = ""
        if held != sha256:
            yield Finding(
                Level.ERROR,
                gettext("La clé du vote de la consultation %(id)s manque, ou n'est pas la sienne", id=key),
                gettext(
                    "Remettez le dossier vote-keys de ce serveur. Sans elle, les votes restent comptés, mais ceux qui "
                    "ont déjà voté ne peuvent plus rien changer."
                ),
            )


def _sizes() -> tuple[int, int]:
    """The bytes of the database: all, and those that lie on this machine's own disk."""
    path = _database_file()
    if path is None:
        return int(db.session.scalar(text("SELECT pg_database_size(current_database())")) or 0), 0
    size = sum(one.stat().st_size for one in path.parent.glob(f"{path.name}*"))
    return size, size


def _room() -> Iterator[Finding]:
    """Free space: what a copy and the growth of the journal need."""
    folder, copies = current_app.config["INSTANCE_FOLDER"], current_app.config["BACKUP_FOLDER"]
    whole, here = _sizes()
    for place, size in [(folder, here), *([(copies, whole)] if copies is not None and copies.exists() else [])]:
        free = shutil.disk_usage(place).free
        level = Level.ERROR if free < max(size, LEAST_ROOM) else Level.WARNING
        message = gettext("%(free)s Mio libres pour %(path)s", free=free // MEBIBYTE, path=place)
        if free >= max(2 * size, ROOM):
            yield Finding(Level.OK, message)
        else:
            advice = gettext(
                "Libérez de la place : il en faut deux fois la base (%(size)s Mio), et %(least)s Mio au moins. Disque "
                "plein, l'outil se lit mais n'enregistre plus rien.",
                size=size // MEBIBYTE,
                least=ROOM // MEBIBYTE,
            )
            yield Finding(level, message, advice)


# --- Clock and mail ----------------------------------------------------------------------------------------------


def _clock(now: datetime) -> Iterator[Finding]:
    """Steps of consultations open by the clock: it may not go back behind what was written, nor apart from others."""
    advice = gettext("Réglez l'horloge de la machine (timedatectl) : les étapes des consultations la suivent.")
    last = db.session.scalar(select(func.max(Event.at)))
    if last is not None and last - now > CLOCKS_APART:
        yield Finding(
            Level.ERROR,
            gettext("L'horloge retarde : un acte est enregistré le %(moment)s", moment=moment(last)),
            advice,
        )
        return
    if db.engine.dialect.name == "postgresql":
        apart = abs(db.session.execute(select(func.now())).scalar_one() - now)
        if apart > CLOCKS_APART:
            yield Finding(
                Level.WARNING,
                gettext("L'horloge de PostgreSQL a %(n)s secondes d'écart", n=int(apart.total_seconds())),
                advice,
            )
            return
    here = now.astimezone(PARIS)
    yield Finding(Level.OK, gettext("Il est %(moment)s à Paris", moment=f"{here:%d/%m/%Y, %H:%M}"))


def _mail() -> Finding:
    """Whether the mail server lets us in; nothing is sent."""
    url: str = current_app.config["SMTP_URL"]
    if not url:
        return Finding(Level.WARNING, gettext("Aucun serveur de courriel à essayer"), gettext("Donnez SMTP_URL."))
    try:
        mail.reach(url)
    except (OSError, SMTPException) as trouble:
        return Finding(
            Level.ERROR,
            gettext("Le serveur de courriel ne répond pas, ou refuse : %(why)s", why=trouble),
            gettext("Vérifiez SMTP_URL, et que ce serveur accepte le courrier de cette machine."),
        )
    return Finding(Level.OK, gettext("Le serveur de courriel répond"))
