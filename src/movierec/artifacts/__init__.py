"""Versioned, hashed, atomic bundles: what a build writes and the service opens."""

from movierec.artifacts.manifest import BuildFacts, FileEntry, Manifest
from movierec.artifacts.reader import Bundle, open_bundle, open_current
from movierec.artifacts.shelf import find_by_fingerprint, list_bundles, point_current, prune_bundles
from movierec.artifacts.writer import BundleWriter, write_bundle

__all__ = [
    "BuildFacts",
    "Bundle",
    "BundleWriter",
    "FileEntry",
    "Manifest",
    "find_by_fingerprint",
    "list_bundles",
    "open_bundle",
    "open_current",
    "point_current",
    "prune_bundles",
    "write_bundle",
]
