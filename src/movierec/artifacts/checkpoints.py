"""Finished stages of a build, kept until the bundle is published: a killed build goes on from the last one.

Every stage is a sealed folder, as a bundle is: files are synced, hashed into a manifest and appear under
their name at once or not at all. What differs from its manifest, or belongs to other data, config or code,
counts as missing.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from movierec.artifacts.manifest import BuildFacts
from movierec.artifacts.reader import Bundle, open_bundle
from movierec.artifacts.writer import BundleWriter, seal_folder
from movierec.errors import ArtifactError

_PREFIX: Final = ".stages-"
KEPT_DAYS: Final = 7
"""Stages of a build nobody has continued for so long are removed by the next one."""


class Checkpoints:
    """The finished stages of one build.

    Two builds with the same fingerprint may share them: their stages are the same.
    """

    def __init__(self, bundles_dir: Path, facts: BuildFacts) -> None:
        self.folder = bundles_dir / f"{_PREFIX}{facts.fingerprint[:16]}"
        self.facts = facts

    def find(self, stage: str) -> Bundle | None:
        """Return a finished stage, verified, or None."""
        try:
            bundle = open_bundle(self.folder / stage)
        except ArtifactError:
            return None
        return bundle if bundle.manifest.fingerprint == self.facts.fingerprint else None

    @contextmanager
    def keep(self, stage: str) -> Iterator[BundleWriter]:
        """Yield a writer for a stage; what is written counts when the block ends without an error."""
        self.folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{stage}-", dir=self.folder))
        try:
            yield BundleWriter(work, self.facts)
            seal_folder(work, self.facts)
            target = self.folder / stage
            if target.exists():  # damaged, or written by another build meanwhile
                shutil.rmtree(target, ignore_errors=True)
            os.rename(work, target)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def discard(self) -> None:
        """Remove the stages of this build, and those of builds that were given up."""
        shutil.rmtree(self.folder, ignore_errors=True)
        oldest = time.time() - KEPT_DAYS * 86_400
        for other in self.folder.parent.glob(f"{_PREFIX}*"):
            if other.stat().st_mtime < oldest:
                shutil.rmtree(other, ignore_errors=True)
