"""The PDF of letters: one sheet, both sides, readable by assistive tools, asking nothing from anywhere."""

from __future__ import annotations

import io
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader

from tests import drawing
from tests.integration.letter_scene import QUARTER
from tests.world import World, demonstration
from tracker.exports import pdf
from tracker.extensions import db
from tracker.models import Authorship
from tracker.views.letters import files

A4 = (595, 842)
# the fullest quarter, an ordinary one, one with corrections, the emptiest
LETTERS = (1, 5, 15, 18)


# names asked not to be shown that stand nowhere in the open
SEALED = """
SELECT DISTINCT u.first_name || ' ' || u.last_name AS shown FROM authorship a JOIN "user" u ON u.id = a.user_id
WHERE a.sealed AND u.first_name || ' ' || u.last_name NOT IN (
  SELECT v.first_name || ' ' || v.last_name FROM "user" v WHERE v.id IN (
  SELECT user_id FROM authorship WHERE NOT sealed AND user_id IS NOT NULL))
"""


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    files._files.clear()
    yield
    files._files.clear()


def read(data: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(data))


def words(reader: PdfReader) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages))


def links(reader: PdfReader) -> set[str]:
    found = (note.get_object() for page in reader.pages for note in page.get("/Annots", ()))
    return {str(one["/A"]["/URI"]) for one in found if "/URI" in one.get("/A", {})}


@pytest.fixture(scope="module")
def world(demo_app: Flask) -> Iterator[World]:
    with demonstration(demo_app) as made, drawing.drawn():
        yield made


@pytest.mark.demo
@pytest.mark.parametrize("number", LETTERS)
def test_a_letter_of_the_demonstration_is_one_tagged_sheet(world: World, number: int) -> None:
    with nullcontext() if number == LETTERS[0] else drawing.drawn_here():
        response = world.clients["agent"].http.get(f"/lettres/{number}.pdf")
    assert response.status_code == 200
    assert response.mimetype == "application/pdf"
    reader = read(response.data)
    sizes = [(round(page.mediabox.width), round(page.mediabox.height)) for page in reader.pages]
    assert sizes == [A4, A4]
    root = reader.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "fr"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert {"/H1", "/H2", "/Table", "/TH", "/Figure", "/Link"} <= tags(root["/StructTreeRoot"])
    assert reader.metadata is not None
    assert f"n° {number}" in str(reader.metadata.title)
    assert f"http://127.0.0.1:8000/lettres/{number}" in links(reader)
    said = words(reader)
    (frozen,) = world.one(
        "SELECT f.content FROM letter l JOIN frozen f ON f.id = l.frozen_id WHERE l.number = :number", number=number
    )
    sealed = world.rows(SEALED)
    total = json.loads(frozen)["counters"]["closing"]["actions"]
    assert f"sur {total}" in said
    assert "trimestre" in said
    assert len(sealed) > 20
    assert not [name for (name,) in sealed if name in said]


def tags(node: Any) -> set[str]:
    """The kinds of the structure under a node."""
    node = node.get_object()
    if isinstance(node, list):
        return set().union(*map(tags, node))
    if not hasattr(node, "get"):
        return set()
    found = {str(node["/S"])} if "/S" in node else set()
    return found | tags(node["/K"]) if "/K" in node else found


def test_a_name_sealed_or_withdrawn_since_is_in_no_pdf(published, client, writing, drawn_here) -> None:
    client.login(published.agent)
    first = words(read(client.get("/lettres/1.pdf").response.data))
    assert "Odile Martin" in first
    assert published.sealed.last_name not in first
    assert len(files._files) == 1
    with writing():
        for row in db.session.query(Authorship).filter_by(user_id=published.author.id):
            row.sealed, row.thanks_consent = True, False
    again = words(read(client.get("/lettres/1.pdf").response.data))
    assert "Odile Martin" not in again
    assert "Martin" not in again


def test_a_pdf_is_made_once_for_its_readers(published, client, monkeypatch) -> None:
    made: list[str] = []

    def counted(html: str, **places: str) -> bytes:
        made.append(html)
        return b"%PDF-1.7 stub of this test"

    monkeypatch.setattr(pdf, "from_html", counted)
    client.login(published.agent)
    answer = client.get("/lettres/1.pdf")
    assert answer.response.headers["Content-Disposition"] == 'inline; filename="lettre-1.pdf"'
    assert "private" in answer.response.headers["Cache-Control"]
    client.login(published.reader).get("/lettres/1.pdf")
    assert len(made) == 1
    unchanged = client.get("/lettres/1.pdf", expected=304, headers={"If-None-Match": _tag(client)})
    assert not unchanged.response.data


def _tag(client) -> str:
    return str(client.get("/lettres/1.pdf").response.headers["ETag"])


def test_the_pdf_is_for_those_who_may_read_the_letter(published, client) -> None:
    assert "/connexion?suite=" in client.get("/lettres/1.pdf", expected=302).location
    assert "/connexion?suite=" in client.get("/lettres/9.pdf", expected=302).location
    client.login(published.agent).get("/lettres/9.pdf", expected=404)


def test_a_draft_has_no_number_and_its_proof_is_for_its_readers(drafted, client, drawn_here) -> None:
    client.login(drafted.editor).get("/lettres/1.pdf", expected=404)
    reader = read(client.get(f"/lettres/brouillons/{QUARTER}/pdf").response.data)
    assert len(reader.pages) == 2
    assert "Épreuve à relire" in words(reader)
    assert len(files._files) == 0
    client.login(drafted.agent).get(f"/lettres/brouillons/{QUARTER}/pdf", expected=403)


def test_a_machine_that_cannot_make_it_says_so(published, client, monkeypatch) -> None:
    for missing, sentence in ((True, "il lui manque un composant"), (False, "n'a pas pu être fabriqué")):

        def failing(html: str, *, missing: bool = missing, **places: str) -> bytes:
            raise pdf.PdfFailed("no", missing=missing)

        monkeypatch.setattr(pdf, "from_html", failing)
        page = client.login(published.agent).get("/lettres/1.pdf", expected=503)
        assert sentence in page
        assert "Rien n'a été enregistré" not in page


@pytest.mark.parametrize(
    ("ending", "missing"), [((3, b"", b"no pango"), True), ((1, b"", b"broken"), False), ((0, b"text", b""), False)]
)
def test_what_the_other_process_answers(monkeypatch, ending: tuple[int, bytes, bytes], missing: bool) -> None:
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, *ending))
    with pytest.raises(pdf.PdfFailed) as raised:
        pdf.from_html("<p>x</p>", static_url="/static/", static_folder="/nowhere")
    assert raised.value.missing is missing


def test_one_that_never_ends_is_stopped_and_leaves_its_place(monkeypatch) -> None:
    def slow(command: list[str], **_: Any) -> None:
        raise subprocess.TimeoutExpired(command, 30)

    monkeypatch.setattr(subprocess, "run", slow)
    for _ in range(2):
        with pytest.raises(pdf.PdfFailed, match="TimeoutExpired"):
            pdf.from_html("<p>x</p>", static_url="/static/", static_folder="/nowhere")


def test_only_our_own_files_are_read(app: Flask, tmp_path: Path) -> None:
    folder = str(app.static_folder)
    page = pdf.BASE + "/static/css/letter-print.css?v=1"
    assert pdf.static_file(page, static_url="/static/", static_folder=folder).name == "letter-print.css"
    for url in (
        "https://exemple.fr/x.css", "file:///etc/passwd", "data:text/css,p{}", pdf.BASE + "/static/../__init__.py",
        pdf.BASE + "/static/%2e%2e/__init__.py", pdf.BASE + "/static/", pdf.BASE + "/autre/css/letter-print.css",
        pdf.BASE + ".exemple.fr/static/css/letter-print.css", pdf.BASE + "/static/none.css",
    ):  # fmt: skip
        with pytest.raises(ValueError, match="not a file of ours"):
            pdf.static_file(url, static_url="/static/", static_folder=folder)


def test_a_page_that_points_elsewhere_is_made_without_it(app: Flask, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("never to be read")
    page = (
        '<!doctype html><html lang="fr"><title>T</title><h1>Bonjour</h1>'
        f'<link rel="stylesheet" href="http://127.0.0.1:9/x.css"><img alt="x" src="{secret.as_uri()}">'
        f'<link rel="attachment" href="{secret.as_uri()}">'
    )
    made = pdf.from_html(page, static_url="/static/", static_folder=str(app.static_folder))
    assert b"never to be read" not in made
    reader = read(made)
    assert "Bonjour" in words(reader)
    assert not reader.attachments
