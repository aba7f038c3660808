"""The last good answers, kept for when the API is away."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar, cast

from ui.api_client import ApiUnavailable

SIZE: Final = 400
_T = TypeVar("_T")


class Pantry:
    """A bounded store shared by all sessions of one server; the least used goes first.

    Keys name the viewer where an answer is about one, so nobody is served somebody else's.
    """

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, key: Hashable, value: Any) -> None:
        """Keep a value under a key."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def get(self, key: Hashable) -> Any | None:
        """Return what was kept last under a key."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def fetch(self, key: Hashable, load: Callable[[], _T]) -> _T:
        """Return what ``load`` gives and keep it; where the API is away, what it gave last."""
        try:
            value = load()
        except ApiUnavailable:
            kept = self.get(key)
            if kept is None:
                raise
            return cast(_T, kept)
        self.put(key, value)
        return value
