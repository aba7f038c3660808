from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy_data import DAY, SMALL_BUILD, START, make_catalog, tabulate, wrap

from movierec import pipeline
from movierec.artifacts import open_current
from movierec.artifacts.manifest import MANIFEST_NAME
from movierec.card import write_card
from movierec.config import Settings
from movierec.errors import CorruptBundleError, DataError
from movierec.pipeline import build, fingerprint_build, fit_engine
from movierec.schema import Dataset, Generation
from movierec.service import Query, RecommenderService
from movierec.stages import BuildConfig

CHEAPER = SMALL_BUILD.model_copy(
    update={"ranker": SMALL_BUILD.ranker.model_copy(update={"max_iter": 2, "seeds": (3,)})}
)


@pytest.fixture
def home(toy_home, tmp_path) -> Path:
    """A copy of the built home that may be written to."""
    shutil.copytree(toy_home, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def fits(monkeypatch) -> list[str]:
    """A list that grows whenever something is fitted."""
    calls: list[str] = []
    fit = pipeline.fit

    def count(*args, **options):
        calls.append("fit")
        return fit(*args, **options)

    monkeypatch.setattr(pipeline, "fit", count)
    return calls


class TestSameAgain:
    def test_a_rebuilt_bundle_is_identical_even_in_another_process(self, toy_home, tmp_path):
        """Another process hashes strings differently: nothing may depend on the order of a set."""
        script = (
            "import sys; from pathlib import Path\n"
            "import conftest\n"
            "from toy_data import SMALL_BUILD, simulate_toy, wrap\n"
            "from movierec.config import Settings; from movierec.pipeline import build\n"
            "films, events = simulate_toy()\n"
            "build(wrap(events, films), Settings(home=Path(sys.argv[1])), SMALL_BUILD)\n"
        )
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            env={**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            timeout=120,
        )
        first, second = (open_current(home / "bundles").manifest for home in (toy_home, tmp_path))
        assert second.files == first.files
        assert second.version == first.version
        assert second.fingerprint == first.fingerprint
        assert second.metrics == first.metrics
        assert len(first.files) > 15

    def test_force_fits_again_and_finds_the_same(self, home, toy_dataset, fits):
        before = open_current(home / "bundles").version
        assert build(toy_dataset, Settings(home=home), SMALL_BUILD, force=True).version == before
        assert fits == ["fit"]

    def test_a_known_build_is_reused_without_fitting(self, home, toy_dataset, fits):
        lines: list[str] = []
        before = open_current(home / "bundles").version
        manifest = build(toy_dataset, Settings(home=home), SMALL_BUILD, lines.append)
        assert manifest.version == before
        assert fits == []
        assert lines == [f"bundle {before} is already built from this data"]

    def test_going_back_to_an_older_build_only_moves_the_pointer(self, home, toy_dataset, fits):
        first = open_current(home / "bundles").version
        second = build(toy_dataset, Settings(home=home), CHEAPER).version
        assert second != first
        assert open_current(home / "bundles").version == second
        assert build(toy_dataset, Settings(home=home), SMALL_BUILD).version == first
        assert open_current(home / "bundles").version == first
        assert fits == ["fit"]

    def test_a_damaged_bundle_is_not_reused(self, home, toy_dataset, fits):
        version = open_current(home / "bundles").version
        damaged = home / "bundles" / version / "match.npz"
        damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
        with pytest.raises(CorruptBundleError):
            open_current(home / "bundles")
        assert build(toy_dataset, Settings(home=home), SMALL_BUILD).version == version
        assert fits == ["fit"]
        assert open_current(home / "bundles").version == version

    def test_fingerprint_follows_data_name_and_config(self, toy_dataset):
        def fingerprint(config: BuildConfig = SMALL_BUILD, **changes: str) -> str:
            info = replace(toy_dataset.info, **changes)
            return fingerprint_build(replace(toy_dataset, info=info), config)

        assert fingerprint() == fingerprint()
        variants = {
            fingerprint(),
            fingerprint(content_hash="d" * 64),
            fingerprint(name="other"),
            fingerprint(CHEAPER),
        }
        assert len(variants) == 4


class TestManifest:
    def test_says_what_was_built_from_what(self, toy_home, toy_dataset):
        manifest = open_current(toy_home / "bundles").manifest
        assert manifest.dataset == toy_dataset.info
        assert manifest.fingerprint == fingerprint_build(toy_dataset, SMALL_BUILD)
        assert {"ndcg@10 v2", "ndcg@10 v1.5", "ndcg@10 v1-als"} <= manifest.metrics.keys()
        assert {"model_card.md", "config.json", "catalog.parquet", "ranker-0.joblib"} <= manifest.files.keys()
        assert {"scikit-learn", "numpy", "implicit"} <= manifest.libraries.keys()
        assert manifest.build_seconds > 0

    def test_config_can_be_read_back(self, toy_home):
        text = open_current(toy_home / "bundles").file("config.json").read_text(encoding="utf-8")
        assert BuildConfig.model_validate_json(text) == SMALL_BUILD


def test_progress_names_the_stages_in_order(toy_dataset, tmp_path):
    lines: list[str] = []
    manifest = build(toy_dataset, Settings(home=tmp_path), CHEAPER, lines.append)
    starts = ["training queries, first 80%", "training queries, time cut", "ranker: fitting", "recall: refit"]
    found = [next(index for index, line in enumerate(lines) if line.startswith(start)) for start in starts]
    assert found == sorted(found)
    assert lines[-2:] == ["bundle: writing", f"bundle {manifest.version} is current"]


def test_a_data_set_without_interactions_is_refused(tmp_path):
    empty = wrap(tabulate([], n_users=2, n_items=3), make_catalog(3), "hollow")
    with pytest.raises(DataError, match="hollow has no interactions") as refused:
        build(empty, Settings(home=tmp_path), SMALL_BUILD)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "bundles").exists()


def test_a_failed_build_leaves_the_current_bundle(home, toy_dataset, monkeypatch):
    before = open_current(home / "bundles").version
    monkeypatch.setattr(pipeline, "write_card", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build(toy_dataset, Settings(home=home), CHEAPER)
    assert open_current(home / "bundles").version == before
    hidden = [path.name for path in (home / "bundles").iterdir() if path.name.startswith(".")]
    # Its finished stages stay, for the next attempt.
    assert [name for name in hidden if not name.startswith(".stages-")] == []


class TestTinyData:
    """Five viewers, five films, the default config."""

    @pytest.fixture(params=["liked", "lukewarm"])
    def tiny(self, request) -> Dataset:
        stars = 4.5 if request.param == "liked" else 3.0
        events = [
            (user, (user + step) % 5, stars, START + DAY * (user + step))
            for user in range(5)
            for step in range(3)
        ]
        return wrap(tabulate(events), make_catalog(5), "tiny")

    def test_works_end_to_end_without_a_ranker_and_says_so(self, tiny, tmp_path):
        lines: list[str] = []
        manifest = build(tiny, Settings(home=tmp_path), progress=lines.append)
        assert any("no viewer has enough history" in line for line in lines)
        assert manifest.metrics == {}
        assert not any(name.startswith("ranker") for name in manifest.files)
        service = RecommenderService.open(tmp_path)
        for user in range(5):
            made = service.recommend(service.trained_history(user), Query(k=10))
            assert {item.item_idx for item in made.items} == {(user + 3) % 5, (user + 4) % 5}
            assert made.note is not None
            assert "ranker is missing" in made.note
            assert all(item.reasons for item in made.items)
            assert all(0 <= item.match <= 1 for item in made.items)
        assert service.trace(service.trained_history(0), Query(k=10)).traces

    def test_one_viewer_of_one_film(self, tmp_path):
        lonely = wrap(tabulate([(0, 0, 5.0, START)]), make_catalog(1), "one")
        build(lonely, Settings(home=tmp_path))
        service = RecommenderService.open(tmp_path)
        assert service.recommend(service.trained_history(0), Query(k=10)).items == ()


class TestEngineWithoutBundle:
    def test_fit_engine_recommends_like_the_built_one(self, toy_dataset, toy_engine):
        lines: list[str] = []
        engine = fit_engine(toy_dataset.interactions, toy_dataset.catalog, SMALL_BUILD, lines.append)
        history = toy_dataset.interactions.history(3)
        np.testing.assert_array_equal(
            engine.recommend(history, 20).item_idx, toy_engine.recommend(history, 20).item_idx
        )
        assert not any("checking" in line for line in lines)

    def test_users_without_a_history_are_no_trouble(self, toy_dataset):
        rows = toy_dataset.interactions
        some = rows.take(rows.user_idx % 3 == 0)
        engine = fit_engine(some, toy_dataset.catalog, SMALL_BUILD)
        assert len(engine.recommend(some.history(1), 10, Generation.V2)) == 10


class TestCard:
    def test_is_a_function_of_data_and_config(self, toy_dataset, toy_home):
        manifest = open_current(toy_home / "bundles").manifest
        text = open_current(toy_home / "bundles").file("model_card.md").read_text(encoding="utf-8")
        assert text == write_card(toy_dataset, SMALL_BUILD, manifest.metrics, True)

    def test_tells_simulated_from_real_and_shows_the_numbers(self, toy_dataset):
        metrics = {"ndcg@10 v2": 0.25, "ndcg@10 v1.5": 0.125}
        card = write_card(toy_dataset, SMALL_BUILD, metrics, True)
        assert "simulated" in card
        assert "| v2 | 0.250 |" in card
        assert "160 viewers" in card
        real = replace(toy_dataset, info=replace(toy_dataset.info, simulated=False))
        assert "simulated" not in write_card(real, SMALL_BUILD, metrics, True)

    def test_says_where_there_is_no_ranker_and_no_number(self, toy_dataset):
        card = write_card(toy_dataset, SMALL_BUILD, {}, False)
        assert "Ranker: none" in card
        assert "not measured" in card


def test_manifest_is_json_that_people_can_read(toy_home):
    folder = open_current(toy_home / "bundles").path
    assert json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))["dataset"]["name"] == "toy"
