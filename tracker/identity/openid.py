"""OpenID Connect: authorization code with PKCE, state and nonce. Authlib checks the ID token."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from threading import BoundedSemaphore
from typing import Any

from tracker.identity import Away, Identity, Unbelievable
from tracker.providers import OpenIdProvider

TIMEOUT = (3.05, 5)  # seconds to connect, then to answer
KEPT = 6 * 3600  # what the provider says of itself is asked again after that
HINT_MAX = 1800  # a longer ID token does not fit in the cookie
# signatures made with a key that only the provider has
SIGNATURES = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
# a provider that drags must not hold every thread of the server
_at_most = BoundedSemaphore(3)


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, and what must come back."""

    url: str
    state: str
    nonce: str
    verifier: str


def depart(provider: OpenIdProvider, *, back: str, other_account: bool = False) -> Departure:
    """The provider's login page; `other_account`: ask who it is although somebody is logged in there. Raises Away."""
    options: dict[str, Any] = {"prompt": "login"} if other_account else {}
    with _Call():
        client = _client(provider)
        if client.server_metadata.get("claims_parameter_supported"):
            options["claims"] = '{"id_token":{"amr":null,"acr":null}}'  # ProConnect says neither unless asked
        made = client.create_authorization_url(back, **options)
    return Departure(made["url"], made["state"], made["nonce"], made["code_verifier"])


def identify(provider: OpenIdProvider, *, code: str, nonce: str, verifier: str, back: str) -> Identity:
    """Exchange the code for who it is. Raises Away, Unbelievable."""
    with _Call():
        client = _client(provider)
        token = client.fetch_access_token(back, code=code, code_verifier=verifier)
        issuer = client.server_metadata["issuer"]
        proven = client.parse_id_token(
            token,
            nonce=nonce,
            claims_options={
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": provider.client_id},
            },
            leeway=60,
        )
        if not proven or not _text(proven, "sub", 254):
            raise Unbelievable("no ID token, or nobody in it")
        told = {**proven, **_user_info(client, token, proven["sub"], provider)}
    methods = proven.get("amr") if isinstance(proven.get("amr"), list) else []
    return Identity(
        issuer=issuer,
        subject=_text(proven, "sub", 254),
        name=f"{_text(told, 'given_name')} {_text(told, 'usual_name') or _text(told, 'family_name')}".strip(),
        email=_text(told, "email").lower(),
        email_verified=provider.emails_verified or told.get("email_verified") is True,
        number=_text(told, "uid"),
        siret=_text(told, "siret").replace(" ", ""),
        strong=not provider.two_factors.isdisjoint({_text(proven, "acr"), *map(str, methods)}),
        hint=token["id_token"] if len(token["id_token"]) <= HINT_MAX else "",
    )


def farewell(provider: OpenIdProvider, *, hint: str, back: str) -> str:
    """Where the visit at the provider is ended; "" when it offers nothing of the kind. Raises Away."""
    with _Call():
        client = _client(provider)
        if not client.server_metadata.get("end_session_endpoint"):
            return ""
        made = client.create_logout_url(
            post_logout_redirect_uri=back, id_token_hint=hint or None, client_id=provider.client_id
        )
    return str(made["url"])


def _text(claims: dict[str, Any], name: str, limit: int = 200) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) and len(value) <= limit else ""


class _Call:
    """A few calls at a time; the libraries' errors become the two that matter."""

    def __enter__(self) -> None:
        if not _at_most.acquire(timeout=sum(TIMEOUT)):
            raise Away

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        _at_most.release()
        if error is None:
            return
        from authlib.common.errors import AuthlibBaseError
        from joserfc.errors import JoseError
        from requests import RequestException

        if isinstance(error, RequestException):
            raise Away from error
        if isinstance(error, AuthlibBaseError | JoseError | KeyError | TypeError | ValueError):
            raise Unbelievable(type(error).__name__) from error


def _client(provider: OpenIdProvider) -> Any:
    return _known(provider, int(time.time() // KEPT))


@lru_cache(maxsize=2)
def _known(provider: OpenIdProvider, _period: int) -> Any:
    """Authlib's client, told by the provider itself where its doors are. Kept when that went well."""
    from authlib.integrations.flask_client.apps import FlaskOAuth2App
    from authlib.integrations.flask_client.integration import FlaskIntegration

    client = FlaskOAuth2App(
        FlaskIntegration("openid"),
        name="openid",
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        server_metadata_url=f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": provider.scopes, "code_challenge_method": "S256", "default_timeout": TIMEOUT},
    )
    told = client.load_server_metadata()
    if str(told["issuer"]).rstrip("/") != provider.issuer.rstrip("/"):
        raise Unbelievable("the provider gives itself another name")
    doors = [value for name, value in told.items() if name.endswith("_endpoint") or name == "jwks_uri"]
    if provider.issuer.startswith("https://") and not all(str(door).startswith("https://") for door in doors):
        raise Unbelievable("the provider has a door that is not https")
    for name in ("id_token_signing_alg_values_supported", "userinfo_signing_alg_values_supported"):
        told[name] = [one for one in told.get(name) or () if one in SIGNATURES] or ["RS256"]
    return client


def _user_info(client: Any, token: Any, subject: str, provider: OpenIdProvider) -> dict[str, Any]:
    """What it says of the person: JSON, or signed as ProConnect does."""
    door = client.server_metadata.get("userinfo_endpoint")
    if not door:
        return {}
    answer = client.get(door, token=token)
    answer.raise_for_status()
    if answer.headers.get("Content-Type", "").startswith("application/jwt"):
        claims = _signed(client, answer.text, provider)
    else:
        claims = answer.json()
    if claims["sub"] != subject:
        raise Unbelievable("the provider speaks of two people")
    return dict(claims)


def _signed(client: Any, text: str, provider: OpenIdProvider) -> dict[str, Any]:
    from joserfc import jwt
    from joserfc.jwk import KeySet
    from joserfc.jws import JWSRegistry

    told = client.server_metadata
    decoded = jwt.decode(
        text.strip(),
        KeySet.import_key_set(client.fetch_jwk_set()),
        registry=JWSRegistry(algorithms=told["userinfo_signing_alg_values_supported"], strict_check_header=False),
    )
    jwt.JWTClaimsRegistry(iss={"value": told["issuer"]}, aud={"value": provider.client_id}, leeway=60).validate(
        decoded.claims
    )
    return dict(decoded.claims)
