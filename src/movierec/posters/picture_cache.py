"""Fetched posters on the disk: bounded in bytes, kept for at most 180 days, never served damaged."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from movierec.artifacts.files import replace_atomically

KEEP_SECONDS: Final = 180 * 86_400
"""TMDB's terms allow to keep things for six months."""

MEDIA_TYPES: Final = {"JPEG": "image/jpeg", "PNG": "image/png"}

CACHE_BYTES: Final = 256_000_000
"""About eight thousand posters."""

_SUFFIX: Final = ".poster"
_LONGEST_HEADER: Final = 512

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that was decoded before it was kept; ``etag`` comes from its bytes."""

    body: bytes
    media_type: str
    etag: str


class _Header(BaseModel):
    """First line of a file; ``fetched`` in seconds since the epoch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    media_type: str
    sha256: str
    fetched: float


class PictureCache:
    """One file per film: a line of JSON, then the image; what cannot be read or is too old is not there.

    Parameters
    ----------
    folder : made when the first poster is kept
    max_bytes : how much the posters may take; beyond it the ones fetched first go first
    clock : seconds since the epoch
    """

    def __init__(
        self, folder: Path, max_bytes: int = CACHE_BYTES, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._size: int | None = None

    def read(self, tmdb_id: int) -> Picture | None:
        """Return a poster, whole and not too old, or None."""
        try:
            with self._file(tmdb_id).open("rb") as stream:
                header = _Header.model_validate_json(stream.readline(_LONGEST_HEADER))
                body = stream.read()
        except (OSError, ValidationError):
            return None
        sound = (
            header.media_type in MEDIA_TYPES.values() and hashlib.sha256(body).hexdigest() == header.sha256
        )
        if not sound or not self._is_fresh(header):
            return None
        return _make_picture(body, header)

    def write(self, tmdb_id: int, body: bytes, media_type: str) -> Picture:
        """Keep a poster and return it; a full or read-only disk is logged and keeps nothing."""
        header = _Header(
            media_type=media_type, sha256=hashlib.sha256(body).hexdigest(), fetched=self._clock()
        )
        content = header.model_dump_json().encode() + b"\n" + body
        try:
            with self._lock, replace_atomically(self._file(tmdb_id)) as temporary:
                temporary.write_bytes(content)
        except OSError as error:
            logger.warning("a poster cannot be kept (%s)", type(error).__name__)
        else:
            self._make_room(len(content))
        return _make_picture(body, header)

    def forget_expired(self) -> int:
        """Remove what is too old or damaged, and leftovers of a kill; return how many files went."""
        removed = 0
        with self._lock:  # a file that is being written looks like a leftover
            for file in self._folder.glob(f"*{_SUFFIX}*"):
                if not file.stem.isdecimal() or self.read(int(file.stem)) is None:
                    file.unlink(missing_ok=True)
                    removed += 1
            self._size = None
        return removed

    def _make_room(self, added: int) -> None:
        with self._lock:
            self._size = self._measure() if self._size is None else self._size + added
            if self._size <= self._max_bytes:
                return
            files = sorted(self._folder.glob(f"*{_SUFFIX}"), key=lambda file: file.stat().st_mtime_ns)
            size = sum(file.stat().st_size for file in files)
            for file in files:
                # Some more than needed, so that not every new poster reads the whole folder.
                if size <= self._max_bytes * 0.9:
                    break
                size -= file.stat().st_size
                file.unlink(missing_ok=True)
            self._size = size

    def _measure(self) -> int:
        return sum(file.stat().st_size for file in self._folder.glob(f"*{_SUFFIX}"))

    def _file(self, tmdb_id: int) -> Path:
        return self._folder / f"{tmdb_id}{_SUFFIX}"

    def _is_fresh(self, header: _Header) -> bool:
        return 0 <= self._clock() - header.fetched < KEEP_SECONDS


def _make_picture(body: bytes, header: _Header) -> Picture:
    return Picture(body, header.media_type, f'"{header.sha256[:32]}"')
