"""The folder of bundles: which exist, which is current, which was before it, which may go."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from movierec.artifacts.files import replace_atomically, sync_path
from movierec.artifacts.manifest import Manifest, read_manifest
from movierec.errors import ArtifactError, ConfigError, CorruptBundleError, NoBundleError

POINTER_NAME: Final = "CURRENT"
PREVIOUS_NAME: Final = "PREVIOUS"
"""Versions that were current before, one a line, the latest last."""

_REMEMBERED: Final = 50
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
            f"{bundles_dir.name}/{POINTER_NAME} cannot be read: {error.strerror}"
        ) from error
    if not _VERSION.fullmatch(version) or not (bundles_dir / version).is_dir():
        raise CorruptBundleError(
            f"{bundles_dir.name}/{POINTER_NAME} names no bundle, got {version[:80]!a}; run: movierec build"
        )
    return version


def stat_pointer(bundles_dir: Path) -> tuple[int, int] | None:
    """Return what changes whenever ``CURRENT`` is written anew, for watchers; None where there is none."""
    try:
        found = (bundles_dir / POINTER_NAME).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def point_current(bundles_dir: Path, version: str) -> None:
    """Make an existing bundle the current one; raises ``ConfigError`` for an unknown version.

    What was current before is remembered for :func:`roll_back`.
    """
    if not _VERSION.fullmatch(version) or not (bundles_dir / version).is_dir():
        known = ", ".join(manifest.version for manifest in list_bundles(bundles_dir)) or "none"
        raise ConfigError(f"version must name a bundle in {bundles_dir}, got {version!r}; there are: {known}")
    before = _read_name(bundles_dir)
    if before is not None and before != version:
        # Before the swap: a kill between the two leaves an entry equal to CURRENT, which readers skip.
        earlier = [name for name in _read_previous(bundles_dir) if name != before]
        _write_previous(bundles_dir, [*earlier, before])
    _write_pointer(bundles_dir, version)


def list_previous(bundles_dir: Path) -> tuple[str, ...]:
    """Return the versions that were current before and still exist, the latest first."""
    current = _read_name(bundles_dir)
    return tuple(
        version
        for version in reversed(_read_previous(bundles_dir))
        if version != current and (bundles_dir / version).is_dir()
    )


def roll_back(bundles_dir: Path, version: str) -> None:
    """Make one of :func:`list_previous` current again and forget what was current after it.

    Raises ``ConfigError`` where it is none of them. A second call with the next one goes further back.
    """
    previous = list_previous(bundles_dir)
    if version not in previous:
        raise ConfigError(
            f"version must have been current before, got {version!r}; there are: "
            f"{', '.join(previous) or 'none'}"
        )
    _write_pointer(bundles_dir, version)
    _write_previous(bundles_dir, previous[: previous.index(version) : -1])


def _read_name(bundles_dir: Path) -> str | None:
    try:
        return read_pointer(bundles_dir)
    except ArtifactError:
        return None


def _write_pointer(bundles_dir: Path, version: str) -> None:
    with replace_atomically(bundles_dir / POINTER_NAME) as temporary:
        temporary.write_text(f"{version}\n", encoding="utf-8")


def _read_previous(bundles_dir: Path) -> list[str]:
    try:
        lines = (bundles_dir / PREVIOUS_NAME).read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [line for line in lines if _VERSION.fullmatch(line)]


def _write_previous(bundles_dir: Path, versions: Sequence[str]) -> None:
    with replace_atomically(bundles_dir / PREVIOUS_NAME) as temporary:
        temporary.write_text("".join(f"{name}\n" for name in versions[-_REMEMBERED:]), encoding="utf-8")


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
