"""Who may: the table of design 4.9, and the one question that everything asks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tracker.enums import Role
from tracker.errors import Forbidden
from tracker.models import WorkingGroup
from tracker.permissions import AGENT, AUTHOR, PILOT, ROLE_PERMISSIONS, Permission, can, require
from tracker.records import Actor, Grant

P = Permission


def actor(*grants: Grant, **values: Any) -> Actor:
    return Actor(**{"id": 1, "login": "a", "name": "A", "grants": grants, **values})


def thing(**values: Any) -> Any:
    return SimpleNamespace(**values)


EVERYBODY = {
    P.ACCOUNT_OWN, P.ACTION_VIEW, P.BOARD_VIEW, P.GROUP_VIEW, P.LETTER_PROOFREAD, P.LETTER_VIEW, P.MEETING_VIEW,
    P.PROPOSAL_CREATE, P.PROPOSAL_FOLLOW, P.PROPOSAL_SUPPORT, P.PROPOSAL_VIEW,
}  # fmt: skip
TABLE = {
    Role.GROUP_LEAD: {P.ACTION_CREATE, P.ACTION_EDIT, P.ACTION_POST, P.GROUP_ROUND, P.PRIVATE_NOTE_READ},
    Role.GROUP_MEMBER: set(),
    Role.REVIEWER: {P.PROPOSAL_REVIEW},
    Role.MODERATOR: {P.PROPOSAL_MODERATE, P.PROPOSAL_TRANSCRIBE, P.REDACTION_AGREE, P.REDACTION_ASK, P.REDACTION_VIEW},
    Role.EDITOR: {P.LETTER_EDIT, P.LETTER_PUBLISH, P.MEETING_EDIT},
    Role.STEERING: {
        P.ACTION_CREATE, P.ACTION_EDIT, P.ACTION_POST, P.BASELINE_CHANGE, P.DECISION_PREPARE, P.DECISION_PUBLISH,
        P.DECISION_TAKE, P.GROUP_ROUND, P.MEETING_EDIT, P.PRIVATE_NOTE_READ, P.REDACTION_AGREE, P.REDACTION_VIEW,
    },
    Role.ADMIN: {
        P.ARCHIVE_MAKE, P.CODE_PRINT, P.PERSON_EDIT, P.PERSON_ERASE, P.REDACTION_ASK, P.REDACTION_VIEW, P.SETTINGS_EDIT,
        P.SETTINGS_VIEW,
    },
    Role.RELAY: {P.CODE_PRINT, P.PROPOSAL_TRANSCRIBE},
}  # fmt: skip
ON_ONE_S_OWN = AUTHOR | PILOT


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize("permission", list(Permission))
def test_each_role_may_exactly_what_the_table_says(role: Role | None, permission: Permission) -> None:
    grants = (Grant(role, None, 7 if role in {Role.GROUP_LEAD, Role.GROUP_MEMBER} else None),) if role else ()
    person = actor(*grants)
    allowed = permission in EVERYBODY or (role is not None and permission in TABLE[role])
    somebody_else_s = thing(programme_id=3, group_id=7, pilot_id=2, authorships=(thing(user_id=2),))
    assert can(person, permission, somebody_else_s) is allowed
    assert can(person, permission) is (allowed or permission in ON_ONE_S_OWN)


def test_every_permission_is_given_to_somebody_and_named_noun_action_in_order() -> None:
    given = AGENT | AUTHOR | PILOT | frozenset().union(*ROLE_PERMISSIONS.values())
    assert given == set(Permission)
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert [p.value for p in Permission] == sorted(p.value for p in Permission)
    for permission in Permission:
        noun, act = permission.value.split(":")
        assert permission.name == f"{noun}_{act}".upper()


def test_the_manager_of_the_tool_decides_nothing_and_reads_no_private_note() -> None:
    admin = actor(Grant(Role.ADMIN))
    obj = thing(programme_id=1, group_id=1, pilot_id=2, authorships=())
    for permission in (P.DECISION_TAKE, P.DECISION_PUBLISH, P.PROPOSAL_MODERATE, P.PRIVATE_NOTE_READ, P.LETTER_PUBLISH):
        assert not can(admin, permission, obj)


@pytest.mark.parametrize(
    "nobody", [None, object(), actor(Grant(Role.STEERING), is_active=False)], ids=["none", "visitor", "inactive"]
)
def test_visitors_and_inactive_people_may_nothing(nobody: Any) -> None:
    assert not any(can(nobody, permission) for permission in Permission)
    with pytest.raises(Forbidden):
        require(nobody, P.PROPOSAL_VIEW)


def test_authors_edit_and_withdraw_their_own_alone() -> None:
    mine, theirs = thing(authorships=(thing(user_id=2), thing(user_id=1))), thing(authorships=(thing(user_id=2),))
    for permission in AUTHOR:
        assert can(actor(), permission, mine)
        assert not can(actor(Grant(Role.ADMIN), Grant(Role.MODERATOR), Grant(Role.STEERING)), permission, theirs)
        assert not can(actor(), permission, thing(authorships=(thing(user_id=None),)))


def test_a_pilote_posts_on_the_action_at_hand_alone() -> None:
    assert can(actor(), P.ACTION_POST, thing(pilot_id=1, programme_id=1, group_id=1))
    assert not can(actor(), P.ACTION_POST, thing(pilot_id=2, programme_id=1, group_id=1))
    assert not can(actor(), P.ACTION_POST, thing(pilot_id=None, programme_id=1, group_id=1)), "sans pilote is a state"
    assert not can(actor(), P.ACTION_EDIT, thing(pilot_id=1, programme_id=1, group_id=1))


def test_a_role_in_one_project_says_nothing_in_another() -> None:
    person = actor(Grant(Role.STEERING, programme_id=1))
    assert can(person, P.DECISION_TAKE, thing(programme_id=1))
    assert not can(person, P.DECISION_TAKE, thing(programme_id=2))
    assert can(actor(Grant(Role.STEERING)), P.DECISION_TAKE, thing(programme_id=2)), "without project: everywhere"
    assert can(person, P.DECISION_TAKE), "there is one where it may: menus show it"


def test_a_lead_leads_the_group_and_its_actions_alone() -> None:
    person = actor(Grant(Role.GROUP_LEAD, group_id=7))
    assert can(person, P.GROUP_ROUND, WorkingGroup(id=7, programme_id=1))
    assert not can(person, P.GROUP_ROUND, WorkingGroup(id=8, programme_id=1))
    assert can(person, P.ACTION_POST, thing(programme_id=1, group_id=7, pilot_id=None))
    assert not can(person, P.ACTION_POST, thing(programme_id=1, group_id=8, pilot_id=None))
    assert not can(person, P.ACTION_POST, thing(programme_id=1, group_id=None, pilot_id=None))


def test_require_says_that_it_is_not_allowed() -> None:
    with pytest.raises(Forbidden, match="pas le droit"):
        require(actor(), P.DECISION_TAKE, thing(programme_id=1))
    require(actor(), P.PROPOSAL_VIEW)


def test_the_help_page_has_words_for_every_permission() -> None:
    from tracker.views.help_pages import _acts

    assert set(_acts()) == set(Permission)
    assert len(set(_acts().values())) == len(Permission)


def test_a_grant_for_one_project_does_not_reach_what_tells_no_project() -> None:
    steering = actor(Grant(Role.STEERING, 7))
    for silent in (thing(), thing(programme_id=None), thing(group_id=1)):
        assert not can(steering, P.DECISION_TAKE, silent)
    assert can(steering, P.DECISION_TAKE, thing(programme_id=7))
    assert can(actor(Grant(Role.STEERING)), P.DECISION_TAKE, thing()), "a grant for every project reaches it"
