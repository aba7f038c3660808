"""Closer looks at the lists of one fit: the frontier and the calibration of a data set."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from movierec.config import Settings
from movierec.engine import Engine
from movierec.errors import ConfigError
from movierec.evaluation.calibration import write_calibration
from movierec.evaluation.frontier import write_frontier
from movierec.evaluation.held_out import PROTOCOL, HeldOut, Progress
from movierec.evaluation.protocols import find_protocols
from movierec.evaluation.runner import write_protocols
from movierec.pipeline import fit_engine
from movierec.schema import Catalog, Interactions
from movierec.stages import BuildConfig


def write_studies(
    dataset_spec: str,
    out_dir: Path,
    settings: Settings,
    progress: Progress | None = None,
    seed: int = 0,
    engine: Engine | None = None,
) -> tuple[Path, ...]:
    """Fit once, write ``<dataset>/frontier`` and ``<dataset>/calibration``; return the files.

    An ``engine`` that is fitted already on the train rows of the user timeline is taken as it is.

    Raises
    ------
    DataError
        If nobody can be asked, or there is no ranker.
    """
    held_out = HeldOut.load(dataset_spec, settings, progress, seed, engine)
    return (*write_frontier(held_out, out_dir, progress), *write_calibration(held_out, out_dir, progress))


def write_protocols_and_studies(
    dataset_spec: str,
    out_dir: Path,
    settings: Settings,
    progress: Progress | None,
    seed: int,
    protocols: Iterable[str],
) -> tuple[Path, ...]:
    """Write the reports of protocols that share the fit of the user timeline, then its studies.

    Raises
    ------
    ConfigError
        If a protocol is not known, or fits something else.
    DataError
        If the data set cannot be used, or nobody in it can be scored.
    """
    chosen = tuple(protocols)
    if any(protocol.fit_group != PROTOCOL.fit_group for protocol in find_protocols(chosen)):
        raise ConfigError(f"protocols must share the fit of {PROTOCOL.name}, got {', '.join(chosen)}")
    fitted: list[Engine] = []

    def fit_and_keep(
        train: Interactions, catalog: Catalog, config: BuildConfig | None, tell: Progress | None
    ) -> Engine:
        fitted.append(fit_engine(train, catalog, config, tell))
        return fitted[-1]

    write_protocols(dataset_spec, out_dir, settings, progress, seed, chosen, fit_engine=fit_and_keep)
    return write_studies(dataset_spec, out_dir, settings, progress, seed, fitted[-1])
