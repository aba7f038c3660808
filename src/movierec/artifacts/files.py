"""Files that survive a crash: either the old content or the new, never a part of it."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PIECE: Final = 1 << 23
"""Bytes hashed at a time: after each the interpreter is asked for, which others may hold for 5 ms."""


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file as lower-case hex."""
    found = hashlib.sha256()
    with path.open("rb", buffering=0) as stream:
        piece = memoryview(bytearray(min(_PIECE, max(path.stat().st_size, 1))))
        while count := stream.readinto(piece):
            found.update(piece[:count])
    return found.hexdigest()


def sync_path(path: Path) -> None:
    """Force a file's bytes, or a folder's entries, onto the disk."""
    if os.name == "nt" and path.is_dir():  # Windows cannot open a folder to sync it
        return
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def replace_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it takes the place of ``path``.

    The new file gets the permissions the umask grants, as any other new file. An exception removes the
    temporary file and leaves ``path`` as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    # Not tempfile: its files are 0600 and stay so, and the umask cannot be read without changing it.
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield temporary
        sync_path(temporary)
        os.replace(temporary, path)
        sync_path(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
