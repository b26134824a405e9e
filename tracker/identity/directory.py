"""A directory (LDAP) that knows passwords: who types one is bound as, over TLS, then their own entry is read."""

from __future__ import annotations

import re
import ssl
from threading import BoundedSemaphore
from typing import Any

from tracker.identity import Away
from tracker.providers import LOCAL, Directory

TIMEOUT = 4  # seconds, to connect and for each answer
# a login holds nothing that means something in a DN or in a filter; both are escaped all the same
LOGIN = re.compile(r"[\w.@'-]{1,100}")
_at_most = BoundedSemaphore(3)


def ask(directory: Directory, login: str, password: str) -> str:
    """The attribute that names this person in the register; "" when it is not their password. Raises Away."""
    # without a password, a directory says yes to anybody: it takes the bind for an anonymous one
    if not password or "\0" in password or not LOGIN.fullmatch(login):
        return ""
    # a directory that drags must not hold every thread of the server
    if not _at_most.acquire(timeout=TIMEOUT):
        raise Away
    try:
        return _ask(directory, login, password)
    finally:
        _at_most.release()


def _ask(directory: Directory, login: str, password: str) -> str:
    import ldap3
    from ldap3.core.exceptions import LDAPException
    from ldap3.utils.dn import escape_rdn

    user = directory.user.replace("{login}", escape_rdn(login) if directory.names_entries else login)
    try:
        connection = ldap3.Connection(
            _server(ldap3, directory), user=user, password=password, authentication=ldap3.SIMPLE,
            auto_referrals=False, receive_timeout=TIMEOUT, read_only=True, raise_exceptions=False,
        )  # fmt: skip
        try:
            connection.open()
            if not directory.is_ldaps and directory.host not in LOCAL and not connection.start_tls():
                raise Away
            return _own(ldap3, connection, directory, user) if connection.bind() else ""
        finally:
            connection.unbind()
            if connection.socket is not None:  # left open when nobody answered
                connection.socket.close()
    except (LDAPException, OSError) as error:
        raise Away from error


def _server(ldap3: Any, directory: Directory) -> Any:
    checked = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=directory.ca_file or None)
    return ldap3.Server(
        directory.host, port=directory.port, use_ssl=directory.is_ldaps, tls=checked, get_info=ldap3.NONE,
        connect_timeout=TIMEOUT,
    )  # fmt: skip


def _own(ldap3: Any, connection: Any, directory: Directory, user: str) -> str:
    """The attribute, in the entry that was bound: never in another one of a like name."""
    from ldap3.utils.conv import escape_filter_chars

    if directory.names_entries:
        where, scope, chosen = user, ldap3.BASE, "(objectClass=*)"
    else:
        where, scope = directory.base, ldap3.SUBTREE
        chosen = f"(userPrincipalName={escape_filter_chars(user)})"
    connection.search(where, chosen, search_scope=scope, attributes=[directory.attribute], size_limit=2)
    found = [one for one in connection.response or () if one.get("type") == "searchResEntry"]
    if len(found) != 1:
        return ""
    value = {name.lower(): kept for name, kept in found[0]["attributes"].items()}.get(directory.attribute.lower())
    values = value if isinstance(value, list) else [value]
    return str(values[0]).strip() if len(values) == 1 and values[0] else ""
