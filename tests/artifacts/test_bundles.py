import hashlib
import math
import os
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest

from movierec.artifacts import (
    BuildFacts,
    Bundle,
    BundleWriter,
    find_by_fingerprint,
    list_bundles,
    manifest,
    open_bundle,
    open_current,
    point_current,
    prune_bundles,
    read_current,
    write_bundle,
)
from movierec.artifacts.manifest import FORMAT_VERSION
from movierec.errors import ConfigError, CorruptBundleError, IncompatibleBundleError, NoBundleError

Build = Callable[..., str]


def test_what_is_written_is_read_back(tmp_path: Path, build: Build) -> None:
    version = build(seed=7)
    bundle = open_current(tmp_path)
    assert bundle.version == version
    assert version.startswith("toy-set-")
    assert bundle.fallback_reason is None
    np.testing.assert_array_equal(bundle.arrays("recall/toy.npz")["x"], np.arange(6) + 7)
    mapped = bundle.array("factors.npy")
    assert isinstance(mapped, np.memmap)
    assert not mapped.flags.writeable
    assert bundle.model("ranker.joblib").predict([[1]])[0] in (0, 1)
    assert bundle.file("titles.csv").read_text(encoding="utf-8") == "title\nFilm 7\n"
    assert bundle.manifest.feature_names == ("a", "b")
    assert bundle.manifest.metrics["ndcg"] == 0.25
    assert math.isnan(bundle.manifest.metrics["gap"])
    assert bundle.manifest.dataset.n_items == 4
    assert set(bundle.manifest.libraries) >= {
        "python",
        "numpy",
        "scikit-learn",
        "numba",
        "implicit",
        "movierec",
    }


def test_the_manifest_checksum_is_in_the_format_of_sha256sum(tmp_path: Path, build: Build) -> None:
    folder = tmp_path / build()
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert (folder / "manifest.sha256").read_text() == f"{digest}  manifest.json\n"


def test_the_same_build_has_the_same_version_whenever_it_is_made(tmp_path: Path, build: Build) -> None:
    first = build(seed=1)
    created = open_current(tmp_path).manifest.created_at
    other = build(seed=2)
    assert open_current(tmp_path).version == other != first
    assert build(seed=1) == first
    assert open_current(tmp_path).version == first
    assert open_current(tmp_path).manifest.created_at == created
    assert len(list_bundles(tmp_path)) == 2


def test_rebuilding_repairs_a_damaged_bundle(tmp_path: Path, build: Build) -> None:
    version = build()
    (tmp_path / version / "titles.csv").write_text("title\nFilm X\n")
    with pytest.raises(CorruptBundleError):
        open_current(tmp_path)
    assert build() == version
    assert open_current(tmp_path).version == version


def break_off(writer: BundleWriter, failure: type[BaseException]) -> None:
    (writer.path / "half.bin").write_bytes(b"half")
    raise failure


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_a_failed_build_leaves_nothing_behind(
    tmp_path: Path, build: Build, facts: BuildFacts, failure: type[BaseException]
) -> None:
    version = build()
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(failure), write_bundle(tmp_path, facts) as writer:
        break_off(writer, failure)
    assert sorted(os.listdir(tmp_path)) == before
    assert open_current(tmp_path).version == version


def test_an_empty_bundle_and_links_are_refused(tmp_path: Path, facts: BuildFacts) -> None:
    with pytest.raises(ConfigError, match="at least one file"), write_bundle(tmp_path, facts):
        pass
    with pytest.raises(ConfigError, match="symbolic"), write_bundle(tmp_path, facts) as writer:
        (writer.path / "link").symlink_to("/etc/hostname")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["../out.npy", "x.npz", "x"])
def test_a_writer_stays_inside_its_folder(tmp_path: Path, facts: BuildFacts, name: str) -> None:
    with pytest.raises(ConfigError, match="name must be"), write_bundle(tmp_path, facts) as writer:
        writer.save_array(name, np.zeros(1))


def test_object_arrays_are_refused(tmp_path: Path, facts: BuildFacts) -> None:
    with pytest.raises(ValueError, match="allow_pickle"), write_bundle(tmp_path, facts) as writer:
        writer.save_arrays("x.npz", {"x": np.array([{}], dtype=object)})


def test_nothing_built_says_what_to_run(tmp_path: Path) -> None:
    for fallback in (False, True):
        with pytest.raises(NoBundleError, match="run: movierec build"):
            open_current(tmp_path / "nowhere", fallback=fallback)


def test_every_flipped_byte_is_refused_before_unpickling(
    tmp_path: Path, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / build()
    monkeypatch.setattr(joblib, "load", lambda *_: pytest.fail("unpickled an unverified file"))
    for path in [path for path in sorted(folder.rglob("*")) if path.is_file()]:
        good = path.read_bytes()
        checked = good[:64] if path.name == "manifest.sha256" else good
        for position in range(0, len(checked), max(1, len(checked) // 25)):
            damaged = bytearray(good)
            damaged[position] ^= 1 << (position % 8)
            path.write_bytes(damaged)
            with pytest.raises(CorruptBundleError, match="movierec build"):
                open_bundle(folder)
        path.write_bytes(good[:-30])
        with pytest.raises(CorruptBundleError):
            open_bundle(folder)
        path.unlink()
        with pytest.raises(CorruptBundleError):
            open_bundle(folder)
        path.write_bytes(good)
    open_bundle(folder)


def test_the_damaged_file_is_named(tmp_path: Path, build: Build) -> None:
    folder = tmp_path / build()
    (folder / "factors.npy").write_bytes((folder / "factors.npy").read_bytes()[::-1])
    with pytest.raises(CorruptBundleError, match=r"factors\.npy differs from its checksum"):
        open_current(tmp_path)


def test_a_model_changed_after_opening_is_not_unpickled(tmp_path: Path, build: Build) -> None:
    build()
    bundle = open_current(tmp_path)
    bundle.file("ranker.joblib").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(CorruptBundleError, match="changed since"):
        bundle.model("ranker.joblib")


def test_a_file_outside_the_manifest_is_not_served(tmp_path: Path, build: Build) -> None:
    folder = tmp_path / build()
    np.save(folder / "extra.npy", np.zeros(1))
    with pytest.raises(ConfigError, match=r"extra\.npy"):
        open_bundle(folder).array("extra.npy")


@pytest.mark.parametrize(
    "content", [b"", b"toy-set-", b"../../etc\n", b"\xff\xfe", b"toy-set-000000000000\n"]
)
def test_a_torn_pointer_is_refused_and_survived(tmp_path: Path, build: Build, content: bytes) -> None:
    version = build()
    (tmp_path / "CURRENT").write_bytes(content)
    with pytest.raises(CorruptBundleError, match="CURRENT"):
        open_current(tmp_path)
    bundle = open_current(tmp_path, fallback=True)
    assert bundle.version == version
    assert "CURRENT" in (bundle.fallback_reason or "")


def test_fallback_takes_the_newest_sound_bundle(tmp_path: Path, build: Build) -> None:
    build(seed=1)
    second = build(seed=2)
    third = build(seed=3)
    current = build(seed=4)
    for broken in (third, current):
        (tmp_path / broken / "titles.csv").write_text("broken")
    bundle = open_current(tmp_path, fallback=True)
    assert bundle.version == second
    assert current in (bundle.fallback_reason or "")
    assert (tmp_path / "CURRENT").read_text().strip() == current


def test_fallback_without_a_sound_bundle_raises_the_first_error(tmp_path: Path, build: Build) -> None:
    current = build()
    (tmp_path / current / "titles.csv").write_text("broken")
    with pytest.raises(CorruptBundleError, match=current):
        open_current(tmp_path, fallback=True)


def test_another_scikit_learn_is_refused_with_both_versions(
    tmp_path: Path, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = build(seed=1)
    real = manifest.installed_libraries()
    with monkeypatch.context() as patch:
        patch.setattr(
            "movierec.artifacts.writer.installed_libraries", lambda: {**real, "scikit-learn": "1.5.2"}
        )
        build(seed=2)
    with pytest.raises(IncompatibleBundleError, match=rf"1\.5\.2.*{real['scikit-learn']}.*movierec build"):
        open_current(tmp_path)
    assert open_current(tmp_path, fallback=True).version == good
    assert [entry.version for entry in list_bundles(tmp_path)] == [good]


def test_a_future_format_is_incompatible_not_corrupt(tmp_path: Path, build: Build) -> None:
    folder = tmp_path / build()
    text = (folder / "manifest.json").read_bytes()
    ours = f'"format_version": {FORMAT_VERSION}'.encode()
    text = text.replace(ours, b'"format_version": 9, "shape": "unheard of"')
    (folder / "manifest.json").write_bytes(text)
    (folder / "manifest.sha256").write_text(hashlib.sha256(text).hexdigest())
    with pytest.raises(IncompatibleBundleError, match=rf"format 9.*format {FORMAT_VERSION}"):
        open_current(tmp_path)


def test_finding_pointing_and_pruning(tmp_path: Path, build: Build) -> None:
    versions = [build(seed=seed, fingerprint=f"fp-{seed}") for seed in range(5)]
    assert find_by_fingerprint(tmp_path, "fp-1") == versions[1]
    assert find_by_fingerprint(tmp_path, "fp-x") is None
    assert [entry.version for entry in list_bundles(tmp_path)] == versions[::-1]
    point_current(tmp_path, versions[0])
    with pytest.raises(ConfigError, match="there are: toy-set-"):
        point_current(tmp_path, "toy-set-ffffffffffff")
    assert set(prune_bundles(tmp_path, keep=2)) == {versions[1], versions[2]}
    assert [entry.version for entry in list_bundles(tmp_path)] == [versions[4], versions[3], versions[0]]
    assert open_current(tmp_path).version == versions[0]
    with pytest.raises(ConfigError, match="keep"):
        prune_bundles(tmp_path, keep=0)


def test_a_bundle_pruned_while_it_is_read_gives_way_to_the_current_one(tmp_path: Path, build: Build) -> None:
    first = build(seed=1)
    read = []

    def read_slowly(bundle: Bundle) -> float:
        read.append(bundle.version)
        if len(read) == 1:
            build(seed=2)
            prune_bundles(tmp_path, keep=1)
        return float(bundle.array("factors.npy")[0, 0])

    assert read_current(tmp_path, read_slowly) == 2.0
    assert read[0] == first
    assert read[1] == open_current(tmp_path).version
    for name in ("recall/toy.npz", "factors.npy", "ranker.joblib"):
        bundle = open_current(tmp_path)
        bundle.file(name).unlink()
        with pytest.raises(CorruptBundleError, match="cannot be read any more"):
            {"npz": bundle.arrays, "npy": bundle.array, "joblib": bundle.model}[name.rpartition(".")[2]](name)
        build(seed=2)
