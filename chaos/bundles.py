"""Bundles that differ in their name alone, made from a built one in a moment."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from movierec.artifacts import BuildFacts, open_current, write_bundle
from movierec.artifacts.manifest import CHECKSUM_NAME, MANIFEST_NAME


def copy_home(home: Path, target: Path) -> Path:
    """Copy the current bundle of a home into a new home and return it."""
    current = open_current(home / "bundles")
    shutil.copytree(current.path, target / "bundles" / current.version)
    (target / "bundles" / "CURRENT").write_text(f"{current.version}\n", encoding="utf-8")
    return target


def republish(home: Path, mark: str) -> str:
    """Publish the current bundle once more and return the new version, which follows from ``mark``."""
    bundles = home / "bundles"
    current = open_current(bundles)
    fields = {name: getattr(current.manifest, name) for name in BuildFacts.model_fields}
    with write_bundle(bundles, BuildFacts(**{**fields, "fingerprint": mark})) as writer:
        shutil.copytree(
            current.path,
            writer.path,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns(MANIFEST_NAME, CHECKSUM_NAME),
        )
    return writer.version


if __name__ == "__main__":
    print("writing", flush=True)
    print(republish(Path(sys.argv[1]), sys.argv[2]), flush=True)
