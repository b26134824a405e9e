"""What must be true of every answer, whatever was asked."""

from __future__ import annotations

import re
from http import HTTPStatus

from tests.client import Answer
from tests.torture import odd_values as odd


class Fault(AssertionError):
    """Something that no answer may do."""


def judge_headers(answer: Answer, said: str) -> None:
    headers = answer.response.headers
    if (
        odd.HEADER in headers
        or "Content-Security-Policy" not in headers
        or headers.get("X-Content-Type-Options") != "nosniff"
    ):
        raise Fault(f"headers {dict(headers)}: {said}")
    if any("\r" in value or "\n" in value for value in headers.values()):
        raise Fault(f"a header of two lines: {said}")
    if answer.location and (not answer.location.startswith("/") or answer.location.startswith(("//", "/\\"))):
        raise Fault(f"sent to {answer.location}: {said}")


def judge_page(answer: Answer, said: str, *, method: str, may_be_json: bool) -> None:
    kind, text, status = answer.response.mimetype or "", answer.text, answer.status
    if method in {"HEAD", "OPTIONS"} or status in {HTTPStatus.NOT_MODIFIED, 301, 302, 303, 308}:
        return
    if status >= 400 and kind != "text/html" and not (kind == "application/json" and may_be_json):
        raise Fault(f"refused as {kind}: {said}")
    if kind != "text/html":
        return
    # as an element, or out of an attribute: a quote as it was typed (a login made of it ends by "-x-fuzz")
    if raw := re.search(r"<x-fuzz|<[^<>]*x-fuzz(?:\"(?:'|&#39;)|&#34;')", text):
        raise Fault(f"not escaped, {text[raw.start() - 80 : raw.end() + 80]!r}: {said}")
    if re.search(r"(?:href|src|action)=[\"']?\s*(?:javascript|data:text|vbscript)", text, re.I):
        raise Fault(f"an address that acts: {said}")
    if len(re.findall(r"<h1[ >]", text)) != 1:
        raise Fault(f"no single h1: {said}")
    if status >= 400:
        main = text[text.index("<main") :]
        if not re.search(r"<h1[^>]*>\s*[^\s<]", main) or not re.search(
            r"<(p|li|a|span|div)\b[^>]*>\s*[^<>]{16,}", main
        ):
            raise Fault(f"no sentence: {said}")
