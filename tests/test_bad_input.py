"""Whatever is typed, in an address or in a form: a sentence and its status, never 500, nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.client import Answer, check_page
from tests.effort import cases, share
from tests.extra_fields import extra_for, noting_writes, plausible
from tests.forms import Form, read
from tests.parameters import ALL, JUNK, LONG, PARAMETERS, PARTS, RAW_QUERIES, asked, noting
from tests.places import ENTRIES, PROJECT, QUARTER, ROLES, VISITOR, Entry, methods_of
from tests.world import World, demonstration
from tracker.extensions import db
from tracker.models import Authorship, Proposal

pytestmark = pytest.mark.demo

MEGABYTE = "Une idee. " * 100_000  # plain letters: to code an accent takes longer than all the tool does with it


@pytest.fixture(scope="module")
def world(demo_app: Flask) -> Iterator[World]:
    """The demonstration a few acts further, so that the forms which undo them are offered too."""
    with demonstration(demo_app) as made, noting(demo_app):
        _go_further(made)
        yield made


def _go_further(world: World) -> None:
    """A support, a letter given to read, an action just created: what each write of a test then comes back to."""
    group = world.open("copil", "GET", f"/actions/nouvelle?projet={PROJECT}").select(
        "#group option[value]:not([value='0'])"
    )
    new_action = {"title": "Créée par erreur", "group": group[0]["value"], "opened_on": "2026-03-16"}
    letter = f"/lettres/brouillons/{QUARTER}/relecteurs?projet={PROJECT}"
    for role, path, typed_in in (
        ("agent", f"/propositions/{world.objects['published']}/soutien", {}),
        ("redaction", letter, {"readers": world.id_of("copil")}),
        ("copil", f"/actions/nouvelle?projet={PROJECT}", new_action),
    ):
        answer = world.open(role, "POST", path, typed_in)
        assert answer.status == 303, f"{path}: {answer.words[:600]}"
    world.objects["created"] = answer.location.rpartition("/")[2]
    with world.app.app_context():
        on_paper = select(Authorship.name).join(Proposal, Proposal.id == Authorship.proposal_id)
        shown = on_paper.where(Authorship.name.is_not(None), Authorship.sealed.is_(False), Proposal.number.is_not(None))
        world.objects["typed"] = quote(db.session.scalars(shown.limit(1)).one())
    world.keep()


def opener(entry: Entry) -> str:
    """Somebody who may enter."""
    return next((role for role in ("copil", *ROLES) if role in entry.roles), VISITOR)


def fine(answer: Answer, said: str) -> None:
    """No failure; a page of ours, when it is a page."""
    assert answer.status < 500, f"{answer.status}: {said}"
    kind = answer.response.mimetype or ""
    if answer.status >= 400:
        assert kind == "text/html", f"{answer.status} as {kind}: {said}"
    if kind == "text/html" and answer.status not in {301, 302, 303, 304, 308}:
        assert len(re.findall(r"<h1[ >]", answer.text)) == 1, f"no single h1: {said}"
        assert "<script>alert" not in answer.text, f"not escaped: {said}"
    if answer.status >= 400:  # by hand: parsing thousands of pages would take minutes
        main = answer.text[answer.text.index("<main") :]
        assert re.search(r"<h1[^>]*>\s*[^\s<]", main), f"an empty h1: {said}"
        assert re.search(r"<(p|li|a|span|div)\b[^>]*>\s*[^<>]{16,}", main), f"no sentence: {said}"


GETS = [entry for entry in ENTRIES if entry.endpoint not in {"auth.logout"}]


def _takes(world: World, entry: Entry, method: str) -> bool:
    return method in methods_of(world.app)[entry.endpoint]


# --- Addresses ---------------------------------------------------------------------------------------------------


def _reads_any(path: str, role: str, world: World, junk: Sequence[str], raw: Sequence[str], kept: str) -> bool:
    """Open an address with these queries; whether it asked for any parameter, the project of every page apart."""
    asked.clear()
    for value in junk:
        # `projet` alone answers 404 and would hide the others
        every = "&".join(f"{name}={quote(value[:300])}" for name in PARAMETERS if name != "projet")
        fine(world.open(role, "GET", f"{path}?{every}", check=False), f"{path} with {value[:20]!r}")
    for query in raw:
        fine(world.open(role, "GET", f"{path}?{kept}&{query}", check=False), f"{path}?{query}")
    unknown = asked - {*PARAMETERS, ALL}
    assert not unknown, f"{path} reads {unknown}: write them down among PARAMETERS"
    return bool(asked - {"projet"})


@pytest.mark.parametrize("entry", GETS, ids=lambda entry: entry.name)
def test_junk_in_the_query(world: World, entry: Entry) -> None:
    """Each junk value for all parameters at once, then broken queries; one of each where no parameter is asked for.

    Such a page cannot tell one junk from another: its answer would be the same.
    """
    if not _takes(world, entry, "GET"):
        return
    path, _, kept = world.path(entry).partition("?")
    role, named = opener(entry), "{" in entry.path or path.endswith("/pdf")
    key = GETS.index(entry)
    turn = key % 3
    if _reads_any(path, role, world, JUNK[3 + turn : 4 + turn], RAW_QUERIES[turn : turn + 1], kept):
        more, raw = (share(values, key, one_in=8 if named else 4) for values in (JUNK[1:], RAW_QUERIES))
        _reads_any(path, role, world, more, raw, kept)
    fine(world.open(role, "GET", f"{path}?q={LONG}&theme={LONG}&au={LONG}", check=False), f"{path} with 10 kB")


def test_what_an_address_reads_is_noted(world: World) -> None:
    for path, wanted in (
        ("/propositions", {"q", "theme", "page", "tri"}), ("/tableau-de-bord", {"au", "connu", "theme"}),
        ("/reglages/personnes", {"q", ALL}), ("/reunions", {"annee", "q"}), ("/accessibilite?q=a", set()),
    ):  # fmt: skip
        asked.clear()
        world.open("admin", "GET", path, check=False)
        assert wanted <= asked, path
        assert asked or not wanted, path


def test_a_project_that_is_none(world: World) -> None:
    for path in ("/propositions", "/actions", "/groupes", "/tableau-de-bord", "/lettres", "/reunions"):
        for junk in JUNK:
            fine(
                world.open("agent", "GET", f"{path}?projet={quote(junk)}", check=False), f"{path} projet={junk[:20]!r}"
            )


NAMED = [entry for entry in ENTRIES if "{" in entry.path.partition("?")[0] and "{other" not in entry.path]


@pytest.mark.parametrize("entry", NAMED, ids=lambda entry: entry.name)
def test_junk_in_the_path(world: World, entry: Entry) -> None:
    """An address that names nothing is a 404 (400 when no browser could send it), to read as to write."""
    role = opener(entry)
    methods = sorted(methods_of(world.app)[entry.endpoint])
    for name in re.findall(r"\{(\w+)\}", entry.path):
        for part in share(PARTS, NAMED.index(entry), one_in=3):
            path = entry.path.format(**{**world.objects, name: part})
            # the address is read the same way whatever is asked of it: what writes gets the worst ones
            for method in methods if len(methods) == 1 or part.isdigit() else ["GET"]:
                said = f"{method} {path[:120]}"
                answer = world.open(role, method, path, check=False)
                fine(answer, said)
                assert answer.status in {301, 303, 308, 400, 403, 404, 405, 409, 422}, f"{answer.status}: {said}"


@given(text=st.text(max_size=60))
@cases(12, 300)
def test_any_text_in_filters(world: World, text: str) -> None:
    value = quote(text.encode("utf-8", "surrogatepass"))
    for path in (
        "/propositions?q={0}&theme={0}&page={0}", "/actions?q={0}&groupe={0}&au={0}", "/reunions?q={0}&annee={0}",
        "/tableau-de-bord?au={0}&connu={0}&theme={0}",
    ):  # fmt: skip
        fine(world.open("agent", "GET", path.format(value), check=False), f"{path} {text!r}")


OURS = {"Origin": "http://localhost"}


# --- Forms -------------------------------------------------------------------------------------------------------


DATES = ("0000-00-00", "2026-02-30", "9999-99-99", "demain", "\0", "0001-01-01")
CHOICES = ("zzz", "-1", str(2**70), "\0", "", "²", "1:zzz", "<script>alert(1)</script>")
TEXTS = ("\0", "-1", "9" * 400, "\u202e", "<script>alert(1)</script>", "1e99", "    ", LONG)


# pages that offer more to these than to the first who may enter
OFFERING = (
    ("redaction", "/lettres?projet=mieux-travailler-ensemble"),
    ("redaction", "/lettres/{letter}"),
    ("agent", "/propositions/{mine}"),
    ("agent", "/propositions/{published}"),
    ("copil", "/actions/{created}"),
    ("copil", "/a-decider/{merged}"),
    ("etude", "/etudes/{merged}"),
    ("copil", "/a-decider/publier?projet=mieux-travailler-ensemble&apercu=1&decision={decision}"),
    ("copil", "/lettres/brouillons/2026-T1/relecture?projet=mieux-travailler-ensemble"),
    ("pilote", "/actions/mon-tour"),
    ("admin", "/reglages/archives/{ended}"),
    ("admin", "/reglages/personnes/{person}/reunir?q={typed}"),
    ("admin", "/reglages/personnes/importer/{register_run}?liste=ambiguous"),
)
COUNTED = {"/activer"}  # a guess is refused, and counted


def _preview_the_register(world: World) -> None:
    """Say what the columns are, so that the page of the import offers to confirm."""
    page = world.path(next(entry for entry in ENTRIES if entry.endpoint == "register.columns"))
    form = world.open("admin", "GET", page).select("main form")[0]
    employers = form.select_one("select[name=default_employer]")
    assert employers is not None
    employer = next(str(one["value"]) for one in employers.select("option") if one.get("value"))
    answer = world.open("admin", "POST", page, read(form, "admin", page).filled(default_employer=employer))
    assert answer.status == 303, answer.words[:300]
    world.keep()


@pytest.fixture(scope="module")
def forms(world: World) -> dict[str, Form]:
    """Every form of every page, one of each address."""
    found: dict[str, Form] = {}
    adapter = world.app.url_map.bind("localhost")
    _preview_the_register(world)
    walked = [entry for entry in ENTRIES if _takes(world, entry, "GET") and entry.endpoint != "auth.login"]
    pages = [(opener(entry), world.path(entry)) for entry in walked]
    pages += [(role, path.format(**world.objects)) for role, path in OFFERING]
    for role, page in pages:
        for form in world.open(role, "GET", page, check=False).select("form"):
            if str(form.get("method", "get")).lower() != "post":
                continue
            found_form = read(form, role, page)
            endpoint, _ = adapter.match(found_form.action.partition("?")[0].partition("#")[0] or page, method="POST")
            if endpoint not in {"auth.logout"}:
                found.setdefault(f"{endpoint} {len(found_form.fields)}", found_form)
    return found


def _post(world: World, form: Form, typed_in: dict[str, Any], said: str, **options: Any) -> Answer:
    before = world.watch.now()
    answer = world.open(form.role, "POST", form.action, typed_in, check=False, **options)
    if world.watch.written_since(before):
        assert answer.status < 400 or form.action in COUNTED, f"written, yet {answer.status}: {said}"
        world.put_back()
    fine(answer, said)
    assert answer.status in {200, 303, 400, 401, 403, 404, 409, 413, 422, 429}, f"{answer.status}: {said}"
    return answer


def test_every_form_was_found(world: World, forms: dict[str, Form]) -> None:
    offered = {key.partition(" ")[0] for key in forms}
    writing = {endpoint for endpoint, methods in methods_of(world.app).items() if "POST" in methods}
    have_their_own_tests = {
        "auth.login",
        "auth.logout",
        "auth.resume_visit",
        "second_factor.login",
        "single_sign_on.start",
        "single_sign_on.enter",
        "first_account.create",
        "slips.invite",  # offered where mails leave: here none does
        "settings.reopen",  # stands on the page of a closed project alone
    }
    assert writing - offered == have_their_own_tests


def spoilt(form: Form, names: tuple[str, ...], junk: tuple[str, ...], key: int) -> Iterator[dict[str, Any]]:
    """All these fields wrong at once, each in its own way, in turn; then each alone.

    In `make test` one turn, of those of a field that is the only one a third; one of five alone.
    """
    turns = range(len(junk) if names else 0)
    for turn in share(turns, key, one_in=3 if len(names) == 1 else len(junk)):
        yield form.filled(**{name: junk[(turn + n) % len(junk)] for n, name in enumerate(names)})
    for n, name in share(tuple(enumerate(names if len(names) > 1 else ())), key, one_in=5):
        yield form.filled(**{name: junk[(key + n) % len(junk)]})


def test_wrong_values_in_every_field(world: World, forms: dict[str, Form]) -> None:
    """Dates that are none, choices that were not offered, hidden fields tampered with, text where numbers go."""
    for key, form in enumerate(forms.values()):
        for names, junk in ((form.dates, DATES), (form.choices, CHOICES), (form.hidden, CHOICES), (form.texts, TEXTS)):
            for data in spoilt(form, names, junk, key):
                changed = {name: str(data.get(name, ""))[:20] for name in names}
                _post(world, form, data, f"{form.name}: {changed}")


def test_nothing_sent_everything_twice_and_other_types(world: World, forms: dict[str, Form]) -> None:
    for key, form in enumerate(forms.values()):
        _post(world, form, {}, f"{form.name}: nothing")
        twice = {name: [value, "zzz"] for name, value in form.fields}
        _post(world, form, twice, f"{form.name}: twice")
        token = world.clients[form.role].csrf_token()
        bodies = (
            ("application/json", b'{"a": [1, {"b": null}]}'), ("text/plain", b"\xff\xfe"), ("", b"x"),
            ("multipart/form-data", b"no boundary"), ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
            ("application/x-www-form-urlencoded", f"csrf_token={token}&a=%ff%fe&=&&%00=%00".encode()),
        )  # fmt: skip
        for kind, body in share(bodies, key, one_in=6):
            _post(world, form, {}, f"{form.name}: {kind}", data=body, content_type=kind)


def typed(answer: Answer) -> str:
    """Everything the answer keeps of what was typed."""
    kept = [one.get_text() for one in answer.select("textarea")]
    return "\n".join(kept + [str(one.get("value") or "") for one in answer.select("input")])


def test_what_was_typed_is_kept_by_a_refusal(world: World, forms: dict[str, Form]) -> None:
    """Every text field is filled with its own words; whenever the form is shown again, they all are there."""
    kept = 0
    for form in forms.values():
        if not form.texts:
            continue
        words = {name: f"Mots gardés {n}" for n, name in enumerate(form.texts)}
        wrong = dict.fromkeys(form.choices, "zzz"), dict.fromkeys(form.dates, "2026-02-30")
        for spoiled in [one for one in wrong if one] or [{}]:
            answer = _post(world, form, form.filled(**words, **spoiled), f"{form.name}: spoiled")
            if answer.status in {409, 422}:
                kept += 1
                for name, value in words.items():
                    assert value in typed(answer), f"{form.name}: {name} is lost"
    assert kept > 10


def test_too_long_is_refused_and_kept(world: World, forms: dict[str, Form]) -> None:
    """A megabyte in a text is a 422 that gives it back."""
    for form in forms.values():
        for name in form.texts[-1:]:
            answer = _post(world, form, form.filled(**{name: MEGABYTE}), f"{form.name}: {name} of 1 MB")
            if answer.status == 422:
                assert answer.text.count("Une idee. ") > 90_000, f"{form.name}: {name} is lost"


def test_more_than_eight_megabytes(world: World) -> None:
    body = b"csrf_token=x&texte=" + b"x" * (9 * 1024 * 1024)
    kind = "application/x-www-form-urlencoded"
    for entry in ENTRIES:
        if _takes(world, entry, "POST"):
            for role in {opener(entry), VISITOR}:
                answer = world.open(role, "POST", world.path(entry), data=body, content_type=kind, check=False)
                assert answer.status in ({400, 401, 413} if role == VISITOR else {413}), f"{answer.status} {entry.name}"
                fine(answer, entry.name)


def test_without_a_token_or_with_a_wrong_one_nothing_changes(world: World) -> None:
    tries = (
        ({"texte": "Des mots"}, OURS),
        ({"texte": "Des mots", "csrf_token": "zzz.zzz.zzz"}, OURS),
        ({"texte": "Des mots", "csrf_token": ""}, {}),
        ({"texte": "Des mots", "csrf_token": LONG}, {"Origin": "https://ailleurs.example"}),
    )
    for key, entry in enumerate(ENTRIES):
        if not _takes(world, entry, "POST") or entry.endpoint in {"auth.login", "single_sign_on.start"}:
            continue
        path, role = world.path(entry), opener(entry)
        for data, headers in (tries[0], *share(tries[1:], key, one_in=3)):
            with world.nothing_written(entry.name):
                answer = world.open(role, "POST", path, data, token=False, headers=headers, check=False)
            assert answer.status in {400, 401}, f"{answer.status} {entry.name}"
            fine(answer, entry.name)
            # what was typed comes back, but only to our own pages
            back = "Des mots" in answer.text and "Des mots" in typed(answer)
            assert back == (headers is OURS), entry.name


def test_the_page_of_a_refusal_is_valid(world: World, forms: dict[str, Form]) -> None:
    """One refusal of each form, checked as any page is."""
    for form in forms.values():
        spoiled = dict.fromkeys((*form.choices, *form.dates), "zzz")
        answer = _post(world, form, form.filled(**spoiled), form.name)
        if answer.status not in {200, 303}:
            check_page(answer)


def test_fields_that_no_form_offers_change_nothing_of_what_is_written(world: World, forms: dict[str, Form]) -> None:
    """Each form as it is offered, then with fields that rows have: the same rows, to the letter."""
    taken = 0
    for form in forms.values():
        typed_in = form.filled(**plausible(form))
        with noting_writes(world) as plain:
            first = _post(world, form, typed_in, form.name)
        if plain:
            taken += 1
            with noting_writes(world) as more:
                second = _post(world, form, {**extra_for(form), **typed_in}, f"{form.name}: more fields")
            assert (second.status, more) == (first.status, plain), form.name
    assert taken > 40
