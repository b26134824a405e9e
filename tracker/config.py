"""Configuration from the environment, checked at start (README, "Configuration")."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from tracker import providers
from tracker.errors import ConfigurationError
from tracker.wording import N_

ROOT = Path(__file__).resolve().parent.parent
SECRET_MIN, TOKEN_MIN = 32, 16
USUAL_CONTACT = N_("la direction des ressources humaines")
MODES = ("production", "demo", "test")
UPLOAD_MAX = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable, as the documentation and `check` show it."""

    name: str
    meaning: str
    default: str = ""


VARIABLES = (
    Variable("TRACKER_MODE", "production, demo (demo accounts and banner) or test", "production"),
    Variable("TRACKER_SECRET_KEY", f"signs cookies and forms; {SECRET_MIN} characters or more; required in production"),
    Variable(
        "DATABASE_URL",
        "where the data lies: sqlite:////path/of/a/file or postgresql://user:password@host/name",
        "sqlite file tracker.db in the instance folder",
    ),
    Variable("TRACKER_INSTANCE", "folder of the database, vote keys and uploads", "instance/ beside the code"),
    Variable("TRACKER_BASE_URL", "public address, used in letters, QR codes and mails", "http://127.0.0.1:8000"),
    Variable(
        "TRACKER_COOKIE_SECURE", "1: cookies travel over HTTPS only; 0 is refused in production", "1, or 0 in demo"
    ),
    Variable("TRACKER_SITE_NAME", "name shown in the header", "Projet d'administration"),
    Variable("TRACKER_CONTACT", "whom to ask for help to log in", USUAL_CONTACT),
    Variable("TRACKER_TRUSTED_PROXIES", "number of proxies whose forwarded addresses are believed", "0"),
    Variable("TRACKER_METRICS_TOKEN", "bearer token of who reads /metrics; empty: this machine alone"),
    Variable("TRACKER_BACKUP_DIR", "where a copy of the database is kept of each day; empty: none is made"),
    Variable("TRACKER_BACKUP_DAYS", "for how many days", "14"),
    Variable("SMTP_URL", "mail server, smtp://user:password@host:port; empty: mails wait in the outbox"),
    Variable("TRACKER_MAIL_FROM", "sender of the mails", "ne-pas-repondre@ the host of TRACKER_BASE_URL"),
    Variable("TRACKER_OIDC_ISSUER", "single sign-on: address of the OpenID provider, https outside demo and test"),
    Variable("TRACKER_OIDC_CLIENT_ID", "what the provider calls this tool"),
    Variable("TRACKER_OIDC_CLIENT_SECRET", "the secret that it gave"),
    Variable("TRACKER_OIDC_SCOPES", "what is asked of it", providers.SCOPES),
    Variable(
        "TRACKER_OIDC_EMAIL_VERIFIED",
        "claim: an address counts when email_verified says so; always: the provider vouches for each (ProConnect)",
        "claim",
    ),
    Variable(
        "TRACKER_OIDC_TWO_FACTORS", "values of acr or amr after which no second code is asked", "mfa and ProConnect's"
    ),
    Variable("TRACKER_LDAP_URL", "directory: ldaps://host, or ldap://host with StartTLS; needs requirements-ldap.txt"),
    Variable("TRACKER_LDAP_USER", "how a login names its entry: uid={login},ou=agents,dc=… or {login}@exemple.local"),
    Variable("TRACKER_LDAP_BASE", "where the entry is looked for, when the former is no DN"),
    Variable("TRACKER_LDAP_ATTRIBUTE", "what is read in the entry", "uid"),
    Variable("TRACKER_LDAP_MATCH", "what it is in the register: login, email or matricule", "login"),
    Variable("TRACKER_LDAP_CA", "file of the certificates that are believed", "those of the system"),
)


LOCK_TIMEOUT_MS = 10_000
# a node that vanished while it wrote holds up the others for a minute and a half, not for two hours
KEEPALIVES = {"tcp_keepalives_idle": 30, "tcp_keepalives_interval": 10, "tcp_keepalives_count": 6}
POSTGRESQL_OPTIONS: dict[str, Any] = {
    "isolation_level": "REPEATABLE READ",  # of reads; writes say theirs
    "pool_pre_ping": True,  # a server that was started again is no failure
    "connect_args": {
        "connect_timeout": 5,
        # the same of the server: a request that waits for a machine which vanished is answered, the next ones too
        "tcp_user_timeout": 20_000,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "options": " ".join(
            f"-c {name}={value}" for name, value in {"lock_timeout": LOCK_TIMEOUT_MS, **KEEPALIVES}.items()
        ),
    },
}
# what no installation changes
FIXED: dict[str, Any] = {
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "SESSION_REFRESH_EACH_REQUEST": False,
    "PERMANENT_SESSION_LIFETIME": timedelta(days=30),
    "WTF_CSRF_TIME_LIMIT": None,
    "WTF_CSRF_CHECK_DEFAULT": False,  # the gate in security calls it, after it knows who asks
    "WTF_CSRF_SSL_STRICT": False,
    "MAX_CONTENT_LENGTH": UPLOAD_MAX,
    "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
    "BABEL_DEFAULT_LOCALE": "fr",
    "BABEL_DEFAULT_TIMEZONE": "Europe/Paris",
    "CLOCK": lambda: datetime.now(UTC),
}


def _flag(value: str) -> bool:
    return value.strip().lower() in {"1", "true", "yes", "oui"}


def _is_weak(secret: str) -> bool:
    """Short, of few characters, or one piece said again and again."""
    if len(secret) < SECRET_MIN or len(set(secret)) < 8:
        return True
    return any(secret[size:] == secret[:-size] for size in range(1, SECRET_MIN // 2 + 1))


def _is_site(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query and parts.port != 0
    except ValueError:
        return False


def _is_mail_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"smtp", "smtp+starttls", "smtps"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def database_settings(url: str, problems: list[str]) -> dict[str, Any]:
    """What SQLAlchemy is told: the address, with the driver we ship, and how its connections are made."""
    options: dict[str, Any] = {"hide_parameters": True}  # no log holds what a person wrote or supports
    try:
        parsed = make_url(url)
    except ArgumentError:
        problems.append("DATABASE_URL is not an address of a database: write for instance sqlite:////srv/tracker.db")
        return {}
    kind = parsed.get_backend_name()
    if kind in {"postgresql", "postgres"}:
        url = parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        options |= POSTGRESQL_OPTIONS
    elif kind != "sqlite":
        problems.append(f"DATABASE_URL names {kind}: this tool knows sqlite:// and postgresql:// alone.")
    return {"SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": options}


def _folder(path: str) -> Path:
    instance = Path(path).resolve()
    try:
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"TRACKER_INSTANCE is {path}: this folder cannot be made ({error.strerror})."
        ) from error
    return instance


def _demo_secret(instance: Path) -> str:
    """A key of its own for a demo, kept across restarts in a file only its owner reads."""
    path = instance / "secret-key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("utf-8").strip()
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        key = secrets.token_hex(32)
        file.write(key)
    return key


def _proxies(text: str, problems: list[str]) -> int:
    if text.isascii() and text.isdigit() and len(text) < 3:
        return int(text)
    problems.append("TRACKER_TRUSTED_PROXIES must be a whole number: how many proxies stand in front.")
    return 0


def _copies(environ: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    """Where the copies of each day are kept, and for how long."""
    folder, days = environ.get("TRACKER_BACKUP_DIR", ""), environ.get("TRACKER_BACKUP_DAYS") or "14"
    if not (days.isascii() and days.isdigit() and 1 <= int(days[:5]) <= 3650):
        problems.append("TRACKER_BACKUP_DAYS must be a whole number of days, from 1 to 3650.")
        days = "14"
    if folder and not Path(folder).is_absolute():
        problems.append("TRACKER_BACKUP_DIR must be a whole path, such as /var/backups/projet.")
    return {"BACKUP_FOLDER": Path(folder) if folder else None, "BACKUP_DAYS": int(days)}


def _cookie(base_url: str, *, secure: bool) -> dict[str, str]:
    """Its name and path. `__Host-`, by which browsers refuse one that a neighbouring site sets, is for a whole host."""
    path = urlsplit(base_url).path.rstrip("/") or "/"
    start = ("__Host-" if path == "/" else "__Secure-") if secure else ""
    return {"SESSION_COOKIE_NAME": f"{start}tracker", "SESSION_COOKIE_PATH": path}


def from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Flask settings read from the environment.

    Raises ConfigurationError with what to set when something is missing or weak.
    """
    mode = environ.get("TRACKER_MODE", "production")
    problems: list[str] = []
    if mode not in MODES:
        raise ConfigurationError(f"TRACKER_MODE is {mode!r}: it must be one of {', '.join(MODES)}.")
    instance = _folder(environ.get("TRACKER_INSTANCE") or str(ROOT / "instance"))
    secret = environ.get("TRACKER_SECRET_KEY", "")
    if not secret and mode != "production":
        secret = _demo_secret(instance)
    if _is_weak(secret):
        problems.append(
            f"TRACKER_SECRET_KEY is missing or weak: give {SECRET_MIN} random characters or more, "
            'for instance from: python3 -c "import secrets; print(secrets.token_hex(32))"'
        )
    secure = _flag(environ.get("TRACKER_COOKIE_SECURE", "1" if mode == "production" else "0"))
    if mode == "production" and not secure:
        problems.append("TRACKER_COOKIE_SECURE is 0: cookies would travel in clear. Remove it, and serve over HTTPS.")
    if mode == "production" and _flag(environ.get("FLASK_DEBUG", "0")):
        problems.append("FLASK_DEBUG is set: it shows the code to visitors. Remove it in production.")
    proxies = _proxies(environ.get("TRACKER_TRUSTED_PROXIES", "0"), problems)
    database = database_settings(environ.get("DATABASE_URL") or f"sqlite:///{instance / 'tracker.db'}", problems)
    base_url = environ.get("TRACKER_BASE_URL") or "http://127.0.0.1:8000"
    mail_server = environ.get("SMTP_URL", "")
    if not _is_site(base_url):
        problems.append("TRACKER_BASE_URL must be the public address, such as https://projet.exemple.fr")
    if mail_server and not _is_mail_server(mail_server):
        problems.append("SMTP_URL must be smtp://, smtp+starttls:// or smtps:// with a host, or empty.")
    token = environ.get("TRACKER_METRICS_TOKEN", "")
    if token and len(token) < TOKEN_MIN:
        problems.append(f"TRACKER_METRICS_TOKEN is weak: give {TOKEN_MIN} random characters or more.")
    copies = _copies(environ, problems)
    provider = providers.openid(environ, mode=mode, problems=problems)
    directory = providers.directory(environ, problems=problems)
    if problems:
        raise ConfigurationError("\n".join(problems))
    return {
        "MODE": mode,
        "DEMO": mode == "demo",
        "SECRET_KEY": secret,
        **database,
        "INSTANCE_FOLDER": instance,
        "BASE_URL": base_url.rstrip("/"),
        "SITE_NAME": environ.get("TRACKER_SITE_NAME", "Projet d'administration"),
        "CONTACT": environ.get("TRACKER_CONTACT", USUAL_CONTACT),
        "TRUSTED_PROXIES": proxies,
        "SMTP_URL": mail_server,
        "METRICS_TOKEN": token,
        **copies,
        "OPENID": provider,
        "DIRECTORY": directory,
        "MAIL_FROM": environ.get("TRACKER_MAIL_FROM") or f"ne-pas-repondre@{urlsplit(base_url).hostname}",
        **_cookie(base_url, secure=secure),
        "SESSION_COOKIE_SECURE": secure,
        **FIXED,
    }
