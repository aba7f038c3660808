"""What a report was made with: versions of the libraries and a digest of our own code."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import movierec
from movierec.stages import BuildConfig

LIBRARIES: Final = (
    "movierec",
    "implicit",
    "numba",
    "numpy",
    "polars",
    "scikit-learn",
    "scipy",
)


def read_versions(*more: str) -> dict[str, str]:
    """Return the versions of Python, of the libraries that shape the numbers, and of ``more``."""
    found = {"python": platform.python_version()}
    for name in (*LIBRARIES, *more):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def hash_code() -> str:
    """Return 16 hex digits of the SHA-256 of every Python file of the library, by relative path."""
    root = Path(movierec.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        digest.update(path.read_bytes())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def hash_config(config: BuildConfig) -> str:
    """Return 16 hex digits of the SHA-256 of every setting of the engine."""
    return hashlib.sha256(config.model_dump_json().encode()).hexdigest()[:16]


def list_differences(config: BuildConfig, base: BuildConfig) -> dict[str, str]:
    """Return the settings of ``config`` that differ from ``base``: dotted name to value, as JSON."""
    own, other = (_flatten(value.model_dump(mode="json")) for value in (config, base))
    return {name: json.dumps(own[name]) for name in own if own[name] != other.get(name)}


def _flatten(tree: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
