"""The folder of bundles: which exist, which is current, which may go."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from movierec.artifacts.files import replace_atomically, sync_path
from movierec.artifacts.manifest import Manifest, read_manifest
from movierec.errors import ArtifactError, ConfigError, CorruptBundleError, NoBundleError

POINTER_NAME: Final = "CURRENT"
_VERSION: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")


def read_pointer(bundles_dir: Path) -> str:
    """Return the version named by ``CURRENT``.

    Raises ``NoBundleError`` where nothing was built and ``CorruptBundleError`` where it names nothing.
    """
    try:
        version = (bundles_dir / POINTER_NAME).read_bytes()[:200].decode("utf-8", "replace").strip()
    except FileNotFoundError:
        raise NoBundleError(f"no bundle in {bundles_dir}, run: movierec build") from None
    except OSError as error:
        raise CorruptBundleError(
            f"{POINTER_NAME} in {bundles_dir} cannot be read: {error.strerror}"
        ) from error
    if not _VERSION.fullmatch(version) or not (bundles_dir / version).is_dir():
        raise CorruptBundleError(
            f"{POINTER_NAME} in {bundles_dir} names no bundle, got {version[:80]!r}; run: movierec build"
        )
    return version


def point_current(bundles_dir: Path, version: str) -> None:
    """Make an existing bundle the current one; raises ``ConfigError`` for an unknown version."""
    if not _VERSION.fullmatch(version) or not (bundles_dir / version).is_dir():
        known = ", ".join(manifest.version for manifest in list_bundles(bundles_dir)) or "none"
        raise ConfigError(f"version must name a bundle in {bundles_dir}, got {version!r}; there are: {known}")
    with replace_atomically(bundles_dir / POINTER_NAME) as temporary:
        temporary.write_text(f"{version}\n", encoding="utf-8")


def list_bundles(bundles_dir: Path) -> tuple[Manifest, ...]:
    """Return the manifests this installation can serve, newest first; their files are not verified."""
    if not bundles_dir.is_dir():
        return ()
    manifests = []
    for folder in sorted(bundles_dir.iterdir()):
        if not folder.is_dir() or not _VERSION.fullmatch(folder.name):
            continue
        try:
            manifest = read_manifest(folder)
        except ArtifactError:
            continue
        if manifest.version == folder.name:
            manifests.append(manifest)
    return tuple(sorted(manifests, key=lambda manifest: manifest.created_at, reverse=True))


def find_by_fingerprint(bundles_dir: Path, fingerprint: str) -> str | None:
    """Return the newest version built from the same data, config and code, or None."""
    for manifest in list_bundles(bundles_dir):
        if manifest.fingerprint == fingerprint:
            return manifest.version
    return None


def prune_bundles(bundles_dir: Path, keep: int = 5) -> tuple[str, ...]:
    """Remove all but the newest ``keep`` bundles and return the removed versions.

    The current bundle is never removed. Folders that this installation cannot read are left alone.
    """
    if keep < 1:
        raise ConfigError(f"keep must be at least 1, got {keep}")
    current = read_pointer(bundles_dir)
    surplus = [m.version for m in list_bundles(bundles_dir)[keep:] if m.version != current]
    for version in surplus:
        discard_folder(bundles_dir / version)
    return tuple(surplus)


def discard_folder(folder: Path) -> None:
    """Remove a bundle so that no reader ever lists a half-removed one."""
    grave = Path(tempfile.mkdtemp(prefix=f".discarded-{os.getpid()}-", dir=folder.parent))
    os.rename(folder, grave / folder.name)
    sync_path(folder.parent)
    shutil.rmtree(grave, ignore_errors=True)
