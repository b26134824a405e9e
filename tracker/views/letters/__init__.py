"""Letters: the archive and each letter in all its forms (`reading`, `files`), and those being written (`writing`)."""

from flask import Blueprint

bp = Blueprint("letters", __name__, url_prefix="/lettres")

from tracker.views.letters import drafts, files, reading, writing  # noqa: E402, F401 - they add their addresses to `bp`
