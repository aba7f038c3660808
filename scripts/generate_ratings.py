"""Write ratings of MovieLens shape: ``python scripts/generate_ratings.py --shape 20m --out data/20m``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import perf_counter

from movierec.data.population import SHAPES, PopulationConfig, write_population
from movierec.errors import MovieRecError


def main() -> int:
    """Write the folder, say how far it is; return 1 where it cannot be written."""
    parser = argparse.ArgumentParser(
        description="Write ratings.csv and movies.csv of MovieLens shape, or the same as own events. "
        "The ratings are simulated: they measure what size costs, not how good recommendations are.",
        epilog="then: movierec build --dataset DIR --home HOME",
    )
    sizes = "; ".join(
        f"{name}: {shape.n_users:,} viewers, {shape.n_items:,} films, {shape.n_ratings:,} ratings"
        for name, shape in SHAPES.items()
    )
    parser.add_argument("--shape", choices=SHAPES, default="20m", help=f"{sizes}; default 20m")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.add_argument("--seed", type=int, default=20, help="of everything random; default 20")
    parser.add_argument("--own", action="store_true", help="write interactions.csv and items.csv instead")
    chosen = parser.parse_args()
    started = perf_counter()

    def say(line: str) -> None:
        print(f"{perf_counter() - started:7.1f} s  {line}", file=sys.stderr)

    shape = SHAPES[chosen.shape]
    try:
        config = PopulationConfig(shape.n_users, shape.n_items, shape.n_ratings, chosen.seed)
        write_population(config, chosen.out, say, own=chosen.own)
    except (MovieRecError, OSError) as error:
        print(f"generate_ratings: {error}", file=sys.stderr)
        return 1
    say(f"written to {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
