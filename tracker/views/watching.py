"""Around every request: its number, one line of log, and the counts of supervision.

A vote is written as `Vote`, a mark in the roll and a count, and as nothing else (design 4.6): a request that casts or
takes one back is neither counted nor logged. A line with its time, beside the order of others, could tell whose it is.
"""

from __future__ import annotations

import re
import secrets
from time import perf_counter

from flask import Flask, Response, request

from tracker import logs, metrics

VOTING = frozenset({"proposals.support", "proposals.withdraw_support"})
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})  # what a visitor makes up is "other"
NOWHERE = "none"  # the endpoint of an address that does not exist
_NUMBER = re.compile(r"[A-Za-z0-9._-]{8,64}")


def init_app(app: Flask) -> None:
    """To be called before all that hooks itself around requests: first when they come, last when they leave."""
    behind_proxy, mode = bool(app.config["TRUSTED_PROXIES"]), app.config["MODE"]

    def arrive() -> None:
        asked = request._get_current_object()  # type: ignore[attr-defined]
        number = asked.headers.get(logs.HEADER, "") if behind_proxy else ""
        if not _NUMBER.fullmatch(number):
            number = secrets.token_hex(8)
        if asked.endpoint in VOTING:
            logs.current.set(logs.Request(number))
            return
        method = asked.method if asked.method in METHODS else "other"
        logs.current.set(logs.Request(number, asked.endpoint or NOWHERE, method, perf_counter()))
        metrics.arrived()

    def answer(response: Response) -> Response:
        current = logs.current.get()
        if current is not None and current.endpoint:
            seconds = perf_counter() - current.began
            metrics.answered(current.endpoint, current.method, response.status_code, seconds)
            if mode != "test":
                logs.answered(
                    current, status=response.status_code, seconds=seconds, size=_size(response),
                    plain=mode != "production",
                )  # fmt: skip
        return response

    def leave(_error: BaseException | None) -> None:
        current = logs.current.get()
        if current is not None and current.endpoint:
            metrics.left()
        logs.current.set(None)

    app.before_request(arrive)
    app.after_request(answer)
    app.teardown_request(leave)


def _size(response: Response) -> int | None:
    """Bytes of the body, when they are known before it is sent."""
    body = response.response
    return sum(map(len, body)) if isinstance(body, list) else response.content_length
