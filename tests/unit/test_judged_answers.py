"""What judges the answers to odd requests finds what was not escaped, and that alone."""

from __future__ import annotations

from html import escape
from types import SimpleNamespace

import pytest

from tests.torture.answers import Fault, judge_page
from tests.torture.odd_values import MARKUP

PAGE = "<main><h1>Titre</h1><p>{}</p><a href=\"{}\" title='{}'>ailleurs</a></main>"


def judge(*said: str) -> None:
    answer = SimpleNamespace(response=SimpleNamespace(mimetype="text/html"), text=PAGE.format(*said), status=200)
    judge_page(answer, "asked", method="GET", may_be_json=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("place", range(3))
def test_what_was_typed_and_is_not_escaped_is_a_fault(place: int) -> None:
    said = [escape(MARKUP)] * 3
    judge(*said)
    said[place] = MARKUP
    with pytest.raises(Fault, match="not escaped"):
        judge(*said)


@pytest.mark.parametrize(("place", "said"), [(1, escape(MARKUP, quote=False)), (2, MARKUP.replace("<", "&lt;"))])
def test_a_quote_that_ends_an_attribute_is_a_fault(place: int, said: str) -> None:
    texts = ["", "", ""]
    texts[place] = said
    with pytest.raises(Fault, match="not escaped"):
        judge(*texts)


def test_a_quote_in_a_text_or_at_the_end_of_an_address_is_none() -> None:
    judge(escape(MARKUP, quote=False), "/reglages/codes?q=0-x-fuzz", "x-fuzz")
