"""Follows every link of the site as one person, over plain HTTP: which addresses exist, and what they are made of."""

from __future__ import annotations

import html
import re
from collections import Counter, deque
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

from playwright.sync_api import APIRequestContext
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from tests.client import check_page

BEHIND = 40  # links of one page that are followed
_validated: set[tuple[str, tuple[str, ...]]] = set()  # pages made of the same things are parsed strictly once
MAILS = {"letters.mail", "letters.draft_mail"}  # what a mail program will show, under rules of its own
# files that take seconds to make, and lead nowhere: a link to one is enough here, test_matrix opens them as everybody
HEAVY_FILES = {"consultations.poster", "letters.draft_pdf", "letters.pdf_file", "settings.archive_file"}


@dataclass(frozen=True)
class Stop:
    """One address that somebody can reach."""

    role: str
    endpoint: str
    url: str
    is_page: bool
    kinds: tuple[str, ...]  # what stands in the page: elements with their classes, and where its forms go


@dataclass
class Crawl:
    stops: list[Stop]
    findings: list[str]


def endpoint_of(routes: MapAdapter, url: str) -> str:
    """The endpoint of an address of this site; "" when it has none for GET."""
    try:
        return str(routes.match(urlsplit(url).path, method="GET")[0])
    except HTTPException:
        return ""


# Thousands of pages are read: their tags are found by pattern, ten times faster than a tree is built. Our templates
# quote every attribute and escape every value; each kind of page is parsed strictly besides.
TAG = re.compile(r"<([a-z][a-z0-9-]*)((?:\s+[^\s=>]+(?:=\"[^\"]*\")?)*)\s*/?>")
ATTRIBUTE = re.compile(r"([^\s=]+)=\"([^\"]*)\"")
SCRIPTS = re.compile(r"<script\b.*?</script>", re.DOTALL)


def _tags(text: str) -> list[tuple[str, dict[str, str]]]:
    return [(name, dict(ATTRIBUTE.findall(rest))) for name, rest in TAG.findall(SCRIPTS.sub("", text))]


def _links(text: str, url: str) -> list[str]:
    tags = _tags(text)
    found = [attributes["href"] for name, attributes in tags if name == "a" and "href" in attributes]
    found += [
        attributes.get("action") or url
        for name, attributes in tags
        if name == "form" and attributes.get("method", "get").lower() == "get"
    ]
    return [urljoin(url, html.unescape(link)).split("#")[0] for link in found]


def kinds_of(text: str) -> tuple[str, ...]:
    """What stands in a page: elements with their classes, and types of fields."""
    _head, _main, rest = text.partition("<main")
    kinds: set[str] = set()
    for name, attributes in _tags((rest or text).partition("</main>")[0]):
        kinds |= {f"{name}.{kind}" for kind in attributes.get("class", "").split() or [""]}
        if name == "input":
            kinds.add(f"input:{attributes.get('type', 'text')}")
    return tuple(sorted(kinds))


def follow(request: APIRequestContext, role: str, base: str, routes: MapAdapter, *, of_each: int) -> Crawl:
    """Breadth first from home, `of_each` addresses of each pattern at most, and one of each set of arguments."""
    seen: set[tuple[str, frozenset[str], str]] = set()
    opened: Counter[str] = Counter()
    todo = deque([f"{base}/"])
    asked = {f"{base}/"}
    result = Crawl([], [])
    while todo:
        url = todo.popleft()
        endpoint = endpoint_of(routes, url)
        parts = urlsplit(url)
        arguments = frozenset(parse_qs(parts.query, keep_blank_values=True))
        shape = (endpoint, arguments, "" if arguments else parts.path)
        if not endpoint:
            result.findings.append(f"{role}: a link leads nowhere: {url.removeprefix(base)}")
            continue
        if shape in seen or opened[endpoint] >= of_each:
            continue
        seen.add(shape)
        opened[endpoint] += 1
        address = url.removeprefix(base)
        if endpoint in HEAVY_FILES:
            result.stops.append(Stop(role, endpoint, address, False, ()))
            continue
        answer = request.get(url, max_redirects=0)
        if answer.status in {301, 302, 303, 307, 308}:
            todo.append(urljoin(url, answer.headers["location"]))
            result.stops.append(Stop(role, endpoint, address, False, ()))
            continue
        if answer.status != 200:
            result.findings.append(f"{role}: {answer.status} for {address}, which a page links to")
            continue
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        is_page = is_page and "attachment" not in answer.headers.get("content-disposition", "")
        if not is_page or endpoint in MAILS:
            result.stops.append(Stop(role, endpoint, address, False, ()))
            continue
        text = answer.text()
        kinds = kinds_of(text)
        result.stops.append(Stop(role, endpoint, address, True, kinds))
        if (endpoint, kinds) not in _validated:
            _validated.add((endpoint, kinds))
            result.findings += [f"{role}: {address}: {finding}" for finding in _problems(text)]
        fresh = [link for link in dict.fromkeys(_links(text, url)) if link.startswith(f"{base}/") and link not in asked]
        for link in fresh[:BEHIND]:
            asked.add(link)
            todo.append(link)
    return result


def _problems(text: str) -> list[str]:
    answer: Any = SimpleNamespace(text=text)
    try:
        check_page(answer)
    except AssertionError as problem:
        return [str(problem)]
    return []
