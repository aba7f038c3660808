from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from toy_data import SMALL_BUILD, make_catalog, tabulate, wrap

from movierec import bundles
from movierec.artifacts import open_current
from movierec.bundles import read_contents
from movierec.config import Settings
from movierec.errors import ArtifactError, CorruptBundleError, IncompatibleBundleError, NoBundleError
from movierec.pipeline import build
from movierec.schema import History
from movierec.service import RecommenderService


@pytest.fixture(scope="module")
def contents(toy_home):
    return read_contents(open_current(toy_home / "bundles"))


def assert_same_fields(found: object, expected: object) -> None:
    for field in fields(expected):  # type: ignore[arg-type]
        one, other = getattr(found, field.name), getattr(expected, field.name)
        if isinstance(other, np.ndarray):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
        else:
            assert one == other


def test_data_comes_back_as_it_went_in(contents, toy_dataset):
    assert contents.user_id == toy_dataset.user_id
    assert_same_fields(contents.catalog, toy_dataset.catalog)
    assert_same_fields(contents.interactions, toy_dataset.interactions)


def test_sources_come_back_to_the_last_bit(contents, toy_engine):
    assert tuple(contents.engine.sources) == tuple(toy_engine.sources)
    for name, source in toy_engine.sources.items():
        state = contents.engine.sources[name].state()
        for key, values in source.state().items():
            np.testing.assert_array_equal(state[key], values)


def test_lists_come_back_to_the_last_bit(contents, toy_engine, toy_events):
    for user in (0, 42, 159):
        fresh, opened = (
            engine.rank(toy_events.history(user), 20) for engine in (toy_engine, contents.engine)
        )
        np.testing.assert_array_equal(opened.item_idx, fresh.item_idx)
        np.testing.assert_array_equal(opened.score, fresh.score)
        np.testing.assert_array_equal(
            contents.engine.match.predict(opened.features), toy_engine.match.predict(fresh.features)
        )


def test_catalogue_of_odd_facts_survives(tmp_path):
    plain = make_catalog(3, [("Film-Noir", "War"), (), ("War",)])
    odd = replace(
        plain,
        title=("Amélie 👀", "", 'a "b", c\nd'),
        year=np.array([0, 1895, 2030], np.int32),
        director=("Jean-Pierre Jeunet", None, None),
        keywords=((), ("a|b", "ü"), ()),
        imdb_id=("tt0211915", None, ""),
        tmdb_id=(None, 2**40, 7),
    )
    data = wrap(tabulate([(0, 0, 5.0, 1), (1, 1, 4.0, 2), (0, 2, 3.0, 3)]), odd, "odd")
    build(data, Settings(home=tmp_path), SMALL_BUILD)
    assert_same_fields(read_contents(open_current(tmp_path / "bundles")).catalog, odd)
    assert len(RecommenderService.open(tmp_path).engine.recommend(History.empty(), 5)) == 3


def list_files(home: Path) -> list[str]:
    return sorted(open_current(home / "bundles").manifest.files)


def test_a_flipped_byte_anywhere_is_found_before_anything_is_opened(toy_home, tmp_path):
    shutil.copytree(toy_home, tmp_path / "home")
    names = list_files(toy_home)
    assert len(names) > 15
    folder = open_current(tmp_path / "home" / "bundles").path
    for name in names:
        sound = (folder / name).read_bytes()
        middle = len(sound) // 2
        (folder / name).write_bytes(sound[:middle] + bytes([sound[middle] ^ 1]) + sound[middle + 1 :])
        with pytest.raises(CorruptBundleError, match="movierec build") as refused:
            RecommenderService.open(tmp_path / "home")
        assert name in str(refused.value)
        assert "\n" not in str(refused.value)
        (folder / name).write_bytes(sound)
    RecommenderService.open(tmp_path / "home")


@pytest.mark.parametrize("name", ["FEATURE_NAMES", "SOURCE_NAMES"])
def test_a_bundle_of_another_list_is_refused_with_the_remedy(toy_home, monkeypatch, name):
    monkeypatch.setattr(bundles, name, getattr(bundles, name)[::-1])
    with pytest.raises(IncompatibleBundleError, match="movierec build"):
        RecommenderService.open(toy_home)


def test_an_empty_home_says_what_to_do(tmp_path):
    with pytest.raises(NoBundleError, match="movierec build"):
        RecommenderService.open(tmp_path)
    assert issubclass(NoBundleError, ArtifactError)


def test_lists_need_neither_pickles_nor_scikit_learn(toy_home):
    """Explanations included: importing scikit-learn alone takes longer than a start should."""
    script = (
        "import sys, pathlib; from movierec.service import Query, RecommenderService\n"
        f"service = RecommenderService.open(pathlib.Path({str(toy_home)!r}))\n"
        "assert len(service.recommend(service.trained_history(3), Query(k=10)).items) == 10\n"
        "assert service.trace(service.trained_history(3), Query(k=10)).traces[0].contributions\n"
        "heavy = {'sklearn', 'joblib', 'shap', 'duckdb', 'ibis', 'implicit', 'pandas', 'polars'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
