"""Cursors: a list frozen into a text that the caller keeps, so that any worker can show its next page.

Nothing is stored: a cursor outlives restarts, needs no expiry and cannot fill a memory. It is checked, not
secret; it holds places of the catalogue and a digest of what the list was made for.
"""

from __future__ import annotations

import binascii
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Final

import numpy as np
import orjson

from movierec.errors import ConfigError
from movierec.schema import IntArray

MAX_ITEMS: Final = 300
MAX_LENGTH: Final = 2048
"""300 places take at most about 1,600 characters, well within what servers and proxies take as an address."""

_DIGEST: Final = 8
_PLACE: Final = np.dtype("<u4")
_REFUSED: Final = (
    "cursor is damaged, or was given for another bundle, username, genre or mood: start again at page 1"
)


def freeze(items: IntArray, context: tuple[str | None, ...]) -> str:
    """Return the cursor of a list of item indices, int32[n], at most ``MAX_ITEMS``.

    ``context`` is everything the list depends on; the same is needed to :func:`thaw` it.
    """
    packed = zlib.compress(items.astype(_PLACE).tobytes())
    return urlsafe_b64encode(_digest(packed, context) + packed).decode().rstrip("=")


def thaw(cursor: str, context: tuple[str | None, ...], n_items: int) -> IntArray:
    """Return the items of a cursor, int32[n]; raises ``ConfigError`` where it is not one of this context."""
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        packed = raw[_DIGEST:]
        if raw[:_DIGEST] != _digest(packed, context):
            raise ConfigError(_REFUSED)
        # Bounded: a few bytes could otherwise unfold to any size.
        unpacked = zlib.decompressobj().decompress(packed, MAX_ITEMS * _PLACE.itemsize)
        places = np.frombuffer(unpacked, _PLACE)
    except (binascii.Error, UnicodeEncodeError, zlib.error, ValueError) as error:
        raise ConfigError(_REFUSED) from error
    if (places >= n_items).any():
        raise ConfigError(_REFUSED)
    return places.astype(np.int32)


def _digest(packed: bytes, context: tuple[str | None, ...]) -> bytes:
    return blake2b(orjson.dumps(context) + packed, digest_size=_DIGEST).digest()
