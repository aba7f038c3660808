import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest

from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.export import JSONL_NAME, PARQUET_NAME, export_jsonl, export_parquet
from movierec.feedback.store import FeedbackStore


def test_both_files_hold_every_event_in_order(
    store: FeedbackStore, tell: Callable[..., UUID], tmp_path: Path
) -> None:
    like = tell("like", item="Amélie")
    tell("undo", item="Amélie", undoes=like)
    store.append(
        FeedbackEvent(
            uuid.uuid4(), "v", "j", FeedbackAction.SAVE, client_time=datetime(2026, 1, 1, tzinfo=UTC),
            context={"page": "a\nb"},
        )
    )  # fmt: skip
    events = list(store.events())
    assert export_jsonl(store.events(), tmp_path / "out" / JSONL_NAME) == 3
    assert export_parquet(store.events(), tmp_path / "out" / PARQUET_NAME) == 3

    lines = (tmp_path / "out" / JSONL_NAME).read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    table = pl.read_parquet(tmp_path / "out" / PARQUET_NAME)
    assert [UUID(record["event_id"]) for record in records] == [event.event_id for event in events]
    assert [record["action"] for record in records] == table["action"].to_list() == ["like", "undo", "save"]
    assert records[1]["undoes"] == table["undoes"][1] == str(like)
    assert [datetime.fromisoformat(record["server_time"]) for record in records] == table[
        "server_time"
    ].to_list()
    assert table["server_time"].to_list() == [event.server_time for event in events]
    assert records[2]["context"] == json.loads(table["context"][2]) == {"page": "a\nb"}
    assert table["client_time"].to_list() == [None, None, datetime(2026, 1, 1, tzinfo=UTC)]


def test_no_events_make_empty_files(tmp_path: Path) -> None:
    assert export_jsonl([], tmp_path / JSONL_NAME) == 0
    assert export_parquet([], tmp_path / PARQUET_NAME) == 0
    assert (tmp_path / JSONL_NAME).read_bytes() == b""
    assert pl.read_parquet(tmp_path / PARQUET_NAME).is_empty()


@pytest.mark.parametrize("export", [export_jsonl, export_parquet])
def test_a_failed_export_leaves_the_old_file(tmp_path: Path, export: Callable[..., int]) -> None:
    def fail() -> Iterator[FeedbackEvent]:
        yield FeedbackEvent(uuid.uuid4(), "u", "i", FeedbackAction.LIKE)
        raise RuntimeError("gone")

    path = tmp_path / "out"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        export(fail(), path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
    assert path.read_text() == "old"
