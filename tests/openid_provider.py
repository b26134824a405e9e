"""A provider of OpenID Connect in a process of its own: `oidc-provider-mock`, made stricter, and hostile on demand.

Stricter: a code is given only for its PKCE verifier. Hostile: `Provider.tell(nonce="…")` changes what the next ID
tokens say; `forge=True` signs them with a key of its own. Over TLS when it is given a folder for its certificate.
Run as a program: python -m tests.openid_provider PORT [FOLDER]
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests import certificates


class Provider:
    """A running provider, and what it is told to say."""

    def __init__(self, port: int, folder: Path | None = None) -> None:
        self.port = port
        self.certificate = certificates.make(folder) if folder else None
        self.trust = ssl.create_default_context(cafile=self.certificate) if self.certificate else None
        self.issuer = f"{'https' if folder else 'http'}://127.0.0.1:{port}"

    def _send(self, method: str, path: str, body: object) -> None:
        asked = urllib.request.Request(  # noqa: S310 - our own address
            self.issuer + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method
        )
        urllib.request.urlopen(asked, timeout=5, context=self.trust).close()  # noqa: S310

    def answers(self) -> None:
        """Raises when it is not there."""
        address = f"{self.issuer}/.well-known/openid-configuration"
        urllib.request.urlopen(address, timeout=2, context=self.trust).close()  # noqa: S310

    def knows(self, sub: str, **claims: Any) -> None:
        """Somebody who has an account there."""
        self._send("PUT", f"/users/{urllib.parse.quote(sub)}", claims)

    def tell(self, **changes: Any) -> None:
        """What the next ID tokens say otherwise; `forge`: signed with another key; `signed`: user info as a JWT."""
        self._send("PUT", "/lies", changes)

    def log_in(self, address: str, sub: str) -> str:
        """Do at the provider what a person does there; the address that it sends the browser back to."""

        assert address.startswith(self.issuer), address
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            path = address.removeprefix(self.issuer)
            connection.request("POST", path, f"sub={urllib.parse.quote(sub)}", form)
            answer = connection.getresponse()
            assert answer.status == 302, answer.read()
            return str(answer.headers["Location"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(folder: Path | None = None) -> Iterator[Provider]:
    """A provider for as long as the block lasts; `folder`: over TLS, with a certificate kept there."""
    provider = Provider(free_port(), folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.openid_provider", str(provider.port), *([str(folder)] if folder else [])],
        cwd=Path(__file__).parent.parent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        for _ in range(200):
            if process.poll() is not None:
                assert process.stderr is not None
                raise AssertionError(process.stderr.read().decode())
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                provider.answers()
                break
            time.sleep(0.1)
        yield provider
    finally:
        process.terminate()
        process.communicate(timeout=10)


def serve(port: int, folder: Path | None) -> None:
    """The process itself; its own imports, since the tests' process has no need of them."""
    import oidc_provider_mock
    from authlib import jose
    from flask import Response, abort, g, request
    from joserfc import jwt
    from joserfc.jwk import RSAKey
    from werkzeug.serving import make_server

    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    app = oidc_provider_mock.app(require_nonce=True)
    challenges: dict[str, str] = {}  # by code
    lies: dict[str, Any] = {}
    other_key = jose.RSAKey.generate_key(is_private=True)

    @cache  # its primes are checked anew each time, for a tenth of a second
    def private(key: jose.RSAKey) -> RSAKey:
        return RSAKey.import_key(key.as_dict(is_private=True))

    def signed(claims: dict[str, Any]) -> str:
        own_key = g.oidc_provider_mock_storage.jwk
        key = private(other_key if lies.get("forge") else own_key)
        return jwt.encode({"alg": "RS256", "kid": own_key.as_dict()["kid"]}, claims, key)

    @app.put("/lies")
    def _lies() -> Response:
        lies.clear()
        lies.update(request.get_json())
        return Response(status=204)

    @app.before_request
    def _check_verifier() -> None:
        if request.endpoint and request.endpoint.endswith("issue_token"):
            given = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
            expected = challenges.get(request.form.get("code", ""))
            if expected != base64.urlsafe_b64encode(given).rstrip(b"=").decode():
                abort(Response('{"error": "invalid_grant"}', 400, mimetype="application/json"))

    @app.after_request
    def _follow(response: Response) -> Response:
        name = (request.endpoint or "").rpartition(".")[2]
        if name == "authorize" and response.status_code == 302 and request.args.get("code_challenge_method") == "S256":
            sent = urllib.parse.parse_qs(urllib.parse.urlsplit(response.location).query)
            challenges[sent.get("code", [""])[0]] = request.args.get("code_challenge", "")
        elif name == "issue_token" and response.status_code == 200:
            token = response.get_json()
            _head, body, _signature = token["id_token"].split(".")
            claims = json.loads(base64.urlsafe_b64decode(body + "=="))
            token["id_token"] = signed({**claims, **lies.get("claims", {})})
            response.set_data(json.dumps(token))
        elif name == "userinfo" and response.status_code == 200 and lies.get("signed"):
            audience = {"iss": request.host_url.rstrip("/"), "aud": lies["signed"]}
            response.set_data(signed({**response.get_json(), **audience}))
            response.content_type = "application/jwt"
        elif response.mimetype == "text/html":
            response.set_data(re.sub(rb"<link[^>]*>", b"", response.get_data()))  # a style sheet from far away
        return response

    tls = (str(folder / "certificate.pem"), str(folder / "key.pem")) if folder else None
    make_server("127.0.0.1", port, app, threaded=True, ssl_context=tls).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else None)
