"""Every page that somebody can reach by links: the pages written in test_pages.py, and whatever else there is."""

from __future__ import annotations

import pytest
from werkzeug.routing import MapAdapter

from tests.e2e import acts, lacking
from tests.e2e.crawler import Crawl, Stop, endpoint_of, follow
from tests.e2e.looks import Windows, glance, look
from tests.e2e.site import ROLES, Site
from tests.e2e.written import MINE, PAGES
from tests.effort import THOROUGH

# addresses that no link shows, and why
NOT_LINKED = {
    "static": "files, asked by every page",
    "health.healthz": "for machines",
    "metrics.show": "for machines",
    "employers.colours": "a stylesheet, asked by the pages of an employer's people",
    "employers.logo": "a picture, asked by the pages of an employer's people",
    "first_account.create": "while nobody has an account",
    "second_factor.login": "between the password and the code",
    "single_sign_on.back": "the demonstration has no provider; see test_single_sign_on.py",
    "single_sign_on.enter": "the same",
}


@pytest.fixture(scope="module")
def prepared(site: Site) -> None:
    """What the demonstration lacks as loaded: letters being written, a proposal with a second text, and the rest."""
    lacking.make(site)
    editor = site.visit("redaction")
    acts.compose_letter(editor)
    acts.approve_letter(editor)
    acts.compose_letter(editor)
    author = site.visit("agent")
    acts.rewrite_proposal(author, site.one(MINE, "published"))
    for seen in (editor, author):
        seen.page.context.close()
        seen.assert_clean()


@pytest.fixture(scope="module")
def crawls(prepared: None, site: Site, routes: MapAdapter) -> dict[str, Crawl]:
    """What each role reaches. All that reads it stands outside a class, so that one process of `make test` has it."""
    found: dict[str, Crawl] = {}
    for role in ROLES:
        context = site.context(role)
        found[role] = follow(context.request, role, site.base, routes, of_each=5 if THOROUGH else 2)
        context.close()
    return found


def _worth_a_look(crawls: dict[str, Crawl], site: Site, routes: MapAdapter) -> list[tuple[Stop, bool]]:
    """The fewest pages that hold all that is not seen yet (True: these), and one of each address not written."""
    written = {endpoint_of(routes, page.url(site)) for page in PAGES}
    stops = [stop for role in ROLES for stop in crawls[role].stops if stop.is_page]
    seen_kinds = {kind for stop in stops if stop.endpoint in written for kind in stop.kinds}  # looked at there
    stops = [stop for stop in stops if stop.endpoint not in written]
    chosen: list[tuple[Stop, bool]] = []
    while stops:
        most = max(stops, key=lambda stop: len(set(stop.kinds) - seen_kinds))  # the first of equals
        chosen.append((most, not set(most.kinds) <= seen_kinds))
        seen_kinds |= set(most.kinds)
        stops = [s for s in stops if s.endpoint != most.endpoint or not set(s.kinds) <= seen_kinds]
    return chosen


@pytest.mark.parametrize("role", ROLES)
def test_every_link_opens_a_valid_page(crawls: dict[str, Crawl], role: str) -> None:
    assert len(crawls[role].stops) > 20, "hardly anything is linked"
    assert not crawls[role].findings, "\n".join(dict.fromkeys(crawls[role].findings))


def test_every_address_was_opened_by_somebody(crawls: dict[str, Crawl], site: Site, routes: MapAdapter) -> None:
    opened = {stop.endpoint for crawl in crawls.values() for stop in crawl.stops}
    opened |= {endpoint_of(routes, page.url(site)) for page in PAGES}
    known = {rule.endpoint for rule in routes.map.iter_rules() if "GET" in (rule.methods or ())}
    missed = known - opened - set(NOT_LINKED)
    assert not missed, f"no link leads to {sorted(missed)}: link it, or say why in NOT_LINKED"
    assert set(NOT_LINKED) <= known, "NOT_LINKED names what no longer exists"


def test_pages_found_by_links(crawls: dict[str, Crawl], site: Site, routes: MapAdapter, windows: Windows) -> None:
    findings: list[str] = []
    for stop, holds_news in _worth_a_look(crawls, site, routes):
        window = windows.of(stop.role)
        found, _paint = (look if holds_news else glance)(window, stop.url)
        findings += [f"{stop.role}: {finding}" for finding in found]
    assert not findings, "\n".join(findings)
