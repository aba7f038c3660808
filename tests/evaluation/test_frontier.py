from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from movierec.evaluation import frontier
from movierec.evaluation.frontier import (
    SETTINGS,
    FrontierReport,
    compose_frontier,
    rank_deciles,
    trace_frontier,
    write_frontier,
)
from movierec.evaluation.held_out import HeldOut
from movierec.evaluation.intervals import Difference, Interval
from movierec.evaluation.peers import AllTimePopularity, Ease
from movierec.ranking.diversity import diversify


@pytest.fixture(scope="module")
def report(held_out: HeldOut) -> FrontierReport:
    return trace_frontier(held_out, (AllTimePopularity(), Ease()))


def test_setting_0_is_the_plain_list_and_variety_grows(report: FrontierReport) -> None:
    assert [point.setting for point in report.points] == list(SETTINGS)
    assert report.points[0].loss is None
    variety = [point.diversity.mean for point in report.points]
    assert variety[-1] > variety[0] + 0.05
    assert np.corrcoef(SETTINGS, variety)[0, 1] > 0.9


def test_lists_are_those_of_the_engine_at_a_setting(held_out: HeldOut, report: FrontierReport) -> None:
    """As the service does: MMR over the whole ranking, of which the best 200 may move up."""
    from movierec.evaluation import metrics

    lists = []
    for history in held_out.histories():
        ranked = held_out.engine.rank(history, 10)
        vectors = held_out.engine.builder.genre_unit[ranked.item_idx]
        lists.append(ranked.item_idx[diversify(ranked.score, vectors, 10, 0.5)])
    truth = held_out.split.truth
    ndcg = metrics.ndcg(metrics.find_hits(np.stack(lists), truth.offsets, truth.item_idx), 10)
    point = next(point for point in report.points if point.setting == 0.5)
    assert point.ndcg.mean == pytest.approx(ndcg.mean())
    assert point.loss is not None
    assert point.loss.mean == pytest.approx(point.ndcg.mean - report.points[0].ndcg.mean)


def test_popularity_only_lists_the_most_popular(report: FrontierReport) -> None:
    popular = next(point for point in report.others if point.name == "popularity")
    assert popular.deciles[0] > 0.5
    assert popular.deciles[0] > report.points[0].deciles[0]
    for shares in (popular.deciles, report.points[0].deciles, report.liked_later):
        assert sum(shares) == pytest.approx(1.0, abs=1e-5)


def test_deciles_are_tenths_of_the_catalogue() -> None:
    assert rank_deciles(np.arange(20)).tolist() == [9 - item // 2 for item in range(20)]
    assert rank_deciles(np.array([5, 9, 9])).tolist() == [6, 0, 3]


def test_the_free_setting_is_the_last_without_a_significant_loss(report: FrontierReport) -> None:
    losses = {0.1: (-0.02, 0.01), 0.2: (-0.03, 0.0), 0.3: (-0.05, -0.01)}
    points = [
        point.model_copy(
            update={"loss": Difference(-0.01, *losses.get(point.setting or 0.0, (-0.1, -0.05)), 0.5)}
        )
        for point in report.points[1:]
    ]
    changed = report.model_copy(update={"points": (report.points[0], *points)})
    assert changed.free_setting().setting == 0.2


def test_writes_what_reads_back(
    held_out: HeldOut, report: FrontierReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontier, "list_peers", lambda: (AllTimePopularity(), Ease()))
    data, text, picture = write_frontier(held_out, tmp_path)
    assert (data.name, text.name, picture.name) == ("frontier.json", "frontier.md", "frontier.png")
    read = FrontierReport.model_validate_json(data.read_bytes())
    assert read.points == report.points
    assert picture.read_bytes().startswith(b"\x89PNG")
    words = text.read_text()
    assert "(frontier.png)" in words
    assert "simulated" in words
    assert f"| v2, 0.9 | {report.points[-1].ndcg.mean:.3f} [" in words
    assert "nan" not in words.lower().split()


def test_markdown_without_a_picture(report: FrontierReport) -> None:
    assert ".png" not in compose_frontier(report)
    assert isinstance(report.points[0].ndcg, Interval)
