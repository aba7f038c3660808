"""The files of a data set, wherever they lie: named bytes and a fingerprint."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final, Protocol

from movierec.errors import DataError, UnknownDatasetError

KNOWN_FILES: Final = frozenset(
    {
        *("u.data", "u.item", "u.genre"),
        *("ratings.dat", "movies.dat"),
        *("ratings.csv", "movies.csv", "links.csv", "tags.csv"),
        *("interactions.csv", "items.csv"),
    }
)


class SourceFiles(Protocol):
    """The known files of one data set, readable by bare name."""

    @property
    def location(self) -> str:
        """Where the files lie, for messages."""

    @property
    def names(self) -> frozenset[str]:
        """Bare names of the known files that are there."""

    def read(self, name: str) -> bytes:
        """Return the content of one of ``names``."""

    def fingerprint(self) -> str:
        """Return a digest that changes whenever a file does."""


class FolderFiles:
    """The known files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def location(self) -> str:
        """The folder's path."""
        return str(self.folder)

    @property
    def names(self) -> frozenset[str]:
        """Bare names of the known files that are there."""
        try:
            return frozenset(path.name for path in self.folder.iterdir() if path.is_file()) & KNOWN_FILES
        except OSError as error:
            raise UnknownDatasetError(
                f"cannot list the folder {self.folder}: {error.strerror}; give a readable folder"
            ) from error

    def read(self, name: str) -> bytes:
        """Return the content of one file."""
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise DataError(
                f"cannot read {self.folder / name}: {error.strerror}; check it is readable"
            ) from error

    def fingerprint(self) -> str:
        """Return a SHA-256 over name, size and content of every known file."""
        digest = hashlib.sha256()
        for name in sorted(self.names):
            path = self.folder / name
            try:
                with path.open("rb") as stream:
                    content = hashlib.file_digest(stream, "sha256").hexdigest()
                digest.update(f"{name}\n{path.stat().st_size}\n{content}\n".encode())
            except OSError as error:
                raise DataError(f"cannot read {path}: {error.strerror}; check it is readable") from error
        return digest.hexdigest()
