"""Closer looks at the lists of one fit: the frontier and the calibration of a data set."""

from __future__ import annotations

from pathlib import Path

from movierec.config import Settings
from movierec.evaluation.calibration import write_calibration
from movierec.evaluation.frontier import write_frontier
from movierec.evaluation.held_out import HeldOut, Progress


def write_studies(
    dataset_spec: str,
    out_dir: Path,
    settings: Settings,
    progress: Progress | None = None,
    seed: int = 0,
) -> tuple[Path, ...]:
    """Fit once, write ``<dataset>/frontier`` and ``<dataset>/calibration``; return the files.

    Raises
    ------
    DataError
        If nobody can be asked, or there is no ranker.
    """
    held_out = HeldOut.load(dataset_spec, settings, progress, seed)
    return (*write_frontier(held_out, out_dir, progress), *write_calibration(held_out, out_dir, progress))
