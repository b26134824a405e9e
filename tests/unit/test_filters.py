"""Values turned into French for people, and Markdown that nobody can turn against its readers."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import current_app
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from tests.effort import cases
from tracker import filters

NNBSP = "\u202f"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![photo](https://exemple.fr/x.png)",
        "[lien](javascript:alert(1))", "[lien](JaVaScRiPt:alert(1))", "[lien](data:text/html;base64,PHNjcmlwdD4=)",
        "[lien](vbscript:x)", '<a href="https://x" onclick="alert(1)">x</a>', "<iframe src=//x></iframe>",
        "<svg onload=alert(1)>",
        "<style>*{display:none}</style>", '<p style="position:fixed">x</p>', "<form><input></form>",
        "[x](<javascript:alert(1)>)", "<javascript:alert(1)>", "[a]: javascript:alert(1)\n\n[a]", "<base href=//x>",
        "[x](\x01javascript:alert(1))", "[x](java\tscript:alert(1))", "[x](&#106;avascript:alert(1))",
        "<math><mi//xlink:href=x>",
        '[x](https://x "title\\" onmouseover=alert(1) x=\\"")', "<!-- -->", "<details open ontoggle=alert(1)>",
    ],
)  # fmt: skip
def test_markdown_carries_nothing_that_acts(text: str) -> None:
    html = filters.markdown_html(text).lower()
    bare = html.replace("&lt;", "").replace("&gt;", "").replace("&quot;", '"')
    for tag in (
        "<script",
        "<img",
        "<iframe",
        "<svg",
        "<style",
        "<form",
        "<input",
        "<base",
        "<math",
        "<details",
        "<!--",
    ):
        assert tag not in html
    assert 'href="javascript' not in bare
    assert 'href="data' not in bare
    assert 'href="vbscript' not in bare
    assert not any(f"<{t} {a}" in html for t in ("a", "p") for a in ("on", "style", "id", "class", "title"))


@cases(80, 3000)
@given(st.text(alphabet=st.sampled_from("<>\"'=/ :#[]()!`*_\\\n&;javscriptonload")))
def test_no_mixture_of_signs_opens_a_tag_or_an_attribute(text: str) -> None:
    from bs4 import BeautifulSoup

    page = BeautifulSoup(filters.markdown_html(text), "html.parser")
    for tag in page.find_all(True):
        assert tag.name in filters.ALLOWED_TAGS
        assert set(tag.attrs) <= ({"href", "rel"} if tag.name == "a" else set())
        assert str(tag.get("href", "https:")).split(":")[0].lower() in {"https", "mailto"} or ":" not in str(
            tag["href"]
        )


@pytest.mark.parametrize(
    "address", ["http://exemple.fr/a", "ftp://exemple.fr/a", "tel:+33254000000", "HTTP://exemple.fr"]
)
def test_an_address_that_is_no_link_stays_readable(address: str) -> None:
    html = filters.markdown_html(f"Voir [la page]({address}) et <{address}>.")
    assert "<a" not in html
    assert html.count(address) == 2


@pytest.mark.parametrize(
    "address", ["https://exemple.fr/a", "mailto:dpo@exemple.fr", "/actions/12", "HTTPS://exemple.fr"]
)
def test_links_lead_to_our_pages_to_https_and_to_mail(address: str) -> None:
    html = filters.markdown_html(f"Voir [la page]({address}).")
    assert f'<a href="{address}" rel="nofollow noopener noreferrer">la page</a>' in html


def test_markdown_keeps_what_people_write() -> None:
    html = filters.markdown_html(
        "# Titre\n\n## Sous-titre\n\nUn **mot** et [un lien](https://exemple.fr).\n\n- un\n- deux"
    )
    assert "<h3>Titre</h3>" in html, "below the page's own h1 and h2"
    assert "<h4>Sous-titre</h4>" in html
    assert "<strong>mot</strong>" in html
    assert '<a href="https://exemple.fr" rel="nofollow noopener noreferrer">un lien</a>' in html
    assert html.count("<li>") == 2
    assert "<br>" in filters.markdown_html("une ligne\nune autre")
    assert "<td>b</td>" in filters.markdown_html("| a |\n|---|\n| b |").replace("\n", "")


def test_plain_text_has_no_sign_and_is_cut_at_a_word() -> None:
    assert filters.plain_text("**Dire** *bonjour* & <merci> « à tous »") == "Dire bonjour & <merci> « à tous »"
    assert filters.plain_text("un deux trois quatre", 12) == "un deux …"
    assert filters.plain_text("un deux trois", 13) == "un deux trois"
    assert filters.plain_text("écrire &lt;b&gt; et &amp;lt;", 0) == "écrire <b> et &lt;"
    assert filters.plain_text('l\'"apostrophe"') == 'l\'"apostrophe"'
    assert filters.plain_text("") == ""
    assert filters.plain_text("x" * 50, 10).endswith("…")


def test_plain_text_keeps_the_spaces_at_which_no_line_is_broken() -> None:
    assert filters.plain_text("Qui\u202f?  «\u00a0Moi\u00a0»\n,\tdit-il") == "Qui\u202f? «\u00a0Moi\u00a0» , dit-il"
    assert filters.plain_text("Un\u00a0: deux", 5) == "Un …"
    assert filters.plain_text("\u00a0 \u202f") == ""


def test_dates_are_french_and_the_first_is_premier() -> None:
    assert filters.day(date(2015, 3, 12)) == "12 mars 2015"
    assert filters.day(date(2015, 3, 1)) == "1er mars 2015"
    assert filters.day(date(2015, 8, 11)) == "11 août 2015"
    assert filters.day(date(2015, 12, 31)) == "31 décembre 2015"
    assert filters.short_day(date(2015, 3, 1)) == "01/03/2015"
    assert filters.month(date(2015, 2, 1)) == "février 2015"
    assert filters.day(None) == filters.short_day(None) == filters.month(None) == filters.moment(None) == ""


def test_instants_are_told_in_paris_time() -> None:
    assert filters.moment(datetime(2015, 3, 12, 13, 5, tzinfo=UTC)) == "12 mars 2015 à 14 h 05"
    assert filters.moment(datetime(2015, 7, 1, 22, 30, tzinfo=UTC)) == "2 juillet 2015 à 00 h 30"
    assert filters.moment(datetime(2015, 3, 31, 22, 30, tzinfo=UTC)) == "1er avril 2015 à 00 h 30"


def test_numbers_are_french_and_never_say_more_than_asked() -> None:
    assert filters.number(1234.5, 1) == f"1{NNBSP}234,5"
    assert filters.number(1234567) == f"1{NNBSP}234{NNBSP}567"
    assert filters.number(0) == "0"
    assert filters.number(12.3456, 2) == "12,35"
    assert filters.number(-3) == "-3"
    assert filters.number(None) == "–"
    assert filters.percent(71.4).replace("\u00a0", " ").replace(NNBSP, " ") == "71 %"
    assert filters.percent(None) == "pas encore mesurable"


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 3, 16), "aujourd'hui"), (date(2026, 3, 17), "demain"), (date(2026, 3, 15), "hier"),
        (date(2026, 3, 19), "dans 3 jours"), (date(2026, 3, 14), "il y a 2 jours"),
        (date(2026, 5, 15), "dans 60 jours"),
        (date(2026, 5, 16), "dans 2 mois"), (date(2026, 1, 10), "il y a 2 mois"), (date(2028, 3, 15), "dans 2 ans"),
        (date(2016, 3, 16), "il y a 10 ans"), (None, ""),
    ],
)  # fmt: skip
def test_days_are_told_from_today_in_paris(day: date | None, said: str) -> None:
    current_app.config["CLOCK"] = lambda: datetime(2026, 3, 15, 23, 30, tzinfo=UTC)  # already the 16th in Paris
    assert filters.day_relative(day) == said


@pytest.mark.parametrize(
    ("quarter", "said"),
    [
        ("2017-T1", "1ᵉʳ trimestre 2017"),
        ("2017-T2", "2ᵉ trimestre 2017"),
        ("2017-T3", "3ᵉ trimestre 2017"),
        ("2020-T4", "4ᵉ trimestre 2020"),
    ],
)
def test_quarters_are_told_in_words(quarter: str, said: str) -> None:
    assert filters.quarter_words(quarter) == said


@pytest.mark.parametrize(
    ("lengths", "room", "cut"),
    [
        ((10, 20, 30), 60, 0),  # all hold
        ((10, 20, 31), 60, 30),  # what the short ones leave is for the long one
        ((10, 100, 100), 60, 25),
        ((100, 100), 60, 30),
        ((100, 100), 10, 8),  # never under the least
        ((100, 100), -50, 8),
        ((), 60, 0),
    ],
)
def test_texts_share_the_room_there_is(lengths: tuple[int, ...], room: int, cut: int) -> None:
    assert filters.shared_length(lengths, room=room, least=8) == cut


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("Demandez à le service informatique.", "Demandez au service informatique."),
        ("Demandez à les ressources humaines.", "Demandez aux ressources humaines."),
        ("Demandez à la direction.", "Demandez à la direction."),
        ("Demandez à Mme Le Goff.", "Demandez à Mme Le Goff."),
        (Markup("Demandez à le <b>service</b>."), Markup("Demandez au <b>service</b>.")),
    ],
)
def test_what_a_town_writes_reads_as_french_after_a(words: str, read: str) -> None:
    assert filters.contracted(words) == read
    assert type(filters.contracted(words)) is type(words)


def test_long_texts_that_people_send_fill_no_memory() -> None:
    """Of as many as one likes, few long ones are kept."""
    for number in range(300):
        filters.markdown_html(f"{number} " + "mot " * filters.SHORT)
    kept = filters._long.cache_info()
    assert kept.currsize == kept.maxsize == 128
