"""What is counted for supervision (Prometheus), summed over the processes of one server by files they all map.

The server names their folder before this is imported (gunicorn.conf.py); without it one process counts for itself.
Nothing here tells of one person: no account, no address, no number of a page; and no request that casts a vote is
counted (views/watching.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

_alone = CollectorRegistry()  # what one process counts for itself
_requests = Counter("tracker_requests", "Requests answered.", ["endpoint", "method", "status"], registry=_alone)
_seconds = Histogram(
    "tracker_request_seconds", "Time to make an answer.", ["endpoint"], buckets=SECONDS, registry=_alone
)
_in_flight = Gauge(
    "tracker_requests_in_flight", "Requests being answered.", multiprocess_mode="livesum", registry=_alone
)
_trouble = Counter(
    "tracker_database_trouble", "Answers 503: the database or the disk was away, busy or full.", registry=_alone
)

arrived, left, trouble = _in_flight.inc, _in_flight.dec, _trouble.inc


@cache
def _of(endpoint: str, method: str, status: str) -> tuple[Counter, Histogram]:
    return _requests.labels(endpoint, method, status), _seconds.labels(endpoint)


def prepare() -> None:
    """Have this process make its files."""
    _of("none", "GET", "2xx")
    arrived()
    left()


def answered(endpoint: str, method: str, status: int, seconds: float) -> None:
    """Count an answer; both names must be ours, not what a visitor writes."""
    counter, histogram = _of(endpoint, method, f"{status // 100}xx")
    counter.inc()
    histogram.observe(seconds)


@dataclass(frozen=True, slots=True)
class Reading:
    """A value read when it is asked for, with its labels."""

    name: str
    meaning: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


class _Readings(Collector):
    def __init__(self, readings: tuple[Reading, ...]) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        families: dict[str, GaugeMetricFamily] = {}
        for one in self._readings:
            names = [name for name, _value in one.labels]
            family = families.setdefault(one.name, GaugeMetricFamily(one.name, one.meaning, labels=names))
            family.add_metric([value for _name, value in one.labels], one.value)
        return iter(families.values())


def exposition(readings: tuple[Reading, ...]) -> bytes:
    """All of it in Prometheus's text format."""
    fresh = CollectorRegistry()
    fresh.register(_Readings(readings))
    if os.environ.get(FOLDER):
        MultiProcessCollector(fresh)  # type: ignore[no-untyped-call]
        return generate_latest(fresh)
    return generate_latest(_alone) + generate_latest(fresh)
