from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from movierec.data.splits import user_timeline
from movierec.engine import Engine
from movierec.evaluation import metrics
from movierec.evaluation.metrics import NO_ITEM, Hits, find_hits
from movierec.schema import Generation, IntArray, Interactions, LongArray

N_ITEMS = 30
RANX_FIGURES = Path(__file__).parent / "fixtures" / "ranx_figures.json"
ACCURACY = (
    metrics.recall,
    metrics.precision,
    metrics.hit_rate,
    metrics.ndcg,
    metrics.average_precision,
    metrics.reciprocal_rank,
)

Case = tuple[IntArray, LongArray, IntArray]


def pack(lists: list[list[int]], truth: list[list[int]]) -> Case:
    depth = max(map(len, lists), default=0)
    padded = np.full((len(lists), depth), NO_ITEM, np.int32)
    for row, items in enumerate(lists):
        padded[row, : len(items)] = items
    offsets = np.cumsum([0, *map(len, truth)]).astype(np.int64)
    return padded, offsets, np.array([item for items in truth for item in items], np.int32)


items = st.integers(0, N_ITEMS - 1)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[list[int]], list[list[int]]]:
    n_users = draw(st.integers(1, 5))
    lists = [draw(st.lists(items, unique=True, max_size=15)) for _ in range(n_users)]
    truth = [sorted(draw(st.sets(items, min_size=1, max_size=15))) for _ in range(n_users)]
    return lists, truth


def ask_ir_measures(
    lists: list[list[int]], truth: list[list[int]], measure: ir_measures.Measure
) -> list[float]:
    qrels = [ir_measures.Qrel(str(u), str(item), 1) for u, found in enumerate(truth) for item in found]
    run = [
        ir_measures.ScoredDoc(str(u), str(item), float(-place))
        for u, shown in enumerate(lists)
        for place, item in enumerate(shown)
    ]
    values = {answer.query_id: answer.value for answer in ir_measures.iter_calc([measure], qrels, run)}
    return [values.get(str(u), 0.0) for u in range(len(lists))]


def assert_agrees_with_ir_measures(lists: list[list[int]], truth: list[list[int]], k: int) -> None:
    hits = find_hits(*pack(lists, truth))
    oracle = {
        metrics.recall: ir_measures.R @ k,
        metrics.precision: ir_measures.P @ k,
        metrics.hit_rate: ir_measures.Success @ k,
        metrics.ndcg: ir_measures.nDCG @ k,
        metrics.average_precision: ir_measures.AP @ k,
        metrics.reciprocal_rank: ir_measures.RR @ k,
    }
    for metric, measure in oracle.items():
        ours = metric(hits, k)
        assert ours.dtype == np.float64
        np.testing.assert_allclose(
            ours, ask_ir_measures(lists, truth, measure), atol=1e-12, err_msg=str(measure)
        )


@given(cases(), st.sampled_from([1, 3, 10, 20]))
def test_accuracy_agrees_with_ir_measures(case: tuple[list[list[int]], list[list[int]]], k: int) -> None:
    assert_agrees_with_ir_measures(*case, k)


def test_accuracy_agrees_with_ir_measures_on_many_long_lists() -> None:
    rng = np.random.default_rng(5)
    lists = [rng.permutation(500)[: rng.integers(0, 60)].tolist() for _ in range(200)]
    truth = [sorted(rng.permutation(500)[: rng.integers(1, 80)].tolist()) for _ in range(200)]
    for k in (5, 50):
        assert_agrees_with_ir_measures(lists, truth, k)


def test_accuracy_agrees_with_ir_measures_on_lists_of_an_engine(
    toy_engine: Engine, toy_events: Interactions
) -> None:
    """The engine knows the answers, which does not matter here: lists and truth are real."""
    split = user_timeline(toy_events)
    lists, truth = [], []
    for row, user in enumerate(split.truth.user_idx[:40]):
        listed = toy_engine.recommend(split.history(int(user)), 50, Generation.V2).item_idx
        lists.append(listed.tolist())
        truth.append(split.truth.items(row).tolist())
    assert sum(bool(set(listed[:10]) & set(found)) for listed, found in zip(lists, truth, strict=True)) > 5
    for k in (10, 20, 50, 100):
        assert_agrees_with_ir_measures(lists, truth, k)


def test_accuracy_agrees_with_the_figures_of_ranx() -> None:
    """Recorded by record_ranx.py beside this file, which says why ranx is not asked here."""
    recorded = json.loads(RANX_FIGURES.read_text())
    hits = find_hits(*pack(recorded["lists"], recorded["truth"]))
    ours = {
        "recall": metrics.recall,
        "precision": metrics.precision,
        "hit_rate": metrics.hit_rate,
        "ndcg": metrics.ndcg,
        "map": metrics.average_precision,
        "mrr": metrics.reciprocal_rank,
    }
    assert len(recorded["figures"]) == 24
    for name, expected in recorded["figures"].items():
        metric, k = name.split("@")
        np.testing.assert_allclose(ours[metric](hits, int(k)), expected, atol=1e-8, err_msg=name)


def test_ndcg_by_hand_divides_by_the_ideal_of_everything_relevant() -> None:
    hits = find_hits(*pack([[4, 1, 2]], [[1, 7, 8]]))
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert metrics.ndcg(hits, 3)[0] == pytest.approx((1 / math.log2(3)) / ideal)
    assert metrics.ndcg(hits, 1)[0] == 0.0


@given(cases(), st.integers(1, 20))
def test_accuracy_lies_in_0_and_1(case: tuple[list[list[int]], list[list[int]]], k: int) -> None:
    hits = find_hits(*pack(*case))
    for metric in ACCURACY:
        values = metric(hits, k)
        assert values.shape == (len(case[0]),)
        assert ((values >= 0) & (values <= 1 + 1e-12)).all()


@given(st.lists(st.sets(items, min_size=1, max_size=10), min_size=1, max_size=4))
def test_the_perfect_list_gets_1(relevant: list[set[int]]) -> None:
    truth = [sorted(found) for found in relevant]
    lists = [found + [item for item in range(N_ITEMS) if item not in found] for found in truth]
    hits = find_hits(*pack(lists, truth))
    for metric in (metrics.recall, metrics.hit_rate, metrics.ndcg, metrics.average_precision):
        np.testing.assert_allclose(metric(hits, 10), 1.0)
    np.testing.assert_allclose(metrics.ndcg(hits, 1), 1.0)
    np.testing.assert_allclose(metrics.precision(hits, 1), 1.0)
    np.testing.assert_allclose(metrics.reciprocal_rank(hits, 1), 1.0)


@given(cases())
def test_accuracy_grows_with_k_where_it_must(case: tuple[list[list[int]], list[list[int]]]) -> None:
    hits = find_hits(*pack(*case))
    for metric in (metrics.recall, metrics.hit_rate, metrics.average_precision, metrics.reciprocal_rank):
        for k in range(1, 16):
            assert (metric(hits, k + 1) >= metric(hits, k) - 1e-12).all()


@given(st.lists(st.booleans(), min_size=2, max_size=12), st.integers(0, 5), st.data())
def test_moving_a_hit_up_never_lowers_a_metric(places: list[bool], missed: int, data: st.DataObject) -> None:
    position = data.draw(st.integers(1, len(places) - 1))
    better = places.copy()
    if better[position]:
        better[position - 1], better[position] = True, better[position - 1]
    n_relevant = np.array([max(sum(places) + missed, 1)])
    before, after = (Hits(np.array([row]), n_relevant) for row in (places, better))
    for metric in ACCURACY:
        for k in (1, 5, 12):
            assert metric(after, k)[0] >= metric(before, k)[0] - 1e-12


def test_empty_lists_count_0_everywhere() -> None:
    for lists in (np.full((2, 4), NO_ITEM, np.int32), np.empty((2, 0), np.int32)):
        hits = find_hits(lists, np.array([0, 1, 2]), np.array([3, 4], np.int32))
        for metric in ACCURACY:
            assert metric(hits, 3).tolist() == [0.0, 0.0]
        events = np.ones(N_ITEMS, np.int64)
        assert metrics.coverage(lists, 3, N_ITEMS) == 0
        assert metrics.gini(lists, 3, N_ITEMS) == 0
        assert metrics.novelty(lists, 3, events, 2).tolist() == [0.0, 0.0]
        assert metrics.average_popularity(lists, 3, events).tolist() == [0.0, 0.0]
        assert metrics.diversity(lists, 3, np.ones((N_ITEMS, 2), np.float32)).tolist() == [0.0, 0.0]


@given(
    st.lists(st.sampled_from([-math.inf, 0.0, 0.5, 1.0, 2.0]), min_size=4, max_size=12),
    st.data(),
)
def test_auc_agrees_with_scikit_learn(score: list[float], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(score))))
    seen, relevant, rest = order[:1], order[1:3], order[3:]
    values = np.array(score, np.float32)
    ours = metrics.auc(values, np.array(seen, np.int32), np.array(relevant, np.int32))
    finite = np.where(np.isinf(values), -9.0, values)
    labels = [True] * len(relevant) + [False] * len(rest)
    assert ours == pytest.approx(roc_auc_score(labels, finite[relevant + rest]))


def test_auc_with_nothing_to_compare_is_a_half() -> None:
    assert metrics.auc(np.ones(2, np.float32), np.array([0]), np.array([1])) == 0.5


def test_reach_by_hand() -> None:
    lists = pack([[0, 1], [0, 2]], [[5], [5]])[0]
    assert metrics.coverage(lists, 2, 4) == pytest.approx(3 / 4)
    assert metrics.coverage(lists, 1, 4) == pytest.approx(1 / 4)
    assert metrics.gini(lists, 1, 4) == pytest.approx(3 / 4)
    assert metrics.gini(pack([[0, 1], [2, 3]], [[5], [5]])[0], 2, 4) == pytest.approx(0.0)
    events = np.array([4, 2, 1, 0])
    assert metrics.novelty(lists, 2, events, 4).tolist() == [0.5, 1.0]
    assert metrics.average_popularity(lists, 2, events).tolist() == [3.0, 2.5]


def test_unknown_items_are_as_novel_as_those_one_user_knows() -> None:
    lists = pack([[3]], [[5]])[0]
    assert metrics.novelty(lists, 1, np.array([8, 8, 8, 0]), 8).tolist() == [3.0]


@given(st.lists(st.sets(st.integers(0, 3)), min_size=1, max_size=8))
def test_diversity_is_the_mean_over_pairs(genres: list[set[int]]) -> None:
    matrix = np.zeros((len(genres), 4), np.float32)
    for row, names in enumerate(genres):
        matrix[row, list(names)] = 1
    lists = np.arange(len(genres), dtype=np.int32)[None, :]
    distances = [
        1 - (len(a & b) / math.sqrt(len(a) * len(b)) if a and b else 0.0)
        for a, b in itertools.combinations(genres, 2)
    ]
    expected = np.mean(distances) if distances else 0.0
    assert metrics.diversity(lists, len(genres), matrix)[0] == pytest.approx(expected, abs=1e-9)


def test_genres_are_shared_among_items_and_within_them() -> None:
    genres = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]], np.float32)
    share = metrics.share_genres(np.array([0, 2, 3, 3]), np.array([0, 1, 2], np.int32), genres)
    assert share.tolist() == [[0.25, 0.75, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


def test_miscalibration_by_hand() -> None:
    genres = np.eye(3, dtype=np.float32)
    wanted = np.array([[0.5, 0.5, 0.0]])
    for listed, expected in (
        ([0, 1], 0.0),
        ([0], 0.5 * math.log(0.5 / (0.99 + 0.005)) + 0.5 * math.log(0.5 / 0.005)),
        ([2, 2], math.log(100)),
        ([], math.log(100)),
    ):
        lists = pack([listed], [[0]])[0]
        assert metrics.miscalibration(lists, 2, wanted, genres)[0] == pytest.approx(expected)
    beyond = pack([[0, 1, 2, 2]], [[0]])[0]
    assert metrics.miscalibration(beyond, 2, wanted, genres)[0] == pytest.approx(0.0)
    assert metrics.miscalibration(beyond, 2, np.zeros((1, 3)), genres)[0] == 0.0


@given(st.lists(st.sets(st.integers(0, 4)), min_size=2, max_size=12), st.data())
def test_miscalibration_is_the_divergence_as_published(names: list[set[int]], data: st.DataObject) -> None:
    matrix = np.zeros((len(names), 5), np.float32)
    for row, own in enumerate(names):
        matrix[row, list(own)] = 1
    any_item = st.integers(0, len(names) - 1)
    history = data.draw(st.lists(any_item, max_size=6))
    listed = data.draw(st.lists(any_item, unique=True, max_size=6))

    def mix(items: list[int]) -> list[float]:
        total = [sum(1 / len(names[item]) for item in items if genre in names[item]) for genre in range(5)]
        return [value / sum(total) if sum(total) else 0.0 for value in total]

    p, q = mix(history), mix(listed)
    expected = sum(a * math.log(a / (0.99 * b + 0.01 * a)) for a, b in zip(p, q, strict=True) if a)
    wanted = metrics.share_genres(np.array([0, len(history)]), np.array(history, np.int32), matrix)
    found = metrics.miscalibration(pack([listed], [[0]])[0], 6, wanted, matrix)[0]
    assert found == pytest.approx(expected, abs=1e-9)
    assert 0 <= found <= math.log(100) + 1e-9
