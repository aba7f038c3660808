"""A bundle made on Spark: what is in it, and who can serve it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from toy_data import SMALL_BUILD

from movierec.artifacts import open_current
from movierec.config import Settings
from movierec.pipeline import build
from movierec.schema import Dataset
from movierec.service import RecommenderService
from movierec.spark.backend import BY_SPARK, SparkCompute

SERVE = """
import builtins, json, sys
found = builtins.__import__
def refuse(name, *rest, **options):
    if name.split(".")[0] in ("pyspark", "py4j"):
        raise ModuleNotFoundError(name)
    return found(name, *rest, **options)
builtins.__import__ = refuse
from pathlib import Path
from movierec.service import Query, RecommenderService
service = RecommenderService.open(Path(sys.argv[1]))
answer = service.recommend(service.interactions.history(3), Query(k=10))
print(json.dumps({"items": [item.item_idx for item in answer.items], "loaded": sorted(
    name for name in sys.modules if name.split(".")[0] in ("pyspark", "py4j", "ibis", "duckdb"))}))
"""


@pytest.fixture(scope="module")
def home(session, toy_dataset, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("on-spark")
    build(toy_dataset, Settings(home=folder), SMALL_BUILD, compute=SparkCompute(session))
    return folder


def test_the_receipt_names_engine_and_version(home, session, toy_home) -> None:
    ours, embedded = (open_current(Settings(home=folder).bundles_dir).manifest for folder in (home, toy_home))
    assert ours.config["engine"] == "spark"
    assert ours.config["engine_version"] == session.version
    assert embedded.config == {}
    assert ours.version != embedded.version


def test_every_file_has_the_form_of_the_embedded_one(home, toy_home) -> None:
    ours, embedded = (open_current(Settings(home=folder).bundles_dir) for folder in (home, toy_home))
    assert set(ours.manifest.files) == set(embedded.manifest.files)
    for name in (file for file in ours.manifest.files if file.startswith("recall/")):
        one, other = ours.arrays(name), embedded.arrays(name)
        assert {key: (array.dtype, array.ndim) for key, array in one.items()} == {
            key: (array.dtype, array.ndim) for key, array in other.items()
        }, name


@pytest.mark.parametrize("name", [name for name in BY_SPARK if not name.startswith("als")])
def test_what_is_counted_is_what_the_embedded_build_counts(home, toy_home, name) -> None:
    one, other = (
        open_current(Settings(home=folder).bundles_dir).arrays(f"recall/{name}.npz")
        for folder in (home, toy_home)
    )
    for key, array in other.items():
        if array.dtype.kind == "f":
            np.testing.assert_allclose(one[key], array, rtol=1e-5, err_msg=key)
        else:
            np.testing.assert_array_equal(one[key], array, err_msg=key)


def test_it_is_served_by_a_process_without_spark(home) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(home)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert len(answer["items"]) == 10
    assert answer["loaded"] == []


def test_it_recommends_much_the_same(home, toy_home, toy_dataset: Dataset) -> None:
    histories = [toy_dataset.interactions.history(user) for user in range(0, toy_dataset.info.n_users, 4)]
    one, other = (
        RecommenderService.open(folder).recommend_batch(histories, 20) for folder in (home, toy_home)
    )
    shared = [len(np.intersect1d(a.item_idx, b.item_idx)) / 20 for a, b in zip(one, other, strict=True)]
    assert np.mean(shared) > 0.6


def test_a_second_build_finds_the_first(home, session, toy_dataset) -> None:
    told: list[str] = []
    again = build(toy_dataset, Settings(home=home), SMALL_BUILD, told.append, compute=SparkCompute(session))
    assert told == [f"bundle {again.version} is already built from this data"]


def test_the_driver_takes_a_sample_of_viewers_where_there_are_more_events(
    session, toy_events, toy_films
) -> None:
    told: list[str] = []
    compute = SparkCompute(session, driver_events=1_000, progress=told.append)
    sources = compute.fit_sources(SMALL_BUILD.recall, toy_events, toy_films)
    whole = SparkCompute(session).fit_sources(SMALL_BUILD.recall, toy_events, toy_films)
    assert "from 2" in told[0] or "from 1" in told[0], told[0]
    np.testing.assert_array_equal(sources["lift"].state()["indices"], whole["lift"].state()["indices"])
    assert len(sources["sitting"].state()["indices"]) < len(whole["sitting"].state()["indices"])
