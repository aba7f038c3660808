from __future__ import annotations

import json

import pytest

from movierec.data.harvest.rows import find, read_event, read_item, read_time
from movierec.data.harvest.spec import ENDPOINTS, SourceSpec, read_spec
from movierec.errors import ConfigError

SPEC = SourceSpec(url="https://api.example.org/")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1_700_000_000, "1700000000"),
        ("1700000000", "1700000000"),
        (1_700_000_000_123, "1700000000"),
        ("2023-11-14T22:13:20Z", "1700000000"),
        ("2023-11-14T23:13:20+01:00", "1700000000"),
        ("2023-11-14 22:13:20", "1700000000"),
        ("yesterday", "yesterday"),
        (None, ""),
        (True, "1"),
    ],
)
def test_times_of_all_kinds_become_seconds(value, seconds):
    assert read_time(value) == seconds


def test_the_first_name_a_row_has_counts_and_dots_reach_into_objects():
    assert find({"a": {"b": 0}, "c": 1}, ("x", "a.b", "c")) == 0
    assert find({"a": {}, "c": ""}, ("a", "c", "d.e")) is None


def test_ratings_are_brought_to_five_stars_and_odd_ones_left_to_ingest():
    rated = ENDPOINTS[2]
    spec = SPEC.model_copy(update={"rating_scale": 10.0})
    row = {"user_id": 1, "post_id": 2, "rated_at": 3}
    assert read_event(row | {"rating": 7}, rated, spec) == ("1", "2", "rating", "3", "3.5")
    assert read_event(row | {"rating": "good"}, rated, spec)[-1] == "good"
    assert read_event({}, rated, spec) == ("", "", "rating", "", "")


def test_genres_come_as_text_lists_or_objects():
    names = [
        read_item({"id": 1, "title": "A", "genres": genres}, SPEC)[3]
        for genres in ("Drama|War", ["Drama", "War"], [{"name": "Drama"}, {"name": "War"}], None)
    ]
    assert names == ["Drama|War", "Drama|War", "Drama|War", ""]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"url": "http://api.example.org"}, "must begin with https://"),
        ({"url": "https://u:p@api.example.org"}, "neither a user nor a query"),
        ({"url": "https://a.org", "page_size": 0}, "page_size"),
        ({"url": "https://a.org", "endpoints": [{"name": "x", "path": "x"}]}, "endpoints.0.path"),
        ({"url": "https://a.org", "typo": 1}, "typo"),
        ({}, "url"),
        ([], "JSON object"),
    ],
)
def test_a_spec_that_cannot_be_used_is_told_by_field(tmp_path, given, told):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(given))
    with pytest.raises(ConfigError, match=told):
        read_spec(None, path)


def test_what_the_command_line_chose_comes_before_the_file(tmp_path):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps({"url": "https://a.org", "page_size": 7}))
    spec = read_spec("http://127.0.0.1:9/x/", path, page_size=None, token_header="X-Token")
    assert (spec.url, spec.page_size, spec.token_header) == ("http://127.0.0.1:9/x", 7, "X-Token")
