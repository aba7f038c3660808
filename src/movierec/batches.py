"""Lists for very many histories: processes that share one bundle in memory work on them side by side."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Final

from movierec.recall.base import Candidates
from movierec.schema import Aim, History
from movierec.service import RecommenderService

PROCESSES: Final = min(os.cpu_count() or 1, 8)
# Batches given out for each process: one in work, one waiting, so that none stands idle.
_AHEAD: Final = 2
_shared: RecommenderService | None = None


def recommend_batches(
    service: RecommenderService,
    batches: Iterable[list[History]],
    k: int,
    aim: Aim = Aim.BALANCED,
    processes: int = PROCESSES,
) -> Iterator[list[Candidates]]:
    """Yield the lists of every batch, in order, equal to ``service.recommend_batch``.

    With more than one process the opened bundle is inherited, not copied or opened again; where the
    system cannot fork, one process does all.
    """
    if processes < 2 or "fork" not in multiprocessing.get_all_start_methods():
        for histories in batches:
            yield service.recommend_batch(histories, k, aim)
        return
    global _shared
    _shared = service
    # An executor asks its processes to end; a pool sends SIGTERM, which a forked process may have inherited
    # a handler for and survive.
    executor = ProcessPoolExecutor(
        processes, mp_context=multiprocessing.get_context("fork"), initializer=_restore_signals
    )
    under_way: deque[Future[list[Candidates]]] = deque()
    try:
        for histories in batches:
            under_way.append(executor.submit(_recommend, histories, k, aim))
            if len(under_way) >= _AHEAD * processes:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        # Nothing is left behind by Ctrl-C, or by a caller who has seen enough.
        executor.shutdown(wait=True, cancel_futures=True)
        _shared = None


def _restore_signals() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _recommend(histories: list[History], k: int, aim: Aim) -> list[Candidates]:
    assert _shared is not None  # noqa: S101  # narrows the type only
    return _shared.recommend_batch(histories, k, aim)
