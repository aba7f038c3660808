"""One API over one kept connection: time limits, retries of what may be repeated, errors for people."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import requests
from pydantic import TypeAdapter, ValidationError
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

DEFAULT_URL: Final = "http://127.0.0.1:8000"

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


class Connection:
    """Sends requests to one API and keeps its connections; use it from one thread, or one per thread.

    Parameters
    ----------
    base_url : address of the API
    api_key : sent as ``X-API-Key`` where given
    connect_seconds, read_seconds : how long to wait for a connection and for an answer
    backoff_seconds : pause before the second retry; doubles from there
    rest_seconds : after no answer at all, how long nothing is asked; 0 asks every time
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        api_key: str | None = None,
        connect_seconds: float = 2.0,
        read_seconds: float = 6.0,
        backoff_seconds: float = 0.2,
        rest_seconds: float = 0.0,
    ) -> None:
        self.base_url = base_url.rstrip("/")
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections; a later call opens new ones."""
        self._http.close()

    def try_again(self) -> None:
        """Ask at the next call, however short ago there was no answer."""
        self._rests_until = 0.0

    def ask(self, kind: type[_T], method: str, path: str, **arguments: Any) -> _T:
        """Return the answer of any path as a value of ``kind``; only GET is tried again.

        ``arguments`` are those of :meth:`requests.Session.request`. Raises ``ApiUnavailable`` or
        ``ApiRefused``, as everything here does.
        """
        return self._parse(kind, self._send(method, path, **arguments))

    def fetch(self, path: str, params: Mapping[str, Any] | None = None) -> bytes:
        """Return a file as it was sent."""
        return self._send("GET", path, params=params).content

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


def _problem_text(response: requests.Response, otherwise: str) -> str:
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return otherwise
    return detail if isinstance(detail, str) and detail else otherwise
