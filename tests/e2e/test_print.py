"""What is printed for a meeting holds on two sides of A4, whatever is in it."""

from __future__ import annotations

import contextlib
import io
import re
import sqlite3
from collections.abc import Callable

import pytest
from pypdf import PdfReader

from tests.e2e.inspector import Inspector
from tests.e2e.site import Site
from tests.e2e.written import NOW

Visit = Callable[..., Inspector]
LONG_TEXT = "Au dépôt, nous attendons souvent la clé du local et la journée commence sans nous. " * 30
A4 = (595, 842)  # points


def sides(seen: Inspector, path: str) -> list[str]:
    """The words of each side, as Chromium prints the page."""
    seen.open(path)
    seen.settle(folded=True)
    printed = PdfReader(io.BytesIO(seen.page.pdf(prefer_css_page_size=True))).pages
    assert {(round(side.mediabox.width), round(side.mediabox.height)) for side in printed} == {A4}
    return [re.sub(r"\s+", " ", side.extract_text()) for side in printed]


def rows(seen: Inspector) -> list[str]:
    return seen.page.locator(".settle-title .number").all_inner_texts()


@pytest.mark.parametrize("project", [NOW, "projet-2015-2020"])
@pytest.mark.parametrize("whole", ["", "&imprimer=1"])
def test_what_is_to_decide(visit: Visit, project: str, whole: str) -> None:
    seen = visit("copil")
    printed = sides(seen, f"/a-decider?projet={project}{whole}")
    assert len(printed) <= 2
    numbers = rows(seen)
    assert numbers
    for number in numbers:
        assert re.search(rf"n° ?{re.search(r'[0-9]+', number)[0]}\b", " ".join(printed)), f"{number} is not printed"  # type: ignore[index]


@pytest.mark.parametrize("path", [f"/tableau-de-bord?projet={NOW}", "/tableau-de-bord"])
def test_the_board(visit: Visit, path: str) -> None:
    printed = sides(visit("copil"), path)
    assert len(printed) == 2
    assert "Besoin d'attention" in printed[1]


def test_the_whole_list_of_the_demonstration_is_not_cut(visit: Visit) -> None:
    printed = " ".join(sides(visit("copil"), f"/a-decider?projet={NOW}&imprimer=1"))
    assert "suite :" not in printed


def test_long_texts_are_cut_and_say_where_they_go_on(site: Site, visit: Visit) -> None:
    """Last of this file: the texts are changed for good."""
    with contextlib.closing(sqlite3.connect(site.folder / "tracker.db")) as connection:
        connection.execute("UPDATE proposal SET body = ? WHERE state IN ('published', 'under_review')", (LONG_TEXT,))
        connection.execute("UPDATE review SET text = ?", (LONG_TEXT,))
        connection.commit()
    seen = visit("copil")
    printed = sides(seen, f"/a-decider?projet={NOW}&imprimer=1")
    assert len(printed) == 2
    for number in rows(seen):
        assert f"(suite : /propositions/{re.sub('[^0-9]', '', number)})" in " ".join(printed)
