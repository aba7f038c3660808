"""Running the ablations of a data set and writing what they found."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Final

from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.errors import DataError
from movierec.evaluation.ablations.chart import draw_ablations
from movierec.evaluation.ablations.results import (
    QUESTION,
    AblationReport,
    SplitAblations,
    compare_outcomes,
    compose_ablations,
)
from movierec.evaluation.ablations.study import Study
from movierec.evaluation.intervals import N_RESAMPLES
from movierec.evaluation.protocols import Protocol, find_protocols
from movierec.evaluation.publication import publish
from movierec.evaluation.receipts import hash_code, hash_config, list_differences, read_versions
from movierec.evaluation.results import Receipt
from movierec.schema import Dataset
from movierec.stages import BuildConfig

PROTOCOL_NAMES: Final = ("user-timeline", "leave-one-out")
REPORT_NAME: Final = "ablations"

TREES: Final = 40
LEARNING_RATE: Final = 0.08
QUERIES: Final = 600
USERS: Final = 300
MOMENTS: Final = (0.5, 0.7, 0.8, 0.9)
"""A small ranker on few queries: some seventy of them are fitted and asked for each data set, and recall is
fitted anew at every moment of the calendar."""


def run_ablations(
    dataset_spec: str,
    out_dir: Path,
    settings: Settings,
    progress: Callable[[str], None] | None = None,
    seed: int = 0,
) -> tuple[Path, ...]:
    """Change one part at a time on a data set; write ``<dataset>/ablations.{json,md,png}``.

    Parameters
    ----------
    dataset_spec : "sample", a known name, a folder or a zip
    out_dir : gets the folder of the data set
    settings : where data sets are looked up
    progress : receives one line per variant
    seed : of the bootstrap draws

    Returns
    -------
    the files written

    Raises
    ------
    DataError
        If the data set cannot be used, or nobody in it can be scored.
    """
    dataset = load_dataset(dataset_spec, settings, progress)
    report = study_dataset(dataset, shrink(BuildConfig()), USERS, progress, seed)
    return publish(report, REPORT_NAME, out_dir, draw_ablations, compose_ablations)


def shrink(config: BuildConfig) -> BuildConfig:
    """Return the config with the small budget of a study."""
    training = config.training.model_copy(
        update={
            "max_queries": min(config.training.max_queries, QUERIES),
            "check_queries": 0,
            "time_quantiles": tuple(q for q in config.training.time_quantiles if q in MOMENTS),
        }
    )
    ranker = config.ranker.model_copy(
        update={
            "max_iter": min(config.ranker.max_iter, TREES),
            "return_max_iter": min(config.ranker.return_max_iter, TREES),
            "learning_rate": max(config.ranker.learning_rate, LEARNING_RATE),
            "seeds": config.ranker.seeds[:1],
            "later_seeds": config.ranker.later_seeds[:1],
            "return_seeds": config.ranker.return_seeds[:1],
        }
    )
    return config.model_copy(update={"training": training, "ranker": ranker})


def study_dataset(
    dataset: Dataset,
    config: BuildConfig,
    most_users: int = USERS,
    progress: Callable[[str], None] | None = None,
    seed: int = 0,
) -> AblationReport:
    """Run every variant on the splits of ``PROTOCOL_NAMES``; raises ``DataError``."""
    tell = progress or (lambda _: None)
    start = perf_counter()
    code = hash_code()
    protocols = find_protocols(PROTOCOL_NAMES)
    splits = tuple(_study_split(dataset, protocol, config, most_users, tell, seed) for protocol in protocols)
    skipped = () if find_spec("lightgbm") else ("LambdaMART, since LightGBM is not installed",)
    info = dataset.info
    receipt = Receipt(
        dataset=info.name,
        content_hash=info.content_hash,
        simulated=info.simulated,
        protocol=REPORT_NAME,
        question=QUESTION,
        splits=tuple(
            dict(split.params)
            for protocol in protocols
            for split in protocol.split(dataset.interactions, seed)
        ),
        seed=seed,
        n_resamples=N_RESAMPLES,
        versions=read_versions(),
        code=code,
        # The digest of what is taken apart; ``configured`` says what is smaller here.
        config=hash_config(BuildConfig()),
        command=f"movierec.evaluation.ablations:run_ablations {info.name}",
        wall_seconds=round(perf_counter() - start, 1),
        configured=list_differences(config, BuildConfig()),
        restrictions={"users": most_users},
    )
    return AblationReport(receipt=receipt, trees=config.ranker.max_iter, skipped=skipped, splits=splits)


def _study_split(
    dataset: Dataset,
    protocol: Protocol,
    config: BuildConfig,
    most_users: int,
    tell: Callable[[str], None],
    seed: int,
) -> SplitAblations:
    split = protocol.split(dataset.interactions, seed)[0]
    if not len(split.truth) or not len(split.train):
        raise DataError(
            f"{dataset.info.name} has nobody to score under {protocol.name}: it takes users with a history "
            "and a later event they liked; choose another protocol or more data"
        )
    study = Study.prepare(
        split, dataset.catalog, config, most_users, lambda line: tell(f"{protocol.name}: {line}")
    )
    outcomes = study.run(lambda line: tell(f"{protocol.name}: {line}"))
    return SplitAblations(
        protocol=protocol.name,
        users=len(study.test.user_idx),
        scored_users=len(split.truth),
        train_queries=int(study.train.rows.query[-1]) + 1,
        ablations=compare_outcomes(outcomes, study.test.user_idx, seed),
    )
