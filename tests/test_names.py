from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from movierec import names
from movierec.artifacts import open_current
from movierec.schema import Dataset


def test_both_forms_say_the_same(toy_home: Path, toy_dataset: Dataset, monkeypatch) -> None:
    bundle = open_current(toy_home / "bundles")
    quick = names.read_names(bundle)
    monkeypatch.setattr(names, "needs_frames", lambda manifest: True)
    framed = names.read_names(bundle)
    for read in (quick, framed):
        assert read.user_id == toy_dataset.user_id
        for field in ("item_id", "title", "genres", "director", "keywords", "imdb_id", "tmdb_id"):
            assert getattr(read.catalog, field) == getattr(toy_dataset.catalog, field)
        np.testing.assert_array_equal(read.catalog.year, toy_dataset.catalog.year)
        assert read.catalog.year.dtype == np.int32
    assert pl.read_parquet(bundle.file(names.USERS))["user_id"].to_list() == list(toy_dataset.user_id)
