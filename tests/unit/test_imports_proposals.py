"""A consultation held elsewhere to proposals, with its counts."""

from __future__ import annotations

from datetime import date

import pytest

from tracker.enums import ProposalState, TallyChoice
from tracker.imports.csvfile import read_csv
from tracker.imports.issues import ImportIssue, Issues, Severity
from tracker.imports.mapfile import read_mapping
from tracker.imports.proposals import ProposalImport, read_proposals

MAP = """
kind = "proposals"
source = "essai"
key = "id"
[project]
slug = "essai"
[fields]
title = "{titre}"
body = "{texte}"
theme = "{rubrique}"
author = "{auteur}"
sent_on = "{date}"
state = "{corbeille}"
[defaults]
theme = "Je ne sais pas"
[values.state]
"oui" = "withdrawn"
"non" = "published"
[body]
format = "html"
[tallies]
source = "ailleurs.fr"
for = "pour"
against = "contre"
total = "total"
"""
HEADER = "id|titre|texte|rubrique|auteur|date|corbeille|pour|contre|total\n"


def read(row: str) -> tuple[tuple[ProposalImport, ...], tuple[ImportIssue, ...]]:
    issues = Issues()
    mapping = read_mapping(MAP.encode(), kind="proposals", today=date(2020, 1, 1), issues=issues)
    assert mapping is not None, issues.sorted()
    return read_proposals(read_csv((HEADER + row).encode(), delimiter="|"), mapping, issues), issues.sorted()


def test_a_row_becomes_a_proposal() -> None:
    row = "7|Dire bonjour|<p>Chaque <b>matin</b></p>|Accueil|u00412|2015-10-18T23:54:00+0200|non|12|3|15"
    (proposal,), issues = read(row)
    assert issues == ()
    assert (proposal.title, proposal.body) == ("Dire bonjour", "Chaque **matin**")
    assert (proposal.author, proposal.sent_on) == (412, date(2015, 10, 18))
    assert proposal.tallies == ((TallyChoice.FOR, 12), (TallyChoice.AGAINST, 3))
    assert proposal.state is ProposalState.PUBLISHED


def test_days_are_those_of_paris() -> None:
    (proposal,), _issues = read("7|Bonjour|x|||2015-10-18T23:30:00+00:00|non|||")
    assert proposal.sent_on == date(2015, 10, 19)
    assert (proposal.author, proposal.theme, proposal.tallies) == (None, "Je ne sais pas", ())


def test_an_author_is_never_a_name_and_the_name_is_not_repeated() -> None:
    proposals, (issue,) = read("7|Bonjour|x|a|Jeanne Martin|2015-10-18|non|||")
    assert proposals == ()
    assert (issue.column, issue.value) == ("auteur", "")
    assert "Jeanne" not in issue.message


def test_a_long_title_is_shortened_and_kept_whole_in_the_text() -> None:
    title = "Mettre " + "vraiment " * 20 + "à jour"
    (proposal,), (issue,) = read(f"7|{title}|<p>x</p>|a||2015-10-18|non|||")
    assert len(proposal.title) <= 160
    assert proposal.title.endswith("vraiment…")
    assert proposal.body == f"**{title}**\n\nx"
    assert (proposal.flags, issue.severity) == (("title_shortened",), Severity.WARNING)


def test_a_long_text_is_cut_and_told() -> None:
    (proposal,), (issue,) = read("7|Bonjour|" + "<p>mot mot</p>" * 2_500 + "|a||2015-10-18|non|||")
    assert len(proposal.body) <= 20_000
    assert proposal.body.endswith("mot mot\n\n[…]")
    assert (issue.column, proposal.flags) == ("texte", ("body_shortened",))


def test_a_paragraph_that_is_nearly_the_whole_text_is_cut_in_its_middle() -> None:
    (proposal,), _issues = read("7|Bonjour|<p>Mot.</p><p>" + "mot " * 7_500 + "</p>|a||2015-10-18|non|||")
    assert 19_900 < len(proposal.body) <= 20_000
    assert proposal.body.endswith(" […]")


def test_an_empty_text_takes_the_title() -> None:
    (proposal,), (issue,) = read("7|Bonjour *tous*|<p>&nbsp;</p>|a||2015-10-18|non|||")
    assert proposal.body == r"Bonjour \*tous\*"
    assert issue.column == "texte"


def test_a_total_that_does_not_add_up_is_told() -> None:
    (proposal,), (issue,) = read("7|Bonjour|x|a||2015-10-18|oui|1 200|3,0|9")
    assert proposal.tallies == ((TallyChoice.FOR, 1200), (TallyChoice.AGAINST, 3))
    assert (issue.column, issue.severity) == ("total", Severity.WARNING)
    assert proposal.state is ProposalState.WITHDRAWN


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("7|Bonjour|x|a|||non|||", "date"),
        ("7|Bonjour|x|a||2020-01-02|non|||", "date"),
        ("7|Bonjour|x|a||hier|non|||", "date"),
        ("7|Bonjour|x|a||2015-10-18|peut-être|||", "corbeille"),
        ("7|Bonjour|x|a||2015-10-18|retained|||", "corbeille"),
        ("7|Bonjour|x|a||2015-10-18|non|-1||", "pour"),
        ("7||x|a||2015-10-18|non|||", "titre"),
    ],
)
def test_errors_name_their_column(row: str, column: str) -> None:
    proposals, issues = read(row)
    assert proposals == ()
    assert column in {issue.column for issue in issues if issue.severity is Severity.ERROR}
