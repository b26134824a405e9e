"""The figures of a project as of a day, as known at an instant."""

from __future__ import annotations

from datetime import date, datetime

from tests import factories
from tracker.enums import ActionStatus, ProposalState, UpdateKind
from tracker.models import ProposalTransition
from tracker.queries import figures, projects

DAY = date(2026, 3, 10)


def test_figures_count_what_was_effective_and_known(app, writing) -> None:
    with writing():
        programme = factories.programme()
        author = factories.user(programme=programme)
        factories.proposal(programme, author=author, sent_on=date(2026, 2, 2))
        factories.proposal(programme, author=author, sent_on=date(2026, 3, 20))
        factories.proposal(programme, author=factories.user(), state=ProposalState.DRAFT)
        action = factories.action(programme, opened_on=date(2026, 1, 5))
        started = factories.update(action, date(2026, 2, 10))
        factories.update(
            action, date(2026, 2, 10), kind=UpdateKind.CORRECTION, supersedes_id=started.id,
            status=ActionStatus.SUSPENDED, recorded_at=factories.noon(date(2026, 3, 12)), rank_at=started.rank_at,
        )  # fmt: skip
    project = projects.frame().principal
    assert project is not None
    now = figures.snapshot(project, as_of=DAY)
    assert now.contributors == 1
    assert now.counters["submitted"] == 1
    assert now.counters["actions_suspended"] == 1
    then = figures.snapshot(project, as_of=DAY, known_at=factories.noon(DAY))
    assert then.counters["actions_in_progress"] == 1
    assert then.counters["actions_suspended"] == 0


def test_a_person_counts_while_one_of_their_proposals_is_sent_and_once(app, writing) -> None:
    with writing():
        programme = factories.programme()
        author, other = factories.user(programme=programme), factories.user(programme=programme)
        returned = factories.proposal(programme, author=author, sent_on=date(2026, 2, 2), state=ProposalState.SUBMITTED)
        moves = ((ProposalState.DRAFT, date(2026, 2, 10)), (ProposalState.SUBMITTED, date(2026, 3, 1)))
        for to, day in moves:
            factories.add(
                ProposalTransition(
                    proposal_id=returned.id, from_state=returned.state, to_state=to, effective_on=day,
                    recorded_at=factories.noon(day),
                )
            )  # fmt: skip
        for sent_on in (date(2026, 2, 20), date(2026, 2, 25)):
            factories.proposal(programme, author=other, sent_on=sent_on)
    project = projects.frame().principal
    assert project is not None

    def counted(day: date, known_at: datetime | None = None) -> tuple[int, int]:
        found = figures.snapshot(project, as_of=day, known_at=known_at)
        return found.contributors, found.submitted

    expected = {
        date(2026, 2, 1): (0, 0), date(2026, 2, 2): (1, 1), date(2026, 2, 10): (0, 0), date(2026, 2, 20): (1, 1),
        date(2026, 2, 28): (1, 2), date(2026, 3, 1): (2, 3),
    }  # fmt: skip
    assert {day: counted(day) for day in expected} == expected
    # the return was not known yet
    assert counted(date(2026, 2, 15), factories.noon(date(2026, 2, 9))) == (1, 1)


def test_filters_leave_what_they_say_and_the_bucket_without(app, writing) -> None:
    with writing():
        programme = factories.programme()
        theme = factories.theme(programme)
        factories.action(programme, theme_id=theme.id)
        factories.action(programme)
        factories.action(programme, entities=[])
        theme_id, entity_id = theme.id, programme.entities[0].id
    project = projects.frame().principal
    assert project is not None

    def total(**chosen: int) -> int:
        return figures.snapshot(project, as_of=DAY, filters=figures.Filters(**chosen)).actions.total

    assert total() == 3
    assert total(theme_id=theme_id) == 1
    assert total(theme_id=figures.NONE) == 2
    assert total(entity_id=entity_id) == 2
    assert total(entity_id=figures.NONE) == 1


def test_a_proposal_counts_for_the_employer_of_its_authors_whose_name_is_displayed(app, writing) -> None:
    with writing():
        town, other = factories.entity(), factories.entity()
        programme = factories.programme(entities=[town, other])
        for sealed, employer in ((False, town), (True, other)):
            author = factories.user(entity_id=employer.id)
            factories.proposal(programme, author=author, sealed=sealed, entities=[])
        town_id, other_id = town.id, other.id
    project = projects.frame().principal
    assert project is not None

    def counted(employer: int) -> tuple[int, int]:
        found = figures.snapshot(project, as_of=DAY, filters=figures.Filters(entity_id=employer))
        return found.published, found.contributors

    assert counted(town_id) == (1, 1)
    assert counted(other_id) == (0, 0)
    assert counted(figures.NONE) == (1, 0)
