"""A page that is watched while a test uses it: whatever is wrong with it ends in `findings`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import axe_playwright_python
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response

from tests.e2e.kinds import MARK_KINDS

WATCH = """(() => {
  window.__csp = [];
  document.addEventListener("securitypolicyviolation", (e) => {
    window.__csp.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`);
  });
  new PerformanceObserver((list) => { for (const e of list.getEntries()) window.__lcp = Math.round(e.startTime); })
    .observe({ type: "largest-contentful-paint", buffered: true });
})()"""
MEASURE = """() => {
  const CONTROLS = "a[href],button,input:not([type=hidden]),select,textarea,summary";
  const seen = (e) => {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    return box.width > 0 && box.height > 0 && style.visibility !== "hidden" && style.opacity !== "0";
  };
  const named = (e) => (e.outerHTML.match(/^<[^>]{0,110}/) || [""])[0];
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const limit = document.documentElement.clientWidth;
  return {
    csp: window.__csp || [],
    headings: [...document.querySelectorAll("h1")].filter(seen).length,
    title: document.title.replace(/\\s+/g, " "),
    h1: (document.querySelector("h1")?.textContent || "").replace(/\\s+/g, " ").trim(),
    overflow: wide,
    widest: wide <= 0 ? [] : [...document.querySelectorAll("body *")]
      .filter((e) => seen(e) && e.getBoundingClientRect().right > limit + 1).map(named).slice(0, 4),
    small: [...document.querySelectorAll(CONTROLS)].filter((e) => {
      if (!seen(e) || getComputedStyle(e).display === "inline" || e.closest(".visually-hidden, .modebar")) return false;
      const box = e.getBoundingClientRect();
      const label = e.labels?.[0]?.getBoundingClientRect() ?? box;  // a click on the label is one on the control
      const [width, height] = [Math.max(box.width, label.width), Math.max(box.height, label.height)];
      return width < 23.5 || height < 23.5;
    }).map(named).slice(0, 5),
  };
}"""
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
# of the answer, only what is wrong comes back: the rest is large
RUN_AXE = """async (options) => {
  const all = { resultTypes: ["violations"], preload: false, ...options };
  return (await axe.run(document, all)).violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((n) => `${n.target} ${n.html.slice(0, 160)}`)}`);
}"""
COLOURS = ["color-contrast", "link-in-text-block"]
_judged: set[str] = set()  # the kinds of elements whose colours were found right, by this process
UNFOLD = """() => {
  const folded = [...document.querySelectorAll("main details:not([open])")];
  for (const e of folded) e.querySelector("summary").click();
  return folded.length;
}"""
# figures are drawn when they come near the screen: go to the first that waits, until none does
DRAWN = """(folded) => {
  const seen = (plot) => (folded ? plot.offsetParent : plot.checkVisibility());
  const waiting = [...document.querySelectorAll("[data-figure]")]
    .find((plot) => seen(plot) && !plot.querySelector("svg") && !plot.classList.contains("is-failed"));
  if (waiting) waiting.scrollIntoView({ behavior: "instant" });
  else window.scrollTo({ top: 0, behavior: "instant" });
  return !waiting;
}"""


class Inspector:
    """A page and what was found wrong with it since it opened."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.elsewhere = base  # another site where the person goes, whose pages are not ours to watch
        self.findings: list[str] = []
        self.expected = 200  # the status the next answer must have
        self.status = 0
        page.add_init_script(WATCH)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._note(f"script error: {error}"))
        page.on("request", self._asked)
        page.on("response", self._answered)

    # what the browser tells us

    def _note(self, finding: str) -> None:
        if self.elsewhere != self.base and self.page.url.startswith(self.elsewhere):
            return
        where = urlsplit(self.page.url)
        self.findings.append(f"{where.path}{'?' + where.query if where.query else ''}: {finding}")

    def _said(self, message: ConsoleMessage) -> None:
        refused = re.search(r"status of (\d+)", message.text)
        if refused and int(refused[1]) == self.expected:
            return  # Chromium logs every answer of 400 and above; this one was asked for
        if message.type in {"error", "warning"}:
            self._note(f"console {message.type}: {message.text[:300]}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.base, self.elsewhere, "data:", "blob:", "about:")):
            self._note(f"asks another host: {request.url}")

    def _answered(self, response: Response) -> None:
        is_page = response.request.is_navigation_request()
        if is_page:
            self.status = response.status
        if response.status >= 400 and not (is_page and response.status == self.expected):
            self._note(f"{response.status} for {response.url.removeprefix(self.base)}")

    # what a test does

    def open(self, path: str, expected: int = 200) -> Inspector:
        self.expected = expected
        answer = self.page.goto(path, wait_until="load")
        if answer is not None and answer.status != expected:
            self._note(f"{answer.status} instead of {expected} for {path}")
        return self

    def press(self, name: str | re.Pattern[str], *, within: Locator | None = None, expected: int = 200) -> Inspector:
        """Press the button or link of that name; the page that follows must have the expected status."""
        self.expected = expected
        scope = within or self.page.locator("main")
        scope.get_by_role("button", name=name).or_(scope.get_by_role("link", name=name)).first.click()
        self.page.wait_for_load_state("load")
        assert self.status == expected, f"{self.status} after {name}: {self.page.locator('main').inner_text()[:1500]}"
        return self

    def scheme(self, name: str) -> None:
        self.page.emulate_media(color_scheme=name, reduced_motion="reduce")  # type: ignore[arg-type]

    def width(self, pixels: int) -> None:
        self.page.set_viewport_size({"width": pixels, "height": 900 if pixels > 600 else 740})

    def unfold(self) -> int:
        """Click on everything that is folded in the page; how many there were."""
        return int(self.page.evaluate(UNFOLD))

    def menus(self) -> list[Locator]:
        """What opens the menus of the header that this width has."""
        return self.page.locator("header details[data-menu] > summary").filter(visible=True).all()

    def has_figures(self) -> bool:
        return bool(self.page.evaluate("() => !!document.querySelector('[data-figure]')"))

    def settle(self, *, folded: bool = False) -> None:
        """Until the figures that can be seen are drawn; `folded`: the others too, which the page draws once idle."""
        if self.has_figures():
            self.page.wait_for_function(DRAWN, arg=folded)

    # what is checked

    def measure(self, state: str = "") -> dict[str, Any]:
        """Overflow, sizes of controls, headings and CSP."""
        facts: dict[str, Any] = self.page.evaluate(MEASURE)
        if facts["overflow"] > 1:  # figures follow a new width a moment later
            self.page.wait_for_timeout(600)
            facts = self.page.evaluate(MEASURE)
        where = f" ({state})" if state else ""
        self._note_all(f"CSP{where}: {{}}", facts["csp"])
        self._note_all(f"control smaller than 24 × 24 px{where}: {{}}", facts["small"])
        if facts["headings"] != 1:
            self._note(f"{facts['headings']} h1 seen{where}")
        if not facts["title"].startswith(facts["h1"]):
            self._note(f"title {facts['title']!r} does not begin with {facts['h1']!r}")
        if facts["overflow"] > 1:
            self._note(f"{facts['overflow']} px wider than the screen{where}: {facts['widest']}")
        return facts

    def axe(self, state: str = "", *, colours_only: bool = False, every_element: bool = False) -> None:
        """axe-core: WCAG 2.1 A and AA and best practices; the rules of colours look at what no page showed before."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.add_init_script(AXE)  # it is long: sent once for all the pages that follow
            self.page.evaluate(AXE)
        fresh = self.page.evaluate(MARK_KINDS, [every_element, " ".join(_judged)])
        if colours_only and not fresh:
            return
        where = f" ({state})" if state else ""
        wrong = self.page.evaluate(RUN_AXE, {"runOnly": COLOURS} if colours_only else {})
        if not any(finding.startswith(tuple(COLOURS)) for finding in wrong):
            _judged.update(fresh.split())
        self._note_all(f"axe{where}: {{}}", wrong)

    def check(self, state: str = "", *, every_element: bool = False) -> None:
        self.measure(state)
        self.axe(state, every_element=every_element)

    def lcp(self) -> int:
        """Largest contentful paint of the page as opened, in ms."""
        told = self.page.wait_for_function("() => window.__lcp")  # a moment after the page is loaded
        return int(told.json_value())

    def _note_all(self, pattern: str, values: list[str]) -> None:
        for value in values:
            self._note(pattern.replace("{}", value))

    def assert_clean(self, ignoring: Callable[[str], bool] = lambda finding: False) -> None:
        left = [finding for finding in self.findings if not ignoring(finding)]
        assert not left, "\n".join(dict.fromkeys(left))
