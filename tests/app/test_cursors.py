from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import blake2b
from zlib import compress

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cursors import MAX_ITEMS, MAX_LENGTH, freeze, thaw
from movierec.errors import ConfigError

CONTEXT = ("bundle-1", "ann", None, "cheerful")


@given(st.lists(st.integers(0, 99_999), max_size=MAX_ITEMS, unique=True))
def test_a_list_comes_back_as_it_was(items):
    cursor = freeze(np.array(items, np.int32), CONTEXT)
    assert cursor.isascii()
    assert thaw(cursor, CONTEXT, 100_000).tolist() == items


def test_the_longest_list_of_a_large_catalogue_fits_into_an_address():
    items = np.random.default_rng(0).choice(200_000, MAX_ITEMS, replace=False).astype(np.int32)
    assert len(freeze(items, CONTEXT)) <= MAX_LENGTH


@pytest.mark.parametrize("place", range(len(CONTEXT)))
def test_a_cursor_is_refused_for_anything_else(place):
    cursor = freeze(np.array([3, 1], np.int32), CONTEXT)
    other = tuple("other" if index == place else each for index, each in enumerate(CONTEXT))
    with pytest.raises(ConfigError, match="page 1"):
        thaw(cursor, other, 10)


@given(st.data())
def test_a_damaged_cursor_is_refused(data):
    cursor = freeze(np.array([3, 1, 2, 8], np.int32), CONTEXT)
    cut = data.draw(st.integers(0, len(cursor) - 1))
    with pytest.raises(ConfigError):
        thaw(cursor[:cut], CONTEXT, 10)
    with pytest.raises(ConfigError):
        thaw(data.draw(st.text(max_size=40)), CONTEXT, 10)


def forge(packed: bytes) -> str:
    digest = blake2b(orjson.dumps(CONTEXT) + packed, digest_size=8).digest()
    return urlsafe_b64encode(digest + packed).decode()


def test_a_forged_cursor_can_neither_leave_the_catalogue_nor_fill_the_memory():
    beyond = np.array([10], "<u4").tobytes()
    with pytest.raises(ConfigError):
        thaw(forge(compress(beyond)), CONTEXT, 10)
    bomb = forge(compress(b"\0" * 1_000_000))
    assert len(thaw(bomb, CONTEXT, 10)) == MAX_ITEMS
    for packed in (b"not zlib", compress(b"\0\0\0")):
        with pytest.raises(ConfigError):
            thaw(forge(packed), CONTEXT, 10)
