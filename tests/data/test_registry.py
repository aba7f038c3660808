from __future__ import annotations

import pytest

from movierec.data.registry import KNOWN_DATASETS

PASSED_ON_UNDER_CONDITIONS = {"ml-latest-small", "ml-latest", "ml-32m"}


@pytest.mark.parametrize("name", KNOWN_DATASETS)
def test_licence_says_whether_copies_may_be_passed_on(name: str) -> None:
    known = KNOWN_DATASETS[name]
    assert known.redistributable == (name in PASSED_ON_UNDER_CONDITIONS)
    assert ("no redistribution" in known.licence) != known.redistributable
    assert ("redistribution under the same conditions" in known.licence) == known.redistributable
    assert "no commercial use without permission" in known.licence
