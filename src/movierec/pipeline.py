"""The build: data in, a published bundle out, stage by stage."""

from __future__ import annotations

from collections.abc import Callable

from movierec.engine import Engine
from movierec.ranking.features import FeatureBuilder
from movierec.ranking.match import MatchModel
from movierec.ranking.ranker import Ranker
from movierec.ranking.store import FeatureStore
from movierec.ranking.training import collect_rows
from movierec.recall.sources import fit_sources
from movierec.schema import Catalog, Interactions
from movierec.stages import BuildConfig

Progress = Callable[[str], None]


def fit_engine(
    interactions: Interactions,
    catalog: Catalog,
    config: BuildConfig | None = None,
    progress: Progress | None = None,
) -> Engine:
    """Return an engine fitted on exactly these rows: the whole pipeline without a bundle."""
    config = config or BuildConfig()
    tell = progress or (lambda _: None)
    rows = collect_rows(interactions, catalog, config, progress)
    tell("ranker: fitting" if rows is not None else "ranker: skipped, no viewer has enough history")
    ranker = Ranker.fit(rows, config.ranker) if rows is not None else None
    match = MatchModel.fit(rows)
    tell("recall: refitting on everything")
    sources = fit_sources(config.recall, interactions, catalog)
    as_of = int(interactions.timestamp.max(initial=0))
    store = FeatureStore.compute(interactions, catalog, as_of, config.recall.genre.prior_strength)
    builder = FeatureBuilder.fit(sources, interactions, catalog, store)
    return Engine(sources, config.recall.merge, builder, ranker, match)
