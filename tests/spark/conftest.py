"""One Spark on two threads of this process for all tests; without PySpark they skip."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

TINY = {
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.driver.memory": "1g",
    "spark.sql.warehouse.dir": "/nonexistent",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("pyspark") is not None:
        return
    skip = pytest.mark.skip(reason="PySpark is not installed; run: make test-spark")
    for item in items:
        if Path(__file__).parent in item.path.parents and "without_spark" not in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def session():
    from movierec.spark.session import open_session

    with open_session("local[2]", TINY) as opened:
        yield opened
