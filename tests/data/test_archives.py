from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from movierec.data.archives import ZipFiles
from movierec.errors import DataError, LayoutError, UnknownDatasetError

MOVIES = b"movieId,title,genres\n1,Heat (1995),Action\n"
RATINGS = b"userId,movieId,rating,timestamp\n2,1,4.0,100\n"


def pack(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("top", ["", "ml-small/"])
def test_known_members_are_read_with_and_without_top_folder(tmp_path: Path, top: str) -> None:
    path = pack(
        tmp_path / "a.zip", **{f"{top}movies.csv": MOVIES, f"{top}ratings.csv": RATINGS, f"{top}run.sh": b""}
    )
    files = ZipFiles(path)
    assert files.names == {"movies.csv", "ratings.csv"}
    assert files.read("ratings.csv") == RATINGS


@pytest.mark.parametrize(
    "name",
    [
        "/etc/ratings.csv",
        "../ratings.csv",
        "a/../../ratings.csv",
        "C:/ratings.csv",
        "..\\ratings.csv",
        "a\nb/ratings.csv",
    ],
)
def test_names_pointing_outside_refuse_the_archive(tmp_path: Path, name: str) -> None:
    path = pack(tmp_path / "a.zip", **{"movies.csv": MOVIES, name: b"x"})
    with pytest.raises(LayoutError, match="refused") as caught:
        ZipFiles(path)
    assert "\n" not in str(caught.value)


def test_links_refuse_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    link = zipfile.ZipInfo("ratings.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(LayoutError, match="is a link"):
        ZipFiles(path)


def test_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", **{"ratings.csv": b"0" * 3_000_000, "movies.csv": MOVIES})
    assert path.stat().st_size < 10_000
    with pytest.raises(LayoutError, match="more than the 1,000,000 allowed"):
        ZipFiles(path, max_total_bytes=1_000_000)


def test_data_in_two_folders_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="several places"):
        ZipFiles(pack(tmp_path / "a.zip", **{"a/ratings.csv": b"", "b/movies.csv": b""}))


def test_deeply_nested_files_are_not_taken(tmp_path: Path) -> None:
    assert ZipFiles(pack(tmp_path / "a.zip", **{"a/b/ratings.csv": b""})).names == frozenset()


def test_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("ratings.csv", RATINGS)
    content = bytearray(path.read_bytes())
    content[content.index(b"4.0")] = ord("5")
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot unpack ratings\.csv"):
        ZipFiles(path).read("ratings.csv")


def test_other_files_are_not_zips(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with pytest.raises(UnknownDatasetError, match="cannot open"):
        ZipFiles(path)
    path.write_text("no zip")
    with pytest.raises(LayoutError, match="not a usable zip"):
        ZipFiles(path)
