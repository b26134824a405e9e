"""One page, looked at as people have it: wide and narrow, light and dark, folded and unfolded."""

from __future__ import annotations

from tests.e2e.inspector import Inspector
from tests.e2e.site import Site

WIDE, NARROW, NARROWEST = 1280, 375, 320
OPENINGS = 3


class Window:
    """A window of one role, kept for many pages: opening a window costs more than opening a page."""

    def __init__(self, site: Site, role: str | None) -> None:
        self.seen = site.visit(role, width=WIDE)
        self.menus_seen = False


class Windows:
    """The windows of every role, opened when first asked for."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._opened: dict[str | None, Window] = {}

    def of(self, role: str | None) -> Window:
        if role not in self._opened:
            self._opened[role] = Window(self.site, role)
        return self._opened[role]

    def close(self) -> None:
        for window in self._opened.values():
            window.seen.page.context.close()


def budget(path: str) -> int:
    """Largest contentful paint allowed on a quiet machine, in ms."""
    return 1500 if path.startswith("/tableau-de-bord") else 1000


def look(window: Window, path: str, *, each_element: bool = False) -> tuple[list[str], int]:
    """What is wrong with a page in any of its looks, and its largest contentful paint in ms.

    axe runs in the eight looks: 1280 and 375 px, light and dark, before and after everything folded is opened; there
    are four where nothing is folded. Every rule runs once for each set of elements that can be seen (a width, folded or
    not: what is open shows all that was there before, so 375 px folded adds nothing to 375 px unfolded); the other
    scheme changes colours alone, so there the rules of colours run alone. These judge one element of each kind, see
    kinds.py; or each element, dark and unfolded at 1280 px, of the pages where it is asked.

    One opening is enough: style sheets alone know the width, and follow it. Figures are drawn for a width: a page that
    has some is opened again at 375 px.
    """
    seen = window.seen
    seen.findings.clear()
    seen.width(WIDE)
    seen.scheme("light")
    paint = _painted(seen, path)
    seen.check("1280")
    _colours(seen, "1280", "dark", each_element=each_element)
    if seen.has_figures() and seen.unfold():  # before the next opening
        _unfolded_wide(seen, each_element=each_element)
        seen.scheme("dark")
    unfolded = _narrow(seen, path)
    if unfolded and not seen.has_figures():
        seen.width(WIDE)
        _unfolded_wide(seen, each_element=each_element)
    if not window.menus_seen:  # the header is that of every page
        window.menus_seen = True
        for width in (WIDE, NARROW):
            seen.width(width)
            _menus(seen, str(width))
    return list(dict.fromkeys(seen.findings)), paint


def glance(window: Window, path: str) -> tuple[list[str], int]:
    """The same of a page made of nothing but what other pages showed in all their looks.

    Every rule still runs on it twice: light, folded, at 1280 px; dark, unfolded, at 375 px; nothing is wider than 320.
    """
    seen = window.seen
    seen.findings.clear()
    seen.width(WIDE)
    seen.scheme("light")
    paint = _painted(seen, path)
    seen.check("1280")
    seen.width(NARROW)
    seen.scheme("dark")
    if seen.has_figures():
        seen.open(path)
    seen.settle()
    seen.unfold()
    seen.settle()
    seen.check("375 unfolded dark")
    seen.width(NARROWEST)
    seen.measure("320 unfolded")
    return list(dict.fromkeys(seen.findings)), paint


def _painted(seen: Inspector, path: str) -> int:
    """The best of a few openings: other work on the machine slows some of them."""
    paints: list[int] = []
    while not paints or (min(paints) > budget(path) and len(paints) < OPENINGS):
        seen.open(path)
        seen.settle()
        paints.append(seen.lcp())
    return min(paints)


def _narrow(seen: Inspector, path: str) -> int:
    """The page at 375 px, dark as it comes, and at 320; how many things were folded."""
    seen.width(NARROW)
    if seen.has_figures():
        seen.open(path)
    seen.settle()
    seen.measure("375")
    seen.axe("375 dark", colours_only=True)
    _colours(seen, "375", "light")
    unfolded = seen.unfold()
    seen.settle()
    seen.check("375 unfolded")
    seen.scheme("dark")
    if unfolded:
        seen.axe("375 unfolded dark", colours_only=True)
    seen.width(NARROWEST)
    menus = seen.menus()
    if menus:
        menus[-1].click()
    seen.measure("320 unfolded, menu open")
    if menus:
        menus[-1].click()
    return unfolded


def _unfolded_wide(seen: Inspector, *, each_element: bool) -> None:
    """Dark as it comes."""
    seen.settle()
    seen.check("1280 unfolded dark", every_element=each_element)
    _colours(seen, "1280 unfolded", "light")


def _menus(seen: Inspector, width: str) -> None:
    for menu in seen.menus():
        menu.click()
        seen.check(f"{width} menu open")
        _colours(seen, f"{width} menu open", "light")
        _colours(seen, f"{width} menu open", "dark")
        menu.click()


def _colours(seen: Inspector, state: str, scheme: str, *, each_element: bool = False) -> None:
    seen.scheme(scheme)
    seen.axe(f"{state} {scheme}", colours_only=True, every_element=each_element)
