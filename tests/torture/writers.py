"""People who write one thing after another, and remember which of them were acknowledged.

What each writes is told by a number: the first n deeds of a person leave the database in one known state. A look at the
database must find the state after some n: at least the deeds acknowledged by then, at most those begun.
"""

from __future__ import annotations

import random
import re
import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.servers import Cut, Node, Person
from tracker.enums import ActionStatus, PhaseKind, ProposalState, Role, UpdateKind
from tracker.extensions import db, end_transaction, write_transaction
from tracker.forms.proposals import SHOWN
from tracker.letters.compose import EDITORIAL
from tracker.letters.quarters import Quarter
from tracker.models import Action, ActionUpdate, Authorship, Event, Letter, LetterBlock, Proposal, Vote
from tracker.queries import people
from tracker.services import letters, proposals, votes

PROPOSALS = 5
REFUSED = (400, 401, 403, 404, 500)  # nobody who writes here should ever be told so


@dataclass(slots=True)
class Deed:
    """One write: what it was, when it was sent, and when it was answered."""

    what: Any
    begun: float
    done: float | None = None


class Writer(ABC):
    """Somebody with a browser."""

    verbs: tuple[str, ...] = ()  # of the events that each deed leaves, one of each

    def __init__(self, person: Person) -> None:
        self.person = person
        self.deeds: list[Deed] = []

    @abstractmethod
    def next(self, node: Node, chance: random.Random) -> Any:
        """What to write now, as a page shows it; None when there is nothing."""

    @abstractmethod
    def send(self, node: Node, what: Any) -> int:
        """Write it; the status of the answer. The same may be sent again."""

    @abstractmethod
    def left(self, done: Sequence[Any]) -> Any:
        """What these deeds leave in the database."""

    @abstractmethod
    def found(self) -> Any:
        """What of it is in the database of the application at hand."""

    def act(self, node: Node, chance: random.Random) -> None:
        """One deed; raises Cut when nobody knows whether it was kept."""
        what = self.next(node, chance)
        if what is None:
            time.sleep(0.02)
            return
        deed = Deed(what, time.monotonic())
        self.deeds.append(deed)
        status = self.send(node, what)
        assert status not in REFUSED, f"{type(self).__name__}: {status} for {what}"
        if status < 400:
            deed.done = time.monotonic()
        else:  # told that nothing was kept
            self.deeds.remove(deed)

    def kept(self, since: float, until: float) -> int:
        """How many deeds the database holds: all acknowledged by `since`, none begun after `until`, or this fails."""
        least = sum(deed.done is not None and deed.done < since for deed in self.deeds)
        most = sum(deed.begun <= until for deed in self.deeds)
        found = self.found()
        for count in range(most, least - 1, -1):
            if found == self.left([deed.what for deed in self.deeds[:count]]):
                return count
        expected = [self.left([deed.what for deed in self.deeds[:count]]) for count in range(least, most + 1)]
        raise AssertionError(f"{type(self).__name__} left {found}, one of these was expected: {expected}")

    @property
    def unknown(self) -> Deed | None:
        """The deed whose answer never came."""
        return self.deeds[-1] if self.deeds and self.deeds[-1].done is None else None

    def send_again(self, node: Node) -> None:
        """As a browser does when no answer came."""
        deed = self.unknown
        if deed is not None:
            status = self.send(node, deed.what)
            assert status < 400, f"{type(self).__name__}: {status} for {deed.what}, sent again"
            deed.done = time.monotonic()


class Voter(Writer):
    """Supports proposals, and takes supports back."""

    def __init__(self, person: Person, login: str, numbers: dict[int, int]) -> None:
        super().__init__(person)
        self.login, self.numbers = login, numbers  # ids by number

    def next(self, node: Node, chance: random.Random) -> Any:
        return chance.choice(list(self.numbers)), chance.random() < 0.6

    def send(self, node: Node, what: Any) -> int:
        number, gives = what
        return self.person.post(node, f"/propositions/{number}/{'soutien' if gives else 'retrait-soutien'}").status

    def left(self, done: Sequence[Any]) -> Any:
        last = dict(done)
        return {self.numbers[number] for number, gives in last.items() if gives}

    def found(self) -> Any:
        actor = people.actor_by_login(self.login, now=datetime.now(UTC))
        assert actor is not None
        return set(votes.supported_by(actor=actor))


class Pilot(Writer):
    """Says where an action is, over and over."""

    verbs = ("action:post",)

    def __init__(self, person: Person, action: Action) -> None:
        super().__init__(person)
        self.action_id, self.number = action.id, action.number

    def next(self, node: Node, chance: random.Random) -> Any:
        page = self.person.get(node, f"/actions/{self.number}/point")
        assert page.status == 200, page.text[-2000:]
        token = re.search(r'name="token"[^>]*value="(\d+)"', page.text)
        assert token, page.text
        return token[1], f"Point {len(self.deeds)} : {secrets.token_hex(8)}."

    def send(self, node: Node, what: Any) -> int:
        token, note = what
        fields = {"status": "in_progress", "health": "sun", "note": note, "token": token}
        return self.person.post(node, f"/actions/{self.number}/point", fields).status

    def left(self, done: Sequence[Any]) -> Any:
        return [note for _token, note in done]

    def found(self) -> Any:
        row = ActionUpdate
        asked = select(row.note).where(row.action_id == self.action_id, row.kind == UpdateKind.STATEMENT)
        return list(db.session.scalars(asked.order_by(row.id)))


class Author(Writer):
    """Sends proposals."""

    verbs = ("proposal:draft", "proposal:submit")

    def __init__(self, person: Person, user_id: int) -> None:
        super().__init__(person)
        self.user_id = user_id

    def next(self, node: Node, chance: random.Random) -> Any:
        return proposals.new_key(), f"Idée {len(self.deeds)} : {secrets.token_hex(8)}"

    def send(self, node: Node, what: Any) -> int:
        key, title = what
        fields = {"key": key, "title": title, "body": f"{title}, en quelques mots.", "name": SHOWN, "geste": "envoyer"}
        return self.person.post(node, "/propositions/nouvelle", fields).status

    def left(self, done: Sequence[Any]) -> Any:
        return [title for _key, title in done]

    def found(self) -> Any:
        asked = select(Proposal.title).join(Authorship, Authorship.proposal_id == Proposal.id)
        sent = asked.where(Authorship.user_id == self.user_id, Proposal.state != ProposalState.DRAFT)
        return list(db.session.scalars(sent.order_by(Proposal.id)))


class Moderator(Writer):
    """Publishes what was sent."""

    verbs = ("proposal:publish",)

    def next(self, node: Node, chance: random.Random) -> Any:
        page = self.person.get(node, "/moderation")
        assert page.status == 200, page.text[-2000:]
        waiting = re.findall(r'href="/moderation/(\d+)"', page.text)
        return int(waiting[0]) if waiting else None

    def send(self, node: Node, what: Any) -> int:
        return self.person.post(node, f"/moderation/{what}/publication").status

    def left(self, done: Sequence[Any]) -> Any:
        return {key: PROPOSALS + place for place, key in enumerate(done, 1)}

    def found(self) -> Any:
        """Numbers follow one another: none was taken for nothing."""
        asked = select(Proposal.id, Proposal.number).where(Proposal.number > PROPOSALS)
        return dict(db.session.execute(asked).all())


class Editor(Writer):
    """Writes the editorial of a letter again and again."""

    verbs = ("letter:write",)

    def __init__(self, person: Person, letter: Letter) -> None:
        super().__init__(person)
        self.letter_id, self.revision = letter.id, letter.revision
        self.path = f"/lettres/brouillons/{letter.quarter}"

    def next(self, node: Node, chance: random.Random) -> Any:
        page = self.person.get(node, self.path)
        assert page.status == 200, page.text[-2000:]
        names = ("revision", "seen")
        shown = [re.search(rf'name="{EDITORIAL}-{name}"[^>]*value="([^"]*)"', page.text) for name in names]
        assert all(shown), page.text
        hidden = {f"{EDITORIAL}-{name}": one[1] for name, one in zip(names, shown, strict=True) if one}
        return hidden, f"Éditorial {len(self.deeds)} : {secrets.token_hex(8)}."

    def send(self, node: Node, what: Any) -> int:
        hidden, text = what
        fields = {**hidden, "act": "write", f"{EDITORIAL}-text": text}
        return self.person.post(node, f"{self.path}/blocs/{EDITORIAL}", fields).status

    def left(self, done: Sequence[Any]) -> Any:
        return done[-1][1] if done else None, self.revision + len(done)

    def found(self) -> Any:
        block = LetterBlock.edited_text
        text = db.session.scalar(
            select(block).where(LetterBlock.letter_id == self.letter_id, LetterBlock.key == EDITORIAL)
        )
        return text, db.session.scalar(select(Letter.revision).where(Letter.id == self.letter_id))


# --- All of them -----------------------------------------------------------------------------------------------------


def settle(app: Flask, *, voters: int = 5, pilots: int = 2, authors: int = 2) -> list[Writer]:
    """A town where a consultation takes proposals and supports, actions go on and a letter is being written."""
    today = datetime.now(UTC).date()
    with write_transaction():
        project = factories.programme(starts_on=today - timedelta(400), ends_on=today + timedelta(400))
        group = factories.group(project)
        campaign = factories.campaign(project, (PhaseKind.PROPOSING, today - timedelta(9), today + timedelta(9)))
        before = today - timedelta(7)
        listed = [factories.proposal(project, campaign_id=campaign.id, sent_on=before) for _ in range(PROPOSALS)]
        numbers = {one.number or 0: one.id for one in listed}
        plan = (before, today + timedelta(90))
        agents = [factories.user(programme=project) for _ in range(voters + pilots + authors)]
        moderator, editor = (factories.user(role, programme=project) for role in (Role.MODERATOR, Role.EDITOR))
        factories.user(Role.ADMIN, password_hash="unknown")  # without whom `flask check` finds an error
        steered = [
            factories.action(
                project, group_id=group.id, pilot_id=user.id, opened_on=before, planned=plan,
                status=ActionStatus.IN_PROGRESS,
            )
            for user in agents[:pilots]
        ]  # fmt: skip
        ids = {user.login: user.id for user in agents}
        actor = people.actor_by_login(editor.login, now=datetime.now(UTC))
        letter = letters.build(project.id, str(Quarter.of(today)), actor=actor, now=datetime.now(UTC))
    browsers = {login: Person(app, user) for (login, _), user in zip(ids.items(), agents, strict=True)}
    logins = list(ids)
    found: list[Writer] = [
        Pilot(browsers[login], action) for login, action in zip(logins[:pilots], steered, strict=True)
    ]
    found += [Author(browsers[login], ids[login]) for login in logins[pilots : pilots + authors]]
    found += [Voter(browsers[login], login, numbers) for login in logins[pilots + authors :]]
    found += [Moderator(Person(app, moderator)), Editor(Person(app, editor), letter)]
    end_transaction(commit=False)
    return found


@contextmanager
def writing(writers: Sequence[Writer], node: Node, chance: random.Random) -> Iterator[None]:
    """Meanwhile all write, each until this ends or a connection is cut; a writer who is refused fails the test."""
    over, failures = threading.Event(), []

    def work(writer: Writer, own: random.Random) -> None:
        try:
            while not over.is_set():
                writer.act(node, own)
        except Cut:
            return
        except BaseException as error:  # so that the test shows it
            failures.append(error)

    threads = [threading.Thread(target=work, args=(one, random.Random(chance.random()))) for one in writers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(timeout=60)
    assert not failures, failures


def whole(writers: Sequence[Writer], since: float, until: float) -> list[int]:
    """How many deeds of each the database holds; fails when it lacks one, or holds anything that none of them wrote."""
    counts = [writer.kept(since, until) for writer in writers]
    events: dict[str, int] = {}
    for writer, count in zip(writers, counts, strict=True):
        for verb in writer.verbs:
            events[verb] = events.get(verb, 0) + count
    asked = select(Event.verb, func.count()).where(Event.verb.in_(events)).group_by(Event.verb)
    assert dict(db.session.execute(asked).all()) == {verb: count for verb, count in events.items() if count}
    supports = sum(len(writer.found()) for writer in writers if isinstance(writer, Voter))
    assert db.session.scalar(select(func.count()).select_from(Vote)) == supports
    sent = sum(len(writer.found()) for writer in writers if isinstance(writer, Author))
    assert db.session.scalar(select(func.count()).select_from(Proposal)) == PROPOSALS + sent
    end_transaction(commit=False)
    return counts
