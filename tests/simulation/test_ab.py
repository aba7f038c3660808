from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from toy_data import make_catalog, tabulate, wrap

from movierec.data.sample import AudienceConfig, invent_films
from movierec.errors import ConfigError
from movierec.schema import Generation
from movierec.simulation.ab import (
    AbPlan,
    Policy,
    Setup,
    count_false_alarms,
    draw_differences,
    estimate_values,
    find_positions,
    follow,
    join_candidates,
    run_ab,
)
from movierec.simulation.report import publish_ab
from movierec.simulation.results import AB_FILE, CAPTION, AbReport, read_result
from movierec.simulation.viewers import Viewers

N_FILMS = 12
PLACES = 3


def make_setup() -> Setup:
    """Two kinds of viewers; the second policy shows what they like, the first mostly does not."""
    stars = np.full((40, N_FILMS), 2.5, np.float32)
    stars[::2, :6], stars[1::2, 6:] = 4.0, 4.0
    dataset = wrap(tabulate([(0, 0, 4, 1)], 40, N_FILMS), make_catalog(N_FILMS))
    good = np.where((np.arange(40) % 2 == 0)[:, None], np.arange(6), np.arange(6, 12)).astype(np.int32)
    mixed = np.tile(np.array([0, 6, 1, 7, 2, 8], np.int32), (40, 1))
    return Setup(Viewers(dataset, stars, 0.5), mixed, good, PLACES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v2", Policy(Generation.V2)),
        ("V1.5", Policy(Generation.V1_5)),
        ("v2:0.3", Policy(Generation.V2, 0.3)),
        ("v1-als_seen:1", Policy(Generation.V1_ALS_SEEN, 1.0)),
    ],
)
def test_policies_read_as_they_are_written(text: str, expected: Policy) -> None:
    assert Policy.parse("--a", text) == expected
    assert Policy.parse("--a", str(expected)) == expected


@pytest.mark.parametrize("text", ["", "v3", "v2:2", "v2:", "v2:-0.1"])
def test_a_bad_policy_names_the_option(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--b must be a generation.*there are: v1-popularity"):
        Policy.parse("--b", text)


def test_the_difference_is_what_the_simulation_knows() -> None:
    setup = make_setup()
    truth = float((setup.value(setup.second) - setup.value(setup.first)).mean())
    differences = draw_differences(setup, 20_000, np.random.default_rng(1))
    assert np.abs(differences).max() <= 1
    assert differences.mean() == pytest.approx(truth, abs=0.01)
    points, decided_after = follow(differences, 0.05)
    assert decided_after is not None
    assert all(point.low <= truth <= point.high for point in points)
    assert points[-1].pairs == 20_000


def test_a_policy_against_itself_is_seldom_called_different_unless_one_peeks() -> None:
    setup = make_setup()
    same = Setup(setup.viewers, setup.first, setup.first, PLACES)
    sequential, peeking = count_false_alarms(same, 500, 100, 0.05, np.random.default_rng(2))
    assert sequential <= 0.05
    assert peeking > 0.1


def test_every_estimator_finds_the_truth() -> None:
    plan = AbPlan(places=PLACES, logged_visits=30_000, temperature=3.0)
    found = estimate_values(make_setup(), plan, np.random.default_rng(3))
    assert [each.estimator for each in found] == ["IPS", "SNIPS", "DR"] * 2
    for each in found:
        assert each.estimate.mean == pytest.approx(each.truth, abs=0.02), each
        assert each.estimate.low < each.estimate.mean < each.estimate.high


def test_candidates_hold_what_either_policy_shows() -> None:
    first = np.array([[0, 1, 2, 3, 4, 5]], np.int32)
    second = np.array([[9, 1, 8, 3, 4, 5]], np.int32)
    joined = join_candidates(first, second, 3)
    assert joined.tolist() == [[0, 1, 2, 9, 8, 3]]
    assert find_positions(joined, second[:, :3]).tolist() == [[3, 1, 4]]


def test_the_whole_experiment_is_reported(tmp_path: Path) -> None:
    plan = AbPlan(
        first=Policy(Generation.V1_POPULARITY),
        second=Policy(Generation.V1_ALS, 0.2),
        audience=AudienceConfig(seed=5, n_viewers=60, n_ratings=1_500, n_years=2, min_ratings=12),
        pairs=1_000,
        logged_visits=1_000,
        aa_runs=20,
    )
    report = run_ab(
        invent_films(150, seed=3), plan, tmp_path / "home", "movierec simulate ab", lambda _: None
    )
    assert (report.first, report.second) == ("v1-popularity", "v1-als:0.2")
    assert [path.name for path in publish_ab(report, tmp_path)] == ["ab.json", "ab.md", "ab.png"]
    assert read_result(tmp_path, AB_FILE, AbReport) == report
    assert CAPTION in (tmp_path / "ab.md").read_text("utf-8")
