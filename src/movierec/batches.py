"""Lists for very many histories: processes that share one bundle in memory work on them side by side."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator
from typing import Final

from movierec.recall.base import Candidates
from movierec.schema import Aim, History
from movierec.service import RecommenderService

PROCESSES: Final = min(os.cpu_count() or 1, 8)
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
    try:
        # Leaving the block ends the processes: nothing is left behind by Ctrl-C.
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            yield from pool.imap(_recommend, ((histories, k, aim) for histories in batches))
    finally:
        _shared = None


def _recommend(work: tuple[list[History], int, Aim]) -> list[Candidates]:
    assert _shared is not None  # noqa: S101  # narrows the type only
    return _shared.recommend_batch(*work)
