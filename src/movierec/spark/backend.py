"""What a build leaves to Spark: popularity, co-visitation, ALS and the feature tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from movierec.compute import Receipt
from movierec.ranking import aggregates
from movierec.ranking.queries import sample_viewers
from movierec.ranking.store import FeatureStore, list_events, list_item_genres
from movierec.recall import expressions
from movierec.recall.als import Als
from movierec.recall.base import RecallSource
from movierec.recall.neighbours import Neighbours
from movierec.recall.popularity import Popularity
from movierec.recall.sequence import Sequence
from movierec.recall.sources import SOURCE_NAMES, fit_sources, make_sources
from movierec.schema import Catalog, Interactions
from movierec.spark.factors import REGULARIZATION, factorise
from movierec.spark.tables import share
from movierec.stages import RecallConfig, TrainingConfig

if TYPE_CHECKING:
    import polars as pl
    from pyspark.sql import SparkSession

BY_SPARK: Final = ("popularity", "als", "als_seen", "sequence", "next_step", "lift")
"""Sources fitted on the cluster; this process fits the others."""

DRIVER_EVENTS: Final = 20_000_000
"""Events the others are fitted on; of more, whole timelines of a sample of viewers."""


@dataclass(frozen=True)
class SparkCompute:
    """Runs on Spark what grows with the data; see :class:`movierec.compute.Compute`.

    Attributes
    ----------
    session : an open session
    regularization : of MLlib's ALS
    driver_events : see ``DRIVER_EVENTS``
    """

    session: SparkSession
    regularization: float = REGULARIZATION
    driver_events: int = DRIVER_EVENTS
    progress: Callable[[str], None] = field(default=lambda _: None, repr=False)

    @property
    def receipt(self) -> Receipt:
        """Engine and version, and what shapes a bundle besides the stages' configs."""
        return {
            "engine": "spark",
            "engine_version": self.session.version,
            "als_regularization": self.regularization,
            "driver_events": self.driver_events,
        }

    def fit_sources(
        self, config: RecallConfig, interactions: Interactions, catalog: Catalog
    ) -> Mapping[str, RecallSource]:
        """Return every source: those of ``BY_SPARK`` from all events, the others from a sample of them."""
        import ibis

        here = tuple(name for name in SOURCE_NAMES if name not in BY_SPARK)
        shown, part = sample_viewers(interactions, TrainingConfig(max_events=self.driver_events))
        self.progress(f"recall: {', '.join(here)} on the driver, from {part:.0%} of the events")
        fitted = dict(fit_sources(config, shown, catalog, here))
        connection = ibis.pyspark.connect(self.session)
        sources = make_sources(config)
        with share(self.session, connection, list_events(interactions), "user_idx") as events:
            now = int(interactions.timestamp.max(initial=0))
            counted = expressions.popularity(events, now, config.popularity.half_life_days)
            seen = connection.to_polars(counted)
            for name in BY_SPARK:
                self.progress(f"recall: {name} on Spark")
                source = sources[name]
                if isinstance(source, Popularity):
                    source.adopt(*_spread(seen, interactions.n_items, "decayed", "plain"))
                elif isinstance(source, Als):
                    liked = connection.compile(expressions.liked_pairs(events, source.config.min_rating))
                    factors = factorise(
                        self.session.sql(liked), interactions.n_items, source.config, self.regularization
                    )
                    source.restore({"item_factors": factors})
                elif isinstance(source, Sequence):
                    own = source.config
                    pairs = expressions.covisits(events, own.window, own.backward)
                    cut = expressions.strongest(pairs, own.neighbours, counted, own.damping)
                    (n_events,) = _spread(seen, interactions.n_items, "events")
                    source.adopt(
                        link(connection.to_polars(cut), interactions.n_items), n_events.astype(np.int64)
                    )
                fitted[name] = source
        return {name: fitted[name] for name in SOURCE_NAMES}

    def aggregate(
        self, interactions: Interactions, catalog: Catalog, as_of: int, prior_strength: float
    ) -> FeatureStore:
        """Run the aggregates of :mod:`movierec.ranking.aggregates` on Spark."""
        import ibis

        item_genres = list_item_genres(catalog)
        connection = ibis.pyspark.connect(self.session)
        with (
            share(self.session, connection, list_events(interactions), "user_idx") as events,
            share(self.session, connection, item_genres, "item_idx") as genres,
        ):
            tables = {
                name: connection.to_polars(expression)
                for name, expression in aggregates.express(events, genres, as_of, prior_strength).items()
            }
        return FeatureStore(as_of, {**tables, "item_genres": item_genres})


def _spread(rows: pl.DataFrame, n_items: int, *columns: str) -> list[NDArray[np.float64]]:
    """Return float64[n_items] of each column, 0 for items without a row."""
    spread = []
    for column in columns:
        values = np.zeros(n_items)
        values[rows["item_idx"].to_numpy()] = rows[column].to_numpy()
        spread.append(values)
    return spread


def link(rows: pl.DataFrame, n_items: int) -> Neighbours:
    """Return neighbour lists from rows of source, target and weight, sorted by source and target."""
    count = np.bincount(rows["source"].to_numpy(), minlength=n_items)
    return Neighbours(
        np.concatenate(([0], np.cumsum(count))).astype(np.int64),
        rows["target"].to_numpy().astype(np.int32),
        rows["weight"].to_numpy().astype(np.float32),
    )
