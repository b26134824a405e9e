"""The archive of a project: pages that open by themselves, tables, sums; nothing that only some may read."""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import re
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from time import monotonic
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.client import check_page
from tests.conftest import NOON
from tracker.extensions import db, end_transaction
from tracker.models import ActionUpdate, Matricule, Programme, User, Vote
from tracker.queries import projects
from tracker.queries.closing import closing_of
from tracker.services import archive

pytestmark = pytest.mark.demo
SECONDS, BYTES = 30, 4_000_000  # of the demonstration's 2015–2020 project: some 3 s and 1.4 MB
FIRST = "projet-2015-2020"


def made(app: Flask, *, pseudonyms: bool) -> dict[str, bytes]:
    project = projects.frame().by_slug(FIRST)
    assert project is not None
    target = io.BytesIO()
    archive.write(project, target, pseudonyms=pseudonyms, now=NOON)
    end_transaction(commit=False)
    assert len(target.getvalue()) < BYTES
    with zipfile.ZipFile(target) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


@pytest.fixture(scope="module")
def both(demo_app: Flask) -> Iterator[dict[bool, dict[str, bytes]]]:
    """The archive with the names, and without."""
    with demo_app.app_context():
        began = monotonic()
        found = {wanted: made(demo_app, pseudonyms=wanted) for wanted in (False, True)}
        assert monotonic() - began < 2 * SECONDS
        yield found
        db.session.remove()


def pages(files: dict[str, bytes]) -> dict[str, str]:
    return {name: data.decode() for name, data in files.items() if name.endswith(".html")}


LINK = re.compile(r'<(\w+)[^<>]*? href="([^"]*)"[^<>]*>')


def test_every_page_is_valid_and_every_link_stays_inside(both: dict[bool, dict[str, bytes]]) -> None:
    files = both[False]
    seen: set[str] = set()
    for name, page in pages(files).items():
        shape = re.sub(r"[^/]+\.html", "", name)
        if shape not in seen or name in {"index.html", "chiffres.html"}:  # a few of each kind: parsing is slow
            seen.add(shape) if name != f"{shape}index.html" else None
            check_page(SimpleNamespace(text=page))  # type: ignore[arg-type]
        assert not re.search("<(script|iframe|img)", page), name  # not parsed: there are hundreds
        links = LINK.findall(page)
        assert len(links) == len(re.findall(r"\bhref\b", page)), f"{name} has a link written otherwise"
        for tag, address in links:
            if re.match("https:|mailto:|#", address):
                assert tag == "a", f"{name} asks for {address}"
                continue
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), address.partition("#")[0]))
            assert target in files, f"{name} leads to {address}"
    assert {"propositions/", "actions/", "groupes/", "reunions/", "lettres/"} <= seen


def test_the_sums_verify_and_the_manifest_lists_everything(both: dict[bool, dict[str, bytes]]) -> None:
    for pseudonyms, files in both.items():
        sums = dict(reversed(line.split("  ", 1)) for line in files["SHA256SUMS"].decode().splitlines())
        assert set(sums) == set(files) - {"SHA256SUMS"}
        assert all(hashlib.sha256(files[name]).hexdigest() == digest for name, digest in sums.items())
        manifest = json.loads(files["manifest.json"])
        listed = {one["name"]: (one["size"], one["sha256"]) for one in manifest["files"]}
        assert listed == {n: (len(files[n]), sums[n]) for n in set(sums) - {"manifest.json"}}
        assert manifest["names"] == ("pseudonyms" if pseudonyms else "displayed")


def test_a_frozen_letter_is_there_with_its_hash(both: dict[bool, dict[str, bytes]]) -> None:
    names = [name for name in both[False] if re.fullmatch(r"lettres/\d+\.json", name)]
    assert len(names) > 10
    for name in names:
        digest = hashlib.sha256(both[False][name]).hexdigest()
        assert digest in both[False][name.replace(".json", ".html")].decode()


def test_nothing_that_only_some_may_read_enters(demo: Flask, both: dict[bool, dict[str, bytes]]) -> None:
    everything = "\n".join(data.decode() for files in both.values() for data in files.values())
    assert factories.SEALED_NAMES
    assert not [name for name in factories.SEALED_NAMES if name in everything]
    people = db.session.execute(select(User.login, User.email)).all()
    words = set(re.findall(r"[\w.@-]+", everything))
    emails = {row[1] for row in people if row[1]}
    assert emails
    assert not emails & words
    assert not {row[0] for row in people if "." in row[0]} & words
    assert not {n for n in db.session.scalars(select(Matricule.number)) if len(n) > 4} & words
    tags = set(db.session.scalars(select(Vote.tag).limit(2000)))
    assert tags
    assert not tags & words
    notes = [n for n in db.session.scalars(select(ActionUpdate.private_note)) if len(n) > 20]
    assert notes
    assert not [note for note in notes if note in everything]


def test_without_names_no_person_is_named(demo: Flask, both: dict[bool, dict[str, bytes]]) -> None:
    """In the places of names; the demonstration's texts name nobody."""
    names = {f"{first} {last}" for first, last in db.session.execute(select(User.first_name, User.last_name))}
    told = {wanted: "\n".join(data.decode() for data in files.values()) for wanted, files in both.items()}
    pairs = {wanted: set(pairwise(re.findall(r"\w+", text))) for wanted, text in told.items()}

    def named(wanted: bool) -> list[str]:
        """Whole texts are searched for those alone whose words follow each other there."""
        return [n for n in names if pairs[wanted].issuperset(pairwise(re.findall(r"\w+", n))) and n in told[wanted]]

    assert len(named(False)) > 50
    assert not named(True)
    assert "Personne n° 1" in told[True]
    assert not any("Personne n° 1" in data.decode() for data in both[False].values())


def test_statements_do_not_grow_with_the_project(demo: Flask, count_sql) -> None:  # type: ignore[no-untyped-def]
    for slug in db.session.scalars(select(Programme.slug)).all():
        project = projects.frame().by_slug(slug)
        assert project is not None
        with count_sql() as statements:
            archive.write(project, io.BytesIO(), pseudonyms=False, now=NOON)
        assert len(statements) <= 35, f"{slug}: {len(statements)}"


def test_the_demonstration_s_first_project_can_be_closed(demo: Flask) -> None:
    """Its letters are published, its votes closed, its end past."""
    project = projects.frame().by_slug(FIRST)
    assert project is not None
    assert closing_of(project, now=NOON).obstacles == ()
