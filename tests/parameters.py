"""Junk for the queries and paths of addresses, and which parameters of its query an address asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partialmethod
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import ImmutableMultiDict

LONG = "x" * 10_000
JUNK = ("\0", LONG, "-1", "1e99", str(2**70), "0000-00-00", "'\"<script>alert(1)</script>", "%s%n{{7*7}}${7*7}",
        "\u202e\u0301👩‍👩‍👧", "../../etc/passwd", "' OR 1=1 --", "٣", "²", " ", "9999-99-99", "True")  # fmt: skip
PARAMETERS = ("q", "theme", "etat", "employeur", "groupe", "tri", "page", "projet", "au", "connu", "statut", "meteo",
              "retard", "mes", "soutien", "annee", "type", "raison", "etape", "apercu", "decision", "proposition",
              "consultation", "suite", "retour", "lecteur", "format", "site", "service", "adresse", "geste", "noms",
              "depart", "premiere", "liste", "de", "partie", "a_verifier", "sans_nouvelles", "sans_pilote", "role",
              "new_password", "state", "code", "imprimer", "token", "_external", "_scheme", "_anchor")  # fmt: skip
RAW_QUERIES = ("q=%ff", "q=%00", "%ff%fe", "%00", "page=%E0%A4%A", "q=a&q=b&q=%ff", "&&&==", "=x", "projet[]=1", "%",
               "page=1&page=2&page=x", "au=2026-02-30&au=2026-01-01", "q=%c3%28", "theme=" + "a" * 5000)  # fmt: skip
PARTS = ("0", "-1", str(2**31 - 1), str(2**31), str(2**63), str(2**70), "1e3", "abc", "%00", "%ff", "a" * 300,
         "..", "%2e%2e", "<script>", "'", "1%20", "1;drop", "2026-T9", "0000-T1")  # fmt: skip

ALL = "*"
asked: set[str] = set()  # since it was last cleared; `ALL` when all were taken, whatever their names


class Noted(ImmutableMultiDict[str, str]):
    """The parameters of an address, which note those that the tool asks for.

    The gate of every page looks for control characters in all of them (`items(multi=True)`): that is not noted.
    """

    def __getitem__(self, name: str) -> str:
        asked.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        asked.add(str(name))
        return super().__contains__(name)

    def get(self, name: str, *args: Any, **options: Any) -> Any:
        asked.add(name)
        return super().get(name, *args, **options)

    def getlist(self, name: str, *args: Any, **options: Any) -> list[Any]:
        asked.add(name)
        return super().getlist(name, *args, **options)

    def items(self, multi: bool = False) -> Any:
        if not multi:
            asked.add(ALL)
        return super().items(multi)

    def _whole(self, name: str, *args: Any, **options: Any) -> Any:
        asked.add(ALL)
        return getattr(super(), name)(*args, **options)

    keys = partialmethod(_whole, "keys")  # type: ignore[assignment]
    values = partialmethod(_whole, "values")  # type: ignore[assignment]
    lists = partialmethod(_whole, "lists")  # type: ignore[assignment]
    listvalues = partialmethod(_whole, "listvalues")  # type: ignore[assignment]
    to_dict = partialmethod(_whole, "to_dict")  # type: ignore[assignment]
    __iter__ = partialmethod(_whole, "__iter__")  # type: ignore[assignment]


@contextmanager
def noting(app: Flask) -> Iterator[None]:
    """Meanwhile `asked` tells what requests to this application ask of their query."""

    class Watched(app.request_class):  # type: ignore[name-defined, misc]
        parameter_storage_class = Noted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "request_class", Watched)
        yield
