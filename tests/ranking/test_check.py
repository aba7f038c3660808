from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from toy_data import SMALL_BUILD

from movierec.card import FEW_QUERIES, write_card
from movierec.ranking.check import CHECK_METRICS, CHECK_SYSTEMS, QUERIES, check_ranker
from movierec.ranking.features import FEATURE_NAMES
from movierec.ranking.training import HeldOutQuery, collect_rows
from movierec.recall.sources import SOURCE_NAMES


@pytest.fixture(scope="module")
def rows(toy_events, toy_films):
    return collect_rows(toy_events, toy_films, SMALL_BUILD)


@pytest.fixture(scope="module")
def metrics(rows):
    return check_ranker(rows, SMALL_BUILD.ranker)


def make_query(rows, places: list[int], n_relevant: int, n: int = 60) -> HeldOutQuery:
    """A query whose relevant items are known by their place in the merge; popularity lists the third."""
    template = rows.held_out[0]
    features = np.resize(template.features, (n, len(FEATURE_NAMES)))
    relevant = np.zeros(n, bool)
    relevant[places] = True
    ranks = np.full((n, len(SOURCE_NAMES)), np.nan, np.float32)
    ranks[2, 0] = 1
    return HeldOutQuery(features, ranks, relevant, n_relevant)


def ask(rows, *queries: HeldOutQuery) -> dict[str, float]:
    return check_ranker(replace(rows, held_out=queries), SMALL_BUILD.ranker)


def test_every_stage_gets_every_metric_with_its_bounds(metrics):
    assert ("v2", "v1.5", *(f"v1-{name}" for name in SOURCE_NAMES)) == CHECK_SYSTEMS
    names = [f"{metric} {system}" for metric in CHECK_METRICS for system in CHECK_SYSTEMS]
    assert set(metrics) == {QUERIES, *(f"{name}{end}" for name in names for end in ("", " low", " high"))}
    for name in names:
        assert 0 <= metrics[f"{name} low"] <= metrics[name] <= metrics[f"{name} high"] <= 1
    assert metrics["ndcg@10 v1.5 low"] < metrics["ndcg@10 v1.5 high"]


def test_numbers_are_those_of_the_lists(rows):
    """One query whose answer is known: relevant at places 1, 3 and 31 of the merge, one of four missing."""
    metrics = ask(rows, make_query(rows, [0, 2, 30], 4))
    ideal = 1 + 1 / np.log2(3) + 1 / 2 + 1 / np.log2(5)
    assert metrics["ndcg@10 v1.5"] == pytest.approx((1 + 1 / 2) / ideal)
    assert metrics["recall@50 v1.5"] == pytest.approx(3 / 4)
    assert metrics["ndcg@10 v1-popularity"] == pytest.approx(1 / ideal)
    assert metrics["recall@50 v1-popularity"] == pytest.approx(1 / 4)
    assert metrics["ndcg@10 v1-als"] == metrics["hit_rate@10 v1-als"] == 0
    assert metrics["ndcg@10 v1.5 low"] == metrics["ndcg@10 v1.5 high"] == metrics["ndcg@10 v1.5"]


def test_what_recall_missed_counts_0(rows):
    hit, late = make_query(rows, [0], 1), make_query(rows, [55], 1)
    none = HeldOutQuery(
        np.empty((0, len(FEATURE_NAMES)), np.float32),
        np.empty((0, len(SOURCE_NAMES)), np.float32),
        np.empty(0, bool),
        2,
    )
    metrics = ask(rows, hit, none, none, late)
    assert metrics[QUERIES] == 4
    for name in CHECK_METRICS:
        assert metrics[f"{name} v1.5"] == pytest.approx(1 / 4)
    assert metrics["hit_rate@10 v1.5 low"] == 0


def test_only_last_events_with_something_liked_are_asked_for(rows):
    hit = make_query(rows, [0], 1)
    earlier = replace(make_query(rows, [], 3), closing=False)
    nothing_liked = make_query(rows, [], 0)
    assert ask(rows, hit, earlier, nothing_liked)[QUERIES] == 1
    assert ask(rows, earlier, nothing_liked) == {}


def test_viewers_are_those_of_the_first_round_once_each(rows, metrics):
    closing = [query for query in rows.held_out if query.closing]
    assert metrics[QUERIES] == sum(query.n_relevant > 0 for query in closing)
    assert 0 < len(closing) == len(rows.held_out) <= SMALL_BUILD.training.check_queries


def test_nothing_to_compare_with_is_no_number(rows):
    assert ask(rows) == {}
    assert check_ranker(rows.take(rows.round == 0), SMALL_BUILD.ranker) == {}


def test_card_states_them_with_intervals_and_meaning(metrics, toy_dataset):
    text = write_card(toy_dataset, SMALL_BUILD, metrics, True)
    row = " | ".join(
        f"{metrics[f'{name} v2']:.3f} [{metrics[f'{name} v2 low']:.3f}, {metrics[f'{name} v2 high']:.3f}]"
        for name in CHECK_METRICS
    )
    assert f"| v2 | {row} |" in text
    assert f"on {int(metrics[QUERIES])} viewers" in text
    assert "hit rate@10 is the share of viewers" in text


def test_card_warns_where_there_are_few_viewers(metrics, toy_dataset):
    for count, warned in ((FEW_QUERIES - 1, True), (FEW_QUERIES, False)):
        text = write_card(toy_dataset, SMALL_BUILD, {**metrics, QUERIES: float(count)}, True)
        assert ("too few for more than a hint" in text) is warned
