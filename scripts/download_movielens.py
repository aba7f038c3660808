"""Fetch a MovieLens data set: ``python scripts/download_movielens.py ml-latest-small``."""

from __future__ import annotations

import argparse
import sys

from movierec.config import Settings
from movierec.data.download import download
from movierec.data.registry import KNOWN_DATASETS
from movierec.errors import MovieRecError


def main() -> int:
    """Fetch the named data set, say how far it is, return 1 where it cannot be had."""
    parser = argparse.ArgumentParser(description="Fetch a MovieLens data set from GroupLens.")
    parser.add_argument("name", nargs="?", default="ml-latest-small", choices=sorted(KNOWN_DATASETS))
    try:
        download(parser.parse_args().name, Settings(), print)
    except MovieRecError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
