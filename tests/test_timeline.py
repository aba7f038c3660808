from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from toy_data import make_catalog

from movierec.data.confidence import from_ratings
from movierec.schema import History
from movierec.timeline import MAX_PERIODS, OTHER, TOP_GENRES, draw_timeline

CATALOG = replace(
    make_catalog(4, [("Comedy",), ("Comedy", "Drama"), ("War",), ("Drama",)]),
    director=("Ann", "Ann", "Bo", None),
)


def tell(*events: tuple[str, int, float]) -> History:
    moments = [int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) for day, _, _ in events]
    stars = np.array([event[2] for event in events], np.float32)
    items = np.array([event[1] for event in events], np.int32)
    return History(items, stars, from_ratings(stars), np.array(moments, np.int64))


def test_shares_and_means_of_two_years():
    history = tell(("2019-02-01", 0, 5), ("2019-05-01", 1, 4), ("2021-07-01", 2, 4.5), ("2021-08-01", 3, 1))
    drawn = draw_timeline(history, CATALOG)
    assert drawn.months == 12
    first, between, last = drawn.periods
    assert [first.name, between.name, last.name] == ["2019", "2020", "2021"]
    assert (first.start, first.n_events, first.n_liked) == ("2019-01-01", 2, 2)
    assert first.mean_rating == 4.5
    assert first.genres == {"Comedy": pytest.approx(0.75), "Drama": pytest.approx(0.25), "War": 0.0}
    assert first.director == "Ann"
    assert (between.n_events, between.mean_rating, between.genres) == (0, None, {})
    assert (last.n_liked, last.mean_rating) == (1, 2.75)
    assert last.genres["War"] == pytest.approx(1.0)
    assert (last.director, last.median_year) == (None, int(CATALOG.year[2]))


def test_many_likes_in_a_short_time_are_told_by_month():
    events = [(f"2021-{month:02}-{day:02}", 0, 5.0) for month in (1, 2, 3) for day in range(1, 8)]
    drawn = draw_timeline(tell(*events), CATALOG)
    assert drawn.months == 1
    assert [period.name for period in drawn.periods] == ["Jan 2021", "Feb 2021", "Mar 2021"]
    assert [period.n_events for period in drawn.periods] == [7, 7, 7]


def test_quarters_where_months_would_hold_too_little():
    events = [(f"2021-{month:02}-01", 0, 5.0) for month in range(1, 13) for _ in range(2)]
    drawn = draw_timeline(tell(*events), CATALOG)
    assert [period.name for period in drawn.periods] == ["2021 Q1", "2021 Q2", "2021 Q3", "2021 Q4"]


def test_a_lifetime_is_cut_into_five_year_periods():
    drawn = draw_timeline(tell(("1975-01-01", 0, 5), ("2024-12-31", 0, 5)), CATALOG)
    assert len(drawn.periods) <= MAX_PERIODS
    assert (drawn.periods[0].name, drawn.periods[-1].name) == ("1975–1979", "2020–2024")
    assert sum(period.n_events for period in drawn.periods) == 2


def test_genres_beyond_the_first_are_summed_up():
    names = [(f"Genre {number}",) for number in range(TOP_GENRES + 2)]
    catalog = make_catalog(len(names), names)
    drawn = draw_timeline(
        tell(*((f"2021-01-{item + 1:02}", item, 5.0) for item in range(len(names)))), catalog
    )
    (period,) = drawn.periods
    assert drawn.genres[-1] == OTHER
    assert period.genres[OTHER] == pytest.approx(2 / len(names))
    assert sum(period.genres.values()) == pytest.approx(1.0)


def test_every_event_is_in_one_period(toy_service):
    for user in range(0, 160, 10):
        history = toy_service.trained_history(user)
        drawn = draw_timeline(history, toy_service.catalog)
        assert sum(period.n_events for period in drawn.periods) == len(history)
        for period in drawn.periods:
            assert not period.genres or sum(period.genres.values()) == pytest.approx(1.0, abs=1e-5)


def test_no_history_no_periods():
    assert draw_timeline(History.empty(), CATALOG).periods == ()
