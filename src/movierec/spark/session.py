"""A Spark session for as long as a build takes."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from movierec.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DEFAULT_MASTER: Final = "local[*]"
_MASTER: Final = re.compile(
    r"local(\[(\d+|\*)(,\d+)?\])?|local-cluster\[\d+,\d+,\d+\]|(spark|k8s|mesos)://\S+|yarn"
)
_SETTINGS: Final = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # The driver takes all events: a bundle holds them.
    "spark.driver.maxResultSize": "0",
}
_PARTITIONS: Final = "spark.sql.shuffle.partitions"
_LOOPBACK: Final = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}


def require_spark(master: str) -> None:
    """Raise ``ConfigError`` unless PySpark is installed and ``master`` is the address of one."""
    if find_spec("pyspark") is None:
        raise ConfigError(
            "a build on Spark needs PySpark, which is not installed; run: pip install 'movierec[spark]'"
        )
    if not _MASTER.fullmatch(master):
        raise ConfigError(
            f"master must be local[N], local-cluster[N,CORES,MB], spark://HOST:PORT, k8s://… or yarn; "
            f"got {master[:200]!r}"
        )


@contextmanager
def open_session(master: str, settings: Mapping[str, str] | None = None) -> Iterator[SparkSession]:
    """Yield a session that is stopped at the end.

    Masters on this machine are bound to the loopback address. ``settings`` come on top of ours; everything
    else, such as the keys of an object store, is read from ``spark-defaults.conf`` as Spark does.

    Raises
    ------
    ConfigError
        If PySpark is not installed or Spark does not start.
    """
    require_spark(master)
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    chosen = dict(_SETTINGS)
    if master.startswith("local"):
        chosen |= _LOOPBACK
        # Workers on this machine run what this process runs.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("movierec build")
    for name, value in (chosen | dict(settings or {})).items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, OSError) as error:
        reason = str(error).splitlines()[0][:200]
        raise ConfigError(
            f"Spark did not start on {master}: {reason}; it needs Java 17 or newer (JAVA_HOME) and a master "
            "that answers"
        ) from error
    session.sparkContext.setLogLevel("ERROR")
    if master.startswith("local") and _PARTITIONS not in (settings or {}):
        # Of 200, as Spark has it for clusters, most would be empty here.
        session.conf.set(_PARTITIONS, str(4 * session.sparkContext.defaultParallelism))
    try:
        yield session
    finally:
        session.stop()
