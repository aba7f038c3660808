from __future__ import annotations

import csv

import numpy as np
import pytest

from movierec.commands.recommend import AIMS
from movierec.recall.base import Candidates
from movierec.schema import (
    Aim,
    Catalog,
    DatasetInfo,
    Generation,
    History,
    Reason,
    ReasonTag,
    Recommendations,
    RecommendedItem,
)

N_ITEMS = 12


class ToyService:
    """Recommends the unseen items in index order; item ``i`` scores ``-i / 4``."""

    def __init__(self) -> None:
        self.info = DatasetInfo("toy", "0" * 64, False, "free", "", 3, N_ITEMS, 3, 0, 0)
        self.user_index = {"u1": 0, "7": 1, "Zoë": 2}
        titles = (*(f"Film {index}" for index in range(N_ITEMS - 1)), "Trick\x1b[2J")
        self.catalog = Catalog(
            item_id=tuple(f"m{index}" for index in range(N_ITEMS)),
            title=titles,
            year=np.full(N_ITEMS, 1999, np.int32),
            genres=(("Drama",),) * N_ITEMS,
            director=(None,) * N_ITEMS,
            keywords=((),) * N_ITEMS,
            imdb_id=(None,) * N_ITEMS,
            tmdb_id=(None,) * N_ITEMS,
        )
        self.batches = 0
        self.aims: list[Aim] = []

    def trained_history(self, user_idx: int) -> History:
        return make_history([user_idx])

    def effective_history(self, user_idx, feedback) -> History:
        return make_history([user_idx, *(self.catalog.index_of[event.item_id] for event in feedback)])

    def recommend_batch(self, histories, k, aim=Aim.BALANCED):
        self.batches += 1
        self.aims.append(aim)
        found = []
        for history in histories:
            index = np.setdiff1d(np.arange(N_ITEMS), history.item_idx)[:k].astype(np.int32)
            found.append(Candidates(index, (-index / 4).astype(np.float32)))
        return found

    def recommend(self, history, query):
        (found,) = self.recommend_batch([history], query.k)
        reason = Reason(ReasonTag.POPULAR, "Many people like it")
        items = tuple(
            RecommendedItem(place + 1, int(index), 0.0, 0.5, (reason,), ())
            for place, index in enumerate(found.item_idx)
        )
        return Recommendations(items, Generation.V2, "toy", {}, {}, "a note")


def make_history(items: list[int]) -> History:
    ones = np.ones(len(items), np.float32)
    return History(np.array(items, np.int32), ones, ones, np.arange(len(items), dtype=np.int64))


@pytest.fixture
def service(monkeypatch) -> ToyService:
    toy = ToyService()
    monkeypatch.setattr("movierec.service.RecommenderService.open", lambda home: toy)
    return toy


@pytest.fixture
def write_users(tmp_path):
    def write(content: str | bytes):
        path = tmp_path / "users.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def read_table(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_table_has_k_ranked_unseen_films_for_every_user(service, run, write_users, tmp_path):
    users = write_users("userId\nu1\n7\nZoë\n")
    out = tmp_path / "picks.csv"
    status, shown, _ = run("recommend", "--home", tmp_path, "--users", users, "--k", 4, "--out", out)
    assert (status, shown) == (0, "")
    rows = read_table(out)
    assert list(rows[0]) == ["userId", "movieId", "rank", "score"]
    assert [row["userId"] for row in rows] == ["u1"] * 4 + ["7"] * 4 + ["Zoë"] * 4
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4"] * 3
    assert [row["movieId"] for row in rows[:8]] == ["m1", "m2", "m3", "m4", "m0", "m2", "m3", "m4"]
    assert [float(row["score"]) for row in rows[:4]] == [-0.25, -0.5, -0.75, -1.0]


@pytest.mark.parametrize(
    "content",
    [
        "name,userId\nx,u1\n,\ny,7\nz,u1\nw, \n",
        '"userId"\r\n"u1"\r\n\r\n 7 \r\n7\r\n',
        "\ufeffuserId,other\nu1,1\n7,2\n",
    ],
    ids=["columns and blanks", "quotes and windows", "byte order mark"],
)
def test_blank_ids_are_skipped_and_repeated_ones_count_once(content, service, run, write_users, tmp_path):
    status, out, _ = run("recommend", "--home", tmp_path, "--users", write_users(content), "--k", 1)
    assert status == 0
    assert out == "userId,movieId,rank,score\nu1,m1,1,-0.25\n7,m0,1,0.0\n"


def test_many_users_are_asked_in_batches(service, run, write_users, tmp_path, monkeypatch):
    monkeypatch.setattr("movierec.commands.recommend._BATCH", 2)
    # In this process, where the batches can be counted; tests/test_batches.py divides them.
    monkeypatch.setattr("movierec.batches.PROCESSES", 1)
    status, out, err = run(
        "recommend", "--home", tmp_path, "--users", write_users("userId\nu1\n7\nZoë\n"), "--k", 2
    )
    assert status == 0
    assert service.batches == 2
    assert out.count("\n") == 1 + 3 * 2
    assert "3 of 3 users" in err


def test_short_lists_are_as_long_as_the_catalogue_allows(service, run, write_users, tmp_path):
    status, out, err = run(
        "recommend", "--home", tmp_path, "--users", write_users("userId\nu1\n"), "--k", 1000
    )
    assert status == 0
    assert out.count("\n") == 1 + (N_ITEMS - 1)
    assert "1 users have fewer than 1000 films" in err


def test_unknown_users_are_counted_and_nothing_is_written(service, run, write_users, tmp_path):
    ids = [f"x{number}" for number in range(9)]
    users = write_users("userId\nu1\n" + "\n".join(ids) + "\n")
    out = tmp_path / "picks.csv"
    out.write_text("old")
    status, _, err = run("recommend", "--home", tmp_path, "--users", users, "--out", out)
    assert status == 2
    assert err.count("\n") == 1
    assert "9 of 10 user ids" in err
    assert "x0, x1, x2, x3, x4, …" in err
    assert "--skip-unknown" in err
    assert out.read_text() == "old"
    status, _, _ = run(
        "recommend", "--home", tmp_path, "--users", users, "--k", 2, "--out", out, "--skip-unknown"
    )
    assert status == 0
    assert [row["userId"] for row in read_table(out)] == ["u1", "u1"]


def test_no_known_user_at_all_gives_a_table_without_rows(service, run, write_users, tmp_path):
    status, out, _ = run(
        "recommend", "--home", tmp_path, "--users", write_users("userId\nx\n"), "--skip-unknown"
    )
    assert (status, out) == (0, "userId,movieId,rank,score\n")


@pytest.mark.parametrize("k", ["0", "-1", "1001", "1.5", "ten", "", "١"])
def test_k_outside_its_range_is_refused_by_name(k, service, run, write_users, tmp_path):
    status, out, err = run(
        "recommend", "--home", tmp_path, "--users", write_users("userId\nu1\n"), f"--k={k}"
    )
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    for part in ("movierec recommend: ", "--k", "from 1 to 1000", repr(k)):
        assert part in err


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "empty"),
        ("user,name\n1,x\n", "userId"),
        ("userId\n\n \n", "names no user"),
        ("userId,userId\n1,2\n", "twice"),
        (b"\x00\xff\xfe" * 300, "userId"),
    ],
)
def test_unusable_table_of_users_is_one_line(content, expected, service, run, write_users, tmp_path):
    status, out, err = run("recommend", "--home", tmp_path, "--users", write_users(content))
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("movierec recommend: ")
    assert "users.csv" in err
    assert expected in err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "--users FILE.csv or --user ID"),
        (["--users", "users.csv", "--user", "u1"], "--users FILE.csv or --user ID"),
        (["--user", "u1", "--out", "x.csv"], "--out"),
        (["--users", "missing.csv"], "missing.csv"),
        (["--users", "users.csv", "--out", "."], "--out"),
    ],
)
def test_contradicting_options_are_one_line(
    arguments, expected, service, run, write_users, tmp_path, monkeypatch
):
    write_users("userId\nu1\n")
    monkeypatch.chdir(tmp_path)
    status, out, err = run("recommend", *arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert expected in err


def test_missing_bundle_is_one_line(run, write_users, tmp_path):
    status, _, err = run("recommend", "--home", tmp_path / "no", "--users", write_users("userId\nu1\n"))
    assert status == 2
    assert err.count("\n") == 1
    assert "movierec build" in err


def test_failed_write_leaves_the_old_file_and_no_other(service, run, write_users, tmp_path, monkeypatch):
    users = write_users("userId\nu1\n")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "picks.csv").write_text("old")

    def fail(*_):
        raise OSError(28, "No space left on device", "picks.csv")

    monkeypatch.setattr("movierec.artifacts.files.os.replace", fail)
    status, _, err = run("recommend", "--home", tmp_path, "--users", users, "--out", folder / "picks.csv")
    assert status == 2
    assert err.splitlines()[-1] == "movierec recommend: No space left on device: picks.csv"
    assert [path.name for path in folder.iterdir()] == ["picks.csv"]
    assert (folder / "picks.csv").read_text() == "old"


def test_list_for_one_user_shows_reasons_and_no_control_characters(service, run, tmp_path):
    status, out, err = run("recommend", "--home", tmp_path, "--user", "u1", "--k", N_ITEMS)
    assert status == 0
    assert "For viewer u1" in out
    assert "   1. Film 1 (1999)  50%  Drama\n      Many people like it\n" in out
    assert "Trick?[2J" in out
    assert err == "a note\n"


def test_unknown_single_user_is_one_line(service, run, tmp_path):
    status, out, err = run("recommend", "--home", tmp_path, "--user", "nobody")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "nobody" in err


def test_feedback_counts_unless_it_is_left_out(service, run, write_users, tmp_path, give_feedback):
    give_feedback(tmp_path, "u1", "m1")
    users = write_users("userId\nu1\n7\n")
    told = run("recommend", "--home", tmp_path, "--users", users, "--k", 1)[1]
    assert told == "userId,movieId,rank,score\nu1,m2,1,-0.5\n7,m0,1,0.0\n"
    untold = run("recommend", "--home", tmp_path, "--users", users, "--k", 1, "--no-feedback")[1]
    assert untold == "userId,movieId,rank,score\nu1,m1,1,-0.25\n7,m0,1,0.0\n"


def test_recommending_creates_no_feedback_store(service, run, write_users, tmp_path):
    home = tmp_path / "home"
    run("recommend", "--home", home, "--users", write_users("userId\nu1\n"), "--k", 1)
    assert not home.exists()


def test_the_aim_reaches_the_recommender(service, run, write_users, tmp_path):
    users = write_users("userId\nu1\n")
    for aim in AIMS:
        run("recommend", "--home", tmp_path, "--users", users, "--k", 1, "--aim", aim)
    assert service.aims == list(Aim)
    status, _, err = run("recommend", "--home", tmp_path, "--users", users, "--aim", "soon")
    assert status == 2
    assert "soon" in err
