"""Real posters without waiting: what is there is given at once, what is not is fetched in the background."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from movierec.posters.picture_cache import Picture, PictureCache

# Clients of TMDB are loaded where there is a token: most start without, and a tenth of a second sooner so.
if TYPE_CHECKING:
    from movierec.posters.download import ImageDownload
    from movierec.posters.tmdb import TmdbPosters

ATTRIBUTION: Final = (
    "This product uses TMDB and the TMDB APIs but is not endorsed, certified, or otherwise approved by TMDB."
)
"""What TMDB's terms ask to be shown beside its posters."""

WORKERS: Final = 3
"""Well below the forty requests a second at which TMDB begins to refuse."""

MAX_WAITING: Final = 500
MAX_AT_HAND: Final = 128
REST_SECONDS: Final = 30.0
"""How long a film rests after a failure that may pass."""

LONG_REST_SECONDS: Final = 86_400.0
"""How long a film rests whose poster is missing or cannot be shown."""

_SWEEP_SECONDS: Final = 86_400.0
_MAX_RESTING: Final = 50_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known about a poster now: the picture if it is there; ``settled`` if none comes soon."""

    picture: Picture | None
    settled: bool


class PosterGallery:
    """Posters from TMDB for one API; finding never waits for the network and never raises.

    Parameters
    ----------
    addresses, download, pictures : where posters are, how they are fetched, where they are kept
    workers : threads that fetch
    clock : monotonic seconds
    """

    def __init__(
        self,
        addresses: TmdbPosters,
        download: ImageDownload,
        pictures: PictureCache,
        workers: int = WORKERS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._addresses = addresses
        self._download = download
        self._pictures = pictures
        self._clock = clock
        self._waiting: queue.Queue[int | None] = queue.Queue(MAX_WAITING)
        self._lock = threading.Lock()
        self._at_hand: OrderedDict[int, Picture] = OrderedDict()
        self._asked_for: set[int] = set()
        self._rests_until: dict[int, float] = {}
        self._quiet_until = self._sweep_at = clock()
        self._workers = workers
        self._closed = threading.Event()

    @classmethod
    def open(cls, token: SecretStr, folder: Path) -> PosterGallery:
        """Return a gallery that keeps its posters in a folder; ``ConfigError`` for an unusable token."""
        from movierec.posters.download import ImageDownload
        from movierec.posters.tmdb import TmdbPosters

        return cls(
            TmdbPosters(token, folder / "addresses"), ImageDownload(), PictureCache(folder / "pictures")
        )

    def start(self) -> None:
        """Begin to fetch."""
        self._closed.clear()
        for number in range(self._workers):
            # Daemons: a host that does not answer must not keep the process from ending.
            threading.Thread(target=self._work, name=f"posters-{number}", daemon=True).start()

    def close(self) -> None:
        """Fetch nothing more; what is under way is left to itself."""
        self._closed.set()
        for _ in range(self._workers):
            with suppress(queue.Full):
                self._waiting.put_nowait(None)

    def wait(self) -> None:
        """Return when everything asked for so far was tried; only for who has the time."""
        self._waiting.join()

    def find(self, tmdb_id: int | None) -> Sight:
        """Return the poster of a film if it is there; otherwise it is fetched for the next time."""
        if tmdb_id is None or tmdb_id < 1:
            return Sight(None, settled=True)
        with self._lock:
            picture = self._at_hand.get(tmdb_id)
            if picture is not None:
                self._at_hand.move_to_end(tmdb_id)
                return Sight(picture, settled=True)
        picture = self._pictures.read(tmdb_id)
        if picture is not None:
            self._hold(tmdb_id, picture)
            return Sight(picture, settled=True)
        with self._lock:
            rest = self._rests_until.get(tmdb_id, 0.0) - self._clock()
            if rest <= 0 and tmdb_id not in self._asked_for:
                with suppress(queue.Full):  # the next request asks again
                    self._waiting.put_nowait(tmdb_id)
                    self._asked_for.add(tmdb_id)
        return Sight(None, settled=rest > REST_SECONDS)

    def _hold(self, tmdb_id: int, picture: Picture) -> None:
        with self._lock:
            self._at_hand[tmdb_id] = picture
            self._at_hand.move_to_end(tmdb_id)
            while len(self._at_hand) > MAX_AT_HAND:
                self._at_hand.popitem(last=False)

    def _work(self) -> None:
        while True:
            self._sweep()
            try:
                tmdb_id = self._waiting.get(timeout=_SWEEP_SECONDS)
            except queue.Empty:
                continue
            if tmdb_id is None or self._closed.is_set():
                self._waiting.task_done()
                return
            try:
                rest = self._fetch(tmdb_id)
            except Exception as error:  # a thread that ends would fetch nothing ever again
                logger.error("a poster could not be fetched (%s)", type(error).__name__)
                rest = LONG_REST_SECONDS
            with self._lock:
                self._asked_for.discard(tmdb_id)
                if len(self._rests_until) >= _MAX_RESTING:
                    self._rests_until.clear()
                self._rests_until[tmdb_id] = self._clock() + rest
            self._waiting.task_done()

    def _fetch(self, tmdb_id: int) -> float:
        """Fetch one poster and return for how many seconds it need not be tried again."""
        from movierec.posters.download import UnfitImageError

        address = self._addresses.find(tmdb_id)
        if address is None:
            return REST_SECONDS
        if address.path is None:
            return LONG_REST_SECONDS
        if self._clock() < self._quiet_until:
            return REST_SECONDS
        try:
            body, media_type = self._download.fetch(address.path)
        except UnfitImageError as error:
            logger.warning("the poster of film %d at TMDB cannot be shown: %s", tmdb_id, error)
            self._addresses.forget(tmdb_id)
            return LONG_REST_SECONDS
        except OSError as error:  # what requests raises is one, too
            logger.warning("the poster of film %d did not come (%s)", tmdb_id, type(error).__name__)
            self._quiet_until = self._clock() + _read_pause(error)
            return REST_SECONDS
        self._hold(tmdb_id, self._pictures.write(tmdb_id, body, media_type))
        return REST_SECONDS

    def _sweep(self) -> None:
        with self._lock:
            if self._clock() < self._sweep_at:
                return
            self._sweep_at = self._clock() + _SWEEP_SECONDS
            # What is at hand is read again, and with it its age.
            self._at_hand.clear()
        try:
            self._addresses.forget_expired()
            self._pictures.forget_expired()
        except OSError as error:
            logger.warning("old posters cannot be removed (%s)", type(error).__name__)


def _read_pause(error: OSError) -> float:
    """Return for how many seconds the host of the images is left alone: as long as it says, if it does."""
    response = getattr(error, "response", None)
    asked = "" if response is None else response.headers.get("Retry-After", "")
    return min(max(float(asked), REST_SECONDS), 3600.0) if asked.isdecimal() else REST_SECONDS
