"""Lists of an engine whose every number is drawn, none learnt: they change only where serving changes.

``python tests/frozen_lists.py`` writes the record anew; do so where answers are meant to change, and say in
the commit why they do.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from drawn import DrawnConfig, draw_dataset, draw_engine
from toy_data import SMALL_BUILD, START, make_history

from movierec.bundles import Contents
from movierec.data.population import PopulationConfig
from movierec.dayparts import Daypart
from movierec.ranking.features import FEATURE_NAMES, STANDARDISED
from movierec.ranking.lean import Lean
from movierec.ranking.linear import LinearPart
from movierec.ranking.match import MatchModel
from movierec.ranking.ranker import Head, Ranker
from movierec.ranking.trees import Forest, add_up
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import Aim, Filters, Generation, History
from movierec.service import Query, RecommenderService

RECORD: Final = Path(__file__).with_suffix(".json")
LEAVES, TREES = 20, 25
CONFIG: Final = DrawnConfig(PopulationConfig(150, 220, 5_000, seed=4), SMALL_BUILD)


def draw_service() -> RecommenderService:
    """Return a service over 150 viewers and 220 films."""
    dataset = draw_dataset(CONFIG.population)
    engine, _ = draw_engine(dataset, CONFIG)
    rng = np.random.default_rng(9)
    rows = []
    for user in range(0, 150, 10):
        history = dataset.interactions.history(user)
        scores = engine.fusion.score(history)
        merged = engine.fusion.merge(history, scores)
        rows.append(engine.builder.build(history, merged.item_idx, scores, merged.score))
    values = np.concatenate(rows)
    heads = (Head.NEXT, Head.LATER, Head.RETURN)
    width = len(STANDARDISED)
    linear = LinearPart(0.4, rng.normal(0, 0.2, (3, width)), rng.normal(-2, 0.1, 3), np.zeros((3, width)))
    ranker = Ranker((), heads=heads, forest=draw_forest(values, len(heads), rng), linear=linear, lean=Lean())
    match = MatchModel(np.ones(8), np.full(8, 2.0), rng.normal(0, 0.5, 8), 0.3)
    engine = replace(engine, ranker=ranker, match=match)
    return RecommenderService(
        "drawn", dataset.info, Contents(engine, dataset.user_id, dataset.catalog, dataset.interactions)
    )


def draw_forest(values: np.ndarray, n_models: int, rng: np.random.Generator) -> Forest:
    """Return trees that split at values some row has, their shapes at random."""
    feature: list[int] = []
    mask: list[int] = []

    def grow(first: int, last: int) -> None:
        if last - first < 2:
            return
        middle = int(rng.integers(first + 1, last))
        grow(first, middle)
        feature.append(int(rng.integers(len(FEATURE_NAMES))))
        mask.append(0xFFFFFFFF ^ ((1 << middle) - (1 << first)))
        grow(middle, last)

    count = n_models * TREES
    for _ in range(count):
        grow(0, LEAVES)
    row = rng.integers(len(values), size=len(feature))
    threshold = np.nan_to_num(values[row, feature], nan=0.5).astype(np.float32)
    return Forest(
        np.full(n_models, -2.0),
        add_up([TREES] * n_models),
        add_up([LEAVES - 1] * count),
        add_up([LEAVES] * count),
        np.array(feature, np.int32),
        threshold,
        np.array(mask, np.uint32),
        rng.random(len(feature)) < 0.5,
        rng.normal(0.0, 0.1, LEAVES * count),
    )


def ask(service: RecommenderService) -> dict[str, tuple[History, Query]]:
    """Return what is asked: usual and unusual viewers, every kind of query."""
    longest = int(np.argmax(np.diff(service.interactions.offsets)))
    usual = [service.trained_history(user) for user in (3, 50, 101)]
    bare = replace(usual[2], rating=np.full(len(usual[2]), np.nan, np.float32))
    tied = replace(usual[1], timestamp=np.full(len(usual[1]), START))
    genres = service.catalog.genre_names
    narrow = Filters(genres=genres[:2], year_from=1960, exclude=(1, 2))
    return {
        "usual": (usual[0], Query(k=12)),
        "another": (usual[1], Query(k=12)),
        "longest": (service.trained_history(longest), Query(k=12)),
        "nobody": (History.empty(), Query(k=12)),
        "one like": (make_history([(7, 5.0)]), Query(k=12)),
        "one dislike": (make_history([(7, 1.0)]), Query(k=12)),
        "without stars": (bare, Query(k=12)),
        "all at once": (tied, Query(k=12)),
        "next": (usual[0], Query(k=8, aim=Aim.NEXT)),
        "return": (usual[0], Query(k=8, aim=Aim.RETURN)),
        "best match": (usual[0], Query(k=8, aim=Aim.RATING)),
        "merge alone": (usual[1], Query(k=8, generation=Generation.V1_5)),
        "one source": (usual[1], Query(k=8, generation=Generation.V1_LIFT)),
        "varied": (usual[2], Query(k=8, diversity=0.5)),
        "filtered": (
            usual[2],
            Query(k=8, filters=narrow),
        ),
        "wished": (usual[2], Query(k=8, favourite_genres=genres[3:5])),
        "evening": (usual[2], Query(k=8, daypart=Daypart.EVENING)),
        "everything": (usual[0], Query(k=100)),
    }


def answer(service: RecommenderService, history: History, query: Query) -> dict[str, Any]:
    """Return what is recorded of a list; numbers to six places."""
    made = service.recommend(history, query)
    features = service.engine.rank(history, query.k).features
    assert features is not None
    known = np.nan_to_num(features.astype(np.float64), nan=-1.0)
    front = made.items[:5]
    return {
        "items": [item.item_idx for item in made.items],
        "score": [round(item.score, 6) for item in made.items],
        "match": [round(item.match, 6) for item in made.items],
        "reasons": [[reason.text for reason in item.reasons] for item in front],
        "because": [[reason.because for reason in item.reasons] for item in front],
        "hits": [
            [(SOURCE_NAMES.index(hit.source), hit.rank) for hit in item.hits] for item in made.items[:5]
        ],
        "funnel": list(made.funnel.values()),
        "features": dict(zip(FEATURE_NAMES, np.round(known.mean(axis=0), 4).tolist(), strict=True)),
    }


def main() -> None:
    """Write the record."""
    service = draw_service()
    made = {name: answer(service, *asked) for name, asked in ask(service).items()}
    RECORD.write_text(
        "{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(one)}" for name, one in made.items()) + "\n}\n"
    )


if __name__ == "__main__":
    main()
