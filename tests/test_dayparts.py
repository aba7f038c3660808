from __future__ import annotations

import numpy as np
import pytest
from toy_data import DAY, START, tabulate

from movierec.dayparts import PRIOR_EVENTS, Daypart, DaypartMeter
from movierec.schema import Catalog, History
from movierec.service import Query

MIDNIGHT = START - START % DAY


def make_catalog() -> Catalog:
    none = (None, None)
    return Catalog(
        ("a", "b"), ("A", "B"), np.zeros(2, np.int32), (("Comedy",), ("Horror",)), none, ((), ()), none, none
    )


def test_lift_is_the_smoothed_share_over_the_usual_one():
    # Comedies at noon, horror at one in the morning, 3,000 each.
    events = [(user, 0, 4.0, MIDNIGHT + DAY // 2) for user in range(3000)]
    events += [(user, 1, 4.0, MIDNIGHT + 3_600) for user in range(3000)]
    meter = DaypartMeter(make_catalog(), tabulate(events))
    own = (3000 + PRIOR_EVENTS / 2) / (3000 + PRIOR_EVENTS)
    np.testing.assert_allclose(meter.lift(Daypart.NIGHT), [2 * (1 - own), 2 * own], rtol=1e-6)
    np.testing.assert_allclose(meter.lift(Daypart.AFTERNOON), [2 * own, 2 * (1 - own)], rtol=1e-6)
    np.testing.assert_allclose(meter.lift(Daypart.EVENING), [1.0, 1.0])


def test_a_handful_of_events_tilts_next_to_nothing():
    meter = DaypartMeter(make_catalog(), tabulate([(0, 0, 4.0, MIDNIGHT), (1, 1, 4.0, MIDNIGHT + DAY // 2)]))
    np.testing.assert_allclose(meter.lift(Daypart.NIGHT), [1.0, 1.0], atol=0.001)


@pytest.mark.parametrize("daypart", Daypart)
def test_the_part_of_the_day_tilts_the_genre_source_alone(toy_service, daypart):
    history = toy_service.trained_history(17)
    plain, tilted = (toy_service.score_sources(history, (), part) for part in (None, daypart))
    genre = toy_service.engine.sources["genre"]
    taste = genre.affinity(history, genre.config.recency)
    lift = DaypartMeter(toy_service.catalog, toy_service.interactions).lift(daypart)
    np.testing.assert_array_equal(tilted.pop("genre"), genre.score_affinity(taste * lift))
    plain.pop("genre")
    for name, scores in plain.items():
        np.testing.assert_array_equal(tilted[name], scores)


def test_a_list_can_be_asked_for_a_part_of_the_day(toy_service):
    found = toy_service.recommend(History.empty(), Query(k=5, daypart=Daypart.EVENING))
    assert len(found.items) == 5
