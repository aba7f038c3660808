"""Zip files as data sets, opened without trusting them."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from movierec.data.sources import KNOWN_FILES
from movierec.errors import DataError, LayoutError, UnknownDatasetError

MAX_TOTAL_BYTES: Final = 4 * 1024**3


class ZipFiles:
    """The known files of a zip, with or without a top folder; nothing is ever extracted to disk.

    Every member is checked first: links, absolute paths, ``..``, encryption and duplicates refuse
    the whole archive; members that are not known files are never read.

    Parameters
    ----------
    path : the archive
    max_total_bytes : refuse archives whose known files unpack to more
    """

    def __init__(self, path: Path, max_total_bytes: int = MAX_TOTAL_BYTES) -> None:
        self.path = path
        self._members = _check_members(path, max_total_bytes)

    @property
    def location(self) -> str:
        """The archive's path."""
        return str(self.path)

    @property
    def names(self) -> frozenset[str]:
        """Bare names of the known files that are there."""
        return frozenset(self._members)

    def read(self, name: str) -> bytes:
        """Return the unpacked content of one member, its checksum verified."""
        member = self._members[name]
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(member) as stream:
                content = stream.read(member.file_size + 1)
        except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError, ValueError) as error:
            raise DataError(
                f"cannot unpack {name} of {self.path}: {error}; fetch the archive again"
            ) from error
        if len(content) != member.file_size:
            raise DataError(f"{name} of {self.path} is not as long as it declares; fetch the archive again")
        return content

    def fingerprint(self) -> str:
        """Return the SHA-256 of the archive."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_members(path: Path, max_total_bytes: int) -> dict[str, zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except OSError as error:
        raise UnknownDatasetError(f"cannot open {path}: {error.strerror}; give a readable zip") from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise LayoutError(f"{path} is not a usable zip: {error}; fetch it again") from error
    for member in members:
        _refuse_unsafe(path, member)
    known = [member for member in members if _bare_name(member) in KNOWN_FILES]
    _refuse_several_folders(path, known)
    total = sum(member.file_size for member in known)
    if total > max_total_bytes:
        raise LayoutError(
            f"{path} unpacks to {total:,} bytes, more than the {max_total_bytes:,} allowed; "
            "give the unpacked folder instead"
        )
    return {_bare_name(member): member for member in known}


def _bare_name(member: zipfile.ZipInfo) -> str:
    parts = PurePosixPath(member.filename).parts
    return parts[-1] if 1 <= len(parts) <= 2 and not member.is_dir() else ""


def _refuse_unsafe(path: Path, member: zipfile.ZipInfo) -> None:
    name = member.filename
    parts = PurePosixPath(name).parts
    problem = None
    if name.startswith("/") or "\\" in name or ":" in name or ".." in parts or not name.isprintable():
        problem = "points outside the archive or has an unsafe name"
    elif stat.S_ISLNK(member.external_attr >> 16):
        problem = "is a link"
    elif member.flag_bits & 0x1:
        problem = "is encrypted"
    if problem:
        raise LayoutError(f"{path} refused: its member {name[:80]!r} {problem}; give a clean archive")


def _refuse_several_folders(path: Path, known: Iterable[zipfile.ZipInfo]) -> None:
    folders = sorted({str(PurePosixPath(member.filename).parent) for member in known})
    if len(folders) > 1:
        raise LayoutError(
            f"{path} holds data files in several places ({', '.join(folders)[:80]}); pack one data set"
        )
    names = [member.filename for member in known]
    if len(names) != len(set(names)):
        raise LayoutError(f"{path} refused: it holds two members of the same name; give a clean archive")
