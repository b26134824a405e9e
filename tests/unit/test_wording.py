"""A town's own words in the sentences of the product: elisions, capitals, plurals, and nothing else touched."""

from __future__ import annotations

import pytest

from tracker.wording import NONE, PLAIN, TERMS, labels_of, reworded


def said(text: str, key: str, one: str, many: str) -> str:
    return reworded(text, labels_of({key: [one, many]}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Groupes de travail", "Ateliers"),
        ("Aucun groupe ne répond", "Aucun atelier ne répond"),
        ("Le groupe de travail, ce groupe et la page du groupe", "L'atelier, cet atelier et la page de l'atelier"),
        ("une réunion de groupe", "une réunion d'atelier"),
        ("Votre proposition est regroupée", "Votre proposition est regroupée"),
        ("Choisissez le groupe qui se réunit.", "Choisissez l'atelier qui se réunit."),
        ("%(groupe)s de %(num)s groupes", "%(groupe)s de %(num)s ateliers"),
    ],
)
def test_a_word_that_begins_with_a_vowel(text: str, expected: str) -> None:
    assert said(text, "group", "atelier", "ateliers") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("réservées au comité et à l'animateur·rice", "réservées au comité et au ou à la référent·e"),
        ("L'animateur·rice du groupe", "Le ou la référent·e du groupe"),
        ("Animateur·rice", "Référent·e"),
        ("le nom d'animateur·rice", "le nom de référent·e"),
    ],
)
def test_a_word_that_begins_with_a_consonant(text: str, expected: str) -> None:
    assert said(text, "lead", "référent·e", "référent·es") == expected


def test_a_feminine_word_keeps_its_gender() -> None:
    assert said("La proposition, ma proposition, 3 propositions", "proposal", "idée", "idées") == (
        "L'idée, mon idée, 3 idées"
    )


def test_without_labels_every_sentence_stays() -> None:
    assert reworded("Le groupe de travail", NONE) == "Le groupe de travail"
    assert labels_of(None) == NONE
    assert labels_of({"unknown": ["a", "b"], "group": "broken"}) == NONE


@pytest.mark.parametrize("word", ["100 %", "%(name)s", "<b>", "a  b", "", "-a", "{x}"])
def test_what_is_no_word_is_no_label(word: str) -> None:
    assert not PLAIN.fullmatch(word)


def test_the_terms_are_words_themselves() -> None:
    assert all(PLAIN.fullmatch(word) for term in TERMS for word in (term.one, term.many))
