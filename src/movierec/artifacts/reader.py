"""Opening a bundle: every byte is checked against the manifest before any of it is interpreted."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.artifacts.files import hash_file
from movierec.artifacts.manifest import Manifest, corrupt_bundle, read_manifest
from movierec.artifacts.shelf import list_bundles, read_pointer
from movierec.errors import ArtifactError, ConfigError


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
        """Return all arrays of an ``.npz`` file."""
        with np.load(self.file(name), allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}

    def array(self, name: str, mmap: bool = True) -> NDArray[Any]:
        """Return the array of an ``.npy`` file, by default mapped read-only so that processes share it."""
        array: NDArray[Any] = np.load(self.file(name), mmap_mode="r" if mmap else None, allow_pickle=False)
        return array

    def model(self, name: str) -> Any:
        """Return the model of a ``.joblib`` file.

        Unpickling runs code, so the bytes are hashed once more and only those hashed bytes are loaded.
        """
        content = self.file(name).read_bytes()
        if hashlib.sha256(content).hexdigest() != self.manifest.files[name].sha256:
            raise corrupt_bundle(self.version, name, "changed since the bundle was opened")
        import joblib

        return joblib.load(io.BytesIO(content))


def open_bundle(path: Path) -> Bundle:
    """Return the bundle in a folder after checking size and SHA-256 of every file.

    Raises ``CorruptBundleError`` naming the first damaged file, or ``IncompatibleBundleError``.
    """
    manifest = read_manifest(path)
    for name, entry in manifest.files.items():
        file = path / name
        try:
            size = file.stat().st_size
            if size != entry.size:
                raise corrupt_bundle(path.name, name, f"has {size} bytes instead of {entry.size}")
            if hash_file(file) != entry.sha256:
                raise corrupt_bundle(path.name, name, "differs from its checksum")
        except OSError as error:
            raise corrupt_bundle(path.name, name, "cannot be read") from error
    return Bundle(path, manifest)


def open_current(bundles_dir: Path, fallback: bool = False) -> Bundle:
    """Return the bundle named by ``CURRENT``.

    With ``fallback``, a damaged or incompatible one is replaced by the newest sound other bundle, whose
    ``fallback_reason`` then says why; if there is none, the error about the current bundle is raised.
    """
    try:
        return open_bundle(bundles_dir / read_pointer(bundles_dir))
    except ArtifactError as failure:
        if fallback:
            for manifest in list_bundles(bundles_dir):
                try:
                    other = open_bundle(bundles_dir / manifest.version)
                except ArtifactError:
                    continue
                return Bundle(other.path, other.manifest, fallback_reason=str(failure))
        raise
