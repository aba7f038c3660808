"""What a request costs, counted instead of timed, and that requests at once do not disturb each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from movierec.ranking.features import FeatureBuilder
from movierec.ranking.ranker import Ranker
from movierec.ranking.trees import Forest
from movierec.recall.als import Als
from movierec.recall.genre import Genre
from movierec.recall.neighbours import Neighbours
from movierec.schema import Aim, Filters, Generation
from movierec.service import Query, RecommenderService

COUNTED: tuple[tuple[type, str], ...] = (
    (FeatureBuilder, "build"),
    (Ranker, "score"),
    (Forest, "score"),
    (Als, "score"),
    (Als, "_fold_in"),
    (Genre, "_measure_affinity"),
    (Neighbours, "sum_over"),
    (Neighbours, "sum_at"),
    (RecommenderService, "allow"),
)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count calls, and the rows that are ranked."""
    counts: Counter[str] = Counter()

    def watch(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            counts[name] += 1
            if name == "Forest.score":
                counts["rows"] += len(arguments[1])
            return call(*arguments, **named)

        return counted

    for owner, method in COUNTED:
        monkeypatch.setattr(owner, method, watch(f"{owner.__name__}.{method}", getattr(owner, method)))
    return counts


def test_a_list_is_scored_once_however_long_it_is(toy_service, work):
    seen = []
    for k in (5, 30):
        work.clear()
        toy_service.recommend(toy_service.trained_history(3), Query(k=k))
        seen.append(dict(work))
    assert seen[0] == seen[1]
    assert {name: seen[0][name] for name in ("FeatureBuilder.build", "Ranker.score", "Forest.score")} == {
        "FeatureBuilder.build": 1,
        "Ranker.score": 1,
        "Forest.score": 1,
    }
    # Two ALS sources are folded in once each: the reasons share it with the list.
    assert (seen[0]["Als.score"], seen[0]["Als._fold_in"]) == (2, 2)
    # Plain and decayed; score, features and reasons share both.
    assert seen[0]["Genre._measure_affinity"] == 2
    assert (seen[0]["Neighbours.sum_over"], seen[0]["Neighbours.sum_at"]) == (7, 6)
    assert seen[0]["RecommenderService.allow"] == 1


def test_no_more_rows_are_ranked_than_the_merge_lets_through(toy_service, work):
    cap = toy_service.engine.merge_config.cap
    for user in (0, 3, 42):
        work.clear()
        toy_service.recommend(toy_service.trained_history(user), Query(k=10))
        assert 0 < work["rows"] <= cap


def ask_all(service: RecommenderService) -> list[tuple[int, Query]]:
    queries = (
        Query(k=10),
        Query(k=25, diversity=0.4),
        Query(k=5, aim=Aim.RETURN),
        Query(k=10, generation=Generation.V1_5),
        Query(k=10, filters=Filters(year_from=1980)),
        Query(k=10, favourite_genres=service.catalog.genre_names[:2]),
    )
    return [(user, queries[user % len(queries)]) for user in range(96)]


def test_requests_at_once_get_what_they_get_alone(toy_service):
    def answer(asked: tuple[int, Query]) -> object:
        user, query = asked
        made = toy_service.recommend(toy_service.trained_history(user), query)
        return made.items, made.funnel, made.note

    asked = ask_all(toy_service)
    alone = [answer(each) for each in asked]
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(answer, asked))
    assert together == alone
