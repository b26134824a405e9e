"""What the server writes on its standard error: one line per event, JSON in production.

No account, no address, no number of a page, no query, and of an error its kind and place, never its message: it may
hold what somebody typed. A request that casts a vote leaves no line; what fails in one leaves a line without its name,
nor its places.
"""

from __future__ import annotations

import json
import logging
import os
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tracker.config import ROOT

STANDARD_ERROR = 2
# the server's own sentences that quote an address
_QUOTING = ("Error handling request", "Invalid request from")


HEADER = "X-Request-ID"


class Request(NamedTuple):
    """The request at hand: its number, and what may be told of it; nothing more when it casts a vote."""

    number: str
    endpoint: str = ""
    method: str = ""
    began: float = 0.0


current: ContextVar[Request | None] = ContextVar("current", default=None)


def number() -> str:
    """That of the request at hand."""
    found = current.get()
    return found.number if found else ""


def answered(asked: Request, *, status: int, seconds: float, size: int | None, plain: bool) -> None:
    """Write the line of one request at once, so that those of several threads do not mix."""
    now, ms = datetime.now(UTC), round(seconds * 1000, 1)
    if plain:
        line = f"{now:%H:%M:%S} {asked.number} {asked.method} {asked.endpoint} {status} {ms} ms"
    else:
        told = {
            "at": now.isoformat(timespec="milliseconds"), "level": "info", "id": asked.number, "method": asked.method,
            "endpoint": asked.endpoint, "status": status, "ms": ms, "bytes": size,
        }  # fmt: skip
        line = json.dumps(told)
    try:  # noqa: SIM105 - at each request, and `suppress` costs more than the line
        os.write(STANDARD_ERROR, f"{line}\n".encode())
    except OSError:
        pass  # nobody reads any more: a page is worth more than its line


class JsonLines(logging.Formatter):
    """A record of `logging` as a JSON object, with the number of the request in which it was made."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.name == "gunicorn.error" and message.startswith(_QUOTING):
            message = next(start for start in _QUOTING if message.startswith(start))
        said = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": message,
        }
        asked = current.get()
        if asked is not None:
            said |= {"id": asked.number, "endpoint": asked.endpoint}
        may_tell = asked is None or bool(asked.endpoint)
        error = record.exc_info[1] if record.exc_info else None
        return json.dumps(said | ({"error": _chain(error, with_places=may_tell)} if error else {}), ensure_ascii=False)


def _chain(error: BaseException | None, *, with_places: bool) -> list[dict[str, Any]]:
    """An error and those it came from, the last first: kind and places, innermost last."""
    found: list[dict[str, Any]] = []
    while error is not None and len(found) < 5:
        told: dict[str, Any] = {"kind": f"{type(error).__module__}.{type(error).__qualname__}"}
        if with_places:
            frames = traceback.extract_tb(error.__traceback__)
            told["where"] = [f"{one.filename.removeprefix(f'{ROOT}/')}:{one.lineno} {one.name}" for one in frames]
        if isinstance(error, OSError) and error.errno:
            told["reason"] = os.strerror(error.errno)
        found.append(told)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


# what gunicorn hands to `logging.config`, in production
SERVER: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLines}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["stderr"], "propagate": False}},
}
