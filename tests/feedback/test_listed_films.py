"""The films beside the feedback, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from toy_data import make_catalog

from movierec.errors import FeedbackUnavailableError
from movierec.feedback import connection
from movierec.feedback.films import publish_films
from movierec.feedback.store import FeedbackStore

CATALOG = replace(
    make_catalog(3),
    item_id=("1", "2", "ü"),
    title=("Heat (1995)", "L'été\0 'à' \"Paris\"", "三人"),
    year=make_catalog(3).year * 0 + [1995, 0, 1950],
    genres=(("Crime", "Drama"), (), ("Film-Noir",)),
    director=("Michael Mann", None, None),
    tmdb_id=(949, None, None),
)
FILMS = {
    ("1", "Heat (1995)", 1995, '["Crime","Drama"]', "Michael Mann", 949),
    ("2", "L'été 'à' \"Paris\"", None, "[]", None, None),
    ("ü", "三人", 1950, '["Film-Noir"]', None, None),
}
READ = "SELECT item_id, title, year, genres, director, tmdb_id FROM catalogue_film WHERE dataset = '{}'"


@pytest.fixture
def engine(target: str) -> Iterator[sa.Engine]:
    opened = connection.create_engine(connection.resolve_url(target))
    yield opened
    opened.dispose()


def read(engine: sa.Engine, dataset: str = "toy") -> set[tuple[object, ...]]:
    with engine.connect() as opened:
        return {tuple(row) for row in opened.execute(sa.text(READ.format(dataset)))}


def read_release(engine: sa.Engine) -> tuple[str, int]:
    with engine.connect() as opened:
        row = opened.execute(sa.text("SELECT bundle, published_us FROM catalogue_release")).one()
        return row.bundle, row.published_us


def test_the_database_holds_the_films_of_the_last_bundle(engine: sa.Engine, target: str) -> None:
    first, later = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    assert publish_films(target, "toy", "toy-1", CATALOG, first)
    assert read(engine) == FILMS
    before = read_release(engine)
    assert not publish_films(target, "toy", "toy-1", CATALOG, later)
    assert read_release(engine) == before
    publish_films(target, "other", "other-1", replace(CATALOG, title=("a", "b", "c")))
    without = make_catalog(2)
    assert publish_films(target, "toy", "toy-2", without, later)
    assert {row[0] for row in read(engine)} == set(without.item_id)
    assert {row[1] for row in read(engine, "other")} == {"a", "b", "c"}


def test_a_failure_leaves_the_films_of_the_bundle_before(engine: sa.Engine, target: str) -> None:
    publish_films(target, "toy", "toy-1", CATALOG)
    twice = replace(CATALOG, item_id=("1", "1", "2"))
    with pytest.raises(FeedbackUnavailableError):
        publish_films(target, "toy", "toy-2", twice)
    assert read(engine) == FILMS
    assert read_release(engine)[0] == "toy-1"


def test_several_may_publish_at_once(engine: sa.Engine, target: str) -> None:
    publish_films(target, "toy", "toy-0", make_catalog(1))
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: publish_films(target, "toy", "toy-1", CATALOG), range(4)))
    assert sorted(done) == [False, False, False, True]
    assert read(engine) == FILMS


def test_up_down_and_up_again_with_films(engine: sa.Engine, target: str) -> None:
    publish_films(target, "toy", "toy-1", CATALOG)
    with FeedbackStore.open(target, "toy") as store:
        revision = store.revision()
    connection.migrate(engine, "0004", down=True)
    assert not {name for name in sa.inspect(engine).get_table_names() if name.startswith("catalogue")}
    # Older code is not in the way, and publishing brings the tables back.
    assert publish_films(target, "toy", "toy-1", CATALOG)
    assert read(engine) == FILMS
    with FeedbackStore.open(target, "toy") as store:
        assert store.revision() == revision
