"""The inspector finds what is wrong: were it blind, every other test here would pass."""

from __future__ import annotations

import pytest

from tests.e2e import inspector
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
  `<ul>${"<li class='line'>Il y a ici <a class='pick' href='/aide'>une ligne</a> de texte</li>".repeat(30)}</ul>`)"""
DRESS = """(rules) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets = [sheet];
}"""
DRESSES = {
    ".line:nth-child(17) a { color: #bbb }": "color-contrast",
    ".line:nth-child(17) { color: #bbb }": "color-contrast",
    ".line:nth-child(9) { opacity: 0.4 }": "color-contrast",
    ".line:last-child { background: #444 }": "color-contrast",
    "main:has(.line) { background: #555 }": "color-contrast",
    ".line:nth-child(8) + .line a { color: #444; text-decoration: none }": "link-in-text-block",
}


@pytest.fixture
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspector, "_judged", set())


@pytest.mark.usefixtures("nothing_known")
def test_a_colour_is_found_when_one_of_each_kind_is_looked_at(seen: Inspector) -> None:
    """A kind is what is drawn: the same names and classes dressed otherwise, by any rule, are another one."""
    seen.page.evaluate(LINES)
    seen.axe(colours_only=True)
    judged = seen.page.locator("main .line [data-kind]")
    assert judged.count() == 1, "thirty links are one kind"
    seen.axe(colours_only=True)
    assert judged.count() == 0, "known by now"
    assert not seen.findings
    for rules, finding in DRESSES.items():
        for known_as_bad in (False, True):  # what was found wrong is found again
            seen.page.evaluate(DRESS, rules)
            seen.axe(colours_only=True)
            assert any(finding in found for found in seen.findings), (rules, known_as_bad)
            seen.findings.clear()
    seen.page.evaluate(DRESS, "")
    seen.axe(colours_only=True, every_element=True)
    assert judged.count() == 30, "each link"
    assert not seen.findings
    seen.page.context.close()
