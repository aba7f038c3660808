from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from movierec.artifacts import list_aside, open_current, read_pointer
from movierec.config import Settings
from movierec.errors import ConfigError, FeedbackUnavailableError
from movierec.feedback.store import FeedbackStore
from movierec.pipeline import Fitted
from movierec.retraining import retrainer as module
from movierec.retraining.condition import Condition
from movierec.retraining.gate import Against, GateReport, Judgement, Verdict
from movierec.retraining.memory import hold_alone, recall_attempt
from movierec.retraining.report import Outcome, RetrainingReport
from movierec.retraining.retrainer import Retrainer
from movierec.schema import Dataset
from movierec.service import RecommenderService

Like = Callable[..., None]


def give_likes(dataset: Dataset, n_viewers: int) -> list[tuple[str, str]]:
    """Everybody likes two films they do not know, one after the other."""
    pairs = []
    for place in range(2):
        for user in range(n_viewers):
            known = set(dataset.interactions.history(user).item_idx.tolist())
            unknown = [item for item in range(len(dataset.catalog)) if item not in known]
            pairs.append((dataset.user_id[user], dataset.catalog.item_id[unknown[place]]))
    return pairs


def judged(verdict: Verdict, fitted: Fitted, dataset: Dataset) -> Callable[..., Judgement]:
    report = GateReport(
        verdict=verdict,
        against=Against.BUNDLE,
        window_start=dataset.info.now,
        window_events=9,
        viewers=3,
        metric="ndcg@10",
    )
    return lambda *_: Judgement(report, fitted, dataset)


def test_an_attempt_learns_everything_and_is_served_next(
    home: Path, like: Like, hashed_dataset: Dataset
) -> None:
    before = read_pointer(home / "bundles")
    likes = [*give_likes(hashed_dataset, 120), ("somebody new", hashed_dataset.catalog.item_id[7])]
    like(likes)
    retrainer = Retrainer(Settings(home=home))
    report = retrainer.attempt()
    assert report.gate is not None
    assert report.gate.against is Against.BUNDLE
    assert report.gate.viewers >= 30
    assert report.outcome is Outcome.PROMOTED, report.reason
    assert (report.served, report.new_events, report.n_live) == (before, 241, 241)
    assert read_pointer(home / "bundles") == report.bundle != before
    service = RecommenderService.open(home)
    assert service.user_id == (*hashed_dataset.user_id, "somebody new")
    history = service.trained_history(len(service.user_id) - 1)
    assert list(history.item_idx) == [7]
    assert service.info.now > hashed_dataset.info.now
    assert report.bundle in {found.version for found in [open_current(home / "bundles").manifest]}
    written = sorted((home / "retraining").glob("2*"))
    assert [path.suffix for path in written] == [".json", ".md"]
    assert RetrainingReport.model_validate_json(written[0].read_bytes()) == report
    assert "# Retraining: promoted" in written[1].read_text("utf-8")

    again = retrainer.attempt()
    assert (again.outcome, again.bundle) == (Outcome.UNCHANGED, report.bundle)
    assert not retrainer.is_due(Condition(events=1, seconds=0.001))


@pytest.mark.parametrize("verdict", [Verdict.WORSE, Verdict.UNJUDGED])
def test_what_does_not_pass_is_kept_aside_and_nothing_else_changes(
    verdict: Verdict,
    home: Path,
    like: Like,
    hashed_dataset: Dataset,
    toy_fitted: Fitted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    like([("u0", hashed_dataset.catalog.item_id[7])])
    before = read_pointer(home / "bundles"), sorted(os.listdir(home / "bundles"))
    challenger = toy_fitted if verdict is Verdict.WORSE else None
    monkeypatch.setattr(module, "judge", judged(verdict, challenger, hashed_dataset))
    report = Retrainer(Settings(home=home)).attempt()
    assert report.outcome is Outcome.KEPT_ASIDE
    assert (read_pointer(home / "bundles"), sorted(os.listdir(home / "bundles"))) == before
    aside = [manifest.version for manifest in list_aside(home / "aside")]
    assert aside == ([report.bundle] if challenger else [])
    text = next((home / "retraining").glob("2*.md")).read_text("utf-8")
    assert "# Retraining: kept aside" in text
    assert ("movierec bundles promote" in text) == (challenger is not None)
    last = recall_attempt(home / "retraining", "toy")
    assert last is not None
    assert last.revision == 1


def test_an_interrupted_attempt_counts_as_not_made(
    home: Path, like: Like, hashed_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    like([("u0", hashed_dataset.catalog.item_id[7])])
    before = read_pointer(home / "bundles")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "judge", interrupt)
    retrainer = Retrainer(Settings(home=home))
    with pytest.raises(KeyboardInterrupt):
        retrainer.attempt()
    assert read_pointer(home / "bundles") == before
    assert retrainer.is_due(Condition(events=1))
    with FeedbackStore.open(home / "feedback.sqlite3", "toy") as store:
        assert len(tuple(store.events())) == 1


def test_due_is_counted_from_the_last_attempt_or_the_served_bundle(home: Path, like: Like) -> None:
    built = open_current(home / "bundles").manifest.created_at
    retrainer = Retrainer(Settings(home=home), clock=lambda: built + timedelta(hours=5))
    assert not retrainer.is_due(Condition(1, 1))
    like([("u0", "1"), ("u0", "2"), ("u1", "1")])
    assert retrainer.is_due(Condition(events=3))
    assert not retrainer.is_due(Condition(events=4))
    assert retrainer.is_due(Condition(events=4, seconds=5 * 3600))
    assert not retrainer.is_due(Condition(seconds=5 * 3600 + 1))


def test_the_loop_outlives_what_comes_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([FeedbackUnavailableError("the store is away"), True, False])
    made: list[str] = []
    told: list[str] = []

    def is_due(self: Retrainer, condition: Condition) -> bool:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    waits = iter([None, None])

    def wait() -> None:
        if next(waits, "enough") == "enough":
            raise KeyboardInterrupt

    monkeypatch.setattr(Retrainer, "is_due", is_due)
    monkeypatch.setattr(Retrainer, "attempt", lambda self: made.append("attempt"))
    with pytest.raises(KeyboardInterrupt):
        Retrainer(Settings(home=home), progress=told.append).watch(Condition(events=1), wait)
    assert made == ["attempt"]
    assert told == ["no attempt: the store is away"]


def test_another_data_set_is_refused(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,1,4,1000\n2,1,4,1000\n")
    (other / "movies.csv").write_text("movieId,title,genres\n1,Film (2000),Drama\n")
    with pytest.raises(ConfigError, match=r"--dataset must give newer data of 'toy'.*got 'other'"):
        Retrainer(Settings(home=home), str(other)).attempt()


@pytest.mark.skipif(os.name == "nt", reason="no such lock there")
def test_only_one_works_in_a_home(tmp_path: Path) -> None:
    with (
        hold_alone(tmp_path / "retraining"),
        pytest.raises(ConfigError, match="another `movierec retrain` works in"),
        hold_alone(tmp_path / "retraining"),
    ):
        pass
    with hold_alone(tmp_path / "retraining"):
        pass


def test_a_report_of_another_data_set_is_not_the_last_attempt(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{}")
    assert recall_attempt(tmp_path, "toy") is None
