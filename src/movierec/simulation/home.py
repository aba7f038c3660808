"""A home folder for simulated viewers: tables, a first bundle, a small build."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from movierec.config import Settings
from movierec.data.ingest import INGEST_VERSION, MANIFEST_FILE, Manifest
from movierec.data.tables import write_tables
from movierec.evaluation.receipts import hash_code, read_versions
from movierec.pipeline import build
from movierec.schema import Dataset
from movierec.simulation.results import SimulationReceipt
from movierec.stages import AlsConfig, BuildConfig, MergeConfig, RankerConfig, RecallConfig, TrainingConfig

Progress = Callable[[str], None]

SIMULATED_BUILD: Final = BuildConfig(
    recall=RecallConfig(als=AlsConfig(factors=24, iterations=6), merge=MergeConfig(per_source=60, cap=120)),
    training=TrainingConfig(
        shares=(0.8, 0.6),
        points=0,
        cuts=2,
        time_quantiles=(0.9,),
        max_queries=600,
        check_queries=0,
        newcomers=0,
    ),
    ranker=RankerConfig(max_iter=40, return_max_iter=40, max_leaf_nodes=15, min_samples_leaf=20, seeds=(0,)),
)
SMALL_BUILD_WORDS: Final = (
    "a small build, so that many fit: 120 candidates, one classifier of 40 trees per seed on at most 600 "
    "queries, 24 factors; the defaults are larger"
)


def furnish_home(dataset: Dataset, settings: Settings, config: BuildConfig, progress: Progress) -> None:
    """Write the tables of a data set and build the first bundle."""
    folder = settings.processed_dir / dataset.info.name
    folder.mkdir(parents=True)
    write_tables(folder, dataset.user_id, dataset.catalog, dataset.interactions)
    manifest = Manifest(ingest_version=INGEST_VERSION, fingerprint="simulated", info=dataset.info)
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(), "utf-8")
    build(dataset, settings, config, progress)


class Stopwatch:
    """Wall time and processor time since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.monotonic(), _processor_seconds()

    def sign(self, command: str, seed: int, words: str) -> SimulationReceipt:
        """Return the receipt of what was simulated since."""
        return SimulationReceipt(
            command=command,
            seed=seed,
            code=hash_code(),
            versions=read_versions(),
            wall_seconds=round(time.monotonic() - self._wall, 1),
            cpu_seconds=round(_processor_seconds() - self._cpu, 1),
            build=words,
        )


def _processor_seconds() -> float:
    spent = os.times()
    return spent.user + spent.system


def make_settings(home: Path) -> Settings:
    """Return settings of a throw-away home: nothing of the environment's databases is touched."""
    return Settings(home=home, database_url=None)
