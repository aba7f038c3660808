"""Evaluation: every generation, every source and the peers, on the same users in one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np

from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.data.splits import Split
from movierec.errors import ConfigError, DataError
from movierec.evaluation.conclusions import (
    Rows,
    Scored,
    compare,
    describe_subset,
    judge_aimed,
    keep,
    summarise,
)
from movierec.evaluation.grids import PeerTuning
from movierec.evaluation.intervals import N_RESAMPLES
from movierec.evaluation.limits import QUICK_CONFIG, QUICK_LIMITS, Limits
from movierec.evaluation.measurement import (
    AUC_CELLS,
    AUC_DEPTH,
    Crowd,
    measure,
    measure_pool,
    pool_splits,
)
from movierec.evaluation.peers import (
    OPTIONAL_PEERS,
    Kind,
    Peer,
    list_optional_peers,
    list_peers,
    list_source_peers,
)
from movierec.evaluation.protocols import PROTOCOLS, Protocol, find_protocols, group_protocols
from movierec.evaluation.rated_only import bound_pools
from movierec.evaluation.receipts import hash_code, hash_config, list_differences, read_versions
from movierec.evaluation.report import write_report, write_summary
from movierec.evaluation.results import (
    SUBJECT,
    EvaluationReport,
    ProtocolReport,
    Receipt,
    Subset,
)
from movierec.evaluation.systems import FitEngine, Progress, System, fit_systems
from movierec.evaluation.tuning import TunedPeer, choose_settings
from movierec.pipeline import fit_engine as fit_whole_engine
from movierec.schema import Dataset, Generation
from movierec.stages import BuildConfig

KS: Final = (10, 20, 50, 100)
DEFAULT_PROTOCOLS: Final = tuple(PROTOCOLS)
GENERATIONS: Final = (
    Generation.V2,
    Generation.V1_5,
    Generation.V1_GENRE,
    Generation.V1_SEQUENCE,
    Generation.V1_ALS,
    Generation.V1_ITEM_ITEM,
    Generation.V1_POPULARITY,
)
"""What the fitted engine is asked for; the other sources take part as peers, in a tenth of the time."""


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
    report = write_protocols(dataset_spec, out_dir, settings, progress, seed, protocols)
    write_summary(out_dir)
    return report


def write_protocols(
    dataset_spec: str,
    out_dir: Path,
    settings: Settings,
    progress: Progress | None,
    seed: int,
    protocols: Iterable[str],
    quick: bool = False,
    optional_peers: Iterable[str] = (),
    fit_engine: FitEngine = fit_whole_engine,
) -> EvaluationReport:
    """Do what :func:`run_evaluation` does but for the summary.

    ``quick`` keeps to ``QUICK_LIMITS``; ``optional_peers`` take part as well; ``fit_engine`` fits the whole
    pipeline.
    """
    chosen = find_protocols(protocols)
    dataset = load_dataset(dataset_spec, settings, progress)
    reports: list[ProtocolReport] = []
    for group in group_protocols(chosen):
        names = [protocol.name for protocol in group]
        found = evaluate(
            dataset,
            names,
            seed=seed,
            progress=progress,
            config=QUICK_CONFIG if quick else None,
            limits=QUICK_LIMITS if quick else None,
            fit_engine=fit_engine,
            optional_peers=optional_peers,
        )
        for report in found.protocols:
            write_report(report, out_dir)
            reports.append(report)
    return EvaluationReport(protocols=tuple(reports))


def evaluate(
    dataset: Dataset,
    protocols: Iterable[str] = DEFAULT_PROTOCOLS,
    ks: tuple[int, ...] = KS,
    generations: Iterable[Generation] = GENERATIONS,
    peers: Callable[[], Iterable[Peer]] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    config: BuildConfig | None = None,
    fit_engine: FitEngine = fit_whole_engine,
    limits: Limits | None = None,
    optional_peers: Iterable[str] = (),
) -> EvaluationReport:
    """Measure an engine under every generation, and peers, on the same users.

    Parameters
    ----------
    dataset : what is split
    protocols : names from :data:`movierec.evaluation.protocols.PROTOCOLS`; those that share a fit are
        measured from the same fitted systems
    ks : list lengths; the first is the one systems are compared at
    generations : what the engine, fitted once per split, is asked for
    peers : makes unfitted peers, which are tuned on train; default are the known models and the sources
        that no generation serves alone
    seed : of random splits and bootstrap draws
    progress : receives one line per stage
    config : of the engine, before the protocol states its goal
    fit_engine : fits the whole pipeline on the train rows of a split
    limits : keep the run small; None takes everybody
    optional_peers : names from :data:`movierec.evaluation.peers.OPTIONAL_PEERS` that take part besides

    Raises
    ------
    ConfigError
        If a protocol or optional peer is not known, lacks its extra, or a k is not positive.
    DataError
        If nobody can be scored.
    """
    if not ks or min(ks) < 1:
        raise ConfigError(f"ks must be positive list lengths, got {ks}; usual are 10, 20, 50")
    optional = tuple(dict.fromkeys(optional_peers))
    run = _Run(
        limits.shrink(dataset, seed) if limits else dataset,
        tuple(dict.fromkeys(ks)),
        tuple(generations),
        lambda: (*(peers or _list_default_peers)(), *list_optional_peers(optional)),
        optional,
        seed,
        progress or (lambda _: None),
        config or BuildConfig(),
        fit_engine,
        limits,
        hash_code(),
    )
    chosen = find_protocols(protocols)
    found = {
        report.receipt.protocol: report for group in group_protocols(chosen) for report in run.report(group)
    }
    return EvaluationReport(protocols=tuple(found[protocol.name] for protocol in chosen))


def _list_default_peers() -> tuple[Peer, ...]:
    served = {generation.value for generation in GENERATIONS}
    return (*(peer for peer in list_source_peers() if peer.name not in served), *list_peers())


@dataclass(frozen=True)
class _Run:
    dataset: Dataset
    ks: tuple[int, ...]
    generations: tuple[Generation, ...]
    peers: Callable[[], Iterable[Peer]]
    optional_peers: tuple[str, ...]
    seed: int
    progress: Progress
    config: BuildConfig
    fit_engine: FitEngine
    limits: Limits | None
    code: str

    def report(self, group: Sequence[Protocol]) -> list[ProtocolReport]:
        """Split, fit once for the whole group, ask, measure, compare."""
        start = perf_counter()
        plans = [_Plan(protocol, self._split(protocol)) for protocol in group]
        peers = self._tune(plans[0])
        scored = self._score(plans, peers)
        seconds = perf_counter() - start
        tuning = tuple(peer.tuning for peer in peers if peer.tuning)
        return [self._conclude(plan, scored[plan.protocol.name], tuning, seconds) for plan in plans]

    def _split(self, protocol: Protocol) -> list[Split]:
        most = self.limits.scored if self.limits else None
        splits = [
            split.sample(most, self.seed)
            for split in protocol.split(self.dataset.interactions, self.seed)
            if len(split.truth) and len(split.train)
        ]
        if not splits:
            raise DataError(
                f"{self.dataset.info.name} has nobody to score under {protocol.name}: it takes users with "
                "a history and a later event they liked; choose another protocol or more data"
            )
        return splits

    def _tune(self, plan: _Plan) -> tuple[TunedPeer, ...]:
        """Choose the peers' settings once, on the smallest train: with several cuts in time, the earliest.

        What shares a fit shares the settings as well, those of the protocol that its group is named after.
        A limited run keeps the settings as they are.
        """
        if self.limits:
            return tuple(TunedPeer(peer, None) for peer in self.peers())
        protocol = PROTOCOLS.get(plan.protocol.fit_group, plan.protocol)
        train = min((split.train for split in plan.splits), key=len)
        return choose_settings(
            train,
            self.dataset.catalog,
            lambda events: protocol.split(events, self.seed),
            self.peers(),
            lambda line: self.progress(f"{protocol.name}: {line}"),
            seed=self.seed,
        )

    def _score(self, plans: Sequence[_Plan], peers: Sequence[TunedPeer]) -> dict[str, list[Scored]]:
        """Return every system over all splits, by protocol; splits side by side share their train rows."""
        first = plans[0]
        scored: dict[str, list[list[Scored]]] = {plan.protocol.name: [] for plan in plans}
        for number, split in enumerate(first.splits):
            label = first.protocol.name
            if len(first.splits) > 1:
                label += f" {number + 1}/{len(first.splits)}"
            self.progress(f"{label}: fitting on {len(split.train):,} events")
            systems = self._fit([plan.protocol for plan in plans], split, peers)
            for plan in plans:
                scored[plan.protocol.name].append(self._ask(plan, plan.splits[number], systems))
        return {
            name: [_pool_scored(entries) for entries in zip(*parts, strict=True)]
            for name, parts in scored.items()
        }

    def _fit(
        self, protocols: Sequence[Protocol], split: Split, peers: Sequence[TunedPeer]
    ) -> tuple[System, ...]:
        config = protocols[0].configure(self.config)
        return fit_systems(
            split.train,
            self.dataset.catalog,
            lambda train, catalog: self.fit_engine(train, catalog, config, self.progress),
            self.generations,
            (peer.renew() for peer in peers),
            [protocol.aim for protocol in protocols],
        )

    def _ask(self, plan: _Plan, split: Split, systems: Iterable[System]) -> list[Scored]:
        crowd = Crowd.of(split, self.dataset.catalog)
        with_auc = sum(len(part.truth) for part in plan.splits) * AUC_DEPTH <= AUC_CELLS
        scored: list[Scored] = []
        self.progress(f"{plan.protocol.name}: asking every system for {len(split.truth):,} lists")
        for system in systems:
            if split.pool is not None:
                warm = measure_pool(system, split, split.pool, self.ks, self.seed)
            else:
                warm = measure(system, split, split.truth, crowd, self.ks, with_auc)
            cold = None
            if len(split.cold):
                cold = measure(system, split, split.cold, crowd, self.ks[:1], with_auc=False)
            scored.append(Scored(system, warm, cold))
        return scored

    def _conclude(
        self, plan: _Plan, scored: list[Scored], tuning: tuple[PeerTuning, ...], seconds: float
    ) -> ProtocolReport:
        rows = plan.rows()
        metric = f"ndcg@{self.ks[0]}"
        values = {entry.system.name: entry.warm.per_user[metric] for entry in scored}
        best_other, comparisons = compare(values, rows.user_idx, self.seed)
        singles = {entry.system.name for entry in scored if entry.system.kind is not Kind.PIPELINE}
        return ProtocolReport(
            receipt=self._sign(plan, seconds),
            counts=rows.count(),
            ks=self.ks,
            metric=metric,
            systems=tuple(summarise(entry, rows, self.ks[0], self.seed) for entry in scored),
            subject=SUBJECT if comparisons else None,
            best_other=best_other,
            comparisons=comparisons,
            subsets=tuple(self._describe_subsets(plan, scored, rows)),
            per_user=keep(scored, rows, metric, best_other),
            tuning=tuning,
            aimed=judge_aimed(values, rows.user_idx, self.seed, plan.protocol.aim, singles),
            bounds=bound_pools(plan.splits, self.ks[0]),
        )

    def _describe_subsets(self, plan: _Plan, scored: list[Scored], rows: Rows) -> Iterable[Subset]:
        for rule in plan.protocol.subsets:
            mask = np.concatenate([rule.find(split) for split in plan.splits])
            if mask.any():
                yield describe_subset(rule, mask, scored, rows, self.ks[0], self.seed)

    def _sign(self, plan: _Plan, seconds: float) -> Receipt:
        info, protocol = self.dataset.info, plan.protocol
        config = protocol.configure(self.config)
        options = (f" --seed {self.seed}" if self.seed else "") + (" --quick" if self.limits else "")
        options += "".join(f" --peer {name}" for name in self.optional_peers)
        return Receipt(
            dataset=info.name,
            content_hash=info.content_hash,
            simulated=info.simulated,
            protocol=protocol.name,
            question=protocol.question,
            splits=tuple(dict(split.params) for split in plan.splits),
            seed=self.seed,
            n_resamples=N_RESAMPLES,
            versions=read_versions(*(OPTIONAL_PEERS[name] for name in self.optional_peers)),
            code=self.code,
            config=hash_config(config),
            command=f"python scripts/evaluate.py {info.name} --protocol {protocol.name}{options}",
            wall_seconds=round(seconds, 1),
            configured=list_differences(config, BuildConfig()),
            restrictions=self.limits.describe() if self.limits else {},
            optional_peers=self.optional_peers,
        )


@dataclass(frozen=True)
class _Plan:
    """A protocol and its splits of the data set at hand."""

    protocol: Protocol
    splits: list[Split]

    def rows(self) -> Rows:
        """Return who is scored, in the order of the measured values."""
        return Rows(
            np.concatenate([split.truth.user_idx for split in self.splits]),
            np.concatenate([split.truth.n_relevant for split in self.splits]),
            np.concatenate([split.cold.user_idx for split in self.splits]),
        )


def _pool_scored(entries: Sequence[Scored]) -> Scored:
    cold = [entry.cold for entry in entries if entry.cold is not None]
    system = entries[0].system
    return Scored(
        replace(system, fit_seconds=sum(entry.system.fit_seconds for entry in entries)),
        pool_splits([entry.warm for entry in entries]),
        pool_splits(cold) if cold else None,
    )
