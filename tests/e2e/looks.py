"""One page, looked at as people have it: wide and narrow, light and dark, folded and unfolded."""

from __future__ import annotations

from tests.e2e.inspector import Inspector
from tests.e2e.site import Site

WIDE, NARROW, NARROWEST = 1280, 375, 320


class Window:
    """Two windows of one role, kept for many pages: opening a window costs more than opening a page."""

    def __init__(self, site: Site, role: str | None) -> None:
        self.wide = site.visit(role, width=WIDE)
        self.narrow = site.visit(role, width=NARROW)


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
            window.wide.page.context.close()
            window.narrow.page.context.close()


def budget(path: str) -> int:
    """Largest contentful paint allowed on a quiet machine, in ms."""
    return 1500 if path.startswith("/tableau-de-bord") else 1000


def look(window: Window, path: str) -> tuple[list[str], int]:
    """What is wrong with a page in any of its looks, and its largest contentful paint in ms.

    Each width, scheme and folding meets each other: 1280 light folded, 1280 dark unfolded, 375 dark folded, and so on.
    """
    window.wide.findings.clear()
    window.narrow.findings.clear()
    paint = _wide(window.wide, path)
    _narrow(window.narrow, path)
    return list(dict.fromkeys(window.wide.findings + window.narrow.findings)), paint


def _wide(seen: Inspector, path: str) -> int:
    seen.scheme("light")
    seen.open(path)
    seen.settle()
    paint = seen.lcp()
    seen.check("1280")
    seen.scheme("dark")
    unfolded = seen.unfold()
    seen.settle()
    if unfolded:
        seen.measure("1280 unfolded")
    seen.axe("1280 unfolded dark", colours_only=not unfolded)
    return paint


def _narrow(seen: Inspector, path: str) -> None:
    seen.width(NARROW)
    seen.scheme("dark")
    seen.open(path)
    seen.settle()
    seen.measure("375")
    seen.axe("375 dark", colours_only=True)
    seen.scheme("light")
    seen.unfold()
    seen.open_menu()
    seen.settle()
    seen.check("375 unfolded")
    seen.width(NARROWEST)
    seen.measure("320 unfolded")
