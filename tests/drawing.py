"""PDF files in tests: each drawing of the tool starts a process and WeasyPrint in it, for a second."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import ImageFile

from tracker.exports import pdf

_from_html = pdf.from_html


@contextmanager
def handed_back() -> Iterator[None]:
    """Meanwhile a "PDF" is the page that would be drawn: what it says can be read, names that it may not show too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf, "from_html", lambda html, **_places: b"%PDF-1.7\n" + html.encode())
        yield


@contextmanager
def drawn() -> Iterator[None]:
    """Within the above: pages are drawn after all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf, "from_html", _from_html)
        yield


@contextmanager
def drawn_here() -> Iterator[None]:
    """Meanwhile pages are drawn as ever, but in this process, which starts WeasyPrint once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf, "subprocess", SimpleNamespace(run=_run, TimeoutExpired=subprocess.TimeoutExpired))
        yield


def _run(command: list[str], *, input: bytes, **_options: Any) -> subprocess.CompletedProcess[bytes]:
    """What `subprocess.run` answers for the process of `tracker.exports.pdf`."""
    _python, _alone, _file, static_url, static_folder = command
    with pytest.MonkeyPatch.context() as patch:
        # WeasyPrint, once imported, has Pillow accept pictures that are cut: nobody else in this process may
        patch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", ImageFile.LOAD_TRUNCATED_IMAGES)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(input)))
        patch.setattr(sys, "stdout", io.TextIOWrapper(made := io.BytesIO()))
        status = pdf._child(static_url, static_folder)
        return subprocess.CompletedProcess(command, status, made.getvalue(), b"")
