"""Ten of everything, and rich pages: what the count of statements stands on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests import factories as make
from tests.conftest import NOON
from tests.places import PROJECT, QUARTER
from tracker.enums import (
    ActionStatus,
    ConditionKind,
    LineageKind,
    Outcome,
    PhaseKind,
    ProposalState,
    RequestKind,
    ReviewAdvice,
    Role,
    TextKind,
)
from tracker.models import (
    Authorship,
    DataRequest,
    DecisionCondition,
    Department,
    Event,
    Follow,
    ProposalLineage,
    ProposalVersion,
    Redaction,
    Review,
    Site,
)
from tracker.queries.people import actor_by_login
from tracker.services import letters

TEN = 10
DAY = date(2026, 1, 12)
ROLE_OF = {
    "agent": (), "pilote": (Role.GROUP_LEAD,), "etude": (Role.REVIEWER,), "moderation": (Role.MODERATOR,),
    "copil": (Role.STEERING,), "redaction": (Role.EDITOR,), "admin": (Role.ADMIN,),
}  # fmt: skip


class Small:
    """Ten rows of each kind, ten children under each page that is opened; `fixed` are those that are not copied."""

    def __init__(self) -> None:
        self.project = make.programme(slug=PROJECT, is_principal=True)
        self.fixed: dict[str, set[int]] = {}
        self.group = make.group(self.project)
        self.people = {
            role: make.user(*granted, group=self.group, login=role, entity_id=self.project.entities[0].id)
            for role, granted in ROLE_OF.items()
        }
        self.others = [make.user(entity_id=self.project.entities[0].id) for _ in range(TEN)]
        for one in self.others:
            make.add(make.RoleGrant(user_id=one.id, role=Role.GROUP_MEMBER, group_id=self.group.id, starts_on=DAY))
        self.themes = [make.theme(self.project) for _ in range(TEN)]
        self.groups = [make.group(self.project) for _ in range(TEN + 1)]
        self.campaign = make.campaign(
            self.project, (PhaseKind.PROPOSING, date(2026, 3, 1), date(2026, 4, 1)),
            (PhaseKind.VOTING, date(2026, 4, 1), date(2026, 5, 1)),
        )  # fmt: skip
        self.places = [
            make.add(kind(slug=f"lieu-{n}", name=f"Lieu {n}")) for kind in (Site, Department) for n in range(TEN)
        ]
        self._proposals()
        self._meetings_and_answers()
        self._actions()
        self._trace()
        self._letters()
        self.fixed |= {
            "user": {one.id for one in self.people.values()},
            "working_group": {self.group.id, self.groups[0].id},
            "proposal": {one.id for one in (self.rich, self.open, self.mine, self.merged, self.waiting, self.decided)},
            "action": {self.action.id, self.other.id},
            "meeting": {self.meeting.id},
            "letter": {self.draft_id},
        }

    def _proposals(self) -> None:
        def one(state: ProposalState, **values: Any) -> Any:
            return make.proposal(
                self.project, state=state, campaign_id=self.campaign.id, theme_id=self.themes[0].id, **values
            )

        for state in ProposalState:
            for n in range(TEN):
                one(state, author=self.people["agent"] if n % 2 else self.others[n])
        self.open = one(ProposalState.PUBLISHED, author=self.others[0])
        self.mine = one(ProposalState.PUBLISHED, author=self.people["agent"])
        self.rich = one(ProposalState.RETAINED, author=self.others[0])
        self.merged = one(ProposalState.MERGED, author=self.others[0])
        self.waiting = one(ProposalState.SUBMITTED, author=self.others[0])
        self.decided = one(ProposalState.UNDER_REVIEW, author=self.others[0])
        self.draft = one(ProposalState.DRAFT, author=self.people["agent"])
        joined = [one(ProposalState.MERGED, author=self.others[1]) for _ in range(TEN)]
        for page in (self.rich, self.open, self.mine):
            for n in range(TEN):
                make.add(
                    Review(
                        proposal_id=page.id, reviewer_id=self.people["etude"].id, advice=ReviewAdvice.FAVOURABLE,
                        text="À faire sans attendre.", recorded_at=NOON, effective_on=DAY,
                    )
                )  # fmt: skip
                make.add(ProposalVersion(proposal_id=page.id, position=2 + n, title=page.title, body=f"Texte {n}.",
                                         recorded_at=NOON))  # fmt: skip
                if n:
                    make.add(Authorship(proposal_id=page.id, user_id=self.others[n].id, accepted_at=NOON))
        for one_joined in [*joined, self.merged]:
            make.add(ProposalLineage(from_id=one_joined.id, to_id=self.rich.id, kind=LineageKind.MERGED,
                                     recorded_at=NOON, effective_on=DAY))  # fmt: skip

    def _meetings_and_answers(self) -> None:
        self.meeting = make.meeting(self.project)
        for n in range(TEN):
            make.meeting(self.project, held_on=DAY - timedelta(days=n))
            make.meeting(self.project, held_on=date(2026, 6, 1) + timedelta(days=n))
        for n in range(TEN):
            for published in (True, False):
                answered = make.proposal(
                    self.project,
                    state=ProposalState.RETAINED if published else ProposalState.UNDER_REVIEW,
                    author=self.others[n],
                )
                self._answer(answered, published=published)
            self._answer(self.rich, published=True)
        self.waiting_decision = self._answer(self.decided, published=False)

    def _answer(self, proposal: Any, *, published: bool) -> Any:
        made = make.decision(
            proposal, outcome=Outcome.RETAINED, published=published, meeting_id=self.meeting.id,
            taken_on=self.meeting.held_on,
        )  # fmt: skip
        for met_on in (None, DAY + timedelta(days=70)):
            make.add(DecisionCondition(decision_id=made.id, kind=ConditionKind.CREDITS, label="Crédits", met_on=met_on))
        return made

    def _actions(self) -> None:
        steps = (("Premier pas", date(2026, 2, 1)), ("Second pas", date(2026, 5, 1)))

        def one(group: Any, **values: Any) -> Any:
            return make.action(
                self.project, group_id=group.id, theme_id=self.themes[0].id, milestones=steps,
                proposals=(self.rich,), **values,
            )  # fmt: skip

        self.action = one(self.group, pilot_id=self.people["pilote"].id)
        self.other = one(self.groups[0], pilot_id=self.others[0].id)
        for n in range(TEN):
            mine = one(self.group, pilot_id=self.people["pilote"].id)
            make.update(mine, DAY + timedelta(days=n), note="Cela avance.", author_id=self.others[n].id)
            done = one(self.groups[n])
            make.update(done, DAY + timedelta(days=n), status=ActionStatus.DONE, note="C'est fait.")
        for page in (self.action, self.other):
            for n in range(TEN):
                last = make.update(page, DAY + timedelta(days=n), note="Cela avance.", meeting_id=self.meeting.id,
                                   author_id=self.others[n].id, move_reason="Retard de livraison.")  # fmt: skip
        self.point, self.other_point = self.action.updates[-1].id, last.id

    def _trace(self) -> None:
        for n in range(TEN):
            make.add(Event(at=NOON, programme_id=self.project.id, actor_id=self.others[n].id, actor_label="Quelqu'un",
                           verb="action:edit", subject="action", subject_id=self.action.id, changes={}))  # fmt: skip
            make.add(Follow(proposal_id=self.rich.id, user_id=self.others[n].id, created_on=DAY))
            self.asked = make.add(
                DataRequest(user_id=self.others[n].id, kind=RequestKind.ERASURE, made_at=NOON, due_on=DAY)
            ).id
            self.withdrawn = make.add(
                Redaction(kind=TextKind.UPDATE, target_id=self.point, reason="Un nom y est.", asked_at=NOON,
                          asked_by_id=self.others[n].id)
            ).id  # fmt: skip

    def _letters(self) -> None:
        editor = actor_by_login("redaction", now=NOON)
        for quarter in ("2025-T3", "2025-T4"):
            made = letters.build(self.project.id, quarter, actor=editor, now=NOON)
            letters.write_editorial(made, "Bonjour à tous.", actor=editor, now=NOON)
            letters.ask_proofreading(made, [self.people["agent"].id], actor=editor, now=NOON)
            letters.approve(made, "La directrice générale", NOON.date(), actor=editor, now=NOON)
            letters.publish(made, actor=editor, now=NOON)
        self.letter = made.number
        draft = letters.build(self.project.id, QUARTER, actor=editor, now=NOON)
        letters.ask_proofreading(
            draft, [self.people["agent"].id, *(one.id for one in self.others)], actor=editor, now=NOON
        )
        self.draft_id = draft.id

    def objects(self) -> dict[str, Any]:
        """The names that the addresses of `places` use."""
        return {
            "led": self.action.number, "other": self.other.number, "led_point": self.point,
            "other_point": self.other_point, "led_group": self.group.slug, "other_group": self.groups[0].slug,
            "campaign": self.campaign.id, "meeting": self.meeting.id, "published": self.open.number,
            "retained": self.rich.number, "merged": self.merged.number, "submitted": self.waiting.id,
            "decided": self.decided.number, "mine": self.mine.number, "mine_key": self.mine.draft_key,
            "draft": self.draft.draft_key, "letter": self.letter, "decision": self.waiting_decision.id,
            "asked": self.asked, "withdrawn": self.withdrawn, "leaver": self.others[1].id, "project": self.project.id,
            "employer": self.project.entities[0].id, "department": self.places[-1].id, "site": self.places[0].id,
            "theme": self.themes[0].id, "group_id": self.group.id, "person": self.others[0].id,
        }  # fmt: skip
