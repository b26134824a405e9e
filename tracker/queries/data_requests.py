"""Requests about personal data: one's own, and all of them for who answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from tracker.enums import RequestKind, RequestState
from tracker.extensions import db
from tracker.models import DataRequest, User


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request, with who made it."""

    id: int
    kind: RequestKind
    text: str
    made_at: datetime
    received_on: date | None
    due_on: date
    state: RequestState
    answer: str
    handled_at: datetime | None
    user_id: int
    name: str
    login: str

    @property
    def is_open(self) -> bool:
        return self.state is RequestState.OPEN


_LINE: tuple[Any, ...] = (
    DataRequest.id, DataRequest.kind, DataRequest.text, DataRequest.made_at, DataRequest.received_on,
    DataRequest.due_on, DataRequest.state, DataRequest.answer, DataRequest.handled_at, User.id,
    User.first_name + " " + User.last_name, User.login,
)  # fmt: skip


def of_person(user_id: int) -> tuple[RequestLine, ...]:
    """The last first."""
    rows = db.session.execute(
        select(*_LINE)
        .join(User, User.id == DataRequest.user_id)
        .where(DataRequest.user_id == user_id)
        .order_by(DataRequest.id.desc())
        .limit(50)
    )
    return tuple(RequestLine(*row) for row in rows)


def listing() -> tuple[RequestLine, ...]:
    """Those that wait, the most urgent first; then the last answered."""
    rows = db.session.execute(
        select(*_LINE)
        .join(User, User.id == DataRequest.user_id)
        .order_by(
            (DataRequest.state == RequestState.OPEN).desc(),
            DataRequest.handled_at.desc(),
            DataRequest.due_on,
            DataRequest.id,
        )
        .limit(200)
    )
    return tuple(RequestLine(*row) for row in rows)


def one(request_id: int) -> RequestLine | None:
    row = db.session.execute(
        select(*_LINE).join(User, User.id == DataRequest.user_id).where(DataRequest.id == request_id)
    ).first()
    return None if row is None else RequestLine(*row)
