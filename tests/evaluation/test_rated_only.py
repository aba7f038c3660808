from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from movierec.data.splits import rated_only
from movierec.evaluation.peers import AllTimePopularity
from movierec.evaluation.rated_only import PUBLISHED, bound_pools, describe_rated_only
from movierec.evaluation.runner import evaluate


def measure_popularity(dataset):
    return evaluate(
        dataset, ("rated-only",), ks=(10,), generations=(), peers=lambda: (AllTimePopularity(),)
    ).protocols[0]


@pytest.fixture(scope="module")
def report(tiny):
    return measure_popularity(tiny)


def test_bounds_are_what_drawing_and_knowing_reach(tiny):
    split = rated_only(tiny.interactions)
    bounds = bound_pools([split], 10)
    rng = np.random.default_rng(0)
    discount = 1 / np.log2(np.arange(2, 12))
    found = []
    for place in range(len(split.truth)):
        liked, pool = split.truth.items(place), split.pool.items(place)
        ideal = discount[: min(10, len(liked))].sum()
        for _ in range(200):
            hits = np.isin(rng.permutation(pool)[:10], liked)
            found.append(((hits * discount[: len(hits)]).sum() / ideal, hits.sum() / 10))
    chance = np.mean(found, axis=0)
    assert bounds.chance["ndcg@10"] == pytest.approx(chance[0], abs=0.01)
    assert bounds.chance["precision@10"] == pytest.approx(chance[1], abs=0.01)
    assert bounds.perfect["precision@10"] == pytest.approx(np.minimum(split.truth.n_relevant, 10).mean() / 10)


def test_the_report_places_figures_between_chance_and_perfection(report):
    text = "\n".join(describe_rated_only(report))
    assert "This protocol flatters" in text
    rows = [line.split(" | ")[0].strip("| ") for line in text.splitlines() if line.startswith("|")]
    assert rows == ["Order", "---", "by chance", "popularity", "perfect order"]
    for metric in PUBLISHED:
        found = report.find("popularity").metrics[metric].mean
        assert report.bounds.chance[metric] - 0.1 < found < report.bounds.perfect[metric] + 1e-5


def test_precision_is_told_for_those_who_can_reach_one(tabulate):
    busy = [(user, item) for user in range(3) for item in range(60)]
    others = [(user, item) for user in range(3, 8) for item in range(20)]
    data = tabulate(*busy, *others)
    events = data.interactions
    last = np.diff(events.offsets)[events.user_idx] == events.item_idx + 1
    rating = np.where(last, np.float32(1.0), events.rating)
    report = measure_popularity(replace(data, interactions=replace(events, rating=rating)))
    (subset,) = report.subsets
    assert (subset.counts.users, report.counts.users) == (3, 8)
    found = subset.metrics["popularity"]["precision@10"]
    assert 0.9 <= found.mean <= 1.0
    everybody = report.find("popularity").metrics["precision@10"].mean
    assert everybody == pytest.approx((3 * found.mean + 5 * 0.3) / 8)
    row = next(line for line in describe_rated_only(report)[2].splitlines() if "popularity" in line)
    assert row.split("|")[5].strip().startswith(f"{found.mean:.3f} [")


def test_published_figures_stand_with_their_data_set_only(report):
    named = report.model_copy(update={"receipt": report.receipt.model_copy(update={"dataset": "ml-100k"})})
    assert "published" in "\n".join(describe_rated_only(named))
    other = report.model_copy(update={"receipt": report.receipt.model_copy(update={"protocol": "random"})})
    assert describe_rated_only(other) == []
