"""What a bundle says about itself, and whether this installation can serve it."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from movierec.costs import StageCost
from movierec.errors import CorruptBundleError, IncompatibleBundleError
from movierec.schema import DatasetInfo

FORMAT_VERSION: Final = 3
MANIFEST_NAME: Final = "manifest.json"
CHECKSUM_NAME: Final = "manifest.sha256"

_RECORDED: Final = ("movierec", "numpy", "scipy", "scikit-learn", "numba", "implicit")


class BuildFacts(BaseModel):
    """What the build knows about the bundle it makes.

    ``fingerprint`` is a hash of data, config and code: two builds with the same one need not both run.
    ``feature_names`` and ``source_names`` are in their locked order; ``stages`` is what each took.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    dataset: DatasetInfo
    fingerprint: str = Field(min_length=1)
    feature_names: tuple[str, ...] = ()
    source_names: tuple[str, ...] = ()
    metrics: dict[str, float] = Field(default_factory=dict)
    config: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    build_seconds: float = 0.0
    stages: tuple[StageCost, ...] = ()


class FileEntry(BaseModel):
    """Size in bytes and SHA-256 of one file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class Manifest(BuildFacts):
    """Everything a reader must know before it opens the first file of a bundle.

    ``files`` maps the POSIX path inside the bundle to its entry; ``libraries`` maps a distribution
    name (and ``python``) to the version the bundle was made with.
    """

    format_version: int
    version: str
    created_at: datetime
    libraries: dict[str, str]
    files: dict[str, FileEntry]


def installed_libraries() -> dict[str, str]:
    """Return the versions of Python and of the libraries that shape a bundle."""
    versions = {"python": platform.python_version()}
    for name in _RECORDED:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "absent"
    return versions


def name_version(facts: BuildFacts, files: dict[str, FileEntry], libraries: dict[str, str]) -> str:
    """Return the name of a bundle: the data set's name and 12 hex digits that follow from its content.

    Times and measurements are left out, so that the same build made again has the same name.
    """
    content = {
        "format": FORMAT_VERSION,
        "files": {path: entry.sha256 for path, entry in files.items()},
        "fingerprint": facts.fingerprint,
        "features": facts.feature_names,
        "sources": facts.source_names,
        "libraries": libraries,
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    slug = re.sub(r"[^a-z0-9]+", "-", facts.dataset.name.lower()).strip("-")[:40] or "dataset"
    return f"{slug}-{digest[:12]}"


def require_compatible(version: str, format_version: object, libraries: object) -> None:
    """Raise ``IncompatibleBundleError`` unless this installation can serve the bundle.

    Compared are the bundle format and major.minor of scikit-learn: other minors do not read its models.
    """
    remedy = "build it again with `movierec build`"
    if format_version != FORMAT_VERSION:
        raise IncompatibleBundleError(
            f"bundle {version} has format {format_version}, this movierec reads format "
            f"{FORMAT_VERSION}: {remedy}"
        )
    made_with = str(libraries.get("scikit-learn")) if isinstance(libraries, dict) else "unknown"
    installed = metadata.version("scikit-learn")
    if made_with.split(".")[:2] != installed.split(".")[:2]:
        raise IncompatibleBundleError(
            f"bundle {version} was made with scikit-learn {made_with}, installed is {installed}: "
            f"{remedy} or install scikit-learn {made_with}"
        )


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a bundle folder after checking its own checksum and compatibility.

    Raises ``CorruptBundleError`` where it is missing or altered, ``IncompatibleBundleError`` where this
    installation cannot serve the bundle. The other files are not looked at.
    """
    try:
        text = (folder / MANIFEST_NAME).read_bytes()
        expected = (folder / CHECKSUM_NAME).read_bytes()[:64].decode("ascii", "replace")
    except OSError as error:
        raise corrupt_bundle(folder.name, MANIFEST_NAME, "cannot be read") from error
    if hashlib.sha256(text).hexdigest() != expected:
        raise corrupt_bundle(folder.name, MANIFEST_NAME, f"differs from {CHECKSUM_NAME}")
    try:
        fields = json.loads(text)
        require_compatible(folder.name, fields["format_version"], fields["libraries"])
        return Manifest.model_validate_json(text)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise corrupt_bundle(folder.name, MANIFEST_NAME, "does not follow the format") from error


def corrupt_bundle(version: str, name: str, finding: str) -> CorruptBundleError:
    """Return the error for one damaged file, with the remedy."""
    return CorruptBundleError(
        f"bundle {version}: {name} {finding}; build it again with `movierec build` or restore a backup"
    )
