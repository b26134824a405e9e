"""Every written page of the demonstration, wide and narrow, light and dark, before and after clicks."""

from __future__ import annotations

import pytest

from tests.e2e.looks import Windows, budget, look
from tests.e2e.site import Site
from tests.e2e.written import EACH_ELEMENT, PAGES, Written


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_page(windows: Windows, site: Site, page: Written, record_property: pytest.RecordProperty) -> None:
    findings, paint = look(windows.of(page.role), page.url(site), each_element=page.path in EACH_ELEMENT)
    record_property("lcp_ms", paint)
    assert not findings, "\n".join(findings)
    assert paint <= 2 * budget(page.path), f"largest contentful paint after {paint} ms"
