"""Every written page of the demonstration, wide and narrow, light and dark, before and after clicks."""

from __future__ import annotations

import pytest

from tests.e2e.crawler import kinds_of
from tests.e2e.looks import Windows, budget, glance, look
from tests.e2e.site import Site
from tests.e2e.written import EACH_ELEMENT, PAGES, Written


@pytest.fixture(scope="module")
def shown() -> set[str]:
    """What the pages before held, in all their looks."""
    return set()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_page(
    windows: Windows, site: Site, page: Written, shown: set[str], record_property: pytest.RecordProperty
) -> None:
    window, url = windows.of(page.role), page.url(site)
    each_element = page.path in EACH_ELEMENT
    kinds = set(kinds_of(window.seen.page.context.request.get(url).text()))
    if kinds <= shown and not each_element:
        findings, paint = glance(window, url)
    else:
        findings, paint = look(window, url, each_element=each_element)
        shown |= kinds
    record_property("lcp_ms", paint)
    assert not findings, "\n".join(findings)
    assert paint <= 2 * budget(page.path), f"largest contentful paint after {paint} ms"
