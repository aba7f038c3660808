"""How many likes a newcomer has to give: lists from nothing, chosen genres, and 1, 3, 5 and 10 likes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np

from movierec.bundles import Contents
from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.errors import DataError
from movierec.evaluation.cold_start_report import (
    CROWD,
    ColdStartReport,
    Step,
    compose_cold_start,
    draw_cold_start,
    find_first,
)
from movierec.evaluation.intervals import N_RESAMPLES, compare_paired, estimate_means
from movierec.evaluation.metrics import NO_ITEM, DoubleArray, find_hits, ndcg
from movierec.evaluation.publication import publish
from movierec.evaluation.receipts import hash_code, hash_config, list_differences, read_versions
from movierec.evaluation.results import SUBJECT, Receipt
from movierec.pipeline import fit_engine as fit_whole_engine
from movierec.ranking.lean import STEPS
from movierec.ranking.newcomers import list_likes
from movierec.recall.base import top_n
from movierec.schema import (
    Catalog,
    Dataset,
    FloatArray,
    Generation,
    History,
    IntArray,
    Interactions,
)
from movierec.service import Query, RecommenderService
from movierec.stages import BuildConfig, RankerConfig, TrainingConfig

K: Final = 10
SET_ASIDE: Final = 0.4
"""Share of the viewers never asked: constants were chosen on them."""

FOLDS: Final = 2
N_GENRES: Final = 3
GENRES_STEP: Final = f"{N_GENRES} genres"
POPULAR: Final = "popularity (events)"
STUDY_BUILD: Final = BuildConfig(
    training=TrainingConfig(
        shares=(0.8, 0.6), points=1, time_quantiles=(), max_queries=1200, check_queries=0
    ),
    ranker=RankerConfig(seeds=(0,), later_seeds=(2,), return_seeds=(), max_iter=80, learning_rate=0.1),
)
"""A fifth of the time of a whole build; what is compared are steps of one and the same."""

QUESTION: Final = "How many likes must somebody give whom the models have not met, and what does each gain?"

Progress = Callable[[str], None]
Shown = Callable[[History, tuple[str, ...]], IntArray]


@dataclass(frozen=True)
class Newcomer:
    """A held-out viewer: their first likes, which are revealed step by step, and the later ones to find."""

    user_idx: int
    revealed: History
    wanted: IntArray
    genres: tuple[str, ...]


def write_cold_start(
    dataset_spec: str,
    out_dir: Path,
    settings: Settings,
    progress: Progress | None = None,
    seed: int = 0,
) -> tuple[Path, ...]:
    """Measure newcomers and write ``<dataset>/cold-start.{json,md,png}``; return the files.

    Raises
    ------
    DataError
        If nobody liked more films than are revealed.
    """
    report = measure_cold_start(load_dataset(dataset_spec, settings, progress), progress=progress, seed=seed)
    return publish(report, "cold-start", out_dir, draw_cold_start, compose_cold_start)


def measure_cold_start(
    dataset: Dataset,
    config: BuildConfig | None = None,
    progress: Progress | None = None,
    seed: int = 0,
) -> ColdStartReport:
    """Fit without each fold of viewers, ask for them as the service is asked, and compare the steps."""
    started, code = perf_counter(), hash_code()
    chosen, tell = config or STUDY_BUILD, progress or (lambda _: None)
    newcomers = find_newcomers(dataset, seed)
    names = ["0", GENRES_STEP, *(str(step) for step in STEPS[1:])]
    found: dict[str, list[list[IntArray]]] = {}
    folds = [newcomers[fold::FOLDS] for fold in range(FOLDS)]
    for number, fold in enumerate(folds, start=1):
        hidden = np.isin(dataset.interactions.user_idx, [each.user_idx for each in fold])
        train = dataset.interactions.take(~hidden)
        tell(f"cold start {number} of {FOLDS}: fitting without {len(fold):,} viewers")
        for name, show in _fit_systems(train, dataset, chosen, tell).items():
            lists = found.setdefault(name, [[] for _ in names])
            for each in fold:
                asked: list[tuple[History, tuple[str, ...]]]
                asked = [(each.revealed.take(slice(0, step)), ()) for step in STEPS]
                asked.insert(1, (History.empty(), each.genres))
                for row, (history, genres) in zip(lists, asked, strict=True):
                    row.append(show(history, genres))
    order = [each for fold in folds for each in fold]
    users = np.array([each.user_idx for each in order], np.int32)
    wanted = [each.wanted for each in order]
    values = {name: [_measure(row, wanted) for row in lists] for name, lists in found.items()}
    steps = _compare(names, values, users, seed)
    return ColdStartReport(
        receipt=_sign(dataset, chosen, code, seed, perf_counter() - started),
        n_users=len(order),
        n_wanted=sum(map(len, wanted)),
        steps=steps,
        rises=all(step.gain is None or step.gain.mean > 0 for step in steps if step.name != GENRES_STEP),
        beats_from=find_first(steps, sure=False),
        surely_from=find_first(steps, sure=True),
    )


def find_newcomers(dataset: Dataset, seed: int) -> list[Newcomer]:
    """Return the viewers who are asked for, in random order; raises ``DataError`` where there are none."""
    rows = dataset.interactions
    drawn = np.random.default_rng(seed).permutation(rows.n_users)[int(SET_ASIDE * rows.n_users) :]
    newcomers = []
    for user in drawn:
        likes = list_likes(rows.history(int(user)))
        revealed = likes.take(slice(0, STEPS[-1]))
        wanted = np.setdiff1d(likes.item_idx[STEPS[-1] :], revealed.item_idx).astype(np.int32)
        if len(wanted):
            genres = _choose_genres(dataset.catalog, revealed)
            newcomers.append(Newcomer(int(user), revealed, wanted, genres))
    if len(newcomers) < FOLDS:
        raise DataError(
            f"{dataset.info.name} has nobody to ask: it takes viewers with more than {STEPS[-1]} liked titles"
        )
    return newcomers


def _choose_genres(catalog: Catalog, revealed: History) -> tuple[str, ...]:
    """Return the genres most of the first likes have: what the viewer would have chosen."""
    counts = catalog.genre_matrix[revealed.item_idx].sum(axis=0)
    best = np.argsort(-counts, kind="stable")[:N_GENRES]
    return tuple(catalog.genre_names[column] for column in best if counts[column] > 0)


def _fit_systems(
    train: Interactions, dataset: Dataset, config: BuildConfig, tell: Progress
) -> dict[str, Shown]:
    engine = fit_whole_engine(train, dataset.catalog, config, tell)
    service = RecommenderService(
        "study", dataset.info, Contents(engine, dataset.user_id, dataset.catalog, train)
    )

    def ask(generation: Generation) -> Shown:
        def show(history: History, genres: tuple[str, ...]) -> IntArray:
            query = Query(k=K, generation=generation, favourite_genres=genres)
            pool = service.shortlist(history, query)
            return pool.item_idx[pool.first]

        return show

    def rank_by(score: FloatArray) -> Shown:
        def show(history: History, _genres: tuple[str, ...]) -> IntArray:
            open_score = score.astype(np.float32).copy()
            open_score[history.item_idx] = -np.inf
            return top_n(open_score, K)

        return show

    events = np.bincount(train.item_idx, minlength=train.n_items).astype(np.float32)
    confidence = np.bincount(train.item_idx, weights=train.confidence, minlength=train.n_items)
    return {
        SUBJECT: ask(Generation.V2),
        "v1.5": ask(Generation.V1_5),
        "ALS fold-in": ask(Generation.V1_ALS),
        "EASE": ask(Generation.V1_ITEM_ITEM),
        CROWD: rank_by(confidence.astype(np.float32)),
        POPULAR: rank_by(events),
    }


def _measure(lists: Sequence[IntArray], wanted: Sequence[IntArray]) -> DoubleArray:
    packed = np.full((len(lists), K), NO_ITEM, np.int32)
    for row, items in enumerate(lists):
        packed[row, : len(items)] = items[:K]
    offsets = np.concatenate(([0], np.cumsum([len(items) for items in wanted]))).astype(np.int64)
    return ndcg(find_hits(packed, offsets, np.concatenate(wanted)), K)


def _compare(
    names: Sequence[str], values: dict[str, list[DoubleArray]], users: IntArray, seed: int
) -> tuple[Step, ...]:
    """Return every step beside the one before it and beside the better of the two popularities there."""
    steps = []
    for place, name in enumerate(names):
        now = {system: found[place] for system, found in values.items()}
        sure = estimate_means(np.column_stack(list(now.values())), users, seed)
        crowd = max((CROWD, POPULAR), key=lambda system: float(now[system].mean()))
        # Chosen genres are beside the line of likes: the first like follows on nothing known.
        before = {0: None, 1: 0, 2: 0}.get(place, place - 1)
        own = values[SUBJECT]
        steps.append(
            Step(
                name=name,
                systems=dict(zip(now, sure, strict=True)),
                gain=None if before is None else compare_paired(own[place], own[before], users, seed),
                best_crowd=crowd,
                over_crowd=compare_paired(own[place], now[crowd], users, seed),
            )
        )
    return tuple(steps)


def _sign(dataset: Dataset, config: BuildConfig, code: str, seed: int, seconds: float) -> Receipt:
    info = dataset.info
    split = {"set_aside": SET_ASIDE, "folds": float(FOLDS), "revealed": float(STEPS[-1])}
    return Receipt(
        dataset=info.name,
        content_hash=info.content_hash,
        simulated=info.simulated,
        protocol="cold-start",
        question=QUESTION,
        splits=(split,),
        seed=seed,
        n_resamples=N_RESAMPLES,
        versions=read_versions(),
        code=code,
        config=hash_config(config),
        command=f"make evaluate DATASET={info.name}",
        wall_seconds=round(seconds, 1),
        configured=list_differences(config, BuildConfig()),
    )
