"""The inspector finds what is wrong: were it blind, every other test here would pass."""

from __future__ import annotations

import pytest

from tests.e2e.inspector import Inspector
from tests.e2e.site import Site

FAULTS = {
    "image-alt": "main.append(Object.assign(new Image(40, 40), { src: '/static/img/favicon.svg' }))",
    "color-contrast": "main.style.color = '#bbb'",
    "px wider than the screen": "main.style.minWidth = '4000px'",
    "smaller than 24": "main.querySelector('button').style.cssText = 'all: unset; display: block; font-size: 6px'",
    "2 h1": "main.append(Object.assign(document.createElement('h1'), { textContent: 'Deux' }))",
    "CSP": "main.insertAdjacentHTML('beforeend', '<p style=\"color: red\">non</p>')",
    "exemple.fr": "fetch('https://exemple.fr/').catch(() => 0)",
    "console error": "console.error('aïe')",
    "404": "fetch('/introuvable')",
}


@pytest.fixture
def seen(site: Site) -> Inspector:
    return site.visit().open("/connexion")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(seen: Inspector, fault: str) -> None:
    seen.check()
    assert not seen.findings, "the page was to be clean"
    seen.page.evaluate(f"() => {{ const main = document.querySelector('main'); {FAULTS[fault]}; }}")
    seen.page.wait_for_timeout(200)
    seen.check()
    assert any(fault in finding for finding in seen.findings), seen.findings
    seen.page.context.close()


LINES = """() => document.querySelector("main").insertAdjacentHTML("beforeend",
  `<ul>${"<li class='line'><a class='pick' href='/aide'>Une ligne</a></li>".repeat(30)}</ul>`)"""


@pytest.mark.parametrize("where", [":first-child", ":last-child"])
def test_a_colour_is_found_when_one_of_each_kind_is_looked_at(seen: Inspector, where: str) -> None:
    seen.page.evaluate(LINES)
    seen.axe(colours_only=True, every_element=False)
    assert not seen.findings
    judged = seen.page.locator("main .line a[data-kind]")
    assert judged.count() == 1, "thirty lines are one kind"
    seen.page.locator(f"main .line{where} a").evaluate("(e) => { e.ariaCurrent = 'page'; e.style.color = '#bbb'; }")
    seen.axe(colours_only=True, every_element=False)
    assert judged.count() == 2
    assert any("color-contrast" in finding for finding in seen.findings), seen.findings
    seen.page.context.close()
