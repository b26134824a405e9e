"""The catalogue: every sentence of the source has its English, with the same placeholders, and it is compiled."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from scripts import messages

TRACKER = Path(__file__).resolve().parents[2] / "tracker"


@pytest.fixture(scope="module")
def source() -> messages.Catalog:
    return messages.extracted()


@pytest.fixture(scope="module")
def words() -> messages.Catalog:
    return messages.written()


def test_every_message_of_the_source_has_its_english(source: messages.Catalog, words: messages.Catalog) -> None:
    missing = list(messages.untranslated(source, words))
    assert len(list(source)) > 2000, "messages are not found any more"
    assert not missing, f"run `make messages`, then write the English of {len(missing)}: {missing[:5]}"


def test_the_catalogue_holds_no_message_that_is_gone(source: messages.Catalog, words: messages.Catalog) -> None:
    gone = [message.id for message in words if message.id and source.get(message.id, message.context) is None]
    assert not gone, f"run `make messages`: {gone[:5]}"


def test_english_has_the_placeholders_of_the_french(words: messages.Catalog) -> None:
    assert not list(messages.misplaced(words))


def test_what_is_compiled_is_what_is_written(words: messages.Catalog) -> None:
    assert messages.COMPILED.read_bytes() == messages.compiled(words), "run `make messages`"


def test_no_message_hides_where_the_extraction_does_not_look() -> None:
    """Inside an f-string, or under a name: `gettext(sentence)` is looked up, and nobody knows that it must be."""
    inside = []
    for path in sorted(messages.SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                inside += [
                    f"{path.name}:{part.lineno}"
                    for part in ast.walk(node)
                    if isinstance(part, ast.Call)
                    and isinstance(part.func, ast.Name)
                    and part.func.id in messages.KEYWORDS
                    and part.args
                    and isinstance(part.args[0], ast.Constant)
                ]
    assert not inside, f"take the message out of the f-string: {inside}"


def test_a_message_that_counts_is_never_asked_for_without_its_number(source: messages.Catalog) -> None:
    """Python's gettext finds its English or not, according to the version."""
    counting = {message.id[0] for message in source if isinstance(message.id, tuple)}
    alone = re.compile(r"""(?:(?<![\w.])_|(?<![np])gettext)\(\s*(["'])(.*?)\1""")
    files = [*TRACKER.rglob("*.py"), *TRACKER.rglob("*.html"), *TRACKER.rglob("*.txt")]
    asked = {found[1] for file in files for found in alone.findall(file.read_text("utf-8"))}
    assert len(counting) > 50
    assert len(asked) > 1000
    assert not counting & asked


def test_a_message_without_english_is_told() -> None:
    source, words = messages.Catalog(locale="en"), messages.Catalog(locale="en")
    for text in ("neuve", "vide", "devinée", "dite"):
        source.add(text)
    source.add(("%(n)s idée", "%(n)s idées"))
    words.add("vide", "")
    words.add("devinée", "guessed", flags=["fuzzy"])
    words.add("dite", "said")
    words.add(("%(n)s idée", "%(n)s idées"), ("%(n)s idea", ""))
    assert list(messages.untranslated(source, words)) == ["neuve", "vide", "devinée", "%(n)s idée"]


@pytest.mark.parametrize(
    ("french", "english", "right"),
    [
        ("le %(day)s", "on %(day)s", True),
        ("le %(day)s", "on the day", False),
        ("le %(day)s", "on %(date)s", False),
        (("%(n)s nom", "%(n)s noms"), ("one name", "%(n)s names"), True),
        (("%(n)s nom", "%(n)s noms"), ("%(n)s name", "names"), False),
    ],
)
def test_placeholders_are_compared(french: str | tuple[str, str], english: str | tuple[str, str], right: bool) -> None:
    words = messages.Catalog(locale="en")
    words.add(french, english)
    assert (not list(messages.misplaced(words))) == right
