"""Opening a bundle: every byte is checked against the manifest before any of it is interpreted."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from movierec.artifacts.archives import read_archive
from movierec.artifacts.files import hash_file
from movierec.artifacts.manifest import FileEntry, Manifest, corrupt_bundle, read_manifest
from movierec.artifacts.shelf import list_bundles, read_pointer
from movierec.errors import ArtifactError, ConfigError

Content = TypeVar("Content")

_HASHING_THREADS: Final = min(4, os.cpu_count() or 1)

_begun: Final[dict[Path, Future[Bundle]]] = {}
"""Checks under way of bundles that are about to be opened."""


@dataclass(frozen=True)
class Bundle:
    """A verified bundle.

    Attributes
    ----------
    path : its folder
    manifest : what it says about itself
    fallback_reason : why this is not the current bundle, or None if it is
    """

    path: Path
    manifest: Manifest
    fallback_reason: str | None = None

    @property
    def version(self) -> str:
        """Name of the bundle, derived from its content."""
        return self.manifest.version

    def file(self, name: str) -> Path:
        """Return the path of a listed file; raises ``ConfigError`` for one the manifest does not list."""
        if name not in self.manifest.files:
            raise ConfigError(f"name must be a file of bundle {self.version}, got {name!r}")
        return self.path / name

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Return all arrays of an ``.npz`` file; large ones are mapped so that processes share them."""
        with self._reading(name) as path:
            return read_archive(path)

    def array(self, name: str, mmap: bool = True) -> NDArray[Any]:
        """Return the array of an ``.npy`` file, by default mapped read-only so that processes share it."""
        with self._reading(name) as path:
            array: NDArray[Any] = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
        return array

    def model(self, name: str) -> Any:
        """Return the model of a ``.joblib`` file.

        Unpickling runs code, so the bytes are hashed once more and only those hashed bytes are loaded.
        """
        with self._reading(name) as path:
            content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != self.manifest.files[name].sha256:
            raise corrupt_bundle(self.version, name, "changed since the bundle was opened")
        import joblib

        return joblib.load(io.BytesIO(content))

    @contextmanager
    def _reading(self, name: str) -> Iterator[Path]:
        """Give the path of a listed file; one that is gone since it was verified is an ``ArtifactError``."""
        path = self.file(name)
        try:
            yield path
        except OSError as error:
            raise corrupt_bundle(self.version, name, "cannot be read any more") from error


def check_ahead(bundles_dir: Path) -> None:
    """Begin to check the current bundle; whoever opens it next takes what was found.

    A program that has much to load first has the bundle checked by then. Not for one that forks before it
    opens the bundle: threads do not come along.
    """
    try:
        path = bundles_dir / read_pointer(bundles_dir)
    except ArtifactError:
        return  # whoever opens it will say so
    pool = ThreadPoolExecutor(1, "check-ahead")
    _begun[path] = pool.submit(_check_bundle, path)
    pool.shutdown(wait=False)


def open_bundle(path: Path) -> Bundle:
    """Return the bundle in a folder after checking size and SHA-256 of every file.

    Raises ``CorruptBundleError`` naming the first damaged file, or ``IncompatibleBundleError``.
    """
    begun = _begun.pop(path, None)
    _begun.clear()  # what was begun for another bundle would be old by the time that is opened
    return _check_bundle(path) if begun is None else begun.result()


def _check_bundle(path: Path) -> Bundle:
    manifest = read_manifest(path)
    # Hashing lets go of the interpreter: a gigabyte takes half the time on two threads.
    with ThreadPoolExecutor(_HASHING_THREADS) as pool:
        checks = [pool.submit(_check_file, path, name, entry) for name, entry in manifest.files.items()]
        try:
            for check in checks:
                check.result()
        finally:
            pool.shutdown(cancel_futures=True)
    return Bundle(path, manifest)


def _check_file(folder: Path, name: str, entry: FileEntry) -> None:
    file = folder / name
    try:
        size = file.stat().st_size
        if size != entry.size:
            raise corrupt_bundle(folder.name, name, f"has {size} bytes instead of {entry.size}")
        if hash_file(file) != entry.sha256:
            raise corrupt_bundle(folder.name, name, "differs from its checksum")
    except OSError as error:
        raise corrupt_bundle(folder.name, name, "cannot be read") from error


def open_current(bundles_dir: Path, fallback: bool = False) -> Bundle:
    """Return the bundle named by ``CURRENT``.

    With ``fallback``, a damaged or incompatible one is replaced by the newest sound other bundle, whose
    ``fallback_reason`` then says why; if there is none, the error about the current bundle is raised.
    """
    try:
        return read_current(bundles_dir, lambda bundle: bundle)
    except ArtifactError as failure:
        if fallback:
            for other in open_others(bundles_dir, failure):
                return other
        raise


def open_others(bundles_dir: Path, failure: ArtifactError) -> Iterator[Bundle]:
    """Yield the sound bundles beside the current one, which ``failure`` is about.

    Those of the same data set come first, the newest first among them: they know the same ids.
    """
    try:
        current = read_pointer(bundles_dir)
    except ArtifactError:
        current = ""
    slug = current.rpartition("-")[0]
    versions = [each.version for each in list_bundles(bundles_dir) if each.version != current]
    for version in sorted(versions, key=lambda version: version.rpartition("-")[0] != slug):
        try:
            other = open_bundle(bundles_dir / version)
        except ArtifactError:
            continue
        yield replace(other, fallback_reason=str(failure))


def read_current(bundles_dir: Path, read: Callable[[Bundle], Content]) -> Content:
    """Return what ``read`` makes of the current bundle.

    Where that was pruned meanwhile, because builds were quicker than the reader, the bundle that is current
    by then is read. Raises what ``open_current`` and ``read`` raise.
    """
    version = read_pointer(bundles_dir)
    while True:
        try:
            return read(open_bundle(bundles_dir / version))
        except (ArtifactError, OSError):
            before, version = version, read_pointer(bundles_dir)
            if before == version:
                raise
