"""``movierec build --engine spark``: the same bundle, its heavy parts made on Spark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from movierec.costs import CostMeter
from movierec.pipeline import build
from movierec.spark.backend import SparkCompute
from movierec.spark.events import load_events
from movierec.spark.session import DEFAULT_MASTER, open_session

if TYPE_CHECKING:
    from movierec.artifacts import Manifest
    from movierec.config import Settings
    from movierec.stages import BuildConfig


def build_on_spark(
    spec: str,
    settings: Settings,
    config: BuildConfig | None = None,
    progress: Callable[[str], None] | None = None,
    force: bool = False,
    master: str = DEFAULT_MASTER,
    spark_settings: Mapping[str, str] | None = None,
) -> Manifest:
    """Read a data set, build a bundle on Spark and return its manifest.

    Parameters
    ----------
    spec : as for :func:`movierec.data.dataset.load_dataset`, or a folder or URL with Parquet, see
        :mod:`movierec.spark.events`
    master : address of Spark
    spark_settings : on top of ours

    Raises
    ------
    ConfigError
        If PySpark is not installed or Spark does not start.
    DataError
        If there is nothing to learn from.
    """
    meter = CostMeter()
    tell = progress or (lambda _: None)
    with open_session(master, spark_settings) as session:
        tell(f"Spark {session.version} on {master}")
        with meter.stage("read"):
            dataset = load_events(spec, settings, session, tell)
        compute = SparkCompute(session, progress=tell)
        return build(dataset, settings, config, progress, force, meter, compute)
