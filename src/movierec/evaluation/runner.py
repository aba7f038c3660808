"""Evaluation: every generation, every source and the peers, on the same users in one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np

from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.data.splits import Split
from movierec.errors import ConfigError, DataError
from movierec.evaluation.intervals import N_RESAMPLES, Interval, compare_paired, estimate_means
from movierec.evaluation.measurement import AUC_CELLS, Crowd, Measured, measure, pool
from movierec.evaluation.metrics import DoubleArray
from movierec.evaluation.peers import Kind, Peer, list_peers, list_source_peers
from movierec.evaluation.protocols import Protocol, find_protocols
from movierec.evaluation.receipts import hash_code, hash_config, read_versions
from movierec.evaluation.report import write_report, write_summary
from movierec.evaluation.results import (
    SUBJECT,
    Comparison,
    Counts,
    EvaluationReport,
    PerUser,
    ProtocolReport,
    Receipt,
    SystemResult,
    keep_values,
)
from movierec.evaluation.systems import FitEngine, Progress, RankingEngine, System, fit_systems
from movierec.pipeline import fit_engine as fit_whole_engine
from movierec.schema import Catalog, Dataset, Generation, IntArray, Interactions
from movierec.stages import BuildConfig

KS: Final = (10, 20, 50, 100)
DEFAULT_PROTOCOLS: Final = ("leave-one-out", "user-timeline", "global-timeline", "random")
COLD_METRICS: Final = ("ndcg", "recall", "hit_rate")
_DIGITS: Final = 6


def run_evaluation(
    dataset_spec: str,
    protocols: Iterable[str],
    out_dir: Path,
    settings: Settings,
    progress: Progress | None = None,
    seed: int = 0,
) -> EvaluationReport:
    """Evaluate a data set, write one report per protocol and renew the summary of all reports.

    Parameters
    ----------
    dataset_spec : "sample", a known name, a folder or a zip
    protocols : names from :data:`movierec.evaluation.protocols.PROTOCOLS`
    out_dir : gets ``<dataset>/<protocol>.{json,md,png}`` and ``README.md``
    settings : where data sets are looked up
    progress : receives one line per stage
    seed : of random splits and bootstrap draws

    Raises
    ------
    ConfigError
        If a protocol is not known.
    DataError
        If the data set cannot be used, or nobody in it can be scored.
    """
    chosen = tuple(protocol.name for protocol in find_protocols(protocols))
    dataset = load_dataset(dataset_spec, settings, progress)
    reports: list[ProtocolReport] = []
    for name in chosen:
        report = evaluate(dataset, (name,), seed=seed, progress=progress)
        write_report(report.protocols[0], out_dir)
        reports.extend(report.protocols)
    write_summary(out_dir)
    return EvaluationReport(protocols=tuple(reports))


def evaluate(
    dataset: Dataset,
    protocols: Iterable[str] = DEFAULT_PROTOCOLS,
    ks: tuple[int, ...] = KS,
    generations: Iterable[Generation] = tuple(reversed(Generation)),
    peers: Callable[[], Iterable[Peer]] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    config: BuildConfig | None = None,
    fit_engine: FitEngine = fit_whole_engine,
) -> EvaluationReport:
    """Measure an engine under every generation, and peers, on the same users.

    Parameters
    ----------
    dataset : what is split
    protocols : names from :data:`movierec.evaluation.protocols.PROTOCOLS`
    ks : list lengths; the first is the one systems are compared at
    generations : what the engine, fitted once per split, is asked for
    peers : makes unfitted peers for each split; default are the known models and the sources that no
        generation serves alone
    seed : of random splits and bootstrap draws
    progress : receives one line per stage
    config : of the engine
    fit_engine : fits the whole pipeline on the train rows of a split

    Raises
    ------
    ConfigError
        If a protocol is not known or a k is not positive.
    DataError
        If nobody can be scored.
    """
    if not ks or min(ks) < 1:
        raise ConfigError(f"ks must be positive list lengths, got {ks}; usual are 10, 20, 50")
    run = _Run(
        dataset,
        tuple(dict.fromkeys(ks)),
        tuple(generations),
        peers or _list_default_peers,
        seed,
        progress or (lambda _: None),
        config or BuildConfig(),
        fit_engine,
        hash_code(),
    )
    return EvaluationReport(protocols=tuple(run.report(protocol) for protocol in find_protocols(protocols)))


def _list_default_peers() -> tuple[Peer, ...]:
    served = {generation.value for generation in Generation}
    return (*(peer for peer in list_source_peers() if peer.name not in served), *list_peers())


@dataclass(frozen=True)
class _Scored:
    """One system over all splits of a protocol."""

    system: System
    warm: Measured
    cold: Measured | None
    fit_seconds: float


@dataclass(frozen=True)
class _Run:
    dataset: Dataset
    ks: tuple[int, ...]
    generations: tuple[Generation, ...]
    peers: Callable[[], Iterable[Peer]]
    seed: int
    progress: Progress
    config: BuildConfig
    fit_engine: FitEngine
    code: str

    def report(self, protocol: Protocol) -> ProtocolReport:
        """Split, fit, ask, measure, compare."""
        start = perf_counter()
        splits = [
            split
            for split in protocol.split(self.dataset.interactions, self.seed)
            if len(split.truth) and len(split.train)
        ]
        if not splits:
            raise DataError(
                f"{self.dataset.info.name} has nobody to score under {protocol.name}: it takes users with "
                "a history and a later event they liked; choose another protocol or more data"
            )
        users = np.concatenate([split.truth.user_idx for split in splits])
        cold_users = np.concatenate([split.cold.user_idx for split in splits])
        scored = self._score(protocol, splits)
        metric = f"ndcg@{self.ks[0]}"
        best_other, comparisons = self._compare(scored, users, metric)
        results = tuple(self._summarise(entry, users, cold_users) for entry in scored)
        counts = Counts(
            users=len(np.unique(users)),
            rows=len(users),
            relevant=sum(len(split.truth.item_idx) for split in splits),
            cold_rows=len(cold_users),
        )
        return ProtocolReport(
            receipt=self._sign(protocol, splits, perf_counter() - start),
            counts=counts,
            ks=self.ks,
            metric=metric,
            systems=results,
            subject=SUBJECT if comparisons else None,
            best_other=best_other,
            comparisons=comparisons,
            per_user=_keep(scored, users, metric, best_other),
        )

    def _score(self, protocol: Protocol, splits: list[Split]) -> list[_Scored]:
        with_auc = sum(len(split.truth) for split in splits) * len(self.dataset.catalog) <= AUC_CELLS
        parts: dict[str, list[_Scored]] = {}
        for number, split in enumerate(splits, 1):
            label = f"{protocol.name} {number}/{len(splits)}" if len(splits) > 1 else protocol.name
            self.progress(f"{label}: fitting on {len(split.train):,} events")
            systems = fit_systems(
                split.train, self.dataset.catalog, self._fit_engine, self.generations, self.peers()
            )
            crowd = Crowd.of(split, self.dataset.catalog)
            for system in systems:
                self.progress(f"{label}: asking {system.name} for {len(split.truth):,} lists")
                warm = measure(system, split, split.truth, crowd, self.ks, with_auc)
                cold = None
                if len(split.cold):
                    cold = measure(system, split, split.cold, crowd, self.ks[:1], with_auc=False)
                entry = _Scored(system, warm, cold, system.fit_seconds)
                parts.setdefault(system.name, []).append(entry)
        return [_pool_scored(entries) for entries in parts.values()]

    def _fit_engine(self, train: Interactions, catalog: Catalog) -> RankingEngine:
        return self.fit_engine(train, catalog, self.config, self.progress)

    def _compare(
        self, scored: list[_Scored], users: IntArray, metric: str
    ) -> tuple[str | None, tuple[Comparison, ...]]:
        by_name = {entry.system.name: entry.warm.per_user[metric] for entry in scored}
        own = by_name.pop(SUBJECT, None)
        if own is None or not by_name:
            return None, ()
        best_other = max(by_name, key=lambda name: float(by_name[name].mean()))
        comparisons = tuple(
            Comparison(other=name, difference=compare_paired(own, values, users, self.seed))
            for name, values in by_name.items()
        )
        return best_other, comparisons

    def _summarise(self, entry: _Scored, users: IntArray, cold_users: IntArray) -> SystemResult:
        cold: dict[str, Interval] = {}
        if entry.cold is not None:
            names = [f"{name}@{self.ks[0]}" for name in COLD_METRICS]
            cold = self._estimate({name: entry.cold.per_user[name] for name in names}, cold_users)
        return SystemResult(
            name=entry.system.name,
            kind=entry.system.kind,
            params=dict(entry.system.params),
            metrics=self._estimate(entry.warm.per_user, users),
            overall={name: round(value, _DIGITS) for name, value in entry.warm.overall.items()},
            cold=cold,
            fit_seconds=round(entry.fit_seconds, 2),
            list_milliseconds=round(entry.warm.list_milliseconds, 3),
        )

    def _estimate(self, per_user: dict[str, DoubleArray], users: IntArray) -> dict[str, Interval]:
        intervals = estimate_means(np.column_stack(list(per_user.values())), users, self.seed)
        return {
            name: Interval(*(round(value, _DIGITS) for value in (found.mean, found.low, found.high)))
            for name, found in zip(per_user, intervals, strict=True)
        }

    def _sign(self, protocol: Protocol, splits: list[Split], seconds: float) -> Receipt:
        info = self.dataset.info
        seed = f" --seed {self.seed}" if self.seed else ""
        return Receipt(
            dataset=info.name,
            content_hash=info.content_hash,
            simulated=info.simulated,
            protocol=protocol.name,
            question=protocol.question,
            splits=tuple(dict(split.params) for split in splits),
            seed=self.seed,
            n_resamples=N_RESAMPLES,
            versions=read_versions(),
            code=self.code,
            config=hash_config(self.config),
            command=f"python scripts/evaluate.py {info.name} --protocol {protocol.name}{seed}",
            wall_seconds=round(seconds, 1),
        )


def _keep(scored: list[_Scored], users: IntArray, metric: str, best_other: str | None) -> PerUser:
    """Keep what every user got of the subject, the best other and the best known model."""
    means = {entry.system.name: float(entry.warm.per_user[metric].mean()) for entry in scored}
    peers = [entry.system.name for entry in scored if entry.system.kind is Kind.PEER]
    wanted = {SUBJECT, best_other, max(peers, key=means.__getitem__, default=None)}
    values = {entry.system.name: entry.warm.per_user[metric] for entry in scored}
    return keep_values(
        users.tolist(), {name: found.tolist() for name, found in values.items() if name in wanted}
    )


def _pool_scored(entries: list[_Scored]) -> _Scored:
    cold = [entry.cold for entry in entries if entry.cold is not None]
    return _Scored(
        entries[0].system,
        pool([entry.warm for entry in entries]),
        pool(cold) if cold else None,
        sum(entry.fit_seconds for entry in entries),
    )
