"""``.npz`` files whose arrays can be mapped into memory: as NumPy writes them, but for where the numbers lie.

NumPy stores arrays uncompressed one after the other, each behind a header of odd length. Here the header is
filled up, as ``zipalign`` does for Android packages, so that every array begins on a multiple of 64 bytes and
several processes can read the same pages of the file instead of a copy each. Any reader of ``.npz`` reads
them.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

import numpy as np
from numpy.typing import NDArray

ALIGNMENT: Final = 64
MAPPED_BYTES: Final = 1 << 20
"""Smaller arrays are copied: a mapping of their own costs more than it saves."""

_LOCAL_HEADER: Final = 30
_ZIP64: Final = 20
"""Bytes of the field for sizes above 4 GB, which is always written."""

_PADDING: Final = struct.Struct("<HH")
_PADDING_ID: Final = 0xD935


def write_archive(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays into one file; object arrays are refused with ``ValueError``."""
    with path.open("wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            start = stream.tell() + _LOCAL_HEADER + len(entry.filename.encode()) + _ZIP64 + _PADDING.size
            spare = -start % ALIGNMENT
            entry.extra = _PADDING.pack(_PADDING_ID, spare) + bytes(spare)
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def read_archive(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file; large ones are mapped, and what is written to those is not kept."""
    arrays: dict[str, NDArray[Any]] = {}
    with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
        for entry in archive.infolist():
            name = entry.filename.removesuffix(".npy")
            mapped = None
            if entry.compress_type == zipfile.ZIP_STORED and entry.file_size >= MAPPED_BYTES:
                mapped = _map_array(path, stream, entry)
            if mapped is None:
                with archive.open(entry) as member:
                    mapped = np.lib.format.read_array(member, allow_pickle=False)
            arrays[name] = mapped
    return arrays


def _map_array(path: Path, stream: BinaryIO, entry: zipfile.ZipInfo) -> NDArray[Any] | None:
    """Return an array as a mapping of the file; None where it does not lie so that it can be mapped."""
    stream.seek(entry.header_offset + _LOCAL_HEADER - 4)
    name_length, extra_length = struct.unpack("<HH", stream.read(4))
    stream.seek(entry.header_offset + _LOCAL_HEADER + name_length + extra_length)
    if np.lib.format.read_magic(stream) != (1, 0):
        return None
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.hasobject or stream.tell() % ALIGNMENT:
        return None
    # Copy on write, not read-only: compiled kernels are made for arrays that may be written to.
    order: Literal["C", "F"] = "F" if by_column else "C"
    mapping = np.memmap(path, dtype, "c", stream.tell(), shape, order)
    # A plain array: the subclass would make every slice slower.
    return np.asarray(mapping)
