from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from movierec.artifacts import check_ahead, open_bundle, open_current, point_current, reader
from movierec.artifacts.files import hash_file
from movierec.errors import CorruptBundleError, NoBundleError

Build = Callable[..., str]


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often each file is hashed for a check."""
    counted: Counter[str] = Counter()

    def count(path: Path) -> str:
        counted[path.name] += 1
        return hash_file(path)

    monkeypatch.setattr(reader, "hash_file", count)
    return counted


def test_what_was_checked_ahead_is_checked_once(tmp_path: Path, build: Build, hashed: Counter[str]) -> None:
    version = build()
    check_ahead(tmp_path)
    assert open_current(tmp_path).version == version
    assert set(hashed.values()) == {1}
    assert open_current(tmp_path).version == version
    assert set(hashed.values()) == {2}


def test_damage_found_ahead_is_told_to_whoever_opens(tmp_path: Path, build: Build) -> None:
    damaged = tmp_path / build() / "factors.npy"
    damaged.write_bytes(damaged.read_bytes()[::-1])
    check_ahead(tmp_path)
    with pytest.raises(CorruptBundleError, match=r"factors\.npy differs from its checksum"):
        open_bundle(damaged.parent)


def test_a_check_is_forgotten_where_another_bundle_is_opened_first(tmp_path: Path, build: Build) -> None:
    first = build(seed=1)
    check_ahead(tmp_path)
    other = build(seed=2)
    point_current(tmp_path, other)
    assert open_current(tmp_path).version == other
    damaged = tmp_path / first / "factors.npy"
    damaged.write_bytes(damaged.read_bytes()[::-1])
    with pytest.raises(CorruptBundleError):
        open_bundle(damaged.parent)


def test_nothing_to_check_is_left_to_whoever_opens(tmp_path: Path) -> None:
    check_ahead(tmp_path)
    with pytest.raises(NoBundleError):
        open_current(tmp_path)


@pytest.mark.parametrize("size", [0, 1, (1 << 23) - 1, (1 << 23) + 1, 3 << 23])
def test_files_of_any_size_hash_as_a_whole(tmp_path: Path, size: int) -> None:
    content = bytes(range(251)) * (size // 251 + 1)
    path = tmp_path / "content"
    path.write_bytes(content[:size])
    assert hash_file(path) == hashlib.sha256(content[:size]).hexdigest()
