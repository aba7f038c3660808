from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from toy_data import SMALL_BUILD

from movierec.data.sample.audience import AudienceConfig, simulate
from movierec.data.sample.films import read_films
from movierec.evaluation.held_out import HeldOut
from movierec.schema import Catalog, Dataset, DatasetInfo, Interactions


def take_films(catalog: Catalog, n: int) -> Catalog:
    return Catalog(
        catalog.item_id[:n],
        catalog.title[:n],
        catalog.year[:n],
        catalog.genres[:n],
        catalog.director[:n],
        catalog.keywords[:n],
        catalog.imdb_id[:n],
        catalog.tmdb_id[:n],
    )


def wrap(interactions: Interactions, catalog: Catalog) -> Dataset:
    info = DatasetInfo(
        name="tiny",
        content_hash="c" * 64,
        simulated=True,
        licence="none",
        citation="",
        n_users=interactions.n_users,
        n_items=len(catalog),
        n_interactions=len(interactions),
        n_quarantined=0,
        now=int(interactions.timestamp.max()),
    )
    return Dataset(info, tuple(map(str, range(interactions.n_users))), catalog, interactions)


@pytest.fixture(scope="session")
def tiny() -> Dataset:
    catalog = take_films(read_films(), 120)
    config = AudienceConfig(seed=3, n_viewers=80, n_ratings=1_600, n_years=2, min_ratings=8)
    return wrap(simulate(catalog, config), catalog)


@pytest.fixture
def tabulate() -> Callable[..., Dataset]:
    """Make a data set of (user, item) events, all five stars, a day apart."""

    def make(*events: tuple[int, int]) -> Dataset:
        user_idx, item_idx = np.array(events, np.int32).T
        stars = np.full(len(events), 5.0, np.float32)
        days = np.arange(len(events), dtype=np.int64) * 86_400
        n_items = int(item_idx.max()) + 1
        n_users = int(user_idx.max()) + 1
        by_user = np.argsort(user_idx, kind="stable")
        rows = Interactions(
            user_idx[by_user],
            item_idx[by_user],
            stars,
            stars - np.float32(2.5),
            days[by_user],
            n_users,
            n_items,
        )
        return wrap(rows, take_films(read_films(), n_items))

    return make


@pytest.fixture
def two_clubs(tabulate: Callable[..., Dataset]) -> Dataset:
    """Two groups of users who never meet: 8 each, each knowing 5 of their 6 films."""
    return tabulate(
        *((user, 6 * (user % 2) + (user // 2 + step) % 6) for user in range(16) for step in range(5))
    )


@pytest.fixture(scope="session")
def held_out(toy_dataset: Dataset) -> HeldOut:
    return HeldOut.fit(toy_dataset, SMALL_BUILD)
