"""Asks somebody else who a person is: an OpenID provider, a directory. Network only: no database, no request."""

from __future__ import annotations

from dataclasses import dataclass


class Away(Exception):
    """It does not answer, or not in time."""


class Unbelievable(Exception):
    """What it answers proves nothing; the message is for the log and names nobody."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a provider says of somebody, once its signature is checked."""

    issuer: str
    subject: str
    name: str = ""
    email: str = ""
    email_verified: bool = False
    number: str = ""
    siret: str = ""
    strong: bool = False  # two factors were asked
    hint: str = ""  # the ID token, to be shown to the provider at logout
