from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from movierec.config import Settings
from movierec.errors import ConfigError
from movierec.evaluation import jobs, runner
from movierec.evaluation.jobs import plan_jobs
from movierec.evaluation.peers import AllTimePopularity, SasRec, list_optional_peers, list_peers
from movierec.evaluation.runner import evaluate
from movierec.schema import Dataset, History, Interactions

N_ITEMS = 8


@pytest.fixture
def circle() -> Interactions:
    """Twenty walkers round a circle of eight items, each fourteen steps far."""
    user_idx, step = np.divmod(np.arange(20 * 14), 14)
    item_idx = (user_idx + step) % N_ITEMS
    stars = np.full(len(step), 5.0, np.float32)
    return Interactions(
        user_idx.astype(np.int32), item_idx.astype(np.int32), stars, stars - 2.5, step.astype(np.int64), 20, 8
    )


def walk(*items: int) -> History:
    stars = np.full(len(items), 5.0, np.float32)
    return History(np.array(items, np.int32), stars, stars - 2.5, np.arange(len(items), dtype=np.int64))


def test_long_timelines_are_cut_into_pieces_that_share_an_event(circle: Interactions) -> None:
    peer = SasRec(length=5)
    peer.n_items_ = N_ITEMS
    none = N_ITEMS
    assert peer._cut(circle.take(circle.user_idx == 0)).tolist() == [
        [0, 1, 2, 3, 4, 5],
        [3, 4, 5, 6, 7, 0],
        [none, none, 0, 1, 2, 3],
    ]


def test_the_next_step_round_a_circle_is_learnt(circle: Interactions, tiny: Dataset) -> None:
    pytest.importorskip("torch", reason="needs movierec[sasrec]")
    peer = SasRec(factors=16, length=6, dropout=0.0, learning_rate=0.01, epochs=30, batch=16)
    peer.fit(circle, tiny.catalog)
    histories = [walk(start % N_ITEMS, (start + 1) % N_ITEMS) for start in range(N_ITEMS)]
    found = peer.recommend_batch(histories, [0] * N_ITEMS, 1)
    assert [one.item_idx.tolist() for one in found] == [[(start + 2) % N_ITEMS] for start in range(N_ITEMS)]
    # It is the order that tells.
    assert not np.allclose(peer.score(walk(5, 4)), peer.score(walk(4, 5)), atol=0.1)


def test_equal_seeds_give_equal_scores_alone_and_in_company(circle: Interactions, tiny: Dataset) -> None:
    pytest.importorskip("torch", reason="needs movierec[sasrec]")
    first, second = (SasRec(factors=8, length=6, epochs=2).fit(circle, tiny.catalog) for _ in range(2))
    histories = [walk(0, 1, 2), walk(3), History.empty()]
    scores = first.score_batch(histories, [0, 1, 2])
    np.testing.assert_array_equal(scores, second.score_batch(histories, [0, 1, 2]))
    for history, score in zip(histories, scores, strict=True):
        np.testing.assert_allclose(first.score(history), score, rtol=1e-4, atol=1e-5)
    assert not scores[2].any()
    assert (scores[:2] > 0).all()


def test_what_comes_later_does_not_reach_an_earlier_state(circle: Interactions, tiny: Dataset) -> None:
    torch = pytest.importorskip("torch", reason="needs movierec[sasrec]")
    peer = SasRec(factors=8, length=6, epochs=1).fit(circle, tiny.catalog)
    rows = torch.tensor([[8, 8, 1, 2, 3, 4], [8, 8, 1, 2, 7, 6]])
    with torch.no_grad():
        one, other = peer._encode(torch, rows)
    assert torch.equal(one[:4], other[:4])
    assert not torch.allclose(one[4], other[4])


def test_without_torch_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ConfigError, match=r"pip install 'movierec\[sasrec\]'"):
        list_optional_peers(["sasrec"])
    assert list_optional_peers([]) == ()
    with pytest.raises(ConfigError, match="peer must be one of sasrec; got 'bert4rec'"):
        list_optional_peers(["bert4rec"])


def test_it_takes_part_on_demand_only(tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "SASRec" not in {peer.name for peer in list_peers()}
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))
    monkeypatch.setattr(jobs, "load_dataset", lambda *_: tiny)
    plain, asked = (
        plan_jobs(["tiny"], ["random"], tmp_path, Settings(home=tmp_path), print, optional_peers=peers)[0]
        for peers in ((), ("sasrec",))
    )
    assert plain.receipt["optional_peers"] == []
    assert asked.receipt["optional_peers"] == ["sasrec"]
    assert "torch" in asked.receipt["versions"].keys() - plain.receipt["versions"].keys()

    monkeypatch.setattr(runner, "list_optional_peers", lambda names: [AllTimePopularity(n) for n in names])
    (report,) = evaluate(
        tiny, ("random",), generations=(), peers=lambda: (), optional_peers=("sasrec",)
    ).protocols
    assert report.find("sasrec").metrics["ndcg@10"].mean > 0
    assert report.receipt.command.endswith("--protocol random --peer sasrec")
    assert report.receipt.optional_peers == ("sasrec",)
    assert report.receipt.versions == asked.receipt["versions"]
