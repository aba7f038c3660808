"""What closer looks at the lists share: one engine fitted on the train rows of the user timeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Final, Self

import numpy as np

from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.data.splits import Split
from movierec.engine import Engine
from movierec.errors import DataError
from movierec.evaluation.intervals import N_RESAMPLES
from movierec.evaluation.protocols import PROTOCOLS
from movierec.evaluation.receipts import hash_code, hash_config, list_differences, read_versions
from movierec.evaluation.results import Receipt
from movierec.pipeline import fit_engine
from movierec.schema import Dataset, History
from movierec.stages import BuildConfig

Progress = Callable[[str], None]
PROTOCOL: Final = PROTOCOLS["user-timeline"]


@dataclass(frozen=True)
class HeldOut:
    """A data set, its user-timeline split and V2 fitted on the train rows of it."""

    dataset: Dataset
    split: Split
    engine: Engine
    config: BuildConfig
    seed: int
    code: str
    started: float

    @classmethod
    def load(
        cls,
        dataset_spec: str,
        settings: Settings,
        progress: Progress | None = None,
        seed: int = 0,
        engine: Engine | None = None,
    ) -> Self:
        """Load a data set, split it and fit; raises ``DataError`` where nobody can be asked."""
        dataset = load_dataset(dataset_spec, settings, progress)
        return cls.fit(dataset, progress=progress, seed=seed, engine=engine)

    @classmethod
    def fit(
        cls,
        dataset: Dataset,
        config: BuildConfig | None = None,
        progress: Progress | None = None,
        seed: int = 0,
        engine: Engine | None = None,
    ) -> Self:
        """Split a data set and fit, unless an ``engine`` is given that was fitted on these train rows.

        Raises
        ------
        DataError
            If nobody can be asked.
        """
        started, code = perf_counter(), hash_code()
        chosen = PROTOCOL.configure(config or BuildConfig())
        split = PROTOCOL.split(dataset.interactions, seed)[0]
        if not len(split.truth):
            raise DataError(
                f"{dataset.info.name} has nobody to ask under {PROTOCOL.name}: it takes users with a history "
                "and a later event they liked; choose more data"
            )
        if engine is None:
            engine = fit_engine(split.train, dataset.catalog, chosen, progress)
        return cls(dataset, split, engine, chosen, seed, code, started)

    def histories(self) -> list[History]:
        """Return what may be known of each user of the truth."""
        return [self.split.history(int(user)) for user in self.split.truth.user_idx]

    def count_events(self) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], int]:
        """Return int64[n_items] train events of every item, and how many train users there are."""
        train = self.split.train
        events = np.bincount(train.item_idx, minlength=train.n_items).astype(np.int64)
        return events, len(np.unique(train.user_idx))

    def sign(self, question: str) -> Receipt:
        """Return the receipt, with the wall time so far."""
        info = self.dataset.info
        return Receipt(
            dataset=info.name,
            content_hash=info.content_hash,
            simulated=info.simulated,
            protocol=PROTOCOL.name,
            question=question,
            splits=(dict(self.split.params),),
            seed=self.seed,
            n_resamples=N_RESAMPLES,
            versions=read_versions(),
            code=self.code,
            config=hash_config(self.config),
            command=f"make evaluate DATASET={info.name}",
            wall_seconds=round(perf_counter() - self.started, 1),
            configured=list_differences(self.config, BuildConfig()),
        )
