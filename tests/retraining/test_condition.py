import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.errors import ConfigError
from movierec.retraining.condition import Condition


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500 events", Condition(500, None)),
        ("1 event", Condition(1, None)),
        ("24 h", Condition(None, 86_400)),
        ("500 events or 24 h", Condition(500, 86_400)),
        (" 90min or 20 EVENTS ", Condition(20, 5_400)),
        ("0.5 d", Condition(None, 43_200)),
        ("10s", Condition(None, 10)),
    ],
)
def test_conditions_read_as_they_are_written(text: str, expected: Condition) -> None:
    assert Condition.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "'' is neither a number of events nor a time"),
        ("soon", "'soon' is neither"),
        ("500", "'500' is neither"),
        ("500 events and 24 h", "is neither"),
        ("24 hours", "'24 hours' is neither"),
        ("-3 events", "is neither"),
        ("0 events", "events are a whole number from 1"),
        ("1.5 events", "events are a whole number from 1"),
        ("0 h", "the time must be above 0"),
        ("1 h or 2 d", "it names the time twice"),
        ("1 event or 2 events", "it names the events twice"),
    ],
)
def test_a_condition_that_says_nothing_names_the_option(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match='--when must be like "500 events or 24 h"') as caught:
        Condition.parse(text)
    assert reason in str(caught.value)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**6), st.floats(0, 1e9))
def test_either_part_is_enough_and_nothing_new_never_is(
    events: int, seconds: int, new: int, elapsed: float
) -> None:
    both = Condition(events, seconds)
    assert both.is_met(new, elapsed) == (new > 0 and (new >= events or elapsed >= seconds))
    assert Condition(events, None).is_met(new, elapsed) == (new >= events)
