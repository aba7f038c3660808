import os
from collections.abc import Callable
from pathlib import Path

import pytest

from movierec.artifacts import (
    BuildFacts,
    list_aside,
    list_bundles,
    list_previous,
    prune_aside,
    prune_bundles,
    read_pointer,
    roll_back,
    shelf,
    take_back,
    write_bundle,
)
from movierec.errors import ConfigError, CorruptBundleError

Build = Callable[..., str]


def test_rolling_back_goes_one_further_each_time_and_forgets_what_it_left(
    tmp_path: Path, build: Build
) -> None:
    first, second, third = (build(seed=number) for number in range(3))
    assert list_previous(tmp_path) == (second, first)
    roll_back(tmp_path, second)
    assert (read_pointer(tmp_path), list_previous(tmp_path)) == (second, (first,))
    roll_back(tmp_path, first)
    assert (read_pointer(tmp_path), list_previous(tmp_path)) == (first, ())
    shelf.point_current(tmp_path, third)
    assert list_previous(tmp_path) == (first,)


def test_only_what_was_current_before_can_be_rolled_back_to(tmp_path: Path, build: Build) -> None:
    only = build()
    for version in (only, "toy-set-000000000000", "../elsewhere"):
        with pytest.raises(ConfigError, match=r"version must have been current before.*there are: none"):
            roll_back(tmp_path, version)


def test_promoting_the_same_bundle_again_leaves_no_trace(tmp_path: Path, build: Build) -> None:
    first, second = build(seed=1), build(seed=2)
    shelf.point_current(tmp_path, second)
    assert list_previous(tmp_path) == (first,)
    shelf.point_current(tmp_path, first)
    assert list_previous(tmp_path) == (second,)


def test_a_kill_between_memory_and_swap_does_not_lead_a_rollback_to_itself(
    tmp_path: Path, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = build(seed=1), build(seed=2)

    def die(bundles_dir: Path, version: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shelf, "_write_pointer", die)
        with pytest.raises(KeyboardInterrupt):
            shelf.point_current(tmp_path, first)
    assert (read_pointer(tmp_path), list_previous(tmp_path)) == (second, (first,))


def test_rubbish_in_the_memory_is_passed_over(tmp_path: Path, build: Build) -> None:
    first = build(seed=1)
    build(seed=2)
    (tmp_path / shelf.PREVIOUS_NAME).write_bytes(f"../up\n{first}\n\xff\n".encode("latin-1"))
    assert list_previous(tmp_path) == (first,)


def test_a_bundle_that_was_pruned_is_no_place_to_go_back_to(tmp_path: Path, build: Build) -> None:
    build(seed=1)
    second = build(seed=2)
    prune_bundles(tmp_path, keep=1)
    assert (read_pointer(tmp_path), list_previous(tmp_path)) == (second, ())


def keep_aside(folder: Path, facts: BuildFacts, number: int) -> str:
    with write_bundle(folder, facts, promote=False) as writer:
        (writer.path / "titles.csv").write_text(f"title\nAside {number}\n", encoding="utf-8")
    return writer.version


def test_what_is_kept_aside_is_not_served_until_it_is_taken_back(
    tmp_path: Path, build: Build, facts: BuildFacts
) -> None:
    current = build()
    aside = tmp_path.with_name(f"{tmp_path.name}-aside")
    version = keep_aside(aside, facts, 1)
    assert [manifest.version for manifest in list_aside(aside)] == [version]
    assert not (aside / shelf.POINTER_NAME).exists()
    assert read_pointer(tmp_path) == current
    take_back(aside, tmp_path, version)
    assert list_aside(aside) == ()
    assert {manifest.version for manifest in list_bundles(tmp_path)} == {current, version}


def test_a_damaged_bundle_is_not_taken_back(tmp_path: Path, facts: BuildFacts) -> None:
    version = keep_aside(tmp_path / "aside", facts, 1)
    (tmp_path / "aside" / version / "titles.csv").write_text("title\nAside X\n")
    with pytest.raises(CorruptBundleError, match=r"titles\.csv"):
        take_back(tmp_path / "aside", tmp_path / "bundles", version)
    assert os.listdir(tmp_path / "aside") == [version]


def test_only_the_newest_few_stay_aside(tmp_path: Path, facts: BuildFacts) -> None:
    versions = [keep_aside(tmp_path, facts, number) for number in range(5)]
    prune_aside(tmp_path)
    assert [manifest.version for manifest in list_aside(tmp_path)] == versions[:1:-1]
