"""A page of ours as a PDF that assistive tools can read (PDF/UA), made by WeasyPrint in a process of its own.

WeasyPrint takes some 80 MB and a second to start: it never enters a web process. This file run by its path is that
other process: HTML comes in, PDF goes out, and nothing is fetched but files of the folder it is given.
"""

from __future__ import annotations

import mimetypes
import subprocess
import sys
from pathlib import Path
from threading import BoundedSemaphore
from urllib.parse import unquote, urlsplit

BASE = "http://page.invalid"  # what addresses of the page without a host are relative to; it answers nobody
SECONDS = 30  # for one document; and for its turn
MISSING = 3  # exit status: WeasyPrint or a library of the system is not there
MOST = 5_000_000  # characters of HTML
_turn = BoundedSemaphore(1)  # of each web process


class PdfFailed(Exception):
    """No PDF this time; `missing` when the machine lacks what makes it, so that trying again is no use."""

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing


def from_html(html: str, *, static_url: str, static_folder: str) -> bytes:
    """The PDF of a page whose files all stand under `static_url`. Raises PdfFailed."""
    if len(html) > MOST:
        raise PdfFailed("too long")
    if not _turn.acquire(timeout=SECONDS):
        raise PdfFailed("others are being made")
    try:
        made = subprocess.run(  # noqa: S603 - this file, by this interpreter
            [sys.executable, "-I", __file__, static_url, static_folder],
            input=html.encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise PdfFailed(type(error).__name__) from error
    finally:
        _turn.release()
    if made.returncode or not made.stdout.startswith(b"%PDF-"):
        last = made.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise PdfFailed(f"status {made.returncode}: {''.join(last)[:300]}", missing=made.returncode == MISSING)
    return made.stdout


def static_file(url: str, *, static_url: str, static_folder: str) -> Path:
    """The file of ours that an address of the page names. Raises ValueError for anything else."""
    parts = urlsplit(url)
    folder = Path(static_folder).resolve()
    if not url.startswith(f"{BASE}{static_url}"):
        raise ValueError("not a file of ours")
    path = (folder / unquote(parts.path)[len(static_url) :]).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        raise ValueError("not a file of ours")
    return path


def _child(static_url: str, static_folder: str) -> int:
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher, URLFetcherResponse
    except (ImportError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return MISSING

    class OwnFiles(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
            path = static_file(url, static_url=static_url, static_folder=static_folder)
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": kind})

    page = sys.stdin.buffer.read().decode()
    made = HTML(string=page, base_url=f"{BASE}/", url_fetcher=OwnFiles()).write_pdf(pdf_variant="pdf/ua-1")
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(_child(*sys.argv[1:3]))
