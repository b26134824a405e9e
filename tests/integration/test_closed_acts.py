"""Whatever may be written in a project is refused by one sentence once it is closed, and nothing of it stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests import databases, factories
from tests.client import CheckedClient
from tests.conftest import NOON
from tests.integration.import_scene import ACTION_MAP, CREATE, DONE_ROW
from tests.integration.test_importing_proposals import PROPOSAL_HEADER, PROPOSAL_MAP, PROPOSAL_ROWS
from tests.unit.test_imports_actions import HEADER
from tracker.enums import (
    ActionStatus,
    ConditionKind,
    LetterState,
    MeetingKind,
    Motive,
    Outcome,
    PhaseKind,
    ProposalState,
    ReviewAdvice,
    Role,
)
from tracker.errors import TrackerError
from tracker.extensions import begin_write, db, end_transaction
from tracker.models import DecisionCondition, Programme, User
from tracker.queries import decisions as queries
from tracker.queries import people
from tracker.records import Actor
from tracker.services import (
    actions,
    corrections,
    decisions,
    history,
    importing,
    letters,
    lineage,
    meetings,
    proposals,
    reviews,
    updates,
)
from tracker.services.decisions import AnswerInput
from tracker.services.log_entries import NewMilestone, Statement
from tracker.services.meetings import MeetingInput
from tracker.services.proposals import Text
from tracker.services.settings import consultations, lists, projects
from tracker.services.settings.consultations import CampaignInput
from tracker.services.settings.lists import GROUPS, THEMES, LineInput
from tracker.services.settings.projects import ProjectInput

WHY = "Cela coûterait trop cher pour ce que cela changerait."
PUBLISHED, QUARTER, NEXT_QUARTER = "2025-T1", "2025-T2", "2025-T3"
ANSWER = AnswerInput(outcome=Outcome.DECLINED, motive=Motive.COST, reason=WHY, taken_on=date(2026, 3, 9))
MEETING = MeetingInput("Réunion de trop", MeetingKind.STEERING, date(2026, 3, 3))
IDEA = Text(title="", body="Une autre idée, écrite à temps.", theme_id=None, sealed=True, thanks_consent=False)


@pytest.fixture
def scene(app: Flask, writing: Any, tmp_path: Path) -> SimpleNamespace:
    """An ended project in which everything may still be written, by a manager, a committee member and an agent."""
    with writing():
        project = factories.programme(starts_on=date(2025, 1, 1), ends_on=date(2026, 3, 10))
        group, theme = factories.group(project), factories.theme(project)
        over = factories.campaign(project, (PhaseKind.PROPOSING, date(2026, 2, 1), date(2026, 3, 1)))
        agent = factories.user(programme=project)
        committee = factories.user(
            Role.STEERING, Role.REVIEWER, Role.MODERATOR, Role.EDITOR, programme=project, password_hash="x"
        )
        admin = factories.user(Role.ADMIN, programme=project, password_hash="x")

        def idea(**values: Any) -> Any:
            return factories.proposal(project, author=agent, **values)

        decided, retained = idea(state=ProposalState.UNDER_REVIEW), idea()
        answer = factories.decision(retained, taken_on=date(2026, 3, 3))
        condition = factories.add(
            DecisionCondition(decision_id=answer.id, kind=ConditionKind.CREDITS, label="crédits votés")
        )
        waiting = factories.decision(decided, published=False)
        reader = factories.user(programme=project)
        action = factories.action(project, group_id=group.id)
        point = factories.update(action, date(2026, 3, 2))
        found = SimpleNamespace(
            project=project.id, slug=project.slug, group=group.id, group_slug=group.slug, theme=theme.id,
            campaign=over.id,
            empty=factories.campaign(project).id, hidden=idea(sealed=True).id,
            action=action.id, action_number=action.number, point=point.id,
            mistake=factories.action(project, opened_on=date(2026, 3, 16)).id, proposal=idea().id,
            studied=idea(state=ProposalState.UNDER_REVIEW).id, target=idea().number, target_id=idea().id,
            merged=idea().id, sent=idea(state=ProposalState.SUBMITTED).id, draft=idea(state=ProposalState.DRAFT),
            decided=decided.number, decision=waiting.id, condition=condition.id,
            meeting=factories.meeting(project, date(2026, 3, 2)).id, folder=tmp_path,
            logins=(admin.login, committee.login, agent.login, reader.login),
        )  # fmt: skip
        found.draft, found.draft_id = found.draft.draft_key, found.draft.id
    found.admin, found.committee, found.agent, found.reader = (actor(login) for login in found.logins)
    with writing():
        lineage.merge(proposal_id=found.merged, into_number=found.target, actor=found.committee, now=NOON)
        public = letters.build(found.project, PUBLISHED, actor=found.committee, now=NOON)
        letters.ask_proofreading(public, [found.reader.id], actor=found.committee, now=NOON)
        letters.approve(public, "La directrice", NOON.date(), actor=found.committee, now=NOON)
        letters.publish(public, actor=found.committee, now=NOON)
        found.letter = public.id
        draft = letters.build(found.project, QUARTER, actor=found.committee, now=NOON)
        letters.ask_proofreading(draft, [found.reader.id], actor=found.committee, now=NOON)
        draft.state = LetterState.DRAFT
    return found


def actor(login: str) -> Actor:
    found = people.actor_by_login(login, now=NOON)
    assert found is not None
    end_transaction(commit=False)
    return found


def letter(s: SimpleNamespace) -> Any:
    found = letters.get(s.project, QUARTER)
    assert found is not None
    return found


def brings(s: SimpleNamespace, kind: str, header: str, row: str, mapping: str) -> importing.Report:
    rows, meaning = s.folder / "rows.csv", s.folder / "map.toml"
    rows.write_text(f"{header.strip()}\n{row}\n", "utf-8")
    meaning.write_text(mapping.replace('slug = "essai"', f'slug = "{s.slug}"'), "utf-8")
    prepared = importing.prepare(kind, rows, meaning, now=NOON)
    report = importing.write(prepared, actor=None, now=NOON)
    assert report.created == 1, report.issues
    return report


DAYS = (date(2025, 1, 1), date(2026, 3, 10))
Act = Callable[[SimpleNamespace], Any]
ACTS: dict[str, Act] = {
    "an action": lambda s: actions.create_action(
        programme_id=s.project, title="Une action de trop", group_id=s.group, actor=s.committee, now=NOON
    ),
    "an action edited": lambda s: actions.edit_action(
        action_id=s.action, title="Un autre titre", actor=s.committee, now=NOON
    ),
    "first dates": lambda s: actions.change_baseline(
        action_id=s.action, start=date(2026, 1, 1), end=date(2026, 8, 1), reason=WHY, actor=s.committee, now=NOON
    ),
    "a creation undone": lambda s: corrections.cancel_creation(action_id=s.mistake, actor=s.committee, now=NOON),
    "a point": lambda s: updates.post_update(
        action_id=s.action, statement=Statement(note=WHY), actor=s.committee, now=NOON
    ),
    "nothing new": lambda s: updates.confirm(action_id=s.action, actor=s.committee, now=NOON),
    "milestones": lambda s: updates.post_update(
        action_id=s.action, statement=Statement(added=(NewMilestone("Un jalon"),)), actor=s.committee, now=NOON
    ),
    "a round": lambda s: updates.post_round(
        statements={s.action: None}, expected={s.action: s.point}, actor=s.committee, now=NOON
    ),
    "a correction": lambda s: corrections.correct(
        update_id=s.point, statement=Statement(status=ActionStatus.DONE), actor=s.committee, now=NOON
    ),
    "a retraction": lambda s: corrections.retract(update_id=s.point, reason=WHY, actor=s.committee, now=NOON),
    "a study taken": lambda s: reviews.take(proposal_id=s.proposal, actor=s.committee, now=NOON),
    "an opinion": lambda s: reviews.write(
        proposal_id=s.studied, advice=ReviewAdvice.FAVOURABLE, text=WHY, actor=s.committee, now=NOON
    ),
    "a decision": lambda s: decisions.take(proposal_id=s.studied, answer=ANSWER, actor=s.committee, now=NOON),
    "a decision changed": lambda s: decisions.edit(
        decision_id=s.decision, answer=ANSWER, seen=seen(s), actor=s.committee, now=NOON
    ),
    "a decision forgotten": lambda s: decisions.discard(decision_id=s.decision, actor=s.committee, now=NOON),
    "decisions published": lambda s: decisions.publish(seen={s.decision: seen(s)}, actor=s.committee, now=NOON),
    "a condition met": lambda s: decisions.meet_condition(
        condition_id=s.condition, met_on=date(2026, 3, 9), actor=s.committee, now=NOON
    ),
    "a merge": lambda s: lineage.merge(proposal_id=s.proposal, into_number=s.target, actor=s.committee, now=NOON),
    "a merge undone": lambda s: lineage.undo_merge(proposal_id=s.merged, actor=s.committee, now=NOON),
    "a draft": lambda s: proposals.save_draft(key=s.draft, campaign_id=s.campaign, text=IDEA, actor=s.agent, now=NOON),
    "a withdrawal": lambda s: proposals.withdraw(proposal_id=s.proposal, actor=s.agent, now=NOON),
    "a name shown": lambda s: proposals.choose_name(proposal_id=s.hidden, sealed=False, actor=s.agent, now=NOON),
    "a publication": lambda s: proposals.publish(proposal_id=s.sent, actor=s.committee, now=NOON),
    "a return": lambda s: proposals.send_back(proposal_id=s.sent, reason=WHY, actor=s.committee, now=NOON),
    "a wish to be told": lambda s: proposals.follow(proposal_id=s.proposal, actor=s.agent, now=NOON),
    "a meeting": lambda s: meetings.create(programme_id=s.project, meeting=MEETING, actor=s.committee, now=NOON),
    "minutes": lambda s: meetings.edit(meeting_id=s.meeting, meeting=MEETING, actor=s.committee, now=NOON),
    "a letter": lambda s: letters.build(s.project, NEXT_QUARTER, actor=s.committee, now=NOON),
    "a letter composed again": lambda s: letters.build(s.project, QUARTER, actor=s.committee, now=NOON),
    "an editorial": lambda s: letters.write_editorial(letter(s), WHY, actor=s.committee, now=NOON),
    "a passage": lambda s: letters.add_block(letter(s), title="À savoir", text=WHY, actor=s.committee, now=NOON),
    "a passage hidden": lambda s: letters.set_hidden(letter(s), "editorial", True, actor=s.committee, now=NOON),
    "a passage moved": lambda s: letters.move_block(letter(s), "editorial", 1, actor=s.committee, now=NOON),
    "a proofreading": lambda s: letters.ask_proofreading(letter(s), [s.agent.id], actor=s.committee, now=NOON),
    "a remark": lambda s: letters.leave_remark(letter(s), WHY, actor=s.reader, now=NOON),
    "who may read a letter": lambda s: letters.set_public(letters.locked(s.letter), True, actor=s.committee, now=NOON),
    "a consultation": lambda s: consultations.create(
        programme_id=s.project, campaign=CampaignInput("Une consultation de trop"), actor=s.admin, now=NOON
    ),
    "a consultation changed": lambda s: consultations.edit(
        campaign_id=s.empty, campaign=CampaignInput("Un autre titre"), actor=s.admin, now=NOON
    ),
    "a consultation removed": lambda s: consultations.remove(campaign_id=s.empty, actor=s.admin, now=NOON),
    "themes": lambda s: lists.add(THEMES, ["Un thème de trop"], programme_id=s.project, actor=s.admin, now=NOON),
    "a theme": lambda s: lists.edit(THEMES, row_id=s.theme, line=LineInput("Autre"), actor=s.admin, now=NOON),
    "a theme removed": lambda s: lists.remove(THEMES, row_id=s.theme, actor=s.admin, now=NOON),
    "groups": lambda s: lists.add(GROUPS, ["Un groupe de trop"], programme_id=s.project, actor=s.admin, now=NOON),
    "a group": lambda s: lists.edit(GROUPS, row_id=s.group, line=LineInput("Autre"), actor=s.admin, now=NOON),
    "the project": lambda s: projects.edit(
        project_id=s.project, project=ProjectInput("Un autre titre", *DAYS), actor=s.admin, now=NOON
    ),
    "actions from a file": lambda s: brings(s, "actions", HEADER, DONE_ROW, ACTION_MAP + CREATE),
    "proposals from a file": lambda s: brings(s, "proposals", PROPOSAL_HEADER, PROPOSAL_ROWS[0], PROPOSAL_MAP),
}


def seen(s: SimpleNamespace) -> str:
    return queries.by_ids([s.decision])[0].digest


def rows() -> str:
    """Everything that the database holds, revisions of caches included."""
    end_transaction(commit=False)
    return "\n".join(databases.rows())


def told(act: Act, scene: SimpleNamespace) -> str:
    """What a person reads when it is refused, "" when it is not; nothing of it is kept."""
    begin_write()
    try:
        act(scene)
        db.session.flush()
    except TrackerError as refusal:
        return refusal.message
    finally:
        end_transaction(commit=False)
    return ""


def test_once_a_project_is_closed_nobody_writes_in_it(scene: SimpleNamespace, writing: Any) -> None:
    refused = {name: said for name, act in ACTS.items() if (said := told(act, scene))}
    assert not refused, "what an open project refuses proves nothing of a closed one"
    with writing():
        db.session.get_one(Programme, scene.project).closed_at = NOON
    before = rows()
    wrong = {name: said for name, act in ACTS.items() if (said := told(act, scene)) != history.closed().message}
    assert not wrong
    assert rows() == before


WRITES = "main form:not(.button-form) button[type=submit]"
FORMS = (
    "/actions/nouvelle", "/actions/{action_number}/modifier", "/actions/{action_number}/point",
    "/actions/{action_number}/dates-de-depart", "/actions/{action_number}/points/{point}/corriger",
    "/actions/{action_number}/points/{point}/retirer", "/groupes/{group_slug}/tour", "/a-decider/publier",
    "/a-decider/{decided}", "/etudes/{decided}", "/moderation/{sent}", "/reunions/nouvelle",
    "/reunions/{meeting}/modifier", "/lettres/brouillons/2025-T2", "/lettres/brouillons/2025-T2/publier",
)  # fmt: skip
SETTINGS = (
    "/reglages/themes", "/reglages/themes/{theme}", "/reglages/groupes", "/reglages/groupes/{group}",
    "/reglages/consultations/{campaign}", "/reglages/projets/{project}",
)  # fmt: skip
OWN = ("/propositions/brouillons/{draft}",)


def test_nobody_is_let_type_for_nothing(scene: SimpleNamespace, client: CheckedClient, writing: Any) -> None:
    """Where a form would stand, its page says that the project is closed, and shows none."""
    manager, writer, author, _reader = (
        db.session.scalars(select(User).where(User.login == login)).one() for login in scene.logins
    )
    new = ("/reglages/consultations/nouvelle",)
    places = [(writer, FORMS, 422), (manager, new, 422), (manager, SETTINGS, 200), (author, OWN, 200)]
    for person, paths, _status in places:
        client.login(person)
        for path in paths:
            page = client.get(path.format(**vars(scene)))
            assert page.select(WRITES), f"{path} has no form: it proves nothing"
    with writing():
        db.session.get_one(Programme, scene.project).closed_at = NOON
    for person, paths, status in places:
        client.login(person)
        for path in paths:
            page = client.get(path.format(**vars(scene)), expected=status)
            assert "rien n'y change plus" in page.text or "ne change plus" in page, path
            assert not page.select(WRITES), path
