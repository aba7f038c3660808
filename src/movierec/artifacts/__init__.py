"""Versioned, hashed, atomic bundles: what a build writes and the service opens."""

from movierec.artifacts.aside import list_aside, prune_aside, take_back
from movierec.artifacts.manifest import BuildFacts, FileEntry, Manifest
from movierec.artifacts.reader import (
    Bundle,
    check_ahead,
    open_bundle,
    open_current,
    open_others,
    read_current,
)
from movierec.artifacts.shelf import (
    find_by_fingerprint,
    list_bundles,
    list_previous,
    point_current,
    prune_bundles,
    read_pointer,
    roll_back,
    stat_pointer,
)
from movierec.artifacts.writer import BundleWriter, write_bundle

__all__ = [
    "BuildFacts",
    "Bundle",
    "BundleWriter",
    "FileEntry",
    "Manifest",
    "check_ahead",
    "find_by_fingerprint",
    "list_aside",
    "list_bundles",
    "list_previous",
    "open_bundle",
    "open_current",
    "open_others",
    "point_current",
    "prune_aside",
    "prune_bundles",
    "read_current",
    "read_pointer",
    "roll_back",
    "stat_pointer",
    "take_back",
    "write_bundle",
]
