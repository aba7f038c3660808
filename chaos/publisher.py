"""A program that publishes bundles one after another until it is killed; trials read them meanwhile.

Every file of a bundle holds the same number, so that a reader who mixes two bundles notices.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np

from movierec.artifacts import BuildFacts, Bundle, prune_bundles, write_bundle
from movierec.schema import DatasetInfo

FILES: Final = 6
VALUES: Final = 4_000


def publish(bundles: Path, number: int) -> str:
    """Publish the bundle of a number and return its version."""
    info = DatasetInfo("chaos", "ab" * 32, True, "none", "none", 1, 1, 1, 0, 1)
    with write_bundle(bundles, BuildFacts(dataset=info, fingerprint=str(number))) as writer:
        for index in range(FILES):
            writer.save_array(f"part-{index}.npy", np.full(VALUES, number, np.int64))
        writer.save_model("model.joblib", {"number": number})
    return writer.version


def read_numbers(bundle: Bundle) -> set[int]:
    """Return the different numbers in a bundle; one, if it is whole."""
    found = {int(bundle.manifest.fingerprint), int(bundle.model("model.joblib")["number"])}
    for index in range(FILES):
        found |= set(np.unique(bundle.array(f"part-{index}.npy")).tolist())
    return found


def main() -> None:
    """Publish until killed; the first number and the folder come from the command line."""
    bundles, number = Path(sys.argv[1]), int(sys.argv[2])
    while True:
        publish(bundles, number)
        prune_bundles(bundles, keep=4)
        print(number, flush=True)
        number += 1


if __name__ == "__main__":
    main()
