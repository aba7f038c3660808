"""Which rows are sound, why the others are not, and what remains of repeated ones."""

from __future__ import annotations

from typing import Final

import polars as pl

from movierec.data.confidence import ConfidenceConfig, from_ratings
from movierec.data.readers.delimited import LINE, OVERFLOW
from movierec.data.readers.tables import ITEM_SCHEMA
from movierec.schema import Columns

MIN_RATING: Final = 0.5
MAX_RATING: Final = 5.0
MAX_ID_LENGTH: Final = 64
MAX_TITLE_LENGTH: Final = 300
MAX_TIMESTAMP: Final = 4_102_444_800  # 2100-01-01: what lies beyond is most likely milliseconds
RATING_EVENT: Final = "rating"
_REASON: Final = "reason"
_UNSEEN: Final = r"[\p{Cc}\p{Cf}]"


def screen_interactions(
    rows: pl.DataFrame, file: str, config: ConfidenceConfig
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part sound interactions from broken ones.

    Parameters
    ----------
    rows : strings, as the readers return them
    file : where they came from, for the quarantine
    config : the events that are known

    Returns
    -------
    sound rows with ``value`` float64, ``timestamp`` int64; quarantine ``file, line, reason, row``
    """
    rows = rows.with_columns(_normalise(Columns.USER_ID), _normalise(Columns.ITEM_ID))
    event = pl.col(Columns.EVENT).str.to_lowercase()
    value = pl.col(Columns.VALUE).cast(pl.Float64, strict=False)
    reason = pl.coalesce(
        _when(pl.col(OVERFLOW).is_not_null(), "too many fields"),
        *_id_problems(Columns.USER_ID, "user"),
        *_id_problems(Columns.ITEM_ID, "item"),
        _when(event.is_null(), "blank event"),
        _when(~event.is_in([RATING_EVENT, *config.event_weights]), "unknown event"),
        pl.when(event == RATING_EVENT).then(_rating_problem(value)).otherwise(_value_problem(value)),
        _timestamp_problem(),
    )
    judged = rows.with_columns(reason.alias(_REASON))
    sound = judged.filter(pl.col(_REASON).is_null()).select(
        LINE,
        Columns.USER_ID,
        Columns.ITEM_ID,
        event,
        value,
        pl.col(Columns.TIMESTAMP).cast(pl.Int64),
    )
    fields = (Columns.USER_ID, Columns.ITEM_ID, Columns.EVENT, Columns.VALUE, Columns.TIMESTAMP, OVERFLOW)
    return sound, _quarantine(judged, file, fields)


def screen_items(rows: pl.DataFrame, file: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part sound items from broken ones; repeated ids keep one row, whatever the order of the file.

    Returns
    -------
    sound rows of ``ITEM_SCHEMA``, one per id, titles never blank; quarantine ``file, line, reason, row``
    """
    rows = rows.with_columns(_normalise(Columns.ITEM_ID))
    reason = pl.coalesce(
        _when(pl.col(OVERFLOW).is_not_null(), "too many fields"), *_id_problems(Columns.ITEM_ID, "item")
    )
    judged = rows.with_columns(reason.alias(_REASON))
    title = pl.col(Columns.TITLE).str.replace_all(_UNSEEN, " ").str.strip_chars().str.head(MAX_TITLE_LENGTH)
    year = pl.col(Columns.YEAR).fill_null(0)
    sound = (
        judged.filter(pl.col(_REASON).is_null())
        .select(*ITEM_SCHEMA)
        .with_columns(
            pl.when(title != "").then(title).otherwise(Columns.ITEM_ID).alias(Columns.TITLE),
            pl.when(year.is_between(1870, 2100)).then(year).otherwise(0).alias(Columns.YEAR),
        )
        .sort(Columns.ITEM_ID, Columns.TITLE, Columns.YEAR, pl.col(Columns.GENRES).list.join("|"))
        .unique(Columns.ITEM_ID, keep="first", maintain_order=True)
    )
    return sound, _quarantine(judged, file, (Columns.ITEM_ID, Columns.TITLE, OVERFLOW))


def merge_repeats(sound: pl.DataFrame, config: ConfidenceConfig) -> pl.DataFrame:
    """Make one row per user and item.

    Of several ratings the last by (timestamp, input order) stays; other events add up
    ``weight * value`` (a blank value counts once) and keep the last time.

    Returns
    -------
    ``user_id, item_id, rating`` (float32, null without stars)``, confidence`` (float32)``, timestamp, line``
    """
    pair = (Columns.USER_ID, Columns.ITEM_ID)
    is_rating = pl.col(Columns.EVENT) == RATING_EVENT
    ordered = sound.sort(Columns.TIMESTAMP, LINE)
    rated = (
        ordered.filter(is_rating)
        .unique(list(pair), keep="last", maintain_order=True)
        .rename({Columns.VALUE: Columns.RATING})
        .with_columns(pl.col(Columns.RATING).cast(pl.Float32))
    )
    rated = rated.with_columns(
        pl.Series(Columns.CONFIDENCE, from_ratings(rated[Columns.RATING].to_numpy(), config.neutral_rating))
    )
    columns = (*pair, Columns.RATING, Columns.CONFIDENCE, Columns.TIMESTAMP, LINE)
    events = ordered.filter(~is_rating)
    if events.is_empty():
        return rated.select(columns)
    weight = (
        pl.col(Columns.EVENT)
        .cast(pl.String)
        .replace_strict(dict(config.event_weights), return_dtype=pl.Float64)
    )
    weighted = events.with_columns(
        (weight * pl.col(Columns.VALUE).fill_null(1.0)).cast(pl.Float32).alias(Columns.CONFIDENCE),
        pl.lit(None, pl.Float32).alias(Columns.RATING),
    )
    return (
        pl.concat([rated.select(columns), weighted.select(columns)])
        .sort(*pair, Columns.TIMESTAMP, LINE)
        .group_by(pair, maintain_order=True)
        .agg(
            pl.col(Columns.RATING).drop_nulls().last(),
            pl.col(Columns.CONFIDENCE).sum(),
            pl.col(Columns.TIMESTAMP).last(),
            pl.col(LINE).last(),
        )
        .select(columns)
    )


def _normalise(name: str) -> pl.Expr:
    # One id, one spelling: composed and decomposed accents are the same person.
    return pl.col(name).str.normalize("NFC")


def _when(condition: pl.Expr, reason: str) -> pl.Expr:
    return pl.when(condition).then(pl.lit(reason))


def _id_problems(name: str, what: str) -> tuple[pl.Expr, ...]:
    return (
        _when(pl.col(name).is_null(), f"blank {what}"),
        _when(
            pl.col(name).str.len_chars() > MAX_ID_LENGTH, f"{what} id longer than {MAX_ID_LENGTH} characters"
        ),
        _when(pl.col(name).str.contains(_UNSEEN), f"{what} id with control characters"),
    )


def _rating_problem(value: pl.Expr) -> pl.Expr:
    return pl.coalesce(
        _when(pl.col(Columns.VALUE).is_null(), "blank rating"),
        _when(value.is_null() | ~value.is_finite(), "rating is not a number"),
        _when(~value.is_between(MIN_RATING, MAX_RATING), f"rating outside {MIN_RATING:g} to {MAX_RATING:g}"),
    )


def _value_problem(value: pl.Expr) -> pl.Expr:
    given = pl.col(Columns.VALUE).is_not_null()
    return _when(
        given & (value.is_null() | ~value.is_finite() | (value <= 0)), "value is not a positive number"
    )


def _timestamp_problem() -> pl.Expr:
    text = pl.col(Columns.TIMESTAMP)
    return pl.coalesce(
        _when(text.is_null(), "blank timestamp"),
        _when(~text.str.contains(r"^\d+$"), "timestamp is not a whole number of seconds since 1970"),
        _when(
            text.cast(pl.Int64, strict=False).fill_null(MAX_TIMESTAMP + 1) > MAX_TIMESTAMP,
            "timestamp after the year 2100 (milliseconds?)",
        ),
    )


def _quarantine(judged: pl.DataFrame, file: str, fields: tuple[str, ...]) -> pl.DataFrame:
    return judged.filter(pl.col(_REASON).is_not_null()).select(
        pl.lit(file).alias("file"),
        LINE,
        _REASON,
        pl.concat_str([pl.col(name).fill_null("") for name in fields], separator=",").alias("row"),
    )
