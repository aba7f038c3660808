"""Fetching a poster: from one fixed host only, without redirects, bounded in bytes and in time."""

from __future__ import annotations

import io
import re
import time
from typing import Final
from urllib.parse import urlsplit

import requests
from PIL import Image
from urllib3.exceptions import HTTPError

from movierec.errors import ConfigError
from movierec.posters.picture_cache import MEDIA_TYPES

IMAGE_BASE: Final = "https://image.tmdb.org/t/p/w342"
"""TMDB's address of posters 342 pixels wide."""

RAW: Final = {"Accept-Encoding": "identity"}
"""Bytes as they are: what is not packed cannot grow while it is unpacked."""

MAX_IMAGE: Final = 1_000_000
_MAX_SIDE: Final = 2000
_LONGEST_IMAGE: Final = 20.0
_POSTER_PATH: Final = re.compile(r"/[A-Za-z0-9]{1,64}\.(?:jpg|png)")


class UnfitImageError(ValueError):
    """What came is no poster that can be shown; trying again soon would bring the same."""


class TooLargeError(requests.RequestException):
    """The body of an answer has more bytes than anybody needs."""


def is_poster_path(path: str) -> bool:
    """Say whether this can be appended to ``IMAGE_BASE`` without leading anywhere else."""
    return _POSTER_PATH.fullmatch(path) is not None


def check_base(name: str, base: str, official: str) -> None:
    """Raise ``ConfigError`` unless an address is the official one or on this machine (for tests)."""
    address = urlsplit(base)
    on_this_machine = address.scheme == "http" and address.hostname in ("127.0.0.1", "localhost")
    if base != official and not (on_this_machine and address.username is None):
        raise ConfigError(f"{name} must be {official}, got {base!r}")


def read_body(response: requests.Response, limit: int, seconds: float) -> bytes:
    """Return the body of a streamed answer; raises ``requests.RequestException`` where that goes wrong.

    Parameters
    ----------
    response : an answer to a request with ``stream=True`` and the ``RAW`` header
    limit : most bytes that are read; more are a fault
    seconds : how long the whole body may take, however steadily it trickles
    """
    deadline = time.monotonic() + seconds
    body = bytearray()
    try:
        while part := response.raw.read1(65_536, decode_content=False):
            body += part
            if len(body) > limit:
                raise TooLargeError("the answer is too large")
            if time.monotonic() > deadline:
                raise requests.exceptions.ReadTimeout("the answer takes too long")
    except HTTPError as error:
        raise requests.exceptions.ConnectionError("the answer broke off") from error
    return bytes(body)


class ImageDownload:
    """Fetches posters; no token, no cookies and no redirects are involved.

    Parameters
    ----------
    base : TMDB's image address, or one on this machine
    timeout : seconds to wait for the connection and for each part of the answer
    """

    def __init__(self, base: str = IMAGE_BASE, timeout: float = 4.0) -> None:
        check_base("image_base", base, IMAGE_BASE)
        self._base = base
        self._timeout = timeout

    def fetch(self, path: str) -> tuple[bytes, str]:
        """Return an image and its media type.

        Raises ``UnfitImageError`` for what is no poster (another address, a redirect, 404, another type, too
        large, damaged) and ``requests.RequestException`` where the host does not answer as it should.
        """
        if not is_poster_path(path):
            raise UnfitImageError("not the path of a poster")
        with requests.get(
            self._base + path,
            # Without this a netrc file of the person would be sent along.
            auth=lambda request: request,
            headers={"Accept": ", ".join(MEDIA_TYPES.values()), **RAW},
            timeout=self._timeout,
            allow_redirects=False,
            stream=True,
        ) as response:
            status = response.status_code
            if status == requests.codes.too_many_requests or status >= requests.codes.internal_server_error:
                raise requests.HTTPError(f"status {status}", response=response)
            if status != requests.codes.ok:
                raise UnfitImageError(f"status {status}")
            declared = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if declared not in MEDIA_TYPES.values():
                raise UnfitImageError("no image by its content type")
            if int(response.raw.length_remaining or 0) > MAX_IMAGE:
                raise UnfitImageError("too large")
            try:
                body = read_body(response, MAX_IMAGE, _LONGEST_IMAGE)
            except TooLargeError as error:
                raise UnfitImageError("too large") from error
        return body, find_media_type(body)


def find_media_type(body: bytes) -> str:
    """Return the type of an image that can be decoded to its last row; raises ``UnfitImageError``."""
    try:
        with Image.open(io.BytesIO(body), formats=tuple(MEDIA_TYPES)) as image:
            if max(image.size) > _MAX_SIDE:
                raise UnfitImageError("too many pixels")
            image.load()
            return MEDIA_TYPES[str(image.format)]
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnfitImageError("not an image that can be decoded") from error
