"""Take the pictures of the README from a demonstration of its own, loaded and served for the occasion."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
PORT = 8765
BASE = f"http://127.0.0.1:{PORT}"
PASSWORD = "projet-administration"  # noqa: S105 - demo accounts exist in demo mode alone
SHOTS = (
    ("proposal", "/propositions/19", "agent", 1280, 900),
    ("board", "/tableau-de-bord?au=2018-06-30", "copil", 1280, 900),
    ("statement-phone", "@statement", "pilote", 375, 740),
    ("letter", "/lettres/9", "agent", 1280, 900),
)


def _environment(folder: str) -> dict[str, str]:
    return {**os.environ, "TRACKER_MODE": "demo", "TRACKER_INSTANCE": folder, "PORT": str(PORT)}


def _wait() -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{BASE}/healthz", timeout=1).close()  # noqa: S310 - our own address
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
        else:
            return
    sys.exit("the demonstration did not start")


def _shoot(page: Page, name: str, path: str, login: str) -> None:
    page.goto(f"{BASE}/connexion")
    page.fill("input[name=login] >> nth=0", login)
    page.fill("input[type=password] >> nth=0", PASSWORD)
    page.click("main form button[type=submit] >> nth=0")
    if path == "@statement":
        page.goto(f"{BASE}/")
        path = (page.locator("#mes-actions ~ ul a").first.get_attribute("href") or "") + "/point"
    page.goto(BASE + path)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=str(PICTURES / f"{name}.png"))


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    bin_folder = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment(folder)
        for command in (("db", "upgrade"), ("demo", "load")):
            subprocess.run([bin_folder / "flask", "--app", "wsgi", *command], cwd=ROOT, env=environment, check=True)  # noqa: S603
        server = subprocess.Popen(  # noqa: S603
            [bin_folder / "gunicorn", "--config", "gunicorn.conf.py", "wsgi:app"], cwd=ROOT, env=environment
        )
        try:
            _wait()
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
                for name, path, login, width, height in SHOTS:
                    page = browser.new_page(viewport={"width": width, "height": height}, locale="fr-FR")
                    _shoot(page, name, path, login)
                    page.close()
                browser.close()
        finally:
            server.terminate()
            server.wait(timeout=20)


if __name__ == "__main__":
    main()
