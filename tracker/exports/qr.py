"""A QR code as SVG, for paper that leads to a page."""

from __future__ import annotations

from markupsafe import Markup


def svg(address: str, *, title: str) -> Markup:
    """An inline SVG of the address, without style attribute; the page sizes it."""
    import segno  # needed by paper only

    drawn = segno.make(address, error="m", micro=False).svg_inline(
        scale=3, border=2, title=title, svgclass="qr", lineclass=None, omitsize=True
    )
    return Markup(drawn)  # noqa: S704 - drawn by segno from an address and a title that it escapes
