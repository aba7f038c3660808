from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.data.cleaning import merge_repeats, screen_interactions, screen_items
from movierec.data.confidence import ConfidenceConfig
from movierec.data.readers.tables import ITEM_SCHEMA, complete_items

CONFIG = ConfidenceConfig()
COLUMNS = ("user_id", "item_id", "event", "value", "timestamp", "overflow")
SOUND = {"user_id": "u", "item_id": "i", "event": "rating", "value": "4", "timestamp": "10", "overflow": None}


def raw(*changes: dict[str, str | None]) -> pl.DataFrame:
    rows = [SOUND | change for change in changes]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String))
    return frame.with_row_index("line", offset=2)


def reasons(*changes: dict[str, str | None]) -> list[str]:
    return screen_interactions(raw(*changes), "x.csv", CONFIG)[1]["reason"].to_list()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"user_id": None}, "blank user"),
        ({"item_id": None}, "blank item"),
        ({"user_id": "u" * 65}, "user id longer than 64 characters"),
        ({"item_id": "a\tb"}, "item id with control characters"),
        ({"user_id": "a\u202eb"}, "user id with control characters"),
        ({"value": None}, "blank rating"),
        ({"value": "good"}, "rating is not a number"),
        ({"value": "NaN"}, "rating is not a number"),
        ({"value": "inf"}, "rating is not a number"),
        ({"value": "0.4"}, "rating outside 0.5 to 5"),
        ({"value": "5.5"}, "rating outside 0.5 to 5"),
        ({"value": "-1"}, "rating outside 0.5 to 5"),
        ({"timestamp": None}, "blank timestamp"),
        ({"timestamp": "-5"}, "timestamp is not a whole number of seconds since 1970"),
        ({"timestamp": "1.5"}, "timestamp is not a whole number of seconds since 1970"),
        ({"timestamp": "2020-01-01"}, "timestamp is not a whole number of seconds since 1970"),
        ({"timestamp": "1700000000000"}, "timestamp after the year 2100 (milliseconds?)"),
        ({"timestamp": "9" * 40}, "timestamp after the year 2100 (milliseconds?)"),
        ({"event": None}, "blank event"),
        ({"event": "hover"}, "unknown event"),
        ({"event": "watch", "value": "0"}, "value is not a positive number"),
        ({"event": "watch", "value": "NaN"}, "value is not a positive number"),
        ({"overflow": "more"}, "too many fields"),
    ],
)
def test_broken_row_is_set_aside_with_its_reason(change: dict[str, str | None], reason: str) -> None:
    sound, broken = screen_interactions(raw({}, change), "x.csv", CONFIG)
    assert sound["line"].to_list() == [2]
    assert broken.select("file", "line", "reason").rows() == [("x.csv", 3, reason)]


@pytest.mark.parametrize(
    "change",
    [
        {"value": "0.5"},
        {"value": "5.0"},
        {"timestamp": "0"},
        {"event": "WATCH", "value": None},
        {"user_id": "u" * 64},
    ],
)
def test_rows_at_the_edge_are_sound(change: dict[str, str | None]) -> None:
    assert reasons(change) == []


CELL = st.one_of(
    st.none(), st.text(max_size=6), st.sampled_from(["rating", "watch", "4", "10", "nan", "1e3"])
)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, CELL)), max_size=12))
def test_every_row_is_either_sound_and_typed_or_set_aside(rows: list[dict[str, str | None]]) -> None:
    cleaned = [{name: (cell or "").strip() or None for name, cell in row.items()} for row in rows]
    sound, broken = screen_interactions(raw(*cleaned), "x.csv", CONFIG)
    assert sorted(sound["line"].to_list() + broken["line"].to_list()) == list(range(2, 2 + len(rows)))
    stars = sound.filter(pl.col("event") == "rating")["value"].to_list()
    assert all(0.5 <= star <= 5 for star in stars)
    assert all(value is None or (math.isfinite(value) and value > 0) for value in sound["value"].to_list())
    merged = merge_repeats(sound, CONFIG)
    assert merged.select("user_id", "item_id").is_unique().all()
    assert merged["confidence"].is_finite().all()


def test_equal_ids_in_two_spellings_are_one() -> None:
    sound, _ = screen_interactions(raw({"user_id": "Zoe\u0308"}, {"user_id": "Zo\u00eb"}), "x.csv", CONFIG)
    assert sound["user_id"].n_unique() == 1


def test_last_rating_by_time_then_by_input_order_stays() -> None:
    sound, _ = screen_interactions(
        raw(
            {"timestamp": "30", "value": "1"},
            {"timestamp": "40", "value": "2"},
            {"timestamp": "40", "value": "3"},
            {"timestamp": "20", "value": "4"},
        ),
        "x.csv",
        CONFIG,
    )
    merged = merge_repeats(sound, CONFIG)
    assert merged.select("rating", "confidence", "timestamp", "line").rows() == [(3.0, 0.5, 40, 4)]


def test_events_add_up_and_a_rating_counts_beside_them() -> None:
    sound, _ = screen_interactions(
        raw(
            {"event": "watch", "value": None, "timestamp": "10"},
            {"event": "watch", "value": "2", "timestamp": "20"},
            {"event": "complete", "value": None, "timestamp": "15"},
            {"event": "rating", "value": "4", "timestamp": "12"},
            {"user_id": "v", "event": "like", "value": None, "timestamp": "5"},
        ),
        "x.csv",
        CONFIG,
    )
    merged = merge_repeats(sound, CONFIG).sort("user_id")
    assert merged.select("user_id", "rating", "confidence", "timestamp").rows() == [
        ("u", 4.0, 1 + 2 + 3 + 1.5, 20),
        ("v", None, 2.0, 5),
    ]


def test_event_weights_come_from_the_config() -> None:
    config = ConfidenceConfig(event_weights={"hover": 0.25})
    sound, broken = screen_interactions(
        raw({"event": "hover", "value": None}, {"event": "watch", "value": None}), "x.csv", config
    )
    assert broken["reason"].to_list() == ["unknown event"]
    assert merge_repeats(sound, config)["confidence"].to_list() == [0.25]


def items(*rows: tuple[str | None, str | None, int | None]) -> pl.DataFrame:
    schema = {name: ITEM_SCHEMA[name] for name in ("item_id", "title", "year")}
    frame = pl.DataFrame(list(rows), schema=schema, orient="row").with_columns(
        pl.lit(None, pl.String).alias("overflow")
    )
    return complete_items(frame.with_row_index("line", offset=2))


def test_items_keep_one_row_per_id_whatever_the_order() -> None:
    rows = [("1", "B", 2000), ("1", "A", 1990), ("2", None, 3000), ("3", "x\ty", None)]
    forward, _ = screen_items(items(*rows), "i.csv")
    backward, _ = screen_items(items(*reversed(rows)), "i.csv")
    assert forward.equals(backward)
    assert forward.select("item_id", "title", "year").rows() == [
        ("1", "A", 1990),
        ("2", "2", 0),
        ("3", "x y", 0),
    ]


def test_items_without_id_are_set_aside() -> None:
    sound, broken = screen_items(items((None, "A", 1990), ("1", "B", 1991)), "i.csv")
    assert sound["item_id"].to_list() == ["1"]
    assert broken.rows() == [("i.csv", 2, "blank item", ",A,")]
