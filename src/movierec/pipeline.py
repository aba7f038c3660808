"""The build: data in, a published bundle out, stage by stage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Final

from movierec.artifacts import (
    BuildFacts,
    BundleWriter,
    Manifest,
    find_by_fingerprint,
    open_bundle,
    open_current,
    point_current,
    prune_bundles,
    write_bundle,
)
from movierec.artifacts.checkpoints import Checkpoints
from movierec.artifacts.manifest import installed_libraries
from movierec.bundles import CARD_FILE, write_contents
from movierec.card import write_card
from movierec.compute import Compute, Receipt
from movierec.config import Settings
from movierec.costs import CostMeter
from movierec.engine import Engine
from movierec.errors import ArtifactError, DataError
from movierec.ranking.check import check_ranker
from movierec.ranking.features import FEATURE_NAMES, FeatureBuilder
from movierec.ranking.match import MatchModel
from movierec.ranking.newcomers import fit_lean
from movierec.ranking.ranker import Ranker
from movierec.ranking.store import FeatureStore
from movierec.ranking.training import collect_rows
from movierec.recall.base import RecallSource
from movierec.recall.sources import SOURCE_NAMES, fit_sources
from movierec.schema import Catalog, Dataset, Interactions
from movierec.stages import BuildConfig
from movierec.workbench import Judged, Workbench

Progress = Callable[[str], None]

_SHAPING_CODE: Final = (
    "recall",
    "ranking",
    "engine.py",
    "bundles.py",
    "names.py",
    "pipeline.py",
    "card.py",
    "schema.py",
)


@dataclass(frozen=True)
class Fitted:
    """An engine with the feature store behind it and what the check of its ranker found."""

    engine: Engine
    store: FeatureStore
    metrics: dict[str, float]


def fit(
    interactions: Interactions,
    catalog: Catalog,
    config: BuildConfig,
    progress: Progress | None = None,
    check: bool = True,
    bench: Workbench | None = None,
    compute: Compute | None = None,
) -> Fitted:
    """Fit every stage on exactly these rows.

    The ranker learns from recall that did not see its labels; then recall is refitted on everything.
    With a ``bench``, stages that a build finished before it was stopped are taken over. ``compute`` runs
    what grows with the data; without one this process does.
    """
    bench = bench or Workbench(progress)
    judged = bench.find_ranker() or _fit_ranker(interactions, catalog, config, check, bench)
    ranker, match, metrics = judged
    with bench.stage("recall"):
        sources: Mapping[str, RecallSource] | None = bench.find_sources(config.recall)
        if sources is None:
            bench.tell("recall: refitting on everything")
            fit_recall = fit_sources if compute is None else compute.fit_sources
            sources = fit_recall(config.recall, interactions, catalog)
            bench.keep_sources(sources)
    with bench.stage("features"):
        as_of = int(interactions.timestamp.max(initial=0))
        store = bench.find_store(as_of)
        if store is None:
            aggregate = FeatureStore.compute if compute is None else compute.aggregate
            store = aggregate(interactions, catalog, as_of, config.recall.genre.prior_strength)
            bench.keep_store(store)
        builder = FeatureBuilder.fit(sources, interactions, catalog, store)
    return Fitted(Engine(sources, config.recall.merge, builder, ranker, match), store, metrics)


def _fit_ranker(
    interactions: Interactions, catalog: Catalog, config: BuildConfig, check: bool, bench: Workbench
) -> Judged:
    with bench.stage("training rows"):
        rows = collect_rows(interactions, catalog, config, bench.tell, bench)
    metrics: dict[str, float] = {}
    if rows is None:
        bench.tell("ranker: skipped, no viewer has enough history; lists will follow the merge")
    elif check:
        with bench.stage("ranker check"):
            bench.tell("ranker: checking on ends of timelines it has not seen")
            metrics = check_ranker(rows, config.ranker)
    with bench.stage("ranker"):
        if rows is not None:
            bench.tell(f"ranker: fitting on {len(rows):,} rows")
        ranker = Ranker.fit(rows, config.ranker) if rows is not None else None
        match = MatchModel.fit(rows)
    with bench.stage("newcomers"):
        if ranker is not None:
            ranker = replace(ranker, lean=fit_lean(ranker, interactions, catalog, config, bench.tell))
        bench.keep_ranker(ranker, match, metrics)
    return ranker, match, metrics


def fit_engine(
    interactions: Interactions,
    catalog: Catalog,
    config: BuildConfig | None = None,
    progress: Progress | None = None,
) -> Engine:
    """Return an engine fitted on exactly these rows: the whole pipeline without a bundle."""
    return fit(interactions, catalog, config or BuildConfig(), progress, check=False).engine


def build(
    dataset: Dataset,
    settings: Settings,
    config: BuildConfig | None = None,
    progress: Progress | None = None,
    force: bool = False,
    meter: CostMeter | None = None,
    compute: Compute | None = None,
) -> Manifest:
    """Build a bundle, or point to the one already built from the same data, config and code.

    A build that was killed goes on from its last finished stage when it is started again. ``meter``
    may have measured what came before, such as reading the data. ``compute`` as for :func:`fit`.

    Raises
    ------
    DataError
        If the data set has no interactions.
    """
    config = config or BuildConfig()
    tell = progress or (lambda _: None)
    if not len(dataset.interactions):
        raise DataError(f"data set {dataset.info.name} has no interactions, nothing can be learnt from it")
    receipt = {} if compute is None else dict(compute.receipt)
    fingerprint = fingerprint_build(dataset, config, receipt)
    known = None if force else _reuse(settings.bundles_dir, fingerprint)
    if known is not None:
        tell(f"bundle {known.version} is already built from this data")
        return known
    started = perf_counter()
    facts = describe_build(dataset, fingerprint, receipt)
    checkpoints = Checkpoints(settings.bundles_dir, facts)
    bench = Workbench(progress, checkpoints, meter)
    fitted = fit(dataset.interactions, dataset.catalog, config, progress, bench=bench, compute=compute)
    with write_bundle(settings.bundles_dir, facts) as writer:
        tell("bundle: writing")
        with bench.stage("write"):
            write_fitted(writer, fitted, dataset, config)
        writer.describe(
            metrics=fitted.metrics,
            build_seconds=round(perf_counter() - started, 1),
            stages=tuple(bench.meter.stages),
        )
    checkpoints.discard()
    prune_bundles(settings.bundles_dir)
    manifest = open_current(settings.bundles_dir).manifest
    tell(f"bundle {manifest.version} is current")
    return manifest


def describe_build(dataset: Dataset, fingerprint: str, receipt: Receipt | None = None) -> BuildFacts:
    """Return what is known of a bundle before it is fitted; ``receipt`` is of what it is computed by."""
    return BuildFacts(
        dataset=dataset.info,
        fingerprint=fingerprint,
        feature_names=FEATURE_NAMES,
        source_names=SOURCE_NAMES,
        config=dict(receipt or {}),
    )


def write_fitted(writer: BundleWriter, fitted: Fitted, dataset: Dataset, config: BuildConfig) -> None:
    """Write what was fitted on a data set, and its card, into a bundle under construction."""
    write_contents(writer, fitted.engine, dataset, fitted.store, config)
    card = write_card(dataset, config, fitted.metrics, fitted.engine.ranker is not None)
    (writer.path / CARD_FILE).write_text(card, encoding="utf-8")


def _reuse(bundles_dir: Path, fingerprint: str) -> Manifest | None:
    version = find_by_fingerprint(bundles_dir, fingerprint)
    if version is None:
        return None
    try:
        manifest = open_bundle(bundles_dir / version).manifest
    except ArtifactError:
        return None
    point_current(bundles_dir, version)
    return manifest


def fingerprint_build(dataset: Dataset, config: BuildConfig, receipt: Receipt | None = None) -> str:
    """Return a SHA-256 over data, config, code that shapes a bundle, library versions and the receipt."""
    digest = hashlib.sha256(dataset.info.content_hash.encode())
    digest.update(dataset.info.name.encode())
    digest.update(config.model_dump_json().encode())
    digest.update(json.dumps(installed_libraries(), sort_keys=True).encode())
    if receipt:
        digest.update(json.dumps(dict(receipt), sort_keys=True).encode())
    package = Path(__file__).parent
    for part in _SHAPING_CODE:
        path = package / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.relative_to(package).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
