from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from toy_data import START, make_catalog, make_history, tabulate

from movierec.schema import History
from movierec.taste import MAX_DIRECTORS, Share, TasteMeter


@pytest.fixture(scope="module")
def meter() -> TasteMeter:
    catalog = replace(
        make_catalog(4, [("War",), ("War", "Drama"), ("Comedy",), ()]),
        year=np.array([1979, 1986, 1992, 0], np.int32),
        director=("Coppola", "Stone", "Stone", None),
    )
    likes = [(0, 0, 5.0, START), (0, 1, 4.0, START + 1), (1, 0, 4.5, START), (1, 2, 5.0, START + 1)]
    return TasteMeter(catalog, tabulate([*likes, (2, 3, 1.0, START)]))


def test_shares_of_the_liked_films_beside_everybody_s(meter):
    taste = meter.measure(make_history([(1, 5.0), (2, 4.0), (0, 3.5), (3, 2.0)]))
    assert taste.n_events == 4
    assert taste.mean_rating == pytest.approx(14.5 / 4)
    assert taste.genres == (
        Share("Comedy", 0.5, pytest.approx(1 / 4)),
        Share("Drama", 0.25, pytest.approx(0.5 / 4)),
        Share("War", 0.25, pytest.approx(2.5 / 4)),
    )
    assert taste.eras == (Share("1980s", 0.5, 0.25), Share("1990s", 0.5, 0.25))
    assert taste.directors == (Share("Stone", 1.0, 0.5),)


def test_nobody_has_no_taste(meter):
    taste = meter.measure(History.empty())
    assert (taste.n_events, taste.mean_rating) == (0, None)
    assert (taste.genres, taste.eras, taste.directors) == ((), (), ())


def test_films_without_facts_count_nowhere(meter):
    taste = meter.measure(make_history([(3, 5.0)]))
    assert taste.n_events == 1
    assert (taste.genres, taste.eras, taste.directors) == ((), (), ())


def test_events_without_stars_have_no_mean(meter):
    history = replace(make_history([(0, 4.0)]), rating=np.full(1, np.nan, np.float32))
    taste = meter.measure(history)
    assert taste.mean_rating is None
    assert [share.name for share in taste.genres] == ["War"]


def test_shares_of_real_histories(toy_films, toy_events):
    meter = TasteMeter(toy_films, toy_events)
    for user in (0, 17, 58):
        taste = meter.measure(toy_events.history(user))
        assert sum(share.share for share in taste.genres) == pytest.approx(1.0)
        assert sum(share.share for share in taste.eras) == pytest.approx(1.0)
        assert len(taste.directors) <= MAX_DIRECTORS
        for shares in (taste.genres, taste.directors):
            assert [share.share for share in shares] == sorted((s.share for s in shares), reverse=True)
        assert [share.name for share in taste.eras] == sorted(share.name for share in taste.eras)
        assert all(0 <= share.everyone <= 1 for share in (*taste.genres, *taste.eras, *taste.directors))


def test_everybody_together_is_everybody(toy_films, toy_events):
    everyone = replace(
        toy_events.history(0),
        **{name: getattr(toy_events, name) for name in ("item_idx", "rating", "confidence", "timestamp")},
    )
    for share in TasteMeter(toy_films, toy_events).measure(everyone).genres:
        assert share.share == pytest.approx(share.everyone, rel=1e-6)
