"""Who may: one list of permissions, one table role → permissions, one pure question (design 4.9)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from flask_babel import gettext

from tracker.enums import Role
from tracker.errors import Forbidden
from tracker.models import WorkingGroup
from tracker.records import Actor, Grant


class Permission(StrEnum):
    """`noun:action`, alphabetical."""

    ACCOUNT_OWN = "account:own"
    ACTION_CREATE = "action:create"
    ACTION_EDIT = "action:edit"
    ACTION_POST = "action:post"
    ACTION_VIEW = "action:view"
    ARCHIVE_MAKE = "archive:make"
    BASELINE_CHANGE = "baseline:change"
    BOARD_VIEW = "board:view"
    CODE_PRINT = "code:print"
    DECISION_PREPARE = "decision:prepare"
    DECISION_PUBLISH = "decision:publish"
    DECISION_TAKE = "decision:take"
    GROUP_ROUND = "group:round"
    GROUP_VIEW = "group:view"
    LETTER_EDIT = "letter:edit"
    LETTER_PROOFREAD = "letter:proofread"
    LETTER_PUBLISH = "letter:publish"
    LETTER_VIEW = "letter:view"
    MEETING_EDIT = "meeting:edit"
    MEETING_VIEW = "meeting:view"
    PERSON_EDIT = "person:edit"
    PERSON_ERASE = "person:erase"
    PRIVATE_NOTE_READ = "private_note:read"
    PROPOSAL_CREATE = "proposal:create"
    PROPOSAL_EDIT = "proposal:edit"
    PROPOSAL_FOLLOW = "proposal:follow"
    PROPOSAL_MODERATE = "proposal:moderate"
    PROPOSAL_REVIEW = "proposal:review"
    PROPOSAL_SUPPORT = "proposal:support"
    PROPOSAL_TRANSCRIBE = "proposal:transcribe"
    PROPOSAL_VIEW = "proposal:view"
    PROPOSAL_WITHDRAW = "proposal:withdraw"
    REDACTION_AGREE = "redaction:agree"
    REDACTION_ASK = "redaction:ask"
    REDACTION_VIEW = "redaction:view"
    SETTINGS_EDIT = "settings:edit"
    SETTINGS_VIEW = "settings:view"


P = Permission

# every logged-in person
AGENT: frozenset[Permission] = frozenset(
    {
        P.ACCOUNT_OWN,
        P.ACTION_VIEW,
        P.BOARD_VIEW,
        P.GROUP_VIEW,
        P.LETTER_PROOFREAD,
        P.LETTER_VIEW,
        P.MEETING_VIEW,
        P.PROPOSAL_CREATE,
        P.PROPOSAL_FOLLOW,
        P.PROPOSAL_SUPPORT,
        P.PROPOSAL_VIEW,
    }
)
# the author of the proposal at hand
AUTHOR: frozenset[Permission] = frozenset({P.PROPOSAL_EDIT, P.PROPOSAL_WITHDRAW})
# the pilote of the action at hand
PILOT: frozenset[Permission] = frozenset({P.ACTION_POST, P.PRIVATE_NOTE_READ})

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.GROUP_LEAD: frozenset({P.ACTION_CREATE, P.ACTION_EDIT, P.ACTION_POST, P.GROUP_ROUND, P.PRIVATE_NOTE_READ}),
    Role.GROUP_MEMBER: frozenset(),
    Role.REVIEWER: frozenset({P.PROPOSAL_REVIEW}),
    Role.MODERATOR: frozenset(
        {P.PROPOSAL_MODERATE, P.PROPOSAL_TRANSCRIBE, P.REDACTION_AGREE, P.REDACTION_ASK, P.REDACTION_VIEW}
    ),
    Role.EDITOR: frozenset({P.LETTER_EDIT, P.LETTER_PUBLISH, P.MEETING_EDIT}),
    Role.STEERING: frozenset(
        {
            P.ACTION_CREATE,
            P.ACTION_EDIT,
            P.ACTION_POST,
            P.BASELINE_CHANGE,
            P.DECISION_PREPARE,
            P.DECISION_PUBLISH,
            P.DECISION_TAKE,
            P.GROUP_ROUND,
            P.MEETING_EDIT,
            P.PRIVATE_NOTE_READ,
            P.REDACTION_AGREE,
            P.REDACTION_VIEW,
        }
    ),
    Role.ADMIN: frozenset(
        {
            P.ARCHIVE_MAKE,
            P.CODE_PRINT,
            P.PERSON_EDIT,
            P.PERSON_ERASE,
            P.REDACTION_ASK,
            P.REDACTION_VIEW,
            P.SETTINGS_EDIT,
            P.SETTINGS_VIEW,
        }
    ),
    Role.RELAY: frozenset({P.CODE_PRINT, P.PROPOSAL_TRANSCRIBE}),
}


def _covers(grant: Grant, obj: Any) -> bool:
    """Whether a grant reaches an object: its project, its group for group roles, its site for a relais."""
    if obj is None:
        return True
    # what says nothing of its project is reached by nobody's grant for one project
    if grant.programme_id is not None and grant.programme_id != getattr(obj, "programme_id", None):
        return False
    if grant.site_id is not None:
        return bool(grant.site_id == getattr(obj, "site_id", None))
    if grant.group_id is None:
        return True
    group_id = obj.id if isinstance(obj, WorkingGroup) else getattr(obj, "group_id", None)
    return bool(grant.group_id == group_id)


def _is_author(user: Actor, obj: Any) -> bool:
    return any(a.user_id == user.id for a in getattr(obj, "authorships", ()))


def can(user: Any, permission: Permission, obj: Any = None) -> bool:
    """Whether `user` may do `permission`, on `obj` when given.

    Without object: whether there may be one they could do it on (menus, entry of a view).
    Anonymous visitors may nothing.
    """
    if not isinstance(user, Actor) or not user.is_active:
        return False
    if permission in AGENT:
        return True
    if permission in AUTHOR and (obj is None or _is_author(user, obj)):
        return True
    if permission in PILOT and (obj is None or getattr(obj, "pilot_id", None) == user.id):
        return True
    return any(permission in ROLE_PERMISSIONS[g.role] and _covers(g, obj) for g in user.grants)


def can_within(user: Any, permission: Permission, programme_id: int) -> bool:
    """Whether `user` may do `permission` somewhere in a project: in the whole of it, or in one of its groups."""
    return isinstance(user, Actor) and any(
        permission in ROLE_PERMISSIONS[grant.role] and grant.programme_id in {None, programme_id}
        for grant in user.grants
    )


def sites_of(user: Actor, permission: Permission) -> frozenset[int] | None:
    """The sites in which `user` may do `permission`; None when everywhere."""
    sites = {grant.site_id for grant in user.grants if permission in ROLE_PERMISSIONS[grant.role]}
    return None if None in sites else frozenset(site for site in sites if site is not None)


def require(user: Any, permission: Permission, obj: Any = None) -> None:
    """Raise Forbidden unless `can`."""
    if not can(user, permission, obj):
        raise Forbidden(gettext("Vous n'avez pas le droit de faire cela ici."))
