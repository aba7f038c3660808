from __future__ import annotations

import numpy as np

from movierec.facts import describe_dataset
from movierec.schema import Catalog, Interactions


def make_catalog(genres: list[tuple[str, ...]]) -> Catalog:
    n = len(genres)
    empty: tuple[tuple[str, ...], ...] = ((),) * n
    return Catalog(
        item_id=tuple(str(index) for index in range(n)),
        title=("T",) * n,
        year=np.full(n, 2000, np.int32),
        genres=tuple(genres),
        director=(None,) * n,
        keywords=empty,
        imdb_id=(None,) * n,
        tmdb_id=(None,) * n,
    )


def make_interactions(pairs: list[tuple[int, int, float]], n_users: int, n_items: int) -> Interactions:
    users, items, ratings = (list(part) for part in zip(*pairs, strict=True)) if pairs else ([], [], [])
    return Interactions(
        np.array(users, np.int32),
        np.array(items, np.int32),
        np.array(ratings, np.float32),
        np.ones(len(pairs), np.float32),
        100 + np.arange(len(pairs), dtype=np.int64),
        n_users,
        n_items,
    )


def test_figures_worked_out_by_hand() -> None:
    pairs = [(0, 0, 5.0), (0, 1, 3.0), (1, 0, 4.0), (2, 0, np.nan)]
    facts = describe_dataset(
        make_interactions(pairs, n_users=4, n_items=10),
        make_catalog([("Drama", "War"), ("Drama",)] + [()] * 8),
    )
    assert facts.density == 4 / 40
    assert facts.median_events == 1.0
    assert facts.top_tenth_share == 3 / 4
    assert facts.n_never_rated == 8
    assert facts.mean_rating == 4.0
    assert facts.ratings == ((3.0, 1), (4.0, 1), (5.0, 1))
    assert facts.genres == (("Drama", 2), ("War", 1))
    assert (facts.first, facts.last) == (100, 103)


def test_nothing_to_describe() -> None:
    facts = describe_dataset(make_interactions([], n_users=0, n_items=1), make_catalog([()]))
    assert (facts.density, facts.median_events, facts.mean_rating, facts.first) == (0.0, 0.0, None, None)
