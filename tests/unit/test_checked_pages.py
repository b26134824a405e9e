"""The checks that the client makes on every page do find what they look for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.client import check_page

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
    ],
)
def test_a_fault_is_found(old: str, new: str, problem: str) -> None:
    assert old in GOOD
    with pytest.raises(AssertionError, match=problem):
        check(GOOD.replace(old, new))


def test_the_preview_of_a_mail_alone_may_hold_styles() -> None:
    check(GOOD.replace("<h1>", '<h1 style="color: red">'), mail=True)
