"""The checks that the client makes on every page do find what they look for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup

from tests.client import check_page, visible

HEAD = '<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Titre · Suivi</title></head><body>'
GOOD = (
    HEAD + '<h1>Titre</h1><form method="post"><input type="hidden" name="csrf_token" value="x">'
    '<label for="a">Nom</label><input id="a"><label>Âge <select><option>1</option></select></label>'
    '<textarea aria-label="Texte"></textarea><button>Envoyer</button></form>'
    '<a href="https://exemple.fr/">ailleurs</a><script src="/x.js"></script></body></html>'
)


def check(text: str, *, mail: bool = False) -> None:
    check_page(SimpleNamespace(text=text), mail=mail)  # type: ignore[arg-type]


def test_a_good_page_passes() -> None:
    check(GOOD)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("</form>", "", "invalid HTML"),
        ("<h1>Titre</h1>", "", "0 h1"),
        ("<h1>Titre</h1>", "<h1>Titre</h1><h1>Titre</h1>", "2 h1"),
        ("<h1>Titre</h1>", "<h1>Autre</h1>", "does not begin with h1"),
        ("<h1>", '<h1 id="a">', "ids used twice"),
        ('<label for="a">', '<label for="b">', "a control without label"),
        ("<label>Âge ", "<label>Âge</label><p>", "invalid HTML"),
        (' aria-label="Texte"', "", "a control without label: textarea"),
        ("Envoyer", " ", "a button without words"),
        ("<h1>", '<h1 style="color: red">', "inline"),
        ("<h1>", '<h1 onclick="x()">', "inline"),
        ("</form>", "</form><script>x()</script>", "inline script"),
        ("</head>", "<style>p{}</style></head>", "inline <style>"),
        ('src="/x.js"', 'src="//ailleurs.fr/x.js"', "asks another host"),
        ("</head>", '<link rel="stylesheet" href="https://ailleurs.fr/x.css"></head>', "asks another host"),
        ('<form method="post">', '<form method="post" action="https://ailleurs.fr/">', "asks another host"),
        ('name="csrf_token"', 'name="jeton"', "a form without its token"),
        ("Nom", "Nom &inconnu;", "invalid HTML"),
        ("Nom", "No\x02m", "invalid HTML"),
        ("Nom", "No\U0001fffem", "invalid HTML"),
        ('value="x"', 'value="&inconnu;"', "invalid HTML"),
        ('value="x"', 'value="x" value="y"', "invalid HTML"),
    ],
)
def test_a_fault_is_found(old: str, new: str, problem: str) -> None:
    assert old in GOOD
    check(GOOD)  # known to be valid: what differs from it is looked at all the same
    with pytest.raises(AssertionError, match=problem):
        check(GOOD.replace(old, new))


def test_the_preview_of_a_mail_alone_may_hold_styles() -> None:
    check(GOOD.replace("<h1>", '<h1 style="color: red">'), mail=True)


def test_what_a_page_shows_is_read_as_a_parsed_page_tells_it() -> None:
    page = GOOD.replace(
        "</body>",
        "<main><p>L&#39;été,<br>a &lt; b\n&amp; c<!-- rien --></p><script>x < 1</script><style>p{}</style>"
        "<template><p>caché</p></template><ul><li>un</li><li>deux</li></ul></main></body>",
    )
    main = BeautifulSoup(page, "html.parser").find("main")
    assert main is not None
    assert visible(page, "main").split() == main.get_text(" ").split()
    assert visible(page, "main") == "L'été, a < b & c un deux"
    assert visible(page, "h1") == "Titre"
