"""The readers on real MovieLens files, where ``MOVIEREC_DATASETS`` names a folder with them."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from movierec.config import Settings
from movierec.data.dataset import load_dataset

FOLDER = os.environ.get("MOVIEREC_DATASETS")
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not FOLDER, reason="MOVIEREC_DATASETS names no folder with MovieLens data"),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, datasets=Path(FOLDER or "."))


def test_ml_100k(settings: Settings) -> None:
    dataset = load_dataset("ml-100k", settings)
    info = dataset.info
    assert (info.n_users, info.n_items, info.n_interactions, info.n_quarantined) == (943, 1682, 100_000, 0)
    catalog = dataset.catalog
    assert catalog.title[:2] == ("Toy Story", "GoldenEye")
    assert catalog.genres[0] == ("Animation", "Children", "Comedy")
    assert catalog.title[543] == "Things to Do in Denver when You're Dead"
    assert any("é" in title for title in catalog.title)
    assert len(catalog.genre_names) == 18
    assert len(dataset.interactions.history(0)) == 272
    assert dataset.interactions.rating.mean() == pytest.approx(3.52986)


def test_ml_latest_small_as_folder_and_zip(settings: Settings) -> None:
    folder = load_dataset("ml-latest-small", settings)
    archive = load_dataset(str(Path(FOLDER or ".") / "ml-latest-small.zip"), settings)
    assert folder.info.content_hash == archive.info.content_hash
    info = folder.info
    assert (info.n_users, info.n_items, info.n_interactions, info.n_quarantined) == (610, 9742, 100_836, 0)
    catalog = folder.catalog
    assert catalog.title[catalog.index_of["2571"]] == "The Matrix"
    assert catalog.tmdb_id[catalog.index_of["2571"]] == 603
    assert catalog.imdb_id[catalog.index_of["2571"]] == "tt0133093"
    assert catalog.year[catalog.index_of["40697"]] == 0
    assert (np.diff([int(item) for item in catalog.item_id]) > 0).all()
    assert "(no genres listed)" not in catalog.genre_names


def test_facts_of_the_sample_agree_with_movielens(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(__file__).parents[2] / "scripts" / "check_film_facts.py"
    spec = importlib.util.spec_from_file_location("check_film_facts", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "check_film_facts", script)
    spec.loader.exec_module(script)
    monkeypatch.setattr("sys.argv", ["check_film_facts"])
    assert script.main() == 0
    assert "0 differences" in capsys.readouterr().out
