"""Where TMDB keeps the poster of a film, for people who bring their own read token.

Only the film's TMDB number leaves this machine. TMDB's terms of use of its API ask for the attribution
below and its logo wherever posters are shown, and for nothing to be kept longer than six months; posters
never feed a feature.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import requests
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError
from requests.auth import AuthBase

from movierec.artifacts.files import replace_atomically
from movierec.errors import ConfigError
from movierec.posters.download import RAW, check_base, is_poster_path, read_body
from movierec.posters.picture_cache import KEEP_SECONDS

API_BASE: Final = "https://api.themoviedb.org/3"

_KEEP_MISSING: Final = 7 * 86_400
_MAX_ANSWER: Final = 1_000_000
_LONGEST_ANSWER: Final = 10.0
_PAUSE_AFTER_FAILURE: Final = 30.0
_PAUSE_AFTER_REFUSAL: Final = 600.0
_LONGEST_PAUSE: Final = 3600.0

logger = logging.getLogger(__name__)


class _Answer(BaseModel):
    """The one field of TMDB's answer that is used."""

    model_config = ConfigDict(frozen=True)

    poster_path: str | None


def _check_token(token: SecretStr) -> SecretStr:
    """Return a token that fits a header; the HTTP client's complaint about one that does not quotes it."""
    value = token.get_secret_value().strip()
    if not (value.isascii() and value.isprintable()) or not value or " " in value:
        raise ConfigError(
            "MOVIEREC_TMDB_TOKEN must be TMDB's API read access token: one word of plain letters"
        )
    return SecretStr(value)


class PosterAddress(BaseModel):
    """Path of a poster, or None where TMDB has none, and when it was looked up (seconds since the epoch)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str | None
    fetched: float


class _BearerAuth(AuthBase):
    """Sends the token as a header: in an address it would end up in logs and error messages."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        return request


class TmdbPosters:
    """Finds poster addresses; answers None, and never raises, where nothing can be learnt right now.

    Parameters
    ----------
    token : the person's own TMDB read token
    cache_dir : folder for one small file per film, forgotten after 180 days
    api_base : TMDB's own address, or one on this machine; the token goes nowhere else
    timeout : seconds to wait for the connection and for each part of the answer
    clock : seconds since the epoch
    """

    def __init__(
        self,
        token: SecretStr,
        cache_dir: Path,
        api_base: str = API_BASE,
        timeout: float = 4.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        check_base("api_base", api_base, API_BASE)
        self._auth = _BearerAuth(_check_token(token))
        self._cache_dir = cache_dir
        self._api_base = api_base.rstrip("/")
        self._timeout = timeout
        self._clock = clock
        self._lock = threading.Lock()
        self._silent_until = 0.0

    def find(self, tmdb_id: int) -> PosterAddress | None:
        """Return where the poster is, or that TMDB has none; None where that cannot be learnt right now."""
        if tmdb_id < 1:
            raise ConfigError(f"tmdb_id must be at least 1, got {tmdb_id}")
        entry = self._read_cache(tmdb_id)
        if entry is None and self._clock() >= self._silent_until:
            entry = self._ask(tmdb_id)
            if entry is not None:
                self._write_cache(tmdb_id, entry)
        return entry

    def forget(self, tmdb_id: int) -> None:
        """Ask anew next time; for an address that turned out to lead nowhere."""
        self._file(tmdb_id).unlink(missing_ok=True)

    def forget_expired(self) -> int:
        """Remove cached answers that are too old to keep and return how many there were."""
        removed = 0
        for file in self._cache_dir.glob("*.json"):
            if file.stem.isdecimal() and self._read_cache(int(file.stem)) is None:
                file.unlink(missing_ok=True)
                removed += 1
        return removed

    def _ask(self, tmdb_id: int) -> PosterAddress | None:
        try:
            with requests.get(
                f"{self._api_base}/movie/{tmdb_id}",
                auth=self._auth,
                headers={"Accept": "application/json", **RAW},
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                if response.status_code == requests.codes.not_found:
                    return PosterAddress(path=None, fetched=self._clock())
                if response.status_code != requests.codes.ok:
                    self._fall_silent(response.status_code, response.headers.get("Retry-After"))
                    return None
                body = read_body(response, _MAX_ANSWER, _LONGEST_ANSWER)
            path = _Answer.model_validate_json(body).poster_path
        except ValidationError:
            logger.warning("TMDB sent an answer about film %d that cannot be read", tmdb_id)
            return None
        except (requests.RequestException, OSError) as error:
            self._pause(_PAUSE_AFTER_FAILURE)
            logger.warning("TMDB cannot be reached (%s); generated posters are shown", type(error).__name__)
            return None
        if path is not None and not is_poster_path(path):
            logger.warning("TMDB sent an unexpected poster path for film %d", tmdb_id)
            path = None
        return PosterAddress(path=path, fetched=self._clock())

    def _fall_silent(self, status: int, retry_after: str | None) -> None:
        if status == requests.codes.too_many_requests and retry_after and retry_after.isdecimal():
            self._pause(float(retry_after))
        elif status in (requests.codes.unauthorized, requests.codes.forbidden):
            self._pause(_PAUSE_AFTER_REFUSAL)
        else:
            self._pause(_PAUSE_AFTER_FAILURE)
        hint = "; is it the API read access token?" if status == requests.codes.unauthorized else ""
        logger.warning("TMDB answered with status %d%s; generated posters are shown meanwhile", status, hint)

    def _pause(self, seconds: float) -> None:
        with self._lock:
            self._silent_until = max(self._silent_until, self._clock() + min(seconds, _LONGEST_PAUSE))

    def _file(self, tmdb_id: int) -> Path:
        return self._cache_dir / f"{tmdb_id}.json"

    def _read_cache(self, tmdb_id: int) -> PosterAddress | None:
        try:
            entry = PosterAddress.model_validate_json(self._file(tmdb_id).read_bytes())
        except (OSError, ValidationError):
            return None
        keep = _KEEP_MISSING if entry.path is None else KEEP_SECONDS
        fresh = 0 <= self._clock() - entry.fetched < keep
        sound = entry.path is None or is_poster_path(entry.path)
        return entry if fresh and sound else None

    def _write_cache(self, tmdb_id: int, entry: PosterAddress) -> None:
        try:
            with replace_atomically(self._file(tmdb_id)) as temporary:
                temporary.write_text(entry.model_dump_json(), encoding="utf-8")
        except OSError as error:
            logger.warning("the poster cache cannot be written (%s)", type(error).__name__)
