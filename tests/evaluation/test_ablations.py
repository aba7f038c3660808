from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from toy_data import SMALL_BUILD

from movierec.config import Settings
from movierec.data.splits import user_timeline
from movierec.errors import ConfigError, DataError
from movierec.evaluation.ablations import run_ablations, runner
from movierec.evaluation.ablations.groups import FEATURE_GROUPS, find_source_columns, group_features
from movierec.evaluation.ablations.results import AblationReport
from movierec.evaluation.ablations.rows import (
    RANK_COLUMNS,
    WEIGHTING_NAMES,
    StudyRows,
    TestRows,
    collect_study_rows,
    collect_test_rows,
    standardise,
)
from movierec.evaluation.ablations.runner import study_dataset
from movierec.evaluation.ablations.study import (
    CEILING,
    Family,
    Study,
    fuse,
    has_other_source,
    measure_lists,
)
from movierec.ranking.features import FEATURE_NAMES
from movierec.ranking.proposer import Proposer
from movierec.ranking.ranker import Ranker
from movierec.ranking.training import TrainingRows, collect_rows
from movierec.recall.sources import SOURCE_NAMES
from movierec.stages import MergeConfig, RankerConfig

N_SOURCES = len(SOURCE_NAMES)
DECISIVE = FEATURE_NAMES.index("next_step_score")
LEAKED = FEATURE_NAMES.index("user_mean_rating")
ALONE = SOURCE_NAMES.index("genre")


def test_every_feature_is_in_exactly_one_group():
    groups = group_features(FEATURE_NAMES)
    assert sorted(column for columns in groups.values() for column in columns) == list(
        range(len(FEATURE_NAMES))
    )
    assert set(groups) == set(FEATURE_GROUPS)
    assert all(groups.values())
    assert len(groups["source ranks"]) == N_SOURCES
    assert len(groups["source scores"]) == N_SOURCES + 1  # and the merge's


@pytest.mark.parametrize("name", ["surprise", "user_item_genre_x_score"])
def test_a_feature_of_no_group_or_of_two_is_refused(name):
    with pytest.raises(ConfigError, match="FEATURE_GROUPS"):
        group_features((*FEATURE_NAMES, name))


def test_columns_of_a_source():
    found = {FEATURE_NAMES[column] for column in find_source_columns("sequence", FEATURE_NAMES)}
    assert {"sequence_score", "sequence_rank", "sequence_last_score", "sequence_lift_rank"} <= found
    genre = {FEATURE_NAMES[column] for column in find_source_columns("genre", FEATURE_NAMES)}
    assert genre == {"genre_score", "genre_rank"}
    als = {FEATURE_NAMES[column] for column in find_source_columns("als", FEATURE_NAMES)}
    assert "factor_match_all" in als
    assert "item_item_score" not in als


@pytest.fixture(scope="module")
def split(toy_events):
    return user_timeline(toy_events)


@pytest.fixture(scope="module")
def proposer(split, toy_films):
    return Proposer.fit(split.train, toy_films, SMALL_BUILD)


def test_rows_are_those_the_build_trains_on(split, toy_films):
    study = collect_study_rows(split.train, toy_films, SMALL_BUILD, lambda _: None)
    rows = collect_rows(split.train, toy_films, SMALL_BUILD)
    np.testing.assert_array_equal(study.rows.features, rows.features)
    for name in ("rating", "weight", "round"):
        np.testing.assert_array_equal(getattr(study.rows, name), getattr(rows, name))
    np.testing.assert_array_equal(np.diff(study.rows.query) != 0, np.diff(rows.query) != 0)
    assert set(study.weights) == set(WEIGHTING_NAMES)
    unthinned = study.weights["thinning ignored"]
    assert (unthinned[study.rows.rating < 0] == 1.0).all()
    assert study.rows.weight.max() > 1.0
    np.testing.assert_allclose(
        fuse(study.source_rank, SMALL_BUILD.recall.merge),
        study.rows.features[:, FEATURE_NAMES.index("merge_score")],
        rtol=1e-5,
    )


def test_the_head_of_long_lists_is_what_a_shorter_cap_gives(split, proposer):
    wide = collect_test_rows(proposer, split, 12, seed=0)
    assert len(wide.user_idx) == 12
    assert np.isin(wide.user_idx, split.truth.user_idx).all()
    cap = 25
    short = replace(
        proposer,
        fusion=replace(proposer.fusion, config=proposer.fusion.config.model_copy(update={"cap": cap})),
    )
    head = wide.head(cap)
    assert len(head.features) == 12 * cap < len(wide.features)
    for row, user in enumerate(wide.user_idx):
        merged, features = short.propose(split.history(int(user)))
        items, ranks = merged.item_idx, merged.source_rank
        mine = head.query == row
        np.testing.assert_array_equal(head.item_idx[mine], items)
        # Matrix products of another height differ in the last bit; ranks may not.
        np.testing.assert_allclose(head.features[mine], features, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(head.features[mine][:, RANK_COLUMNS], features[:, RANK_COLUMNS])
        np.testing.assert_array_equal(head.source_rank[mine], ranks)


def test_leaky_recall_has_seen_its_labels(split, proposer, toy_films):
    """A film that one viewer alone has rated is unknown to recall fitted without them."""
    honest = collect_study_rows(split.train, toy_films, SMALL_BUILD, lambda _: None)
    leaky = collect_study_rows(split.train, toy_films, SMALL_BUILD, lambda _: None, proposer)
    column = FEATURE_NAMES.index("item_interactions")
    reached = {
        name: study.rows.features[study.rows.rating >= 0, column].min()
        for name, study in (("honest", honest), ("leaky", leaky))
    }
    # Whatever a viewer got to, they counted themselves in the leaky recall; never in the honest one.
    counts = np.bincount(split.train.item_idx, minlength=split.train.n_items)
    assert reached["leaky"] >= 1
    assert set(leaky.rows.features[:, column]) <= set(counts.astype(np.float32))
    assert honest.rows.features[:, column].max() < counts.max()


def make_test_rows(features, source_rank, relevant, size) -> TestRows:
    n = len(relevant)
    query = np.arange(n) // size
    return TestRows(
        features,
        (np.arange(n) % size).astype(np.int32),
        source_rank,
        query,
        np.arange(n) % size,
        relevant,
        np.ones(n // size, np.int64),
        np.arange(n // size, dtype=np.int32),
    )


@pytest.fixture(scope="module")
def planted() -> Study:
    """Lists of 60 in which the score of one source decides, and one source alone proposes the answer.

    Under the leak another column gives the label away in training, and means nothing in the test.
    """
    size, rng = 60, np.random.default_rng(0)

    def draw(lists: int, alone: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        n = size * lists
        features = rng.integers(0, 50, (n, len(FEATURE_NAMES))).astype(np.float32)
        ranks = np.full((n, N_SOURCES), np.nan, np.float32)
        ranks[:, ALONE] = np.tile(np.arange(1, size + 1), lists)
        ranks[:, 0] = ranks[:, ALONE]
        answer = np.zeros(n, np.bool_)
        answer[rng.integers(0, size, lists) + size * np.arange(lists)] = True
        features[:, DECISIVE] = np.where(answer, 60.0, features[:, DECISIVE])
        # Half of the others are proposed once, too, so that the merge does not give the answer away.
        once = rng.random(n) < 0.5
        ranks[np.where(answer, np.arange(n) // size % alone == 0, once), 0] = np.nan
        return features, ranks, answer

    features, ranks, answer = draw(50, alone=2)
    n = len(answer)
    rows = TrainingRows(
        features,
        np.where(answer, 5.0, -1.0).astype(np.float32),
        np.ones(n, np.float32),
        np.arange(n) // size,
        np.zeros(n, np.int64),
        (),
    )
    weights = dict.fromkeys(WEIGHTING_NAMES, rows.weight)
    train = StudyRows(rows, ranks, np.arange(n) // size % 3, weights)
    leaked = rng.integers(0, 50, features.shape).astype(np.float32)
    leaked[:, LEAKED] = np.where(answer, 60.0, leaked[:, LEAKED])
    leaky = replace(train, rows=replace(rows, features=leaked))
    asked = draw(40, alone=1)
    test = make_test_rows(*asked, size)
    ranker = RankerConfig(
        max_iter=12, learning_rate=0.3, max_leaf_nodes=4, min_samples_leaf=5, max_features=1.0
    )
    return Study(train, leaky, test, test, ranker, MergeConfig())


@pytest.fixture(scope="module")
def outcomes(planted):
    return {(found.family, found.name): found for found in planted.run(lambda _: None)}


def mean(outcomes, family, name, metric="ndcg@10"):
    return outcomes[family, name].per_user[metric].mean()


def test_the_full_model_finds_every_planted_answer(outcomes):
    assert mean(outcomes, Family.FULL, "everything") == 1.0
    assert mean(outcomes, Family.RANKER, "no ranker (V1.5)") < 0.4


def test_only_the_decisive_source_and_group_are_missed(outcomes):
    for name in SOURCE_NAMES:
        value = mean(outcomes, Family.SOURCE, name)
        if name == "next_step":
            assert value < 0.4
        elif name == "genre":
            assert value == 0.0  # it alone proposed the answers
            assert mean(outcomes, Family.SOURCE, name, CEILING) == 0.0
        else:
            assert value == 1.0
    for group in FEATURE_GROUPS:
        value = mean(outcomes, Family.FEATURES, group)
        assert value < 0.4 if group == "source scores" else value == 1.0


def test_training_on_leaked_scores_hurts_the_honest_test(outcomes):
    assert mean(outcomes, Family.TRAINING, "leaky recall") < 0.4


def test_cuts_leave_out_queries(outcomes, planted):
    rows = {name: found.train_rows for (family, name), found in outcomes.items() if family is Family.TRAINING}
    assert rows["1 cut of every timeline"] < rows["2 cuts of every timeline"] < len(planted.train.rows)
    assert "3 cuts of every timeline" not in rows
    assert "no calendar cuts" not in rows


def test_every_family_is_there_and_lists_grow(outcomes):
    assert {family for family, _ in outcomes} == set(Family)
    assert mean(outcomes, Family.RANKER, "LambdaMART") > 0.9
    assert mean(outcomes, Family.CANDIDATES, "up to 100") == 1.0


def test_measures_by_hand():
    relevant = np.array([False, True, False, True, False, False])
    test = make_test_rows(np.zeros((6, 1), np.float32), np.ones((6, N_SOURCES), np.float32), relevant, 3)
    found = measure_lists(
        replace(test, n_relevant=np.array([2, 1])), np.array([1.0, 1.0, 0.0, 1.0, 3.0, 2.0])
    )
    # First: ties by item, so the hit is second, of two relevant. Second: the hit is last of three.
    ideal = 1.0 + 1.0 / np.log2(3.0)
    np.testing.assert_allclose(found["ndcg@10"], [1.0 / np.log2(3.0) / ideal, 0.5])
    np.testing.assert_allclose(found["recall@50"], [0.5, 1.0])
    np.testing.assert_allclose(found[CEILING], [0.5, 1.0])
    scaled = standardise(np.array([0.0, 2.0, 4.0, 5.0, 5.0, 5.0]), test.query, 2)
    np.testing.assert_allclose(scaled, np.array([-1, 0, 1, 0, 0, 0]) * np.sqrt(1.5))


def test_only_what_nobody_else_proposed_goes():
    ranks = np.full((3, N_SOURCES), np.nan, np.float32)
    ranks[0, 1], ranks[1, [1, 2]], ranks[2, 2] = 1, 2, 1
    assert has_other_source(ranks, 1).tolist() == [False, True, True]
    config = MergeConfig(constant=60.0, weights=())
    np.testing.assert_allclose(fuse(ranks, config, without=1), [0.0, 1 / 62, 1 / 61], rtol=1e-6)


class Guess:
    linear = None

    def __init__(self, seed: int) -> None:
        self.seed = seed

    @classmethod
    def fit(cls, rows: TrainingRows, config: RankerConfig) -> Guess:
        return cls(len(rows) + config.seeds[0])

    def score(self, rows: np.ndarray) -> np.ndarray:
        return np.random.default_rng(self.seed).random(len(rows))


@pytest.fixture(scope="module")
def written(toy_dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    patch = pytest.MonkeyPatch()
    patch.setattr(runner, "load_dataset", lambda *_: toy_dataset)
    patch.setattr(runner, "shrink", lambda _: SMALL_BUILD)
    patch.setattr(runner, "USERS", 20)
    # What rankers learn is tested above; here any order will do.
    patch.setattr("movierec.evaluation.ablations.study.Ranker", Guess)
    for name in ("study", "runner"):
        patch.setattr(f"movierec.evaluation.ablations.{name}.find_spec", lambda _: None)
    lines: list[str] = []
    paths = run_ablations("toy", folder, Settings(home=folder), lines.append, 3)
    patch.undo()
    return folder, paths, lines


def test_report_is_written_with_its_receipt(written, toy_dataset):
    folder, paths, lines = written
    assert [path.relative_to(folder).as_posix() for path in paths] == [
        f"toy/ablations.{suffix}" for suffix in ("json", "md", "png")
    ]
    assert json.loads(paths[0].read_bytes())["receipt"]["content_hash"] == toy_dataset.info.content_hash
    report = AblationReport.model_validate_json(paths[0].read_bytes())
    assert [split.protocol for split in report.splits] == ["user-timeline", "leave-one-out"]
    assert (report.receipt.seed, report.trees) == (3, SMALL_BUILD.ranker.max_iter)
    for split in report.splits:
        assert split.users == 20
        assert split.full.differences == {}
        for entry in split.ablations[1:]:
            gain = entry.differences["ndcg@10"]
            assert gain.mean == pytest.approx(
                entry.metrics["ndcg@10"].mean - split.full.metrics["ndcg@10"].mean, abs=1e-9
            )
            assert gain.low <= gain.mean <= gain.high
    text = paths[1].read_text(encoding="utf-8")
    assert "simulated" in text
    assert "](ablations.png)" in text
    assert "Left out: LambdaMART" in text
    assert all(f"| {name} |" in text for name in (*SOURCE_NAMES, *FEATURE_GROUPS, "leaky recall"))
    assert any("without source" in line for line in lines)


def test_without_lightgbm_the_report_says_what_is_missing(planted, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    monkeypatch.setattr("movierec.evaluation.ablations.study.find_spec", lambda _: None)
    model = Ranker.fit(planted.train.rows, planted.ranker)
    found = [outcome.name for outcome in planted._vary_ranker(model, np.zeros(1, np.float32))]
    assert found == ["trees alone", "linear part alone", "first goal only"]


def test_nobody_to_score_is_an_error(toy_dataset):
    rows = toy_dataset.interactions
    disliked = replace(rows, rating=np.ones_like(rows.rating))
    with pytest.raises(DataError, match="nobody to score"):
        study_dataset(replace(toy_dataset, interactions=disliked), SMALL_BUILD)
