"""Measure recommendation quality: ``python scripts/evaluate.py ml-100k --protocol leave-one-out``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from movierec.config import Settings
from movierec.errors import MovieRecError
from movierec.evaluation.protocols import PROTOCOLS
from movierec.evaluation.runner import DEFAULT_PROTOCOLS, run_evaluation


def main() -> int:
    """Write the reports of a data set, return 1 where it cannot be evaluated."""
    parser = argparse.ArgumentParser(description="Measure every generation, every source and known models.")
    parser.add_argument(
        "dataset", nargs="?", default="sample", help="sample, a MovieLens name, folder or zip"
    )
    parser.add_argument(
        "--protocol", action="append", choices=list(PROTOCOLS), help="repeatable; default: the main four"
    )
    parser.add_argument("--out", type=Path, default=Path("reports/evaluation"), help="folder of the reports")
    parser.add_argument("--seed", type=int, default=0, help="of random splits and bootstrap draws")
    chosen = parser.parse_args()
    protocols = chosen.protocol or DEFAULT_PROTOCOLS
    try:
        run_evaluation(chosen.dataset, protocols, chosen.out, Settings(), print, chosen.seed)
    except MovieRecError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
