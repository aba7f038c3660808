"""Events from Parquet, read, screened and merged on Spark: a folder or an object store.

The layout is that of the CSV files, one table each, as ``ratings.parquet`` or a folder ``ratings`` of parts:

- ``ratings`` (userId, movieId, rating, timestamp) and, if there is one, ``movies`` (movieId, title, genres);
- ``interactions`` (user_id, item_id, event, timestamp, perhaps value) and, if there is one, ``items``.

Rows are judged and merged by the code that does so for CSV, some at a time on the workers, which therefore
need MovieRec installed. What is left comes to the driver: a bundle holds it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import polars as pl

from movierec.config import Settings
from movierec.data.cleaning import RATING_EVENT, merge_repeats, screen_interactions, screen_items
from movierec.data.dataset import load_dataset
from movierec.data.ingest import (
    IngestConfig,
    Origin,
    index_dataset,
    publish_tables,
    refuse_too_many,
)
from movierec.data.readers.delimited import LINE, OVERFLOW
from movierec.data.readers.own import type_items
from movierec.data.readers.tables import ITEM_SCHEMA, complete_items, name_genres, name_items
from movierec.errors import DataError, LayoutError
from movierec.schema import Columns, Dataset
from movierec.spark.tables import collect, from_arrow

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

Progress = Callable[[str], None]

KEPT_BROKEN: Final = 10_000
"""Broken rows that are kept to be looked at; all of them are counted."""

_REASON: Final = "reason"
_RATINGS: Final = {
    "userId": Columns.USER_ID,
    "movieId": Columns.ITEM_ID,
    "rating": Columns.VALUE,
    "timestamp": Columns.TIMESTAMP,
}
_OWN: Final = {name: name for name in (Columns.USER_ID, Columns.ITEM_ID, Columns.EVENT, Columns.TIMESTAMP)}
_JUDGED: Final = (
    f"{LINE} bigint, {Columns.USER_ID} string, {Columns.ITEM_ID} string, {Columns.EVENT} string, "
    f"{Columns.VALUE} double, {Columns.TIMESTAMP} bigint, file string, {_REASON} string, row string"
)
_MERGED: Final = (
    f"{Columns.USER_ID} string, {Columns.ITEM_ID} string, {Columns.RATING} float, "
    f"{Columns.CONFIDENCE} float, {Columns.TIMESTAMP} bigint, {LINE} bigint"
)
_BROKEN: Final = ("file", LINE, _REASON, "row")


def load_events(
    spec: str, settings: Settings, session: SparkSession, progress: Progress | None = None
) -> Dataset:
    """Return a data set ready for use: from Parquet where there is some, else as the embedded build does.

    Raises
    ------
    LayoutError
        If a URL holds no Parquet in a known layout, or a table lacks columns.
    QuarantineError, DataError
        If what is there cannot be used.
    """
    root = spec.rstrip("/")
    found = _find(session, root)
    if found is None:
        if re.match(r"[a-zA-Z][\w+.-]*://", spec):
            raise LayoutError(
                f"{spec} holds no Parquet in a known layout: expected ratings (and movies) or interactions "
                "(and items), each as NAME.parquet or as a folder NAME"
            )
        return load_dataset(spec, settings, progress)
    table, events = found
    config = IngestConfig()
    say = progress or (lambda _: None)
    name = re.sub(r"[^\w.-]+", "-", root.rsplit("/", 1)[-1]).strip(".-") or "dataset"
    origin = Origin(name, "as agreed with whoever supplied the data", "")
    folder = settings.processed_dir / name
    say(f"{name}: reading {table} from Parquet on Spark")
    judged = _judge(_unify(events, table), table, config).persist()
    try:
        n_rows = judged.count()
        broken = judged.filter(f"{_REASON} is not null").select(*_BROKEN)
        n_broken = broken.count()
        aside = collect(broken.limit(KEPT_BROKEN))
        refuse_too_many(aside, n_broken, n_rows, aside, config.max_quarantined, folder)
        items, broken_items = _read_items(session, root, "movies" if table == "ratings" else "items")
        merged = collect(_merge(judged, config))
    finally:
        judged.unpersist()
    if merged.is_empty():
        raise DataError(f"{table} of {name} has no usable rows; give at least one interaction")
    aside = pl.concat([aside, broken_items], how="vertical_relaxed")
    say(f"{name}: {n_broken + broken_items.height:,} rows set aside, {merged.height:,} interactions kept")
    dataset = index_dataset(origin, merged, items, n_broken + broken_items.height)
    publish_tables(dataset, aside, f"parquet {dataset.info.content_hash}", folder)
    return dataset


def _find(session: SparkSession, root: str) -> tuple[str, DataFrame] | None:
    for table in ("ratings", "interactions"):
        events = _open(session, root, table)
        if events is not None:
            return table, events
    return None


def _open(session: SparkSession, root: str, table: str) -> DataFrame | None:
    """Return a table by name, None where there is none; raises ``DataError`` where it cannot be read."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import AnalysisException

    for path in (f"{root}/{table}.parquet", f"{root}/{table}"):
        try:
            return session.read.parquet(path)
        except AnalysisException as error:
            if error.getCondition() != "PATH_NOT_FOUND":
                raise DataError(f"cannot read {path}: {str(error).splitlines()[0][:200]}") from error
        except Py4JJavaError as error:
            reason = str(error.java_exception).splitlines()[0][:200]
            raise DataError(f"cannot read {path}: {reason}") from error
    return None


def _unify(events: DataFrame, table: str) -> DataFrame:
    """Return the columns the readers of CSV give, all of them text, and the position as line."""
    from pyspark.sql import functions as f
    from pyspark.sql.types import TimestampNTZType, TimestampType

    wanted = _RATINGS if table == "ratings" else _OWN
    missing = [name for name in wanted if name not in events.columns]
    if missing:
        raise LayoutError(
            f"{table} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            f"found {', '.join(events.columns)}"
        )
    columns = {
        own: f.col(f"`{name}`").cast("timestamp").cast("bigint").cast("string")
        if isinstance(events.schema[name].dataType, (TimestampType, TimestampNTZType))
        else f.trim(f.col(f"`{name}`").cast("string"))
        for name, own in wanted.items()
    }
    if table == "ratings":
        columns[Columns.EVENT] = f.lit(RATING_EVENT)
    elif Columns.VALUE in events.columns:
        columns[Columns.VALUE] = f.trim(f.col(Columns.VALUE).cast("string"))
    else:
        columns[Columns.VALUE] = f.lit(None).cast("string")
    ordered = (Columns.USER_ID, Columns.ITEM_ID, Columns.EVENT, Columns.VALUE, Columns.TIMESTAMP)
    return _number(events).select(
        LINE,
        # Blank and missing are the same, as in CSV.
        *(f.nullif(columns[name], f.lit("")).alias(name) for name in ordered),
        f.lit(None).cast("string").alias(OVERFLOW),
    )


def _number(events: DataFrame) -> DataFrame:
    """Add the line of every row: files in the order of their names, however Spark divides them."""
    from pyspark.sql import functions as f

    file, row = "_file", "_row"
    placed = events.select(
        "*", f.col("_metadata.file_path").alias(file), f.col("_metadata.row_index").alias(row)
    )
    sizes = placed.groupBy(file).agg((f.max(row) + 1).alias("size")).orderBy(file).collect()
    starts = accumulate((size for _, size in sizes), initial=1)
    offsets = [(name, start) for (name, _), start in zip(sizes, starts, strict=False)]
    first = events.sparkSession.createDataFrame(offsets, f"{file} string, _first bigint")
    return placed.join(f.broadcast(first), file).withColumn(LINE, f.col(row) + f.col("_first"))


def _judge(events: DataFrame, table: str, config: IngestConfig) -> DataFrame:
    file, confidence = f"{table}.parquet", config.confidence

    def judge(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            sound, broken = screen_interactions(from_arrow(batch), file, confidence)
            both = pl.concat([sound, broken], how="diagonal")
            yield from _to_batches(both, _JUDGED)

    return events.mapInArrow(judge, _JUDGED)


def _merge(judged: DataFrame, config: IngestConfig) -> DataFrame:
    """Make one row per user and item, a bucket of users at a time."""
    from pyspark.sql import functions as f

    confidence = config.confidence

    def merge(rows: pa.Table) -> pa.Table:
        return _to_table(merge_repeats(from_arrow(rows), confidence), _MERGED)

    columns = (LINE, Columns.USER_ID, Columns.ITEM_ID, Columns.EVENT, Columns.VALUE, Columns.TIMESTAMP)
    sound = judged.filter(f"{_REASON} is null").select(*columns)
    buckets = max(2 * judged.rdd.getNumPartitions(), 8)
    bucket = f.pmod(f.xxhash64(Columns.USER_ID), f.lit(buckets)).cast("int")
    return sound.groupBy(bucket.alias("bucket")).applyInArrow(merge, _MERGED)


def _read_items(session: SparkSession, root: str, table: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return sound items and broken ones; all of them are brought to the driver."""
    found = _open(session, root, table)
    if found is None:
        rows = pl.DataFrame(schema={LINE: pl.Int64, **ITEM_SCHEMA, OVERFLOW: pl.String})
        return screen_items(rows, f"{table}.parquet")
    rows = collect(found)
    rows = rows.rename({"movieId": Columns.ITEM_ID} if table == "movies" else {})
    needed = (Columns.ITEM_ID, Columns.TITLE)
    missing = [name for name in needed if name not in rows.columns]
    if missing:
        raise LayoutError(f"{table} lacks {', '.join(missing)}; found {', '.join(found.columns)}")
    rows = rows.select(name for name in rows.columns if name in ITEM_SCHEMA).with_columns(
        (pl.col(name).list.join("|") if isinstance(dtype, pl.List) else pl.col(name).cast(pl.String))
        .str.strip_chars()
        .replace("", None)
        for name, dtype in rows.schema.items()
        if name in ITEM_SCHEMA
    )
    rows = rows.with_row_index(LINE, offset=1).with_columns(pl.lit(None, pl.String).alias(OVERFLOW))
    if table == "movies":
        rows = name_items(rows)
        if Columns.GENRES in rows.columns:
            rows = rows.with_columns(name_genres(pl.col(Columns.GENRES)))
    else:
        rows = type_items(rows)
    return screen_items(complete_items(rows), f"{table}.parquet")


def _to_table(frame: pl.DataFrame, schema: str) -> pa.Table:
    """Return the columns of a Spark schema, in its order and its types."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "bigint": pa.int64(),
        "double": pa.float64(),
        "float": pa.float32(),
    }
    fields = [part.split() for part in schema.split(", ")]
    arrow = pa.schema([(name, types[kind]) for name, kind in fields])
    return frame.select(name for name, _ in fields).to_arrow().cast(arrow)


def _to_batches(frame: pl.DataFrame, schema: str) -> list[pa.RecordBatch]:
    batches: list[pa.RecordBatch] = _to_table(frame, schema).to_batches()
    return batches
