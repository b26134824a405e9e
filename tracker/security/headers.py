"""Headers of every answer: a strict content policy (design 4.12), no sniffing, no framing, caching by page."""

from __future__ import annotations

from flask import Response, request

from tracker import logs

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


ALWAYS = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
)
_SECURE = ("Strict-Transport-Security", "max-age=31536000")
_PAGES = (("Cache-Control", "private, no-cache"), ("Vary", "Cookie, Accept-Language"))


def add_headers(response: Response) -> Response:
    """What a view has said itself stands."""
    said = {name.lower() for name in response.headers.keys()}  # noqa: SIM118 - headers are no dictionary
    wanted = [*ALWAYS, (logs.HEADER, logs.number()), *(_PAGES if request.endpoint != "static" else ())]
    if request.is_secure:
        wanted.append(_SECURE)
    response.headers.extend([(name, value) for name, value in wanted if name.lower() not in said])
    return response
