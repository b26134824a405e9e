"""One zip from files: each with its sum, told twice, for people and for `sha256sum -c`."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from tracker.records import PARIS

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a manifest says besides the files."""

    project: str
    title: str
    closed_on: str | None
    as_of: str
    made_at: datetime
    schema: str  # the version of the tool's data
    pseudonyms: bool


def pack(files: Iterable[tuple[str, bytes]], target: IO[bytes], *, stamp: Stamp) -> int:
    """Write the zip as the files come; how many there are, those two included."""
    listed: list[dict[str, Any]] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:

        def put(name: str, data: bytes) -> str:
            entry = zipfile.ZipInfo(name, date_time=stamp.made_at.astimezone(PARIS).timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
            return hashlib.sha256(data).hexdigest()

        for name, data in files:
            listed.append({"name": name, "size": len(data), "sha256": put(name, data)})
        sums = [(one["sha256"], one["name"]) for one in listed]
        sums.append((put(MANIFEST, _manifest(stamp, listed)), MANIFEST))
        put(SUMS, "".join(f"{digest}  {name}\n" for digest, name in sums).encode())
    return len(sums) + 1


def _manifest(stamp: Stamp, listed: list[dict[str, Any]]) -> bytes:
    said = {
        "project": stamp.project,
        "title": stamp.title,
        "closed_on": stamp.closed_on,
        "as_of": stamp.as_of,
        "made_at": stamp.made_at.isoformat(),
        "schema": stamp.schema,
        "names": "pseudonyms" if stamp.pseudonyms else "displayed",
        "files": listed,
    }
    return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()
