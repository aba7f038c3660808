"""Pages of rows: the protocol a source fulfils, and the one that speaks HTTP."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Final, Protocol, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from movierec.data.harvest.spec import Endpoint, SourceSpec
from movierec.errors import DataError

MAX_PAGE_BYTES: Final = 64 * 1024**2
RETRIES: Final = 6
READINGS: Final = 3
"""How often a page is asked for whose answer came but cannot be read."""

LONGEST_WAIT: Final = 120
"""Seconds that are waited at most where a server names a time."""

Row = dict[str, Any]


class PageSource(Protocol):
    """Gives the rows of an endpoint page by page; whoever pulls needs nothing else."""

    def read_page(self, endpoint: Endpoint, number: int) -> list[Row]:
        """Return the rows of a page, from 1; none after the last. Raises ``DataError`` where it cannot."""
        ...


class HttpPages:
    """Pages over HTTP with a token in a header.

    A missing answer, 429 and 5xx are tried again with growing pauses, or after as long as ``Retry-After``
    says; other refusals end the pull at once. Redirects are not followed: the token is for this host.
    """

    def __init__(
        self,
        spec: SourceSpec,
        token: str | None = None,
        timeout: tuple[float, float] = (5.0, 30.0),
        backoff_seconds: float = 0.5,
    ) -> None:
        self.spec = spec
        self._timeout = timeout
        self._http = requests.Session()
        self._http.trust_env = urlsplit(spec.url).scheme == "https"
        self._http.headers["Accept"] = "application/json"
        if token:
            # Set by hand: with trust_env, .netrc would otherwise replace an Authorization header.
            self._http.auth = _TokenAuth(spec.token_header, spec.token_prefix + token)
        retry = Retry(
            total=RETRIES,
            backoff_factor=backoff_seconds,
            backoff_max=LONGEST_WAIT,
            backoff_jitter=backoff_seconds / 2,
            allowed_methods=frozenset({"GET"}),
            status_forcelist=(429, 500, 502, 503, 504),
            raise_on_status=False,
            retry_after_max=LONGEST_WAIT,
        )
        self._http.mount(spec.url, HTTPAdapter(max_retries=retry))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def read_page(self, endpoint: Endpoint, number: int) -> list[Row]:
        """Return the rows of a page; raises ``DataError`` that says what the server did."""
        where = f"{endpoint.name}, page {number}"
        for reading in range(1, READINGS + 1):
            body = self._fetch(endpoint, number, where)
            try:
                return self._find_rows(json.loads(body), where)
            except ValueError as error:
                if reading == READINGS:
                    raise DataError(
                        f"{where}: the answer is not JSON ({error}); is the address right?"
                    ) from None
        raise AssertionError("the loop returns or raises")

    def _fetch(self, endpoint: Endpoint, number: int, where: str) -> bytes:
        parameters = {self.spec.page_parameter: number, self.spec.size_parameter: self.spec.page_size}
        try:
            with self._http.get(
                self.spec.url + endpoint.path,
                params=parameters,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                if response.status_code in (401, 403):
                    raise DataError(
                        f"{where}: the server answered {response.status_code}; check the token and its header"
                    )
                if response.status_code == 404 and number > 1:
                    return b"[]"  # some servers say so after the last page
                if response.status_code != requests.codes.ok:
                    raise DataError(
                        f"{where}: the server answered {response.status_code}; run again to go on"
                    )
                return _read_capped(response, where)
        except requests.RequestException as error:
            told = "did not answer in time" if isinstance(error, requests.Timeout) else "cannot be reached"
            raise DataError(f"{where}: the server {told}; run again to go on") from error

    def _find_rows(self, body: Any, where: str) -> list[Row]:
        found = body
        if isinstance(body, dict):
            found = next((body[name] for name in self.spec.rows if name in body), None)
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise DataError(f"{where}: no list of rows under any of {', '.join(self.spec.rows)}")
        return found


class _TokenAuth(requests.auth.AuthBase):
    def __init__(self, header: str, value: str) -> None:
        self.header, self.value = header, value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self.header] = self.value
        return request


def _read_capped(response: requests.Response, where: str) -> bytes:
    parts, size = [], 0
    for part in response.iter_content(1 << 20):
        parts.append(part)
        size += len(part)
        if size > MAX_PAGE_BYTES:
            raise DataError(f"{where}: more than {MAX_PAGE_BYTES:,} bytes; ask for smaller pages")
    return b"".join(parts)
