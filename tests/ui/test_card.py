from __future__ import annotations

import pytest

from ui.text import explain_match


@pytest.mark.parametrize(("match", "said"), [(0.34, "with 34%"), (0.004, "with <1%")])
def test_a_match_is_explained_as_the_chance_to_like_what_is_watched(match: float, said: str) -> None:
    text = explain_match(match)
    assert "chance that you like this film if you watch it" in text
    assert said in text
    assert "not a star rating" in text
