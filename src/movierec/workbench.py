"""What a build works with: where it tells how far it is, what stages cost, and what outlives a kill."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from movierec.artifacts.checkpoints import Checkpoints
from movierec.bundles import read_ranker, write_ranker
from movierec.costs import CostMeter
from movierec.ranking.match import MatchModel
from movierec.ranking.ranker import Ranker
from movierec.ranking.rounds import read_round, write_round
from movierec.ranking.store import FeatureStore
from movierec.ranking.training import TrainingRows
from movierec.recall.base import RecallSource
from movierec.recall.sources import make_sources
from movierec.stages import RecallConfig

Progress = Callable[[str], None]
Judged = tuple[Ranker | None, MatchModel, dict[str, float]]

_RANKER, _RECALL, _FEATURES = "ranker", "recall", "features"
_METRICS, _MATCH = "metrics.json", "match.npz"


class Workbench:
    """Progress, costs and checkpoints of one build; without checkpoints nothing is kept or taken over.

    Parameters
    ----------
    progress : receives one line per event
    checkpoints : finished stages of this build
    meter : collects what stages cost
    """

    def __init__(
        self,
        progress: Progress | None = None,
        checkpoints: Checkpoints | None = None,
        meter: CostMeter | None = None,
    ) -> None:
        self.tell: Progress = progress or (lambda _: None)
        self.checkpoints = checkpoints
        self.meter = meter or CostMeter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a stage."""
        with self.meter.stage(name):
            yield

    def find_ranker(self) -> Judged | None:
        """Return ranker, match model and metrics of a build that was stopped after fitting them."""
        bundle = self.checkpoints.find(_RANKER) if self.checkpoints else None
        if bundle is None:
            return None
        self._take_over(_RANKER)
        metrics: dict[str, float] = json.loads(bundle.file(_METRICS).read_text(encoding="utf-8"))
        return read_ranker(bundle), MatchModel.from_state(bundle.arrays(_MATCH)), metrics

    def keep_ranker(self, ranker: Ranker | None, match: MatchModel, metrics: Mapping[str, float]) -> None:
        """Keep what :meth:`find_ranker` returns."""
        if self.checkpoints is None:
            return
        with self.checkpoints.keep(_RANKER) as writer:
            if ranker is not None:
                write_ranker(writer, ranker)
            writer.save_arrays(_MATCH, match.state())
            (writer.path / _METRICS).write_text(json.dumps(dict(metrics)), encoding="utf-8")

    def find_sources(self, config: RecallConfig) -> dict[str, RecallSource] | None:
        """Return the fitted sources of a build that was stopped after fitting them."""
        bundle = self.checkpoints.find(_RECALL) if self.checkpoints else None
        if bundle is None:
            return None
        self._take_over(_RECALL)
        sources = make_sources(config)
        for name, source in sources.items():
            source.restore(bundle.arrays(f"{name}.npz"))
        return sources

    def keep_sources(self, sources: Mapping[str, RecallSource]) -> None:
        """Keep what :meth:`find_sources` returns."""
        if self.checkpoints is None:
            return
        with self.checkpoints.keep(_RECALL) as writer:
            for name, source in sources.items():
                writer.save_arrays(f"{name}.npz", source.state())

    def find_store(self, as_of: int) -> FeatureStore | None:
        """Return the feature tables of a build that was stopped after computing them."""
        bundle = self.checkpoints.find(_FEATURES) if self.checkpoints else None
        if bundle is None:
            return None
        self._take_over(_FEATURES)
        return FeatureStore.read(bundle.path, as_of)

    def keep_store(self, store: FeatureStore) -> None:
        """Keep what :meth:`find_store` returns."""
        if self.checkpoints is None:
            return
        with self.checkpoints.keep(_FEATURES) as writer:
            store.write(writer.path)

    def find(self, number: int, rng: np.random.Generator) -> tuple[TrainingRows | None] | None:
        """Return the training rows of a finished round; see :class:`.training.RoundKeeper`."""
        bundle = self.checkpoints.find(_name_round(number)) if self.checkpoints else None
        if bundle is None:
            return None
        self.meter.mark_resumed()
        return (read_round(bundle, rng),)

    def keep(self, number: int, rows: TrainingRows | None, rng: np.random.Generator) -> None:
        """Keep the training rows of a finished round."""
        if self.checkpoints is None:
            return
        with self.checkpoints.keep(_name_round(number)) as writer:
            write_round(writer, rows, rng)

    def _take_over(self, stage: str) -> None:
        self.meter.mark_resumed()
        self.tell(f"{stage}: taken over from a build that was stopped")


def _name_round(number: int) -> str:
    return f"round-{number:02d}"
