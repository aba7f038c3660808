"""The only way the UI learns or changes anything: the client of the HTTP API, and what the pages add."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from movierec.client import (
    DEFAULT_URL,
    ApiError,
    ApiRefused,
    ApiUnavailable,
    FeedbackEvent,
    MovieRecClient,
    Wishes,
)
from ui.measurements import DatasetFacts, Evaluation, FeatureImportance, Report
from ui.models import Movie
from ui.simulations import Simulation

__all__ = [
    "DEFAULT_URL",
    "ApiClient",
    "ApiError",
    "ApiRefused",
    "ApiUnavailable",
    "FeedbackEvent",
    "Wishes",
]

MAX_K: Final = 100
SLOW_SECONDS: Final = 90.0
"""How long to wait for what the API has to measure first."""


class ApiClient(MovieRecClient):
    """The client with the addresses a browser sees, the evaluation pages, and rests after no answer.

    Parameters
    ----------
    base_url : address of the API as this process reaches it
    public_url : address of the API as the browser reaches it, for posters; default ``base_url``
    api_key, connect_seconds, read_seconds, backoff_seconds : as in the client
    rest_seconds : after no answer at all, how long nothing is asked, so that a page waits once only
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        public_url: str | None = None,
        api_key: str | None = None,
        connect_seconds: float = 2.0,
        read_seconds: float = 6.0,
        backoff_seconds: float = 0.2,
        rest_seconds: float = 3.0,
    ) -> None:
        super().__init__(
            base_url, api_key, connect_seconds, read_seconds, backoff_seconds, rest_seconds=rest_seconds
        )
        self.public_url = (public_url or base_url).rstrip("/")

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ, rest_seconds: float = 3.0
    ) -> ApiClient:
        """Return a client for ``MOVIEREC_API_URL``, ``MOVIEREC_API_PUBLIC_URL``, ``MOVIEREC_API_KEY``."""
        base_url = environment.get("MOVIEREC_API_URL") or DEFAULT_URL
        public_url = environment.get("MOVIEREC_API_PUBLIC_URL") or None
        return cls(
            base_url, public_url, environment.get("MOVIEREC_API_KEY") or None, rest_seconds=rest_seconds
        )

    def evaluation(self) -> Evaluation:
        """Return the outcome of all committed reports and of the build's own check."""
        return self._get(Evaluation, "/evaluation")

    def report(self, dataset: str, protocol: str) -> Report:
        """Return one committed report in full."""
        return self._get(Report, f"/evaluation/{quote(dataset, safe='')}/{quote(protocol, safe='')}")

    def importance(self) -> FeatureImportance:
        """Return how far every feature moves the ranker; the API measures it at the first call."""
        return self._parse(
            FeatureImportance, self._send("GET", "/evaluation/importance", timeout=(2.0, SLOW_SECONDS))
        )

    def dataset(self) -> DatasetFacts:
        """Return what the served data set is like."""
        return self._get(DatasetFacts, "/dataset")

    def simulation(self) -> Simulation:
        """Return what simulated viewers did."""
        return self._get(Simulation, "/simulation")

    def poster_url(self, movie: Movie) -> str:
        """Return the address of a poster as the browser asks for it; always on the API."""
        path = movie.poster
        if not path.startswith("/") or path.startswith("//"):
            path = f"/posters/{quote(movie.item_id, safe='')}.svg"
        return self.public_url + path
