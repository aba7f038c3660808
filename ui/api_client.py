"""The only way the UI learns or changes anything: the HTTP API, typed, with time limits and retries."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeVar
from urllib.parse import quote

import requests
from pydantic import TypeAdapter, ValidationError
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from ui.measurements import DatasetFacts, Evaluation, FeatureImportance, Report
from ui.models import (
    Action,
    FeedbackList,
    GenreList,
    Health,
    Inspection,
    Movie,
    MovieFacts,
    MoviePage,
    Neighbours,
    PickList,
    SectionPage,
    Taste,
    ViewerPage,
)

DEFAULT_URL: Final = "http://127.0.0.1:8000"
MAX_K: Final = 100
SLOW_SECONDS: Final = 90.0
"""How long to wait for what the API has to measure first."""

_T = TypeVar("_T")


class ApiError(Exception):
    """The API gave no usable answer; the text is one line meant for people."""


class ApiUnavailable(ApiError):  # noqa: N818 - names a state, as HTTP 503 does
    """The API cannot be reached, is too slow or cannot serve right now; trying again may help."""


class ApiRefused(ApiError):  # noqa: N818 - names what the API did
    """The API understood the request and refused it; trying again will not help."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a list should be like. Years are inclusive; ``diversity`` in [0, 1]; ``hide`` holds item ids."""

    k: int = 24
    generation: str = "v2"
    genres: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    diversity: float = 0.0
    aim: str = "balanced"
    hide: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedbackEvent:
    """One thing a viewer said; sending the same ``event_id`` again changes nothing."""

    event_id: str
    user_id: str
    item_id: str
    action: Action
    undoes: str | None
    client_time: str
    context: dict[str, str]


class ApiClient:
    """Typed calls to one API; every method raises :class:`ApiUnavailable` or :class:`ApiRefused`.

    Parameters
    ----------
    base_url : address of the API as this process reaches it
    public_url : address of the API as the browser reaches it, for posters; default ``base_url``
    api_key : sent as ``X-API-Key`` where given
    connect_seconds, read_seconds : how long to wait for a connection and for an answer
    backoff_seconds : pause before the second retry; doubles from there
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
        self.base_url = base_url.rstrip("/")
        self.public_url = (public_url or base_url).rstrip("/")
        self._timeout = (connect_seconds, read_seconds)
        self._rest_seconds = rest_seconds
        self._rests_until = 0.0
        self._http = requests.Session()
        self._http.trust_env = False
        if api_key:
            self._http.headers["X-API-Key"] = api_key
        self._http.mount(self.base_url, _retrying(backoff_seconds, ("GET",)))
        # An event id makes sending feedback twice harmless, so it alone of the POSTs is retried.
        self._http.mount(f"{self.base_url}/feedback", _retrying(backoff_seconds, ("GET", "POST")))

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

    def try_again(self) -> None:
        """Ask at the next call, however short ago there was no answer."""
        self._rests_until = 0.0

    def health(self) -> Health:
        """Return the state of the API and of the data it serves."""
        return self._get(Health, "/health")

    def recommend(self, user_idx: int, wishes: Wishes) -> PickList:
        """Return the list for a known viewer."""
        return self._get(PickList, f"/recommend/user/{user_idx}", _query(wishes))

    def recommend_for(
        self,
        viewer: str | None,
        wishes: Wishes,
        favourite_genres: Sequence[str] = (),
        likes: Sequence[str] = (),
    ) -> PickList:
        """Return the list for somebody without a trained history; stored feedback of ``viewer`` counts."""
        body = _body(viewer, wishes, favourite_genres, likes)
        return self._parse(PickList, self._send("POST", "/recommend", json=body))

    def sections(self, user_id: str, wishes: Wishes, favourite_genres: Sequence[str] = ()) -> SectionPage:
        """Return the home page of anybody, known to the data set or not; ``wishes.k`` films a row."""
        params = _query(wishes) | {"genres": list(favourite_genres)}
        del params["generation"]
        return self._get(SectionPage, f"/users/{quote(user_id, safe='')}/sections", params)

    def inspect(self, user_idx: int, wishes: Wishes) -> Inspection:
        """Return the list for a known viewer with everything that made it."""
        return self._get(Inspection, f"/recommend/user/{user_idx}/debug", _query(wishes))

    def inspect_for(
        self,
        viewer: str | None,
        wishes: Wishes,
        favourite_genres: Sequence[str] = (),
        likes: Sequence[str] = (),
    ) -> Inspection:
        """Return the list of :meth:`recommend_for` with everything that made it."""
        body = _body(viewer, wishes, favourite_genres, likes)
        return self._parse(Inspection, self._send("POST", "/recommend/debug", json=body))

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

    def poster_svg(self, movie: Movie) -> bytes:
        """Return the generated poster of a film as an SVG document."""
        return self._send("GET", f"/posters/{quote(movie.item_id, safe='')}.svg").content

    def viewers(self, query: str = "", limit: int = 50, offset: int = 0) -> ViewerPage:
        """Return known viewers whose id matches ``query``."""
        return self._get(ViewerPage, "/users", {"query": query or None, "limit": limit, "offset": offset})

    def taste(self, user_idx: int) -> Taste:
        """Return the profile of a known viewer."""
        return self._get(Taste, f"/users/{user_idx}/taste")

    def movies(self, query: str, limit: int = 24) -> MoviePage:
        """Return films whose title matches ``query``, best first."""
        return self._get(MoviePage, "/movies", {"query": query, "limit": limit})

    def movie(self, item_id: str) -> MovieFacts:
        """Return everything known about a film."""
        return self._get(MovieFacts, f"/movies/{quote(item_id, safe='')}")

    def similar(self, item_id: str, k: int = 12) -> Neighbours:
        """Return the films nearest to one film."""
        return self._get(Neighbours, f"/movies/{quote(item_id, safe='')}/similar", {"k": k})

    def genres(self) -> tuple[str, ...]:
        """Return all genres of the catalogue."""
        return self._get(GenreList, "/genres").genres

    def feedback(self, user_id: str) -> FeedbackList:
        """Return a viewer's feedback in force, newest first."""
        return self._get(FeedbackList, "/feedback", {"user_id": user_id})

    def send_feedback(self, event: FeedbackEvent) -> None:
        """Store one event; when this returns, the API has it on disk."""
        self._send("POST", "/feedback", json=asdict(event))

    def ask(self, kind: type[_T], method: str, path: str, **arguments: Any) -> _T:
        """Return the answer of any path as a value of ``kind``; only GET is tried again."""
        return self._parse(kind, self._send(method, path, **arguments))

    def fetch(self, path: str, params: Mapping[str, Any] | None = None) -> bytes:
        """Return a file as it was sent."""
        return self._send("GET", path, params=params).content

    def poster_url(self, movie: Movie) -> str:
        """Return the address of a poster as the browser asks for it; always on the API."""
        path = movie.poster
        if not path.startswith("/") or path.startswith("//"):
            path = f"/posters/{quote(movie.item_id, safe='')}.svg"
        return self.public_url + path

    def _get(self, kind: type[_T], path: str, params: Mapping[str, Any] | None = None) -> _T:
        return self._parse(kind, self._send("GET", path, params=params))

    def _send(self, method: str, path: str, **arguments: Any) -> requests.Response:
        if time.monotonic() < self._rests_until:
            raise ApiUnavailable("The recommender cannot be reached.")
        try:
            response = self._http.request(
                method,
                self.base_url + path,
                allow_redirects=False,
                **{"timeout": self._timeout, **arguments},
            )
        except requests.Timeout:
            self._rests_until = time.monotonic() + self._rest_seconds
            raise ApiUnavailable("The recommender takes too long to answer.") from None
        except requests.RequestException:
            self._rests_until = time.monotonic() + self._rest_seconds
            raise ApiUnavailable("The recommender cannot be reached.") from None
        if response.status_code == 429 or response.status_code >= 500:
            raise ApiUnavailable(_problem_text(response, "The recommender cannot answer right now."))
        if not response.ok or response.is_redirect:
            raise ApiRefused(
                _problem_text(response, f"The recommender refused the request ({response.status_code})."),
                response.status_code,
            )
        return response

    def _parse(self, kind: type[_T], response: requests.Response) -> _T:
        try:
            return TypeAdapter(kind).validate_json(response.content)
        except ValidationError:
            raise ApiUnavailable(
                "The recommender answered in a form this app does not understand; are both of one version?"
            ) from None


def _retrying(backoff_seconds: float, methods: Sequence[str]) -> HTTPAdapter:
    return HTTPAdapter(
        max_retries=Retry(
            total=2,
            read=1,
            backoff_factor=backoff_seconds,
            allowed_methods=frozenset(methods),
            status_forcelist=(502, 503, 504),
            raise_on_status=False,
            respect_retry_after_header=False,
        )
    )


def _body(
    viewer: str | None, wishes: Wishes, favourite_genres: Sequence[str], likes: Sequence[str]
) -> dict[str, Any]:
    return {
        "viewer": viewer,
        "likes": list(likes),
        "genres": list(favourite_genres),
        "k": wishes.k,
        "generation": wishes.generation,
        "diversity": wishes.diversity,
        "only_genres": list(wishes.genres),
        "year_from": wishes.year_from,
        "year_to": wishes.year_to,
        "aim": wishes.aim,
        "exclude": list(wishes.hide),
    }


def _query(wishes: Wishes) -> dict[str, Any]:
    return {
        "k": wishes.k,
        "generation": wishes.generation,
        "only_genres": list(wishes.genres),
        "year_from": wishes.year_from,
        "year_to": wishes.year_to,
        "diversity": wishes.diversity,
        "aim": wishes.aim,
        "hide": list(wishes.hide),
    }


def _problem_text(response: requests.Response, otherwise: str) -> str:
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return otherwise
    return detail if isinstance(detail, str) and detail else otherwise
