"""Data and engines the tests of several layers share; everything is small and built once."""

# ruff: noqa: E402

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    # Before numpy is loaded: many threads on tiny data only spin.
    os.environ.setdefault(_name, "1")

# The name that Starlette's test client addresses an app by.
os.environ.setdefault("MOVIEREC_ALLOWED_HOSTS", "testserver")

from pathlib import Path

import pytest
from hypothesis import settings
from toy_data import QUICK_BUILD, SMALL_BUILD, simulate_toy, wrap

from movierec.config import Settings
from movierec.data.sample import AudienceConfig, read_films, simulate
from movierec.engine import Engine
from movierec.pipeline import Fitted, build, fit
from movierec.schema import Catalog, Dataset, Interactions
from movierec.service import RecommenderService

# The first example may pay for compiling a kernel, and this machine is shared.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")


@pytest.fixture(scope="session")
def toy() -> tuple[Catalog, Interactions]:
    return simulate_toy()


@pytest.fixture(scope="session")
def toy_films(toy: tuple[Catalog, Interactions]) -> Catalog:
    return toy[0]


@pytest.fixture(scope="session")
def toy_events(toy: tuple[Catalog, Interactions]) -> Interactions:
    return toy[1]


@pytest.fixture(scope="session")
def toy_dataset(toy: tuple[Catalog, Interactions]) -> Dataset:
    return wrap(toy[1], toy[0])


@pytest.fixture(scope="session")
def toy_fitted(toy: tuple[Catalog, Interactions]) -> Fitted:
    return fit(toy[1], toy[0], SMALL_BUILD)


@pytest.fixture(scope="session")
def toy_engine(toy_fitted: Fitted) -> Engine:
    return toy_fitted.engine


@pytest.fixture(scope="session")
def toy_home(toy_dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with one bundle; tests that write make a copy."""
    home = tmp_path_factory.mktemp("home")
    build(toy_dataset, Settings(home=home), SMALL_BUILD)
    return home


@pytest.fixture(scope="session")
def toy_service(toy_home: Path) -> RecommenderService:
    return RecommenderService.open(toy_home)


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home built from the real films and a small audience; tests that write make a copy."""
    home = tmp_path_factory.mktemp("sample")
    films = read_films()
    audience = AudienceConfig(seed=11, n_viewers=120, n_ratings=3_500, n_years=2, min_ratings=10)
    build(wrap(simulate(films, audience), films, "sample"), Settings(home=home), QUICK_BUILD)
    return home
