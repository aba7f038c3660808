from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from toy_data import QUICK_BUILD

from movierec.config import Settings
from movierec.data.ingest import INGEST_VERSION, MANIFEST_FILE, Manifest
from movierec.data.tables import hash_tables, write_tables
from movierec.feedback.events import FeedbackAction, FeedbackEvent
from movierec.feedback.store import FeedbackStore
from movierec.pipeline import build
from movierec.schema import Dataset

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def hashed_dataset(toy_dataset: Dataset) -> Dataset:
    rows = toy_dataset.interactions
    digest = hash_tables(toy_dataset.user_id, toy_dataset.catalog, rows)
    return replace(toy_dataset, info=replace(toy_dataset.info, content_hash=digest))


@pytest.fixture(scope="session")
def retrained_home(hashed_dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with tables and one bundle; tests make a copy."""
    home = tmp_path_factory.mktemp("retraining")
    folder = home / "processed" / "toy"
    folder.mkdir(parents=True)
    write_tables(folder, hashed_dataset.user_id, hashed_dataset.catalog, hashed_dataset.interactions)
    manifest = Manifest(ingest_version=INGEST_VERSION, fingerprint="toy", info=hashed_dataset.info)
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(), "utf-8")
    build(hashed_dataset, Settings(home=home), QUICK_BUILD)
    return home


@pytest.fixture
def home(retrained_home: Path, tmp_path: Path) -> Path:
    shutil.copytree(retrained_home, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def like(home: Path) -> Callable[..., None]:
    """Return a function that stores likes, (viewer, film) each, an hour apart."""

    def store_likes(pairs: list[tuple[str, str]], first: datetime = FIRST) -> None:
        moments = iter(first + timedelta(hours=place) for place in range(len(pairs)))
        with FeedbackStore.open(home / "feedback.sqlite3", "toy", lambda: next(moments)) as store:
            for user_id, item_id in pairs:
                store.append(FeedbackEvent(uuid4(), user_id, item_id, FeedbackAction.LIKE))

    return store_likes
