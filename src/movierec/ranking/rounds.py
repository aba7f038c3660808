"""Training rows of one round as files: what a build that was stopped takes over."""

from __future__ import annotations

import json
from typing import Final

import numpy as np

from movierec.artifacts import Bundle, BundleWriter
from movierec.ranking.features import FEATURE_NAMES
from movierec.ranking.training import HeldOutQuery, TrainingRows
from movierec.recall.sources import SOURCE_NAMES

_ROWS: Final = "rows.npz"
_GENERATOR: Final = "generator.json"


def write_round(writer: BundleWriter, rows: TrainingRows | None, rng: np.random.Generator) -> None:
    """Write the rows of a round, none where there are none, and the state the generator is left in."""
    if rows is not None:
        held_out = rows.held_out
        writer.save_arrays(
            _ROWS,
            {
                "features": rows.features,
                "rating": rows.rating,
                "weight": rows.weight,
                "query": rows.query,
                "round": rows.round,
                "sizes": np.array([len(query.relevant) for query in held_out], np.int64),
                "held_features": np.concatenate(
                    [np.empty((0, len(FEATURE_NAMES)), np.float32), *(query.features for query in held_out)]
                ),
                "held_rank": np.concatenate(
                    [np.empty((0, len(SOURCE_NAMES)), np.float32), *(q.source_rank for q in held_out)]
                ),
                "relevant": np.concatenate([np.empty(0, np.bool_), *(q.relevant for q in held_out)]),
                "n_relevant": np.array([query.n_relevant for query in held_out], np.int64),
                "closing": np.array([query.closing for query in held_out], np.bool_),
            },
        )
    (writer.path / _GENERATOR).write_text(json.dumps(rng.bit_generator.state), encoding="utf-8")


def read_round(bundle: Bundle, rng: np.random.Generator) -> TrainingRows | None:
    """Return what :func:`write_round` wrote and put the generator into the state it was left in."""
    rng.bit_generator.state = json.loads(bundle.file(_GENERATOR).read_text(encoding="utf-8"))
    if _ROWS not in bundle.manifest.files:
        return None
    arrays = bundle.arrays(_ROWS)
    ends = np.cumsum(arrays["sizes"])
    held_out = tuple(
        HeldOutQuery(
            arrays["held_features"][end - size : end],
            arrays["held_rank"][end - size : end],
            arrays["relevant"][end - size : end],
            int(count),
            bool(closing),
        )
        for size, end, count, closing in zip(
            arrays["sizes"], ends, arrays["n_relevant"], arrays["closing"], strict=True
        )
    )
    return TrainingRows(
        arrays["features"], arrays["rating"], arrays["weight"], arrays["query"], arrays["round"], held_out
    )
