"""A directory (LDAP) in a process of its own, by `ldaptor`: in clear with StartTLS on one port, ldaps on the other.

As large directories do, it knows people by a UPN too, and answers yes to a name without a password. It writes each
bind it was asked to a file. Run as a program: python -m tests.directory_server FOLDER CLEAR_PORT TLS_PORT
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import certificates
from tests.openid_provider import free_port

ELSEWHERE = "127.0.0.2"  # this machine, under an address that does not count as this machine
PEOPLE = {
    "cmartin": {"cn": "Claire Martin", "mail": "Claire@exemple.fr", "employeeNumber": "A042"},
    "dupont": {"cn": "Jean Dupont", "mail": "jean@exemple.fr"},
    "d'arc": {"cn": "Jeanne d'Arc", "mail": "jeanne@exemple.fr"},
}
PASSWORDS = {"cmartin": "chêne bouleau 12", "dupont": "hêtre charme 34", "d'arc": "orme frêne 56"}
BASE = "ou=agents,dc=exemple"


@dataclass(frozen=True)
class Served:
    folder: Path
    clear_port: int
    tls_port: int

    @property
    def certificate(self) -> str:
        return str(self.folder / "certificate.pem")

    def binds(self) -> list[str]:
        """What was asked so far: name, and whether it came over TLS."""
        return (self.folder / "binds").read_text("utf-8").splitlines()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Served]:
    """A directory for as long as the block lasts."""
    certificates.make(folder, ("127.0.0.1", ELSEWHERE))
    (folder / "binds").touch()
    served = Served(folder, free_port(), free_port())
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.directory_server", str(folder), str(served.clear_port), str(served.tls_port)],
        cwd=Path(__file__).parent.parent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        for _ in range(200):
            if process.poll() is not None:
                assert process.stderr is not None
                raise AssertionError(process.stderr.read().decode())
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", served.tls_port), timeout=1):
                break
            time.sleep(0.1)
        yield served
    finally:
        process.terminate()
        process.communicate(timeout=10)


def serve(folder: Path, clear_port: int, tls_port: int) -> None:
    """The process itself; its own imports, since the tests' process has no need of them."""
    from ldaptor.inmemory import ReadOnlyInMemoryLDAPEntry
    from ldaptor.interfaces import IConnectedLDAPEntry
    from ldaptor.protocols import pureldap
    from ldaptor.protocols.ldap.ldapserver import LDAPServer
    from twisted.internet import reactor, ssl
    from twisted.internet.protocol import ServerFactory
    from twisted.python.components import registerAdapter

    context = ssl.DefaultOpenSSLContextFactory(str(folder / "key.pem"), str(folder / "certificate.pem"))
    root = ReadOnlyInMemoryLDAPEntry(dn="dc=exemple", attributes={"objectClass": ["dcObject"], "dc": ["exemple"]})
    agents = root.addChild("ou=agents", {"objectClass": ["organizationalUnit"], "ou": ["agents"]})
    by_upn = {}
    for uid, told in PEOPLE.items():
        upn = f"{uid}@exemple.local"
        attributes = {"objectClass": ["inetOrgPerson"], "uid": [uid], "userPassword": [PASSWORDS[uid]]}
        agents.addChild(
            f"uid={uid}", {**attributes, "userPrincipalName": [upn], **{key: [value] for key, value in told.items()}}
        )
        by_upn[upn] = f"uid={uid},{BASE}"

    class Directory(LDAPServer):
        def handle_LDAPBindRequest(self, request: Any, controls: Any, reply: Any) -> Any:
            name = request.dn.decode()
            with (folder / "binds").open("a", encoding="utf-8") as file:
                file.write(f"{name} {'tls' if getattr(self.transport, 'TLS', False) else 'clear'}\n")
            if not request.auth:
                return pureldap.LDAPBindResponse(resultCode=0)  # RFC 4513, 5.1.2: the pitfall
            request.dn = by_upn.get(name, name).encode()
            return super().handle_LDAPBindRequest(request, controls, reply)

        def handle_LDAPExtendedRequest(self, request: Any, controls: Any, reply: Any) -> Any:
            if request.requestName != pureldap.LDAPStartTLSRequest.oid:
                return super().handle_LDAPExtendedRequest(request, controls, reply)
            reply(pureldap.LDAPStartTLSResponse(resultCode=0))
            self.transport.startTLS(context)
            return None

    class Factory(ServerFactory):
        def buildProtocol(self, _address: Any) -> Any:
            made = Directory()
            made.factory = self
            return made

    registerAdapter(lambda _factory: root, Factory, IConnectedLDAPEntry)
    for address in ("127.0.0.1", ELSEWHERE):
        reactor.listenTCP(clear_port, Factory(), interface=address)  # type: ignore[attr-defined]
        reactor.listenSSL(tls_port, Factory(), context, interface=address)  # type: ignore[attr-defined]
    reactor.run()  # type: ignore[attr-defined]


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
