from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from movierec.config import Settings

MOVIES = (
    b"movieId,title,genres\n"
    b'1,"Matrix, The (1999)",Action|Sci-Fi\n'
    b"2,Toy Story (1995),Animation|Children\n"
    b"10,Paterson,(no genres listed)\n"
)
RATINGS = b"userId,movieId,rating,timestamp\n2,1,4.0,100\n10,2,2.5,300\n2,2,5.0,50\n10,1,0.5,200\n"

WriteFolder = Callable[..., Path]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", datasets=None)


@pytest.fixture
def write_folder(tmp_path: Path) -> WriteFolder:
    def write(name: str = "mine", **files: bytes) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for file, content in files.items():
            (folder / file.replace("_", ".", 1)).write_bytes(content)
        return folder

    return write


@pytest.fixture
def movielens_folder(write_folder: WriteFolder) -> Path:
    return write_folder("little", movies_csv=MOVIES, ratings_csv=RATINGS)
