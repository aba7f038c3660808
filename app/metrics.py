"""What the API counts and measures about itself, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import Scope

from app.backend import Backend
from movierec.schema import Generation, Recommendations

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
REGISTRY: Final = CollectorRegistry()
"""What this process did since it started; another worker has numbers of its own."""

_FAST: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SLOW: Final = (1.0, 5.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 21_600.0, 86_400.0)
_UNMATCHED: Final = "(none)"

ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)
REQUEST_SECONDS: Final = Histogram(
    "movierec_request_seconds",
    "Time from the arrival of a request to the end of its answer.",
    ["method", "route", "status"],
    buckets=_FAST,
    registry=REGISTRY,
)
STAGE_SECONDS: Final = Histogram(
    "movierec_stage_seconds",
    "Time a recommended list spends in a stage.",
    ["stage"],
    buckets=_FAST,
    registry=REGISTRY,
)
FALLBACKS: Final = Counter(
    "movierec_fallbacks",
    "Answers that went on without something: the ranker, stored feedback, a recall source.",
    ["missing"],
    registry=REGISTRY,
)
FEEDBACK_WRITE_SECONDS: Final = Histogram(
    "movierec_feedback_write_seconds",
    "Time to bring one event to the disk.",
    buckets=_FAST,
    registry=REGISTRY,
)
FEEDBACK_LAG_SECONDS: Final = Histogram(
    "movierec_feedback_lag_seconds",
    "From the moment somebody pressed, by their clock, to the moment it was stored.",
    buckets=_SLOW,
    registry=REGISTRY,
)


def note_request(scope: Scope, status: int, seconds: float) -> None:
    """Count a request by the pattern of its route; addresses themselves would be a series each."""
    route = getattr(scope.get("route"), "path", _UNMATCHED).replace(":text}", "}")
    method = scope["method"] if route != _UNMATCHED else _UNMATCHED
    REQUEST_SECONDS.labels(method, route, str(status)).observe(seconds)


def note_list(made: Recommendations, *, has_ranker: bool) -> None:
    """Count the stages of a list and what it had to do without."""
    for stage, milliseconds in made.timings.items():
        STAGE_SECONDS.labels(stage).observe(milliseconds / 1000.0)
    for part in made.failed:
        FALLBACKS.labels(part).inc()
    if made.generation is Generation.V2 and not has_ranker:
        FALLBACKS.labels("ranker").inc()


def note_stored(client_time: datetime | None, server_time: datetime | None) -> None:
    """Count how late an event came; a clock that goes ahead tells nothing."""
    if client_time is not None and server_time is not None:
        lag = (server_time - client_time).total_seconds()
        if lag >= 0:
            FEEDBACK_LAG_SECONDS.observe(lag)


def write_metrics(backend: Backend, caches: Mapping[str, tuple[int, int]]) -> bytes:
    """Return everything as Prometheus reads it; ``caches`` holds hits and misses by name."""
    now = CollectorRegistry()
    own = {
        "feedback": (backend.feedback.hits, backend.feedback.misses),
        **backend.answers.counts(),
    }
    now.register(_State(backend, {**own, **caches}))
    return generate_latest(REGISTRY) + generate_latest(now)


class _State:
    """What is so at the moment of asking."""

    def __init__(self, backend: Backend, caches: Mapping[str, tuple[int, int]]) -> None:
        self._backend = backend
        self._caches = caches

    def collect(self) -> Iterable[Metric]:
        backend = self._backend
        loaded = backend.version is not None
        yield GaugeMetricFamily("movierec_ready", "1 where a bundle is being served.", value=loaded)
        yield GaugeMetricFamily(
            "movierec_feedback_available", "1 where feedback can be stored.", value=backend.feedback.available
        )
        yield GaugeMetricFamily(
            "movierec_bundle_outdated",
            "1 where the current bundle could not be opened and another one is served.",
            value=backend.problem is not None,
        )
        if loaded:
            service = backend.service
            info = GaugeMetricFamily(
                "movierec_bundle_info", "The bundle being served.", labels=["version", "dataset"]
            )
            info.add_metric([service.version, service.info.name], 1)
            yield info
            failures = CounterMetricFamily(
                "movierec_source_failures",
                "Failures of recall sources and ranker since the bundle was opened.",
                labels=["part"],
            )
            for part, count in service.failures.items():
                failures.add_metric([part], count)
            yield failures
        yield from _count_caches(self._caches)
        failures = CounterMetricFamily(
            "movierec_cache_failures", "Times a shared cache did not answer in time.", labels=["cache"]
        )
        for cache, count in backend.answers.list_failures().items():
            failures.add_metric([cache], count)
        yield failures


def _count_caches(caches: Mapping[str, tuple[int, int]]) -> Iterable[Metric]:
    for position, outcome in enumerate(("hits", "misses")):
        family = CounterMetricFamily(
            f"movierec_cache_{outcome}", f"{outcome.capitalize()} of a cache.", labels=["cache"]
        )
        for name, counts in caches.items():
            family.add_metric([name], counts[position])
        yield family
