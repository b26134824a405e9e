"""What is the same for every reader, made once and kept by this process until the data moves.

A key holds the revisions that its value was read at; every committed write but a vote raises one (design 4.12). Hence
nothing personal, and nothing that a vote moves, may be kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from threading import Lock, RLock
from typing import Any, Generic, TypeVar

from flask import current_app

from tracker.extensions import is_writing

T = TypeVar("T")
REMEMBERED = 200  # keys of values that left


def database() -> str:
    """Which database a key speaks of: one process may serve several, one after the other."""
    return str(current_app.config["SQLALCHEMY_DATABASE_URI"])


_all: list[Kept[Any]] = []


class _Turn:
    """Of those who want to make one value. A value that asked for itself would fail by its depth, not wait for ever."""

    def __init__(self) -> None:
        self.lock, self.wanted = RLock(), 0


class _Shelf(Generic[T]):
    """Values by the time they were last asked for, and what they weigh together."""

    def __init__(self, weigh: Callable[[T], int]) -> None:
        self.values: OrderedDict[Hashable, T] = OrderedDict()
        self.weight, self._weigh = 0, weigh

    def put(self, key: Hashable, value: T) -> None:
        self.values[key] = value
        self.weight += self._weigh(value)

    def take(self, key: Hashable) -> T:
        value = self.values.pop(key)
        self.weight -= self._weigh(value)
        return value


class Kept(Generic[T]):
    """A bounded store, of two shelves: what was asked for once, and what was asked for again.

    What is asked for once, as the board of each day in turn is, does not drive out what is read: it leaves first, until
    it is but a quarter of the whole. On each shelf the least recently used leaves first. A value made anew soon after
    it left stands among those asked for again, so that they give way to what is read now.
    """

    def __init__(self, most: int, weigh: Callable[[T], int] = lambda _value: 1) -> None:
        """Keep values that weigh `most` together; each weighs 1 unless `weigh` says otherwise."""
        self._most, self._weigh = most, weigh
        self._once: _Shelf[T] = _Shelf(weigh)
        self._again: _Shelf[T] = _Shelf(weigh)
        self._gone: OrderedDict[Hashable, None] = OrderedDict()  # what left the first shelf last
        self._lock = Lock()
        self._turns: dict[Hashable, _Turn] = {}
        _all.append(self)

    def __len__(self) -> int:
        return len(self._once.values) + len(self._again.values)

    @property
    def weight(self) -> int:
        return self._once.weight + self._again.weight

    def find(self, key: Hashable) -> T | None:
        """The value kept under `key`; None when there is none.

        A request that writes sees rows that no revision tells of yet: nothing is found for it, nor kept from it.
        """
        if is_writing():
            return None
        with self._lock:
            if key in self._again.values:
                self._again.values.move_to_end(key)
                return self._again.values[key]
            if key not in self._once.values:
                return None
            found = self._once.take(key)
            self._again.put(key, found)
        return found

    def put(self, key: Hashable, value: T) -> None:
        """Keep `value`, unless it alone would drive out most of the others."""
        if is_writing() or self._weigh(value) > max(1, self._most // 4):
            return
        with self._lock:
            if key not in self._once.values and key not in self._again.values:
                shelf = self._again if key in self._gone else self._once
                shelf.put(key, value)
                self._gone.pop(key, None)
            while self.weight > self._most:
                self._let_one_go()

    def _let_one_go(self) -> None:
        if self._again.values and self._once.weight <= max(1, self._most // 4):
            self._again.take(next(iter(self._again.values)))
            return
        key = next(iter(self._once.values))
        self._once.take(key)
        self._gone[key] = None
        if len(self._gone) > REMEMBERED:
            self._gone.popitem(last=False)

    def replace(self, key: Hashable, value: T) -> None:
        """Keep `value` in place of what was kept under `key`."""
        if not is_writing():
            with self._lock:
                self._drop(key)
        self.put(key, value)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value kept under `key`, else the one made now; who asks meanwhile waits for it."""
        found = self.find(key)
        if found is None:
            with self.turn(key):
                found = self.find(key)
                if found is None:
                    found = make()
                    self.put(key, found)
        return found

    @contextmanager
    def turn(self, key: Hashable) -> Iterator[None]:
        """One thread at a time makes the value of `key`: look for it again once it is your turn.

        After a write, all who read a page ask for it at once: each would make it, for as long as all together.
        """
        if is_writing():
            yield
            return
        with self._lock:
            turn = self._turns.setdefault(key, _Turn())
            turn.wanted += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.wanted -= 1
                if not turn.wanted:
                    del self._turns[key]

    def _drop(self, key: Hashable) -> None:
        for shelf in (self._once, self._again):
            if key in shelf.values:
                shelf.take(key)

    def keys(self) -> frozenset[Hashable]:
        with self._lock:
            return frozenset((*self._once.values, *self._again.values))

    def clear(self, but: frozenset[Hashable] = frozenset()) -> None:
        with self._lock:
            self._gone.clear()
            for key in {*self._once.values, *self._again.values} - but:
                self._drop(key)


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
