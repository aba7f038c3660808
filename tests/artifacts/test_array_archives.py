from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from movierec.artifacts import archives
from movierec.artifacts.archives import ALIGNMENT, read_archive, write_archive


def find_base(array: np.ndarray) -> object:
    base = array
    while isinstance(base.base, np.ndarray):
        base = base.base
    return base


@pytest.fixture
def mapped_from_a_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAPPED_BYTES", 1)


@given(
    st.dictionaries(
        st.text("abc_é", min_size=1, max_size=9),
        st.one_of(
            arrays(np.float32, st.tuples(st.integers(0, 40), st.integers(1, 3))),
            arrays(np.int64, st.integers(0, 100)),
            arrays(np.bool_, st.integers(0, 9)),
        ),
        max_size=5,
    )
)
def test_numpy_reads_what_is_written_and_so_does_this(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("archive") / "some.npz"
    write_archive(path, content)
    with np.load(path, allow_pickle=False) as theirs:
        assert set(theirs.files) == set(content)
        for name, array in content.items():
            np.testing.assert_array_equal(theirs[name], array)
    ours = read_archive(path)
    assert set(ours) == set(content)
    for name, array in content.items():
        np.testing.assert_array_equal(ours[name], array)
        assert ours[name].dtype == array.dtype


def test_large_arrays_are_mapped_aligned_and_plain(tmp_path, mapped_from_a_byte):
    path = tmp_path / "some.npz"
    content = {
        "a": np.arange(7, dtype=np.int32),
        "bb": np.asfortranarray(np.ones((3, 5))),
        "ccc": np.ones(900),
    }
    write_archive(path, content)
    for name, array in read_archive(path).items():
        np.testing.assert_array_equal(array, content[name])
        assert type(array) is np.ndarray
        assert array.flags.f_contiguous == content[name].flags.f_contiguous
        assert array.ctypes.data % ALIGNMENT == 0
        assert isinstance(find_base(array), np.memmap)


def test_what_is_written_to_a_mapped_array_stays_in_this_process(tmp_path, mapped_from_a_byte):
    path = tmp_path / "some.npz"
    write_archive(path, {"a": np.zeros(100)})
    before = path.read_bytes()
    read_archive(path)["a"][:] = 1.0
    assert path.read_bytes() == before
    assert not read_archive(path)["a"].any()


def test_mapped_arrays_outlive_their_file(tmp_path, mapped_from_a_byte):
    path = tmp_path / "some.npz"
    write_archive(path, {"a": np.arange(1000)})
    array = read_archive(path)["a"]
    path.unlink()
    assert array.sum() == 499_500


def test_what_numpy_wrote_is_read(tmp_path: Path, mapped_from_a_byte):
    path = tmp_path / "some.npz"
    np.savez(path, a=np.arange(50), b=np.ones((2, 3), np.float32))
    np.testing.assert_array_equal(read_archive(path)["a"], np.arange(50))
    np.savez_compressed(path, a=np.arange(50))
    np.testing.assert_array_equal(read_archive(path)["a"], np.arange(50))


def test_equal_arrays_give_equal_files(tmp_path):
    for name in ("one.npz", "two.npz"):
        write_archive(tmp_path / name, {"a": np.arange(10), "b": np.ones(3)})
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_objects_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Object arrays"):
        write_archive(tmp_path / "some.npz", {"a": np.array([object()])})
