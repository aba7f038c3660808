from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("ab", "--a", "v9"), "--a must be a generation"),
        (("ab", "--b", "v2:7"), "--b must be a generation"),
        (("ab", "--alpha", "0"), "--alpha"),
        (("loop", "--rounds", "1"), "--rounds"),
        (("loop", "--viewers", "3"), "--viewers"),
    ],
)
def test_bad_arguments_are_one_line_and_named(arguments, shown, run, tmp_path) -> None:
    status, out, err = run("simulate", *arguments, "--out", tmp_path)
    assert (status, out) == (2, "")
    assert shown in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
