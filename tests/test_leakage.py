"""No stage sees an event after its cut: everything later may be anything, the answers stay bit for bit.

Here whole runs under every protocol. What the ranker learns from within train, and that its features do
not know its labels, is tested the same way in ``ranking/test_training.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
from toy_data import SMALL_BUILD, wrap

from movierec import pipeline
from movierec.data.confidence import from_ratings
from movierec.engine import Engine
from movierec.evaluation import protocols
from movierec.evaluation.protocols import PROTOCOLS, group_protocols
from movierec.evaluation.runner import evaluate
from movierec.pipeline import fit_engine
from movierec.schema import Aim, BoolArray, Catalog, Dataset, Generation, History, Interactions
from movierec.stages import BuildConfig

CENTURY = 100 * 365 * 86_400
BY_ORDER = ("random", "strong-generalisation")
"""Protocols that draw from the order of events: it must stay, so timestamps are left alone."""

Answers = list[tuple[np.ndarray, ...]]


@pytest.fixture(scope="module")
def world(toy_dataset: Dataset) -> Dataset:
    """Return the toy data of 60 viewers: a fit takes a second."""
    events = toy_dataset.interactions
    return wrap(events.take(events.user_idx < 60), toy_dataset.catalog)


@pytest.fixture(autouse=True)
def one_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fit at one of the moments of global-timeline; the others are no different."""
    monkeypatch.setattr(protocols, "GLOBAL_QUANTILES", (0.8,))


class Witness:
    """Fits the engine for a run, and keeps it with the histories it was asked with."""

    def __init__(self) -> None:
        self.asked: list[History] = []

    def __call__(
        self, train: Interactions, catalog: Catalog, config: BuildConfig | None, progress: Any
    ) -> Witness:
        self.engine = fit_engine(train, catalog, config, progress)
        return self

    def recommend_batch(
        self,
        histories: list[History],
        k: int,
        generation: Generation,
        depth: int | None,
        aim: Aim = Aim.BALANCED,
    ) -> list[Any]:
        self.asked += histories
        return self.engine.recommend_batch(histories, k, generation, depth, aim)

    def score_items(
        self, history: History, items: Any, generation: Generation, aim: Aim = Aim.BALANCED
    ) -> Any:
        self.asked.append(history)
        return self.engine.score_items(history, items, generation, aim)


def find_held_out(events: Interactions, name: str) -> BoolArray:
    """Mark the rows that come after the protocol's cut; pairs of user and item are unique here."""
    (split,) = PROTOCOLS[name].split(events, 0)
    pairs = events.user_idx.astype(np.int64) * events.n_items + events.item_idx
    gone = split.held_out.user_idx.astype(np.int64) * events.n_items + split.held_out.item_idx
    return np.isin(pairs, gone)


def poison(events: Interactions, name: str) -> Interactions:
    """Return the events with every row after the cut replaced by something extreme.

    Half of the rows praise one film, the others are random ones; nobody keeps a rating; what is ordered by
    time happens a century later, all within a second.
    """
    later = find_held_out(events, name)
    rng = np.random.default_rng(1)
    n = int(later.sum())
    item, rating, when = events.item_idx.copy(), events.rating.copy(), events.timestamp.copy()
    item[later] = np.where(rng.random(n) < 0.5, 3, rng.integers(0, events.n_items, n))
    rating[later] = np.where(rating[later] >= 4.0, 4.0 + (rating[later] == 4.0), 0.5)
    if name not in BY_ORDER:
        rating[later] = np.where(rng.random(n) < 0.5, 5.0, 0.5)
        when[later] = when.max() + CENTURY
    return replace(events, item_idx=item, rating=rating, confidence=from_ratings(rating), timestamp=when)


def answer(engine: Engine, histories: list[History]) -> Answers:
    """Return, for every history, the list under each pipeline and the features of all candidates."""
    answers: Answers = []
    for history in histories:
        ranked = engine.rank(history, 20)
        merged = engine.rank(history, 20, Generation.V1_5)
        assert ranked.features is not None
        answers.append((ranked.item_idx, ranked.score, ranked.features, merged.item_idx, merged.score))
    return answers


def run(world: Dataset, name: str) -> Witness:
    witness = Witness()
    evaluate(
        world,
        [protocol.name for protocol in PROTOCOLS.values() if protocol.fit_group == name],
        ks=(10,),
        generations=(Generation.V2,),
        peers=lambda: (),
        config=SMALL_BUILD,
        fit_engine=witness,
    )
    return witness


def check_protocol(world: Dataset, name: str, poisoned: Interactions) -> None:
    """Assert that a run does not tell the poisoned data from the plain one."""
    plain, other = run(world, name), run(replace(world, interactions=poisoned), name)
    (split,) = PROTOCOLS[name].split(world.interactions, 0)
    histories = [split.history(int(user)) for user in split.truth.user_idx]
    known = {history.item_idx.tobytes() for history in histories}
    assert len(known) >= 5
    # Poison may change who is scored, never what is known of them.
    asked = [history.item_idx.tobytes() for history in other.asked if len(history)]
    assert len(known.intersection(asked)) >= min(5, len(known) // 2)
    everybody = {split.history(user).item_idx.tobytes() for user in range(poisoned.n_users)}
    assert set(asked) <= everybody
    for clean, dirty in zip(answer(plain.engine, histories), answer(other.engine, histories), strict=True):
        for one, two in zip(clean, dirty, strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", [group[0].fit_group for group in group_protocols(PROTOCOLS.values())])
def test_nothing_after_the_cut_reaches_any_stage(world: Dataset, name: str) -> None:
    poisoned = poison(world.interactions, name)
    changed = poisoned.item_idx != world.interactions.item_idx
    assert changed.sum() >= (5 if name == "strong-generalisation" else 50)
    check_protocol(world, name, poisoned)


@pytest.fixture
def leak(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Return a function that lets a stage of the pipeline see all events of the run instead of train."""
    present: list[Interactions] = []
    split = PROTOCOLS["user-timeline"].split

    def watch(events: Interactions, seed: int) -> Any:
        present.append(events)
        return split(events, seed)

    seeing = replace(PROTOCOLS["user-timeline"], split=watch)
    monkeypatch.setattr("movierec.evaluation.runner.find_protocols", lambda _: (seeing,))

    def open_stage(stage: str, position: int) -> None:
        original = attrgetter(stage)(pipeline)

        def leaking(*arguments: Any, **options: Any) -> Any:
            given = list(arguments)
            given[position] = present[-1]
            return original(*given, **options)

        monkeypatch.setattr(f"movierec.pipeline.{stage}", leaking)

    return open_stage


@pytest.mark.parametrize(
    ("stage", "position"),
    [("collect_rows", 0), ("fit_sources", 1), ("FeatureStore.compute", 0), ("FeatureBuilder.fit", 1)],
)
def test_a_leak_in_any_stage_is_noticed(
    world: Dataset, leak: Callable[[str, int], None], stage: str, position: int
) -> None:
    leak(stage, position)
    with pytest.raises(AssertionError, match="Arrays are not equal"):
        check_protocol(world, "user-timeline", poison(world.interactions, "user-timeline"))
