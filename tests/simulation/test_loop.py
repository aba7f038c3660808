from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from movierec.data.sample import AudienceConfig, invent_films
from movierec.simulation import charts
from movierec.simulation.loop import (
    FROZEN,
    POLICIES,
    POPULARITY,
    RANDOM,
    RETRAINED,
    LoopPlan,
    choose_watchers,
    run_loop,
)
from movierec.simulation.report import compose_loop, publish_loop
from movierec.simulation.results import CAPTION, LOOP_FILE, LoopReport, read_result

PLAN = LoopPlan(
    audience=AudienceConfig(
        seed=6, n_viewers=120, n_ratings=2_400, n_years=2, n_archetypes=5, min_ratings=12
    ),
    rounds=3,
    visits=2,
)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> LoopReport:
    home = tmp_path_factory.mktemp("loop")
    return run_loop(invent_films(220, seed=3), PLAN, home, "movierec simulate loop", lambda _: None)


def means(report: LoopReport) -> dict[str, float]:
    return {curve.name: float(np.mean([each.mean for each in curve.rounds[1:]])) for curve in report.curves}


def test_retraining_is_no_worse_than_standing_still_and_all_beat_chance(report: LoopReport) -> None:
    found = means(report)
    assert found[RETRAINED] >= found[FROZEN] > found[POPULARITY] > found[RANDOM]
    assert any(step.outcome == "promoted" for step in report.steps)


def test_retraining_alone_satisfies_those_who_never_mark(report: LoopReport) -> None:
    watched = {curve.name: [each.mean for each in curve.watched] for curve in report.curves}
    # Nothing about them changes, so a bundle that stays gives the same lists for ever.
    assert len(set(watched[FROZEN])) == len(set(watched[POPULARITY])) == 1
    assert watched[RETRAINED][0] == watched[FROZEN][0]
    assert watched[RETRAINED][-1] > watched[FROZEN][-1] > watched[POPULARITY][-1] > watched[RANDOM][-1]


@pytest.mark.parametrize(("n_viewers", "share", "n_watchers"), [(120, 0.25, 30), (3, 0.5, 2), (4, 0.0, 0)])
def test_watchers_and_markers_are_everybody_once(n_viewers: int, share: float, n_watchers: int) -> None:
    watchers, markers = choose_watchers(n_viewers, share, seed=1)
    assert len(watchers) == n_watchers
    assert sorted([*watchers, *markers]) == list(range(n_viewers))


def test_before_the_first_attempt_retrained_and_frozen_are_the_same(report: LoopReport) -> None:
    retrained, frozen = (next(c for c in report.curves if c.name == name) for name in (RETRAINED, FROZEN))
    assert retrained.rounds[0] == frozen.rounds[0]
    assert retrained.liked[0] == frozen.liked[0]


def test_every_round_and_attempt_is_told(report: LoopReport) -> None:
    assert tuple(curve.name for curve in report.curves) == POLICIES
    assert {len(curve.rounds) for curve in report.curves} == {PLAN.rounds}
    assert [step.after_round for step in report.steps] == [1, 2]
    assert [(gap.first, gap.second) for gap in report.gaps] == [
        (RETRAINED, FROZEN),
        (FROZEN, POPULARITY),
        (POPULARITY, RANDOM),
    ]
    assert [(gap.first, gap.second) for gap in report.watched_gaps] == [
        (gap.first, gap.second) for gap in report.gaps
    ]
    assert report.watchers == 30
    assert all(0 <= each.mean <= 1 for curve in report.curves for each in curve.rounds)
    # What was marked reached the store that retraining reads.
    assert report.steps[-1].events > report.rated_before + 120


def test_the_report_is_written_read_and_labelled(
    report: LoopReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = publish_loop(report, tmp_path)
    assert [path.name for path in written] == ["loop.json", "loop.md", "loop.png"]
    assert read_result(tmp_path, LOOP_FILE, LoopReport) == report
    text = (tmp_path / "loop.md").read_text("utf-8")
    assert CAPTION in text
    assert "(loop.png)" in text
    assert "loop.png" not in compose_loop(report, None)
    monkeypatch.setattr("movierec.simulation.report.draw_loop", lambda *_: False)
    publish_loop(report, tmp_path)
    assert not (tmp_path / "loop.png").exists()
    assert charts.draw_loop(report, tmp_path / "again.png")
