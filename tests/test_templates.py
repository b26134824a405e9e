"""Templates as texts: they compile, import what they use, keep to the CSP and to the words of the product."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from flask import Flask, get_template_attribute
from jinja2 import nodes

from tracker.config import ROOT
from tracker.progress import ProgressRule

TEMPLATES = Path(ROOT) / "tracker" / "templates"
NAMES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
# e-mails are read where no stylesheet comes along; `forms_of.MAIL_POLICY` is theirs alone
MAILS = {"letters/mail.html"}
# one template for several pages: their view says the heading
HEADED_BY_VIEW = {
    "actions/round.html": "actions/rounds.py",
    "errors/error.html": "errors.py",
    "meetings/edit.html": "meetings.py",
    "people/edit.html": "people.py",
}
# the user guide is in French whatever the language of the screens (tests/integration/test_guide.py)
GUIDE = "help/guide/"
PARTS = re.compile(r"(^|/)_|^components/|^frame/|^base\.html$")

# design, part 2, "Never on screen"; each with why it is no general word of ours
BANNED = {
    "anonyme", "anonymes", "approuvée", "arbitrage", "arbitrages", "baseline", "bulletin", "bulletins", "campagne",
    "campagnes", "collaborateur", "collaborateurs", "contradiction", "électorat", "entité", "entités", "fusionnée",
    "fusionner", "instructeur", "instruction", "newsletter", "programme", "programmes", "quorum", "réexamen",
    "scellé", "scellée", "scellés", "séance", "session", "sessions", "silencieuse", "soumettre", "soumise", "soumises",
    "utilisateur", "utilisateurs", "administrateur", "administrateurs",
}  # fmt: skip
# "fil", "phase", "catégorie", "motif", "administration", "pilote" have other, right uses: looked at one by one
ENGLISH = re.compile(
    r"\b(the|this|that|with|from|your|please|submit|save|delete|cancel|back|next|previous|search|login|password|"
    r"home|settings|loading|error|warning|click|here|more|less|show|hide|edit|update|create|add|remove|none|all)\b",
    re.IGNORECASE,
)


def source(name: str) -> str:
    return (TEMPLATES / name).read_text("utf-8")


def uncommented(name: str) -> str:
    return re.sub(r"\{#.*?#\}", "", source(name), flags=re.DOTALL)


def tree(app: Flask, name: str) -> nodes.Template:
    return app.jinja_env.parse(source(name), name)


def test_each_compiles(shared_app: Flask) -> None:
    for name in NAMES:
        shared_app.jinja_env.get_template(name)


def test_what_one_imports_is_used(shared_app: Flask) -> None:
    for name in NAMES:
        parsed = tree(shared_app, name)
        brought = {
            (one[1] if isinstance(one, tuple) else one)
            for found in parsed.find_all(nodes.FromImport)
            for one in found.names
        } | {found.target for found in parsed.find_all(nodes.Import)}
        used = {found.name for found in parsed.find_all(nodes.Name) if found.ctx == "load"}
        assert brought <= used, f"{name} imports for nothing {sorted(brought - used)}"


def test_none_trusts_anything_or_writes_anything_inline() -> None:
    forbidden = {"|safe": r"\|\s*safe\b", "autoescape": "autoescape false"}
    inline = {
        "<style>": r"<style\b", "style=": r"\sstyle\s*=", "on…=": r"<[a-z][^>]*\son[a-z]+\s*=",
        "inline <script>": r"<script\b(?![^>]*(?:src=|application/json))[^>]*>",
    }  # fmt: skip
    wrong = [
        f"{name}: {what}"
        for name in NAMES
        for what, pattern in (forbidden if name in MAILS else forbidden | inline).items()
        if re.search(pattern, uncommented(name))
    ]
    assert not wrong


def test_a_page_has_a_heading() -> None:
    for name in NAMES:
        text = uncommented(name)
        if PARTS.search(name):
            continue
        if name in HEADED_BY_VIEW:
            assert "heading" in (TEMPLATES.parent / "views" / HEADED_BY_VIEW[name]).read_text("utf-8"), name
            continue
        own = "<h1" in text and "<title" in text  # a page on its own: paper, mail, failure
        said = re.search(r"\{%-?\s*(set heading\b|block heading\b)", text) or 'extends "errors/' in text
        assert own or said, f"{name} has no heading"
        assert "{% extends" in text or "<!doctype html>" in text.lower(), name


def shown(text: str) -> str:
    """What a template writes by itself: without tags, expressions and statements."""
    for pattern in (
        r"\{#.*?#\}",
        r"\{%.*?%\}",
        r"\{\{.*?\}\}",
        r"<(script|style|svg|code|pre)\b.*?</\1>",
        r"<!--.*?-->",
    ):
        text = re.sub(pattern, " ", text, flags=re.DOTALL)
    spoken = " ".join(re.findall(r'(?:aria-label|alt|title|placeholder)="([^"]*)"', text))
    return re.sub(r"<[^>]*>", " ", text) + " " + spoken


def test_every_word_goes_through_the_catalogue() -> None:
    """Bare words in a template are a text that no catalogue translates."""
    for name in NAMES:
        if not name.startswith(GUIDE):
            bare = re.findall(r"[A-Za-zÀ-ÿ]{3,}", re.sub(r"&[a-z]+;|https?://\S+", " ", shown(source(name))))
            assert not bare, f"{name}: {bare[:8]}: write it with _()"


def messages() -> Iterator[tuple[str, str]]:
    """Every sentence for people: arguments of gettext in templates and code, labels of the closed lists, the guide."""
    call = re.compile(r"\b(?:_|gettext|ngettext)\(\s*((?:\"(?:[^\"\\]|\\.)*\"\s*,?\s*)+|'(?:[^'\\]|\\.)*')", re.DOTALL)
    for name in NAMES:
        for found in call.findall(uncommented(name)):
            yield name, found
        if name.startswith(GUIDE):
            yield from ((name, line) for line in shown(source(name)).splitlines())
    for path in sorted((Path(ROOT) / "tracker").rglob("*.py")):
        where = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in {
                "_", "gettext", "ngettext", "lazy_gettext", "_l",
            }:  # fmt: skip
                for argument in node.args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield where, argument.value
            elif where == "tracker/enums.py" and isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
                for part in node.value.elts[1:2]:
                    if isinstance(part, ast.Constant):
                        yield where, str(part.value)


def test_words_never_on_screen() -> None:
    word = re.compile(r"[A-Za-zÀ-ÿ]+")
    said = [
        (where, text[:80])
        for where, text in messages()
        if {one.lower() for one in word.findall(re.sub(r"%\(\w+\)s", " ", text))} & BANNED
    ]
    assert not said, said


def test_no_english_on_french_screens() -> None:
    # names of a mapping file, of a command and its options
    quoted = re.compile(r"flask( [a-z-]+)+|--[a-z-]+|%\(\w+\)[sd]|«[^»]*»|\[\w+\]")
    said = [(where, text[:80]) for where, text in messages() if ENGLISH.search(quoted.sub(" ", text))]
    assert not said, said


def test_there_are_messages() -> None:
    assert len(list(messages())) > 500


def test_each_rule_of_a_progress_is_said_in_words(shared_app: Flask) -> None:
    with shared_app.test_request_context():
        bar = get_template_attribute("components/status.html", "progress_bar")
        told = {rule: str(bar(40.0, rule)) for rule in get_args(ProgressRule)}
    assert not [rule for rule, words in told.items() if rule in words]
