"""Full-text search: accents, ligatures and signs never stand between people and what they seek."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import factories
from tests.effort import cases
from tracker import search
from tracker.enums import ProposalState
from tracker.extensions import db, end_transaction

TEXTS = {
    1: ("Ouvrir le télétravail deux jours", "Pour les postes qui s'y prêtent, la ville s'engage à prêter le matériel."),
    2: ("Un chœur des agents", "Chanter de bon cœur avec l'Agglo : le CIAS, l'école et la voirie."),
    3: ("Simplifier les bons de commande", "Les circuits de signature passent par trop de bureaux."),
    4: ("ÉCOUTER LES ÉQUIPES", "Une réunion_d'équipe par mois, 100 % utile. C++ n'y est pour rien."),
}


@pytest.fixture
def seek(app: Any, writing: Any) -> Any:
    with writing():
        for key, (title, body) in TEXTS.items():
            search.index_proposal(key, title=title, body=body)

    def found(query: str) -> set[int]:
        chosen = search.matching_proposals(query)
        return set() if chosen is None else set(db.session.scalars(chosen))

    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("teletravail", {1}), ("Télétravail", {1}), ("TÉLÉTRAVAIL", {1}), ("te\u0301le\u0301travail", {1}),
        ("télé", {1}),
        ("coeur", {2}), ("cœur", {2}), ("CŒUR", {2}), ("choeur", {2}), ("s'engage", {1}), ("s’engage", {1}),
        ("l'agglo", {2}),
        ("l'école", {2}), ("ecole", {2}), ("bureau", {3}), ("bureaux", {3}), ("signatures", {3}), ("bon commande", {3}),
        ("équipe", {4}), ("ecouter", {4}), ("réunion équipe", {4}), ("100 %", {4}), ("c++", {4}),
        ("télétravail voirie", set()), ("licorne", set()),
    ],
)  # fmt: skip
def test_words_are_found_whatever_their_accents_case_and_ending(seek: Any, query: str, expected: set[int]) -> None:
    if query == "c++":
        assert expected <= seek(query), "one letter: what begins with it"
    else:
        assert seek(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        '"', '""', "télétravail AND NOT ville", "title:télétravail", "NEAR(ville prêt)", "télé*", "^télé", "(", ")",
        "a OR",
        "{title}: x", "-ville", "+ville", "ville;", "'; DROP TABLE proposal_search --", "\\", "%", "_", "\x00", "?",
        ":id",
        "NOT", "AND", "OR", "\ud7ff", "👩‍🚒", "½", "ﬁ", "ª", "١٢", "x" * 5000, "mot " * 500, "s'", "'", "…", "rowid:1",
    ],
)  # fmt: skip
def test_signs_and_operators_are_never_syntax(seek: Any, query: str) -> None:
    seek(query)


def test_operators_are_words_like_others(seek: Any) -> None:
    assert seek("télétravail NOT ville") == set(), "no text has the word « not »"
    assert seek("title:télétravail") == set()
    assert seek("télétravail*") == {1}


@pytest.mark.parametrize("query", ["", "   ", '"', "…", "👩‍🚒", "\x00"])
def test_nothing_to_seek_is_no_filter(app: Any, query: str) -> None:
    assert search.matching_proposals(query) is None


@cases(60, 2000)
@given(st.text(max_size=60))
def test_any_text_gets_an_answer(seek: Any, query: str) -> None:
    seek(query)


@cases(40, 1000)
@given(st.text(st.characters(categories=["Lu", "Ll"], max_codepoint=0x24F), min_size=2, max_size=20))
def test_a_word_of_letters_finds_the_text_that_has_it(seek: Any, word: str) -> None:
    from tracker.extensions import begin_write

    begin_write()
    search.index_proposal(99, title=f"avant {word} après", body="")
    try:
        assert 99 in seek(word)
    finally:
        end_transaction(commit=False)


def test_a_text_that_changes_or_goes_is_found_no_more(seek: Any, writing: Any) -> None:
    with writing():
        search.index_proposal(1, title="Autre chose", body="")
        search.remove_proposal(2)
    assert seek("télétravail") == set()
    assert seek("autre") == {1}
    assert seek("cœur") == set()


def test_only_published_texts_are_in_the_index(app: Any, writing: Any) -> None:
    with writing():
        project = factories.programme()
        for state in (ProposalState.DRAFT, ProposalState.SUBMITTED):
            factories.proposal(project, state=state, title="Brouillon licorne")
        shown = factories.proposal(project, title="Publiée licorne").id
    chosen = search.matching_proposals("licorne")
    assert chosen is not None
    assert set(db.session.scalars(chosen)) == {shown}
