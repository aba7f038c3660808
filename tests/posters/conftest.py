"""A stand-in for TMDB, and a clock that only tests move."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_tmdb import Clock, FakeTmdb, serve


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake() -> Iterator[FakeTmdb]:
    with serve() as state:
        yield state
