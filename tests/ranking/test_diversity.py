from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from movierec.ranking.diversity import POOL, diversify


def draw(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = -np.sort(-rng.normal(size=n).astype(np.float32))
    vectors = rng.random((n, 4)).astype(np.float32) ** 3
    return score, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def reference(score: np.ndarray, vectors: np.ndarray, k: int, diversity: float) -> list[int]:
    """Maximal marginal relevance as written down, one pair at a time."""
    low, high = float(score.min()), float(score.max())
    relevance = [(float(value) - low) / (high - low) if high > low else 1.0 for value in score]
    chosen: list[int] = []
    while len(chosen) < min(k, len(score)):
        gains = {
            item: (1 - diversity) * relevance[item]
            - diversity * max((float(vectors[item] @ vectors[other]) for other in chosen), default=0.0)
            for item in range(len(score))
            if item not in chosen
        }
        chosen.append(max(gains, key=lambda item: (round(gains[item], 6), -item)))
    return chosen


@given(st.integers(0, 500), st.integers(1, 30), st.integers(1, 35), st.sampled_from([0.1, 0.3, 0.7, 1.0]))
def test_is_maximal_marginal_relevance(seed, n, k, diversity):
    score, vectors = draw(seed, n)
    assert diversify(score, vectors, k, diversity).tolist() == reference(score, vectors, k, diversity)


@given(st.integers(0, 500), st.integers(0, 300), st.integers(1, 40))
def test_zero_leaves_the_order(seed, n, k):
    score, vectors = draw(seed, n)
    assert diversify(score, vectors, k, 0.0).tolist() == list(range(min(n, k)))


@given(st.integers(0, 100), st.integers(1, 400), st.sampled_from([0.2, 1.0]))
def test_every_place_is_filled_once_and_from_the_pool(seed, k, diversity):
    score, vectors = draw(seed, 350)
    chosen = diversify(score, vectors, k, diversity)
    assert len(chosen) == len(set(chosen.tolist())) == min(k, 350)
    assert chosen[0] == 0
    assert chosen.max() < max(POOL, k)


def test_equal_scores_are_chosen_for_variety_alone():
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    assert diversify(np.ones(3, np.float32), vectors, 3, 0.5).tolist() == [0, 2, 1]
