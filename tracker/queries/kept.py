"""What is the same for every reader, made once and kept by this process until the data moves.

A key holds the revisions that its value was read at; every committed write but a vote raises one (design 4.12). Hence
nothing personal, and nothing that a vote moves, may be kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

from flask import current_app

from tracker.extensions import is_writing

T = TypeVar("T")


def database() -> str:
    """Which database a key speaks of: one process may serve several, one after the other."""
    return str(current_app.config["SQLALCHEMY_DATABASE_URI"])


_all: list[Kept[Any]] = []


class Kept(Generic[T]):
    """A bounded store: the least recently used values leave first."""

    def __init__(self, most: int, weigh: Callable[[T], int] = lambda _value: 1) -> None:
        """Keep values that weigh `most` together; each weighs 1 unless `weigh` says otherwise."""
        self._most, self._weigh = most, weigh
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._weight = 0
        self._lock = Lock()
        _all.append(self)

    def __len__(self) -> int:
        return len(self._values)

    def find(self, key: Hashable) -> T | None:
        """The value kept under `key`; None when there is none.

        A request that writes sees rows that no revision tells of yet: nothing is found for it, nor kept from it.
        """
        if is_writing():
            return None
        with self._lock:
            found = self._values.get(key)
            if found is not None:
                self._values.move_to_end(key)
        return found

    def put(self, key: Hashable, value: T) -> None:
        """Keep `value`, unless it alone would drive out most of the others."""
        if is_writing() or self._weigh(value) > max(1, self._most // 4):
            return
        with self._lock:
            if key not in self._values:
                self._values[key] = value
                self._weight += self._weigh(value)
            while self._weight > self._most:
                _, oldest = self._values.popitem(last=False)
                self._weight -= self._weigh(oldest)

    def replace(self, key: Hashable, value: T) -> None:
        """Keep `value` in place of what was kept under `key`."""
        if not is_writing():
            with self._lock:
                if key in self._values:
                    self._weight -= self._weigh(self._values.pop(key))
        self.put(key, value)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value kept under `key`, else the one made now."""
        found = self.find(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found

    def keys(self) -> frozenset[Hashable]:
        with self._lock:
            return frozenset(self._values)

    def clear(self, but: frozenset[Hashable] = frozenset()) -> None:
        with self._lock:
            for key in [key for key in self._values if key not in but]:
                self._weight -= self._weigh(self._values.pop(key))


Held = dict[Kept[Any], frozenset[Hashable]]


def held() -> Held:
    """What this process keeps just now."""
    return {store: store.keys() for store in _all}


def forget(*, but: Held | None = None) -> None:
    """Drop all that this process keeps, `but` what it held then; for tests, which change rows without raising
    revisions, or take rows and revisions back to what they were.
    """
    for store in _all:
        store.clear((but or {}).get(store, frozenset()))
