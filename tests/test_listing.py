from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from movierec.config import Settings
from movierec.listing import list_films
from movierec.service import RecommenderService


def test_the_served_films_are_listed_where_a_database_is_named(
    toy_home: Path, toy_service: RecommenderService, tmp_path: Path
) -> None:
    told: list[str] = []
    list_films(Settings(home=toy_home), told.append)
    assert told == []
    url = f"sqlite:///{tmp_path / 'shared.sqlite3'}"
    for words in ("listed", "are listed"):
        list_films(Settings(home=toy_home, database_url=url), told.append)
        assert told[-1] == f"{len(toy_service.catalog):,} films {words} in the database"
    with sa.create_engine(url).connect() as opened:
        found = opened.execute(sa.text("SELECT title FROM catalogue_film WHERE item_id = :id"), {"id": "5"})
        assert found.scalar_one() == toy_service.catalog.title[toy_service.catalog.item_id.index("5")]


def test_a_database_that_fails_stops_nothing(toy_home: Path, tmp_path: Path) -> None:
    told: list[str] = []
    list_films(Settings(home=toy_home, database_url=f"sqlite:///{tmp_path}"), told.append)
    assert len(told) == 1
    assert told[0].startswith("films not listed: the feedback store (sqlite")
