"""What optimisations must not change; ``frozen_lists.py`` says how to record changes that are meant."""

from __future__ import annotations

import json

import numpy as np
import pytest
from frozen_lists import RECORD, answer, ask, draw_service

from movierec.service import RecommenderService

EXACT = ("items", "reasons", "because", "hits", "funnel")
RECORDED = json.loads(RECORD.read_text())


@pytest.fixture(scope="module")
def drawn() -> RecommenderService:
    return draw_service()


def test_every_kind_of_query_is_recorded(drawn):
    assert list(RECORDED) == list(ask(drawn))


@pytest.mark.parametrize("name", RECORDED)
def test_answers_are_those_recorded(drawn, name):
    recorded = RECORDED[name]
    made = json.loads(json.dumps(answer(drawn, *ask(drawn)[name])))
    for part in ("score", "match"):
        # A last digit may round either way; whatever moves a score by more is another answer.
        np.testing.assert_allclose(made[part], recorded[part], rtol=0, atol=2e-6, err_msg=part)
    for feature, value in recorded["features"].items():
        assert made["features"][feature] == pytest.approx(value, rel=1e-5, abs=2e-4), feature
    assert {part: made[part] for part in EXACT} == {part: recorded[part] for part in EXACT}
