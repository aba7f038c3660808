from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import pytest

from movierec.data import splits
from movierec.errors import ConfigError, DataError, MovieRecError
from movierec.evaluation.limits import Limits
from movierec.evaluation.peers import AllTimePopularity, Peer
from movierec.evaluation.protocols import PROTOCOLS
from movierec.evaluation.receipts import hash_config
from movierec.evaluation.results import ProtocolReport
from movierec.evaluation.runner import evaluate
from movierec.pipeline import fit_engine
from movierec.recall.base import Candidates, select
from movierec.schema import Aim, Catalog, Dataset, FloatArray, Generation, History, IntArray, Interactions
from movierec.stages import BuildConfig, RankerConfig, TrainingConfig

Progress = Callable[[str], None]


@dataclass
class Clairvoyant:
    """A stand-in engine: V2 lists what everybody's whole timeline holds, the others popularity."""

    everything: Interactions
    fitted: list[Interactions] = field(default_factory=list)
    aims: list[Aim] = field(default_factory=list)

    def __call__(
        self, train: Interactions, catalog: Catalog, config: BuildConfig | None, progress: Progress | None
    ) -> Self:
        self.fitted.append(train)
        self.popularity = AllTimePopularity().fit(train, catalog)
        self.known = {
            tuple(train.history(user).item_idx.tolist()): self.everything.history(user).item_idx
            for user in range(train.n_users)
        }
        return self

    def recommend_batch(
        self,
        histories: list[History],
        k: int,
        generation: Generation,
        depth: int | None,
        aim: Aim = Aim.BALANCED,
    ) -> list[Candidates]:
        self.aims.append(aim)
        return [select(self.score(history, generation), history, depth or k) for history in histories]

    def score_items(
        self, history: History, items: IntArray, generation: Generation, aim: Aim = Aim.BALANCED
    ) -> FloatArray:
        return self.score(history, generation)[items]

    def score(self, history: History, generation: Generation) -> FloatArray:
        score = self.popularity.score(history).copy()
        if generation is Generation.V2:
            score[self.known[tuple(history.item_idx.tolist())]] += 1e6
        return score


class Untuned(AllTimePopularity):
    """Popularity as the stand-in engine has it."""

    @property
    def grid(self) -> tuple[Peer, ...]:
        return (self,)


def run(dataset: Dataset, protocol: str, engine: Clairvoyant | None = None, seed: int = 0) -> ProtocolReport:
    report = evaluate(
        dataset,
        (protocol,),
        ks=(10, 20),
        generations=(Generation.V2, Generation.V1_5),
        peers=lambda: (Untuned(),),
        seed=seed,
        fit_engine=engine or Clairvoyant(dataset.interactions),
    )
    return report.protocols[0]


def test_the_engine_is_fitted_once_on_train_alone(tiny: Dataset) -> None:
    engine = Clairvoyant(tiny.interactions)
    run(tiny, "user-timeline", engine)
    split = splits.user_timeline(tiny.interactions)
    assert len(engine.fitted) == 1
    np.testing.assert_array_equal(engine.fitted[0].timestamp, split.train.timestamp)
    np.testing.assert_array_equal(engine.fitted[0].item_idx, split.train.item_idx)


def test_a_clairvoyant_engine_is_perfect_and_beats_the_others(tiny: Dataset) -> None:
    report = run(tiny, "leave-one-out")
    assert report.subject == "v2"
    assert report.counts.users == len(splits.leave_one_out(tiny.interactions).truth)
    for name in ("ndcg@10", "recall@10", "hit_rate@10", "mrr@10", "map@10", "auc"):
        assert report.find("v2").metrics[name].mean == pytest.approx(1.0)
    assert report.find("v2").metrics["precision@10"].mean == pytest.approx(0.1)
    assert {entry.other for entry in report.comparisons} == {"v1.5", "popularity"}
    gain = report.compare_with("popularity")
    assert gain is not None
    assert gain.low > 0
    assert gain.p_value < 0.001


def test_equal_systems_differ_by_nothing(tiny: Dataset) -> None:
    report = run(tiny, "leave-one-out")
    assert report.find("v1.5").metrics == report.find("popularity").metrics
    assert report.find("v1.5").overall == report.find("popularity").overall


def test_popularity_by_hand(tabulate: Callable[..., Dataset]) -> None:
    events = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 3), (2, 0), (2, 1), (2, 2)]
    report = run(tabulate(*events), "leave-one-out")
    # Train popularity: items 0 and 1 three times, nothing else; nobody can be shown their last item.
    assert report.find("popularity").metrics["recall@10"].mean == 0.0
    assert report.find("popularity").overall["coverage@10"] == 0.0


def test_pooled_cuts_keep_users_apart_from_rows(tiny: Dataset) -> None:
    report = run(tiny, "global-timeline")
    cuts = [splits.global_timeline(tiny.interactions, quantile) for quantile in (0.6, 0.7, 0.8, 0.9)]
    assert report.counts.rows == sum(len(cut.truth) for cut in cuts)
    assert report.counts.users == len(np.unique(np.concatenate([cut.truth.user_idx for cut in cuts])))
    assert report.counts.cold_rows == sum(len(cut.cold) for cut in cuts)
    assert [part["quantile"] for part in report.receipt.splits] == [0.6, 0.7, 0.8, 0.9]
    assert report.counts.cold_rows > 0
    assert "ndcg@10" in report.find("popularity").cold


def test_protocols_of_a_group_share_one_fit(tiny: Dataset) -> None:
    engine = Clairvoyant(tiny.interactions)
    report = evaluate(
        tiny,
        ("rated-only", "leave-one-out", "user-timeline"),
        generations=(Generation.V2,),
        peers=lambda: (AllTimePopularity(),),
        fit_engine=engine,
    )
    assert [part.receipt.protocol for part in report.protocols] == [
        "rated-only",
        "leave-one-out",
        "user-timeline",
    ]
    assert len(engine.fitted) == 2
    rated, _, timeline = report.protocols
    assert rated.counts.users == len(splits.rated_only(tiny.interactions).truth)
    assert rated.counts.users < timeline.counts.users
    assert rated.find("v2").overall == {}
    alone = evaluate(
        tiny,
        ("rated-only",),
        generations=(),
        peers=lambda: (AllTimePopularity(),),
    ).protocols[0]
    assert alone.find("popularity").metrics == rated.find("popularity").metrics


def test_the_protocol_s_aim_is_asked_and_judged_against_the_best_single_model(tiny: Dataset) -> None:
    engine = Clairvoyant(tiny.interactions)
    report = run(tiny, "leave-one-out", engine)
    assert Aim.NEXT in engine.aims
    assert Aim.BALANCED in engine.aims
    assert report.aimed is not None
    assert (report.aimed.system, report.aimed.single) == ("v2-next", "popularity")
    found = report.find("v2-next").metrics["ndcg@10"].mean - report.find("popularity").metrics["ndcg@10"].mean
    assert report.aimed.difference.mean == pytest.approx(found, abs=1e-5)
    assert "v2-next" not in {entry.other for entry in report.comparisons}
    assert run(tiny, "random").aimed is None


def test_untied_users_are_reported_apart(tiny: Dataset) -> None:
    report = run(tiny, "leave-one-out")
    (untied,) = report.subsets
    split = splits.leave_one_out(tiny.interactions)
    mask = splits.find_untied(split)
    assert untied.name == "untied"
    assert untied.counts.users == untied.counts.rows == int(mask.sum())
    assert set(untied.metrics) == {"v2", "v1.5", "v2-next", "popularity"}
    assert untied.metrics["v2"]["ndcg@10"].mean == pytest.approx(1.0)
    assert untied.best_other in ("v1.5", "popularity")
    assert untied.difference is not None
    assert untied.difference.mean == pytest.approx(
        1.0 - untied.metrics["popularity"]["ndcg@10"].mean, abs=1e-5
    )


def test_tied_last_events_are_in_no_subset(tiny: Dataset) -> None:
    first = int(splits.leave_one_out(tiny.interactions).truth.user_idx[0])
    timestamp = tiny.interactions.timestamp.copy()
    end = int(tiny.interactions.offsets[first + 1])
    timestamp[end - 2] = timestamp[end - 1]
    tied = replace(tiny, interactions=replace(tiny.interactions, timestamp=timestamp))
    plain, changed = run(tiny, "leave-one-out"), run(tied, "leave-one-out")
    assert changed.counts.users == plain.counts.users
    assert changed.subsets[0].counts.users == plain.subsets[0].counts.users - 1


def test_a_protocol_states_the_goal_of_the_build(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask_for_more(config: BuildConfig) -> BuildConfig:
        return config.model_copy(update={"training": config.training.model_copy(update={"cuts": 9})})

    protocol = replace(PROTOCOLS["random"], configure=ask_for_more)
    monkeypatch.setattr("movierec.evaluation.runner.find_protocols", lambda _: (protocol,))
    configs: list[BuildConfig | None] = []

    def fit(
        train: Interactions, catalog: Catalog, config: BuildConfig | None, progress: Progress | None
    ) -> Clairvoyant:
        configs.append(config)
        return Clairvoyant(tiny.interactions)(train, catalog, config, progress)

    report = evaluate(
        tiny, ("random",), ks=(10,), generations=(Generation.V2,), peers=lambda: (), fit_engine=fit
    )
    receipt = report.protocols[0].receipt
    assert configs == [ask_for_more(BuildConfig())]
    assert receipt.config == hash_config(ask_for_more(BuildConfig())) != hash_config(BuildConfig())
    assert receipt.configured == {"training.cuts": "9"}
    monkeypatch.undo()
    assert run(tiny, "leave-one-out").receipt.configured == {}


def test_limits_make_the_run_smaller_and_are_stated(tiny: Dataset) -> None:
    report = evaluate(
        tiny,
        ("user-timeline",),
        generations=(),
        peers=lambda: (AllTimePopularity(),),
        limits=Limits(users=30, scored=9),
    ).protocols[0]
    assert report.counts.users == 9
    assert report.receipt.restrictions == {"users": 30, "scored": 9}
    assert report.receipt.command.endswith(" --quick")


def test_equal_seeds_give_equal_numbers(tiny: Dataset) -> None:
    first, second, other = (run(tiny, "random", seed=seed) for seed in (4, 4, 5))
    assert [system.metrics for system in first.systems] == [system.metrics for system in second.systems]
    assert first.comparisons == second.comparisons
    assert first.find("popularity").metrics != other.find("popularity").metrics


def test_the_receipt_says_how_to_do_it_again(tiny: Dataset) -> None:
    receipt = run(tiny, "random", seed=4).receipt
    assert receipt.command == "python scripts/evaluate.py tiny --protocol random --seed 4"
    assert receipt.content_hash == tiny.info.content_hash
    assert receipt.splits == ({"share": 0.25, "seed": 4.0},)
    assert receipt.simulated
    assert receipt.versions["numpy"] == np.__version__
    assert len(receipt.code) == len(receipt.config) == 16


class Repeater(AllTimePopularity):
    """Lists an item twice."""

    def recommend_batch(
        self, histories: Sequence[History], user_idx: Sequence[int], k: int
    ) -> list[Candidates]:
        lists = super().recommend_batch(histories, user_idx, k)
        return [Candidates(np.repeat(one.item_idx[:1], 2), np.repeat(one.score[:1], 2)) for one in lists]


class Forgetter(AllTimePopularity):
    """Lists what has been seen."""

    def recommend_batch(
        self, histories: Sequence[History], user_idx: Sequence[int], k: int
    ) -> list[Candidates]:
        return [select(self.score(history), History.empty(), k) for history in histories]


@pytest.mark.parametrize(("peer", "fault"), [(Repeater(), "1 repeated"), (Forgetter(), "[1-9][0-9]* seen")])
def test_lists_with_faults_are_not_measured(tiny: Dataset, peer: Peer, fault: str) -> None:
    with pytest.raises(MovieRecError, match=fault):
        evaluate(tiny, ("leave-one-out",), generations=(), peers=lambda: (peer,))


def test_unknown_protocols_and_lengths_are_refused(tiny: Dataset) -> None:
    with pytest.raises(ConfigError, match="one of leave-one-out, user-timeline"):
        evaluate(tiny, ("global-cut",))
    with pytest.raises(ConfigError, match="ks must be positive"):
        evaluate(tiny, ks=(0,))


def test_nobody_to_score_is_said(tabulate: Callable[..., Dataset]) -> None:
    with pytest.raises(DataError, match="nobody to score under leave-one-out"):
        run(tabulate((0, 0), (1, 1)), "leave-one-out")


@pytest.mark.filterwarnings("ignore:OpenBLAS is configured to use:RuntimeWarning")
def test_whole_engine_on_a_simulated_audience(tiny: Dataset) -> None:
    lines: list[str] = []
    config = BuildConfig(
        training=TrainingConfig(points=1, time_quantiles=(0.8,)),
        ranker=RankerConfig(max_iter=20, return_max_iter=20),
    )
    evaluated = evaluate(
        tiny, ("user-timeline",), ks=(10,), config=config, progress=lines.append, fit_engine=fit_engine
    )
    report = evaluated.protocols[0]
    names = [system.name for system in report.systems]
    assert len(names) == len(set(names))
    assert {generation.value for generation in Generation} <= set(names)
    assert {"v1-co_seen", "popularity", "recent popularity", "kNN cosine", "kNN BM25", "EASE"} < set(names)
    assert report.best_other is not None
    assert report.best_other != "v2"
    for system in report.systems:
        assert 0 <= system.metrics["ndcg@10"].low <= system.metrics["ndcg@10"].high <= 1
        assert 0 < system.metrics["auc"].mean < 1
    assert any("fitting" in line for line in lines)
