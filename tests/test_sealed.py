"""On the whole demonstration: a name that is not displayed is nowhere, nor the hour at which such a proposal came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from flask import Flask

from tests.effort import share
from tests.world import World, demonstration

pytestmark = pytest.mark.demo
READERS = ("agent", "copil", "admin")
FORMS = ("", ".txt", ".eml", "/courriel", "/imprimer")  # of a letter
MANY = ("/propositions", "/lettres/", "/actions/", "/reunions/", "/groupes/")


@pytest.fixture(scope="module")
def world(demo_app: Flask) -> Iterator[World]:
    with demonstration(demo_app) as made:
        yield made


def rows(world: World, query: str) -> list[tuple[object, ...]]:
    return world.rows(query)


@pytest.fixture(scope="module")
def names(world: World) -> list[str]:
    """Full names of those who asked not to be named and stand nowhere else under their name."""
    found = rows(
        world,
        "SELECT DISTINCT u.first_name || ' ' || u.last_name FROM authorship a JOIN \"user\" u ON u.id = a.user_id "
        "WHERE a.sealed",
    )
    open_elsewhere = rows(
        world,
        "SELECT u.first_name || ' ' || u.last_name FROM \"user\" u WHERE u.id IN (SELECT user_id FROM authorship WHERE "
        "NOT sealed AND user_id IS NOT NULL) OR u.id IN (SELECT user_id FROM role_grant) OR u.id IN (SELECT pilot_id "
        "FROM action) OR u.id IN (SELECT author_id FROM action_update)",
    )
    left = sorted({str(one) for (one,) in found} - {str(one) for (one,) in open_elsewhere})
    assert len(left) > 20
    return left


def addresses(world: World) -> list[str]:
    """Each proposal of such a person and some of the others, letters in one or two of their forms, lists and files."""
    numbers = [one for (one,) in rows(world, "SELECT number FROM proposal WHERE number IS NOT NULL")]
    authored = {
        one for (one,) in rows(world, "SELECT p.number FROM proposal p JOIN authorship a ON a.proposal_id = p.id "
                                      "WHERE a.sealed AND p.number IS NOT NULL")
    }  # fmt: skip
    some = set(share(range(len(numbers)), 0, one_in=8))
    found = [f"/propositions/{one}" for n, one in enumerate(numbers) if one in authored or n in some]
    found += [f"/propositions/{one}/historique" for one in sorted(authored)]
    for (one,) in rows(world, "SELECT number FROM letter WHERE number IS NOT NULL"):
        found += [f"/lettres/{one}{form}" for form in share(FORMS, int(one), one_in=3)]
    found += [f"/actions/{one}" for (one,) in rows(
        world, "SELECT DISTINCT a.number FROM action a JOIN action_proposal l ON l.action_id = a.id "
               "JOIN authorship w ON w.proposal_id = l.proposal_id WHERE w.sealed")]  # fmt: skip
    found += [f"/reunions/{one}" for (one,) in rows(world, "SELECT id FROM meeting")]
    found += [f"/groupes/{one}" for (one,) in rows(world, "SELECT slug FROM working_group")]
    found += [f"/consultations/{one}" for (one,) in rows(world, "SELECT id FROM campaign")]
    for project in ("projet-2015-2020", "mieux-travailler-ensemble"):
        kept = f"?projet={project}"
        found += [f"{path}{kept}" for path in ("/actions", "/groupes", "/lettres", "/reunions", "/tableau-de-bord")]
        found += [f"/tableau-de-bord/{figure}.csv{kept}" for figure in (
            "statuts-par-mois", "avancement", "statuts-par-groupe", "calendrier", "de-l-idee-au-resultat")]  # fmt: skip
        found += [f"/propositions{kept}&page={n}" for n in range(1, 25)]
        found += [f"/a-decider{kept}", f"/a-decider/publier{kept}", f"/etudes{kept}"]
    return [*found, "/", "/aide", "/propositions/mes-propositions", "/moderation"]


def served(world: World, role: str, path: str) -> str:
    response = world.clients[role].http.get(path)
    world._keep_cookie(role, world.clients[role])
    return response.get_data().decode("utf-8", "replace")


@pytest.mark.parametrize("role", READERS)
def test_no_page_shows_such_a_name(world: World, names: list[str], role: str) -> None:
    """A source of a page, mail or file never holds it, whoever reads; quoted-printable mails are read decoded."""
    walked = addresses(world)
    if role != "agent":  # the others: one of five of what there are many, and all the rest
        many = [path for path in walked if path.startswith(MANY)]
        left = set(many) - set(share(many, READERS.index(role), one_in=5))
        walked = [path for path in walked if path not in left]
    for path in walked:
        text = served(world, role, path).replace("=\r\n", "")
        found = next((name for name in names if name in text), None)
        assert found is None, f"{path} shows {found} to {role}"


def test_a_search_by_such_a_name_finds_nothing(world: World, names: list[str]) -> None:
    for name in names:
        text = served(world, "admin", f"/propositions?q={quote(name)}")
        hits = re.findall(r'href="/propositions/\d+"', text[text.index("<main") : text.index("</main>")])
        assert not hits, name


def test_no_trace_no_message_no_frozen_content_holds_it(world: World, names: list[str]) -> None:
    kept = rows(world, "SELECT actor_label, changes FROM event")
    kept += rows(world, "SELECT content, '' FROM frozen") + rows(world, "SELECT params, address FROM outbox_message")
    for row in kept:
        text = " ".join(str(one) for one in row)
        found = next((name for name in names if name in text), None)
        assert found is None, found
    tied = rows(
        world,
        "SELECT e.id FROM event e JOIN authorship a ON a.proposal_id = e.subject_id AND a.user_id = e.actor_id "
        "WHERE e.subject = 'proposal' AND a.sealed",
    )
    assert not tied, "an event names the account of somebody who asked not to be named"


def test_the_hour_of_such_a_proposal_is_shown_nowhere(world: World) -> None:
    """The day only: neither on its page nor in its list."""
    for (number,) in rows(
        world,
        "SELECT DISTINCT p.number FROM proposal p JOIN authorship a ON a.proposal_id = p.id WHERE a.sealed AND "
        "p.number IS NOT NULL",
    ):
        text = served(world, "admin", f"/propositions/{number}")
        main = re.sub(r"<[^>]*>", " ", text[text.index("<main") : text.index("</main>")])
        steps = re.findall(r"(?:[Ee]nvoyée|[Pp]roposée|[Pp]ubliée)[^.\n]{0,60}\d{1,2}\s?[h:]\s?\d{2}", main)
        assert not steps, f"n° {number}: {steps}"
        assert not re.search(r'datetime="[^"]*T\d', text), number
