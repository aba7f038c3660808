from __future__ import annotations

import json

import polars as pl
import pytest


def test_list_prints_events_oldest_first(run, tmp_path, give_feedback):
    give_feedback(tmp_path, "u1", "m1")
    give_feedback(tmp_path, "u2", "m2")
    status, out, err = run("feedback", "list", "--home", tmp_path, "--dataset", "toy")
    assert (status, err) == (0, "")
    rows = [line.split("\t") for line in out.splitlines()]
    assert [row[1:] for row in rows] == [["u1", "like", "m1"], ["u2", "like", "m2"]]
    assert rows[0][0] == "2026-03-01T12:00:00Z"
    assert run("feedback", "list", "--home", tmp_path, "--dataset", "toy", "--user", "u2")[1].count("\n") == 1


def test_feedback_of_another_data_set_is_not_shown(run, tmp_path, give_feedback):
    give_feedback(tmp_path, "u1", "m1")
    assert run("feedback", "list", "--home", tmp_path, "--dataset", "other") == (0, "", "")


def test_export_writes_both_files(run, tmp_path, give_feedback):
    give_feedback(tmp_path, "u1", "m1")
    folder = tmp_path / "files"
    status, out, err = run("feedback", "export", "--home", tmp_path, "--dataset", "toy", "--out", folder)
    assert (status, err) == (0, "1 events\n")
    lines, table = folder / "ui_feedback.jsonl", folder / "ui_feedback.parquet"
    assert out == f"{lines}\n{table}\n"
    (event,) = (json.loads(line) for line in lines.read_text().splitlines())
    assert (event["user_id"], event["item_id"], event["action"]) == ("u1", "m1", "like")
    assert pl.read_parquet(table)["item_id"].to_list() == ["m1"]


def test_export_before_any_feedback_gives_empty_files_and_no_database(run, tmp_path):
    status, _, err = run("feedback", "export", "--home", tmp_path)
    assert (status, err) == (0, "0 events\n")
    assert (tmp_path / "exports" / "ui_feedback.jsonl").read_bytes() == b""
    assert not (tmp_path / "feedback.sqlite3").exists()


def test_data_set_is_needed_where_no_bundle_names_one(run, tmp_path, give_feedback):
    give_feedback(tmp_path, "u1", "m1")
    status, out, err = run("feedback", "list", "--home", tmp_path)
    assert (status, out) == (2, "")
    assert err.startswith("movierec feedback list: no bundle in ")


@pytest.mark.parametrize("command", ["list", "export"])
def test_unusable_store_is_one_line(command, run, tmp_path):
    (tmp_path / "feedback.sqlite3").write_bytes(b"not a database, but long enough to be read as one" * 50)
    status, out, err = run("feedback", command, "--home", tmp_path, "--dataset", "toy")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith(f"movierec feedback {command}: ")
