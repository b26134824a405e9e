"""Files that hold a copy, and what both databases do to it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from flask_babel import gettext

from tracker.errors import Refused

REVISION_STEP = 1_000_000  # more writes than are ever made between a copy and its restoration


def make_private(path: Path) -> None:
    """An empty file that only its owner reads, from its first instant on. Raises Refused."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise Refused(gettext("%(path)s existe déjà : choisissez un autre nom.", path=path)) from error
    except OSError as error:
        raise Refused(gettext("%(path)s ne peut pas être écrit.", path=path)) from error


def require(path: Path) -> None:
    if not path.is_file():
        raise Refused(gettext("%(path)s n'existe pas.", path=path))


def unreadable(path: Path) -> Refused:
    return Refused(gettext("%(path)s n'est pas une sauvegarde lisible.", path=path))


def step() -> int:
    """By how much a restoration raises every revision."""
    return REVISION_STEP + secrets.randbelow(REVISION_STEP)
