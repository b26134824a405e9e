"""Who may vouch for people besides this tool: an OpenID provider, a directory (docs/single-sign-on.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

SCOPES = "openid email given_name usual_name siret uid"
# what an "acr" or an "amr" says when two factors were asked: RFC 8176, REFEDS, eIDAS, ProConnect
TWO_FACTORS = (
    "mfa https://refeds.org/profile/mfa eidas2 eidas3 https://proconnect.gouv.fr/assurance/self-asserted-2fa "
    "https://proconnect.gouv.fr/assurance/consistency-checked-2fa"
)
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
MATCHES = ("login", "email", "matricule")
VOUCHES = ("claim", "always")


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: str = SCOPES
    two_factors: frozenset[str] = field(default=frozenset(), repr=False)
    emails_verified: bool = False  # it vouches for every address, without an email_verified to say so


@dataclass(frozen=True, slots=True)
class Directory:
    url: str
    user: str  # a typed login, {login}, in the name that the directory knows: a DN, or an Active Directory UPN
    base: str
    attribute: str
    match: str
    ca_file: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def is_ldaps(self) -> bool:
        return urlsplit(self.url).scheme == "ldaps"

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or (636 if self.is_ldaps else 389)

    @property
    def names_entries(self) -> bool:
        """Whether `user` is the DN of an entry, rather than a UPN to be looked for under `base`."""
        return "=" in self.user


def _is_address(url: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and not parts.query
    except ValueError:
        return False


def openid(environ: Mapping[str, str], *, mode: str, problems: list[str]) -> OpenIdProvider | None:
    """The provider that the environment names, if any; what is wrong goes to `problems`."""
    issuer = environ.get("TRACKER_OIDC_ISSUER", "").strip()
    given = sorted(name for name, value in environ.items() if name.startswith("TRACKER_OIDC_") and value)
    if not issuer:
        if given:
            problems.append(f"{given[0]} is set without TRACKER_OIDC_ISSUER: give the provider's address, or neither.")
        return None
    client_id, secret = environ.get("TRACKER_OIDC_CLIENT_ID", ""), environ.get("TRACKER_OIDC_CLIENT_SECRET", "")
    if not _is_address(issuer, "https", "http"):
        problems.append("TRACKER_OIDC_ISSUER must be the provider's address, such as https://connexion.exemple.fr")
    elif mode == "production" and not issuer.startswith("https://"):
        problems.append("TRACKER_OIDC_ISSUER is not https: whoever listens on the way could log in as anybody.")
    if not client_id or not secret:
        problems.append("TRACKER_OIDC_CLIENT_ID and TRACKER_OIDC_CLIENT_SECRET are needed with TRACKER_OIDC_ISSUER.")
    scopes = (environ.get("TRACKER_OIDC_SCOPES") or SCOPES).split()
    if "openid" not in scopes:
        problems.append(f"TRACKER_OIDC_SCOPES must hold openid, as in: {SCOPES}")
    vouches = environ.get("TRACKER_OIDC_EMAIL_VERIFIED") or VOUCHES[0]
    if vouches not in VOUCHES:
        problems.append(f"TRACKER_OIDC_EMAIL_VERIFIED must be one of {', '.join(VOUCHES)}.")
    return OpenIdProvider(
        issuer=issuer,
        client_id=client_id,
        client_secret=secret,
        scopes=" ".join(scopes),
        two_factors=frozenset((environ.get("TRACKER_OIDC_TWO_FACTORS") or TWO_FACTORS).split()),
        emails_verified=vouches == "always",
    )


def directory(environ: Mapping[str, str], *, problems: list[str]) -> Directory | None:
    """The directory that the environment names, if any; what is wrong goes to `problems`."""
    url = environ.get("TRACKER_LDAP_URL", "").strip()
    given = sorted(name for name, value in environ.items() if name.startswith("TRACKER_LDAP_") and value)
    if not url:
        if given:
            problems.append(f"{given[0]} is set without TRACKER_LDAP_URL: give the directory's address, or neither.")
        return None
    found = Directory(
        url=url,
        user=environ.get("TRACKER_LDAP_USER", ""),
        base=environ.get("TRACKER_LDAP_BASE", ""),
        attribute=environ.get("TRACKER_LDAP_ATTRIBUTE") or "uid",
        match=environ.get("TRACKER_LDAP_MATCH") or MATCHES[0],
        ca_file=environ.get("TRACKER_LDAP_CA", ""),
    )
    if not _is_address(url, "ldaps", "ldap"):
        problems.append("TRACKER_LDAP_URL must be ldaps://host or ldap://host (then StartTLS is asked).")
    if found.user.count("{login}") != 1 or not re.search(r"[=@]", found.user):
        problems.append(
            "TRACKER_LDAP_USER must say how a login names its entry: uid={login},ou=agents,dc=exemple,dc=fr "
            "or, for Active Directory, {login}@exemple.local"
        )
    elif not found.names_entries and not found.base:
        problems.append("TRACKER_LDAP_BASE is needed when TRACKER_LDAP_USER is not the DN of an entry.")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", found.attribute):
        problems.append("TRACKER_LDAP_ATTRIBUTE must be the name of an attribute, such as uid or mail.")
    if found.match not in MATCHES:
        problems.append(f"TRACKER_LDAP_MATCH must be one of {', '.join(MATCHES)}.")
    if found.ca_file and not Path(found.ca_file).is_file():
        problems.append(f"TRACKER_LDAP_CA is {found.ca_file}: there is no such file.")
    if find_spec("ldap3") is None:
        problems.append("TRACKER_LDAP_URL needs one more library: .venv/bin/pip install -r requirements-ldap.txt")
    return found
