from __future__ import annotations

import numpy as np
import pytest
from toy_data import make_catalog, tabulate, wrap

from movierec.data.sample import AudienceConfig, draw_audience, invent_films, simulate
from movierec.simulation.viewers import DISLIKED, LIKED, Viewers

AUDIENCE = AudienceConfig(seed=5, n_viewers=80, n_ratings=2_000, n_years=2, min_ratings=8)


def make_viewers(stars: list[list[float]], noise: float = 0.5) -> Viewers:
    dataset = wrap(tabulate([(0, 0, 4, 1)], len(stars), len(stars[0])), make_catalog(len(stars[0])))
    return Viewers(dataset, np.array(stars, np.float32), noise)


def test_drawing_an_audience_changes_nothing_of_the_sample() -> None:
    films = invent_films(120, seed=3)
    audience, before = draw_audience(films, AUDIENCE), simulate(films, AUDIENCE)
    np.testing.assert_array_equal(audience.interactions.rating, before.rating)
    np.testing.assert_array_equal(audience.interactions.timestamp, before.timestamp)


def test_ratings_scatter_around_the_stars_that_are_told() -> None:
    audience = draw_audience(
        invent_films(120, seed=3), AudienceConfig(seed=5, n_viewers=80, n_ratings=2_000, drift=0, n_years=2)
    )
    rows = audience.interactions
    stars = audience.stars[rows.user_idx, rows.item_idx]
    inside = (stars > 2) & (stars < 3.5)  # where ratings are not clipped
    error = rows.rating[inside] - stars[inside]
    assert abs(float(error.mean())) < 0.1
    assert float(error.std()) == pytest.approx(audience.noise, abs=0.12)


def test_the_chance_to_like_is_one_half_at_the_border() -> None:
    viewers = make_viewers([[3.75, 5.75, 1.75]])
    np.testing.assert_allclose(viewers.like_chance, [[0.5, 1.0, 0.0]], atol=1e-4)
    np.testing.assert_allclose(
        viewers.satisfaction(np.array([0], np.int32), np.array([[0, 1]], np.int32)), [0.75], atol=1e-4
    )


def test_answers_follow_taste_and_place() -> None:
    viewers = make_viewers([[6.0, 6.0, 6.0, -1.0]])
    viewer = np.zeros(20_000, np.int32)
    lists = np.tile(np.array([0, 1, 2, 3], np.int32), (len(viewer), 1))
    said = viewers.respond(viewer, lists, np.random.default_rng(1))
    looked_at = viewers.examine_chance(4)
    assert looked_at[0] == 1
    assert (np.diff(looked_at) < 0).all()
    np.testing.assert_allclose((said[:, :3] == LIKED).mean(axis=0), looked_at[:3], atol=0.02)
    assert (said[:, 3] == LIKED).sum() == 0
    np.testing.assert_allclose((said[:, 3] == DISLIKED).mean(), 0.3 * looked_at[3], atol=0.02)
