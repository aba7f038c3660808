"""Tables of this process as tables of Spark, and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa
    from ibis.backends.pyspark import Backend
    from ibis.expr.types import Table
    from pyspark.sql import DataFrame, SparkSession


@contextmanager
def share(session: SparkSession, connection: Backend, frame: pl.DataFrame, by: str) -> Iterator[Table]:
    """Yield a frame as a table that expressions are made of, held in Spark and divided by a column."""
    name = f"movierec_{uuid4().hex}"
    shared = session.createDataFrame(frame.to_arrow()).repartition(by).persist()
    try:
        shared.createOrReplaceTempView(name)
        yield connection.table(name)
    finally:
        session.catalog.dropTempView(name)
        shared.unpersist()


def collect(frame: DataFrame) -> pl.DataFrame:
    """Return all rows of a Spark table."""
    return from_arrow(frame.toArrow())


def from_arrow(rows: pa.Table | pa.RecordBatch) -> pl.DataFrame:
    """Return rows that came from Spark."""
    import polars as pl

    return pl.DataFrame(pl.from_arrow(rows))
