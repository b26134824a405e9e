"""Take the pictures of the README and of the user guide from a demonstration of its own, always that of the same day.

One day for all, so that a picture changes only when what it shows has changed.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from math import ceil, floor
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

ROOT = Path(__file__).resolve().parent.parent
README_PICTURES = ROOT / "docs" / "pictures"
GUIDE_PICTURES = ROOT / "tracker" / "static" / "guide"
DAY = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
PORT = 8765
PROJECT = "?projet=mieux-travailler-ensemble"  # the one where there is something to do
BASE = f"http://127.0.0.1:{PORT}"
PASSWORD = "projet-administration"  # noqa: S105 - demo accounts exist in demo mode alone
SECRET = "only for the pictures of the demonstration: 0123456789"  # noqa: S105 - of a server that ends with this script
REGISTER = (
    "Matricule;Nom;Prénom;Employeur;Direction;Site\n"
    "V2041;Benali;Karima;Ville;Voirie;Dépôt des Granges\n"
    "V2042;Lefèvre;Hugo;Ville;Voirie;Dépôt des Granges\n"
    "V2043;N'Guessan;Awa;Ville;Petite enfance;Crèche des Lilas\n"
)


class Shot(NamedTuple):
    """A whole window, for the README."""

    name: str
    login: str
    path: str | Callable[[Page], str]
    width: int
    height: int


class Detail(NamedTuple):
    """One part of a page, for the guide: what is at stake, and nothing else."""

    name: str
    login: str
    path: str | Callable[[Page], str]
    first: str  # from the top of this element…
    last: str = ""  # …to the bottom of that one
    width: int = 700  # of the window


def _first_link(page: Page, path: str, selector: str) -> str:
    page.goto(BASE + path)
    return page.locator(selector).first.get_attribute("href") or ""


def _submit(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.click(button)


def _my_action(page: Page) -> str:
    return _first_link(page, "/", "#mes-actions ~ ul a") + "/point"


def _in_moderation(page: Page) -> str:
    return _first_link(page, "/moderation", ".cards .card-title a")


def _under_study(page: Page) -> str:
    return _first_link(page, "/etudes?etape=studying", "tbody th a")


def _letter_draft(page: Page) -> str:
    """The draft of the quarter at hand, composed for the occasion."""
    page.goto(f"{BASE}/lettres{PROJECT}")
    _submit(page, "form.letter-build button[type=submit]")
    return page.url.removeprefix(BASE)


def _decision_preview(page: Page) -> str:
    page.goto(f"{BASE}/a-decider/publier{PROJECT}")
    for box in page.locator(".picks input").all()[1:]:
        box.uncheck()
    _submit(page, "main form button[type=submit]")
    return page.url.removeprefix(BASE)


def _register_preview(page: Page) -> str:
    page.goto(f"{BASE}/reglages/personnes/importer")
    page.set_input_files(
        "input[type=file]", {"name": "personnel.csv", "mimeType": "text/csv", "buffer": REGISTER.encode()}
    )
    _submit(page, "main form button[type=submit]")
    _submit(page, "main form button[type=submit]")
    return page.url.removeprefix(BASE)


SHOTS = (
    Shot("proposal", "agent", "/propositions/19", 1280, 900),
    Shot("board", "copil", "/tableau-de-bord?au=2018-06-30", 1280, 1240),
    Shot("statement-phone", "pilote", _my_action, 375, 740),
    Shot("letter", "agent", "/lettres/9", 1280, 900),
)
PHONE = 400  # those who are likely to read the guide on a phone see what a phone shows
DETAILS = (
    Detail("proposer", "agent", "/propositions/nouvelle", ".field:has(#body)", "fieldset.field", PHONE),
    Detail("soutenir", "agent", f"/propositions{PROJECT}", ".cards > li", ".cards > li:nth-child(2)", PHONE),
    Detail("parcours", "agent", "/propositions/19", "ol.parcours", "ol.parcours > li:nth-child(6) > div", PHONE),
    Detail("tour", "pilote", "/actions/mon-tour", ".round-row"),
    Detail("meteo", "pilote", _my_action, "fieldset:has(input[name=health])", width=PHONE),
    Detail("avis", "etude", _under_study, "#avis"),
    Detail("moderer", "moderation", _in_moderation, "[aria-labelledby=publier]", "[aria-labelledby=renvoyer]"),
    Detail("decider", "copil", f"/a-decider{PROJECT}", ".settle-item"),
    Detail("publier", "copil", _decision_preview, ".answers", "main form[method=post]"),
    Detail("passage", "redaction", _letter_draft, ".letter-block:has(.letter-block-side p)"),
    Detail("reglages", "admin", "/reglages", "main .list-unstyled"),
    Detail("importer", "admin", _register_preview, "main .definitions", "main table"),
    Detail("codes", "admin", "/reglages/codes", "main table thead", "main table tbody tr:nth-child(3)"),
)
AROUND, TALLEST = 8, 1100  # of a guide's picture: the space around, the height it may have


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nobody reads it."""


@contextmanager
def _demonstration(folder: str) -> Iterator[None]:
    """Loaded as of DAY, and served with its clock stopped there."""
    environ = {
        "TRACKER_MODE": "demo",
        "TRACKER_INSTANCE": folder,
        "TRACKER_SECRET_KEY": SECRET,
        "TRACKER_BASE_URL": BASE,
    }
    sys.path.insert(0, str(ROOT))
    import flask_migrate

    from tracker import create_app
    from tracker.extensions import prepare_migrations
    from tracker.services import demo

    app = create_app(environ=environ, config={"CLOCK": lambda: DAY})
    prepare_migrations(app, str(ROOT / "migrations"))
    with app.app_context():
        flask_migrate.upgrade()
        demo.load(now=DAY, say=lambda _line: None)
    server = make_server("127.0.0.1", PORT, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def _visit(browser: Browser, shot: Shot | Detail, width: int, height: int) -> Iterator[Page]:
    """The page of a picture, open and still."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, locale="fr-FR", timezone_id="Europe/Paris"
    )
    page = context.new_page()
    page.clock.set_fixed_time(DAY)
    page.goto(f"{BASE}/connexion")
    page.fill("input[name=login] >> nth=0", shot.login)
    page.fill("input[type=password] >> nth=0", PASSWORD)
    _submit(page, "main form button[type=submit] >> nth=0")
    path = shot.path if isinstance(shot.path, str) else shot.path(page)
    if not page.url.endswith(path):
        page.goto(BASE + path)
    page.wait_for_load_state("networkidle")
    yield page
    context.close()


def _window(browser: Browser, shot: Shot) -> None:
    with _visit(browser, shot, shot.width, shot.height) as page:
        page.screenshot(path=str(README_PICTURES / f"{shot.name}.png"))


def _edges(element: Locator) -> tuple[float, float, float, float]:
    box = element.bounding_box()
    if box is None:
        sys.exit(f"{element} is not shown")
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def _detail(browser: Browser, detail: Detail) -> tuple[int, int]:
    """Take it; answer its width and height."""
    with _visit(browser, detail, detail.width, 1200) as page:
        first = page.locator(detail.first).first
        left, top, right, bottom = _edges(first)
        if detail.last:
            others = _edges(page.locator(detail.last).first)
            left, right, bottom = min(left, others[0]), max(right, others[2]), others[3]
        left, top = max(0, floor(left) - AROUND), floor(top) - AROUND
        right, bottom = min(detail.width, ceil(right) + AROUND), min(ceil(bottom) + AROUND, top + TALLEST)
        clip = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        taken = page.screenshot(full_page=True, clip=clip)  # type: ignore[arg-type]
    with Image.open(io.BytesIO(taken)) as picture:
        picture.convert("RGB").save(GUIDE_PICTURES / f"{detail.name}.webp", quality=80, method=6)
        return picture.size


def main() -> None:
    wanted = re.compile(sys.argv[1] if len(sys.argv) > 1 else "")
    GUIDE_PICTURES.mkdir(parents=True, exist_ok=True)
    README_PICTURES.mkdir(parents=True, exist_ok=True)
    sizes_file = GUIDE_PICTURES / "sizes.json"
    sizes = json.loads(sizes_file.read_text("utf-8")) if sizes_file.exists() else {}
    with tempfile.TemporaryDirectory() as folder, _demonstration(folder), sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium-headless-shell", args=["--no-sandbox"])
        for detail in DETAILS:
            if wanted.search(detail.name):
                sizes[detail.name] = _detail(browser, detail)
        for shot in SHOTS:
            if wanted.search(shot.name):
                _window(browser, shot)
        browser.close()
    kept = {detail.name: sizes[detail.name] for detail in DETAILS if detail.name in sizes}
    sizes_file.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
