"""HTML written elsewhere to the light Markdown kept here.

Nothing of the HTML survives but words, paragraphs, headings, lists, quotes, emphasis and links to http, https and
mailto addresses: scripts, styles, frames, pictures, colours and handlers are left behind, and what
looked like Markdown in the words is escaped. The page's own renderer sanitises again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from tracker.validation import clean_text

_SILENT = frozenset(
    [
        "script",
        "style",
        "template",
        "iframe",
        "object",
        "embed",
        "applet",
        "svg",
        "math",
        "noscript",
        "head",
        "title",
        "select",
        "textarea",
        "video",
        "audio",
        "canvas",
    ]
)
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "tr",
        "pre",
        "section",
        "article",
        "header",
        "footer",
        "aside",
        "main",
        "nav",
        "figure",
        "table",
        "figcaption",
        "address",
        "dl",
        "dt",
        "dd",
        "form",
        "fieldset",
        "center",
    ]
)
_HEADINGS = {"h1": "### ", "h2": "### ", "h3": "#### ", "h4": "#### ", "h5": "#### ", "h6": "#### "}
_EMPHASIS = {"strong": "**", "b": "**", "em": "*", "i": "*"}
_CONTAINERS = {"ul": "ul", "ol": "ol", "blockquote": "quote"}
_DEPTH_MAX = 6
_OPEN_MAX = 50  # more marks open at once than this is not writing
_BREAK = "  \n"

_BLANKS = re.compile(r"[ \t\r\n\f]+")
_SPECIAL = re.compile(r"([\\`*\[\]<~])")
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_LINE_START = re.compile(r"^(\s*)(#{1,6}(?=\s|$)|[>+=-]|\d{1,9}(?=[.)](?:\s|$)))", re.MULTILINE)
_SAFE_URL = re.compile(r"(?:https?://|mailto:)\S", re.IGNORECASE)
_PLAIN_URL = re.compile(r"[^\s()<>\\]+")


def html_to_markdown(source: str) -> str:
    """Convert a piece of HTML; malformed markup never raises."""
    reader = _Reader()
    reader.feed(source)
    reader.close()
    reader.flush()
    return clean_text("".join(reader.output))


def escape_markdown(text: str) -> str:
    """Make plain words read as they are once rendered as Markdown."""
    return _LINE_START.sub(_escape_start, _escape_inline(text))


def _escape_inline(text: str) -> str:
    escaped = _UNDERSCORE.sub(r"\\_", _SPECIAL.sub(r"\\\1", text))
    return _ENTITY.sub(r"\\&", escaped)


def _escape_start(match: re.Match[str]) -> str:
    blank, mark = match.groups()
    # "1." is escaped at its point, the others before their sign
    return f"{blank}{mark}\\" if mark[0].isdigit() else f"{blank}\\{mark}"


@dataclass(slots=True)
class _Level:
    """A list or a quote we are in; `marker` waits for the first block of an item."""

    kind: str
    number: int = 0
    marker: str = ""
    width: int = 0


@dataclass(slots=True)
class _Inline:
    """An open emphasis or link, and where its words begin in the buffer."""

    tag: str
    start: int
    href: str = ""
    doubled: bool = False


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.output: list[str] = []
        self._words: list[str] = []
        self._open: list[_Inline] = []
        self._levels: list[_Level] = []
        self._silent: list[str] = []
        self._heading = ""
        self._was_in: tuple[str, ...] = ()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent.append(tag)
        if self._silent:
            return
        given = dict(attrs)
        if tag in _EMPHASIS or tag == "a":
            self._open_inline(tag, given.get("href") or "")
        elif tag == "br":
            self._words.append(_BREAK)
        elif tag == "hr":
            self._rule()
        elif tag == "img":
            self._words.append(_escape_inline(_BLANKS.sub(" ", given.get("alt") or "")))
        elif tag in {"td", "th"} and "".join(self._words).strip():
            self._words.append(" · ")
        elif tag == "li":
            self._begin_item()
        elif tag in _CONTAINERS:
            self.flush()
            if len(self._levels) < _OPEN_MAX:
                self._levels.append(_Level(_CONTAINERS[tag]))
        elif tag in _BLOCKS:
            self.flush()
            self._heading = _HEADINGS.get(tag, "")

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            if tag == self._silent[-1]:
                self._silent.pop()
            return
        if tag in _EMPHASIS or tag == "a":
            self._close_inline(tag)
        elif tag in _CONTAINERS:
            self.flush()
            self._leave(_CONTAINERS[tag])
        elif tag in _BLOCKS or tag == "li":
            self.flush()
            self._heading = ""

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        words = _escape_inline(_BLANKS.sub(" ", data.replace("\0", "")))
        before = "".join(self._words[-1:])
        marked = before.endswith("*") and len(before) > 2
        if marked and words[:1].isalnum() and not before.rstrip("*")[-1:].isalnum():
            words = " " + words  # an emphasis that ends in a sign and touches a letter would not close
        self._words.append(words)

    def flush(self) -> None:
        """End the block being read."""
        while self._open:
            self._close_inline(self._open[-1].tag)
        lines = [line.strip(" \t") for line in "".join(self._words).split(_BREAK)]
        self._words.clear()
        text = _BREAK.join(lines).strip(" \t\n\r\u00a0")
        if not text:
            return
        text = text[1:] if text.startswith("\0") else _LINE_START.sub(_escape_start, text)
        levels = self._levels[:_DEPTH_MAX]
        kinds = tuple(level.kind for level in levels)
        begins_item = any(level.marker for level in levels)
        first = "".join(_prefix(level) for level in levels)
        for level in levels:
            level.marker = ""
        rest = "".join(_prefix(level) for level in levels)
        if self._heading:
            text = self._heading + " ".join(text.split())
        if self.output:
            self.output.append(self._gap(kinds, begins_item))
        self.output.append(first + text.replace("\n", "\n" + rest))
        self._was_in = kinds

    def _gap(self, kinds: tuple[str, ...], begins_item: bool) -> str:
        if begins_item and {"ul", "ol"} & set(self._was_in):
            return "\n"
        if "quote" in kinds[:1] and "quote" in self._was_in[:1]:
            return "\n>\n"
        return "\n\n"

    def _rule(self) -> None:
        self.flush()
        self._words.append("\0---")
        self.flush()

    def _begin_item(self) -> None:
        self.flush()
        if not any(level.kind in {"ul", "ol"} for level in self._levels):
            self._levels.append(_Level("ul"))
        level = next(level for level in reversed(self._levels) if level.kind in {"ul", "ol"})
        level.number += 1
        level.marker = "- " if level.kind == "ul" else f"{min(level.number, 999_999_999)}. "
        level.width = len(level.marker)

    def _leave(self, kind: str) -> None:
        """Leave the innermost container of this kind and what was left open inside it."""
        for at in range(len(self._levels) - 1, -1, -1):
            if self._levels[at].kind == kind:
                del self._levels[at:]
                return

    def _open_inline(self, tag: str, href: str) -> None:
        if len(self._open) < _OPEN_MAX:
            doubled = any(_kind(inline.tag) == _kind(tag) for inline in self._open)
            self._open.append(_Inline(tag, len(self._words), _safe_url(href) if tag == "a" else "", doubled))

    def _close_inline(self, tag: str) -> None:
        at = next((at for at in range(len(self._open) - 1, -1, -1) if self._open[at].tag == tag), None)
        if at is None:
            return
        inline = self._open[at]
        # what was opened after it and not closed ends here too, without its mark
        del self._open[at:]
        inner = "".join(self._words[inline.start :])
        del self._words[inline.start :]
        core = inner.strip()
        if not core or inline.doubled:
            self._words.append(inner)
            return
        lead = inner[: len(inner) - len(inner.lstrip())]
        trail = inner[len(inner.rstrip()) :]
        if tag == "a":
            marked = _link(core, inline.href)
        else:
            marked = f"{_EMPHASIS[tag]}{core}{_EMPHASIS[tag]}"
            if not lead and not core[0].isalnum() and "".join(self._words[-1:])[-1:].isalnum():
                lead = " "
        self._words.extend((lead, marked, trail) if trail else (lead, marked))


def _kind(tag: str) -> str:
    return _EMPHASIS.get(tag, tag)


def _prefix(level: _Level) -> str:
    if level.kind == "quote":
        return "> "
    return level.marker or " " * level.width


def _link(words: str, href: str) -> str:
    if not href:
        return words
    address = href if _PLAIN_URL.fullmatch(href) else f"<{href}>"
    return f"[{words.replace(_BREAK, ' ')}]({address})"


def _safe_url(href: str) -> str:
    """The address when it may be followed, else ""."""
    cleaned = clean_text(href, multiline=False)
    if not _SAFE_URL.match(cleaned) or len(cleaned) > 2_000:
        return ""
    return cleaned.replace("<", "%3C").replace(">", "%3E").replace("\\", "%5C").replace(" ", "%20")
