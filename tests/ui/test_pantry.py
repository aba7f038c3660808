from __future__ import annotations

import pytest

from ui.api_client import ApiRefused, ApiUnavailable
from ui.pantry import Pantry


def fail(error: Exception) -> str:
    raise error


def test_the_last_good_answer_stands_in_while_the_api_is_away() -> None:
    pantry = Pantry()
    assert pantry.fetch("a", lambda: "first") == "first"
    assert pantry.fetch("a", lambda: "second") == "second"
    assert pantry.fetch("a", lambda: fail(ApiUnavailable("away"))) == "second"


def test_what_was_never_loaded_or_is_refused_stays_an_error() -> None:
    pantry = Pantry()
    with pytest.raises(ApiUnavailable):
        pantry.fetch("a", lambda: fail(ApiUnavailable("away")))
    pantry.put("a", "kept")
    with pytest.raises(ApiRefused):
        pantry.fetch("a", lambda: fail(ApiRefused("no", 404)))


def test_the_least_used_goes_first() -> None:
    pantry = Pantry(size=2)
    pantry.put("a", 1)
    pantry.put("b", 2)
    assert pantry.get("a") == 1
    pantry.put("c", 3)
    assert (pantry.get("a"), pantry.get("b"), pantry.get("c")) == (1, None, 3)
