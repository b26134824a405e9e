"""HTML written elsewhere, kept as light Markdown."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.effort import cases
from tracker.imports.htmltext import escape_markdown, html_to_markdown

RENDER = MarkdownIt("commonmark", {"html": False}).render


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>un</p><p>deux<br>trois</p>", "un\n\ndeux  \ntrois"),
        ("<p>un <strong> gras </strong>et <i>fin</i></p>", "un  **gras** et *fin*"),
        ("<p><b>mot :</b>suite</p>", "**mot :** suite"),
        ("<p><b>ouvert<p>suite", "**ouvert**\n\nsuite"),
        ("<b><b>une fois</b></b>", "**une fois**"),
        ("<ul><li>un<li>deux<ul><li>trois</ul></ul>", "- un\n- deux\n  - trois"),
        ("<ol><li><p>a</p><p>b</p></li><li>c</li></ol>", "1. a\n\n   b\n2. c"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        ("<h1>Titre\n long</h1>texte", "### Titre long\n\ntexte"),
        ("a<hr>b", "a\n\n---\n\nb"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a · b"),
        ("L&#39;&Eacute;tat &amp; vous", "L'État & vous"),
        ("<p>&nbsp;</p>", ""),
    ],
)
def test_shapes(source: str, expected: str) -> None:
    assert html_to_markdown(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('<a href="https://a.fr/x">là</a>', "[là](https://a.fr/x)"),
        ('<a href="https://a.fr/(x)">là</a>', "[là](<https://a.fr/(x)>)"),
        ('<a href="mailto:a@b.fr">nous</a>', "[nous](mailto:a@b.fr)"),
        ('<a href="javascript:alert(1)">là</a>', "là"),
        ('<a href=" java\nscript:alert(1)">là</a>', "là"),
        ('<a href="data:text/html,x">là</a>', "là"),
        ('<a href="/interne">là</a>', "là"),
        ('<a href="https://a.fr"></a>', ""),
    ],
)
def test_only_addresses_that_may_be_followed_stay(source: str, expected: str) -> None:
    assert html_to_markdown(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>oui",
        "<style>p{}</style>oui",
        '<p onclick="alert(1)" style="color:red">oui</p>',
        "<iframe src='https://a.fr'>non</iframe>oui",
        "<svg><script>alert(1)</script></svg>oui",
        "<!-- alert(1) -->oui",
        "<img src=x onerror=alert(1)>oui",
    ],
)
def test_nothing_that_acts_survives(source: str) -> None:
    assert html_to_markdown(source) == "oui"


@pytest.mark.parametrize(
    "words",
    [
        "1. pas une liste",
        "# pas un titre",
        "- non",
        "> non",
        "*a* _b_ `c` [d](e)",
        "<b>",
        "&lt;",
        "a\n===",
    ],
)
def test_words_that_look_like_markdown_read_as_they_are(words: str) -> None:
    rendered = re.sub(r"</?p>", "", RENDER(escape_markdown(words))).strip()
    assert html.unescape(rendered) == words


TAGS = ["p", "b", "em", "ul", "ol", "li", "blockquote", "h2", "a", "script", "br", "table", "td"]
WORDS = ["mot", "un*", "_deux_", "**", ":", "«x»", "#", "-", "1.", ">", "`", "[", "](", "&amp;", "<", "\n"]
PIECES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(TAGS).map("<{}>".format),
    st.sampled_from(TAGS).map("</{}>".format),
    st.just("<a href='javascript:x'>"),
)


@cases(60, 2000)
@given(st.lists(PIECES, max_size=25))
def test_any_markup_gives_markdown_without_html(pieces: list[str]) -> None:
    rendered = RENDER(html_to_markdown(" ".join(pieces)))
    tags = set(re.findall(r"<\s*/?\s*([a-z0-9]+)", rendered))
    assert tags <= {"p", "strong", "em", "ul", "ol", "li", "blockquote", "br", "h3", "hr", "a"}
    assert "javascript" not in rendered
