from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from toy_data import make_catalog

from movierec.errors import ConfigError, LayoutError
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.imports import ImportPlan, plan_import, read_ratings
from movierec.titles import TitleIndex

LETTERBOXD = (
    "Date,Name,Year,Letterboxd URI,Rating\n"
    "2021-03-04,Amélie,2001,https://boxd.it/a,4.5\n"
    '2021-03-05,"Good, the Bad and the Ugly, The",1966,https://boxd.it/b,5\n'
    "2021-03-06,Nowhere to Be Found,1999,https://boxd.it/c,3\n"
)
MOVIELENS = "userId,movieId,rating,timestamp\n7,m0,4.0,1614816000\n7,m2,0.5,1614816001\n"


@pytest.fixture
def index() -> TitleIndex:
    catalog = replace(
        make_catalog(4),
        title=("Amélie", "The Good, the Bad and the Ugly", "Alien", "Twin"),
        item_id=("m0", "m1", "m2", "m3"),
    )
    catalog.year[:] = [2001, 1966, 1979, 1988]
    return TitleIndex(catalog)


def plan(text: str, index: TitleIndex, in_force=(), user: str | None = None) -> ImportPlan:
    return plan_import(read_ratings(text.encode()), index, "ann", in_force, user)


def stars(made: ImportPlan) -> dict[str, float | None]:
    return {event.item_id: event.rating for event in made.events}


def apply(made: ImportPlan) -> tuple[FeedbackEvent, ...]:
    return made.events[::-1]


def test_letterboxd_is_matched_by_title_and_year(index):
    file = read_ratings(LETTERBOXD.encode())
    assert (file.format, file.users) == ("letterboxd", {})
    made = plan(LETTERBOXD, index)
    assert stars(made) == {"m0": 4.5, "m1": 5.0}
    assert [each.by for each in made.matched] == ["title", "title"]
    event = made.events[0]
    assert (event.user_id, event.action) == ("ann", FeedbackAction.RATE)
    assert event.client_time == datetime(2021, 3, 4, tzinfo=UTC)
    assert event.context == {"surface": "import", "format": "letterboxd"}
    (missed,) = made.rejected
    assert (missed.line, missed.name) == (4, "Nowhere to Be Found (1999)")
    assert missed.reason == "no film here has that title and year"


def test_movielens_is_matched_by_id(index):
    made = plan(MOVIELENS, index)
    assert stars(made) == {"m0": 4.0, "m2": 0.5}
    assert {each.by for each in made.matched} == {"id"}
    assert made.events[0].client_time == datetime(2021, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize("dressed", [
    lambda text: "\ufeff" + text,
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace("\n", "\r"),
    lambda text: text.rstrip("\n"),
    lambda text: text.replace("\n", "\n\n"),
    lambda text: text.replace("Date,Name", " DATE , name "),
], ids=["bom", "crlf", "cr", "no last line end", "blank lines", "header"])  # fmt: skip
def test_the_dress_of_a_file_does_not_matter(index, dressed):
    assert stars(plan(dressed(LETTERBOXD), index)) == stars(plan(LETTERBOXD, index))


def test_importing_twice_adds_nothing_and_a_changed_rating_is_taken(index):
    first = plan(LETTERBOXD, index)
    again = plan(LETTERBOXD, index, apply(first))
    assert (again.events, again.unchanged) == ((), 2)
    changed = plan(LETTERBOXD.replace("/a,4.5", "/a,2"), index, apply(first))
    assert (stars(changed), changed.unchanged) == ({"m0": 2.0}, 1)


def test_a_thumb_given_in_the_app_counts_more_but_a_save_does_not(index):
    like = FeedbackEvent(uuid4(), "ann", "m0", FeedbackAction.LIKE)
    save = FeedbackEvent(uuid4(), "ann", "m1", FeedbackAction.SAVE)
    made = plan(LETTERBOXD, index, (like, save))
    assert (stars(made), made.kept_thumbs) == ({"m1": 5.0}, 1)


def test_the_newest_rating_of_a_film_counts_whatever_the_order(index):
    rows = ["2021-03-04,Alien,1979,x,1", "2022-03-04,Alien,1979,x,5", "2020-01-01,Alien,1979,x,3"]
    for order in (rows, rows[::-1]):
        made = plan("\n".join(["Date,Name,Year,Letterboxd URI,Rating", *order]), index)
        assert stars(made) == {"m2": 5.0}
        assert len(made.rejected) == 2
        assert all("which is newer" in each.reason for each in made.rejected)


def test_rows_without_a_date_fall_back_on_their_order(index):
    made = plan("movieId,rating\nm2,1\nm2,4\n", index)
    assert stars(made) == {"m2": 4.0}
    assert made.events[0].client_time is None


@pytest.mark.parametrize("given", ["", "0", "5.5", "8", "nan", "inf", "good", "-1"])
def test_stars_out_of_range_are_named_with_line_and_film(index, given):
    made = plan(f"movieId,rating\nm0,4\nm2,{given}\n", index)
    assert stars(made) == {"m0": 4.0}
    (missed,) = made.rejected
    assert (missed.line, missed.name) == (3, "m2")
    assert missed.reason.startswith("a rating must be 0.5 to 5 stars; ")


def test_a_file_of_several_users_asks_which(index):
    text = "userId,movieId,rating,timestamp\n7,m0,4,1\n8,m0,2,1\n8,m1,3,1\n"
    assert read_ratings(text.encode()).users == {"7": 1, "8": 2}
    with pytest.raises(ConfigError, match="ratings of 2 users; choose one"):
        plan(text, index)
    with pytest.raises(ConfigError, match="one of the 2 users"):
        plan(text, index, user="9")
    assert stars(plan(text, index, user="8")) == {"m0": 2.0, "m1": 3.0}
    assert stars(plan(text, index, user="7")) == {"m0": 4.0}


def test_a_title_beside_the_id_must_agree(index):
    header = "movieId,title,rating\n"
    assert stars(plan(header + "m0,Alien (1979),4\n", index)) == {"m2": 4.0}
    made = plan(header + "m0,Toy Story (1995),4\n", index)
    assert (made.events, made.rejected[0].reason) == ((), "the id belongs to another film here")
    assert stars(plan(header + "m0,Le fabuleux destin (2001),4\n", index)) == {"m0": 4.0}


def test_titles_that_name_two_films_are_left_out(index):
    index.catalog.year[3] = 1979
    twins = replace(index.catalog, title=(*index.catalog.title[:3], "Alien"))
    made = plan("Name,Year,Rating\nAlien,1979,4\nAlien,,4\n", TitleIndex(twins))
    assert made.events == ()
    assert [each.reason for each in made.rejected] == [
        "2 films here have that title and year",
        "2 films here have that title; a year would tell which",
    ]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"Date,Name,Year\n", "lacks the column rating"),
        (b"Rating,Year\n4,1999\n", "names no films"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "lacks the column rating"),
    ],
)
def test_other_files_are_refused_with_what_was_expected(data, says):
    with pytest.raises(LayoutError, match=says):
        read_ratings(data)


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2021-03-04", datetime(2021, 3, 4, tzinfo=UTC)),
        ("1614816000", datetime(2021, 3, 4, tzinfo=UTC)),
        ("1614816000000", datetime(2021, 3, 4, tzinfo=UTC)),
        ("2021-03-04T02:00:00+02:00", datetime(2021, 3, 4, tzinfo=UTC)),
        ("yesterday", None),
        ("2021-13-40", None),
        ("9" * 30, None),
    ],
)
def test_dates_are_read_or_left_unknown(given, moment):
    (row,) = read_ratings(f"movieId,rating,timestamp\nm0,4,{given}\n".encode()).rows
    assert row.rated_at == moment


def test_ten_thousand_rows_fit():
    catalog = make_catalog(10_000)
    text = "userId,movieId,rating,timestamp\n" + "".join(f"1,m{n},3.5,{n}\n" for n in range(10_000))
    made = plan(text, TitleIndex(catalog))
    assert len(made.events) == 10_000
    assert len({event.event_id for event in made.events}) == 10_000
