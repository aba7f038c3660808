"""The cleaned tables as SQL: DuckDB views over the Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from movierec.data.tables import INTERACTIONS_FILE, ITEMS_FILE, USERS_FILE
from movierec.errors import DataError

WAREHOUSE_FILE: Final = "movierec.duckdb"
_TABLES: Final = {"users": USERS_FILE, "items": ITEMS_FILE, "interactions": INTERACTIONS_FILE}
_VIEWS: Final = {
    "item_popularity": """
        SELECT item_idx, item_id, title, year, genres,
               count(user_idx) AS n_interactions,
               count(rating) AS n_ratings,
               avg(rating) AS mean_rating,
               coalesce(sum(confidence), 0) AS confidence,
               to_timestamp(min("timestamp")) AT TIME ZONE 'UTC' AS first_seen,
               to_timestamp(max("timestamp")) AT TIME ZONE 'UTC' AS last_seen
        FROM items LEFT JOIN interactions USING (item_idx)
        GROUP BY ALL
    """,
    "user_activity": """
        SELECT user_idx, user_id,
               count(*) AS n_interactions,
               avg(rating) AS mean_rating,
               count(*) FILTER (confidence > 0) AS n_positive,
               to_timestamp(min("timestamp")) AT TIME ZONE 'UTC' AS first_seen,
               to_timestamp(max("timestamp")) AT TIME ZONE 'UTC' AS last_seen
        FROM users JOIN interactions USING (user_idx)
        GROUP BY ALL
    """,
    "genre_popularity": """
        SELECT genre,
               count(DISTINCT item_idx) AS n_items,
               count(user_idx) AS n_interactions,
               avg(rating) AS mean_rating
        FROM (SELECT item_idx, unnest(genres) AS genre FROM items)
        LEFT JOIN interactions USING (item_idx)
        GROUP BY genre
    """,
}


def open_warehouse(folder: Path) -> duckdb.DuckDBPyConnection:
    """Open ``movierec.duckdb`` in an ingested data set's folder, its views renewed.

    The views ``users``, ``items``, ``interactions``, ``item_popularity``, ``user_activity`` and
    ``genre_popularity`` point at the folder as it is called now, so it may be moved between calls.

    Parameters
    ----------
    folder : a folder below ``Settings.processed_dir``

    Raises
    ------
    DataError
        If the folder holds no tables or another program has the file open.
    """
    missing = [name for name in _TABLES.values() if not (folder / name).is_file()]
    if missing:
        raise DataError(f"{folder} lacks {', '.join(missing)}; ingest the data set first")
    try:
        connection = duckdb.connect(folder / WAREHOUSE_FILE)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0][:160]
        raise DataError(
            f"cannot open {folder / WAREHOUSE_FILE}: {reason}; close the program that has it open"
        ) from error
    for view, file in _TABLES.items():
        path = str((folder / file).resolve()).replace("'", "''")
        connection.execute(f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM read_parquet('{path}')")  # noqa: S608 # nosec B608
    for view, query in _VIEWS.items():
        connection.execute(f"CREATE OR REPLACE VIEW {view} AS {query}")
    return connection
