"""Bundles kept aside: made by retraining, refused by its gate, served only when somebody says so.

They lie in a folder of their own, so that neither a fallback nor an equal build ever takes one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from movierec.artifacts.files import sync_path
from movierec.artifacts.manifest import Manifest
from movierec.artifacts.reader import open_bundle
from movierec.artifacts.shelf import discard_folder, list_bundles

KEPT_ASIDE: Final = 3
"""The newest so many stay: each is as large as a served one."""


def list_aside(aside_dir: Path) -> tuple[Manifest, ...]:
    """Return the manifests of the bundles kept aside, newest first."""
    return list_bundles(aside_dir)


def take_back(aside_dir: Path, bundles_dir: Path, version: str) -> None:
    """Move a bundle kept aside among those that can be served; it is verified before.

    Raises ``CorruptBundleError`` or ``IncompatibleBundleError``; it stays where it is then.
    """
    open_bundle(aside_dir / version)
    bundles_dir.mkdir(parents=True, exist_ok=True)
    target = bundles_dir / version
    if target.exists():
        discard_folder(aside_dir / version)
        return
    os.rename(aside_dir / version, target)
    sync_path(bundles_dir)


def prune_aside(aside_dir: Path) -> None:
    """Remove all but the newest ``KEPT_ASIDE`` bundles kept aside."""
    for manifest in list_bundles(aside_dir)[KEPT_ASIDE:]:
        discard_folder(aside_dir / manifest.version)
