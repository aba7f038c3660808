from __future__ import annotations

import json
from pathlib import Path

import pytest
from misbehaving_server import PATHS, MisbehavingServer

from movierec.config import Settings
from movierec.data.dataset import load_dataset
from movierec.data.harvest.archive import PullStatus, find_pulls, read_status
from movierec.data.harvest.harvester import pull
from movierec.data.harvest.pages import HttpPages
from movierec.data.harvest.spec import SourceSpec
from movierec.errors import DataError

FILES = ("interactions.csv", "items.csv", "users.csv")
N_EVENTS = sum(len(PATHS[path]) for path in ("/posts/view", "/posts/like", "/posts/rating"))


def run(server: MisbehavingServer, folder: Path, size: int = 4, refresh: bool = False) -> PullStatus:
    spec = SourceSpec(url=server.url, page_size=size, rating_scale=100)
    with HttpPages(spec, server.token, timeout=(2.0, 0.2), backoff_seconds=0.0) as pages:
        return pull(pages, spec, folder, refresh=refresh)


def read(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("good")
    with MisbehavingServer() as server:
        done = run(server, folder)
    assert (done.state, done.interactions, done.items, done.users) == ("complete", N_EVENTS, 5, 5)
    return read(folder)


def test_rows_are_those_of_the_source(expected):
    lines = expected["interactions.csv"].decode().splitlines()
    assert lines[0] == "user_id,item_id,event,timestamp,value"
    assert {"0,0,watch,1700000000,", "3,3,like,1700000003,", "4,0,rating,1700000099,4"} < set(lines)
    assert expected["items.csv"].decode().splitlines()[1:3] == ["0,Clip 0,,Sport", "1,Clip 1,,Music"]
    assert expected["users.csv"].decode().splitlines()[1:] == list("01234")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_failures_that_pass_are_waited_out(tmp_path, expected, status):
    with MisbehavingServer(lambda path, page, attempt: status if attempt <= 2 else None) as server:
        run(server, tmp_path)
    assert read(tmp_path) == expected


def test_an_answer_that_never_comes_is_asked_for_again(tmp_path, expected):
    def hang_once(path, page, attempt):
        return "hang" if (path, page, attempt) == ("/posts/view", 2, 1) else None

    with MisbehavingServer(hang_once) as server:
        run(server, tmp_path)
    assert read(tmp_path) == expected


def test_an_answer_cut_short_is_asked_for_again(tmp_path, expected):
    with MisbehavingServer(lambda path, page, attempt: b'{"posts": [{' if attempt == 1 else None) as server:
        run(server, tmp_path)
    assert read(tmp_path) == expected


def test_pages_that_come_twice_count_once(tmp_path, expected):
    """Page 3 of the views repeats page 2, so the last rows slide to a page of their own."""
    with MisbehavingServer(lambda path, page, attempt: "repeat" if page >= 3 else None) as server:
        done = run(server, tmp_path)
    assert done.endpoints["viewed"].rows == len(PATHS["/posts/view"]) + 4
    assert read(tmp_path) == expected


def test_a_server_that_repeats_its_last_page_for_ever_ends(tmp_path, expected):
    def repeat_last(path, page, attempt):
        rows = PATHS[path]
        last = -(-len(rows) // 4)
        if page <= last:
            return None

        return json.dumps(rows[(last - 1) * 4 :]).encode()

    with MisbehavingServer(repeat_last) as server:
        run(server, tmp_path)
        assert read(tmp_path) == expected
        before = sorted(path.name for path in tmp_path.rglob("*.json"))
        run(server, tmp_path)
        assert sorted(path.name for path in tmp_path.rglob("*.json")) == before


def test_an_interrupted_pull_goes_on_where_it_was(tmp_path, expected):
    broken = MisbehavingServer(
        lambda path, page, attempt: 400 if (path, page) == ("/posts/view", 3) else None
    )
    with broken as server, pytest.raises(DataError, match=r"viewed, page 3: the server answered 400"):
        run(server, tmp_path)
    status = read_status(tmp_path)
    assert (status.state, status.endpoints["viewed"].pages) == ("failed", 2)
    assert not (tmp_path / "interactions.csv").exists()
    with MisbehavingServer() as server:
        run(server, tmp_path)
        assert ("/posts/view", 1) not in server.asked
    assert read(tmp_path) == expected


def test_a_press_of_ctrl_c_loses_no_page(tmp_path, expected):
    class Impatient(HttpPages):
        def read_page(self, endpoint, number):
            if number == 3:
                raise KeyboardInterrupt
            return super().read_page(endpoint, number)

    with MisbehavingServer() as server:
        spec = SourceSpec(url=server.url, page_size=4, rating_scale=100)
        with Impatient(spec) as pages, pytest.raises(KeyboardInterrupt):
            pull(pages, spec, tmp_path)
        assert read_status(tmp_path).state == "interrupted"
        assert read_status(tmp_path).endpoints["viewed"].pages == 2
        run(server, tmp_path)
    assert read(tmp_path) == expected


def test_run_again_it_brings_what_is_new_and_nothing_twice(tmp_path, expected):
    with MisbehavingServer() as server:
        run(server, tmp_path)
        run(server, tmp_path)
        assert read(tmp_path) == expected
        server.rows["/posts/like"].append({"username": "0", "post_id": 4, "liked_at": 1_700_000_500})
        assert run(server, tmp_path).interactions == N_EVENTS + 1


def test_refresh_forgets_what_the_source_has_forgotten(tmp_path):
    with MisbehavingServer() as server:
        run(server, tmp_path)
        server.rows["/posts/view"] = server.rows["/posts/view"][:6]
        assert run(server, tmp_path, refresh=True).interactions == N_EVENTS - len(PATHS["/posts/view"]) + 6


def test_the_token_goes_in_its_header_and_nowhere_else(tmp_path):
    with MisbehavingServer(token="s3cret") as server:
        run(server, tmp_path)
        assert "s3cret" not in "".join(path for path, _ in server.asked)
        for path in tmp_path.rglob("*"):
            assert path.is_dir() or b"s3cret" not in path.read_bytes()
        server.token = "other"
        spec = SourceSpec(url=server.url)
        with HttpPages(spec, "wrong") as pages, pytest.raises(DataError, match="check the token"):
            pull(pages, spec, tmp_path / "refused")


def test_redirects_are_not_followed(tmp_path):
    with MisbehavingServer(lambda path, page, attempt: 302) as server, pytest.raises(DataError, match="302"):
        run(server, tmp_path)


def test_what_was_pulled_is_a_data_set(tmp_path):
    settings = Settings(home=tmp_path)
    with MisbehavingServer() as server:
        run(server, settings.raw_dir / "clips")
    assert find_pulls(settings.raw_dir)["clips"].state == "complete"
    dataset = load_dataset("clips", settings)
    assert (dataset.info.n_users, dataset.info.n_items, dataset.info.n_quarantined) == (5, 5, 0)
    assert dataset.catalog.title[0] == "Clip 0"
    rated = dataset.interactions.rating[~(dataset.interactions.rating != dataset.interactions.rating)]
    assert set(rated.tolist()) == {4.0}
