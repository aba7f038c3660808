from __future__ import annotations

import os
from pathlib import Path

import pytest

from movierec.artifacts.files import replace_atomically


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
@pytest.mark.parametrize("exists", [False, True])
def test_permissions_are_those_the_umask_grants(tmp_path: Path, mask: int, mode: int, exists: bool) -> None:
    path = tmp_path / "file"
    if exists:
        path.write_text("old")
        path.chmod(0o600)
    before = os.umask(mask)
    try:
        with replace_atomically(path) as temporary:
            temporary.write_text("new")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == mode
    assert path.read_text() == "new"


def test_failure_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail() -> None:
        with replace_atomically(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "old"


def test_missing_folders_are_made(tmp_path: Path) -> None:
    with replace_atomically(tmp_path / "a" / "b" / "file") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "a" / "b" / "file").read_text() == "new"
