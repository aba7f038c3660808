"""Build on Spark and without on the same split, recommend from both bundles, write reports/spark.md.

The gate: Recall@10 of the Spark build within 3 % of the embedded one on every data set.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from movierec.artifacts import open_current, write_bundle
from movierec.bundles import read_contents
from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.data.splits import Split
from movierec.errors import MovieRecError
from movierec.evaluation.protocols import PROTOCOLS
from movierec.pipeline import describe_build, fingerprint_build, fit, write_fitted
from movierec.ranking.match import MatchModel
from movierec.ranking.ranker import Ranker
from movierec.schema import Dataset, Generation
from movierec.spark.backend import SparkCompute
from movierec.spark.factors import REGULARIZATION
from movierec.spark.session import open_session
from movierec.stages import BuildConfig, RankerConfig, TrainingConfig
from movierec.workbench import Judged, Workbench

K: Final = 10
TOLERANCE: Final = 0.03
QUICK: Final = BuildConfig(
    training=TrainingConfig(points=1, time_quantiles=(0.3, 0.6, 0.9), newcomers=0),
    ranker=RankerConfig(seeds=(0,), later_seeds=(2,), return_seeds=(3,)),
)
"""Recall as by default, with a ranker of fewer rounds and one seed a head."""

SHOWN: Final = (Generation.V2, Generation.V1_5, Generation("v1-als"), Generation("v1-als_seen"))


@dataclass(frozen=True)
class Outcome:
    """What one engine reached on one data set: mean Recall@10 by generation, and the seconds of a build."""

    dataset: str
    engine: str
    viewers: int
    recall: dict[str, float]
    stages: dict[str, float]


class SharedRanker(Workbench):
    """Hands the ranker of the first build to the second, which would fit the same once more.

    Both engines leave it to the same code on the same rows.
    """

    def __init__(self, first: SharedRanker | None = None) -> None:
        super().__init__(_say)
        self.kept: Judged | None = first.kept if first else None

    def find_ranker(self) -> Judged | None:
        """Return the ranker of the first build."""
        return self.kept

    def keep_ranker(self, ranker: Ranker | None, match: MatchModel, metrics: Mapping[str, float]) -> None:
        """Keep the ranker for the second build."""
        self.kept = ranker, match, dict(metrics)


def measure(
    dataset: Dataset, split: Split, config: BuildConfig, bench: SharedRanker, compute: SparkCompute | None
) -> Outcome:
    """Build a bundle from the train rows and ask it for everybody of the truth."""
    now = int(split.train.timestamp.max(initial=0))
    info = replace(dataset.info, n_interactions=len(split.train), now=now)
    train = replace(dataset, interactions=split.train, info=info)
    histories = [split.history(int(user)) for user in split.truth.user_idx]
    with tempfile.TemporaryDirectory() as home:
        bundles = Settings(home=Path(home)).bundles_dir
        fitted = fit(train.interactions, train.catalog, config, check=False, bench=bench, compute=compute)
        receipt = {} if compute is None else compute.receipt
        facts = describe_build(train, fingerprint_build(train, config, receipt), receipt)
        with write_bundle(bundles, facts) as writer:
            write_fitted(writer, fitted, train, config)
        engine = read_contents(open_current(bundles)).engine
        recall = {}
        for generation in SHOWN:
            lists = engine.recommend_batch(histories, K, generation, K)
            truths = [split.truth.items(place) for place in range(len(lists))]
            found = [
                len(np.intersect1d(listed.item_idx[:K], truth)) / len(truth)
                for listed, truth in zip(lists, truths, strict=True)
            ]
            recall[generation.value] = float(np.mean(found))
    stages = {cost.name: cost.seconds for cost in bench.meter.stages}
    return Outcome(dataset.info.name, str(receipt.get("engine", "embedded")), len(histories), recall, stages)


def render(outcomes: list[Outcome], protocol: str, master: str, version: str, quick: bool) -> str:
    """Return the report as Markdown."""
    command = f"python scripts/compare_engines.py{' --quick' * quick}"
    ranker = "smaller ranker (one seed a head, fewer rounds; `--quick`)" if quick else "ranker"
    lines = [
        "# Builds on Spark beside the embedded one",
        "",
        f"Written by `{command}`. Protocol {protocol}, Recall@{K} over the whole catalogue without what was",
        "seen, every viewer of the truth. Both bundles come from the same train rows and the default recall",
        f"and are read back; they share a {ranker},",
        "which both engines leave to the same code.",
        "",
        f"Spark {version} on `{master}`, MLlib's regularisation {REGULARIZATION:g}, "
        f"Python {platform.python_version()}, {os.cpu_count()} cores.",
        f"Gate: V2 on Spark at least {1 - TOLERANCE:.0%} of the embedded one.",
        "",
        "| Data set | Viewers | System | Embedded | Spark | Difference |",
        "|---|---|---|---|---|---|",
    ]
    for embedded, spark in pair(outcomes):
        lines += [
            f"| {embedded.dataset} | {embedded.viewers:,} | {name} | {value:.4f} | {spark.recall[name]:.4f} "
            f"| {spark.recall[name] / value - 1:+.1%} |"
            for name, value in embedded.recall.items()
        ]
    lines += ["", "Seconds of the stages that Spark takes part in; the others are the same code.", ""]
    lines += ["| Data set | Stage | Embedded | Spark |", "|---|---|---|---|"]
    for embedded, spark in pair(outcomes):
        lines += [
            f"| {embedded.dataset} | {name} | {embedded.stages[name]:.1f} | {spark.stages[name]:.1f} |"
            for name in ("recall", "features")
        ]
    lines += [
        "",
        "On data of this size Spark costs minutes and gives nothing: it is for data that one machine does "
        "not hold. See [docs/scale.md](../docs/scale.md).",
        "",
    ]
    return "\n".join(lines)


def pair(outcomes: list[Outcome]) -> list[tuple[Outcome, Outcome]]:
    """Return (embedded, Spark) of every data set."""
    by_name: Mapping[tuple[str, str], Outcome] = {(one.dataset, one.engine): one for one in outcomes}
    return [(one, by_name[one.dataset, "spark"]) for one in outcomes if one.engine == "embedded"]


def main() -> int:
    """Measure, write the report, return 1 where the gate is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("datasets", nargs="*", default=["ml-100k", "ml-latest-small"])
    parser.add_argument("--protocol", default="user-timeline", choices=["leave-one-out", "user-timeline"])
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--out", type=Path, default=Path("reports/spark.md"))
    parser.add_argument("--quick", action="store_true", help="with a smaller ranker")
    options = parser.parse_args()
    config = QUICK if options.quick else BuildConfig()
    outcomes = []
    with tempfile.TemporaryDirectory() as home, open_session(options.master) as session:
        version = session.version
        for name in options.datasets:
            dataset = load_dataset(name, Settings(home=Path(home)), _say)
            split = PROTOCOLS[options.protocol].split(dataset.interactions, 0)[0]
            compute = SparkCompute(session, progress=_say)
            first = SharedRanker()
            outcomes.append(measure(dataset, split, config, first, None))
            _say(json.dumps(asdict(outcomes[-1])))
            outcomes.append(measure(dataset, split, config, SharedRanker(first), compute))
            _say(json.dumps(asdict(outcomes[-1])))
    report = render(outcomes, options.protocol, options.master, version, options.quick)
    options.out.write_text(report, encoding="utf-8")
    missed = [
        f"{spark.dataset}: {spark.recall['v2']:.4f} against {embedded.recall['v2']:.4f}"
        for embedded, spark in pair(outcomes)
        if spark.recall["v2"] < (1 - TOLERANCE) * embedded.recall["v2"]
    ]
    print("\n".join(missed) or f"within {TOLERANCE:.0%}; written to {options.out}")
    return 1 if missed else 0


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except MovieRecError as error:
        sys.exit(f"compare_engines: {error}")
