"""Importing somebody else's proposals: their texts, their states, their counts."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.integration import import_scene
from tests.integration.import_scene import ACTION_MAP, CREATE, DONE_ROW, NOW, counts, tallied
from tracker import search
from tracker.enums import ProposalState
from tracker.extensions import db
from tracker.models import (
    Action,
    Authorship,
    Event,
    ExternalRef,
    ImportedTally,
    Proposal,
    ProposalTransition,
    ProposalVersion,
)
from tracker.services import importing

run = import_scene.run  # the fixture

PROPOSED = (Proposal, ProposalVersion, ProposalTransition, Authorship, ImportedTally, ExternalRef, Event)
PROPOSAL_MAP = """
kind = "proposals"
source = "ailleurs"
key = "id"
[project]
slug = "essai"
title = "Essai"
starts_on = 2015-01-01
ends_on = 2020-12-31
[create]
project = true
themes = true
[fields]
title = "{titre}"
body = "{texte}"
theme = "{rubrique}"
author = "{auteur}"
sent_on = "{date}"
state = "{état}"
[values.state]
"ok" = "published"
"corbeille" = "withdrawn"
[body]
format = "html"
[tallies]
source = "ailleurs.fr, 2015"
for = "pour"
against = "contre"
mixed = "mitigé"
"""


PROPOSAL_HEADER = "id;titre;texte;rubrique;auteur;date;état;pour;contre;mitigé"
PROPOSAL_ROWS = (
    "a;Traduire les sites;<p>En <b>toutes</b> langues</p>;Langues;u007;2015-10-02;ok;25;72;9",
    "b;Voter en ligne;<p>Oui</p>;Vote;u008;2015-10-01;ok;231;563;91",
    "c;Publicité;<p>Achetez</p>;Vote;u008;2015-10-01;corbeille;1;2;3",
)


@pytest.fixture
def run_proposals(run: Any) -> Any:
    def importing_proposals(*rows: str, **options: Any) -> importing.Report:
        return run(*rows, kind="proposals", header=PROPOSAL_HEADER, mapping=PROPOSAL_MAP, **options)

    return importing_proposals


def test_proposals_come_with_their_counts(run_proposals: Any) -> None:
    report = run_proposals(*PROPOSAL_ROWS)
    assert (report.created, report.issues) == (3, ())
    assert tallied() == {"for": 257, "against": 637, "mixed": 103}
    first, second = db.session.scalars(select(Proposal).where(Proposal.number.is_not(None)).order_by(Proposal.number))
    assert (first.number, first.title, first.published_on) == (1, "Voter en ligne", date(2015, 10, 1))
    assert (second.body, second.support_count) == ("En **toutes** langues", 0)
    assert [(one.number, one.name, one.user_id) for one in second.authorships] == [(7, None, None)]
    aside = db.session.scalars(select(Proposal).where(Proposal.number.is_(None))).one()
    assert aside.state is ProposalState.WITHDRAWN
    moves = db.session.scalars(select(ProposalTransition.to_state).order_by(ProposalTransition.id)).all()
    assert Counter(moves) == {ProposalState.SUBMITTED: 3, ProposalState.PUBLISHED: 2, ProposalState.WITHDRAWN: 1}


def test_imported_proposals_can_be_searched_unless_put_aside(run_proposals: Any) -> None:
    run_proposals(*PROPOSAL_ROWS)
    for words, found in (("langues", 1), ("achetez", 0)):
        query = search.matching_proposals(words)
        assert query is not None
        assert len(db.session.scalars(query).all()) == found


def test_a_second_run_of_proposals_changes_nothing(run_proposals: Any) -> None:
    run_proposals(*PROPOSAL_ROWS)
    before = counts(PROPOSED)
    report = run_proposals(*PROPOSAL_ROWS, now=NOW + timedelta(days=1))
    assert (report.created, report.changed, report.unchanged) == (0, 0, 3)
    assert counts(PROPOSED) == before


def test_new_counts_and_a_new_text_are_taken_over(run_proposals: Any) -> None:
    run_proposals(*PROPOSAL_ROWS)
    rows = [row.replace("231;563", "232;560").replace("toutes", "trois") for row in PROPOSAL_ROWS]
    report = run_proposals(*rows, now=NOW + timedelta(days=1))
    assert (report.changed, report.unchanged) == (2, 1)
    assert tallied() == {"for": 258, "against": 634, "mixed": 103}
    versions = db.session.scalars(select(ProposalVersion.body).order_by(ProposalVersion.id)).all()
    assert versions[-1] == "En **trois** langues"
    query = search.matching_proposals("trois")
    assert query is not None
    assert len(db.session.scalars(query).all()) == 1


def test_a_source_serves_one_kind(run: Any, run_proposals: Any) -> None:
    run_proposals(*PROPOSAL_ROWS)
    report = run(DONE_ROW, mapping=ACTION_MAP.replace('source = "essai"', 'source = "ailleurs"') + CREATE)
    assert [issue.column for issue in report.issues] == ["source"]
    assert db.session.scalar(select(func.count()).select_from(Action)) == 0
