"""Addresses: this request's own, and those we are given to come back to."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from flask import current_app, request, url_for

# what no browser sends unless somebody tries: controls, C1 controls, non-characters
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_PATH_SAFE = "/:@!$&'()*+,;=~"


def here() -> str:
    """The path and query of this request, under the prefix where the tool is served."""
    path = quote(request.script_root + request.path, safe=_PATH_SAFE)
    query = request.query_string.decode("utf-8", "replace")
    return f"{path}?{query}" if query else path


def safe_path(target: str) -> str:
    """The path, when it is one of this site; home otherwise: never another host, never a scheme.

    Browsers read "\\" as "/", drop tabs and line breaks, and take any number of slashes for a host: all are refused.
    """
    home = url_for("home.index")
    if not target.startswith("/") or target.startswith("//") or "\\" in target or _CONTROLS.search(target):
        return home
    root = request.script_root
    return target if not root or target == root or target.startswith(f"{root}/") else home


def is_clean() -> bool:
    """Whether the path and query hold only characters that a text may hold."""
    parts = [request.path, *(text for pair in request.args.items(multi=True) for text in pair)]
    return not any(_CONTROLS.search(part.translate(_LINES)) for part in parts)


_LINES = str.maketrans("", "", "\t\r\n")


def _origin(address: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return (parts.scheme.lower(), parts.netloc.lower()) if parts.scheme and parts.netloc else None


def comes_from_our_pages() -> bool:
    """Whether Origin, failing it Sec-Fetch-Site, failing it Referer, says that the post is from this site."""
    own = {_origin(request.host_url), _origin(current_app.config["BASE_URL"])} - {None}
    origin = request.headers.get("Origin")
    if origin:
        return _origin(origin) in own
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site == "same-origin"
    referer = request.headers.get("Referer")
    return bool(referer) and _origin(str(referer)) in own
