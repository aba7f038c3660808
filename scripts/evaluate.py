"""Measure recommendation quality: ``python scripts/evaluate.py ml-100k --protocol leave-one-out``."""

from __future__ import annotations

import sys

from movierec import cli


def main() -> int:
    """Run ``movierec evaluate``; data sets may come first, without ``--dataset`` in front of each."""
    rest = sys.argv[1:]
    datasets: list[str] = []
    while rest and not rest[0].startswith("-") and rest[0] != "compare":
        datasets += ["--dataset", rest.pop(0)]
    return cli.main(["evaluate", *datasets, *rest])


if __name__ == "__main__":
    sys.exit(main())
