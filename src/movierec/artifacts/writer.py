"""Writing a bundle: all of it or nothing."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movierec.artifacts.archives import write_archive
from movierec.artifacts.files import hash_file, sync_path
from movierec.artifacts.manifest import (
    CHECKSUM_NAME,
    FORMAT_VERSION,
    MANIFEST_NAME,
    BuildFacts,
    FileEntry,
    Manifest,
    installed_libraries,
    name_version,
)
from movierec.artifacts.reader import open_bundle
from movierec.artifacts.shelf import discard_folder, point_current
from movierec.costs import StageCost
from movierec.errors import ArtifactError, ConfigError

_BUILDING: Final = re.compile(r"^\.(?:building|discarded)-(\d+)-")
_open_here: Final[set[Path]] = set()


class BundleWriter:
    """A folder under construction; write files below ``path``, the rest happens at the end.

    Attributes
    ----------
    path : the temporary folder; subfolders are allowed, symbolic links are not
    facts : what the manifest will say; see :meth:`describe`
    version : name of the published bundle, empty until it is published
    """

    def __init__(self, path: Path, facts: BuildFacts) -> None:
        self.path = path
        self.facts = facts
        self.version = ""

    def describe(
        self,
        *,
        metrics: dict[str, float] | None = None,
        feature_names: tuple[str, ...] | None = None,
        source_names: tuple[str, ...] | None = None,
        build_seconds: float | None = None,
        stages: tuple[StageCost, ...] | None = None,
    ) -> None:
        """Fill in what is known only late in a build; what is left out stays as it is."""
        known = {
            "metrics": metrics,
            "feature_names": feature_names,
            "source_names": source_names,
            "build_seconds": build_seconds,
            "stages": stages,
        }
        self.facts = self.facts.model_copy(
            update={name: value for name, value in known.items() if value is not None}
        )

    def save_arrays(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write several arrays into one ``.npz`` file; object arrays are refused."""
        write_archive(self._new_file(name, ".npz"), arrays)

    def save_array(self, name: str, array: NDArray[Any]) -> None:
        """Write one array into a ``.npy`` file that readers can map into memory."""
        np.save(self._new_file(name, ".npy"), array, allow_pickle=False)

    def save_model(self, name: str, model: object) -> None:
        """Write a scikit-learn model into a ``.joblib`` file."""
        import joblib

        joblib.dump(model, self._new_file(name, ".joblib"))

    def _new_file(self, name: str, suffix: str) -> Path:
        target = self.path / name
        if target.suffix != suffix or not target.resolve().is_relative_to(self.path.resolve()):
            raise ConfigError(f"name must be a file inside the bundle that ends in {suffix}, got {name!r}")
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


@contextmanager
def write_bundle(bundles_dir: Path, facts: BuildFacts, *, promote: bool = True) -> Iterator[BundleWriter]:
    """Yield a writer; on success publish its folder as a bundle and ``promote`` it to the current one.

    The order makes a kill at any moment harmless: files are synced, then the manifest with their
    hashes, then the folder is renamed to its version, then the ``CURRENT`` pointer is swapped.
    An exception (Ctrl-C too) removes the folder and leaves the current bundle as it was.
    """
    bundles_dir.mkdir(parents=True, exist_ok=True)
    clean_abandoned(bundles_dir)
    folder = Path(tempfile.mkdtemp(prefix=f".building-{os.getpid()}-", dir=bundles_dir))
    _open_here.add(folder)
    try:
        folder.chmod(0o755)
        writer = BundleWriter(folder, facts)
        yield writer
        writer.version = publish_folder(folder, bundles_dir, writer.facts)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _open_here.discard(folder)
    if promote:
        point_current(bundles_dir, writer.version)


def publish_folder(folder: Path, bundles_dir: Path, facts: BuildFacts) -> str:
    """Seal a finished folder with its manifest and rename it to its version, which is returned.

    A sound bundle of the same version is kept and the folder left alone; a damaged one is replaced.
    """
    seal = seal_folder(folder, facts)
    target = bundles_dir / seal.version
    if target.exists():
        try:
            open_bundle(target)
        except ArtifactError:
            discard_folder(target)
        else:
            return seal.version
    os.rename(folder, target)
    sync_path(bundles_dir)
    return seal.version


def seal_folder(folder: Path, facts: BuildFacts) -> Manifest:
    """Sync and hash every file below ``folder``, then write checksum and manifest, the manifest last."""
    entries: dict[str, FileEntry] = {}
    folders = [folder]
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise ConfigError(f"a bundle may not hold symbolic links, found {path.name}")
        if path.is_dir():
            folders.append(path)
            continue
        sync_path(path)
        entries[path.relative_to(folder).as_posix()] = FileEntry(
            sha256=hash_file(path), size=path.stat().st_size
        )
    if not entries:
        raise ConfigError("a bundle must hold at least one file, the folder is empty")
    libraries = installed_libraries()
    manifest = Manifest(
        **{name: getattr(facts, name) for name in BuildFacts.model_fields},
        format_version=FORMAT_VERSION,
        version=name_version(facts, entries, libraries),
        created_at=datetime.now(UTC),
        libraries=libraries,
        files=entries,
    )
    text = manifest.model_dump_json(indent=1).encode()
    checksum = f"{hashlib.sha256(text).hexdigest()}  {MANIFEST_NAME}\n".encode()
    for name, content in ((CHECKSUM_NAME, checksum), (MANIFEST_NAME, text)):
        (folder / name).write_bytes(content)
        sync_path(folder / name)
    for path in reversed(folders):
        sync_path(path)
    return manifest


def clean_abandoned(bundles_dir: Path) -> None:
    """Remove folders left by builds that were killed; those of running builds stay."""
    for path in bundles_dir.iterdir():
        match = _BUILDING.match(path.name)
        if match and path not in _open_here and not _is_running_elsewhere(int(match.group(1))):
            shutil.rmtree(path, ignore_errors=True)


def _is_running_elsewhere(pid: int) -> bool:
    if pid == os.getpid():  # containers reuse small pids; this process knows its own folders
        return False
    if os.name == "nt":  # there, os.kill ends the process instead of probing it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
